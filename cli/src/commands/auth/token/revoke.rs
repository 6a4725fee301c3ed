//! `uptrakit auth token revoke`

use super::{PATH, own_id};
use crate::{
    commands::{Context, lookup},
    failure::Failure,
    http::{Answer, Client},
    output::Format,
    text::printable,
};
use serde_json::json;
use uptrakit_api::{
    ProblemCode, Timestamp,
    header::{CUT_OFF, REVOKED_AT},
};

const TRIED: &str = "revoke the token";

pub fn run(context: &Context, id: &str) -> Result<(), Failure> {
    let output = context.output;
    context.signed_in(|client, _| {
        let lookup::Resolved { id, label } = lookup::token(client, TRIED, id)?;
        let answer = revoke(client, &id).map_err(|failure| {
            failure.of_change(
                "the token may be revoked all the same",
                format!("ask again with `uptrakit auth token revoke {id}`; twice does no harm"),
            )
        })?;
        let at = answer.header(REVOKED_AT);
        let instant = at.map(|at| Timestamp::parse(at).map_or_else(|_| printable(at), |at| output.instant_in_full(at)));
        let cut_off: Option<u64> = answer.header(CUT_OFF).and_then(|count| count.parse().ok());
        let since = instant.map(|at| format!(" Effective everywhere since {at}")).unwrap_or_default();
        let count = match cut_off {
            None | Some(0) => String::new(),
            Some(1) => "; 1 request was cut off".to_owned(),
            Some(count) => format!("; {count} requests were cut off"),
        };
        output.note(&format!("Revoked token {label}.{since}{count}{}", if since.is_empty() { "" } else { "." }));
        match output.format {
            Format::Human => Ok(()),
            _ => output.value(&json!({"id": id, "revoked_at": at, "cut_off": cut_off})),
        }
    })
}

/// Revokes a token. A token may always revoke itself through the `current` route; by id it needs the permission to
/// change tokens.
fn revoke(client: &Client, id: &str) -> Result<Answer, Failure> {
    let refused = match client.delete(TRIED, &format!("{PATH}/{id}")) {
        Err(failure) if failure.code == Some(ProblemCode::InsufficientPermission) => failure,
        outcome => return outcome,
    };
    if own_id(client, TRIED)?.as_deref() == Some(id) {
        client.delete(TRIED, &format!("{PATH}/current"))
    } else {
        Err(refused)
    }
}

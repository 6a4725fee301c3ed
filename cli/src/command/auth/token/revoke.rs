//! `uptrakit auth token revoke`

use super::PATH;
use crate::{args::Format, command::Context, failure::Failure, lookup};
use serde_json::json;

const TRIED: &str = "revoke the token";

/// Revokes a token.
pub fn run(context: &Context, id: &str) -> Result<(), Failure> {
    let output = context.output;
    context.signed_in(|client, _| {
        let lookup::Meant { id, label } = lookup::token(client, TRIED, id)?;
        let answer = client.delete(TRIED, &format!("{PATH}/{id}")).map_err(|failure| {
            failure.of_change(
                "the token may be revoked all the same",
                format!("ask again with `uptrakit auth token revoke {id}`; twice does no harm"),
            )
        })?;
        let at = answer.header("uptrakit-revoked-at");
        let cut_off: Option<u64> = answer.header("uptrakit-cut-off").and_then(|count| count.parse().ok());
        let since = at.map(|at| format!(" Effective everywhere since {at}")).unwrap_or_default();
        let count = match cut_off {
            Some(1) => "; 1 request was cut off".to_owned(),
            Some(count) => format!("; {count} requests were cut off"),
            None => String::new(),
        };
        output.note(&format!("Revoked token {label}.{since}{count}{}", if since.is_empty() { "" } else { "." }));
        match output.format {
            Format::Human => Ok(()),
            _ => output.value(&json!({"id": id, "revoked_at": at, "cut_off": cut_off})),
        }
    })
}

//! `uptrakit auth token confirm`

use serde_json::json;
use uptrakit_api::tolerant::Token;

use super::PATH;
use crate::{
    commands::{Context, lookup},
    failure::Failure,
    output::Format,
};

const TRIED: &str = "confirm the token";

pub fn run(context: &Context, id: &str) -> Result<(), Failure> {
    let output = context.output;
    context.signed_in(|client, _| {
        let lookup::Resolved { id, label } = lookup::token(client, TRIED, id)?;
        let answer = client.post(TRIED, &format!("{PATH}/{id}/confirm"), &json!({})).map_err(|failure| {
            failure.of_change(
                "the token may be confirmed all the same",
                format!("ask again with `uptrakit auth token confirm {id}`; twice does no harm"),
            )
        })?;
        let _: Token = answer.read()?;
        output.note(&format!("Confirmed token {label}. It is accepted again."));
        match output.format {
            Format::Human => Ok(()),
            _ => output.value(&answer.value),
        }
    })
}

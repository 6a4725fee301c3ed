//! `uptrakit auth token show`

use super::PATH;
use crate::{
    commands::{Context, lookup},
    failure::Failure,
    output::{Cell, Output, Tone},
};
use uptrakit_api::{Timestamp, tolerant::Token};

const TRIED: &str = "show the token";

pub fn run(context: &Context, id: &str) -> Result<(), Failure> {
    let output = context.output;
    context.signed_in(|client, _| {
        let id = lookup::token(client, TRIED, id)?.id;
        let answer = client.get(TRIED, &format!("{PATH}/{id}"), &[])?;
        let token: Token = answer.read()?;
        output.object(&answer.value, properties(&token, output))
    })
}

fn properties(token: &Token, output: &Output) -> Vec<(&'static str, Cell)> {
    let used = |at: Option<Timestamp>, from: &Option<String>| match at {
        Some(at) => {
            let from = from.as_ref().map(|address| format!(" from {address}")).unwrap_or_default();
            Cell::plain(format!("{}{from}", output.instant_in_full(at)))
        }
        None => Cell::faint("never"),
    };
    let mut properties = vec![
        ("Name", Cell::plain(&token.name)),
        ("Token", Cell::plain(&token.hint)),
        ("Id", Cell::plain(&token.id)),
        ("State", Cell::plain(&token.state)),
        (
            "Permissions",
            Cell::plain(token.permissions.as_ref().map_or("inherits all".to_owned(), |list| list.join(", "))),
        ),
        ("Networks", Cell::plain(token.allowed_networks.as_ref().map_or("any".to_owned(), |list| list.join(", ")))),
        ("Created", Cell::plain(token.created_at.map(|at| output.instant_in_full(at)).unwrap_or_default())),
        ("Last used", used(token.last_used_at, &token.last_used_ip)),
        ("Ends", Cell::plain(token.expires_at.map_or("never".to_owned(), |at| output.instant_in_full(at)))),
    ];
    if let Some(at) = token.revoked_at {
        let by = token.revoked_by.as_ref().map(|name| format!(", by {name}")).unwrap_or_default();
        properties.push(("Revoked", Cell::toned(output.instant_in_full(at) + &by, Tone::Bad)));
    }
    if let Some(at) = token.held_at {
        let since = format!("since {}; confirm it with `uptrakit auth token confirm`", output.instant_in_full(at));
        properties.push(("On hold", Cell::toned(since, Tone::Warning)));
    }
    if let Some(rotation) = &token.rotation {
        properties.extend([
            (
                "Old token",
                Cell::toned(format!("{}, works until {}", rotation.old_hint, rotation.overlap_ends_at), Tone::Warning),
            ),
            ("Old token used", used(rotation.old_last_used_at, &rotation.old_last_used_ip)),
        ]);
    }
    properties
}

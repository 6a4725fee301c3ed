//! `uptrakit auth token list`

use super::PATH;
use crate::{
    args::{ListTokens, State},
    commands::{Context, paging},
    failure::Failure,
    output::{Cell, Output, Tone},
};
use uptrakit_api::tolerant::Token;

const STATE: usize = 4;

pub fn run(context: &Context, arguments: &ListTokens) -> Result<(), Failure> {
    let output = context.output;
    context.signed_in(|client, _| {
        let mut query = vec![("state", arguments.state.as_str().to_owned())];
        query.extend(arguments.search.clone().map(|text| ("q", text)));
        query.extend(arguments.sort.clone().map(|field| ("sort", field)));
        let list = paging::fetch::<Token>(client, "list the tokens", PATH, query, &arguments.paging, output.format)?;
        let mut rows: Vec<_> = list.items.iter().map(|token| row(token, output)).collect();
        let mut header = ["NAME", "TOKEN", "LAST USED", "ENDS", "STATE", "PERMISSIONS", "CREATED", "ID"];
        // At a terminal the state moves forward if it differs between rows; programs rely on the fixed order of the
        // columns.
        if arguments.state != State::Active && output.at_terminal() {
            header[1..=STATE].rotate_right(1);
            for row in &mut rows {
                row[1..=STATE].rotate_right(1);
            }
        }
        output.list(&list.page, &header, rows)?;
        paging::remark(&list, "tokens", output);
        Ok(())
    })
}

fn row(token: &Token, output: &Output) -> Vec<Cell> {
    let ends = match token.expires_at {
        Some(ends) => output.instant_or(Some(ends), "").with(output.end_tone(ends)),
        None => output.instant_or(None, "never"),
    };
    vec![
        Cell::plain(&token.name),
        Cell::plain(&token.hint),
        output.instant_or(token.last_used_at, "never"),
        ends,
        if token.held_at.is_some() {
            Cell::toned("on hold", Tone::Warning)
        } else if token.state == "active" {
            Cell::plain(&token.state)
        } else {
            Cell::faint(&token.state)
        },
        token.permissions.as_ref().map_or(Cell::plain("inherits all"), |list| Cell::plain(list.join(" "))),
        output.instant_or(token.created_at, ""),
        Cell::faint(&token.id),
    ]
}

//! API tokens in a table, for whoever looks at them: their owner in Profile, an administrator in Users. What can be
//! done with each comes in as a cell.

use super::{badge, cell, date, instant, name_cell, row, table};
use crate::{
    clock,
    dom::{El, el},
    lifetime,
};
use uptrakit_api::{Timestamp, Token, TokenState};

/// The states that a list of tokens can be asked for.
pub const TOKEN_STATES: &[(&str, &str)] =
    &[("active", "Active"), ("expired", "Expired"), ("revoked", "Revoked"), ("all", "All")];

/// The table of `tokens`, each drawn by `row`.
pub fn token_table(tokens: &[Token], row: impl Fn(&Token) -> El) -> El {
    let end = if tokens.iter().all(|token| token.state == TokenState::Active) { "Expires" } else { "Ends" };
    let columns = ["Name", "Permissions", "Created", "Last used", end, "Actions"];
    table("table tokens", "API tokens", &columns, tokens.iter().map(row).collect())
}

/// A token's row; `overlap` stands under the name.
pub fn token_row(token: &Token, overlap: Option<El>, actions: El) -> El {
    let state = match token.state {
        TokenState::Active => None,
        TokenState::Expired => Some(badge("expired", "warn")),
        TokenState::Revoked => Some(badge("revoked", "bad")),
    };
    let name = name_cell(&token.name)
        .child(" ")
        .child(state)
        .child(el("code", "hint-code").child(token.hint.as_str()))
        .child(overlap);
    row("token-row")
        .attr("data-state", token.state.as_str())
        .child(name)
        .child(cell("Permissions", permissions(token)))
        .child(cell("Created", instant(token.created_at)))
        .child(cell("Last used", last_used(token.last_used_at, token.last_used_ip.as_deref())))
        .child(cell(if token.state == TokenState::Active { "Expires" } else { "Ended" }, end(token)))
        .child(actions)
}

fn from(address: &str) -> El {
    el("span", "sub").child("from ").child(el("code", "").child(address))
}

fn permissions(token: &Token) -> El {
    let mut list = el("span", "");
    match token.permissions {
        None => list = list.child("Inherits all"),
        Some(permissions) => {
            for permission in permissions.iter() {
                list = list.child(el("code", "item").child(permission.as_str())).child(" ");
            }
        }
    }
    let networks = token.allowed_networks.iter().flatten();
    let networks: Vec<El> = networks.map(|network| el("code", "item").child(network.as_str())).collect();
    let only = (!networks.is_empty()).then(|| el("span", "sub parts").child("only from").child(networks));
    list.child(only)
}

/// When and from where a token was last used, as a sentence.
pub fn last_use(token: &Token) -> El {
    let Some(at) = token.last_used_at else { return el("span", "").child("It was never used.") };
    let sentence = el("span", "").child("It was last used ").child(instant(at));
    let from = token.last_used_ip.as_deref();
    let from = from.map(|address| el("span", "").child(" from ").child(el("code", "").child(address)));
    sentence.child(from).child(".")
}

fn last_used(at: Option<Timestamp>, address: Option<&str>) -> El {
    match at {
        None => el("span", "muted").child("Never"),
        Some(at) => el("span", "").child(instant(at)).child(address.map(from)),
    }
}

fn end(token: &Token) -> El {
    if let Some(revoked) = token.revoked_at {
        let by = token.revoked_by.as_ref().map(|name| el("span", "sub").child("by ").child(name.as_str()));
        return el("span", "").child("Revoked ").child(instant(revoked)).child(by);
    }
    match token.expires_at {
        None => el("span", "muted").child("No expiry"),
        Some(end) if token.state == TokenState::Expired => el("span", "").child("Expired ").child(instant(end)),
        Some(end) if lifetime::ends_soon(end, clock::now()) => {
            el("span", "soon").child(instant(end)).child(el("span", "sub").child(date(end)))
        }
        Some(end) => date(end),
    }
}

//! Somebody's API tokens, for an administrator: which there are and whether they are in use, and the way to end one.
//! Their texts are shown to nobody, and only their owner makes, changes or rotates them.

use super::People;
use crate::{
    components::{
        Revoking, TOKEN_STATES, actions_cell, announce_found, button, loaded, pager, revoke_dialog, row_button,
        select_box, skeleton_table, token_row, token_table,
    },
    dom::{El, el, focus_id, live},
    drafts::kept,
    loader::Loader,
    rest,
};
use leptos::prelude::*;
use std::rc::Rc;
use uptrakit_api::{Page, Token, TokenState, User};

/// The section.
pub fn section(user: &User, people: People) -> El {
    let path = Rc::new(["/api/v1/users/", &user.id.to_string(), "/api-tokens"].concat());
    let (state, number) = (kept("user-tokens.state", || "active".to_owned()), kept("user-tokens.page", || 1_u32));
    let revoking = kept("user-tokens.revoking", || None::<Token>);
    let listed = Rc::clone(&path);
    let tokens = Loader::<Page<Token>>::paged(
        move || rest::get(&rest::with_query(&listed, &[("state", &state.get()), ("page", &number.get().to_string())])),
        move |last| number.set(last),
    );
    let dialog = move |token: Token| {
        let path = [path.as_str(), "/", &token.id.to_string()].concat();
        let done = move || {
            tokens.reload();
            // It may be a token of the administrator's own.
            people.session.ask();
        };
        let ask = Box::new(move || rest::revoke(&path));
        revoke_dialog(&token, Revoking { ask, done: Rc::new(done), closed: Box::new(move || revoking.set(None)) })
    };
    let heading = el("h2", "").attr("id", "user-tokens-title").attr("tabindex", "-1");
    let heading = heading.child("API tokens of ").child(user.username.as_str()).focus_at_start();
    let opener = ["Tokens-", &user.id.to_string()].concat();
    let close = button("Close", "button small", move || {
        focus_id(&opener);
        people.inspected.set(None);
    });
    let asked = announce_found(tokens, "token");
    let choose = move |value| {
        asked();
        number.set(1);
        state.set(value);
    };
    let controls = el("div", "controls").child(select_box("State", &state.get_untracked(), TOKEN_STATES, choose));
    el("section", "panel")
        .attr("aria-labelledby", "user-tokens-title")
        .attr("data-focus-home", "")
        .child(el("div", "panel-head").child(heading).child(close))
        .child(controls)
        .child(loaded(tokens, skeleton_table, move |page| list(&page, revoking, number)))
        .child(live(move || revoking.get().map(|token| untrack(|| dialog(token)))))
}

fn list(tokens: &Page<Token>, revoking: RwSignal<Option<Token>>, number: RwSignal<u32>) -> El {
    if tokens.items.is_empty() {
        return el("p", "empty")
            .child("There is none in this state. Those that ended are kept under State for 90 days.");
    }
    let turn = move |to| number.set(to);
    el("div", "").child(token_table(&tokens.items, |token| row(token, revoking))).child(pager(
        "Pages of tokens",
        tokens.page,
        tokens.total_pages,
        turn,
    ))
}

fn row(token: &Token, revoking: RwSignal<Option<Token>>) -> El {
    let mut actions = actions_cell();
    if token.state == TokenState::Active {
        let (id, ended) = (token.id.to_string(), token.clone());
        let open = move || revoking.set(Some(ended.clone()));
        actions = actions.child(row_button("Revoke", &token.name, &id, "button ghost small bad", open));
    }
    token_row(token, None, actions)
}

//! The account's API tokens: which exist, which are in use and from where, and every way to change that.

mod create;
mod edit;
mod networks;
mod reveal;
mod rotate;
mod row;

use super::{Changes, panel};
use crate::{
    clock,
    components::{
        Notices, Revoking, SKELETON_ROW, TOKEN_STATES, Tone, announce_found, button, callout, loaded, pager,
        revoke_dialog, search_box, select_box, skeleton_list, token_table,
    },
    dom::{El, afterwards, el, live},
    loader::Loader,
    rest,
    rpc::{self, Visitor},
    session::{Session, Who},
};
use leptos::prelude::*;
use std::rc::Rc;
use uptrakit_api::{Page, Permission, Token, TokenQuery, TokenState};

/// The dialog that is open, and the token that it is about.
#[derive(Clone)]
enum Open {
    /// A new token, perhaps like an old one.
    Create(Option<Token>),
    Rotate(Token),
    Edit(Token),
    Revoke(Token),
}

/// What rows and dialogs need of the section.
#[derive(Clone, Copy)]
struct Section {
    open: RwSignal<Option<Open>>,
    session: Session,
    changes: Changes,
    notices: Notices,
}

impl Section {
    /// Closes whichever dialog is open. The dialog element itself has closed before.
    fn closed(self) -> impl Fn() {
        move || self.open.set(None)
    }

    /// Whether the visitor may change tokens at all.
    fn may_write(self) -> bool {
        self.session.may(Permission::TokensWrite)
    }

    /// What the visitor is known by, while one of the dialogs is open.
    fn visitor(self) -> Option<Visitor> {
        self.session.who.with_untracked(|who| match who {
            Who::Visitor(visitor) => Some(visitor.clone()),
            _ => None,
        })
    }

    /// A token was changed: the list, the count and the other sections are out of date.
    fn changed(self) {
        self.changes.note();
    }
}

/// The list's filter, as it is asked for.
#[derive(Clone, Copy)]
struct Filter {
    state: RwSignal<String>,
    search: RwSignal<String>,
    sort: RwSignal<String>,
    page: RwSignal<u32>,
}

impl Filter {
    /// Another filter starts on its first page.
    fn choose(self, signal: RwSignal<String>, asked: impl Fn()) -> impl Fn(String) {
        move |value| {
            asked();
            self.page.set(1);
            signal.set(value);
        }
    }
}

const SORTS: &[(&str, &str)] = &[
    ("-created_at", "Newest first"),
    ("name", "Name"),
    ("-last_used_at", "Last used"),
    ("expires_at", "Expires soonest"),
];

/// The section.
pub fn section() -> El {
    let section = Section {
        open: RwSignal::new(None),
        session: Session::current(),
        changes: Changes::current(),
        notices: Notices::current(),
    };
    let filter = Filter {
        state: RwSignal::new("active".to_owned()),
        search: RwSignal::new(String::new()),
        sort: RwSignal::new("-created_at".to_owned()),
        page: RwSignal::new(1),
    };
    let tokens = Loader::new(move || {
        section.changes.track();
        // The count stands beside the list, comes with the visitor, and may be no older than the list.
        section.session.ask_anew();
        let query = TokenQuery {
            state: Some(filter.state.get()),
            q: Some(filter.search.get()).filter(|search| !search.is_empty()),
            sort: Some(filter.sort.get()),
            page: Some(filter.page.get().to_string()),
            per_page: None,
        };
        rest::call(&rpc::ListTokens { query })
    });
    let counts =
        Memo::new(move |_| section.session.visitor().map(|visitor| (visitor.active_tokens, visitor.token_limit)));
    let full = Memo::new(move |_| counts.get().is_some_and(|(active, limit)| active >= limit));
    let count = el("span", "muted")
        .child(live(move || counts.get().map(|(active, limit)| format!("{active} of {limit} active"))));
    let create = button("Create Token", "button primary", move || section.open.set(Some(Open::Create(None))))
        .attr("id", "create-token")
        .live_flag("hidden", move || !section.may_write())
        .live_flag("disabled", move || full.get());
    let no_room = live(move || {
        full.get().then(|| {
            callout(
                Tone::Warn,
                "You have as many active tokens as you may have. Revoke one that is not used to make room.",
            )
        })
    });
    let asked = announce_found(tokens, "token");
    let controls = el("div", "controls")
        .child(search_box("Search by name", "", filter.choose(filter.search, asked)))
        .child(select_box("State", "active", TOKEN_STATES, filter.choose(filter.state, asked)))
        .child(select_box("Sort by", "-created_at", SORTS, filter.choose(filter.sort, asked)));
    // The visitor is known before their tokens are, and with them how many there will be.
    let waiting = move || {
        let active = section.visitor().map_or(0, |visitor| visitor.active_tokens);
        skeleton_list(active.clamp(1, 20), SKELETON_ROW)
    };
    panel("tokens", "API tokens", vec![count, create])
        .attr("data-focus-home", "")
        .child(no_room)
        .child(controls)
        .child(loaded(tokens, waiting, move |page| list(&page, section, filter)))
        .child(live(move || section.open.get().map(|open| untrack(|| dialog(open, section)))))
}

fn dialog(open: Open, section: Section) -> El {
    match open {
        Open::Create(like) => create::dialog(like, section),
        Open::Rotate(token) => rotate::dialog(&token, section),
        Open::Edit(token) => edit::dialog(token, section),
        Open::Revoke(token) => {
            let id = token.id;
            let ask = Box::new(move || rest::call(&rpc::RevokeToken { id }));
            let done = Rc::new(move || section.changed());
            revoke_dialog(&token, Revoking { ask, done, closed: Box::new(section.closed()) })
        }
    }
}

/// Once one of the tokens has ended, its row and the count are out of date.
fn follow_ends(tokens: &[Token], section: Section) {
    let active = tokens.iter().filter(|token| token.state == TokenState::Active);
    let Some(first) = active.filter_map(|token| token.expires_at).min() else { return };
    let is_fresh = StoredValue::new(true);
    afterwards(move || {
        // With every tick until the server agrees, whose clock may be behind this one.
        if clock::ticking() > first && !is_fresh.get_value() {
            section.changed();
        }
        is_fresh.set_value(false);
    });
}

fn list(tokens: &Page<Token>, section: Section, filter: Filter) -> El {
    let may_write = section.may_write();
    follow_ends(&tokens.items, section);
    let turn = move |to| filter.page.set(to);
    let inside = if tokens.items.is_empty() {
        empty(section, filter)
    } else {
        token_table(&tokens.items, |token| row::row(token, section, may_write))
    };
    el("div", "").child(inside).child(pager("Pages of tokens", tokens.page, tokens.total_pages, turn))
}

fn empty(section: Section, filter: Filter) -> El {
    let searched = filter.search.with_untracked(|search| !search.is_empty());
    let state = filter.state.get_untracked();
    if searched || filter.page.get_untracked() > 1 {
        let text = match state.as_str() {
            "all" => "No token matches.".to_owned(),
            state => ["No ", state, " token matches. Other states are under State."].concat(),
        };
        return el("p", "empty").child(text);
    }
    if state == "expired" || state == "revoked" {
        let ended = if state == "expired" { "expired" } else { "was revoked" };
        return el("p", "empty").child(["No token ", ended, " in the last 90 days."].concat());
    }
    let create = move || section.open.set(Some(Open::Create(None)));
    el("div", "empty")
        .child(el("p", "").child(
            "A token lets a script, a pipeline or the command line act as you, without your password. Make one for \
             each of them, so that you can revoke one without stopping the others.",
        ))
        .child(section.may_write().then(|| button("Create a token", "button", create)))
}

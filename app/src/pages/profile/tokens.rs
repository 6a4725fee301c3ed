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
    drafts::kept,
    loader::Loader,
    rest,
    route::{Leave, Route},
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

/// What the address says of the list. A state or an order that there isn't is the usual one, which the address leaves out.
#[derive(Clone)]
struct Wanted {
    state: String,
    search: String,
    sort: String,
    page: u32,
}

impl Wanted {
    fn of(route: Route) -> Self {
        let one_of = |name: &str, options: &[(&str, &str)]| {
            let value = route.parameter(name);
            let known = options.iter().skip(1).any(|(option, _)| *option == value);
            if known { value } else { String::new() }
        };
        Self {
            state: one_of("state", TOKEN_STATES),
            search: route.parameter("q"),
            sort: one_of("sort", SORTS),
            page: route.parameter("page").parse().unwrap_or(1).max(1),
        }
    }

    fn now(route: Route) -> Self {
        untrack(|| Self::of(route))
    }

    fn go(self, route: Route) {
        let Self { mut state, search, mut sort, page } = self;
        for (value, options) in [(&mut state, TOKEN_STATES), (&mut sort, SORTS)] {
            if options.first().is_some_and(|(usual, _)| *usual == value.as_str()) {
                value.clear();
            }
        }
        let page = if page > 1 { page.to_string() } else { String::new() };
        let parameters = [("q", search.as_str()), ("state", &state), ("sort", &sort), ("page", &page)];
        route.go(&rest::with_query("/profile", &parameters), Leave::Replaced);
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
        open: kept("tokens.open", || None),
        session: Session::current(),
        changes: Changes::current(),
        notices: Notices::current(),
    };
    let route = Route::current();
    let tokens = Loader::paged(
        move || {
            section.changes.track();
            // The count stands beside the list, comes with the visitor, and may be no older than the list.
            section.session.ask_anew();
            let wanted = Wanted::of(route);
            let given = |value: String| Some(value).filter(|value| !value.is_empty());
            let query = TokenQuery {
                state: given(wanted.state),
                q: given(wanted.search),
                sort: given(wanted.sort),
                page: Some(wanted.page.to_string()),
                per_page: None,
            };
            rest::call(&rpc::ListTokens { query })
        },
        move |last| Wanted { page: last, ..Wanted::now(route) }.go(route),
    );
    let counts =
        Memo::new(move |_| section.session.visitor().map(|visitor| (visitor.active_tokens, visitor.token_limit)));
    let full = Memo::new(move |_| counts.get().is_some_and(|(active, limit)| active >= limit));
    let count = el("span", "muted")
        .child(live(move || counts.get().map(|(active, limit)| format!("{active} of {limit} active"))));
    let create = button("Create token", "button primary", move || section.open.set(Some(Open::Create(None))))
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
    let at_first = Wanted::now(route);
    // Another filter starts on its first page.
    let change = move |change: fn(&mut Wanted, String)| {
        move |value: String| {
            asked();
            let mut wanted = Wanted { page: 1, ..Wanted::now(route) };
            change(&mut wanted, value);
            wanted.go(route);
        }
    };
    let controls = el("div", "controls")
        .child(search_box("Search by name", &at_first.search, change(|wanted, text| wanted.search = text)))
        .child(select_box("State", &at_first.state, TOKEN_STATES, change(|wanted, state| wanted.state = state)))
        .child(select_box("Sort by", &at_first.sort, SORTS, change(|wanted, sort| wanted.sort = sort)));
    // The visitor is known before their tokens are, and with them how many there will be.
    let waiting = move || {
        let active = section.visitor().map_or(0, |visitor| visitor.active_tokens);
        skeleton_list(active.clamp(1, 20), SKELETON_ROW)
    };
    panel("tokens", "API tokens", vec![count, create])
        .attr("data-focus-home", "")
        .child(no_room)
        .child(controls)
        .child(loaded(tokens, waiting, move |page| list(&page, section, route)))
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

fn list(tokens: &Page<Token>, section: Section, route: Route) -> El {
    let may_write = section.may_write();
    follow_ends(&tokens.items, section);
    let turn = move |page| Wanted { page, ..Wanted::now(route) }.go(route);
    let inside = if tokens.items.is_empty() {
        empty(section, route)
    } else {
        token_table(&tokens.items, |token| row::row(token, section, may_write))
    };
    el("div", "").child(inside).child(pager("Pages of tokens", tokens.page, tokens.total_pages, turn))
}

fn empty(section: Section, route: Route) -> El {
    let Wanted { state, search, .. } = Wanted::now(route);
    let state = if state.is_empty() { "active".to_owned() } else { state };
    if !search.is_empty() {
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
        .child(section.may_write().then(|| button("Create token", "button", create)))
}

//! The account's API tokens: which exist, which are in use and from where, and every way to change that.

mod create;
mod edit;
mod networks;
mod query;
mod reveal;
mod rotate;
mod row;

use self::{
    create::CreateDialog,
    edit::EditDialog,
    query::{TokenListQuery, TokenSort},
    rotate::RotateDialog,
    row::{Actions, Overlap},
};
use super::{Changes, use_changes};
use crate::{
    api_client,
    auth::{AuthContext, use_auth},
    clock,
    components::{
        Button, ButtonKind, Callout, Loaded, Notices, Pager, Panel, RevokeDialog, SearchBox, SelectBox, Shape,
        SkeletonList, TokenFilter, TokenTable, Tone, announce_found, use_notices,
    },
    drafts::kept,
    focus::keep_in_list,
    lazy::{Lazy, lazy_view},
    loader::Loader,
    rpc,
};
use leptos::prelude::*;
use uptrakit_api::{Page, Permission, Token, TokenState};

#[derive(Clone)]
enum Open {
    Create(Option<Token>),
    Rotate(Token),
    Edit(Token),
    Revoke(Token),
}

/// The context of rows and dialogs.
#[derive(Clone, Copy)]
struct Section {
    open: RwSignal<Option<Open>>,
    auth: AuthContext,
    changes: Changes,
    notices: Notices,
    query: TokenListQuery,
}

fn use_section() -> Section {
    expect_context()
}

impl Section {
    fn close(self) -> Callback<()> {
        Callback::new(move |()| self.open.set(None))
    }

    fn may_write(self) -> bool {
        self.auth.may(Permission::TokensWrite)
    }

    fn changed(self) {
        self.changes.note();
    }

    fn create(self) {
        self.open.set(Some(Open::Create(None)));
    }
}

#[component]
pub fn TokensSection() -> impl IntoView {
    let query = TokenListQuery::of_address();
    let (auth, changes) = (use_auth(), use_changes());
    let section = Section { open: kept("tokens.open", || None), auth, changes, notices: use_notices(), query };
    provide_context(section);
    let tokens = Loader::paged(
        move || {
            changes.track();
            // The count stands beside the list, comes with the visitor, and may be no older than the list.
            auth.ask_anew();
            api_client::call(&rpc::ListTokens { query: query.on_the_wire() })
        },
        move |last| query.turn(last),
    );
    follow_ends(tokens, section);
    let counts = Memo::new(move |_| auth.visitor().map(|visitor| (visitor.active_tokens, visitor.token_limit)));
    let is_full = Memo::new(move |_| counts.get().is_some_and(|(active, limit)| active >= limit));
    let beside = move || {
        let count = move || counts.get().map(|(active, limit)| format!("{active} of {limit} active"));
        view! {
            <span class="muted">{move || count()}</span>
            <Button
                kind=ButtonKind::Primary
                hidden=Signal::derive(move || !section.may_write())
                disabled=is_full
                on_press=move || section.create()
            >
                "Create token"
            </Button>
        }
    };
    let no_room = move || {
        is_full.get().then(|| {
            view! {
                <Callout tone=Tone::Warn>
                    "You have reached your limit of active tokens. To make room, revoke one that you no longer use."
                </Callout>
            }
            .into_any()
        })
    };
    // The visitor is known before their tokens are, and with them how many there will be.
    let waiting = move || {
        let active = untrack(|| auth.visitor()).map_or(0, |visitor| visitor.active_tokens);
        view! { <SkeletonList rows=active.clamp(1, 20) shape=Shape::Row /> }
    };
    let panel = NodeRef::new();
    keep_in_list(panel, Signal::derive(move || tokens.data.track()));
    view! {
        <Panel id="tokens" title="API tokens" beside=beside section=panel>
            {move || no_room()}
            <Controls tokens=tokens />
            <Loaded loader=tokens waiting=waiting>
                <List tokens=tokens />
            </Loaded>
            {move || section.open.get().map(|open| view! { <Dialog open=open /> }.into_any())}
        </Panel>
    }
}

#[component]
fn Controls(tokens: Loader<Page<Token>>) -> impl IntoView {
    let query = use_section().query;
    let asked = announce_found(tokens, "token");
    let search = Callback::new(move |text: String| {
        asked();
        query.search_for(&text);
    });
    let filter = Callback::new(move |filter| {
        asked();
        query.show(filter);
    });
    let sort = Callback::new(move |sort| {
        asked();
        query.sort_by(sort);
    });
    view! {
        <div class="controls">
            <SearchBox label="Search by name" value=query.search on_search=search />
            <SelectBox label="State" value=query.filter options=TokenFilter::ALL on_choose=filter />
            <SelectBox label="Sort by" value=query.sort options=TokenSort::ALL on_choose=sort />
        </div>
    }
}

lazy_view!(settings, || view! { <SettingsDialog /> });

#[component]
fn SettingsDialog() -> impl IntoView {
    match use_section().open.get_untracked() {
        Some(Open::Create(like)) => view! { <CreateDialog like=like /> }.into_any(),
        Some(Open::Rotate(token)) => view! { <RotateDialog token=token /> }.into_any(),
        Some(Open::Edit(token)) => view! { <EditDialog token=token /> }.into_any(),
        Some(Open::Revoke(_)) | None => ().into_any(),
    }
}

#[component]
fn Dialog(open: Open) -> impl IntoView {
    let section = use_section();
    match open {
        Open::Create(_) | Open::Rotate(_) | Open::Edit(_) => {
            view! { <Lazy load=settings waiting=|| ().into_any() /> }.into_any()
        }
        // What leaked is revoked without waiting for anything.
        Open::Revoke(token) => {
            let id = token.id;
            view! {
                <RevokeDialog
                    token=token
                    ask=Callback::new(move |()| api_client::call(&rpc::RevokeToken { id }))
                    on_revoked=move || section.changed()
                    on_close=section.close()
                />
            }
            .into_any()
        }
    }
}

/// Once one of the tokens has ended, its row and the count are out of date.
fn follow_ends(tokens: Loader<Page<Token>>, section: Section) {
    let first = Memo::new(move |_| {
        let is_active = |token: &&Token| token.state == TokenState::Active;
        tokens.data.with(|page| page.as_ref()?.items.iter().filter(is_active).filter_map(|it| it.expires_at).min())
    });
    Effect::new(move |before| {
        let first = first.get();
        let now = clock::ticking();
        // With every tick until the server agrees, whose clock may be behind this one.
        if first.is_some_and(|first| now > first) && before == Some(first) {
            section.changed();
        }
        first
    });
}

#[component]
fn List(tokens: Loader<Page<Token>>) -> impl IntoView {
    let query = use_section().query;
    let is_empty = tokens.is_empty();
    let actions = Callback::new(move |token| view! { <Actions token=token /> }.into_any());
    let overlap = Callback::new(move |token| view! { <Overlap token=token /> }.into_any());
    let inside = move || {
        if is_empty.get() {
            view! { <Empty /> }.into_any()
        } else {
            view! { <TokenTable tokens=tokens actions=actions under_name=overlap /> }.into_any()
        }
    };
    view! {
        <div>
            {move || inside()} <Pager label="Pages of tokens" place=tokens.place() turn=move |page| query.turn(page) />
        </div>
    }
}

#[component]
fn Empty() -> impl IntoView {
    let section = use_section();
    let query = section.query;
    let create = move || {
        section
            .may_write()
            .then(|| view! { <Button on_press=move || section.create()>"Create token"</Button> }.into_any())
    };
    let inside = move || {
        let filter = query.filter.get();
        if query.search.with(|search| !search.is_empty()) {
            let text = match filter {
                TokenFilter::All => "No token matches.".to_owned(),
                filter => ["No ", filter.as_str(), " token matches. Other states are under State."].concat(),
            };
            return view! { <p class="empty">{text}</p> }.into_any();
        }
        let ended = match filter {
            TokenFilter::Expired => Some("expired"),
            TokenFilter::Revoked => Some("was revoked"),
            TokenFilter::Active | TokenFilter::All => None,
        };
        if let Some(ended) = ended {
            return view! { <p class="empty">"No token " {ended} " in the last 90 days."</p> }.into_any();
        }
        view! {
            <div class="empty">
                <p>
                    "A token lets a script, a pipeline or the command line act as you, without your password. Make one \
                     for each of them, so that you can revoke one without stopping the others."
                </p>
                {move || create()}
            </div>
        }
        .into_any()
    };
    view! { {move || inside()} }
}

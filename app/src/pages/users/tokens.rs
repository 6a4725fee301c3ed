//! A person's API tokens, for an administrator: which there are and whether they are in use, and the way to end one.
//! Their secrets are not shown, and their owner alone makes, changes or rotates them.

use super::{tokens_button, use_people};
use crate::{
    api_client,
    components::{
        Button, ButtonKind, Loaded, Pager, Panel, RevokeDialog, RowButton, SelectBox, SkeletonTable, TokenFilter,
        TokenTable, announce_found,
    },
    drafts::kept,
    focus::{focus_id, focus_when_mounted, keep_in_list},
    list_page::ListPage,
    loader::Loader,
    pages::confirm_token::confirm_token,
};
use leptos::{html, prelude::*};
use uptrakit_api::{Page, Token, TokenState, User};

#[component]
pub fn TokensOf(user: User) -> impl IntoView {
    let people = use_people();
    let path = StoredValue::new(["/api/v1/users/", &user.id.to_string(), "/api-tokens"].concat());
    let filter = kept("user-tokens.state", TokenFilter::default);
    let page = people.tokens_page;
    let revoking = kept("user-tokens.revoking", || None::<Token>);
    let tokens = Loader::<Page<Token>>::paged(
        move || {
            let query = [("state", filter.get().as_str()), ("page", &page.get().to_string())];
            api_client::get(&path.with_value(|path| api_client::with_query(path, &query)))
        },
        move |last| page.turn(last),
    );
    let dialog = move || {
        revoking.get().map(|token| {
            let path = path.with_value(|path| [path, "/", &token.id.to_string()].concat());
            let done = move || {
                tokens.reload();
                // It may be a token of the administrator's own.
                people.auth.ask();
            };
            view! {
                <RevokeDialog
                    token=token
                    ask=Callback::new(move |()| api_client::revoke(&path))
                    on_revoked=done
                    on_close=move || revoking.set(None)
                />
            }
            .into_any()
        })
    };
    let (section, heading) = (NodeRef::<html::Section>::new(), NodeRef::new());
    focus_when_mounted(heading);
    keep_in_list(section, Signal::derive(move || tokens.data.track()));
    let opener = tokens_button(&user);
    let title = ["API tokens of ".to_owned(), user.username].concat();
    let close = move || {
        focus_id(&opener);
        people.inspected.set(None);
    };
    let beside = move || {
        view! {
            <Button small=true on_press=close>
                "Close"
            </Button>
        }
    };
    let asked = announce_found(tokens, "token");
    let choose = Callback::new(move |chosen| {
        asked();
        page.turn(1);
        filter.set(chosen);
    });
    view! {
        <Panel
            id="user-tokens"
            title=title
            beside=beside
            heading=heading
            section=section
        >
            <div class="controls">
                <SelectBox label="State" value=filter options=TokenFilter::ALL on_choose=choose />
            </div>
            <Loaded loader=tokens waiting=|| view! { <SkeletonTable /> }>
                <List tokens=tokens path=path revoking=revoking page=page />
            </Loaded>
            {move || dialog()}
        </Panel>
    }
}

#[component]
fn List(
    tokens: Loader<Page<Token>>,
    path: StoredValue<String>,
    revoking: RwSignal<Option<Token>>,
    page: ListPage,
) -> impl IntoView {
    let is_empty = tokens.is_empty();
    let actions = Callback::new(move |token| {
        view! {
            <Confirm token=token tokens=tokens path=path />
            <Revoke token=token revoking=revoking />
        }
        .into_any()
    });
    let inside = move || {
        if is_empty.get() {
            view! {
                <p class="empty">
                    "There is none in this state. Those that ended are kept under State for 90 days."
                </p>
            }
            .into_any()
        } else {
            view! {
                <div>
                    <TokenTable tokens=tokens actions=actions />
                    <Pager label="Pages of tokens" place=tokens.place() turn=move |to| page.turn(to) />
                </div>
            }
            .into_any()
        }
    };
    view! { {move || inside()} }
}

/// The button for a token on hold, after a restore of the database.
#[component]
fn Confirm(token: Memo<Token>, tokens: Loader<Page<Token>>, path: StoredValue<String>) -> impl IntoView {
    let people = use_people();
    let is_held = Memo::new(move |_| token.with(|token| token.held_at.is_some()));
    let name = Signal::derive(move || token.with(|token| token.name.clone()));
    let confirm = move || {
        token.with_untracked(|token| {
            let path = path.with_value(|path| [path, "/", &token.id.to_string()].concat());
            confirm_token(people.auth, people.notices, &path, token, move || tokens.reload());
        });
    };
    let inside =
        move || is_held.get().then(|| view! { <RowButton label="Confirm" of=name on_press=confirm /> }.into_any());
    view! { {move || inside()} }
}

#[component]
fn Revoke(token: Memo<Token>, revoking: RwSignal<Option<Token>>) -> impl IntoView {
    let is_active = Memo::new(move |_| token.with(|token| token.state == TokenState::Active));
    let name = Signal::derive(move || token.with(|token| token.name.clone()));
    let open = move || revoking.set(Some(token.get_untracked()));
    let inside = move || {
        is_active
            .get()
            .then(|| view! { <RowButton label="Revoke" of=name kind=ButtonKind::GhostBad on_press=open /> }.into_any())
    };
    view! { {move || inside()} }
}

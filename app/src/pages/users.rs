//! Users: who may come in and as what. For administrators; for everybody else there is no such page.

mod add;
mod applications;
mod connected;
mod deactivate;
mod invitation;
mod roles;
mod tokens;

use self::{
    add::AddDialog, applications::ApplicationsSection, connected::ConnectedTo, deactivate::DeactivateDialog,
    invitation::NewLinkDialog, roles::RolesDialog, tokens::TokensOf,
};
use super::NotFound;
use crate::{
    api_client,
    auth::{AuthContext, AuthState, use_auth},
    components::{
        ActionsCell, Badge, Button, ButtonKind, Cell, Columns, Date, Loaded, NameCell, Notices, PageHead, Pager,
        RowButton, SkeletonTable, Table, TableKind, Tone, use_notices,
    },
    drafts::kept,
    list_page::ListPage,
    loader::Loader,
    navigation::{Navigation, use_navigation},
};
use gloo_net::http::Method;
use leptos::prelude::*;
use uptrakit_api::{Page, Permission, Problem, UpdateUser, User};

#[derive(Clone)]
enum Open {
    Add,
    Roles(User),
    Deactivate(User),
    Invite(User),
}

/// The context of rows and dialogs.
#[derive(Clone, Copy)]
struct People {
    open: RwSignal<Option<Open>>,
    inspected: RwSignal<Option<User>>,
    tokens_page: ListPage,
    connected_page: ListPage,
    users: Loader<Page<User>>,
    navigation: Navigation,
    notices: Notices,
    auth: AuthContext,
}

/// The parameters of the address for the pages of a person's lists.
const TOKENS: &str = "tokens";
const CONNECTED: &str = "connected";

fn begin_lists(navigation: Navigation) {
    navigation.replace_parameters(&[(TOKENS, ""), (CONNECTED, "")]);
}

fn use_people() -> People {
    expect_context()
}

impl People {
    fn is_visitor(self, user: &User) -> bool {
        self.auth
            .state
            .with_untracked(|state| matches!(state, AuthState::SignedIn(visitor) if visitor.account.id == user.id))
    }

    fn set_active(self, user: &User, active: bool) {
        let path = ["/api/v1/users/", &user.id.to_string()].concat();
        let name = user.username.clone();
        let request = UpdateUser { active: Some(active), ..UpdateUser::default() };
        let answer = api_client::submit(Method::PATCH, &path, &request);
        self.auth.call(answer, move |answer: Result<User, Problem>| {
            match answer {
                Ok(_) if active => self.notices.show(Tone::Good, [&name, " may sign in again."].concat()),
                Ok(_) => {
                    let text = [&name, " is deactivated: sessions and tokens ended at once."].concat();
                    self.notices.show(Tone::Good, text);
                }
                Err(problem) => self.notices.show(Tone::Bad, problem.detail),
            }
            self.users.reload();
        });
    }

    fn inspect(self, user: User) {
        begin_lists(self.navigation);
        self.inspected.set(Some(user));
    }

    fn close(self) -> Callback<()> {
        Callback::new(move |()| self.open.set(None))
    }
}

#[component]
pub fn Users() -> impl IntoView {
    let auth = use_auth();
    let is_allowed = Memo::new(move |_| auth.may(Permission::UsersManage));
    view! {
        <div>
            {move || {
                if is_allowed.get() { view! { <AllUsers /> }.into_any() } else { view! { <NotFound /> }.into_any() }
            }}
        </div>
    }
}

const COLUMNS: Columns = &["Name", "Email", "Roles", "Member since", "Actions"];

#[component]
fn AllUsers() -> impl IntoView {
    let page = ListPage::of_address("page");
    let users = Loader::paged(
        move || {
            let number = page.get().to_string();
            api_client::get(&api_client::with_query("/api/v1/users", &[("page", &number)]))
        },
        move |last| page.turn(last),
    );
    let (open, inspected) = (kept("users.open", || None), kept("users.inspected", || None));
    let auth = use_auth();
    let has_applications = Memo::new(move |_| auth.visitor().is_some_and(|visitor| visitor.has_applications));
    // Below the people and not before them: a list that comes would move what is there already.
    let is_settled = Memo::new(move |_| users.data.with(Option::is_some) || users.problem.with(Option::is_some));
    let applications =
        move || (has_applications.get() && is_settled.get()).then(|| view! { <ApplicationsSection /> }.into_any());
    let navigation = use_navigation();
    let (tokens_page, connected_page) = (ListPage::of_address(TOKENS), ListPage::of_address(CONNECTED));
    Effect::new(move |_| {
        if inspected.with(Option::is_none) {
            begin_lists(navigation);
        }
    });
    let notices = use_notices();
    provide_context(People { open, inspected, tokens_page, connected_page, users, navigation, notices, auth });
    let person = move || {
        inspected.get().map(|user| {
            let connected = has_applications.get().then(|| view! { <ConnectedTo user=user.clone() /> });
            view! {
                <TokensOf user=user.clone() />
                {connected}
            }
            .into_any()
        })
    };
    let dialog = move || {
        open.get().map(|open| match open {
            Open::Add => view! { <AddDialog /> }.into_any(),
            Open::Roles(user) => view! { <RolesDialog user=user /> }.into_any(),
            Open::Deactivate(user) => view! { <DeactivateDialog user=user /> }.into_any(),
            Open::Invite(user) => view! { <NewLinkDialog user=user /> }.into_any(),
        })
    };
    view! {
        <div>
            <PageHead title="Users">
                <Button kind=ButtonKind::Primary on_press=move || open.set(Some(Open::Add))>
                    "Add person"
                </Button>
            </PageHead>
            <section class="panel" aria-label="All users">
                <Loaded loader=users waiting=|| view! { <SkeletonTable /> }>
                    <div>
                        <Table kind=TableKind::Users label="Users" columns=COLUMNS>
                            <For
                                each=move || users.items()
                                key=|user| user.id
                                children=move |user| view! { <UserRow user=users.item(user, |user| user.id) /> }
                            />
                        </Table>
                        <Pager label="Pages of users" place=users.place() turn=move |to| page.turn(to) />
                    </div>
                </Loaded>
            </section>
            {move || person()}
            {move || applications()}
            {move || dialog()}
        </div>
    }
}

fn tokens_button(user: &User) -> String {
    ["tokens-of-", &user.id.to_string()].concat()
}

#[component]
fn UserRow(user: Memo<User>) -> impl IntoView {
    let people = use_people();
    let name = Signal::derive(move || user.with(|user| user.username.clone()));
    let of_name = Signal::derive(move || user.with(|user| ["of ", &user.username].concat()));
    let for_name = Signal::derive(move || user.with(|user| ["for ", &user.username].concat()));
    let is_active = Memo::new(move |_| user.with(|user| user.active));
    let is_invited = Memo::new(move |_| user.with(|user| user.invited && user.active));
    let is_visitor = user.with_untracked(|user| people.is_visitor(user));
    let roles = move || {
        let badges = |user: &User| {
            user.roles.iter().map(|role| view! { <Badge>{role.as_str()}</Badge> }).collect_view().into_any()
        };
        user.with(badges)
    };
    // A person who never signed in has no tokens.
    let first = move || {
        if is_invited.get() {
            let press = move || people.open.set(Some(Open::Invite(user.get_untracked())));
            view! { <RowButton label="New link" of=for_name kind=ButtonKind::Ghost on_press=press /> }.into_any()
        } else {
            let press = move || people.inspect(user.get_untracked());
            let id = user.with_untracked(tokens_button);
            view! { <RowButton label="Tokens" of=of_name kind=ButtonKind::Ghost id=id on_press=press /> }.into_any()
        }
    };
    view! {
        <tr role="row" data-testid="user-row">
            <NameCell name=name>
                " " {is_visitor.then(|| view! { <Badge tone=Tone::Good>"you"</Badge> })}
                {move || is_invited.get().then(|| view! { <Badge>"invited"</Badge> }.into_any())}
                {move || (!is_active.get()).then(|| view! { <Badge tone=Tone::Warn>"deactivated"</Badge> }.into_any())}
            </NameCell>
            <Cell column="Email">{move || user.with(|user| user.email.clone())}</Cell>
            <Cell column="Roles">
                <span class="badges">{move || roles()}</span>
            </Cell>
            <Cell column="Member since">
                {move || {
                    if is_invited.get() {
                        view! { <span class="muted">"Not yet"</span> }.into_any()
                    } else {
                        view! { <Date at=user.with_untracked(|user| user.created_at) /> }.into_any()
                    }
                }}
            </Cell>
            <ActionsCell>
                {move || first()}
                <RowButton
                    label="Roles"
                    of=of_name
                    kind=ButtonKind::Ghost
                    on_press=move || people.open.set(Some(Open::Roles(user.get_untracked())))
                />
                <Switch user=user name=name is_active=is_active />
            </ActionsCell>
        </tr>
    }
}

/// Deactivates or activates a person. The button stays the same, so the focus stays there.
#[component]
fn Switch(user: Memo<User>, name: Signal<String>, is_active: Memo<bool>) -> impl IntoView {
    let people = use_people();
    let label = move || if is_active.get() { "Deactivate" } else { "Activate" };
    let press = move |_| {
        let user = user.get_untracked();
        if user.active {
            people.open.set(Some(Open::Deactivate(user)));
        } else {
            people.set_active(&user, true);
        }
    };
    view! {
        <button type="button" class="button ghost small" class:bad=move || is_active.get() on:click=press>
            {move || label()}
            <span class="visually-hidden">" " {name}</span>
        </button>
    }
}

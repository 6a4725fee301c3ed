//! What a one-time link opens: making the first administrator, or choosing the password of an account that
//! somebody was invited to.

use crate::{
    api_client,
    auth::{AuthState, use_auth},
    components::{Callout, FormKind, Loaded, PageForm, PageHead, PasswordField, SkeletonList, TextField, Tone},
    loader::Loader,
    navigation::{History, use_navigation},
    rpc::{self, Invitation},
    safe_redirect::HOME,
    submission::Submission,
};
use leptos::prelude::*;
use uptrakit_api::{Problem, ProblemCode, Secret, SetUp};

#[component]
pub fn Setup() -> impl IntoView {
    let code = StoredValue::new(use_navigation().parameter("code"));
    let invitation = Loader::new(move || api_client::call(&rpc::GetInvitation { code: Secret(code.get_value()) }));
    let opens_nothing = |problem: &Problem| matches!(problem.code, ProblemCode::NotFound | ProblemCode::InvalidField);
    let is_used_up = Memo::new(move |_| invitation.problem.with(|problem| problem.as_ref().is_some_and(opens_nothing)));
    let form = move || {
        let invitation = invitation.data.get_untracked()?;
        Some(view! { <Invited code=code.get_value() invitation=invitation /> }.into_any())
    };
    let inside = move || {
        if is_used_up.get() {
            view! { <UsedUp /> }.into_any()
        } else {
            view! {
                <Loaded loader=invitation waiting=|| view! { <SkeletonList /> }>
                    {move || form()}
                </Loaded>
            }
            .into_any()
        }
    };
    view! {
        <div class="narrow">
            <PageHead title="Welcome to Uptrakit" />
            {move || inside()}
        </div>
    }
}

#[component]
fn UsedUp() -> impl IntoView {
    view! {
        <div class="form">
            <Callout tone=Tone::Warn>
                "This link opens nothing any more, or is incomplete. A link opens once, within seven days."
            </Callout>
            <p>"If you have an account, " <a href="/login">"sign in"</a> ". Otherwise ask an administrator for a new link; a new server prints one when it is started again."</p>
        </div>
    }
}

#[component]
fn Invited(code: String, invitation: Invitation) -> impl IntoView {
    let (auth, navigation) = (use_auth(), use_navigation());
    let submission = Submission::new();
    let is_first = invitation.username.is_none();
    let username = RwSignal::new(String::new());
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let submit = move || {
        let text = |signal: RwSignal<String>| signal.with_untracked(|text| text.trim().to_owned());
        let request = SetUp {
            code: Secret(code.clone()),
            username: text(username),
            email: text(email),
            password: Secret(password.get_untracked()),
        };
        submission.send(api_client::call(&rpc::SetUp { request }), move |_| {
            password.set(String::new());
            auth.know(AuthState::Loading);
            auth.ask();
            navigation.go(HOME, History::Replaced);
        });
    };
    let who = match invitation.username {
        Some(name) => view! {
            <p>"You were invited as " <strong>{name.clone()}</strong> ". Choose a password to begin."</p>
            <UsernameForManagers name=name />
        }
        .into_any(),
        None => view! {
            <p>"Nobody has an account here yet. Yours will be the first, and an administrator's."</p>
            <TextField
                label="Username"
                value=username
                autocomplete="username"
                required=true
                error=submission.error("username", "Username")
                autofocus=true
            />
            <TextField
                label="Email"
                value=email
                kind="email"
                autocomplete="email"
                required=true
                error=submission.error("email", "Email")
            />
        }
        .into_any(),
    };
    view! {
        <PageForm kind=FormKind::Panel submission=submission fields=&["username", "email", "password"] submit={if is_first { "Create account" } else { "Set password" }} on_submit=submit>
            {who}
            <PasswordField
                label="Password"
                value=password
                error=submission.error("password", "Password")
                choosing=true
                autofocus=!is_first
            />
        </PageForm>
    }
}

/// Password managers file a new password under this name.
#[component]
pub fn UsernameForManagers(name: String) -> impl IntoView {
    view! { <input type="text" autocomplete="username" value=name hidden=true /> }
}

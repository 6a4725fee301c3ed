//! Signing in. A person who came here from a page goes back to it.

use crate::{
    api_client,
    auth::{AuthState, SignedOut, use_auth},
    components::{Callout, FormKind, PageForm, PageHead, PasswordField, TextField, Tone},
    navigation::{History, use_navigation},
    rpc,
    safe_redirect::safe_redirect,
    submission::Submission,
};
use leptos::prelude::*;
use uptrakit_api::{Secret, SignIn};

#[component]
pub fn Login() -> impl IntoView {
    let (auth, navigation) = (use_auth(), use_navigation());
    Effect::new(move |_| {
        if auth.state.with(|state| matches!(state, AuthState::SignedIn(_))) {
            let wanted = untrack(|| navigation.parameter("to"));
            navigation.go(safe_redirect(&wanted), History::Replaced);
        }
    });

    let submission = Submission::new();
    let login = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let submit = move || {
        let request = SignIn {
            login: login.with_untracked(|login| login.trim().to_owned()),
            password: Secret(password.get_untracked()),
        };
        submission.send(api_client::call(&rpc::SignIn { request }), move |_| {
            password.set(String::new());
            auth.ask();
        });
    };
    let welcome = move || match auth.state.get() {
        AuthState::SignedOut(SignedOut::Ended) => {
            Some((Tone::Warn, "You were signed out. Sign in again to go on where you were."))
        }
        AuthState::SignedOut(SignedOut::Left) => Some((Tone::Good, "You are signed out.")),
        _ => None,
    };
    // The head takes the focus, the field after it takes it over.
    view! {
        <div class="narrow">
            <PageHead title="Sign in" />
            {move || welcome().map(|(tone, words)| view! { <Callout tone=tone>{words}</Callout> }.into_any())}
            <PageForm
                kind=FormKind::Panel
                submission=submission
                fields=&["login", "password"]
                submit="Sign in"
                on_submit=submit
            >
                <TextField
                    label="Username or email"
                    value=login
                    autocomplete="username"
                    required=true
                    error=submission.error("login", "Username or email")
                    autofocus=true
                />
                <PasswordField
                    label="Password"
                    value=password
                    error=submission.error("password", "Password")
                />
            </PageForm>
        </div>
    }
}

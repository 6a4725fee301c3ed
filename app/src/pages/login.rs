//! Signing in. Whoever came here from a page goes back to it.

use crate::{
    api_client,
    auth::{AuthState, SignedOut, use_auth},
    clock,
    components::{Callout, Form, FormKind, FormProblem, PageHead, PasswordField, SubmitButton, TextField, Tone},
    navigation::{History, use_navigation},
    rpc,
    safe_redirect::safe_redirect,
    submission::Submission,
    wording::counted,
};
use leptos::prelude::*;
use uptrakit_api::{ProblemCode, Secret, SignIn};

/// The page.
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
    let is_throttled = Memo::new(move |_| {
        submission.problem.with(|problem| problem.as_ref().is_some_and(|it| it.code == ProblemCode::TooManyRequests))
    });
    // The head takes the focus, the field after it takes it over.
    view! {
        <div class="narrow">
            <PageHead title="Sign in" />
            {move || welcome().map(|(tone, words)| view! { <Callout tone=tone>{words}</Callout> }.into_any())}
            <Form kind=FormKind::Panel on_submit=submit>
                {move || {
                    if is_throttled.get() {
                        view! { <Throttled submission=submission /> }.into_any()
                    } else {
                        view! { <FormProblem submission=submission fields=&["login", "password"] /> }.into_any()
                    }
                }}
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
                <SubmitButton busy=submission.busy>"Sign in"</SubmitButton>
            </Form>
        </div>
    }
}

/// After too many attempts: when the next one has a chance.
#[component]
fn Throttled(submission: Submission) -> impl IntoView {
    let wait = move || {
        let seconds = submission.problem.with(|problem| problem.as_ref()?.retry_after_seconds)?;
        if seconds < 60 {
            return Some([" Try again in ", &counted(seconds.max(1), "second"), "."].concat());
        }
        let end = clock::now().plus_millis(i64::try_from(seconds).unwrap_or(0).saturating_mul(1_000));
        let minutes = counted(seconds.div_ceil(60), "minute");
        Some([" Try again in ", &minutes, ", at ", &clock::time_of_day(end), "."].concat())
    };
    view! { <Callout tone=Tone::Warn alert=true>"Too many attempts." {move || wait()}</Callout> }
}

//! Shows a token's secret, once. When the dialog closes, or the page is left or hidden for good, the secret and the elements
//! that showed it are dropped; what held it is overwritten then, by the allocator in `frontend/src/main.rs`.

use super::use_section;
use crate::{
    api_client::{self, Answer as Pending},
    components::{Button, ButtonKind, CheckBox, CopyButton, CopyLine, Copying, ask_before_leaving, use_modal},
    focus::focus_when_mounted,
    rpc,
};
use gloo_net::http::Method;
use gloo_timers::callback::Interval;
use leptos::{ev, prelude::*, server_fn::ServerFn};
use uptrakit_api::{Secret, TokenId};

/// Pause between two questions whether the token was used.
const LOOK_MILLIS: u32 = 2_000;

#[derive(Clone, Copy)]
pub struct Shown {
    secret: RwSignal<String>,
    id: TokenId,
    copied: RwSignal<bool>,
    /// True when the person says that it is stored.
    stored: RwSignal<bool>,
    /// True when it was used: a program must have it then.
    used: RwSignal<bool>,
}

/// The fields of [`uptrakit_api::CreatedToken`] that the dialog needs, read flat: serde's way to read a flattened
/// struct weighs as much as a page.
#[derive(serde::Deserialize)]
pub struct Answer {
    id: TokenId,
    token: Secret,
}

pub fn answer_of<F: ServerFn + serde::Serialize>(function: &F) -> Pending<Answer> {
    api_client::submit(Method::POST, F::PATH, function)
}

/// Takes the secret out of the answer, which is dropped here. If the dialog is gone, the secret is dropped as well.
pub fn show(place: RwSignal<Option<Shown>>, answer: Answer) {
    place.try_set(Some(Shown {
        secret: RwSignal::new(answer.token.0),
        id: answer.id,
        copied: RwSignal::new(false),
        stored: RwSignal::new(false),
        used: RwSignal::new(false),
    }));
}

/// Returns true when closing the dialog now would lose a secret by accident.
pub fn is_locked(place: RwSignal<Option<Shown>>) -> bool {
    place.get().is_some_and(|shown| !shown.is_safe() && shown.secret.try_with(String::is_empty) == Some(false))
}

impl Shown {
    /// Returns true when the person has the secret somewhere else.
    fn is_safe(self) -> bool {
        [self.copied, self.stored, self.used].into_iter().any(|known| known.try_get() != Some(false))
    }

    fn forget(self) {
        self.secret.try_set(String::new());
    }
}

#[component]
pub fn Reveal(shown: Shown, title: &'static str, name: String) -> impl IntoView {
    let section = use_section();
    let modal = use_modal();
    section.auth.hold();
    on_cleanup(move || shown.forget());
    // A page in the back-forward cache keeps its memory; a person who comes back must not find a dialog without a secret.
    let leaving = window_event_listener(ev::pagehide, move |_| {
        shown.forget();
        modal.close();
    });
    on_cleanup(move || leaving.remove());
    ask_before_leaving(move || !shown.is_safe());

    let copying = Copying::new(move || shown.copied.set(true));
    let done = move || {
        shown.forget();
        modal.close();
    };
    let heading = NodeRef::new();
    focus_when_mounted(heading);
    view! {
        <div class="form">
            <h2 tabindex="-1" node_ref=heading>
                {title}
                <span class="name">{name}</span>
            </h2>
            <p>"Copy the token now, and store it where it will be used. It can't be shown again."</p>
            <CopyLine copying=copying what="The token" testid="token-secret" text=shown.secret />
            // The line that most of those who make a token paste next.
            <ReadyLine what="shell" before="export UPTRAKIT_TOKEN=" shown=shown copying=copying />
            <MoreLines shown=shown copying=copying />
            <FirstUse shown=shown />
            <div class="form-end">
                <CheckBox label="I have stored it" checked=shown.stored />
                <Button
                    kind=ButtonKind::Primary
                    disabled=Signal::derive(move || !shown.is_safe())
                    on_press=done
                >
                    "Done"
                </Button>
            </div>
        </div>
    }
}

#[component]
fn MoreLines(shown: Shown, copying: Copying) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let origin = window().location().origin().unwrap_or_default();
    let lines = move || {
        let url = ["' ", &origin, "/api/v1/auth/me"].concat();
        let command = [" uptrakit --server ", &origin, " auth status"].concat();
        is_open.get().then(|| {
            view! {
                <ReadyLine what="curl" before="curl -H 'Authorization: Bearer " after=url shown=shown copying=copying />
                <ReadyLine what="uptrakit" before="UPTRAKIT_TOKEN=" after=command shown=shown copying=copying />
            }
            .into_any()
        })
    };
    view! {
        <details class="disclosure" on:toggle=move |_| is_open.update(|is_open| *is_open = !*is_open)>
            <summary>"More ready-made lines"</summary>
            {move || lines()}
        </details>
    }
}

#[component]
fn ReadyLine(
    what: &'static str,
    before: &'static str,
    #[prop(optional)] after: String,
    shown: Shown,
    copying: Copying,
) -> impl IntoView {
    let whole = Signal::derive(move || match shown.secret.get() {
        secret if secret.is_empty() => secret,
        secret => [before, &secret, &after].concat(),
    });
    view! {
        <div class="ready-line">
            <span class="muted">{what}</span>
            <code tabindex="0">{move || whole.get()}</code>
            <CopyButton
                copying=copying
                what=what
                small=true
                text=Callback::new(move |()| whole.get_untracked())
            />
        </div>
    }
}

/// Waits for the token's first use, so that the person who sets it up knows that it works.
#[component]
fn FirstUse(shown: Shown) -> impl IntoView {
    let section = use_section();
    let seen = RwSignal::new(None::<String>);
    let timer = StoredValue::new_local(None::<Interval>);
    let stop = move || _ = timer.try_set_value(None);
    let look = move || {
        if document().hidden() {
            return;
        }
        api_client::call(&rpc::FindFirstUse { id: shown.id }).then(move |answer| match answer {
            Ok(Some(first)) => {
                stop();
                shown.used.try_set(true);
                if seen.try_set(Some(first)).is_none() {
                    section.changed();
                }
            }
            Err(problem) if problem.status == 401 || problem.status == 404 => {
                stop();
                section.auth.heard(&problem);
            }
            Ok(None) | Err(_) => {}
        });
    };
    timer.set_value(Some(Interval::new(LOOK_MILLIS, look)));
    let words = move || match seen.get() {
        Some(from) => view! { <span>"First use seen from " <code>{from}</code></span> }.into_any(),
        None => view! { <span>"Waiting for its first use…"</span> }.into_any(),
    };
    view! {
        <div class="first-use" role="status" data-seen=move || seen.with(Option::is_some).to_string()>
            {move || words()}
        </div>
    }
}

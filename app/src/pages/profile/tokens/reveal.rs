//! Shows a token's text, once. When the dialog closes, or the page is left or hidden for good, the text and the elements
//! that showed it are dropped; what held it is overwritten then, by the allocator in `frontend/src/main.rs`.

use super::Section;
use crate::{
    components::{CopyButton, Modal, ask_before_leaving, button, check_box, copy_line},
    dom::{El, el, live},
    rest::{self, Pending},
    rpc,
};
use gloo_net::http::Method;
use leptos::{ev, leptos_dom::helpers::IntervalHandle, prelude::*, server_fn::ServerFn};
use std::{rc::Rc, time::Duration};
use uptrakit_api::{Secret, TokenId};

/// A text that is being shown.
#[derive(Clone, Copy)]
pub struct Shown {
    text: RwSignal<String>,
    id: TokenId,
    copied: RwSignal<bool>,
    /// Whether the person says that it is stored.
    stored: RwSignal<bool>,
    /// Whether somebody has used it, who must have it then.
    used: RwSignal<bool>,
}

/// What the dialog needs of [`uptrakit_api::CreatedToken`], read flat: serde's way to read a flattened struct
/// weighs as much as a page.
#[derive(serde::Deserialize)]
pub struct Answer {
    id: TokenId,
    token: Secret,
}

/// The answer to a call that makes a text.
pub fn answer_of<F: ServerFn + serde::Serialize>(function: &F) -> Pending<Answer> {
    rest::submit(Method::POST, F::PATH, function)
}

/// Takes the text out of the answer, which ends here. If the dialog is gone, so is the text.
pub fn show(place: RwSignal<Option<Shown>>, answer: Answer) {
    place.try_set(Some(Shown {
        text: RwSignal::new(answer.token.0),
        id: answer.id,
        copied: RwSignal::new(false),
        stored: RwSignal::new(false),
        used: RwSignal::new(false),
    }));
}

/// Whether closing the dialog now would lose a text by accident.
pub fn is_locked(place: RwSignal<Option<Shown>>) -> bool {
    place.get().is_some_and(|shown| !shown.is_safe() && shown.text.try_with(String::is_empty) == Some(false))
}

impl Shown {
    /// Whether the person has the text somewhere else.
    fn is_safe(self) -> bool {
        [self.copied, self.stored, self.used].into_iter().any(|known| known.try_get() != Some(false))
    }

    /// Drops the text.
    fn forget(self) {
        self.text.try_set(String::new());
    }

    fn copy_of_text(self) -> String {
        self.text.get_untracked()
    }
}

/// What stands in the dialog in place of the form.
pub fn reveal(shown: Shown, title: &str, name: &str, section: Section, modal: &Modal) -> El {
    section.session.hold();
    on_cleanup(move || shown.forget());
    // A page in the back-forward cache keeps its memory; who comes back must not find a dialog without a text.
    let gone = modal.clone();
    let leaving = window_event_listener(ev::pagehide, move |_| {
        shown.forget();
        gone.close();
    });
    on_cleanup(move || leaving.remove());
    ask_before_leaving(move || !shown.is_safe());

    let text = el("code", "").attr("data-testid", "token-text").child(live(move || shown.text.get()));
    let (line, copying) = copy_line(text, "The token", move || shown.copy_of_text(), move || shown.copied.set(true));
    let done = {
        let modal = modal.clone();
        move || {
            shown.forget();
            modal.close();
        }
    };
    let end = el("div", "form-end")
        .child(check_box("I have stored it", shown.stored))
        .child(button("Done", "button primary", done).live_flag("disabled", move || !shown.is_safe()));
    let heading = el("h2", "").attr("tabindex", "-1").child(title).child(el("span", "name").child(name));
    el("div", "form")
        .child(heading.focus_at_start())
        .child(el("p", "").child("Copy it now and store it where it will be used. It can't be shown again."))
        .child(line)
        .child(export_line(shown, &copying))
        .child(ready_lines(shown, &copying))
        .child(first_use(shown, section))
        .child(end)
}

/// The line that most of those who make a token paste next.
fn export_line(shown: Shown, copying: &CopyButton) -> El {
    ready_line("shell", "export UPTRAKIT_TOKEN=", "", shown, copying)
}

/// More lines to paste, drawn only when they are asked for.
fn ready_lines(shown: Shown, copying: &CopyButton) -> El {
    let open = RwSignal::new(false);
    let origin = window().location().origin().unwrap_or_default();
    let copying = copying.clone();
    let lines = live(move || {
        let url = ["' ", &origin, "/api/v1/auth/me"].concat();
        let command = [" uptrakit --server ", &origin, " auth status"].concat();
        let line = |what, before, after: &str| ready_line(what, before, after, shown, &copying);
        open.get().then(|| {
            vec![line("curl", "curl -H 'Authorization: Bearer ", &url), line("uptrakit", "UPTRAKIT_TOKEN=", &command)]
        })
    });
    el("details", "disclosure")
        .on("toggle", move |_| open.update(|open| *open = !*open))
        .child(el("summary", "").child("More ready-made lines"))
        .child(lines)
}

/// One line with the token in it, and its Copy.
fn ready_line(what: &'static str, before: &'static str, after: &str, shown: Shown, copying: &CopyButton) -> El {
    let after = after.to_owned();
    let whole = Rc::new(move || match shown.text.get() {
        text if text.is_empty() => text,
        text => [before, &text, &after].concat(),
    });
    let copied = Rc::clone(&whole);
    el("div", "ready-line")
        .child(el("span", "muted").child(what))
        .child(el("code", "").attr("tabindex", "0").child(live(move || whole())))
        .child(copying.draw(what, "button small", move || untrack(|| copied())))
}

/// Waits for the token's first use, so that whoever sets it up knows that it works.
fn first_use(shown: Shown, section: Section) -> El {
    let seen = RwSignal::new(None::<String>);
    let timer = StoredValue::new(None::<IntervalHandle>);
    let stop = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    let look = move || {
        if document().hidden() {
            return;
        }
        rest::call(&rpc::FindFirstUse { id: shown.id }).then(move |answer| match answer {
            Ok(Some(first)) => {
                stop();
                shown.used.try_set(true);
                if seen.try_set(Some(first)).is_none() {
                    section.changed();
                }
            }
            Err(problem) if problem.status == 401 || problem.status == 404 => {
                stop();
                section.session.heard(&problem);
            }
            Ok(None) | Err(_) => {}
        });
    };
    timer.set_value(set_interval_with_handle(look, Duration::from_secs(2)).ok());
    on_cleanup(stop);
    let words = live(move || match seen.get() {
        Some(from) => el("span", "").child("First use seen from ").child(el("code", "").child(from)),
        None => el("span", "").child("Waiting for its first use…"),
    });
    el("div", "first-use")
        .attr("role", "status")
        .live_attr("data-seen", move || Some(seen.with(Option::is_some).to_string()))
        .child(words)
}

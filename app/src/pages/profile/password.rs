//! Changing the password, and with it as much of what hangs on it as the person wants to end.

use super::{Changes, panel};
use crate::{
    components::{Notices, Tone, check_box, form, form_problem, password_field, submit_button},
    dom::{El, el, live},
    drafts::kept,
    pages::setup::username_for_managers,
    rest, rpc,
    session::Session,
    submission::Submission,
    wording::counted,
};
use leptos::prelude::*;
use uptrakit_api::{ChangePassword, Secret};

/// The section.
pub fn section() -> El {
    let session = Session::current();
    let notices = Notices::current();
    let changes = Changes::current();
    let submission = Submission::new();
    let current = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let end_sessions = kept("password.end-sessions", || true);
    let revoke_tokens = kept("password.revoke-tokens", || false);
    let submit = move || {
        let request = ChangePassword {
            current_password: Secret(current.get_untracked()),
            new_password: Secret(new.get_untracked()),
            end_other_sessions: end_sessions.get_untracked(),
            revoke_tokens: revoke_tokens.get_untracked(),
        };
        submission.send(rest::call(&rpc::ChangePassword { request }), move |changed| {
            current.set(String::new());
            new.set(String::new());
            let mut text = "Your password was changed.".to_owned();
            if changed.sessions_ended > 0 {
                text = [&text, " ", &counted(changed.sessions_ended, "other session"), " ended."].concat();
            }
            if changed.tokens_revoked > 0 {
                text = [&text, " ", &counted(changed.tokens_revoked, "API token"), " revoked."].concat();
            }
            notices.show(Tone::Good, text);
            session.ask();
            changes.note();
        });
    };
    let name = live(move || session.visitor().map(|visitor| username_for_managers(&visitor.account.username)));
    let too = el("fieldset", "choices")
        .child(el("legend", "").child("At the same time"))
        .child(check_box("End my other sign-in sessions", end_sessions))
        .child(check_box("Revoke all my API tokens", revoke_tokens));
    panel("password", "Password", ()).child(
        form("form measure", submit)
            .child(form_problem(submission, &["current_password", "new_password"]))
            .child(name)
            .child(password_field(
                "Current password",
                current,
                submission.error("current_password", "Current password"),
                false,
            ))
            .child(password_field("New password", new, submission.error("new_password", "New password"), true))
            .child(too)
            .child(submit_button("Change password", "button primary", submission)),
    )
}

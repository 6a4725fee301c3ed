//! Changing the password, and with it as much of what hangs on it as the person wants to end.

use super::use_changes;
use crate::{
    api_client,
    auth::use_auth,
    components::{CheckBox, Choices, FormKind, PageForm, Panel, PasswordField, Tone, use_notices},
    drafts::kept,
    pages::setup::UsernameForManagers,
    rpc,
    submission::Submission,
    wording::counted,
};
use leptos::prelude::*;
use uptrakit_api::{ChangePassword, Secret};

#[component]
pub fn PasswordSection() -> impl IntoView {
    let (auth, notices, changes) = (use_auth(), use_notices(), use_changes());
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
        submission.send(api_client::call(&rpc::ChangePassword { request }), move |changed| {
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
            auth.ask();
            changes.note();
        });
    };
    let username = Memo::new(move |_| auth.visitor().map(|visitor| visitor.account.username));
    view! {
        <Panel id="password" title="Password">
            <PageForm kind=FormKind::Section submission=submission fields=&["current_password", "new_password"] submit="Change password" on_submit=submit>
                {move || username.get().map(|name| view! { <UsernameForManagers name=name /> }.into_any())}
                <PasswordField
                    label="Current password"
                    value=current
                    error=submission.error("current_password", "Current password")
                />
                <PasswordField
                    label="New password"
                    value=new
                    error=submission.error("new_password", "New password")
                    choosing=true
                />
                <Choices legend="At the same time">
                    <CheckBox label="End my other sign-in sessions" checked=end_sessions />
                    <CheckBox label="Revoke all my API tokens" checked=revoke_tokens />
                </Choices>
            </PageForm>
        </Panel>
    }
}

//! The dialog that ends a token, at once and for good. What is in use right now takes a second thought: its name
//! has to be typed.

use super::{ButtonKind, DialogForm, LastUse, Modal, TextField, Tone, use_modal, use_notices};
use crate::{api_client::Answer, clock, drafts::kept_text, lifetime, rpc::Revoked, submission::Submission, wording};
use leptos::prelude::*;
use uptrakit_api::Token;

#[component]
pub fn RevokeDialog(
    token: Token,
    ask: Callback<(), Answer<Revoked>>,
    #[prop(into)] on_revoked: Callback<()>,
    #[prop(into)] on_close: Callback<()>,
) -> impl IntoView {
    view! {
        <Modal label="Revoke token" on_close=on_close>
            <Confirmation token=token ask=ask on_revoked=on_revoked />
        </Modal>
    }
}

#[component]
fn Confirmation(token: Token, ask: Callback<(), Answer<Revoked>>, on_revoked: Callback<()>) -> impl IntoView {
    let notices = use_notices();
    let modal = use_modal();
    let submission = Submission::new();
    let typed = kept_text("revoke.name");
    let in_use = lifetime::used_lately(token.last_used_at, clock::now());
    let expected = StoredValue::new(token.name.clone());
    // A page shows several spaces as one, so that they can't be read off or copied.
    let is_same = |one: &str, other: &str| one.split_whitespace().eq(other.split_whitespace());
    let is_confirmed =
        Signal::derive(move || !in_use || typed.with(|typed| expected.with_value(|name| is_same(typed, name))));
    let submit = move || {
        if !is_confirmed.get_untracked() {
            return;
        }
        submission.send(ask.run(()), move |revoked| {
            notices.show(Tone::Good, wording::revoked(&clock::time_with_millis(revoked.at), revoked.cut_off));
            on_revoked.run(());
            modal.close();
        });
    };
    let hint = ["It was used within the last 24 hours. Its name: ", &token.name].concat();
    let name =
        in_use.then(|| view! { <TextField label="Type the name to confirm" value=typed hint=hint autofocus=true /> });
    view! {
        <DialogForm title="Revoke token" submission=submission submit="Revoke now" kind=ButtonKind::Danger

                    disabled=Signal::derive(move || !is_confirmed.get()) on_submit=submit>
            <p>
                <strong>{token.name.clone()}</strong>
                " "
                <code class="item">{token.hint.clone()}</code>
                " stops working everywhere, at once and for good. "
                <LastUse token=token />
            </p>
            {name}
        </DialogForm>
    }
}

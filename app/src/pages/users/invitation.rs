//! The link by which a person chooses their password. It is shown once, to be sent to them; a lost one can be made anew.

use super::use_people;
use crate::{
    api_client,
    components::{Button, CheckBox, CopyLine, Copying, DialogForm, Modal, ask_before_leaving, use_modal},
    focus::focus_when_mounted,
    submission::Submission,
};
use gloo_net::http::Method;
use leptos::prelude::*;
use uptrakit_api::{CreateInvitation, Secret, User};

/// The fields of [`uptrakit_api::CreatedUser`] that the dialog needs, read flat because that is much less code.
#[derive(Clone, serde::Deserialize)]
pub struct Invited {
    username: String,
    invite_url: Secret,
}

pub type Link = RwSignal<Option<Invited>>;

/// A dialog that ends with a link; its children stand there until it is made.
#[component]
pub fn InvitationDialog(label: &'static str, link: Link, children: ChildrenFn) -> impl IntoView {
    let people = use_people();
    // The link is shown once: only Done takes it away, and only when it is somewhere else.
    let is_done = RwSignal::new(false);
    let is_locked = Signal::derive(move || link.with(Option::is_some) && !is_done.get());
    view! {
        <Modal label=label locked=is_locked on_close=people.close()>
            {move || match link.get() {
                None => children(),
                Some(invited) => view! { <Shown invited=invited is_done=is_done /> }.into_any(),
            }}
        </Modal>
    }
}

#[component]
pub fn NewLinkDialog(user: User) -> impl IntoView {
    let link = Link::new(None);
    view! {
        <InvitationDialog label="New link" link=link>
            <Ask user=user.clone() link=link />
        </InvitationDialog>
    }
}

#[component]
fn Ask(user: User, link: Link) -> impl IntoView {
    let people = use_people();
    let submission = Submission::new();
    let path = ["/api/v1/users/", &user.id.to_string(), "/invitation"].concat();
    let submit = move || {
        submission.send(api_client::submit(Method::POST, &path, &CreateInvitation {}), move |invited| {
            people.users.reload();
            link.try_set(Some(invited));
        });
    };
    view! {
        <DialogForm title="New link" submission=submission submit="Make link"  on_submit=submit>
            <p>
                <strong>{user.username}</strong>
                " has not chosen a password yet. A new link works for seven days; the one before stops working at once."
            </p>
        </DialogForm>
    }
}

#[component]
fn Shown(invited: Invited, is_done: RwSignal<bool>) -> impl IntoView {
    let Invited { username, invite_url: Secret(url) } = invited;
    let modal = use_modal();
    use_people().auth.hold();
    let is_sent = RwSignal::new(false);
    ask_before_leaving(move || is_sent.try_get() == Some(false) && is_done.try_get() == Some(false));
    let copying = Copying::new(move || is_sent.set(true));
    let heading = NodeRef::new();
    focus_when_mounted(heading);
    let leave = move || {
        is_done.set(true);
        modal.close();
    };
    view! {
        <div class="form">
            <h2 tabindex="-1" node_ref=heading>
                "Send this link to "
                {username}
            </h2>
            <p>"With it they choose their password. It works once, within seven days, and can't be shown again."</p>
            <CopyLine copying=copying what="The link" testid="invite-url" text=url />
            <div class="form-end">
                <CheckBox label="I have sent it" checked=is_sent />
                <Button disabled=Signal::derive(move || !is_sent.get()) on_press=leave>
                    "Done"
                </Button>
            </div>
        </div>
    }
}

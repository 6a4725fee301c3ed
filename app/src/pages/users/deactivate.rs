//! The dialog that asks before a person is deactivated.

use super::use_people;
use crate::components::{ButtonKind, DialogForm, Modal, use_modal};
use crate::submission::Submission;
use leptos::prelude::*;
use uptrakit_api::User;

#[component]
pub fn DeactivateDialog(user: User) -> impl IntoView {
    view! {
        <Modal label="Deactivate" on_close=use_people().close()>
            <Question user=user />
        </Modal>
    }
}

#[component]
fn Question(user: User) -> impl IntoView {
    let people = use_people();
    let modal = use_modal();
    let name = user.username.clone();
    let words = if people.is_visitor(&user) {
        " is you: you are signed out and can't sign in again, and your tokens stop working, everywhere and at once."
    } else {
        " is signed out, and their tokens stop working, everywhere and at once."
    };
    let submit = move || {
        people.set_active(&user, false);
        modal.close();
    };
    view! {
        <DialogForm title=["Deactivate ", &name].concat() submission=Submission::new() submit="Deactivate" kind=ButtonKind::Danger on_submit=submit>
            <p>
                <strong>{name}</strong>
                {words}
            </p>
        </DialogForm>
    }
}

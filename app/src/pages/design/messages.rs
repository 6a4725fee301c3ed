//! What the page says by itself: sentences in the flow, the notice, being offline, dialogs, the sight of a new token,
//! and the shapes that stand where something will be.

use super::Examples;
use crate::components::{
    Button, ButtonKind, Callout, CopyBlock, CopyLine, Copying, Modal, SkeletonPage, Tone, form::CancelAnd,
    use_announcer, use_modal, use_notices,
};
use leptos::prelude::*;

const SENTENCE: &str = "Revoked. Effective everywhere since 14:03:07.120; 2 requests were cut off.";

#[component]
pub fn Messages() -> impl IntoView {
    view! {
        <Examples title="Callouts">
            <div class="form">
                <Callout tone=Tone::Good>{SENTENCE}</Callout>
                <Callout tone=Tone::Warn>"A token without an end is a risk for as long as it exists."</Callout>
                <Callout tone=Tone::Bad>"The current password is wrong."</Callout>
            </div>
        </Examples>
        <Examples title="Notice, announcement, dialogs">
            <Spoken />
        </Examples>
        <Examples title="Offline">
            <p class="offline">"You are offline. What you see may be out of date."</p>
        </Examples>
        <Examples title="A new token">
            <Reveal />
        </Examples>
        <Examples title="A page that is not known yet">
            <SkeletonPage />
        </Examples>
    }
}

#[component]
fn Spoken() -> impl IntoView {
    let (notices, announcer) = (use_notices(), use_announcer());
    let (open, locked) = (RwSignal::new(false), RwSignal::new(false));
    view! {
        <div>
            <div class="samples">
                <Button on_press=move || notices.show(Tone::Good, SENTENCE)>"Good notice"</Button>
                <Button on_press=move || notices.show(Tone::Warn, "The old token works for another hour.")>
                    "Warning"
                </Button>
                <Button on_press=move || notices.show(Tone::Bad, "The server can't be reached.")>"Bad notice"</Button>
                <Button on_press=move || announcer.announce("An announcement")>"Announce to screen readers"</Button>
                <Button on_press=move || open.set(true)>"Open a dialog"</Button>
                <Button on_press=move || locked.set(true)>"Open a locked dialog"</Button>
            </div>
            {move || open.get().then(|| view! { <Dialog title="A dialog" open=open /> })}
            {move || locked.get().then(|| view! { <Dialog title="A locked dialog" open=locked locked=true /> })}
        </div>
    }
}

#[component]
fn Dialog(title: &'static str, open: RwSignal<bool>, #[prop(optional)] locked: bool) -> impl IntoView {
    let is_locked = RwSignal::new(locked);
    view! {
        <Modal label=title locked=is_locked on_close=move || open.set(false)>
            <div class="form">
                <h2>{title}</h2>
                <p>"The keyboard stays inside; the focus goes back to the opener."</p>
                <CancelAnd>
                    <Done is_locked=is_locked />
                </CancelAnd>
            </div>
        </Modal>
    }
}

#[component]
fn Done(is_locked: RwSignal<bool>) -> impl IntoView {
    let modal = use_modal();
    let done = move || {
        is_locked.set(false);
        modal.close();
    };
    view! {
        <Button kind=ButtonKind::Primary on_press=done>
            "Done"
        </Button>
    }
}

#[component]
fn Reveal() -> impl IntoView {
    let example = "upk_0000000000000000000000000000003aIdS3";
    let line = ["export UPTRAKIT_TOKEN=", example].concat();
    let copying = Copying::new(|| ());
    view! {
        <div class="form reveal">
            <CopyLine copying=copying what="The example" text=example.to_owned() />
            <CopyBlock label="shell" what="shell" testid="example-line" text=line />
            <div class="first-use" data-seen="false">
                <span>"Waiting for its first use…"</span>
            </div>
            <div class="first-use" data-seen="true">
                <span>"First use seen from 10.0.3.7"</span>
            </div>
        </div>
    }
}

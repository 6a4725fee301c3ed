//! Connects a device that has no browser: the person types the code that it shows.

use super::{Decision, Request};
use crate::{
    api_client,
    components::{FormKind, PageForm, PageHead, TextField},
    navigation::use_navigation,
    rpc,
    submission::Submission,
};
use leptos::prelude::*;
use uptrakit_api::Consent;

#[component]
pub fn Device() -> impl IntoView {
    // An address with a code in it fills the field and no more: the person compares the code before going on.
    let code = RwSignal::new(use_navigation().parameter("code"));
    let consent = RwSignal::new(None::<Consent>);
    let typed = move || code.with_untracked(|code| code.trim().to_owned());
    let decide = Callback::new(move |decision| match decision {
        Decision::Approve(approval) => {
            api_client::call_reading(&rpc::ApproveDevice { code: typed(), approval }, |_| Ok(None))
        }
        Decision::Deny => api_client::call_reading(&rpc::DenyDevice { code: typed() }, |_| Ok(None)),
    });
    view! {
        <div>
            {move || match consent.get() {
                None => view! { <AskCode code=code consent=consent /> }.into_any(),
                Some(consent) => view! { <Request consent=consent decide=decide /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn AskCode(code: RwSignal<String>, consent: RwSignal<Option<Consent>>) -> impl IntoView {
    let submission = Submission::new();
    let submit = move || {
        let code = code.with_untracked(|code| code.trim().to_owned());
        if code.is_empty() {
            return submission.refuse(&[("code", "must not be empty")]);
        }
        submission.send(api_client::call(&rpc::OpenDevice { code }), move |opened| consent.set(Some(opened)));
    };
    view! {
        <div class="narrow">
            <PageHead title="Connect a device" />
            <PageForm kind=FormKind::Panel submission=submission fields=&["code"] submit="Continue" on_submit=submit>
                <TextField
                    label="Code"
                    value=code
                    required=true
                    placeholder="BCDF-GHJK"
                    hint="The eight letters that your device or your terminal shows."
                    error=submission.error("code", "The code")
                    autofocus=true
                />
            </PageForm>
        </div>
    }
}

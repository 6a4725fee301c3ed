//! The page that an application sends the browser to when it wants access.

use super::{Decision, Request, refused::Refused};
use crate::{api_client, components::SkeletonPage, loader::Loader, navigation::use_navigation, rpc};
use leptos::prelude::*;
use uptrakit_api::{OpenedRequest, Secret};

#[component]
pub fn Consent() -> impl IntoView {
    let id = StoredValue::new(use_navigation().parameter("request"));
    let secret = move || Secret(id.get_value());
    let opened = Loader::new(move || api_client::call(&rpc::OpenConsent { request: secret() }));
    let redirect = |text: &str| api_client::parse(text).map(Some);
    let decide = Callback::new(move |decision| match decision {
        Decision::Approve(approval) => {
            api_client::call_reading(&rpc::ApproveConsent { request: secret(), approval }, redirect)
        }
        Decision::Deny => api_client::call_reading(&rpc::DenyConsent { request: secret() }, redirect),
    });
    let inside = move || match (opened.problem.get(), opened.data.get()) {
        (Some(problem), _) => view! { <Refused problem=problem on_retry=move || opened.reload() /> }.into_any(),
        (None, Some(OpenedRequest::Ask { consent })) => view! { <Request consent=consent decide=decide /> }.into_any(),
        (None, Some(OpenedRequest::Continue { redirect })) => {
            let _ = window().location().assign(&redirect);
            view! { <SkeletonPage /> }.into_any()
        }
        (None, None) => view! { <SkeletonPage /> }.into_any(),
    };
    view! { <div>{move || inside()}</div> }
}

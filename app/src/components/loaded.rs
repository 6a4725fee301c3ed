//! Draws what a loader knows: a skeleton while it waits, the data once it is there, the problem with a way to try
//! again. Every list of the app goes through here, so none of them forgets a state.

use super::{Button, use_connection};
use crate::loader::Loader;
use leptos::prelude::*;
use uptrakit_api::Problem;

/// The data, or what stands in its place. The children are drawn once, when there is data, and follow it by themselves.
#[component]
pub fn Loaded<T: Send + Sync + 'static>(
    loader: Loader<T>,
    #[prop(into)] waiting: ViewFn,
    children: ChildrenFn,
) -> impl IntoView {
    let (is_there, problem, busy) = (loader.is_there(), loader.problem, loader.busy);
    let reload = Callback::new(move |()| loader.reload());
    reload_when_online(reload);
    let callout =
        move || problem.get().map(|problem| view! { <ProblemCallout problem=problem on_retry=reload /> }.into_any());
    let waits = Memo::new(move |_| problem.with(Option::is_none));
    view! {
        <div class="loaded" aria-busy=move || busy.get().then_some("true")>
            {move || callout()}
            {move || {
                if is_there.get() {
                    Some(children())
                } else {
                    waits.get().then(|| waiting.run())
                }
            }}
        </div>
    }
}

/// Asks again after the device was offline: the person wants to see what happened meanwhile.
fn reload_when_online(reload: Callback<()>) {
    let connection = use_connection();
    Effect::new(move |was_online: Option<bool>| {
        let is_online = connection.is_online();
        if is_online && was_online == Some(false) {
            reload.run(());
        }
        is_online
    });
}

/// The id that the request has in the server's log, for a fault that its operator has to look for.
#[component]
pub fn RequestId(problem: Problem) -> impl IntoView {
    let is_named = problem.status >= 500 && !problem.request_id.is_empty();
    is_named.then(|| {
        view! {
            <small class="sub">
                "Request "
                <code>{problem.request_id}</code>
            </small>
        }
    })
}

#[component]
pub fn ProblemCallout(problem: Problem, #[prop(into)] on_retry: Callback<()>) -> impl IntoView {
    view! {
        <div class="callout problem" data-tone="bad" role="alert">
            <p>
                {problem.detail.clone()}
                <RequestId problem=problem />
            </p>
            <Button small=true on_press=on_retry>
                "Try again"
            </Button>
        </div>
    }
}

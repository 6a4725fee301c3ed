//! Draws what a loader knows: a skeleton while it waits, the data once it is there, the refusal with a way to try
//! again. Every list of the app goes through here, so none of them forgets a state.

use super::{Connection, button};
use crate::{
    dom::{El, afterwards, el, live},
    loader::Loader,
};
use leptos::prelude::*;
use std::rc::Rc;
use uptrakit_api::Problem;

/// The data, or what stands in its place.
pub fn loaded<T: Clone + Send + Sync + 'static>(
    loader: Loader<T>,
    waiting: impl Fn() -> El + 'static,
    draw: impl Fn(T) -> El + 'static,
) -> El {
    let (data, problem) = (loader.data, loader.problem);
    frame(problem, loader.busy, Rc::new(move || loader.reload())).child(live(move || match data.get() {
        Some(data) => Some(untrack(|| draw(data))),
        None if problem.with(Option::is_some) => None,
        None => Some(waiting()),
    }))
}

/// All but the data. Apart from [`loaded`], so that it is compiled once and not for every kind of data.
fn frame(problem: RwSignal<Option<Problem>>, busy: RwSignal<bool>, reload: Rc<dyn Fn()>) -> El {
    let connection = Connection::current();
    // Whoever was offline wants to see what happened meanwhile.
    let was_online = StoredValue::new(true);
    let again = Rc::clone(&reload);
    afterwards(move || {
        let online = connection.is_online();
        if online && !was_online.get_value() {
            again();
        }
        was_online.set_value(online);
    });
    let refused = move || {
        let reload = Rc::clone(&reload);
        problem.get().map(|problem| refusal(&problem, move || reload()))
    };
    el("div", "loaded").live_attr("aria-busy", move || busy.get().then(|| "true".to_owned())).child(live(refused))
}

/// What names the request in the server's log, for a fault that its operator has to look for.
pub fn request_named(problem: &Problem) -> Option<El> {
    let named = problem.status >= 500 && !problem.request_id.is_empty();
    named.then(|| el("small", "sub").child("Request ").child(el("code", "").child(problem.request_id.as_str())))
}

/// Why there is no data, and the button that asks again.
pub fn refusal(problem: &Problem, retry: impl FnMut() + 'static) -> El {
    el("div", "callout refusal")
        .attr("data-tone", "bad")
        .attr("role", "alert")
        .child(el("p", "").child(problem.detail.as_str()).child(request_named(problem)))
        .child(button("Try again", "button small", retry))
}

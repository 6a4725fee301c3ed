//! Views whose code is downloaded when they are first shown: the first visit to another page doesn't wait for it.
//!
//! `cargo xtask` cuts the app into files at these views (`xtask/src/split.rs`). What is built without it, as by
//! `trunk serve`, is one file.

use crate::components::ProblemCallout;
use leptos::{prelude::*, task::spawn_local, wasm_split::SplitLoaderError};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use uptrakit_api::{Problem, ProblemCode};

pub type Draw = fn() -> AnyView;

pub type Download = Pin<Box<dyn Future<Output = Result<Draw, SplitLoaderError>>>>;

/// Downloads the code of a view, or finds that it is there.
pub type Load = fn() -> Download;

/// Declares a view in a file of its own: `lazy_view!(name, || view! { … })` is a [`Load`] called `name`. Views that are
/// declared `in` the same file are downloaded together. Leptos's `#[lazy]` would end the whole app when the file can't be
/// loaded; this download can be tried again.
macro_rules! lazy_view {
    ($name:ident, || $view:expr) => {
        $crate::lazy::lazy_view!($name in $name, || $view);
    };
    ($name:ident in $file:ident, || $view:expr) => {
        fn $name() -> $crate::lazy::Download {
            #[cfg(feature = "split")]
            #[leptos::wasm_split::wasm_split($file, wasm_split_path = ::leptos::wasm_split, fallible)]
            fn $name() -> Result<$crate::lazy::Draw, leptos::wasm_split::SplitLoaderError> {
                Ok(|| $view.into_any())
            }
            #[cfg(not(feature = "split"))]
            async fn $name() -> Result<$crate::lazy::Draw, leptos::wasm_split::SplitLoaderError> {
                Ok(|| $view.into_any())
            }
            Box::pin($name())
        }
    };
}
pub(crate) use lazy_view;

#[derive(Clone, Copy)]
enum State {
    Waiting,
    Loaded(Draw),
    Failed,
}

impl From<Result<Draw, SplitLoaderError>> for State {
    fn from(outcome: Result<Draw, SplitLoaderError>) -> Self {
        outcome.map_or(Self::Failed, Self::Loaded)
    }
}

#[component]
pub fn Lazy(load: Load, waiting: fn() -> AnyView) -> impl IntoView {
    let state = RwSignal::new(State::Waiting);
    let ask = move || {
        let mut download = load();
        // Code that is there already is drawn at once, and `waiting` is not seen.
        match download.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => state.set(outcome.into()),
            Poll::Pending => {
                state.set(State::Waiting);
                spawn_local(async move {
                    let outcome = download.await;
                    state.try_set(outcome.into());
                });
            }
        }
    };
    ask();
    let inside = move || match state.get() {
        State::Waiting => waiting(),
        State::Loaded(draw) => untrack(draw),
        State::Failed => {
            let problem = Problem::new(
                ProblemCode::Unavailable,
                "This part of the page can't be loaded. Check the connection and try again. If that doesn't help, \
                 reload the page: the server may have been updated.",
            );
            view! { <ProblemCallout problem=problem on_retry=ask /> }.into_any()
        }
    };
    view! { {move || inside()} }
}

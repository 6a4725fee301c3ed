//! Data that a view shows: waiting, there, or refused. What is there stays visible while newer data is on its way,
//! so that a list never flickers and never says "empty" before it knows.

use crate::{dom::afterwards, rest::Pending, session::Session};
use leptos::prelude::*;
use uptrakit_api::{Page, Problem};

/// Puts data that has arrived where it is shown.
type Arrived = Box<dyn FnOnce()>;

/// Fetches, and goes on with what came of it.
type Fetch = Box<dyn Fn(Box<dyn FnOnce(Result<Arrived, Problem>)>)>;

/// Data and the way to get it again.
pub struct Loader<T: Send + Sync + 'static> {
    /// The newest data that arrived.
    pub data: RwSignal<Option<T>>,
    /// Why the last attempt brought none.
    pub problem: RwSignal<Option<Problem>>,
    /// Whether an attempt is under way.
    pub busy: RwSignal<bool>,
    again: RwSignal<()>,
}

impl<T: Send + Sync + 'static> Clone for Loader<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Loader<T> {}

impl<T: Send + Sync + 'static> Loader<T> {
    fn empty() -> Self {
        Self {
            data: RwSignal::new(None),
            problem: RwSignal::new(None),
            busy: RwSignal::new(true),
            again: RwSignal::new(()),
        }
    }

    /// Fetches now, and again whenever a signal moves that `fetch` reads.
    pub fn new(fetch: impl Fn() -> Pending<T> + 'static) -> Self {
        let loader = Self::empty();
        let data = loader.data;
        loader.start(fetch, move |value| data.set(Some(value)));
        loader
    }

    fn start(self, fetch: impl Fn() -> Pending<T> + 'static, show: impl Fn(T) + Copy + 'static) {
        let fetch: Fetch = Box::new(move |done| {
            fetch().then(move |answer| done(answer.map(|value| Box::new(move || show(value)) as Arrived)));
        });
        follow(fetch, self.problem, self.busy, self.again);
    }

    /// Fetches again.
    pub fn reload(self) {
        self.again.try_set(());
    }
}

impl<T: Send + Sync + 'static> Loader<Page<T>> {
    /// The same for a list in pages. A page behind the last one, whose rows are gone, is not shown: `turn` goes to the last
    /// one, and by that moves a signal that `fetch` reads.
    pub fn paged(fetch: impl Fn() -> Pending<Page<T>> + 'static, turn: impl Fn(u32) + 'static) -> Self {
        let loader = Self::empty();
        let data = loader.data;
        let turn = StoredValue::new_local(turn);
        loader.start(fetch, move |page| {
            let last = u32::try_from(page.total_pages).unwrap_or(u32::MAX).max(1);
            if page.page > last {
                turn.with_value(|turn| turn(last));
            } else {
                data.set(Some(page));
            }
        });
        loader
    }
}

/// Knows nothing of what is fetched, so that it is compiled once for all loaders.
fn follow(fetch: Fetch, problem: RwSignal<Option<Problem>>, busy: RwSignal<bool>, again: RwSignal<()>) {
    let session = Session::current();
    let newest = StoredValue::new(0_u32);
    afterwards(move || {
        again.track();
        let ticket = newest.get_value() + 1;
        newest.set_value(ticket);
        busy.set(true);
        fetch(Box::new(move |answer| {
            // The view is gone, or has asked for something else since.
            if newest.try_get_value() != Some(ticket) {
                return;
            }
            busy.set(false);
            match answer {
                Ok(show) => {
                    problem.set(None);
                    show();
                }
                Err(refusal) => {
                    session.heard(&refusal);
                    problem.set(Some(refusal));
                }
            }
        }));
    });
}

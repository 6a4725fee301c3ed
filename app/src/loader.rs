//! Data that a view shows: waiting, there, or refused. What is there stays visible while newer data is on its way,
//! so that a list never flickers and never says "empty" before it knows.

use crate::session::Session;
use leptos::{prelude::*, task::spawn_local};
use std::{future::Future, pin::Pin};
use uptrakit_api::Problem;

/// An answer that is on its way.
pub type Pending<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

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
    /// Fetches now, and again whenever a signal moves that `fetch` reads before its first await.
    pub fn new(fetch: impl Fn() -> Pending<T> + 'static) -> Self {
        let session = Session::current();
        let newest = StoredValue::new(0_u32);
        let loader = Self {
            data: RwSignal::new(None),
            problem: RwSignal::new(None),
            busy: RwSignal::new(true),
            again: RwSignal::new(()),
        };
        Effect::new(move || {
            loader.again.track();
            let ticket = newest.get_value() + 1;
            newest.set_value(ticket);
            let pending = fetch();
            loader.busy.set(true);
            spawn_local(async move {
                let answer = pending.await;
                // The view is gone, or has asked for something else since.
                if newest.try_get_value() != Some(ticket) {
                    return;
                }
                loader.busy.set(false);
                match answer {
                    Ok(data) => {
                        loader.problem.set(None);
                        loader.data.set(Some(data));
                    }
                    Err(problem) => {
                        session.heard(&problem);
                        loader.problem.set(Some(problem));
                    }
                }
            });
        });
        loader
    }

    /// Fetches again.
    pub fn reload(self) {
        self.again.try_set(());
    }
}

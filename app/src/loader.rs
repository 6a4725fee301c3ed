//! Data that a view shows: waiting, there, or refused. What is there stays visible while newer data is on its way, and when
//! that is refused, so that a list never flickers and never says "empty" before it knows.

use crate::{api_client::Answer, auth::use_auth};
use leptos::prelude::*;
use std::hash::Hash;
use uptrakit_api::{Page, Problem};

/// Puts data that has arrived where it is shown.
type Arrived = Box<dyn FnOnce()>;

type Fetch = Box<dyn Fn(Box<dyn FnOnce(Result<Arrived, Problem>)>)>;

/// Data and the way to get it again.
///
/// A `LocalResource` would wait for the answer under way before it asks anew, and show it: for one that hangs, for ever. Here
/// the newest question is asked at once, and its answer alone is shown.
pub struct Loader<T: Send + Sync + 'static> {
    pub data: RwSignal<Option<T>>,
    pub problem: RwSignal<Option<Problem>>,
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
    /// Fetches now, and again whenever a signal moves that `fetch` reads.
    pub fn new(fetch: impl Fn() -> Answer<T> + 'static) -> Self {
        Self::showing(fetch, |data, value| data.set(Some(value)))
    }

    fn showing(
        fetch: impl Fn() -> Answer<T> + 'static,
        show: impl Fn(RwSignal<Option<T>>, T) + Copy + 'static,
    ) -> Self {
        let loader = Self {
            data: RwSignal::new(None),
            problem: RwSignal::new(None),
            busy: RwSignal::new(true),
            again: RwSignal::new(()),
        };
        let data = loader.data;
        let fetch: Fetch = Box::new(move |done| {
            fetch().then(move |answer| done(answer.map(|value| Box::new(move || show(data, value)) as Arrived)));
        });
        follow(fetch, loader.problem, loader.busy, loader.again);
        loader
    }

    pub fn reload(self) {
        self.again.try_set(());
    }

    pub fn is_there(self) -> Memo<bool> {
        Memo::new(move |_| self.data.with(Option::is_some))
    }
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Loader<Page<T>> {
    /// Fetches a list in pages. A page behind the last one, whose rows are gone, is not shown: `turn` goes to the last
    /// one, and by that moves a signal that `fetch` reads.
    pub fn paged(fetch: impl Fn() -> Answer<Page<T>> + 'static, turn: impl Fn(u32) + 'static) -> Self {
        let turn = StoredValue::new_local(turn);
        Self::showing(fetch, move |data, page| {
            let last = u32::try_from(page.total_pages).unwrap_or(u32::MAX).max(1);
            if page.page > last {
                turn.with_value(|turn| turn(last));
            } else {
                data.set(Some(page));
            }
        })
    }

    pub fn items(self) -> Vec<T> {
        self.data.with(|page| page.as_ref().map(|page| page.items.clone()).unwrap_or_default())
    }

    pub fn is_empty(self) -> Memo<bool> {
        Memo::new(move |_| self.data.with(|page| page.as_ref().is_none_or(|page| page.items.is_empty())))
    }

    pub fn place(self) -> Memo<(u32, u64)> {
        Memo::new(move |_| self.data.with(|page| page.as_ref().map_or((1, 1), |page| (page.page, page.total_pages))))
    }

    /// Follows one of the items, as it is in the newest page that has it.
    pub fn item<K: Eq + Hash + 'static>(self, item: T, key: fn(&T) -> K) -> Memo<T> {
        Memo::new(move |known: Option<&T>| {
            let known = known.unwrap_or(&item);
            let newest = self.data.with(|page| {
                let items = page.as_ref().map(|page| page.items.as_slice()).unwrap_or_default();
                items.iter().find(|other| key(other) == key(known)).cloned()
            });
            newest.unwrap_or_else(|| known.clone())
        })
    }
}

/// Knows nothing of what is fetched, so that it is compiled once for all loaders.
fn follow(fetch: Fetch, problem: RwSignal<Option<Problem>>, busy: RwSignal<bool>, again: RwSignal<()>) {
    let auth = use_auth();
    let newest = StoredValue::new(0_u32);
    Effect::new(move |_| {
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
                Err(refused) => {
                    auth.heard(&refused);
                    problem.set(Some(refused));
                }
            }
        }));
    });
}

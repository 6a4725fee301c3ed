//! What a person has typed and opened, kept while they sign in again: when the session ends in the middle of work, the page
//! goes, and comes back as it was. It stays in the memory of this tab, never holds a secret, and is for the same account only.

use leptos::prelude::*;
use std::any::Any;
use uptrakit_api::AccountId;

type Value = Box<dyn Any>;

#[derive(Clone, Copy)]
pub struct Drafts(StoredValue<Store, LocalStorage>);

#[derive(Default)]
struct Store {
    watched: Vec<Watched>,
    next: u32,
    /// Values that the signals had when the session ended.
    saved: Vec<(&'static str, Value)>,
    owner: Option<AccountId>,
}

struct Watched {
    number: u32,
    name: &'static str,
    read: Box<dyn Fn() -> Option<Value>>,
}

/// A signal whose value is there again after the session ended and the same person signed in again. `name` belongs to it
/// alone among all that can be on the page at once.
pub fn kept<T: Clone + Send + Sync + 'static>(name: &'static str, initial: impl FnOnce() -> T) -> RwSignal<T> {
    let drafts = expect_context::<Drafts>();
    let saved = drafts.take(name).and_then(|value| value.downcast::<T>().ok());
    let signal = RwSignal::new(saved.map_or_else(initial, |value| *value));
    drafts.watch(name, Box::new(move || signal.try_get_untracked().map(|value| Box::new(value) as Value)));
    signal
}

pub fn kept_text(name: &'static str) -> RwSignal<String> {
    kept(name, String::new)
}

impl Drafts {
    pub fn provide() -> Self {
        let drafts = Self(StoredValue::new_local(Store::default()));
        provide_context(drafts);
        drafts
    }

    pub fn save(self, owner: AccountId) {
        self.0.update_value(|store| {
            store.owner = Some(owner);
            store.saved = store.watched.iter().filter_map(|signal| Some((signal.name, (signal.read)()?))).collect();
        });
    }

    pub fn keep_for(self, account: Option<AccountId>) {
        self.0.update_value(|store| {
            if account.is_none() || store.owner != account {
                store.saved.clear();
            }
        });
    }

    fn take(self, name: &str) -> Option<Value> {
        self.0.try_update_value(|store| {
            let place = store.saved.iter().position(|(saved, _)| *saved == name)?;
            Some(store.saved.swap_remove(place).1)
        })?
    }

    fn watch(self, name: &'static str, read: Box<dyn Fn() -> Option<Value>>) {
        let number = self.0.try_update_value(|store| {
            store.next += 1;
            store.watched.push(Watched { number: store.next, name, read });
            store.next
        });
        on_cleanup(move || {
            self.0.try_update_value(|store| store.watched.retain(|signal| Some(signal.number) != number));
        });
    }
}

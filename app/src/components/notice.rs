//! What just happened, in a sentence that stays until it is dismissed: nothing that matters disappears by itself.

use super::button;
use crate::dom::{El, el, live};
use leptos::prelude::*;

/// How a sentence is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// Something is to be heeded.
    Warn,
    /// It went wrong.
    Bad,
}

impl Tone {
    fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A sentence that stands in the flow of the page.
pub fn callout(tone: Tone, text: &str) -> El {
    el("p", "callout").attr("data-tone", tone.name()).child(text)
}

/// The page's one notice.
#[derive(Clone, Copy)]
pub struct Notices(RwSignal<Option<(Tone, String)>>);

impl Notices {
    /// Makes it for everything below.
    pub fn provide() {
        provide_context(Self(RwSignal::new(None)));
    }

    /// The one of this page.
    pub fn current() -> Self {
        expect_context()
    }

    /// Shows a sentence in place of the one before.
    pub fn show(self, tone: Tone, text: impl Into<String>) {
        self.0.set(Some((tone, text.into())));
    }

    /// Takes it away.
    pub fn dismiss(self) {
        if self.0.with_untracked(Option::is_some) {
            self.0.set(None);
        }
    }
}

/// Where it stands; always there, so that screen readers hear what comes into it.
pub fn notice_area() -> El {
    let notices = Notices::current();
    let text = live(move || notices.0.with(|notice| notice.as_ref().map(|(_, text)| text.clone())));
    let dismiss = live(move || {
        notices.0.with(Option::is_some).then(|| button("Dismiss", "button ghost small", move || notices.dismiss()))
    });
    let notice = el("div", "notice")
        .live_attr("data-tone", move || {
            notices.0.with(|notice| notice.as_ref().map(|(tone, _)| tone.name().to_owned()))
        })
        .child(el("p", "").attr("role", "status").child(text))
        .child(dismiss);
    el("div", "notices").child(notice)
}

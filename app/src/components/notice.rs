//! What just happened, in a sentence that stays until it is dismissed: nothing that matters disappears by itself.

use super::{Button, ButtonKind};
use leptos::prelude::*;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Neutral,
    Good,
    Warn,
    Bad,
}

impl Tone {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

#[component]
pub fn Callout(
    tone: Tone,
    /// Screen readers read an alert at once, and a refused form gives it the focus.
    #[prop(optional)]
    alert: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <p
            class="callout"
            data-tone=tone.as_str()
            role=alert.then_some("alert")
            tabindex=alert.then_some("-1")
        >
            {children()}
        </p>
    }
}

#[derive(Clone, Copy)]
pub struct Notices(RwSignal<Option<(Tone, String)>>);

pub fn use_notices() -> Notices {
    expect_context()
}

impl Notices {
    pub fn provide() {
        provide_context(Self(RwSignal::new(None)));
    }

    pub fn show(self, tone: Tone, text: impl Into<String>) {
        self.0.set(Some((tone, text.into())));
    }

    pub fn dismiss(self) {
        if self.0.with_untracked(Option::is_some) {
            self.0.set(None);
        }
    }
}

/// The place of the notice. It is always there, so that screen readers hear what comes into it.
#[component]
pub fn NoticeArea() -> impl IntoView {
    let notices = use_notices();
    let text = move || notices.0.with(|notice| notice.as_ref().map(|(_, text)| text.clone()));
    let is_shown = Memo::new(move |_| notices.0.with(Option::is_some));
    view! {
        <div class="notices">
            <div class="notice" data-tone=move || notices.0.with(|notice| notice.as_ref().map(|(tone, _)| tone.as_str()))>
                <p role="status">{move || text()}</p>
                {move || {
                    is_shown
                        .get()
                        .then(|| {
                            view! {
                                <Button kind=ButtonKind::Ghost small=true on_press=move || notices.dismiss()>
                                    "Dismiss"
                                </Button>
                            }
                            .into_any()
                        })
                }}
            </div>
        </div>
    }
}

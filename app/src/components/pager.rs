//! Turns the pages of a list; not there when there is but one.

use super::Button;
use leptos::prelude::*;

#[component]
pub fn Pager(
    label: &'static str,
    /// Page that is shown, and the number of pages.
    #[prop(into)]
    place: Signal<(u32, u64)>,
    #[prop(into)] turn: Callback<u32>,
) -> impl IntoView {
    let is_needed = Memo::new(move |_| {
        let (page, total) = place.get();
        total > 1 || page > 1
    });
    // A page that was emptied lies behind the last one.
    let back = move || {
        let (page, total) = place.get_untracked();
        turn.run(u32::try_from(total).unwrap_or(u32::MAX).min(page - 1).max(1));
    };
    let forth = move || turn.run(place.get_untracked().0 + 1);
    let is_first = Signal::derive(move || place.get().0 <= 1);
    let is_last = Signal::derive(move || {
        let (page, total) = place.get();
        u64::from(page) >= total
    });
    let words = move || {
        let (page, total) = place.get();
        format!("Page {page} of {total}")
    };
    let buttons = move || {
        is_needed.get().then(|| {
            view! {
                <nav class="pager" aria-label=label>
                    <Button small=true disabled=is_first on_press=back>
                        "Previous"
                    </Button>
                    <span>{move || words()}</span>
                    <Button small=true disabled=is_last on_press=forth>
                        "Next"
                    </Button>
                </nav>
            }
            .into_any()
        })
    };
    view! { {move || buttons()} }
}

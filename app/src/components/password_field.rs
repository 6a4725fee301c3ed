//! A password field that can be read while typing, and that counts along where a password is chosen. The count is
//! of characters, as the server counts them; whether a password is weak, only the server says, and then nothing here
//! praises it.

use super::{Field, Sentence, button};
use crate::dom::{El, afterwards, el, live};
use leptos::prelude::*;
use std::rc::Rc;

const SHORTEST: usize = 15;
const LONGEST: usize = 128;

/// A password; `choosing` where it is new.
pub fn password_field(label: &'static str, value: RwSignal<String>, error: Sentence, choosing: bool) -> El {
    let shown = RwSignal::new(false);
    let count = move || value.with(|text| text.chars().count());
    // A refusal is of what was sent, not of what is typed afterwards.
    let edited = RwSignal::new(false);
    let refused = Rc::clone(&error);
    afterwards(move || edited.set(refused().is_none()));
    let is_good = Rc::new(move || (SHORTEST..=LONGEST).contains(&count()) && edited.get());
    let praised = Rc::clone(&is_good);
    let hint = move || {
        Some(match count() {
            _ if !choosing => return None,
            0 => "15 to 128 characters. Several words in a row are easy to remember.".to_owned(),
            count if count < SHORTEST => format!("{count} of at least 15 characters."),
            count if count > LONGEST => format!("{count} characters: 128 is the most."),
            count => return praised().then(|| format!("{count} characters, long enough.")),
        })
    };
    let look = button("", "button ghost small", move || shown.update(|shown| *shown = !*shown))
        .child(live(move || if shown.get() { "Hide" } else { "Show" }))
        .child(el("span", "visually-hidden").child(" password"));
    let field = Field::line(label, value)
        .attr("autocomplete", if choosing { "new-password" } else { "current-password" })
        .attr("required", "")
        .error(error)
        .live_hint(Rc::new(hint));
    field.draw_in(|input| {
        let input = input
            .on("input", move |_| edited.set(true))
            .live_attr("type", move || Some(if shown.get() { "text" } else { "password" }.to_owned()));
        el("div", "password").child(input).child(look).child(choosing.then(|| strength(count, is_good)))
    })
}

/// How far the password is from long enough, for the eye; the hint says the same in words.
fn strength(count: impl Fn() -> usize + 'static, is_good: Rc<dyn Fn() -> bool>) -> El {
    el("meter", "strength")
        .attr("aria-hidden", "true")
        .attr("max", "15")
        .live_attr("data-state", move || Some(if is_good() { "good" } else { "short" }.to_owned()))
        .live_attr("value", move || Some(count().min(SHORTEST).to_string()))
}

//! Buttons. One that stands among its like in the rows of a list says to screen readers which row it is for.

use crate::dom::{El, el};

/// A button that does something here, other than sending a form.
pub fn button(label: &str, class: &str, press: impl FnMut() + 'static) -> El {
    el("button", class).attr("type", "button").child(label).on_press(press)
}

/// A button in a row; `of` completes its name, and `id` keeps the focus on it when the list is drawn anew.
pub fn row_button(label: &str, of: &str, id: &str, class: &str, press: impl FnMut() + 'static) -> El {
    button(label, class, press)
        .attr("id", &[label, "-", id].concat().replace(' ', "-"))
        .child(el("span", "visually-hidden").child(" ").child(of))
}

//! Turns the pages of a list; not there when there is but one.

use super::button;
use crate::dom::{El, el};
use std::rc::Rc;

/// Buttons to the page before and after. `label` names the list for screen readers.
pub fn pager(label: &str, page: u32, total_pages: u64, turn: impl Fn(u32) + 'static) -> Option<El> {
    (total_pages > 1 || page > 1).then(|| buttons(label, page, total_pages, Rc::new(turn)))
}

/// Apart from [`pager`], so that it is compiled once and not for every list.
fn buttons(label: &str, page: u32, total_pages: u64, back: Rc<dyn Fn(u32)>) -> El {
    let forth = Rc::clone(&back);
    // A page that was emptied lies behind the last one.
    let before = u32::try_from(total_pages).unwrap_or(u32::MAX).min(page - 1).max(1);
    el("nav", "pager")
        .attr("aria-label", label)
        .child(button("Previous", "button small", move || back(before)).flag("disabled", page <= 1))
        .child(el("span", "").child(format!("Page {page} of {total_pages}")))
        .child(button("Next", "button small", move || forth(page + 1)).flag("disabled", u64::from(page) >= total_pages))
}

//! Answers of tools: what a model reads of strangers' texts, and pages that stay below the size that clients take.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uptrakit_api::Page;

use super::call::Stop;

/// The items of an answer may have this many bytes, as structured content and as text together. An answer has at most
/// 100 kB, of which the rest is for what surrounds the items.
const LARGEST: usize = 90_000;

/// A page of a list in the form that the tools answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Paged<T> {
    pub items: Vec<T>,
    /// Number of items on all pages; null when it is not known before the last page.
    pub total: Option<u64>,
    pub page: u32,
    /// Number of items per page; fewer than asked for when so many would make the answer too large.
    pub per_page: u32,
    /// Number of the next page, to ask for with this `per_page`; null on the last page.
    pub next_page: Option<u32>,
}

/// Writes a result as JSON.
pub fn json<T: Serialize>(result: &T) -> Result<Value, Stop> {
    serde_json::to_value(result).map_err(|error| Stop::Refused(uptrakit_core::error::Error::Internal(error.into())))
}

impl<T: Serialize> From<Page<T>> for Paged<T> {
    fn from(page: Page<T>) -> Self {
        let Page { mut items, total, page, per_page, .. } = page;
        let offset = u64::from(page - 1) * u64::from(per_page);
        let fitting = count_fitting(&items);
        let (page, per_page) = if fitting < items.len() {
            // A smaller page begins at the same item, so that the pages after it miss none.
            let smaller = (1..=fitting as u64).rev().find(|size| offset.is_multiple_of(*size)).unwrap_or(1);
            let smaller = u32::try_from(smaller).unwrap_or(1);
            items.truncate(smaller as usize);
            (u32::try_from(offset / u64::from(smaller) + 1).unwrap_or(u32::MAX), smaller)
        } else {
            (page, per_page)
        };
        let is_last = u64::from(page) * u64::from(per_page) >= total;
        Self { items, total: Some(total), page, per_page, next_page: (!is_last).then(|| page.saturating_add(1)) }
    }
}

fn count_fitting<T: Serialize>(items: &[T]) -> usize {
    let mut left = LARGEST;
    let fits = |item: &&T| match left.checked_sub(weight(*item)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    items.iter().take_while(fits).count().max(1)
}

/// Returns the bytes of an item as JSON, and as JSON within a JSON text.
fn weight<T: Serialize>(item: &T) -> usize {
    let text = serde_json::to_string(item).unwrap_or_default();
    let escapes = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    2 * text.len() + escapes + 2
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, Paged, weight};
    use uptrakit_api::Page;

    fn page(page: u32, per_page: u32, items: Vec<String>) -> Paged<String> {
        Page { items, total: 1_000, page, per_page, total_pages: 1_000_u64.div_ceil(per_page.into()) }.into()
    }

    #[test]
    fn a_page_that_fits_is_answered_as_it_was_asked_for() {
        let answer = page(2, 20, vec!["x".into(); 20]);
        assert_eq!((answer.items.len(), answer.page, answer.per_page, answer.next_page), (20, 2, 20, Some(3)));
        assert_eq!(page(50, 20, vec!["x".into(); 20]).next_page, None);
        assert_eq!(page(51, 20, Vec::new()).next_page, None);
    }

    #[test]
    fn a_page_that_is_too_large_becomes_a_smaller_one_that_begins_at_the_same_item() {
        for (asked, per_page) in [(1, 100), (2, 100), (3, 97), (7, 60), (10, 100)] {
            let answer = page(asked, per_page, vec!["\"".repeat(900); per_page as usize]);
            let offset = u64::from(asked - 1) * u64::from(per_page);
            assert_eq!(u64::from(answer.page - 1) * u64::from(answer.per_page), offset, "{asked} {per_page}");
            assert_eq!(answer.items.len(), answer.per_page as usize);
            assert_eq!(answer.next_page, Some(answer.page + 1));
            assert!(answer.items.iter().map(weight).sum::<usize>() <= LARGEST);
        }
    }

    #[test]
    fn the_weight_is_that_of_both_forms() {
        for text in ["plain", "a \"quote\" and a \\", "\u{e9}\u{1f511}", ""] {
            let structured = serde_json::to_string(text).unwrap();
            let within = serde_json::to_string(&structured).unwrap();
            assert!(weight(&text) + 2 >= structured.len() + within.len(), "{text}");
        }
    }
}

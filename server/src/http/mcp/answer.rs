//! Answers of tools: what a model reads of strangers' texts, and pages that stay below the size that clients take.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uptrakit_api::Page;
use uptrakit_core::error::Error;

use super::call::Stop;

/// The items of an answer may have this many bytes, as structured content and as text together. An answer has at most
/// 100 kB, of which the rest is for what surrounds the items.
const LARGEST: usize = 90_000;

/// A part of a list, as the tools answer it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Paged<T> {
    pub items: Vec<T>,
    /// Number of items in the whole list; null when it is not known before the last part.
    pub total: Option<u64>,
    /// Argument cursor of the call that answers the items after these; null when there are none.
    pub next_cursor: Option<String>,
}

/// The part of a list that a call asks for. The cursor is the number of items before the part, so that a call misses no
/// item where the former answer had less room than was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    offset: u32,
    per_page: u32,
}

impl Part {
    const DEFAULT: u32 = 50;
    const LONGEST_LIST: u32 = 999_999_999;

    pub fn parse(cursor: Option<&str>, per_page: Option<u32>) -> Result<Self, Stop> {
        let number = |cursor: &str| {
            let offset: u32 = cursor.parse().ok()?;
            // Only what an answer can have said is accepted, and no sign or zeros in front.
            (offset.to_string() == cursor && offset <= Self::LONGEST_LIST).then_some(offset)
        };
        let offset = cursor.map_or(Some(0), number);
        let offset = offset.ok_or_else(|| Error::field("cursor", "must be the next_cursor of an answer, unchanged"))?;
        Ok(Self { offset, per_page: per_page.unwrap_or(Self::DEFAULT) })
    }

    /// Returns the number of the page that holds the first item of this part.
    pub fn page(self) -> String {
        (self.offset / self.per_page.max(1) + 1).to_string()
    }

    pub fn per_page(self) -> String {
        self.per_page.to_string()
    }

    /// Answers the items of that page from the first item of this part on, as many as fit.
    pub fn of<T: Serialize>(self, page: Page<T>) -> Paged<T> {
        let Page { mut items, total, .. } = page;
        items.drain(..items.len().min((self.offset % self.per_page.max(1)) as usize));
        items.truncate(count_fitting(&items));
        let next = u64::from(self.offset) + items.len() as u64;
        let is_last = items.is_empty() || next >= total;
        Paged { items, total: Some(total), next_cursor: (!is_last).then(|| next.to_string()) }
    }
}

pub fn json<T: Serialize>(result: &T) -> Result<Value, Stop> {
    serde_json::to_value(result).map_err(|error| Stop::Refused(Error::Internal(error.into())))
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
    use super::{LARGEST, Paged, Part, weight};
    use uptrakit_api::Page;

    const TOTAL: usize = 1_000;

    fn answer(cursor: Option<&str>, per_page: u32, text: impl Fn(usize) -> String) -> Paged<String> {
        let part = Part::parse(cursor, Some(per_page)).unwrap();
        let page: usize = part.page().parse().unwrap();
        let first = (page - 1) * per_page as usize;
        let items = (first..(first + per_page as usize).min(TOTAL)).map(text).collect();
        part.of(Page { items, total: TOTAL as u64, page: 1, per_page, total_pages: 1 })
    }

    #[test]
    fn following_the_cursors_misses_no_item_and_repeats_none() {
        for per_page in [1, 7, 50, 97, 100] {
            for length in [1, 300, 900, 3_000] {
                let text = |index: usize| format!("{index:04}{}", "\"".repeat(length * (index % 3 + 1)));
                let (mut cursor, mut seen) = (None, Vec::new());
                loop {
                    let answer = answer(cursor.as_deref(), per_page, text);
                    assert!(answer.items.iter().map(weight).sum::<usize>() <= LARGEST);
                    seen.extend(answer.items.into_iter().map(|item| item[..4].parse::<usize>().unwrap()));
                    cursor = answer.next_cursor;
                    if cursor.is_none() {
                        break;
                    }
                }
                assert!(seen.iter().copied().eq(0..TOTAL), "{per_page} {length}");
            }
        }
    }

    #[test]
    fn a_cursor_means_the_same_whatever_the_size_of_the_page() {
        let text = |index: usize| index.to_string();
        for per_page in [3, 20, 100] {
            assert_eq!(answer(Some("45"), per_page, text).items[0], "45");
        }
        assert_eq!(answer(Some("2000"), 20, text).next_cursor, None);
        for cursor in ["", "-1", "+1", "01", "x", "1.5", "99999999999"] {
            assert!(Part::parse(Some(cursor), None).is_err(), "{cursor}");
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

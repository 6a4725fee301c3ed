//! Answers of tools: what a model reads of strangers' texts, and pages that stay below the size that clients take.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uptrakit_api::Page;
use uptrakit_core::{domain::paging::Paging, error::Error};

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

/// The part of a list that a call asks for. The cursor is the key of the item before the part, and the place where that
/// item was. If the list has changed since, the item is looked for near that place, so that a call that follows a cursor
/// repeats no item, and leaves out none that is behind it now. A key has an item's id, and what the list is sorted by
/// where that can change: an item that has moved by it is no place to go on from.
#[derive(Clone, Debug)]
pub struct Part {
    after: Option<(String, u32)>,
    most: u32,
}

/// The items of a part, and one more where the list goes on behind it.
pub struct Found<T> {
    pub items: Vec<T>,
    /// The number of items of the list before these.
    pub first: u64,
    pub total: u64,
}

impl Part {
    const DEFAULT: u32 = 50;
    const MOST: u32 = 100;
    const LONGEST_LIST: u32 = 999_999_999;

    pub fn parse(cursor: Option<&str>, per_page: Option<u32>) -> Result<Self, Stop> {
        let most = per_page.unwrap_or(Self::DEFAULT);
        if !(1..=Self::MOST).contains(&most) {
            return Err(Error::field("per_page", format!("must be a whole number from 1 to {}", Self::MOST)).into());
        }
        let read = |cursor: &str| {
            let (key, place) = cursor.split_once('.')?;
            let place: u32 = place.parse().ok()?;
            Some((key.to_owned(), place)).filter(|_| !key.is_empty() && place <= Self::LONGEST_LIST)
        };
        let wrong = || Error::field("cursor", "must be the next_cursor of an answer, unchanged");
        let after = cursor.map(|cursor| read(cursor).ok_or_else(wrong)).transpose()?;
        Ok(Self { after, most })
    }

    /// Reads the part. `read` returns some items of the list.
    pub async fn read<T, F: Future<Output = Result<Page<T>, Error>>>(
        &self,
        key: impl Fn(&T) -> String,
        read: impl Fn(Paging) -> F,
    ) -> Result<Found<T>, Stop> {
        let wanted = self.most + 1;
        let Some((after, place)) = &self.after else {
            let Page { items, total, .. } = read(Paging::part(0, wanted)).await?;
            return Ok(Found { items, first: 0, total });
        };
        let offset = place.saturating_sub(self.most);
        let page = read(Paging::part(offset.into(), place - offset + 1 + wanted)).await?;
        let index = page.items.iter().position(|item| key(item) == *after).ok_or_else(changed)?;
        let mut found = Self::behind(page, index, u64::from(offset) + index as u64 + 1);
        let reached = found.first + found.items.len() as u64;
        if found.items.len() < wanted as usize && reached < found.total {
            // Others have come before the item, so that the part begins and ends further on.
            let page = read(Paging::part(found.first - 1, 1 + wanted)).await?;
            page.items.first().filter(|item| key(item) == *after).ok_or_else(changed)?;
            found = Self::behind(page, 0, found.first);
        }
        found.items.truncate(wanted as usize);
        Ok(found)
    }

    fn behind<T>(page: Page<T>, index: usize, first: u64) -> Found<T> {
        let Page { mut items, total, .. } = page;
        Found { items: items.split_off(index + 1), first, total }
    }

    /// Answers as many of the items as fit.
    pub fn answer<T, U: Serialize>(
        &self,
        found: Found<T>,
        key: impl Fn(&T) -> String,
        convert: impl Fn(T) -> U,
    ) -> Paged<U> {
        let Found { items, first, total, .. } = found;
        let count = items.len();
        let keys: Vec<String> = items.iter().map(key).collect();
        let mut items: Vec<U> = items.into_iter().take(self.most as usize).map(convert).collect();
        items.truncate(count_fitting(&items));
        let next = items.len().checked_sub(1).filter(|_| items.len() < count);
        let next_cursor = next.map(|last| format!("{}.{}", keys[last], first + last as u64));
        Paged { items, total: Some(total), next_cursor }
    }
}

/// Says that a list can't be followed any more.
fn changed() -> Stop {
    Stop::Told(
        "The list has changed since the answer that the argument cursor is from, and the item that it ended with is no \
         longer where it was. Call again without cursor, from the beginning."
            .into(),
    )
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
    use super::{LARGEST, Paged, Part, Stop, weight};
    use std::future::ready;
    use uptrakit_api::Page;

    type Item = (u128, String);

    fn list(numbers: impl IntoIterator<Item = u128>, length: usize) -> Vec<Item> {
        let item = |number: u128| (number, "\"".repeat(if number.is_multiple_of(3) { 3 * length } else { length }));
        numbers.into_iter().map(item).collect()
    }

    async fn answer(list: &[Item], cursor: Option<&str>, per_page: u32) -> Result<Paged<Item>, Stop> {
        let part = Part::parse(cursor, Some(per_page))?;
        let id = |item: &Item| item.0.to_string();
        let found = part.read(id, |paging| {
            let bounds = paging.slice();
            let (offset, limit) = (usize::try_from(bounds.offset).unwrap(), usize::try_from(bounds.limit).unwrap());
            let items = list.iter().skip(offset).take(limit).cloned().collect();
            ready(Ok(Page { items, total: list.len() as u64, page: 1, per_page, total_pages: 1 }))
        });
        Ok(part.answer(found.await?, id, |item| item))
    }

    fn numbers(answer: &Paged<Item>) -> Vec<u128> {
        answer.items.iter().map(|item| item.0).collect()
    }

    #[tokio::test]
    async fn following_the_cursors_misses_no_item_and_repeats_none() {
        for per_page in [1, 7, 50, 97, 100] {
            for length in [1, 300, 900, 3_000] {
                let list = list(0..500, length);
                let (mut cursor, mut seen) = (None, Vec::new());
                loop {
                    let answer = answer(&list, cursor.as_deref(), per_page).await.unwrap();
                    assert!(answer.items.iter().map(weight).sum::<usize>() <= LARGEST);
                    assert!(!answer.items.is_empty(), "a cursor leads to items");
                    seen.extend(numbers(&answer));
                    cursor = answer.next_cursor;
                    if cursor.is_none() {
                        break;
                    }
                }
                assert!(seen.iter().copied().eq(0..500), "{per_page} {length}");
            }
        }
    }

    #[tokio::test]
    async fn a_list_that_has_changed_goes_on_behind_the_item_that_was_last() {
        let before = list(100..200, 1);
        let cursor = answer(&before, None, 20).await.unwrap().next_cursor;
        for (change, after) in [
            ("items come before", list(90..200, 1)),
            ("items are gone before", list(115..200, 1)),
            ("the first is gone, and others came", list([50, 51, 52].into_iter().chain(101..200), 1)),
        ] {
            for per_page in [20, 50] {
                let answer = answer(&after, cursor.as_deref(), per_page).await.unwrap();
                assert_eq!(numbers(&answer)[..3], [120, 121, 122], "{change}");
            }
        }
        let gone = list((100..119).chain(120..200), 1);
        let Err(Stop::Told(sentence)) = answer(&gone, cursor.as_deref(), 20).await else {
            panic!("nothing is guessed")
        };
        assert!(sentence.contains("Call again without cursor"), "{sentence}");
        let ends = list(100..120, 1);
        assert_eq!(answer(&ends, cursor.as_deref(), 20).await.unwrap().next_cursor, None);
    }

    #[tokio::test]
    async fn items_that_come_before_the_cursor_end_no_list() {
        for (before, per_page) in [(1, 10), (2, 10), (9, 10), (10, 10), (1, 50), (49, 50)] {
            let cursor = answer(&list(100..200, 1), None, per_page).await.unwrap().next_cursor;
            let grown = list(100 - before..200, 1);
            let (mut cursor, mut seen) = (cursor, Vec::new());
            while let Some(next) = cursor {
                let part = answer(&grown, Some(&next), per_page).await.unwrap();
                seen.extend(numbers(&part));
                cursor = part.next_cursor;
            }
            assert!(seen.iter().copied().eq(100 + u128::from(per_page)..200), "{before} {per_page}: {seen:?}");
        }
    }

    #[test]
    fn a_cursor_that_no_answer_had_is_refused() {
        for cursor in ["", "20", ".1", "x", "x.", "x.-1", "x.y", "x.99999999999", "x.1.2"] {
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

//! Pages and sort orders of lists, parsed from a query string.

use uptrakit_api::{FieldError, Page};
use uptrakit_store::PageBounds;

use crate::error::Error;

#[derive(Clone, Copy, Debug)]
pub struct Paging {
    offset: u64,
    page: u32,
    per_page: u32,
}

impl Paging {
    /// Parses `page` (from 1) and `per_page` (1 to 100, 20 by default).
    pub fn parse(page: Option<&str>, per_page: Option<&str>) -> Result<Self, Error> {
        let mut errors = Vec::new();
        let mut number = |field: &str, text: Option<&str>, default: u32, most: u32| {
            // The standard library's `parse` accepts a leading sign.
            let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
            let value = text.map_or(Some(default), |text| Some(text).filter(digits)?.parse().ok());
            value.filter(|value| (1..=most).contains(value)).unwrap_or_else(|| {
                let message = format!("must be a whole number from 1 to {most}");
                errors.push(FieldError { field: field.into(), message });
                default
            })
        };
        let page = number("page", page, 1, 1_000_000_000);
        let per_page = number("per_page", per_page, 20, 100);
        let offset = u64::from(page - 1) * u64::from(per_page);
        if errors.is_empty() { Ok(Self { offset, page, per_page }) } else { Err(Error::Invalid(errors)) }
    }

    /// Takes a part of a list that need not begin where a page does.
    #[must_use]
    pub const fn part(offset: u64, items: u32) -> Self {
        Self { offset, page: 1, per_page: items }
    }

    #[must_use]
    pub fn slice(self) -> PageBounds {
        PageBounds { offset: i64::try_from(self.offset).unwrap_or(i64::MAX), limit: self.per_page.into() }
    }

    pub fn page<T>(self, items: Vec<T>, total: i64) -> Page<T> {
        let total = total.unsigned_abs();
        Page {
            items,
            total,
            page: self.page,
            per_page: self.per_page,
            total_pages: total.div_ceil(self.per_page.into()),
        }
    }
}

/// Parses a sort order: one of the names, with `-` in front for descending.
pub fn parse_sort<S: Copy>(text: Option<&str>, default: (S, bool), names: &[(&str, S)]) -> Result<(S, bool), Error> {
    let Some(text) = text else { return Ok(default) };
    let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
    match names.iter().find(|(known, _)| *known == name) {
        Some((_, sort)) => Ok((*sort, descending)),
        None => {
            let known: Vec<&str> = names.iter().map(|(known, _)| *known).collect();
            Err(Error::field("sort", format!("must be one of {}, with - in front for descending", known.join(", "))))
        }
    }
}

//! Pages, in which the API returns all long lists.

use serde::{Deserialize, Serialize};

/// One page of a list, with the size of the whole list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// Items of this page; empty when the page is past the end of the list.
    pub items: Vec<T>,
    /// Number of items on all pages. Example: `42`.
    pub total: u64,
    /// Number of this page, from 1. Example: `2`.
    pub page: u32,
    /// Number of items per page. Example: `20`.
    pub per_page: u32,
    /// Number of pages; 0 when the list is empty. Example: `3`.
    pub total_pages: u64,
}

impl<T> Page<T> {
    /// Converts the items of the page and keeps its numbers.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        let Self { items, total, page, per_page, total_pages } = self;
        Page { items: items.into_iter().map(change).collect(), total, page, per_page, total_pages }
    }
}

/// Query for one page of a list. Values are text as sent, so that an error can name the parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Number of the page, from 1; 1 when left out. Example: `2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Number of items per page, from 1 to 100; 20 when left out. Example: `50`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_page: Option<String>,
}

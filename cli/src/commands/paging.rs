//! Lists that come in pages: fetches one page, or all of them joined into one.

use crate::{
    args::Paging,
    failure::Failure,
    http::Client,
    output::{Format, Output},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uptrakit_api::tolerant::Page;

const LARGEST_PAGE: u32 = 100;

pub struct List<T> {
    /// The page as the API sent it, or all pages joined in the shape of one.
    pub page: Value,
    pub items: Vec<T>,
    pub total: u64,
    /// The page that was asked for, if it does not exist. People get the last page instead.
    past_the_end: Option<u32>,
}

/// The list may shrink between two answers, so the last page is asked for several times, up to this limit.
const ATTEMPTS: usize = 3;

pub fn fetch<T: DeserializeOwned>(
    client: &Client,
    tried: &str,
    path: &str,
    mut query: Vec<(&str, String)>,
    paging: &Paging,
    format: Format,
) -> Result<List<T>, Failure> {
    if paging.all {
        return fetch_all(client, tried, path, &query);
    }
    query.extend(paging.per_page.map(|per_page| ("per_page", per_page.to_string())));
    let get = |number: Option<u64>| {
        let mut query = query.clone();
        query.extend(number.map(|number| ("page", number.to_string())));
        let answer = client.get(tried, path, &query).map_err(|failure| failure.in_flags(in_flag))?;
        let page: Page<T> = answer.read()?;
        Ok((answer.value, page))
    };
    let (mut value, mut page) = get(paging.page.map(u64::from))?;
    let is_past_the_end = page.items.is_empty() && page.total_pages > 0;
    let past_the_end = paging.page.filter(|_| is_past_the_end);
    // Programs get the API's page, which is empty past the end.
    for _ in 0..if format == Format::Human { ATTEMPTS } else { 0 } {
        if !page.items.is_empty() || page.total_pages == 0 {
            break;
        }
        (value, page) = get(Some(page.total_pages))?;
    }
    Ok(List { page: value, items: page.items, total: page.total, past_the_end })
}

fn in_flag(field: &str, message: &str) -> Option<(String, String)> {
    let flag = match field {
        "q" => "--search",
        "state" => "--state",
        "sort" => "--sort",
        "page" => "--page",
        "per_page" => "--per-page",
        _ => return None,
    };
    Some((flag.to_owned(), message.to_owned()))
}

pub fn fetch_all<T: DeserializeOwned>(
    client: &Client,
    tried: &str,
    path: &str,
    query: &[(&str, String)],
) -> Result<List<T>, Failure> {
    let mut items = Vec::new();
    let mut values = Vec::new();
    for number in 1_u32.. {
        let mut query = query.to_vec();
        query.extend([("page", number.to_string()), ("per_page", LARGEST_PAGE.to_string())]);
        let mut answer = client.get(tried, path, &query).map_err(|failure| failure.in_flags(in_flag))?;
        let page: Page<T> = answer.read()?;
        if let Some(Value::Array(fresh)) = answer.value.get_mut("items").map(Value::take) {
            values.extend(fresh);
        }
        let ended = page.items.is_empty() || u64::from(number) >= page.total_pages;
        items.extend(page.items);
        if ended {
            break;
        }
    }
    // The items are counted, because the server's total may have changed from one page to the next.
    let total = items.len() as u64;
    let page =
        json!({"items": values, "total": total, "page": 1, "per_page": total, "total_pages": u64::from(total > 0)});
    Ok(List { page, items, total, past_the_end: None })
}

pub fn remark<T>(list: &List<T>, what: &str, output: &Output) {
    let number = |field: &str| list.page.get(field).and_then(Value::as_u64).unwrap_or_default();
    match list.past_the_end {
        Some(asked) if list.items.is_empty() => {
            let last = number("total_pages");
            return output.note(&format!("there is no page {asked}; the last one is page {last}"));
        }
        Some(asked) => {
            output.note(&format!("there is no page {asked}; this is page {}, the last one", number("page")));
        }
        None => {}
    }
    if list.items.is_empty() {
        output.note(&format!("no {what}"));
    } else if list.total > list.items.len() as u64 {
        output.note(&format!("{} of {} {what}; --all fetches the rest", list.items.len(), list.total));
    }
}

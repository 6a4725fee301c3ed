//! The part of a list.

use super::values;
use clap::Args;

#[derive(Debug, Args)]
pub struct Paging {
    /// Fetch every page
    #[arg(long, conflicts_with_all = ["page", "per_page"])]
    pub all: bool,
    /// Number of the page, from 1
    #[arg(long, value_name = "N", value_parser = values::page_number)]
    pub page: Option<u32>,
    /// Number of items on a page, 1 to 100
    #[arg(long, value_name = "N", value_parser = values::page_size)]
    pub per_page: Option<u32>,
}

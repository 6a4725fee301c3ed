//! Which rows of a list.

/// Which rows of a list: how many to skip and how many to take.
#[derive(Clone, Copy, Debug)]
pub struct PageBounds {
    /// How many to skip.
    pub offset: i64,
    /// How many to take.
    pub limit: i64,
}

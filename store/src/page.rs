//! The bounds of one page of a list.

#[derive(Clone, Copy, Debug)]
pub struct PageBounds {
    pub offset: i64,
    pub limit: i64,
}

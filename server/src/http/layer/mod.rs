//! What every request passes through.

pub mod cut_off;
pub mod visit;

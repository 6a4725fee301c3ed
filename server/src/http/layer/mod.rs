//! Layers that every request passes through.

pub mod cut_off;
pub mod request_context;

//! What ties requests in with the traces of others.

pub mod trace_parent;

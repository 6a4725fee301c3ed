//! Uptrakit's single-page app: the pages, the components they are made of, and the server functions they call.
//!
//! The `csr` feature builds it for the browser; `ssr` registers the server functions in the server.

#[cfg(feature = "ssr")]
pub mod backend;
pub mod rpc;

//! Uptrakit's single-page app: the pages, the components they are made of, and the server functions they call.
//!
//! The `csr` feature builds it for the browser; `ssr` registers the server functions in the server.

#[cfg(feature = "csr")]
mod app;
#[cfg(feature = "csr")]
mod clock;
#[cfg(feature = "csr")]
mod components;
#[cfg(any(feature = "csr", test))]
mod destination;
#[cfg(any(feature = "csr", test))]
mod distance;
#[cfg(feature = "csr")]
mod dom;
#[cfg(feature = "csr")]
mod drafts;
#[cfg(any(feature = "csr", test))]
mod lifetime;
#[cfg(feature = "csr")]
mod loader;
#[cfg(feature = "csr")]
mod pages;
#[cfg(feature = "csr")]
mod rest;
#[cfg(feature = "csr")]
mod route;
pub mod rpc;
#[cfg(feature = "csr")]
mod session;
#[cfg(feature = "csr")]
mod submission;
#[cfg(any(feature = "csr", test))]
mod wording;

#[cfg(feature = "csr")]
pub use app::mount;

//! Uptrakit's single-page app: the pages, the components they are made of, and the server functions they call.
//!
//! The `csr` feature builds it for the browser; `ssr` registers the server functions in the server.

#[cfg(feature = "csr")]
mod api_client;
#[cfg(feature = "csr")]
mod app;
#[cfg(feature = "csr")]
mod auth;
#[cfg(feature = "csr")]
mod clock;
#[cfg(feature = "csr")]
mod components;
#[cfg(feature = "csr")]
mod drafts;
#[cfg(feature = "csr")]
mod focus;
#[cfg(feature = "csr")]
mod lazy;
#[cfg(any(feature = "csr", test))]
mod lifetime;
#[cfg(feature = "csr")]
mod list_page;
#[cfg(feature = "csr")]
mod loader;
#[cfg(feature = "csr")]
mod navigation;
#[cfg(feature = "csr")]
mod pages;
#[cfg(any(feature = "csr", test))]
mod relative_time;
pub mod rpc;
#[cfg(any(feature = "csr", test))]
mod safe_redirect;
#[cfg(feature = "csr")]
mod submission;
#[cfg(any(feature = "csr", test))]
mod wording;

#[cfg(feature = "csr")]
pub use app::mount;

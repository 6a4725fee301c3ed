//! The pages, one per file; the files' tree is the address's tree.

mod confirm_token;
#[cfg(debug_assertions)]
mod design;
mod hosts;
mod login;
mod not_found;
mod oauth;
mod profile;
mod setup;
mod users;

#[cfg(debug_assertions)]
pub use design::Design;
pub use hosts::Hosts;
pub use login::Login;
pub use not_found::NotFound;
pub use oauth::{Consent, Device};
pub use profile::Profile;
pub use setup::Setup;
pub use users::Users;

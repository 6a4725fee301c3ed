//! The pages, one per file; the files' tree is the address's tree.

#[cfg(debug_assertions)]
mod design;
mod hosts;
mod login;
mod not_found;
mod profile;
mod setup;
mod users;

#[cfg(debug_assertions)]
pub use design::design;
pub use hosts::hosts;
pub use login::login;
pub use not_found::not_found;
pub use profile::profile;
pub use setup::setup;
pub use users::users;

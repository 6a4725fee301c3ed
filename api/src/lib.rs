//! Uptrakit's wire contract: what goes over HTTP, and the rules both ends must agree on.
//!
//! Everything here builds for the browser as well as for the server: no I/O, no clock, no source of randomness.
//! Requests carry text as it was typed; the server's domain parses it. Responses are typed.

#![warn(missing_docs)]

mod account;
mod audit;
mod character;
mod host;
mod id;
#[cfg(feature = "openapi")]
mod openapi;
mod page;
mod permission;
mod problem;
mod secret;
mod session;
mod timestamp;
mod token;
mod token_text;
mod user;

pub use account::{Account, ChangePassword, Me, PasswordChanged, SetUp, SignIn};
pub use audit::{AuditEvent, AuditExportQuery, AuditQuery};
pub use character::is_control;
pub use host::{Host, HostQuery, HostReport, UpdateHost};
pub use id::{AccountId, EventId, HostId, SessionId, TokenId};
pub use page::{Page, PageQuery};
pub use permission::{Permission, Permissions, Role, Roles, UnknownPermission, UnknownRole};
pub use problem::{FieldError, Problem, ProblemCode};
pub use secret::Secret;
pub use session::Session;
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use token::{CreateToken, CreatedToken, RotateToken, Rotation, Token, TokenQuery, TokenState, UpdateToken};
pub use token_text::{InvalidTokenText, TokenSecret};
pub use user::{CreateInvitation, CreateUser, CreatedUser, UpdateUser, User};

/// Reads a field that may be left out, null or a value: `None`, `Some(None)` and `Some(Some(_))`.
#[expect(clippy::option_option, reason = "left out, null and a value are three different wishes of a PATCH")]
fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    serde::Deserialize::deserialize(deserializer).map(Some)
}

//! Uptrakit's wire contract: the requests and answers of the HTTP API, and the rules that both ends must agree on.
//!
//! The crate is built for the browser as well as for the server, so it has no I/O, no clock and no source of
//! randomness. Requests carry text as it was typed, which the server's domain parses. Responses are typed.

#![warn(missing_docs)]

mod account;
mod audit;
mod audit_action;
mod character;
pub mod encoding;
pub mod header;
mod host;
mod id;
mod name_key;
mod oauth;
#[cfg(feature = "openapi")]
mod openapi;
mod page;
mod permission;
mod problem;
mod secret;
mod session;
mod timestamp;
mod token;
mod token_secret;
pub mod tolerant;
mod user;
mod wrapping;

pub use account::{Account, ChangePassword, Me, PasswordChanged, SetUp, SignIn};
pub use audit::{AuditEvent, AuditExportQuery, AuditQuery};
pub use audit_action::AuditAction;
pub use character::is_control;
pub use host::{Host, HostQuery, HostReport, UpdateHost};
pub use id::{AccountId, ApplicationId, EventId, GrantId, HostId, SessionId, TokenId};
pub use name_key::{is_invisible, name_key, single_spaced};
pub use oauth::{
    AnswerDestination, Application, ApplicationKind, Approval, ConnectedApplication, Consent, OpenedRequest,
    UpdateApplication,
};
pub use page::{Page, PageQuery};
pub use permission::{Permission, Permissions, Role, Roles, UnknownPermission, UnknownRole};
pub use problem::{FieldError, Problem, ProblemCode};
pub use secret::Secret;
pub use session::Session;
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use token::{
    ConfirmToken, CreateToken, CreatedToken, RotateToken, Rotation, Token, TokenQuery, TokenState, UpdateToken,
};
pub use token_secret::{
    AccessToken, AuthorizationCode, CheckedSecret, DeviceCode, InvalidTokenSecret, RefreshToken, SecretKind,
    TokenSecret, holds_secret,
};
pub use user::{CreateInvitation, CreateUser, CreatedUser, UpdateUser, User};
pub use wrapping::Wrappings;

/// Reads a field that can be left out, null or a value as `None`, `Some(None)` or `Some(Some(_))`. Together with
/// `serde(default)`, which gives the first.
#[expect(clippy::option_option, reason = "left out, null and a value are three different wishes of a PATCH")]
fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    serde::Deserialize::deserialize(deserializer).map(Some)
}

//! The calls that only the single-page app makes: server functions under `/rpc`, POST and JSON, with the web
//! session's cookie. The body of each calls the domain once, with the session as its proof.

mod accounts;
mod oauth;
#[cfg(feature = "ssr")]
mod page_request;
mod rpc_error;
mod sessions;
mod tokens;

#[cfg(feature = "csr")]
pub(crate) use accounts::{ChangePassword, FindVisitor, GetInvitation, SetUp};
pub use accounts::{Invitation, Visitor, change_password, find_visitor, get_invitation, set_up};
#[cfg(feature = "csr")]
pub(crate) use oauth::{ApproveConsent, ApproveDevice, DenyConsent, DenyDevice, OpenConsent, OpenDevice};
pub use oauth::{approve_consent, approve_device, deny_consent, deny_device, open_consent, open_device};
#[cfg(feature = "ssr")]
pub use page_request::{PageAnswer, PageRequest, SessionChange};
pub use rpc_error::RpcError;
pub use sessions::{
    Activity, ListActivity, ListSessions, end_other_sessions, end_session, list_activity, list_sessions, sign_in,
    sign_out,
};
#[cfg(feature = "csr")]
pub(crate) use sessions::{EndOtherSessions, EndSession, SignIn, SignOut};
#[cfg(feature = "csr")]
pub(crate) use tokens::{CreateToken, EndOverlap, FindFirstUse, RevokeToken, RotateToken, UpdateToken};
pub use tokens::{
    ListTokens, Revoked, create_token, end_overlap, find_first_use, list_tokens, revoke_token, rotate_token,
    update_token,
};

//! What the server functions need of the server. The server implements it once per request, for the visitor who
//! asks, with the same domain functions that stand behind the REST handlers: one rule, two doors.

use std::{future::Future, pin::Pin, sync::Arc};

use leptos::prelude::use_context;
use uptrakit_api::{
    Account, ChangePassword, CreateToken, CreatedToken, Page, PasswordChanged, Problem, ProblemCode, RotateToken,
    Secret, Session, SessionId, SetUp, SignIn, Token, TokenId, TokenQuery, UpdateToken,
};

use crate::rpc::{Activity, Invitation, Refusal, Revoked, Visitor};

/// What a method of [`Backend`] comes to.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send>>;

/// The server, as one visitor may use it. Methods answer for the visitor's web session and no other.
pub trait Backend: Send + Sync {
    /// Who is signed in, if somebody is.
    fn find_visitor(&self) -> Answer<Option<Visitor>>;
    /// Whom a one-time code is for; `not-found` when it opens nothing.
    fn get_invitation(&self, code: Secret) -> Answer<Invitation>;
    /// Makes the first administrator, or sets an invited person's password, and signs in.
    fn set_up(&self, request: SetUp) -> Answer<Account>;
    /// Signs in and sets the cookie.
    fn sign_in(&self, request: SignIn) -> Answer<Account>;
    /// Ends the visitor's session and takes the cookie away.
    fn sign_out(&self) -> Answer<()>;
    /// Changes the visitor's password.
    fn change_password(&self, request: ChangePassword) -> Answer<PasswordChanged>;
    /// The visitor's sessions.
    fn list_sessions(&self) -> Answer<Vec<Session>>;
    /// Ends one of them.
    fn end_session(&self, id: SessionId) -> Answer<()>;
    /// Ends all but the one that asks; answers how many.
    fn end_other_sessions(&self) -> Answer<u64>;
    /// The visitor's tokens.
    fn list_tokens(&self, query: TokenQuery) -> Answer<Page<Token>>;
    /// From where the present text of one of them was first used; `None` until it was.
    fn find_first_use(&self, id: TokenId) -> Answer<Option<String>>;
    /// Makes one.
    fn create_token(&self, request: CreateToken) -> Answer<CreatedToken>;
    /// Changes one.
    fn update_token(&self, id: TokenId, request: UpdateToken) -> Answer<Token>;
    /// Gives one a new text.
    fn rotate_token(&self, id: TokenId, request: RotateToken) -> Answer<CreatedToken>;
    /// Ends the overlap of a rotation: the old text is refused from now on.
    fn end_overlap(&self, id: TokenId) -> Answer<()>;
    /// Revokes one.
    fn revoke_token(&self, id: TokenId) -> Answer<Revoked>;
    /// What was done under the visitor's account.
    fn list_activity(&self, page: u32) -> Answer<Page<Activity>>;
}

/// The backend of the request that is being answered.
pub(crate) fn backend() -> Result<Arc<dyn Backend>, Refusal> {
    use_context::<Arc<dyn Backend>>().ok_or_else(|| {
        Refusal(Problem::new(ProblemCode::Internal, "The server function was called without a backend."))
    })
}

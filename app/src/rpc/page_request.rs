//! The request of the page that a server function answers. The server provides it as a Leptos context; it carries what
//! the domain needs and collects what only HTTP can say.

use std::sync::Arc;

use leptos::prelude::use_context;
use uptrakit_api::{Account, Problem, ProblemCode, Secret};
use uptrakit_core::{
    auth::{
        authorized::{Authorized, Presented, Requirement, WebSession},
        context::RequestContext,
        credential::Rejection,
    },
    domain::{
        accounts::{ClientInfo, SignedIn},
        state::Core,
    },
    error::{Error, Failure},
    lock::Mutex,
};

use super::RpcError;

/// A request of the page. Clones share what they collect for the answer.
#[derive(Clone, Debug)]
pub struct PageRequest {
    pub core: Arc<Core>,
    pub context: RequestContext,
    pub cookie: Option<Secret>,
    pub client: ClientInfo,
    /// The program that the browser names in `User-Agent`.
    pub program: Option<Box<str>>,
    pub has_mcp: bool,
    answer: Arc<Mutex<PageAnswer>>,
}

/// The parts of the answer beside the result of the server function.
#[derive(Debug, Default)]
pub struct PageAnswer {
    pub session: Option<SessionChange>,
    /// Why the answer is 5xx, for the log: a problem document has no cause in it.
    pub failure: Option<Failure>,
}

#[derive(Debug)]
pub enum SessionChange {
    /// A session with this cookie begins.
    Begins(Secret),
    Ends,
}

impl PageRequest {
    #[must_use]
    pub fn new(
        core: Arc<Core>,
        context: RequestContext,
        cookie: Option<Secret>,
        client: ClientInfo,
        program: Option<Box<str>>,
        has_mcp: bool,
    ) -> Self {
        Self { core, context, cookie, client, program, has_mcp, answer: Arc::default() }
    }

    pub(super) fn current() -> Result<Self, RpcError> {
        use_context().ok_or_else(|| {
            RpcError(Problem::new(ProblemCode::Internal, "The server function was called without a request."))
        })
    }

    /// Checks the session: it is the page's only credential, whatever permission a function needs beside it.
    pub(super) async fn caller(&self) -> Result<Authorized<WebSession>, Error> {
        let cookie = self.cookie.as_ref().ok_or(Error::Rejected(Rejection::Missing))?;
        let program = || self.program.clone();
        Ok(Authorized::new(&self.core.auth, Presented::Session(&cookie.0), self.context.clone(), program).await?)
    }

    pub(super) async fn caller_for<R: Requirement>(&self) -> Result<Authorized<R>, Error> {
        Ok(self.caller().await?.require()?)
    }

    /// Has the answer set the cookie of a new session.
    pub(super) fn begin_session(&self, signed_in: SignedIn) -> Account {
        self.change(|answer| answer.session = Some(SessionChange::Begins(signed_in.cookie)));
        signed_in.account
    }

    pub(super) fn end_session(&self) {
        self.change(|answer| answer.session = Some(SessionChange::Ends));
    }

    #[must_use]
    pub fn take_answer(&self) -> PageAnswer {
        std::mem::take(&mut self.answer.lock())
    }

    fn change(&self, change: impl FnOnce(&mut PageAnswer)) {
        change(&mut self.answer.lock());
    }
}

impl From<Error> for RpcError {
    fn from(error: Error) -> Self {
        if let Some(request) = use_context::<PageRequest>() {
            request.change(|answer| answer.failure = error.failure());
        }
        Self(error.problem())
    }
}

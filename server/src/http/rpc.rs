//! Serves the server functions of the single-page app under `/rpc`. They have no defence of their own against requests
//! that other sites cause, so this module accepts nothing but POST with JSON from the same origin.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use http::{HeaderMap, StatusCode, header};
use uptrakit_api::{
    Account, ChangePassword, CreateToken, CreatedToken, Page, PasswordChanged, Problem, RotateToken, Secret, Session,
    SessionId, SetUp, SignIn, Token, TokenId, TokenQuery, UpdateToken,
};
use uptrakit_app::{
    backend::{Answer, Backend},
    rpc::{Activity, Invitation, Refusal, Revoked, Visitor},
};
use uptrakit_core::{
    auth::{
        authorized::{Authorized, Requirement, WebSession},
        context::RequestContext,
        credential::Rejection as Denial,
    },
    domain::{
        accounts,
        audit::{self, Named},
        sessions, tokens,
    },
    error::{Error, Failure},
};

use super::{
    api::sessions::{browser, set_cookie, signed_out},
    body,
};
use crate::{
    App,
    http::{
        caller::{authorize, request_context},
        origin::{self, Origin},
        problem::ErrorResponse,
    },
};

/// Adds one route per server function, so that any other path has no route at all.
pub fn router() -> Router<App> {
    leptos::server_fn::axum::server_fn_paths().fold(Router::new(), |router, (path, _)| router.route(path, post(call)))
}

async fn call(State(app): State<App>, request: Request) -> Result<Response, ErrorResponse> {
    let (mut parts, body) = request.into_parts();
    if Origin::of(&parts.headers, app.public_url.as_str()) != Origin::Same {
        return Err(origin::refuse(&request_context(&parts), &parts.headers, app.public_url.as_str()).into());
    }
    body::require_json(&parts.headers)?;
    let bytes = body::read(&parts.headers, body).await?;
    // With these headers a server function would answer with a redirect to the address in `Referer`.
    parts.headers.remove(header::ACCEPT);
    parts.headers.remove(header::REFERER);
    // The page authenticates with its session alone.
    parts.headers.remove(header::AUTHORIZATION);
    let backend = PageBackend {
        app,
        headers: parts.headers.clone(),
        context: request_context(&parts),
        reply: Arc::default(),
        failure: Arc::default(),
    };
    let provided: Arc<dyn Backend> = Arc::new(backend.clone());
    let request = Request::from_parts(parts, Body::from(bytes));
    let provide = move || leptos::context::provide_context(Arc::clone(&provided));
    let answer = leptos_axum::handle_server_fns_with_context(provide, request).await.into_response();
    let mut response = with_status(answer).await?;
    response.headers_mut().extend(backend.reply.lock().unwrap_or_else(PoisonError::into_inner).drain());
    if let Some(failure) = backend.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        response.extensions_mut().insert(failure);
    }
    Ok(response)
}

/// Server functions answer every error with 500; the problem in the body has the real status.
async fn with_status(answer: Response) -> Result<Response, ErrorResponse> {
    if answer.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return Ok(answer);
    }
    let bytes = body::read(&HeaderMap::new(), answer.into_body()).await?;
    let Ok(Refusal(problem)) = serde_json::from_slice::<Refusal>(&bytes) else {
        return Err(Error::Internal("a server function failed without a problem".into()).into());
    };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = status.into_response();
    if let Some(seconds) = problem.retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response.extensions_mut().insert::<Problem>(problem);
    Ok(response)
}

#[derive(Clone)]
struct PageBackend {
    app: App,
    headers: HeaderMap,
    context: RequestContext,
    reply: Arc<Mutex<HeaderMap>>,
    failure: Arc<Mutex<Option<Failure>>>,
}

impl PageBackend {
    /// The page authenticates with its session, whatever else a call requires.
    async fn caller(&self) -> Result<Authorized<WebSession>, Error> {
        authorize(&self.app, &self.headers, self.context.clone()).await
    }

    async fn caller_for<R: Requirement>(&self) -> Result<Authorized<R>, Error> {
        Ok(self.caller().await?.require()?)
    }

    fn reply(&self, name: http::HeaderName, value: http::HeaderValue) {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner).append(name, value);
    }

    fn signed_in(&self, signed_in: accounts::SignedIn) -> Account {
        self.reply(header::SET_COOKIE, set_cookie(&self.app.public_url, &signed_in.cookie));
        signed_in.account
    }
}

/// Writes a method of [`Backend`] as a call of the domain, and converts its error into a problem.
macro_rules! answer {
    ($backend:expr, |$me:ident| $work:expr) => {{
        let $me = $backend.clone();
        Box::pin(async move {
            let outcome: Result<_, Error> = async { $work }.await;
            outcome.map_err(|error| {
                // The problem goes to the page, so that it has no cause in it; the cause is kept for the log.
                *$me.failure.lock().unwrap_or_else(PoisonError::into_inner) = error.failure();
                error.into_problem()
            })
        })
    }};
}

impl Backend for PageBackend {
    fn find_visitor(&self) -> Answer<Option<Visitor>> {
        answer!(self, |me| match me.caller().await {
            Ok(actor) => Ok(Some(Visitor {
                account: accounts::of_actor(&actor),
                address: me.context.address.to_string(),
                token_limit: me.app.token_rules.limit,
                active_tokens: tokens::count_active(&me.app, &actor).await?,
                longest_lifetime_days: me.app.token_rules.longest_lifetime_days,
                default_lifetime_days: me.app.token_rules.default_lifetime_days,
            })),
            Err(Error::Rejected(Denial::Missing | Denial::SessionOver)) => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn get_invitation(&self, code: Secret) -> Answer<Invitation> {
        answer!(self, |me| Ok(Invitation { username: accounts::get_invited(&me.app, &code).await? }))
    }

    fn set_up(&self, request: SetUp) -> Answer<Account> {
        answer!(self, |me| {
            let browser = browser(&me.app, &me.headers)?;
            Ok(me.signed_in(accounts::set_up(&me.app, &me.context, request, browser).await?))
        })
    }

    fn sign_in(&self, request: SignIn) -> Answer<Account> {
        answer!(self, |me| {
            let browser = browser(&me.app, &me.headers)?;
            Ok(me.signed_in(accounts::sign_in(&me.app, &me.context, request, browser).await?))
        })
    }

    fn sign_out(&self) -> Answer<()> {
        answer!(self, |me| {
            let actor = me.caller().await?;
            let session = actor.session().ok_or(Error::NotFound)?.id;
            sessions::end(&me.app, &actor, session).await?;
            for (name, value) in signed_out(&me.app.public_url) {
                me.reply(name, value);
            }
            Ok(())
        })
    }

    fn change_password(&self, request: ChangePassword) -> Answer<PasswordChanged> {
        answer!(self, |me| accounts::change_password(&me.app, &me.caller().await?, request).await)
    }

    fn list_sessions(&self) -> Answer<Vec<Session>> {
        answer!(self, |me| sessions::list(&me.app, &me.caller().await?).await)
    }

    fn end_session(&self, id: SessionId) -> Answer<()> {
        answer!(self, |me| sessions::end(&me.app, &me.caller().await?, id).await)
    }

    fn end_other_sessions(&self) -> Answer<u64> {
        answer!(self, |me| sessions::end_others(&me.app, &me.caller().await?).await)
    }

    fn list_tokens(&self, query: TokenQuery) -> Answer<Page<Token>> {
        answer!(self, |me| tokens::list(&me.app, &me.caller().await?, &query).await)
    }

    fn find_first_use(&self, id: TokenId) -> Answer<Option<String>> {
        answer!(self, |me| tokens::find_first_use(&me.app, &me.caller().await?, id).await)
    }

    fn create_token(&self, request: CreateToken) -> Answer<CreatedToken> {
        answer!(self, |me| tokens::create(&me.app, &me.caller_for().await?, &request).await)
    }

    fn update_token(&self, id: TokenId, request: UpdateToken) -> Answer<Token> {
        answer!(self, |me| tokens::update(&me.app, &me.caller_for().await?, id, &request).await)
    }

    fn rotate_token(&self, id: TokenId, request: RotateToken) -> Answer<CreatedToken> {
        answer!(self, |me| tokens::rotate(&me.app, &me.caller_for().await?, id, &request).await)
    }

    fn end_overlap(&self, id: TokenId) -> Answer<()> {
        answer!(self, |me| tokens::end_overlap(&me.app, &me.caller_for().await?, id).await)
    }

    fn revoke_token(&self, id: TokenId) -> Answer<Revoked> {
        answer!(self, |me| {
            let revoked = tokens::revoke(&me.app, &me.caller_for().await?, id).await?;
            Ok(Revoked { at: revoked.at, cut_off: revoked.cut_off })
        })
    }

    fn list_activity(&self, page: u32) -> Answer<Page<Activity>> {
        answer!(self, |me| {
            let page = audit::list_named(&me.app, &me.caller().await?, page).await?;
            Ok(page.map(|Named { event, token, target }| Activity {
                at: event.at,
                action: event.action,
                outcome: event.outcome,
                address: event.address,
                token,
                target,
            }))
        })
    }
}

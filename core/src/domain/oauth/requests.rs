//! Requests of the authorization endpoint that wait for an answer: who may open and answer one, and what the answer is.
//! A request is answered once, by the account that opened it first.

use uptrakit_api::{AnswerDestination, Approval, AuditAction, AuthorizationCode, OpenedRequest, Permissions, Secret};
use uptrakit_store::{
    Transaction,
    oauth::{
        codes::{self, CodeRow},
        requests::{self, RequestRow},
    },
};

use super::{
    answer::{self, State},
    applications::{self, Application, parse_resource},
    authorize::AcceptedRequest,
    consent::{Allowed, Asked, count_answer},
    error::inconsistent,
    grants,
    lifetimes::{CODE_MILLIS, REQUEST_MILLIS},
    pkce::Challenge,
    redirect_uri::{Destination, RedirectUri},
    resource::Resource,
};
use crate::{
    auth::{
        authorized::{Actor, Authorized, WebSession},
        digest::{Digest, new_secret},
    },
    clock::{fill_random, is_over},
    domain::{
        Affects,
        audit::{self, Event},
        begin_write_with_grant,
        state::Core,
    },
    error::Error,
};

pub(super) const OF_ANOTHER: Error = Error::Conflict(
    "Another account opened this request first. Sign in with that one, or begin again in the application.",
);
pub(super) const ANSWERED: Error =
    Error::Conflict("This request was answered already. Begin again in the application.");
pub(super) const EXPIRED: Error =
    Error::Conflict("This request has expired; it is kept for 10 minutes. Begin again in the application.");

/// Keeps a request for ten minutes. The secret that is returned names it on the consent page.
pub async fn begin(core: &Core, application: &Application, request: &AcceptedRequest) -> Result<Secret, Error> {
    let secret = new_secret();
    let row = RequestRow {
        digest: Digest::of(&secret.0),
        application_id: application.id,
        redirect_uri: request.redirect_uri.as_str().to_owned(),
        state: request.state.as_ref().map(|state| state.as_str().to_owned()),
        code_challenge: request.challenge.as_str().to_owned(),
        permissions: request.permissions.to_string(),
        audience: request.resource.as_str().to_owned(),
        token_name: request.token_name.clone(),
        expires_at: core.clock.now().plus_millis(REQUEST_MILLIS),
        account_id: None,
        answered_at: None,
    };
    let mut tx = core.store.begin().await?;
    requests::insert(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(secret)
}

struct Pending {
    digest: Digest,
    application: Application,
    redirect_uri: RedirectUri,
    state: Option<State>,
    challenge: Challenge,
    permissions: Permissions,
    resource: Resource,
    token_name: Option<String>,
}

impl Pending {
    /// Binds a request to the actor's account, or fails where another account, an answer or the time was first.
    async fn claim(core: &Core, tx: &mut Transaction, actor: &Actor, secret: &Secret) -> Result<Self, Error> {
        let digest = Digest::of(&secret.0);
        requests::bind(tx, &digest, actor.account_id()).await?;
        let row = requests::find(tx.conn(), &digest).await?.ok_or(Error::NotFound)?;
        if row.account_id != Some(actor.account_id()) {
            return Err(OF_ANOTHER);
        }
        if row.answered_at.is_some() {
            return Err(ANSWERED);
        }
        if is_over(row.expires_at, REQUEST_MILLIS, core.clock.now()) {
            return Err(EXPIRED);
        }
        Ok(Self {
            digest,
            application: applications::get(tx, row.application_id).await?,
            redirect_uri: RedirectUri::parse(&row.redirect_uri).map_err(|_| inconsistent("redirect URI"))?,
            state: row.state.map(State::from_stored),
            challenge: Challenge::from_stored(row.code_challenge),
            permissions: row.permissions.parse().map_err(|_| inconsistent("permission"))?,
            resource: parse_resource(&row.audience)?,
            token_name: row.token_name,
        })
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            application: &self.application,
            resource: self.resource,
            permissions: self.permissions,
            token_name: self.token_name.as_deref(),
        }
    }

    fn destination(&self) -> AnswerDestination {
        match self.redirect_uri.destination() {
            Destination::Host(host) => AnswerDestination::Host { host },
            Destination::ThisComputer => AnswerDestination::ThisComputer,
            Destination::App(scheme) => AnswerDestination::Program { scheme },
        }
    }

    /// Returns the permissions of an earlier grant that stands for this request: of a verified application, for the
    /// same host, where no other program can take the answer.
    async fn find_earlier(
        &self,
        core: &Core,
        tx: &mut Transaction,
        actor: &Actor,
    ) -> Result<Option<Permissions>, Error> {
        let Destination::Host(_) = self.redirect_uri.destination() else { return Ok(None) };
        if !self.application.verified || self.resource != Resource::Mcp {
            return Ok(None);
        }
        let host = self.redirect_uri.destination().redirect_host();
        let (account_id, application) = (actor.account_id(), &self.application);
        let (since, now) = (application.changed_at, core.clock.now());
        grants::find_covering(tx, account_id, application.id, &host, since, now, self.permissions).await
    }

    async fn approve(
        self,
        core: &Core,
        tx: &mut Transaction,
        actor: &Actor,
        allowed: Allowed,
    ) -> Result<String, Error> {
        let now = core.clock.now();
        if !requests::answer(tx, &self.digest, now).await? {
            return Err(ANSWERED);
        }
        let code = AuthorizationCode::mint(fill_random);
        let row = CodeRow {
            digest: Digest::of(code.expose()),
            application_id: self.application.id,
            account_id: actor.account_id(),
            redirect_uri: self.redirect_uri.as_str().to_owned(),
            code_challenge: self.challenge.as_str().to_owned(),
            permissions: allowed.permissions.map(|set| set.to_string()),
            audience: self.resource.as_str().to_owned(),
            token_name: allowed.token_name,
            expires_at: now.plus_millis(CODE_MILLIS),
            used_at: None,
            grant_id: None,
            token_id: None,
        };
        codes::insert(tx, &row).await?;
        let event = Event::by(actor, AuditAction::ConsentApprove, self.application.id);
        audit::record(core, tx, Some(&actor.context), event).await?;
        Ok(self.address(core, &[("code", code.expose())]))
    }

    fn address(&self, core: &Core, parameters: &[(&str, &str)]) -> String {
        answer::address(&self.redirect_uri, self.state.as_ref(), &core.public_url, parameters)
    }
}

/// Opens a request for the actor's account, which alone can answer it from now on.
pub async fn open(core: &Core, actor: &Authorized<WebSession>, secret: &Secret) -> Result<OpenedRequest, Error> {
    let (mut tx, grant) = begin_write_with_grant(core, actor, Affects::Own).await?;
    let pending = Pending::claim(core, &mut tx, actor, secret).await?;
    if let Some(permissions) = pending.find_earlier(core, &mut tx, actor).await? {
        let allowed = Allowed { permissions: Some(permissions), token_name: None };
        let redirect = pending.approve(core, &mut tx, actor, allowed).await?;
        tx.commit().await?;
        return Ok(OpenedRequest::Continue { redirect });
    }
    let consent = pending.asked().consent(core, &mut tx, &grant.account, pending.destination()).await?;
    tx.commit().await?;
    Ok(OpenedRequest::Ask { consent })
}

/// Allows what a request asks for, and returns the address that carries the code to the application.
pub async fn approve(
    core: &Core,
    actor: &Authorized<WebSession>,
    secret: &Secret,
    approval: &Approval,
) -> Result<String, Error> {
    count_answer(core, actor)?;
    let (mut tx, grant) = begin_write_with_grant(core, actor, Affects::Own).await?;
    let pending = Pending::claim(core, &mut tx, actor, secret).await?;
    let allowed = pending.asked().allow(core, &mut tx, &grant.account, approval).await?;
    let redirect = pending.approve(core, &mut tx, actor, allowed).await?;
    tx.commit().await?;
    Ok(redirect)
}

pub async fn deny(core: &Core, actor: &Authorized<WebSession>, secret: &Secret) -> Result<String, Error> {
    count_answer(core, actor)?;
    let (mut tx, _) = begin_write_with_grant(core, actor, Affects::Own).await?;
    let pending = Pending::claim(core, &mut tx, actor, secret).await?;
    if !requests::answer(&mut tx, &pending.digest, core.clock.now()).await? {
        return Err(ANSWERED);
    }
    let event = Event::by(actor, AuditAction::ConsentDeny, pending.application.id);
    audit::record(core, &mut tx, Some(&actor.context), event).await?;
    tx.commit().await?;
    let description = "The person denied the request.";
    Ok(pending.address(core, &[("error", "access_denied"), ("error_description", description)]))
}

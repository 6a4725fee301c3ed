//! The exchange of an authorization code (OAuth 2.1, section 4.1.3). A code works once, for a minute, and only
//! for the application that asked for it.

use uptrakit_api::{AuditAction, AuthorizationCode};
use uptrakit_store::{
    Transaction, epoch,
    oauth::{
        codes::{self, CodeRow},
        grants as store_grants,
    },
    tokens,
};

use super::{
    applications::{Application, parse_resource},
    consent::Allowed,
    error::{OAuthError, inconsistent},
    issue::{Issued, Made, Recipient, issue},
    lifetimes::CODE_MILLIS,
    pkce::Challenge,
    redirect_uri::RedirectUri,
    resource::Resource,
};
use crate::{
    auth::{context::RequestContext, digest::Digest},
    clock::{horizon, is_over},
    domain::{
        audit::{self, Event},
        commit_and_bump_epoch, commit_new_credential,
        state::Core,
    },
    error::Error,
};

/// A client that got no answer sends its request again within this time; later, a second use is a theft.
const RETRY_MILLIS: i64 = 10_000;

#[derive(Debug)]
pub struct CodeExchange<'r> {
    pub code: &'r str,
    /// It may be left out (OAuth 2.1, section 10.2); PKCE ties the code to the request.
    pub redirect_uri: Option<&'r str>,
    pub verifier: &'r str,
    /// `None` when the application names none: the code has one.
    pub resource: Option<Resource>,
}

const UNKNOWN: OAuthError = OAuthError::invalid_grant("The code is unknown, has expired or was used.");

pub async fn exchange(
    core: &Core,
    context: &RequestContext,
    application: &Application,
    request: &CodeExchange<'_>,
) -> Result<Issued, OAuthError> {
    let code = AuthorizationCode::parse(request.code).map_err(|_| UNKNOWN)?;
    let digest = Digest::of(code.expose());
    let owner = {
        let mut reader = core.store.read().await?;
        codes::find(reader.conn(), &digest).await?.ok_or(UNKNOWN)?.account_id
    };
    let mut tx = core.store.begin().await?;
    // Two uses at once wait for each other here; the second one finds that the code is used.
    epoch::lock_account(&mut tx, owner).await?;
    let row = codes::find(tx.conn(), &digest).await?.ok_or(UNKNOWN)?;
    let resource = check(application, request, &row)?;
    let now = core.clock.now();
    if let Some(used_at) = row.used_at {
        let is_retry = now.millis_since(used_at) <= RETRY_MILLIS && used_at <= horizon(now);
        if !is_retry {
            revoke_issued(core, tx, context, &row).await?;
        }
        return Err(UNKNOWN);
    }
    if is_over(row.expires_at, CODE_MILLIS, now) {
        return Err(UNKNOWN);
    }
    let redirect_uri = RedirectUri::parse(&row.redirect_uri).map_err(|_| inconsistent("redirect URI"))?;
    let redirect_host = redirect_uri.destination().redirect_host();
    let recipient =
        Recipient { application, account_id: row.account_id, redirect_host: Some(&redirect_host), resource };
    let permissions = row.permissions.as_deref().map(str::parse).transpose();
    let permissions = permissions.map_err(|_| inconsistent("permission"))?;
    let allowed = Allowed { permissions, token_name: row.token_name };
    let (made, issued) = issue(core, &mut tx, context, &recipient, allowed).await?;
    let (grant_id, token_id) = match made {
        Made::Grant(id) => (Some(id), None),
        Made::Token(id) => (None, Some(id)),
    };
    codes::update_used(&mut tx, &digest, now, grant_id, token_id).await?;
    commit_new_credential(core, tx).await?;
    Ok(issued)
}

/// Checks that the request is one of the application that asked for the code. A wrong one changes nothing: the right
/// application can still use its code.
fn check(application: &Application, request: &CodeExchange<'_>, row: &CodeRow) -> Result<Resource, OAuthError> {
    if row.application_id != application.id {
        return Err(OAuthError::invalid_grant("The code was issued to another application."));
    }
    if request.redirect_uri.is_some_and(|uri| uri != row.redirect_uri) {
        return Err(OAuthError::invalid_grant("The redirect_uri is not the one that the code was asked for with."));
    }
    if !Challenge::from_stored(row.code_challenge.clone()).is_answered_by(request.verifier) {
        return Err(OAuthError::invalid_grant("The code_verifier does not belong to the code."));
    }
    let resource = parse_resource(&row.audience)?;
    if request.resource.is_some_and(|asked| asked != resource) {
        return Err(OAuthError::refuse("invalid_target", "The code was issued for another resource."));
    }
    Ok(resource)
}

async fn revoke_issued(core: &Core, mut tx: Transaction, context: &RequestContext, row: &CodeRow) -> Result<(), Error> {
    let (account_id, now) = (row.account_id, core.clock.now());
    let mut is_news = false;
    if let Some(id) = row.grant_id {
        is_news |= store_grants::revoke(&mut tx, account_id, id, account_id, now).await?;
    }
    if let Some(id) = row.token_id {
        is_news |= tokens::revoke(&mut tx, account_id, id, account_id, now).await?;
    }
    if !is_news {
        return Ok(());
    }
    let event = Event {
        action: AuditAction::CodeReplayed,
        actor: Some(account_id),
        token: row.token_id,
        target: row.grant_id.map(Into::into).or(row.token_id.map(Into::into)),
        refused: true,
    };
    audit::record(core, &mut tx, Some(context), event).await?;
    commit_and_bump_epoch(core, tx, account_id).await?;
    let (address, request_id, trace_id) = (context.address, &context.request_id, context.trace_field());
    tracing::warn!(account_id = %account_id, %address, %request_id, trace_id, "an authorization code was used a second time; what came of it is revoked");
    Ok(())
}

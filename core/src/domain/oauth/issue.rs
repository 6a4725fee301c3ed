//! What an application is given in the end: a grant with its first tokens or, for the command line, an API token.

use uptrakit_api::{
    AccessToken, AccountId, AuditAction, GrantId, Permissions, RefreshToken, Secret, Timestamp, TokenId,
};
use uptrakit_store::{
    Transaction, accounts,
    oauth::{access_tokens, applications, grants, refresh_tokens},
    tokens::{self as store_tokens, NewToken},
};

use super::{
    applications::Application,
    consent::{Allowed, free_name, is_full, token_days},
    error::{OAuthError, of_insert},
    lifetimes::{GRANT_MILLIS, IDLE_MILLIS},
    resource::Resource,
};
use crate::{
    auth::{
        context::RequestContext,
        credential::{ACCESS_TOKEN_MILLIS, InconsistentRow},
        digest::Digest,
    },
    clock::{fill_random, new_id},
    domain::{
        audit::{self, Event},
        state::Core,
        tokens,
    },
    error::Error,
    text,
};

const DAY_MILLIS: i64 = 86_400_000;
pub(super) const SALT_LENGTH: usize = 32;

/// The answer of the token endpoint. Its secrets are in it and nowhere else.
#[derive(Debug)]
pub struct Issued {
    pub access_token: Secret,
    pub expires_in_seconds: u64,
    /// `None` for the command line, whose API token lives long.
    pub refresh_token: Option<Secret>,
    pub scope: Permissions,
}

pub(super) struct Recipient<'r> {
    pub application: &'r Application,
    pub account_id: AccountId,
    /// `None` for a device.
    pub redirect_host: Option<&'r str>,
    pub resource: Resource,
}

pub(super) enum Made {
    Grant(GrantId),
    Token(TokenId),
}

/// Fails when the account is deactivated. It must be locked already.
async fn permissions_of(tx: &mut Transaction, account_id: AccountId) -> Result<Permissions, OAuthError> {
    let account = accounts::find(tx.conn(), account_id).await?.filter(|account| account.active);
    let account = account.ok_or(OAuthError::invalid_grant("The account is deactivated."))?;
    let roles: uptrakit_api::Roles = account.roles.parse().map_err(|_| InconsistentRow("role"))?;
    Ok(roles.permissions())
}

pub(super) async fn issue(
    core: &Core,
    tx: &mut Transaction,
    context: &RequestContext,
    recipient: &Recipient<'_>,
    allowed: Allowed,
) -> Result<(Made, Issued), OAuthError> {
    let of_account = permissions_of(tx, recipient.account_id).await?;
    match (recipient.resource, allowed.permissions) {
        (Resource::Mcp, Some(permissions)) => {
            let (id, issued) = issue_grant(core, tx, context, recipient, permissions).await?;
            Ok((Made::Grant(id), issued))
        }
        (Resource::Mcp, None) => Err(InconsistentRow("permission").into()),
        (Resource::Api, permissions) => {
            let name = allowed.token_name.unwrap_or_default();
            let (id, access_token, days) =
                issue_api_token(core, tx, context, recipient.account_id, &name, permissions).await?;
            applications::update_last_used(tx, recipient.application.id, core.clock.now()).await?;
            let scope = permissions.unwrap_or(of_account);
            let expires_in_seconds = u64::from(days) * 86_400;
            Ok((Made::Token(id), Issued { access_token, expires_in_seconds, refresh_token: None, scope }))
        }
    }
}

async fn issue_grant(
    core: &Core,
    tx: &mut Transaction,
    context: &RequestContext,
    recipient: &Recipient<'_>,
    permissions: Permissions,
) -> Result<(GrantId, Issued), OAuthError> {
    let now = core.clock.now();
    let id = GrantId(new_id(now));
    let names = permissions.to_string();
    let grant = grants::NewGrant {
        id,
        account_id: recipient.account_id,
        application_id: recipient.application.id,
        redirect_host: recipient.redirect_host,
        permissions: &names,
        audience: recipient.resource.as_str(),
        created_at: now,
        expires_at: grant_end(now, now),
    };
    grants::insert(tx, &grant).await.map_err(of_insert)?;
    applications::update_last_used(tx, recipient.application.id, now).await?;
    let event =
        Event { actor: Some(recipient.account_id), target: Some(id.into()), ..Event::of(AuditAction::GrantCreate) };
    audit::record(core, tx, Some(context), event).await?;
    let refresh_token = RefreshToken::mint(fill_random);
    insert_refresh_token(tx, id, &refresh_token, now).await?;
    let issued = issue_access_token(tx, id, permissions, None, now, now).await?;
    Ok((id, Issued { refresh_token: Some(Secret(refresh_token.expose().to_owned())), ..issued }))
}

/// Returns the instant at which a grant ends that is used now and not again.
pub(super) fn grant_end(created_at: Timestamp, now: Timestamp) -> Timestamp {
    now.plus_millis(IDLE_MILLIS).min(created_at.plus_millis(GRANT_MILLIS))
}

pub(super) async fn insert_refresh_token(
    tx: &mut Transaction,
    grant_id: GrantId,
    token: &RefreshToken,
    now: Timestamp,
) -> Result<(), Error> {
    let mut salt = [0; SALT_LENGTH];
    fill_random(&mut salt);
    Ok(refresh_tokens::insert(tx, &Digest::of(token.expose()), grant_id, &salt, now).await?)
}

/// Adds an access token to a grant that was made at `created_at`. `narrowed` is `None` for all permissions of the
/// grant.
pub(super) async fn issue_access_token(
    tx: &mut Transaction,
    grant_id: GrantId,
    permissions: Permissions,
    narrowed: Option<Permissions>,
    created_at: Timestamp,
    now: Timestamp,
) -> Result<Issued, Error> {
    let token = AccessToken::mint(fill_random);
    let expires_at = now.plus_millis(ACCESS_TOKEN_MILLIS).min(created_at.plus_millis(GRANT_MILLIS));
    let names = narrowed.map(|narrowed| narrowed.to_string());
    let digest = Digest::of(token.expose());
    access_tokens::insert(tx, &digest, grant_id, names.as_deref(), now, expires_at).await?;
    Ok(Issued {
        access_token: Secret(token.expose().to_owned()),
        expires_in_seconds: expires_at.millis_since(now).unsigned_abs() / 1_000,
        refresh_token: None,
        scope: narrowed.unwrap_or(permissions),
    })
}

/// Creates the API token of the command line. It stands in the list of tokens like every other.
async fn issue_api_token(
    core: &Core,
    tx: &mut Transaction,
    context: &RequestContext,
    account_id: AccountId,
    name: &str,
    permissions: Option<Permissions>,
) -> Result<(TokenId, Secret, u32), OAuthError> {
    let now = core.clock.now();
    if is_full(core, tx, account_id).await? {
        let why = "The account has as many active API tokens as it may have. Revoke one, then sign in again.";
        return Err(OAuthError::invalid_grant(why));
    }
    let name = free_name(core, tx, account_id, name).await?;
    let days = token_days(core);
    let id = TokenId(new_id(now));
    let permissions = permissions.map(|set| set.to_string());
    let token = NewToken {
        id,
        account_id,
        name: &name,
        name_key: &text::key(&name),
        permissions: permissions.as_deref(),
        networks: None,
        created_at: now,
        expires_at: Some(now.plus_millis(i64::from(days) * DAY_MILLIS)),
    };
    store_tokens::insert(tx, &token).await?;
    let secret = tokens::issue_secret(tx, id, now).await?;
    let event = Event {
        actor: Some(account_id),
        token: Some(id),
        target: Some(id.into()),
        ..Event::of(AuditAction::TokenCreate)
    };
    audit::record(core, tx, Some(context), event).await?;
    Ok((id, secret, days))
}

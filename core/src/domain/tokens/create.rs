//! Creates a token.

use uptrakit_api::{AuditAction, CreateToken, CreatedToken, FieldError};
use uptrakit_store::tokens::{self, NewToken, TokenFilter};

use super::{
    expiry::{latest_end, parse_end, parse_lifetime},
    limits::{LONGEST_NAME, Limits, collect, parse_allowed_networks, parse_permissions, refuse_beyond_account},
    rotate::issue_secret,
    row::public_in,
};
use crate::{
    auth::authorized::{Authorized, TokensWrite},
    clock::new_id,
    domain::{
        Affects,
        audit::{self, Event},
        begin_write_with_grant, commit_new_credential,
    },
    error::Error,
    state::Core,
    text,
};

/// Creates a token. Its secret is in the answer and nowhere else.
pub async fn create(
    core: &Core,
    actor: &Authorized<TokensWrite>,
    request: &CreateToken,
) -> Result<CreatedToken, Error> {
    let mut errors = Vec::new();
    let name = text::parse_line(&request.name, LONGEST_NAME);
    let name = collect(&mut errors, "name", name).unwrap_or_default();
    let permissions = request.permissions.as_deref().map(parse_permissions).transpose();
    let permissions = collect(&mut errors, "permissions", permissions).flatten();
    let networks = request.allowed_networks.as_deref().map(parse_allowed_networks).transpose();
    let networks = collect(&mut errors, "allowed_networks", networks).flatten();
    let expires_at = request.expires_at.as_deref().map(|text| parse_end(core, text)).transpose();
    let expires_at = collect(&mut errors, "expires_at", expires_at).flatten();
    let lifetime = request.expires_in_seconds.map(|seconds| parse_lifetime(core, seconds)).transpose();
    let lifetime = collect(&mut errors, "expires_in_seconds", lifetime).flatten();
    if request.expires_at.is_some() && request.expires_in_seconds.is_some() {
        let message = "can't be given together with expires_at; send one of the two".to_owned();
        errors.push(FieldError { field: "expires_in_seconds".into(), message });
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }

    let (mut tx, grant) = begin_write_with_grant(core, actor, Affects::Own).await?;
    let own = Limits::of(&grant);
    let now = core.clock.now();
    // The lifetime counts from the same instant as `created_at`, so that it is exactly what was asked for.
    let expires_at = lifetime.map(|millis| now.plus_millis(millis)).or(expires_at);
    let limits = Limits {
        permissions: permissions.or(own.permissions),
        networks: networks.or_else(|| own.networks.clone()),
        expires_at: expires_at.or(own.expires_at).or_else(|| latest_end(core, now)),
    };
    own.admit(&limits)?;
    // Only requested permissions are checked: inherited ones may name what the account has lost since, which grants
    // nothing.
    refuse_beyond_account(&grant, permissions.unwrap_or_default())?;
    let account_id = actor.account_id();
    let active = TokenFilter { state: "active", part: String::new(), now };
    if tokens::count(tx.conn(), account_id, &active).await? >= i64::from(core.token_rules.limit) {
        return Err(Error::LimitReached(core.token_rules.limit));
    }
    let id = new_id(now);
    let name_key = text::key(&name);
    if tokens::exists_active_named(tx.conn(), account_id, &name_key, id, now).await? {
        return Err(Error::NameTaken);
    }
    let (permissions, networks) = (limits.permissions_text(), limits.networks_text());
    let token = NewToken {
        id,
        account_id,
        name: &name,
        name_key: &name_key,
        permissions: permissions.as_deref(),
        networks: networks.as_deref(),
        created_at: now,
        expires_at: limits.expires_at,
    };
    tokens::insert(&mut tx, &token).await?;
    let secret = issue_secret(&mut tx, id, now).await?;
    audit::record(core, &mut tx, Some(&actor.context), Event::on_token(actor, AuditAction::TokenCreate, id)).await?;
    let fields = public_in(&mut tx, actor, id, now).await?;
    commit_new_credential(core, tx).await?;
    Ok(CreatedToken { fields, secret })
}

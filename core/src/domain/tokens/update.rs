//! Changes a token's name or limits.

use uptrakit_api::{AuditAction, Token, TokenId, UpdateToken};
use uptrakit_store::tokens;

use super::{
    limits::{LONGEST_NAME, Limits, collect, parse_allowed_networks, parse_permissions, refuse_beyond_account},
    row::{get_active, public_in},
};
use crate::{
    auth::authorized::{Authorized, TokensWrite},
    domain::{
        Affects,
        audit::{self, Event},
        begin_write_with_grant, commit_and_bump_epoch,
    },
    error::Error,
    state::Core,
    text,
};

/// Changes a token's name or limits. Narrower limits apply from this commit on.
pub async fn update(
    core: &Core,
    actor: &Authorized<TokensWrite>,
    id: TokenId,
    request: &UpdateToken,
) -> Result<Token, Error> {
    let mut errors = Vec::new();
    let name = request.name.as_deref().map(|name| text::parse_line(name, LONGEST_NAME)).transpose();
    let name = collect(&mut errors, "name", name).flatten();
    let permissions = request.permissions.as_ref().map(|list| list.as_deref().map(parse_permissions).transpose());
    let permissions = collect(&mut errors, "permissions", permissions.transpose()).flatten();
    let networks = request.allowed_networks.as_ref();
    let networks = networks.map(|list| list.as_deref().map(parse_allowed_networks).transpose());
    let networks = collect(&mut errors, "allowed_networks", networks.transpose()).flatten();
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }

    let (mut tx, grant) = begin_write_with_grant(core, actor, Affects::Own).await?;
    let now = core.clock.now();
    let row = get_active(&mut tx, actor, id, now).await?;
    let before = Limits::of_row(&row)?;
    let after = Limits {
        permissions: permissions.unwrap_or(before.permissions),
        networks: networks.unwrap_or_else(|| before.networks.clone()),
        expires_at: before.expires_at,
    };
    let own = Limits::of(&grant);
    own.admit(&before)?;
    own.admit(&after)?;
    let added = after.permissions.unwrap_or_default().without(before.permissions.unwrap_or_default());
    refuse_beyond_account(&grant, added)?;
    let name_key = text::key(name.as_deref().unwrap_or(&row.name));
    // An unchanged name is not checked: names from before they were normalised to one Unicode form may be duplicates.
    let is_new = name_key != text::key(&row.name);
    let name = name.unwrap_or(row.name);
    if is_new && tokens::exists_active_named(tx.conn(), row.account_id, &name_key, id, now).await? {
        return Err(Error::NameTaken);
    }
    let (permissions, networks) = (after.permissions_text(), after.networks_text());
    tokens::update(&mut tx, id, (&name, &name_key), permissions.as_deref(), networks.as_deref()).await?;
    audit::record(core, &mut tx, Some(&actor.context), Event::on_token(actor, AuditAction::TokenUpdate, id)).await?;
    let token = public_in(&mut tx, actor, id, now).await?;
    commit_and_bump_epoch(core, tx, actor.account_id()).await?;
    Ok(token)
}

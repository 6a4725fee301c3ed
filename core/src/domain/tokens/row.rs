//! A token's row, as the API shows it, and whether the token may still be changed.

use ipnet::IpNet;
use uptrakit_api::{Rotation, Timestamp, Token, TokenId, TokenState};
use uptrakit_store::{
    Transaction,
    tokens::{self, TokenRow},
};

use super::limits::Limits;
use crate::{
    auth::{
        authorized::Actor,
        credential::{InconsistentRow, state},
    },
    clock::horizon,
    error::Error,
};

pub(super) async fn get_active(
    tx: &mut Transaction,
    actor: &Actor,
    id: TokenId,
    now: Timestamp,
) -> Result<TokenRow, Error> {
    let row = tokens::find(tx.conn(), actor.account_id(), id, now).await?.ok_or(Error::NotFound)?;
    require_active(&row, now)?;
    if row.held_at.is_some() {
        return Err(Error::Conflict("The token is on hold since the database was restored. Confirm it first."));
    }
    Ok(row)
}

pub(super) fn require_active(row: &TokenRow, now: Timestamp) -> Result<(), Error> {
    match state(row.revoked_at, row.expires_at, now) {
        TokenState::Active => Ok(()),
        over => Err(Error::NotActive(over)),
    }
}

pub(super) async fn public_in(
    tx: &mut Transaction,
    actor: &Actor,
    id: TokenId,
    now: Timestamp,
) -> Result<Token, Error> {
    let row = tokens::find(tx.conn(), actor.account_id(), id, now).await?.ok_or(Error::NotFound)?;
    Ok(public(row, now)?)
}

pub(super) fn public(row: TokenRow, now: Timestamp) -> Result<Token, InconsistentRow> {
    let limits = Limits::of_row(&row)?;
    // Uses of the old secret from before it was replaced don't show which clients still have to switch.
    let created_at = row.secret_created_at.filter(|created_at| *created_at <= horizon(now));
    let old_used_at = row.old_last_used_at.filter(|at| created_at.is_none_or(|created_at| *at >= created_at));
    // An overlap that a clock ahead has begun counts from now.
    let ahead = row.secret_created_at.filter(|_| created_at.is_none()).map_or(0, |created_at| created_at.0 - now.0);
    let rotation = row.old_hint.zip(row.old_ends_at).map(|(old_hint, ends_at)| Rotation {
        old_hint,
        overlap_ends_at: ends_at.plus_millis(-ahead),
        old_last_used_at: old_used_at,
        old_last_used_ip: row.old_last_used_ip.filter(|_| old_used_at.is_some()),
    });
    let revoked_at = row.revoked_at;
    Ok(Token {
        id: row.id,
        name: row.name,
        hint: row.hint,
        state: state(revoked_at, limits.expires_at, now),
        permissions: limits.permissions,
        allowed_networks: limits.networks.map(|networks| networks.iter().map(IpNet::to_string).collect()),
        created_at: row.created_at,
        expires_at: limits.expires_at,
        last_used_at: row.last_used_at,
        last_used_ip: row.last_used_ip,
        revoked_at,
        revoked_by: row.revoked_by,
        held_at: row.held_at.filter(|_| revoked_at.is_none()),
        rotation: rotation.filter(|_| revoked_at.is_none()),
    })
}

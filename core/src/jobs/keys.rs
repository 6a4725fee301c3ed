//! Updates the comparison keys of names that an older version stored. This runs at each start, because a server of that
//! version may still run beside this one and store more.

use uptrakit_api::{AccountId, HostId, TokenId};
use uptrakit_store::{Store, keys};

use crate::{domain::hosts::search_key_of, text};

/// Gives every name that is compared by [`text::key`] the key that this version computes.
pub async fn bring_up_to_date(store: &Store) -> uptrakit_store::Result<()> {
    bring_accounts(store).await?;
    bring_tokens(store).await?;
    bring_hosts(store).await
}

async fn bring_accounts(store: &Store) -> uptrakit_store::Result<()> {
    let mut after = AccountId::NIL;
    loop {
        let rows = keys::list_accounts(store.read().await?.conn(), after).await?;
        for row in &rows {
            let (username_key, email_key) = (text::key(&row.username), text::key(&row.email));
            if (&username_key, &email_key) != (&row.username_key, &row.email_key)
                && !store.update_account_keys(row, &username_key, &email_key).await?
            {
                tracing::warn!(account = %row.id, "another account has this one's username or email in another form");
            }
        }
        match rows.last() {
            Some(last) if rows.len() == usize::from(keys::CHUNK) => after = last.id,
            _ => return Ok(()),
        }
    }
}

async fn bring_tokens(store: &Store) -> uptrakit_store::Result<()> {
    let mut after = TokenId::NIL;
    loop {
        let rows = keys::list_tokens(store.read().await?.conn(), after).await?;
        for row in &rows {
            let name_key = text::key(&row.name);
            if name_key != row.name_key {
                store.update_token_key(row, &name_key).await?;
            }
        }
        match rows.last() {
            Some(last) if rows.len() == usize::from(keys::CHUNK) => after = last.id,
            _ => return Ok(()),
        }
    }
}

async fn bring_hosts(store: &Store) -> uptrakit_store::Result<()> {
    let mut after = HostId::NIL;
    loop {
        let rows = keys::list_hosts(store.read().await?.conn(), after).await?;
        for row in &rows {
            let hostname_key = text::key(&row.hostname);
            let friendly_name = row.friendly_name.as_deref();
            let search_key = search_key_of(&row.hostname, friendly_name, &row.os_name, &row.os_version);
            if (&hostname_key, &search_key) != (&row.hostname_key, &row.search_key) {
                store.update_host_keys(row, &hostname_key, &search_key).await?;
            }
        }
        match rows.last() {
            Some(last) if rows.len() == usize::from(keys::CHUNK) => after = last.id,
            _ => return Ok(()),
        }
    }
}

//! Fills a database with accounts and tokens through the store's own functions.

use anyhow::Result;
use uptrakit_api::{AccountId, Timestamp, TokenSecret};
use uptrakit_core::{
    auth::digest::Digest,
    clock::{Clock, fill_random, new_id},
    text::key,
};
use uptrakit_store::{
    Store,
    accounts::{self, AccountRow},
    tokens::{self, NewToken},
};

const TOKENS_PER_ACCOUNT: u32 = 100;

/// Adds `count` tokens, a hundred to an account, and returns the secrets of `used` of them.
pub async fn fill(url: &str, count: u32, used: usize) -> Result<Vec<String>> {
    let store = Store::open(url, 4).await?;
    let now = Clock::System.now();
    let mut texts = Vec::new();
    for group in 0..count.div_ceil(TOKENS_PER_ACCOUNT) {
        let mut tx = store.begin().await?;
        let id: AccountId = new_id(now);
        let username = format!("bench-{}", id.0.simple());
        let account = AccountRow {
            id,
            email: format!("{username}@example.org"),
            username,
            password_hash: None,
            roles: "administrator".into(),
            active: true,
            created_at: now,
        };
        accounts::insert(&mut tx, &account, &account.username, &account.email).await?;
        for number in 0..TOKENS_PER_ACCOUNT.min(count - group * TOKENS_PER_ACCOUNT) {
            let text = add(&mut tx, id, &format!("token {number}"), now).await?;
            if texts.len() < used {
                texts.push(text);
            }
        }
        tx.commit().await?;
    }
    store.close().await;
    Ok(texts)
}

pub async fn add(
    tx: &mut uptrakit_store::Transaction,
    account_id: AccountId,
    name: &str,
    now: Timestamp,
) -> Result<String> {
    let text = TokenSecret::mint(fill_random);
    let id = new_id(now);
    let token = NewToken {
        id,
        account_id,
        name,
        name_key: &key(name),
        permissions: None,
        networks: None,
        created_at: now,
        expires_at: None,
    };
    tokens::insert(tx, &token).await?;
    tokens::insert_secret(tx, id, &Digest::of(text.expose()), &text.hint(), now).await?;
    Ok(text.expose().to_owned())
}

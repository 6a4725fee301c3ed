//! Fills a database with accounts, tokens and grants through the store's own functions.

use anyhow::Result;
use uptrakit_api::{AccessToken, AccountId, ApplicationId, GrantId, Permissions, Timestamp, TokenSecret};
use uptrakit_core::{
    auth::{credential::ACCESS_TOKEN_MILLIS, digest::Digest},
    clock::{Clock, fill_random, new_id},
    domain::oauth::resource::Resource,
    text::key,
};
use uptrakit_store::{
    Store, Transaction,
    accounts::{self, AccountRow},
    oauth::{
        access_tokens,
        applications::{self, ApplicationRow},
        grants::{self, NewGrant},
    },
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
        let id = add_account(&mut tx, now).await?;
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

async fn add_account(tx: &mut Transaction, now: Timestamp) -> Result<AccountId> {
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
    accounts::insert(tx, &account, &account.username, &account.email).await?;
    Ok(id)
}

/// Connects an account with an application by `count` grants, and returns the access token of each.
pub async fn connect(url: &str, count: usize) -> Result<Vec<String>> {
    let store = Store::open(url, 4).await?;
    let now = Clock::System.now();
    let mut tx = store.begin().await?;
    let account_id = add_account(&mut tx, now).await?;
    let application_id: ApplicationId = new_id(now);
    let application = ApplicationRow {
        id: application_id,
        client_id: format!("bench-{application_id}"),
        kind: "dynamic".into(),
        name: "Bench".into(),
        client_uri: None,
        redirect_uris: "http://127.0.0.1/".into(),
        verified: false,
        created_at: now,
        changed_at: now,
        fresh_until: None,
        last_used_at: None,
    };
    applications::insert(&mut tx, &application).await?;
    let mut texts = Vec::new();
    for _ in 0..count {
        let id: GrantId = new_id(now);
        let expires_at = now.plus_millis(ACCESS_TOKEN_MILLIS);
        let grant = NewGrant {
            id,
            account_id,
            application_id,
            redirect_host: None,
            permissions: &Permissions::ALL.to_string(),
            audience: Resource::Mcp.as_str(),
            created_at: now,
            expires_at,
        };
        grants::insert(&mut tx, &grant).await?;
        let token = AccessToken::mint(fill_random);
        access_tokens::insert(&mut tx, &Digest::of(token.expose()), id, None, now, expires_at).await?;
        texts.push(token.expose().to_owned());
    }
    tx.commit().await?;
    store.close().await;
    Ok(texts)
}

pub async fn add(tx: &mut Transaction, account_id: AccountId, name: &str, now: Timestamp) -> Result<String> {
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

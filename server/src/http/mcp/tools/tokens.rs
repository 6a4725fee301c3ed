//! Tools for the account's own API tokens. None of them can read a token's secret or make a token.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uptrakit_api::{Permissions, Token, TokenId, TokenQuery};
use uptrakit_core::{
    auth::authorized::TokensWrite,
    clock::is_id,
    domain::tokens::{self, Revoked},
    error::Error,
    text,
};

use crate::http::mcp::{
    answer::{Paged, Part},
    call::{Call, Stop},
};

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Active,
    Expired,
    Revoked,
    All,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTokens {
    /// State of the tokens to list; active when left out.
    pub state: Option<State>,
    /// Text to find in the names.
    pub q: Option<String>,
    /// The next_cursor of the former answer, to go on after it; left out for the first answer.
    pub cursor: Option<String>,
    /// Number of tokens per answer, fewer where they would be too large; 50 when left out.
    #[schemars(range(min = 1, max = 100))]
    pub per_page: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct ApiToken {
    pub id: String,
    pub name: String,
    /// Start and end of the token, enough to recognise it and not enough to use it.
    pub hint: String,
    /// active, expired or revoked; on_hold for one that is refused until the person confirms it, because the database was
    /// restored from a backup.
    pub state: &'static str,
    /// Permissions of the token; null when it has all of the account's.
    pub permissions: Option<Vec<&'static str>>,
    pub created_at: String,
    /// Time at which the token ends; null when it does not end.
    pub expires_at: Option<String>,
    /// Time of the last use, exact to a minute; null when the token was never used.
    pub last_used_at: Option<String>,
    pub last_used_ip: Option<String>,
    pub revoked_at: Option<String>,
    /// Time since which the token is on hold. It is confirmed on the Profile page. Null when it is not on hold.
    pub held_at: Option<String>,
}

impl From<Token> for ApiToken {
    fn from(token: Token) -> Self {
        let names = |permissions: Permissions| permissions.iter().map(uptrakit_api::Permission::as_str).collect();
        Self {
            id: token.id.to_string(),
            name: token.name,
            hint: token.hint,
            state: if token.held_at.is_some() { "on_hold" } else { token.state.as_str() },
            permissions: token.permissions.map(names),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|at| at.to_string()),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
            last_used_ip: token.last_used_ip,
            revoked_at: token.revoked_at.map(|at| at.to_string()),
            held_at: token.held_at.map(|at| at.to_string()),
        }
    }
}

pub async fn list_api_tokens(call: Call, arguments: ListTokens) -> Result<Paged<ApiToken>, Stop> {
    let state = match arguments.state {
        None | Some(State::Active) => "active",
        Some(State::Expired) => "expired",
        Some(State::Revoked) => "revoked",
        Some(State::All) => "all",
    };
    let part = Part::parse(arguments.cursor.as_deref(), arguments.per_page)?;
    let query = TokenQuery { state: Some(state.into()), q: arguments.q, sort: None, page: None, per_page: None };
    let id = |token: &Token| token.id.to_string();
    let found = part.read(id, |paging| tokens::list_part(&call.app, &call.actor, &query, paging)).await?;
    Ok(part.answer(found, id, ApiToken::from))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeToken {
    /// The token's id, or the name of an active token, from list_api_tokens.
    pub token: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct RevokedToken {
    pub id: String,
    pub name: String,
    pub hint: String,
    /// The instant, RFC 3339, from which the token is refused everywhere.
    pub revoked_at: String,
    /// Number of requests that were under way with the token and were ended.
    pub cut_off: u64,
}

pub async fn revoke_api_token(call: Call, arguments: RevokeToken) -> Result<RevokedToken, Stop> {
    let actor = call.require::<TokensWrite>()?;
    let token = find(&call, &arguments.token).await?;
    let Revoked { at, cut_off } = tokens::revoke(&call.app, &actor, token.id).await?;
    Ok(RevokedToken {
        id: token.id.to_string(),
        name: token.name,
        hint: token.hint,
        revoked_at: at.to_string(),
        cut_off,
    })
}

async fn find(call: &Call, named: &str) -> Result<Token, Stop> {
    let key = text::key(named.trim());
    if let Ok(id) = key.parse::<TokenId>() {
        match tokens::get(&call.app, &call.actor, id).await {
            Err(Error::NotFound) if is_id(&key) => return Err(unknown()),
            Err(Error::NotFound) => {}
            found => return Ok(found?),
        }
    }
    for page in 1.. {
        let query = TokenQuery {
            q: Some(named.trim().to_owned()),
            page: Some(page.to_string()),
            per_page: Some("100".into()),
            ..TokenQuery::default()
        };
        let found = tokens::list(&call.app, &call.actor, &query).await?;
        let is_last = u64::from(found.page) >= found.total_pages;
        if let Some(token) = found.items.into_iter().find(|token| text::key(&token.name) == key) {
            return Ok(token);
        }
        if is_last {
            break;
        }
    }
    Err(unknown())
}

fn unknown() -> Stop {
    Stop::Told(
        "The argument token names no token of this account. Call list_api_tokens and use an id from there.".into(),
    )
}

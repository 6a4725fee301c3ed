//! The tool that tells whose connection it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uptrakit_api::{Permissions, Role, Token};
use uptrakit_core::{
    domain::{accounts, oauth::grants},
    text,
};

use crate::http::mcp::call::{Call, Stop};

const LONGEST_NAME: usize = 64;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

#[derive(Debug, Serialize, JsonSchema)]
pub struct WhoAmI {
    pub username: String,
    pub email: String,
    pub roles: Vec<&'static str>,
    /// Permissions that this connection has now.
    pub permissions: Vec<&'static str>,
    /// Permissions of the account that this connection was not given.
    pub not_given: Vec<&'static str>,
    /// The API token that this connection uses, if it uses one.
    pub api_token: Option<TokenName>,
    /// Name of the application that was connected in a browser, if this connection is one.
    pub application: Option<String>,
    /// Time at which this connection ends by itself, RFC 3339; null when it does not end. The connection of an
    /// application is longer while it is used, up to 90 days in all.
    pub expires_at: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct TokenName {
    pub id: String,
    pub name: String,
    /// Start and end of the token, enough to recognise it.
    pub hint: String,
}

pub async fn whoami(call: Call, Nothing {}: Nothing) -> Result<WhoAmI, Stop> {
    let me = accounts::me(&call.app, &call.actor);
    let grant = grants::find_current(&call.app, &call.actor).await?;
    let names = |permissions: Permissions| permissions.iter().map(uptrakit_api::Permission::as_str).collect();
    let name = |token: Token| TokenName { id: token.id.to_string(), name: token.name, hint: token.hint };
    Ok(WhoAmI {
        username: me.account.username,
        email: me.account.email,
        roles: me.account.roles.iter().map(Role::as_str).collect(),
        permissions: names(me.account.permissions),
        not_given: names(call.actor.account_permissions().without(me.account.permissions)),
        api_token: me.token.map(name),
        application: grant.as_ref().map(|(name, _)| text::readable(name, LONGEST_NAME)),
        // An access token ends after minutes and is replaced by its application.
        expires_at: grant.map(|(_, end)| end).or(call.actor.ends_at()).map(|end| end.to_string()),
    })
}

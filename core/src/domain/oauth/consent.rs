//! The question that a person is asked, for requests of the authorization endpoint and of devices alike: what the
//! application asks for and what else it could use, never more than the account has.

use uptrakit_api::{AccountId, AnswerDestination, Approval, Consent, Permissions, TokenId};
use uptrakit_store::{
    Transaction,
    tokens::{self, TokenFilter},
};

use super::{
    applications::Application, client_name::looks_like_ours, lifetimes::GRANT_DAYS, resource::Resource, scope,
};
use crate::{
    auth::{
        authorized::{Authorized, WebSession},
        credential::AccountState,
    },
    domain::state::Core,
    error::Error,
    text,
};

const LONGEST_TOKEN_NAME: usize = 64;
const DEFAULT_TOKEN_NAME: &str = "command line";

pub(super) struct Asked<'r> {
    pub application: &'r Application,
    pub resource: Resource,
    pub permissions: Permissions,
    pub token_name: Option<&'r str>,
}

/// What a person has allowed. `permissions` is `None` for all permissions of the account, also those that it gets
/// later.
pub(super) struct Allowed {
    pub permissions: Option<Permissions>,
    pub token_name: Option<String>,
}

impl Asked<'_> {
    /// Returns what is asked for and what else is offered, of the permissions that the account has. The command line is
    /// offered everything: it is used in place of the page.
    fn offer(&self, account: Permissions) -> (Permissions, Permissions) {
        match self.resource {
            Resource::Api => (account, Permissions::NONE),
            Resource::Mcp => {
                let asked = self.permissions.intersection(account);
                (asked, scope::OF_TOOLS.intersection(account).without(asked))
            }
        }
    }

    pub async fn consent(
        &self,
        core: &Core,
        tx: &mut Transaction,
        account: &AccountState,
        destination: AnswerDestination,
    ) -> Result<Consent, Error> {
        let (asked, offered) = self.offer(account.roles.permissions());
        let (token_name, lifetime_days) = match self.resource {
            Resource::Mcp => (None, Some(GRANT_DAYS)),
            Resource::Api => {
                let name = self.token_name.unwrap_or(DEFAULT_TOKEN_NAME);
                (Some(free_name(core, tx, account.id, name).await?), Some(token_days(core)))
            }
        };
        Ok(Consent {
            application: self.application.name.clone(),
            client_uri: self.application.client_uri.clone(),
            verified: self.application.verified,
            looks_like_ours: !self.application.is_command_line() && looks_like_ours(&self.application.name),
            destination,
            username: account.username.to_string(),
            asked,
            offered,
            token_name,
            lifetime_days,
        })
    }

    pub async fn allow(
        &self,
        core: &Core,
        tx: &mut Transaction,
        account: &AccountState,
        approval: &Approval,
    ) -> Result<Allowed, Error> {
        let (asked, offered) = self.offer(account.roles.permissions());
        let chosen = approval.permissions;
        let open: Permissions = asked.iter().chain(offered.iter()).collect();
        if chosen.is_empty() {
            return Err(Error::field("permissions", "must name at least one permission"));
        }
        let more = chosen.without(account.roles.permissions());
        if !more.is_empty() {
            return Err(Error::MorePermissions(more));
        }
        if !chosen.without(open).is_empty() {
            return Err(Error::field("permissions", "must be among those that were asked for or offered"));
        }
        if self.resource == Resource::Mcp {
            return Ok(Allowed { permissions: Some(chosen), token_name: None });
        }
        if is_full(core, tx, account.id).await? {
            return Err(Error::LimitReached(core.token_rules.limit));
        }
        let name = approval.token_name.as_deref().or(self.token_name).unwrap_or(DEFAULT_TOKEN_NAME);
        let name = text::parse_line(name, LONGEST_TOKEN_NAME).map_err(|why| Error::field("token_name", why))?;
        let inherits = account.roles.permissions().without(chosen).is_empty();
        Ok(Allowed { permissions: (!inherits).then_some(chosen), token_name: Some(name) })
    }
}

/// Counts an answer of the actor. People answer seldom; a program that holds a session could try requests.
pub(super) fn count_answer(core: &Core, actor: &Authorized<WebSession>) -> Result<(), Error> {
    let wait = core.oauth_limits.consent.fail(actor.account_id(), core.clock.now());
    wait.map_or(Ok(()), |wait| Err(Error::TooManyRequests(wait)))
}

pub(super) async fn is_full(core: &Core, tx: &mut Transaction, account_id: AccountId) -> Result<bool, Error> {
    let active = TokenFilter { state: "active", part: String::new(), now: core.clock.now() };
    Ok(tokens::count(tx.conn(), account_id, &active).await? >= i64::from(core.token_rules.limit))
}

/// The lifetime of the command line's API token, in days.
pub(super) fn token_days(core: &Core) -> u32 {
    let rules = &core.token_rules;
    rules.longest_lifetime_days.map_or(rules.default_lifetime_days, |most| most.min(rules.default_lifetime_days))
}

/// Returns the name, or the name with the first number behind it that no active token of the account has.
pub(super) async fn free_name(
    core: &Core,
    tx: &mut Transaction,
    account_id: AccountId,
    name: &str,
) -> Result<String, Error> {
    let now = core.clock.now();
    let mut candidate = name.to_owned();
    for number in 2_u32.. {
        let key = text::key(&candidate);
        if !tokens::exists_active_named(tx.conn(), account_id, &key, TokenId::NIL, now).await? {
            break;
        }
        let suffix = format!(" ({number})");
        let kept: String = name.chars().take(LONGEST_TOKEN_NAME - suffix.len()).collect();
        candidate = format!("{}{suffix}", kept.trim_end());
    }
    Ok(candidate)
}

//! A credential as the verifier knows it, and the single check of what it may do. The same function checks a request
//! that arrives, one that is in flight, and a write inside its transaction.

use std::{net::IpAddr, sync::Arc, time::Duration};

use ipnet::IpNet;
use uptrakit_api::{
    AccountId, GrantId, Permission, Permissions, Roles, SessionId, Timestamp, Token, TokenId, TokenState, Wrappings,
};
use uptrakit_store::credentials::{
    AccessCredentialRow, CredentialAccountRow, SessionCredentialRow, TokenCredentialRow,
};

use super::{digest::Digest, resource::Resource};
use crate::clock::is_over;

pub const ACCESS_TOKEN_MILLIS: i64 = 15 * 60_000;
pub const SESSION_IDLE_MILLIS: i64 = 7 * 86_400_000;
pub const SESSION_LIFETIME_MILLIS: i64 = 30 * 86_400_000;

/// The digest of a presented credential: of a token's secret, or of a session's cookie. For an access token of OAuth it
/// goes with the resource that the request is for: no access token for another resource has that key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Token(Digest),
    Session(Digest),
    Access(Digest, Resource),
}

impl Key {
    #[must_use]
    pub const fn digest(self) -> Digest {
        match self {
            Self::Token(digest) | Self::Session(digest) | Self::Access(digest, _) => digest,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Anything,
    Permission(Permission),
    /// The permission `tokens:write`, also of a secret that a rotation has replaced: `tokens::rotate` itself refuses such
    /// a secret, after it has told the loser of two rotations at once of the conflict.
    Rotation,
    /// Only a web session is enough; a token is rejected.
    Session,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    Missing,
    /// The session is unknown, it has ended, or its account is deactivated.
    SessionOver,
    /// The token is malformed, or no token has its digest.
    Unknown,
    /// The token is malformed, because something was copied along with it.
    Wrapped(Wrappings),
    Expired,
    /// The token was revoked, or its secret was replaced by a rotation.
    Revoked,
    /// The token is on hold after a restore, and not confirmed yet.
    OnHold,
    AccountDisabled,
    Network,
    Insufficient(Permission),
    /// A rotation has replaced the secret. Until the overlap ends it is accepted, but not to manage tokens.
    SecretReplaced,
    SessionNeeded,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    pub id: AccountId,
    pub username: Box<str>,
    pub email: Box<str>,
    pub roles: Roles,
    pub active: bool,
    pub created_at: Timestamp,
}

/// An API token, found by one of its secrets; it has two during the overlap of a rotation.
#[derive(Clone, Debug)]
pub struct TokenCredential {
    pub id: TokenId,
    pub name: Box<str>,
    pub hint: Box<str>,
    /// The secret is rejected from this instant on, because a rotation replaced it; `None` for the current secret.
    pub ends_at: Option<Timestamp>,
    /// The instant of the rotation that replaced the secret; `None` for the current secret.
    pub replaced_at: Option<Timestamp>,
    /// The last use of this secret, not of the whole token, that the database had when the row was read.
    pub secret_used_at: Option<Timestamp>,
    /// The permissions that the token is narrowed to; `None` means all permissions of the account.
    pub permissions: Option<Permissions>,
    pub networks: Option<Box<[IpNet]>>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub held_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub last_used_ip: Option<Box<str>>,
}

#[derive(Clone, Debug)]
pub struct SessionCredential {
    pub id: SessionId,
    pub created_at: Timestamp,
    pub last_active_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct AccessCredential {
    pub grant_id: GrantId,
    /// The permissions of the grant, restricted to those that the access token is narrowed to.
    pub permissions: Permissions,
    pub expires_at: Timestamp,
    pub is_revoked: bool,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub enum Credential {
    Token(TokenCredential),
    Session(SessionCredential),
    Access(AccessCredential),
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the database holds a {0} that can't be read")]
pub struct InconsistentRow(pub &'static str);

impl Rejection {
    /// Returns why a text is no token. It never repeats the text.
    #[must_use]
    pub fn of_malformed(text: &str) -> Self {
        let (_, wrappings) = Wrappings::remove(text);
        if wrappings.are_there() { Self::Wrapped(wrappings) } else { Self::Unknown }
    }
}

impl Credential {
    /// Returns what the credential may do for this account now: the permissions of the account's roles, restricted to
    /// those that a token is narrowed to or a grant has. A secret that a rotation has replaced does not manage tokens.
    #[must_use]
    pub fn permissions(&self, account: &AccountState) -> Permissions {
        let permissions = self.permissions_of_token(account);
        if self.is_replaced() { permissions.without(Permissions::of(&[Permission::TokensWrite])) } else { permissions }
    }

    fn permissions_of_token(&self, account: &AccountState) -> Permissions {
        let granted = account.roles.permissions();
        match self {
            Self::Token(TokenCredential { permissions: Some(narrowed), .. })
            | Self::Access(AccessCredential { permissions: narrowed, .. }) => granted.intersection(*narrowed),
            _ => granted,
        }
    }

    pub(super) const fn is_replaced(&self) -> bool {
        matches!(self, Self::Token(TokenCredential { ends_at: Some(_), .. }))
    }

    /// Rejects a secret that a rotation has replaced. A client that holds such a secret, perhaps a leaked one, must not
    /// create, change, rotate or revoke tokens.
    pub const fn refuse_replaced(&self) -> Result<(), Rejection> {
        if self.is_replaced() { Err(Rejection::SecretReplaced) } else { Ok(()) }
    }

    pub fn satisfy(&self, account: &AccountState, need: Need) -> Result<(), Rejection> {
        let (permission, granted) = match need {
            Need::Anything => return Ok(()),
            Need::Session => {
                return if matches!(self, Self::Session(_)) { Ok(()) } else { Err(Rejection::SessionNeeded) };
            }
            Need::Permission(permission) => (permission, self.permissions(account)),
            Need::Rotation => (Permission::TokensWrite, self.permissions_of_token(account)),
        };
        if granted.contains(permission) {
            return Ok(());
        }
        let is_lost_by_rotation = self.permissions_of_token(account).contains(permission);
        Err(if is_lost_by_rotation { Rejection::SecretReplaced } else { Rejection::Insufficient(permission) })
    }

    /// Checks that the credential may do what is needed, from this address, at this instant. `last_active` is the last
    /// use of a session.
    pub fn check(
        &self,
        account: &AccountState,
        need: Need,
        address: IpAddr,
        now: Timestamp,
        last_active: Timestamp,
    ) -> Result<(), Rejection> {
        match self {
            Self::Token(token) => {
                if token.revoked_at.is_some() || token.ends_at.is_some_and(|end| now >= end) {
                    return Err(Rejection::Revoked);
                }
                if token.expires_at.is_some_and(|end| now >= end) {
                    return Err(Rejection::Expired);
                }
                if token.held_at.is_some() {
                    return Err(Rejection::OnHold);
                }
                if !account.active {
                    return Err(Rejection::AccountDisabled);
                }
                if token.networks.as_ref().is_some_and(|networks| !networks.iter().any(|net| net.contains(&address))) {
                    return Err(Rejection::Network);
                }
            }
            Self::Access(access) => {
                if access.is_revoked {
                    return Err(Rejection::Revoked);
                }
                if is_over(access.expires_at, ACCESS_TOKEN_MILLIS, now) {
                    return Err(Rejection::Expired);
                }
                if !account.active {
                    return Err(Rejection::AccountDisabled);
                }
            }
            Self::Session(session) => {
                let over = now >= session.created_at.plus_millis(SESSION_LIFETIME_MILLIS)
                    || now >= last_active.plus_millis(SESSION_IDLE_MILLIS);
                if over || !account.active {
                    return Err(Rejection::SessionOver);
                }
            }
        }
        self.satisfy(account, need)
    }

    /// Returns the next instant at which the credential expires by time alone. The idle timeout of a session does not
    /// count, because every use moves it.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        match self {
            Self::Token(token) => token.ends_at.into_iter().chain(token.expires_at).min(),
            Self::Session(session) => Some(session.created_at.plus_millis(SESSION_LIFETIME_MILLIS)),
            Self::Access(access) => Some(access.expires_at),
        }
    }

    #[must_use]
    pub const fn token_id(&self) -> Option<TokenId> {
        match self {
            Self::Token(token) => Some(token.id),
            Self::Session(_) | Self::Access(_) => None,
        }
    }
}

impl TokenCredential {
    /// Returns the token as the API shows it. `last_used` replaces the last use that was read from the database.
    #[must_use]
    pub fn public(&self, last_used: Option<(Timestamp, String)>, now: Timestamp) -> Token {
        let (last_used_at, last_used_ip) = match last_used {
            Some((at, ip)) => (Some(at), Some(ip)),
            None => (self.last_used_at, self.last_used_ip.as_deref().map(str::to_owned)),
        };
        Token {
            id: self.id,
            name: self.name.to_string(),
            hint: self.hint.to_string(),
            state: state(self.revoked_at, self.expires_at, now),
            permissions: self.permissions,
            allowed_networks: self.networks.as_ref().map(|nets| nets.iter().map(IpNet::to_string).collect()),
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_used_at,
            last_used_ip,
            revoked_at: self.revoked_at,
            revoked_by: None,
            held_at: self.held_at,
            rotation: None,
        }
    }
}

#[must_use]
pub fn state(revoked_at: Option<Timestamp>, expires_at: Option<Timestamp>, now: Timestamp) -> TokenState {
    if revoked_at.is_some() {
        TokenState::Revoked
    } else if expires_at.is_some_and(|end| now >= end) {
        TokenState::Expired
    } else {
        TokenState::Active
    }
}

pub fn parse_networks(text: &str) -> Result<Box<[IpNet]>, InconsistentRow> {
    text.split_whitespace().map(|net| net.parse().map_err(|_| InconsistentRow("network"))).collect()
}

#[derive(Clone, Debug)]
pub enum AuthError {
    Rejected(Rejection),
    TooManyRequests(Duration),
    Unavailable(Arc<str>),
}

#[derive(Debug)]
pub struct Found {
    pub key: Key,
    pub account: AccountState,
    pub credential: Credential,
}

impl TryFrom<CredentialAccountRow> for AccountState {
    type Error = InconsistentRow;

    fn try_from(row: CredentialAccountRow) -> Result<Self, InconsistentRow> {
        Ok(Self {
            id: row.account_id,
            username: row.username.into(),
            email: row.email.into(),
            roles: row.roles.parse().map_err(|_| InconsistentRow("role"))?,
            active: row.active,
            created_at: row.account_created_at,
        })
    }
}

impl Found {
    pub fn token(row: TokenCredentialRow) -> Result<Self, InconsistentRow> {
        let key = Key::Token(row.digest);
        let permissions = row.permissions.map(|names| names.parse()).transpose();
        let token = TokenCredential {
            id: row.token_id,
            name: row.name.into(),
            hint: row.hint.into(),
            ends_at: row.ends_at,
            replaced_at: row.replaced_at,
            permissions: permissions.map_err(|_| InconsistentRow("permission"))?,
            networks: row.networks.map(|text| parse_networks(&text)).transpose()?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            held_at: row.held_at,
            secret_used_at: row.secret_used_at,
            last_used_at: row.last_used_at,
            last_used_ip: row.last_used_ip.map(Into::into),
        };
        Ok(Self { key, account: row.account.try_into()?, credential: Credential::Token(token) })
    }

    pub fn session(row: SessionCredentialRow) -> Result<Self, InconsistentRow> {
        let key = Key::Session(row.digest);
        let session =
            SessionCredential { id: row.session_id, created_at: row.created_at, last_active_at: row.last_active_at };
        Ok(Self { key, account: row.account.try_into()?, credential: Credential::Session(session) })
    }

    pub fn access(row: AccessCredentialRow) -> Result<Self, InconsistentRow> {
        let resource = Resource::from_name(&row.audience).ok_or(InconsistentRow("audience"))?;
        let key = Key::Access(row.digest, resource);
        let parse = |names: &str| names.parse::<Permissions>().map_err(|_| InconsistentRow("permission"));
        let granted = parse(&row.permissions)?;
        let narrowed = row.narrowed.as_deref().map(parse).transpose()?;
        let access = AccessCredential {
            grant_id: row.grant_id,
            permissions: narrowed.map_or(granted, |narrowed| granted.intersection(narrowed)),
            expires_at: row.expires_at,
            is_revoked: row.revoked_at.is_some() || row.grant_revoked_at.is_some(),
            last_used_at: row.last_used_at,
        };
        Ok(Self { key, account: row.account.try_into()?, credential: Credential::Access(access) })
    }
}

//! A credential as the verifier knows it, and the one judgement of whether it may do something: the same function
//! judges a request that arrives, one that is under way, and a write inside its transaction.

use std::{net::IpAddr, sync::Arc, time::Duration};

use ipnet::IpNet;
use uptrakit_api::{AccountId, Permission, Permissions, Roles, SessionId, Timestamp, Token, TokenId, TokenState};
use uptrakit_store::credentials::{CredentialAccountRow, SessionCredentialRow, TokenCredentialRow};

use super::digest::Digest;

/// How long a session lives without being used: 7 days.
pub const SESSION_IDLE_MILLIS: i64 = 7 * 86_400_000;
/// How long a session lives at most: 30 days.
pub const SESSION_LIFETIME_MILLIS: i64 = 30 * 86_400_000;

/// What is presented, by its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// The text of an API token.
    Token(Digest),
    /// The cookie of a web session.
    Session(Digest),
}

/// What a request needs of its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Any that is good.
    Anything,
    /// One that grants this.
    Permission(Permission),
    /// A web session: a token can't do this.
    Session,
}

/// Why a credential does not open this door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Nothing was presented.
    Missing,
    /// A session that is over.
    SessionOver,
    /// No credential that is known here.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was revoked, or rotated away.
    Revoked,
    /// Its account is deactivated.
    AccountDisabled,
    /// It may not be used from this address.
    Network,
    /// It does not grant this.
    Insufficient(Permission),
    /// It is a token where a web session is needed.
    SessionNeeded,
}

/// The account behind a credential, as of some epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    /// Its id.
    pub id: AccountId,
    /// Its username.
    pub username: Box<str>,
    /// Its email.
    pub email: Box<str>,
    /// Its roles.
    pub roles: Roles,
    /// Whether it opens doors.
    pub active: bool,
    /// Since when.
    pub created_at: Timestamp,
}

/// An API token, by one of its texts.
#[derive(Clone, Debug)]
pub struct TokenGrant {
    /// Its id.
    pub id: TokenId,
    /// Its name.
    pub name: Box<str>,
    /// The text's hint.
    pub hint: Box<str>,
    /// From when on the text, replaced by a rotation, is refused.
    pub ends_at: Option<Timestamp>,
    /// When the text was last used, as of when this was read.
    pub text_used_at: Option<Timestamp>,
    /// What it is narrowed to.
    pub permissions: Option<Permissions>,
    /// The networks that it is held to.
    pub networks: Option<Box<[IpNet]>>,
    /// Since when.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Since when it is revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, as of when this was read.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    pub last_used_ip: Option<Box<str>>,
}

/// A web session.
#[derive(Clone, Debug)]
pub struct SessionGrant {
    /// Its id.
    pub id: SessionId,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used, as of when this was read.
    pub last_active_at: Timestamp,
}

/// A credential of either kind.
#[derive(Clone, Debug)]
pub enum Credential {
    /// An API token.
    Token(TokenGrant),
    /// A web session.
    Session(SessionGrant),
}

/// A row holds what the program never writes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the database holds a {0} that can't be read")]
pub struct InconsistentRow(pub &'static str);

impl Credential {
    /// What it may do for this account now: what the account may, within what the credential is narrowed to.
    #[must_use]
    pub fn permissions(&self, account: &AccountState) -> Permissions {
        let granted = account.roles.permissions();
        match self {
            Self::Token(TokenGrant { permissions: Some(narrowed), .. }) => granted.intersection(*narrowed),
            _ => granted,
        }
    }

    /// Whether it may do what is needed, from there, at that instant. `last_active` is when a session was last used.
    pub fn judge(
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
                if !account.active {
                    return Err(Rejection::AccountDisabled);
                }
                if token.networks.as_ref().is_some_and(|networks| !networks.iter().any(|net| net.contains(&address))) {
                    return Err(Rejection::Network);
                }
                if need == Need::Session {
                    return Err(Rejection::SessionNeeded);
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
        match need {
            Need::Permission(permission) if !self.permissions(account).contains(permission) => {
                Err(Rejection::Insufficient(permission))
            }
            _ => Ok(()),
        }
    }

    /// The next instant at which time alone ends it.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        match self {
            Self::Token(token) => token.ends_at.into_iter().chain(token.expires_at).min(),
            Self::Session(session) => Some(session.created_at.plus_millis(SESSION_LIFETIME_MILLIS)),
        }
    }

    /// Its token's id, if it is one.
    #[must_use]
    pub const fn token_id(&self) -> Option<TokenId> {
        match self {
            Self::Token(token) => Some(token.id),
            Self::Session(_) => None,
        }
    }
}

impl TokenGrant {
    /// Its public fields, with the last use that is known.
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
            rotation: None,
        }
    }
}

/// Where a token is in its life.
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

/// Networks as the database has them, with a space between them.
pub fn parse_networks(text: &str) -> Result<Box<[IpNet]>, InconsistentRow> {
    text.split_whitespace().map(|net| net.parse().map_err(|_| InconsistentRow("network"))).collect()
}

/// Why a request is not authorised.
#[derive(Clone, Debug)]
pub enum AuthError {
    Rejected(Rejection),
    /// The client has failed too often; it may try again after this time.
    TooManyRequests(Duration),
    /// The database can't answer.
    Unavailable(Arc<str>),
}

/// A credential that was read from the database, with its account.
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
            id: AccountId(row.account_id),
            username: row.username.into(),
            email: row.email.into(),
            roles: row.roles.parse().map_err(|_| InconsistentRow("role"))?,
            active: row.active,
            created_at: Timestamp(row.account_created_at),
        })
    }
}

impl Found {
    /// A token, as the database has it.
    pub fn token(row: TokenCredentialRow) -> Result<Self, InconsistentRow> {
        let key = Key::Token(Digest::from_bytes(&row.digest).ok_or(InconsistentRow("digest"))?);
        let permissions = row.permissions.map(|names| names.parse()).transpose();
        let grant = TokenGrant {
            id: TokenId(row.token_id),
            name: row.name.into(),
            hint: row.hint.into(),
            ends_at: row.ends_at.map(Timestamp),
            permissions: permissions.map_err(|_| InconsistentRow("permission"))?,
            networks: row.networks.map(|text| parse_networks(&text)).transpose()?,
            created_at: Timestamp(row.created_at),
            expires_at: row.expires_at.map(Timestamp),
            revoked_at: row.revoked_at.map(Timestamp),
            text_used_at: row.text_used_at.map(Timestamp),
            last_used_at: row.last_used_at.map(Timestamp),
            last_used_ip: row.last_used_ip.map(Into::into),
        };
        Ok(Self { key, account: row.account.try_into()?, credential: Credential::Token(grant) })
    }

    /// A session, as the database has it.
    pub fn session(row: SessionCredentialRow) -> Result<Self, InconsistentRow> {
        let key = Key::Session(Digest::from_bytes(&row.digest).ok_or(InconsistentRow("digest"))?);
        let grant = SessionGrant {
            id: SessionId(row.session_id),
            created_at: Timestamp(row.created_at),
            last_active_at: Timestamp(row.last_active_at),
        };
        Ok(Self { key, account: row.account.try_into()?, credential: Credential::Session(grant) })
    }
}

//! The audit trail: who did what, when, from where, by which token.

use crate::{AccountId, EventId, Timestamp, TokenId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One event. Events are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEvent {
    /// Its id; ids rise with time.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// What was done, as `noun.verb`: `token.create`, `session.create`.
    pub action: String,
    /// Whose account did it; null from the server's own terminal or for a sign-in of nobody.
    pub actor_id: Option<AccountId>,
    /// The token that was used, or that it was done to.
    pub token_id: Option<TokenId>,
    /// What it was done to: an account, a token, a session or a host.
    pub target_id: Option<Uuid>,
    /// From where.
    pub address: Option<String>,
    /// Names the request in the server's log.
    pub request_id: Option<String>,
    /// `done` or `refused`; of `token.refused` what the token died of: `revoked`, `expired` or `account-disabled`.
    pub outcome: String,
}

/// Which events are asked for, a page of them; text as it stands in the query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// An action, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// An account's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// A token's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// RFC 3339: events at or after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// RFC 3339: events before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// From 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_page: Option<String>,
}

/// Which events are to be exported; text as it stands in the query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct AuditExportQuery {
    /// An action, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// An account's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// A token's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// RFC 3339: events at or after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// RFC 3339: events before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// An export asks for the same events as a list, only not for a page of them.
impl From<AuditExportQuery> for AuditQuery {
    fn from(query: AuditExportQuery) -> Self {
        let AuditExportQuery { action, actor_id, token_id, since, until } = query;
        Self { action, actor_id, token_id, since, until, page: None, per_page: None }
    }
}

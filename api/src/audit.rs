//! The audit log on the wire: its events and the queries that select them.

use crate::{AccountId, EventId, Timestamp, TokenId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One event of the audit log. Events are added and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEvent {
    /// Unique id of the event. Ids are ordered by time.
    pub id: EventId,
    /// Time at which the event was recorded or, for `token.refused`, at which the token was presented.
    pub at: Timestamp,
    /// Action of the event, as `noun.verb`. Examples: `token.create`, `session.create`.
    pub action: String,
    /// Account that acted; null when the action was taken at the server's terminal, or when a sign-in named an unknown
    /// account.
    pub actor_id: Option<AccountId>,
    /// API token that was presented, or the connection of the application that presented an access token, or else the
    /// token that the action changed; null when there was none of them.
    pub token_id: Option<TokenId>,
    /// Id of the account, token, session or host that the action was about; null when it was about no single object,
    /// such as in a failed sign-in.
    pub target_id: Option<Uuid>,
    /// IP address of the client; null when the action was taken at the server's terminal. Example: `10.0.3.7`.
    pub address: Option<String>,
    /// Id of the request, which the server's log lines carry as well; null when the action was taken at the server's
    /// terminal.
    pub request_id: Option<String>,
    /// Outcome of the action: `done` or `refused`. For `token.refused` it is the reason of the refusal: `revoked`,
    /// `expired`, `on-hold` or `account-disabled`.
    pub outcome: String,
}

/// Query for one page of audit events. Values are text as sent, so that an error can name the parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Action to select, in full; all actions when left out. Example: `token.create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Id of the account that acted; all accounts when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// Id of a token: selects events in which it was presented and events that were about it; no restriction when left
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// RFC 3339 instant: selects events at or after it; no limit when left out. Example: `2030-01-31T12:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// RFC 3339 instant: selects events before it; no limit when left out. Example: `2030-02-01T00:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Number of the page, from 1; 1 when left out. Example: `2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Number of items per page, from 1 to 100; 20 when left out. Example: `50`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_page: Option<String>,
}

/// Query for an export of audit events. Values are text as sent, so that an error can name the parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct AuditExportQuery {
    /// Action to select, in full; all actions when left out. Example: `token.create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Id of the account that acted; all accounts when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// Id of a token: selects events in which it was presented and events that were about it; no restriction when left
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// RFC 3339 instant: selects events at or after it; no limit when left out. Example: `2030-01-31T12:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// RFC 3339 instant: selects events before it; no limit when left out. Example: `2030-02-01T00:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// An export selects events as a list does, but it has no pages.
impl From<AuditExportQuery> for AuditQuery {
    fn from(query: AuditExportQuery) -> Self {
        let AuditExportQuery { action, actor_id, token_id, since, until } = query;
        Self { action, actor_id, token_id, since, until, page: None, per_page: None }
    }
}

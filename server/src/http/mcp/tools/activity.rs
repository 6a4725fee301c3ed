//! The tool that reads the audit log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uptrakit_api::{AuditEvent, AuditQuery};
use uptrakit_core::{auth::authorized::AuditRead, domain::audit};

use crate::http::mcp::{
    answer::{Paged, Part},
    call::{Call, Stop},
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListActivity {
    /// True for the activity of all accounts, which needs the permission audit:read; otherwise only the account's own.
    #[serde(default)]
    pub everybody: bool,
    /// Action to select, in full, such as token.create, token.revoke, token.refused, session.create, host.update or host.delete.
    pub action: Option<String>,
    /// Only events at or after this instant, RFC 3339, such as 2030-01-31T12:00:00Z.
    pub since: Option<String>,
    /// Only events before this instant, RFC 3339.
    pub until: Option<String>,
    /// The next_cursor of the former answer, to go on after it; left out for the first answer.
    pub cursor: Option<String>,
    /// Number of events per answer, fewer where they would be too large; 50 when left out.
    #[schemars(range(min = 1, max = 100))]
    pub per_page: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Activity {
    /// Time of the event, RFC 3339.
    pub at: String,
    /// Action of the event, such as token.revoke.
    pub action: String,
    /// Outcome of the action: done or refused; for token.refused the reason.
    pub outcome: String,
    /// Id of the account that acted; null when it was done at the server's terminal or with an unknown login.
    pub actor_id: Option<String>,
    /// Id of the API token or of the connected application that was used, or else of the token that was changed.
    pub token_id: Option<String>,
    /// Id of the account, token, session or host that it was about.
    pub target_id: Option<String>,
    /// Network address from which it was done.
    pub address: Option<String>,
}

impl From<AuditEvent> for Activity {
    fn from(event: AuditEvent) -> Self {
        Self {
            at: event.at.to_string(),
            action: event.action,
            outcome: event.outcome,
            actor_id: event.actor_id.map(|id| id.to_string()),
            token_id: event.token_id.map(|id| id.to_string()),
            target_id: event.target_id.map(|id| id.to_string()),
            address: event.address,
        }
    }
}

pub async fn list_activity(call: Call, arguments: ListActivity) -> Result<Paged<Activity>, Stop> {
    let part = Part::parse(arguments.cursor.as_deref(), arguments.per_page)?;
    let query = AuditQuery {
        action: arguments.action,
        since: arguments.since,
        until: arguments.until,
        ..AuditQuery::default()
    };
    let id = |event: &AuditEvent| event.id.to_string();
    let found = if arguments.everybody {
        let actor = call.require::<AuditRead>()?;
        part.read(id, |paging| audit::list_part(&call.app, &actor, &query, paging)).await?
    } else {
        part.read(id, |paging| audit::list_own_part(&call.app, &call.actor, &query, paging)).await?
    };
    Ok(part.answer(found, id, Activity::from))
}

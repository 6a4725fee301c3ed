//! The tools: what each is called, what it needs, and what it says of itself to a model.

pub mod account;
pub mod activity;
pub mod hosts;
pub mod tokens;

use std::{pin::Pin, sync::LazyLock};

use rmcp::model::{JsonObject, Tool as Description, ToolAnnotations};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uptrakit_api::{Permission, Permissions};

use super::{
    call::{Call, Stop, parse_arguments},
    schema,
};

type Running = Pin<Box<dyn Future<Output = Result<Value, Stop>> + Send>>;

pub struct Tool {
    /// The permission that the account must have for the tool to be listed; `None` means that every account may use it.
    needs: Option<Permission>,
    description: Description,
    pub run: Box<dyn Fn(Call, JsonObject) -> Running + Send + Sync>,
}

#[derive(Clone, Copy)]
enum Effect {
    Reads,
    Changes,
    Destroys,
}

impl Effect {
    fn annotations(self) -> ToolAnnotations {
        let annotations = ToolAnnotations::new().open_world(false);
        match self {
            Self::Reads => annotations.read_only(true),
            Self::Changes => annotations.read_only(false).destructive(false).idempotent(true),
            Self::Destroys => annotations.read_only(false).destructive(true).idempotent(true),
        }
    }
}

fn tool<A, R, F>(
    (name, title): (&'static str, &'static str),
    (needs, effect): (Option<Permission>, Effect),
    description: &'static str,
    run: fn(Call, A) -> F,
) -> Tool
where
    A: DeserializeOwned + JsonSchema + Send + 'static,
    R: serde::Serialize + JsonSchema + 'static,
    F: Future<Output = Result<R, Stop>> + Send + 'static,
{
    let description = Description::new(name, description, schema::input::<A>())
        .with_title(title)
        .with_raw_output_schema(schema::output::<R>())
        .with_annotations(effect.annotations());
    let run = move |call: Call, arguments: JsonObject| -> Running {
        Box::pin(async move {
            if let Some(permission) = needs {
                call.require_permission(permission)?;
            }
            super::answer::json(&run(call, parse_arguments(arguments)?).await?)
        })
    };
    Tool { needs, description, run: Box::new(run) }
}

/// The order is the same in every list, so that clients can cache it.
static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    use Effect::{Changes, Destroys, Reads};
    use Permission::{HostsRead, HostsWrite, TokensWrite};
    vec![
        tool(
            ("whoami", "Who am I?"),
            (None, Reads),
            "Tells which account this connection belongs to, its roles, what the connection may do, and until when it \
             works. Use it when the person asks about access, or when another tool was refused.",
            account::whoami,
        ),
        tool(
            ("list_hosts", "List hosts"),
            (Some(HostsRead), Reads),
            "Lists the machines that report to Uptrakit, with their operating system, the numbers of pending updates \
             and security updates, whether a restart is due, and when each reported last. Use it for every question \
             about several machines. Which machines need security updates: one call with needs=security_updates. For \
             everything about one machine use get_host. A list that is sorted by updates or by the last report changes \
             while machines report: one that reports between two calls can be missed or come twice.",
            hosts::list_hosts,
        ),
        tool(
            ("get_host", "Get a host"),
            (Some(HostsRead), Reads),
            "Returns everything that Uptrakit knows about one machine: names, operating system, kernel, architecture, \
             updates, restart, and times. Use it when the person names a machine. If several machines have the name, \
             the answer lists them with their ids, to call again with.",
            hosts::get_host,
        ),
        tool(
            ("rename_host", "Rename a host"),
            (Some(HostsWrite), Changes),
            "Gives a machine the friendly name that people see instead of its host name, or takes it away. The machine \
             itself is not changed. Use it only when the person asks for another name; the answer is the host as it \
             is now.",
            hosts::rename_host,
        ),
        tool(
            ("delete_host", "Delete a host"),
            (Some(HostsWrite), Destroys),
            "Removes a machine from Uptrakit, for one that no longer exists. Its friendly name is lost; a machine that \
             still reports comes back with its next report. Ask the person before you use it. The answer names the \
             host that was removed.",
            hosts::delete_host,
        ),
        tool(
            ("list_api_tokens", "List API tokens"),
            (None, Reads),
            "Lists the account's own API tokens: name, hint, state, last use and end. Use it to find tokens that are \
             unused, about to expire, or to be revoked. The tokens themselves can't be read by any tool.",
            tokens::list_api_tokens,
        ),
        tool(
            ("revoke_api_token", "Revoke an API token"),
            (Some(TokensWrite), Destroys),
            "Revokes one of the account's own API tokens for good: whatever uses it is refused from the instant in the \
             answer on. Ask the person before you use it, and say which token it is by name and hint.",
            tokens::revoke_api_token,
        ),
        tool(
            ("list_activity", "List activity"),
            (None, Reads),
            "Lists what was done with the account, newest first: sign-ins, tokens created, used after their end, or \
             revoked, hosts renamed or deleted. Use it for questions such as who did something and when. With \
             everybody=true it lists all accounts' activity, which needs the permission audit:read.",
            activity::list_activity,
        ),
    ]
});

/// Lists the tools that an account with these permissions may use. A connection that was given fewer sees them too, and
/// can ask for what it lacks.
pub fn list(account: Permissions) -> Vec<Description> {
    let may_use = |tool: &&Tool| tool.needs.is_none_or(|permission| account.contains(permission));
    TOOLS.iter().filter(may_use).map(|tool| tool.description.clone()).collect()
}

pub fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.description.name == name)
}

#[cfg(test)]
mod tests {
    use super::TOOLS;

    #[test]
    fn the_guide_says_what_every_tool_needs() {
        const GUIDE: &str = include_str!("../../../../../docs/guide/permissions.md");
        for tool in TOOLS.iter() {
            let needs = tool.needs.map_or_else(|| "any credential".to_owned(), |permission| format!("`{permission}`"));
            let row = format!("| `{}` | {needs}", tool.description.name);
            assert!(GUIDE.lines().any(|line| line.starts_with(&row)), "the guide has no row {row}");
        }
    }
}

//! Scopes: the permissions of the contract by their names, so that tokens, roles and OAuth have one vocabulary.

use uptrakit_api::{Permission, Permissions};

/// What an application gets that asks for nothing in particular.
pub const LEAST: Permissions = Permissions::of(&[Permission::HostsRead]);

/// The permissions that the tools under `/mcp` need.
pub const OF_TOOLS: Permissions =
    Permissions::of(&[Permission::HostsRead, Permission::HostsWrite, Permission::TokensWrite, Permission::AuditRead]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("none of the scopes exists here")]
pub struct InvalidScope;

/// Reads a list of scopes. Unknown ones are left out (RFC 6749, section 3.3): many clients ask for `offline_access`
/// wherever they go.
pub fn parse(scope: Option<&str>) -> Result<Permissions, InvalidScope> {
    let names: Vec<&str> = scope.unwrap_or_default().split_ascii_whitespace().collect();
    if names.is_empty() {
        return Ok(LEAST);
    }
    let known: Permissions = names.iter().filter_map(|name| name.parse::<Permission>().ok()).collect();
    if known == Permissions::NONE { Err(InvalidScope) } else { Ok(known) }
}

#[cfg(test)]
mod tests {
    use super::{InvalidScope, parse};

    fn granted(scope: &str) -> Result<String, InvalidScope> {
        parse(Some(scope)).map(|permissions| permissions.to_string())
    }

    #[test]
    fn unknown_scopes_are_left_out() {
        assert_eq!(granted("offline_access hosts:read openid hosts:write").as_deref(), Ok("hosts:read hosts:write"));
        assert_eq!(granted(" tokens:write  tokens:write ").as_deref(), Ok("tokens:write"));
    }

    #[test]
    fn a_scope_of_which_nothing_is_left_is_invalid() {
        for scope in ["offline_access", "hosts:everything *", "HOSTS:READ", "hosts:read,hosts:write", "\u{e9}"] {
            assert_eq!(granted(scope), Err(InvalidScope), "{scope}");
        }
    }

    #[test]
    fn no_scope_is_the_least() {
        for scope in [None, Some(""), Some("  ")] {
            assert_eq!(parse(scope).map(|permissions| permissions.to_string()).as_deref(), Ok("hosts:read"));
        }
    }
}

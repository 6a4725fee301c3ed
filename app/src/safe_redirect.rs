//! Where a visitor goes after signing in. The destination stands in the address bar, where others can write one:
//! only paths of this very site are followed.

/// Path for visitors who wanted to go nowhere in particular.
pub const HOME: &str = "/profile";

/// The path to go to, if it stays on this site and is no page that is only for signed-out visitors.
pub fn safe_redirect(wanted: &str) -> &str {
    let stays_here = wanted.starts_with('/')
        && !wanted.starts_with("//")
        && !wanted.chars().any(|character| character == '\\' || character.is_control());
    let path = wanted.split(['?', '#']).next().unwrap_or_default();
    if stays_here && !matches!(path.trim_end_matches('/'), "/login" | "/setup") { wanted } else { HOME }
}

#[cfg(test)]
mod tests {
    use super::{HOME, safe_redirect};

    #[test]
    fn paths_of_this_site_are_followed() {
        for path in ["/", "/hosts", "/hosts?q=web&sort=-last_seen_at#list", "/profile"] {
            assert_eq!(safe_redirect(path), path);
        }
    }

    #[test]
    fn everything_else_leads_home() {
        for path in [
            "",
            "hosts",
            "//elsewhere.example",
            "/\\elsewhere.example",
            "/\t/elsewhere.example",
            "https://elsewhere.example/",
            "javascript:alert(1)",
            "/login",
            "/login/?to=/login",
            "/setup?code=x",
        ] {
            assert_eq!(safe_redirect(path), HOME, "{path:?}");
        }
    }
}

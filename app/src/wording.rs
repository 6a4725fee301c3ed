//! Plain words for what the server names tersely. Pure text, so that it is tested without a browser.

/// `1 request`, `2 requests`.
pub fn counted(count: u64, one: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {one}{end}")
}

/// An audit event's action as a person would tell it; an unknown one is shown as it is.
pub fn action(action: &str, done: bool) -> String {
    let (past, tried) = match action {
        "session.create" => ("Signed in", "Failed to sign in"),
        "session.delete" => ("Ended a sign-in session", "Failed to end a session"),
        "token.create" => ("Created an API token", "Was refused a new API token"),
        "token.update" => ("Changed an API token", "Was refused a change to an API token"),
        "token.rotate" => ("Rotated an API token", "Was refused a rotation"),
        "token.end-overlap" => ("Ended a rotation's overlap", "Failed to end an overlap"),
        "token.revoke" => ("Revoked an API token", "Failed to revoke an API token"),
        "token.use" => ("Used an API token", "An API token was refused"),
        "password.change" => ("Changed the password", "Failed to change the password"),
        "account.create" | "account.set-up" => ("Account was created", "Failed to create the account"),
        "account.update" => ("Account was changed", "Failed to change the account"),
        "host.update" => ("Renamed a host", "Failed to rename a host"),
        "host.delete" => ("Deleted a host", "Failed to delete a host"),
        "host.report" => ("Reported a host", "A host's report was refused"),
        other => return if done { other.to_owned() } else { format!("{other} (refused)") },
    };
    (if done { past } else { tried }).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{action, counted};

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(1, "request"), "1 request");
        assert_eq!(counted(0, "request"), "0 requests");
        assert_eq!(counted(2, "request"), "2 requests");
    }

    #[test]
    fn unknown_actions_are_shown_as_they_are() {
        assert_eq!(action("token.create", true), "Created an API token");
        assert_eq!(action("token.polish", true), "token.polish");
        assert_eq!(action("token.polish", false), "token.polish (refused)");
    }
}

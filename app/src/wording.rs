//! Plain words for what the server names tersely. Pure text, so that it is tested without a browser.

/// `1 request`, `2 requests`.
pub fn counted(count: u64, one: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    [&count.to_string(), " ", one, end].concat()
}

/// An audit event as a person would tell it; an unknown one is shown as it is.
pub fn event(action: &str, outcome: &str) -> String {
    let done = outcome == "done";
    let (past, tried) = match action {
        "session.create" => ("Signed in", "Failed to sign in"),
        "session.end" => ("Ended a sign-in session", "Failed to end a session"),
        "session.end-others" => ("Ended all other sessions", "Failed to end the other sessions"),
        "token.create" => ("Created an API token", "Was refused a new API token"),
        "token.update" => ("Changed an API token", "Was refused a change to an API token"),
        "token.rotate" => ("Rotated an API token", "Was refused a rotation"),
        "token.end-overlap" => ("Ended a rotation's overlap", "Failed to end an overlap"),
        "token.revoke" => ("Revoked an API token", "Failed to revoke an API token"),
        "token.revoke-all" => ("Revoked all API tokens", "Failed to revoke all API tokens"),
        "token.refused" => ("", refused_token(outcome)),
        "password.change" => ("Changed the password", "Failed to change the password"),
        "password.set" => ("An administrator set a password", "Failed to set a password"),
        "setup.complete" => ("Created the first account", "Failed to create the first account"),
        "invitation.create" => ("Made a new invitation link", "Was refused a new invitation link"),
        "invitation.accept" => ("Accepted the invitation", "Failed to accept the invitation"),
        "account.create" => ("Added a person", "Failed to add a person"),
        "account.set-roles" => ("Changed somebody's roles", "Failed to change somebody's roles"),
        "account.activate" => ("Activated an account", "Failed to activate an account"),
        "account.deactivate" => ("Deactivated an account", "Failed to deactivate an account"),
        "host.update" => ("Renamed a host", "Failed to rename a host"),
        "host.delete" => ("Deleted a host", "Failed to delete a host"),
        "host.create" => ("Reported a new host", "A new host was refused"),
        other => return if done { other.to_owned() } else { other.to_owned() + " (refused)" },
    };
    (if done { past } else { tried }).to_owned()
}

/// What somebody tried who presented a dead token.
fn refused_token(outcome: &str) -> &'static str {
    match outcome {
        "expired" => "Tried an API token that has expired",
        "account-disabled" => "Tried an API token while the account was deactivated",
        _ => "Tried an API token that was revoked or replaced",
    }
}

#[cfg(test)]
mod tests {
    use super::{counted, event};

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(1, "request"), "1 request");
        assert_eq!(counted(0, "request"), "0 requests");
        assert_eq!(counted(2, "request"), "2 requests");
    }

    #[test]
    fn unknown_actions_are_shown_as_they_are() {
        assert_eq!(event("token.create", "done"), "Created an API token");
        assert_eq!(event("token.polish", "done"), "token.polish");
        assert_eq!(event("token.polish", "refused"), "token.polish (refused)");
    }

    #[test]
    fn a_dead_token_is_told_by_what_it_died_of() {
        assert_eq!(event("token.refused", "revoked"), "Tried an API token that was revoked or replaced");
        assert_eq!(event("token.refused", "expired"), "Tried an API token that has expired");
        assert_eq!(event("token.refused", "account-disabled"), "Tried an API token while the account was deactivated");
    }
}

//! Plain words for what the server names tersely. Pure text, so that it is tested without a browser.

use crate::relative_time::relative_time;

/// `1 request`, `2 requests`.
pub fn counted(count: u64, one: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    [&count.to_string(), " ", one, end].concat()
}

/// Says that the server's clock is so many milliseconds ahead of this device's.
pub fn clock_difference(ahead: i64) -> String {
    let (count, unit) = relative_time(ahead);
    let size = counted(u64::from(count.unsigned_abs()), unit);
    let side = if ahead > 0 { "behind" } else { "ahead of" };
    ["This device's clock is about ", &size, " ", side, " the server's. Times here are counted from the server's."]
        .concat()
}

/// Says what a revoke did; `when` is the instant, to the millisecond.
pub fn revoked(when: &str, cut_off: u64) -> String {
    ended("Revoked", when, cut_off)
}

pub fn disconnected(when: &str, cut_off: u64) -> String {
    ended("Disconnected", when, cut_off)
}

fn ended(done: &str, when: &str, cut_off: u64) -> String {
    let since = [done, ". Effective everywhere since ", when].concat();
    match cut_off {
        0 => since + ".",
        1 => since + "; 1 request was cut off.",
        _ => [&since, "; ", &counted(cut_off, "request"), " were cut off."].concat(),
    }
}

/// An audit event as a person would tell it; an unknown one is shown as it is.
pub fn event(action: &str, outcome: &str) -> String {
    let done = match action {
        "token.refused" => return refused_token(outcome).to_owned(),
        "grant.replayed" => return "Disconnected an application: a stolen token may have been used".to_owned(),
        "code.replayed" => return "Revoked what a sign-in gave: its code was used twice".to_owned(),
        "session.create" if outcome != "done" => return "Failed to sign in".to_owned(),
        "session.create" => "Signed in",
        "session.end" => "Ended a sign-in session",
        "session.end-others" => "Ended all other sessions",
        "token.create" => "Created an API token",
        "token.update" => "Changed an API token",
        "token.rotate" => "Rotated an API token",
        "token.confirm" => "Took an API token off hold",
        "token.end-overlap" => "Ended a rotation's overlap",
        "token.revoke" => "Revoked an API token",
        "token.revoke-all" => "Revoked all API tokens",
        "consent.approve" => "Allowed an application",
        "consent.deny" => "Denied an application",
        "grant.create" => "Connected an application",
        "grant.revoke" => "Disconnected an application",
        "grant.revoke-all" => "Disconnected all applications",
        "access-token.revoke" => "An application gave a token back",
        "application.register" => "An application registered itself",
        "application.verify" => "Verified an application",
        "application.unverify" => "Took an application's verification back",
        "application.delete" => "Deleted an application",
        "password.change" => "Changed the password",
        "password.set" => "An administrator set a password",
        "setup.complete" => "Created the first account",
        "invitation.create" => "Made a new invitation link",
        "invitation.accept" => "Accepted the invitation",
        "account.create" => "Added a person",
        "account.set-roles" => "Changed somebody's roles",
        "account.activate" => "Activated an account",
        "account.deactivate" => "Deactivated an account",
        "host.update" => "Renamed a host",
        "host.delete" => "Deleted a host",
        "host.create" => "Reported a new host",
        "host.shared-machine-id" => "Reported under another host's machine id",
        other => other,
    };
    if outcome == "done" { done.to_owned() } else { done.to_owned() + " (refused)" }
}

fn refused_token(outcome: &str) -> &'static str {
    match outcome {
        "expired" => "Tried an API token that has expired",
        "on-hold" => "Tried an API token that is on hold",
        "account-disabled" => "Tried an API token while the account was deactivated",
        _ => "Tried an API token that was revoked or replaced",
    }
}

#[cfg(test)]
mod tests {
    use super::{clock_difference, counted, disconnected, event, revoked};

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(1, "request"), "1 request");
        assert_eq!(counted(0, "request"), "0 requests");
        assert_eq!(counted(2, "request"), "2 requests");
    }

    #[test]
    fn requests_that_were_not_cut_off_are_not_counted() {
        assert_eq!(revoked("14:03:07.120", 0), "Revoked. Effective everywhere since 14:03:07.120.");
        assert!(revoked("14:03:07.120", 1).ends_with("14:03:07.120; 1 request was cut off."));
        assert!(revoked("14:03:07.120", 2).ends_with("14:03:07.120; 2 requests were cut off."));
        assert!(
            disconnected("14:03:07.120", 2).starts_with("Disconnected. Effective everywhere since 14:03:07.120; 2")
        );
    }

    #[test]
    fn a_clock_is_behind_or_ahead() {
        assert!(clock_difference(600_000).starts_with("This device's clock is about 10 minutes behind the server's."));
        assert!(
            clock_difference(-7_200_000).starts_with("This device's clock is about 2 hours ahead of the server's.")
        );
    }

    #[test]
    fn unknown_actions_are_shown_as_they_are() {
        assert_eq!(event("token.create", "done"), "Created an API token");
        assert_eq!(event("session.create", "done"), "Signed in");
        assert_eq!(event("session.create", "refused"), "Failed to sign in");
        assert_eq!(event("token.polish", "done"), "token.polish");
        assert_eq!(event("token.polish", "refused"), "token.polish (refused)");
    }

    #[test]
    fn a_dead_token_is_told_by_what_it_died_of() {
        assert_eq!(event("token.refused", "revoked"), "Tried an API token that was revoked or replaced");
        assert_eq!(event("token.refused", "expired"), "Tried an API token that has expired");
        assert_eq!(event("token.refused", "on-hold"), "Tried an API token that is on hold");
        assert_eq!(event("token.refused", "account-disabled"), "Tried an API token while the account was deactivated");
    }
}

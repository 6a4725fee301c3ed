//! Plain words for what the server names tersely. Pure text, so that it is tested without a browser.

use crate::relative_time::relative_time;
use uptrakit_api::AuditAction;

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
    let Some(known) = AuditAction::find(action) else { return with_outcome(action, outcome) };
    let done = match known {
        AuditAction::TokenRefused => return refused_token(outcome).to_owned(),
        AuditAction::GrantReplayed => {
            return "Disconnected an application: a stolen token may have been used".to_owned();
        }
        AuditAction::CodeReplayed => return "Revoked what a sign-in gave: its code was used twice".to_owned(),
        AuditAction::SessionCreate if outcome != "done" => return "Failed to sign in".to_owned(),
        AuditAction::SessionCreate => "Signed in",
        AuditAction::SessionEnd => "Ended a sign-in session",
        AuditAction::SessionEndOthers => "Ended all other sessions",
        AuditAction::TokenCreate => "Created an API token",
        AuditAction::TokenUpdate => "Changed an API token",
        AuditAction::TokenRotate => "Rotated an API token",
        AuditAction::TokenConfirm => "Took an API token off hold",
        AuditAction::TokenEndOverlap => "Ended a rotation's overlap",
        AuditAction::TokenRevoke => "Revoked an API token",
        AuditAction::TokenRevokeAll => "Revoked all API tokens",
        AuditAction::ConsentApprove => "Allowed an application",
        AuditAction::ConsentDeny => "Denied an application",
        AuditAction::GrantCreate => "Connected an application",
        AuditAction::GrantRevoke => "Disconnected an application",
        AuditAction::GrantRevokeAll => "Disconnected all applications",
        AuditAction::AccessTokenRevoke => "An application gave a token back",
        AuditAction::ApplicationRegister => "An application registered itself",
        AuditAction::ApplicationVerify => "Verified an application",
        AuditAction::ApplicationUnverify => "Took an application's verification back",
        AuditAction::ApplicationDelete => "Deleted an application",
        AuditAction::PasswordChange => "Changed the password",
        AuditAction::PasswordSet => "An administrator set a password",
        AuditAction::SetupComplete => "Created the first account",
        AuditAction::InvitationCreate => "Made a new invitation link",
        AuditAction::InvitationAccept => "Accepted the invitation",
        AuditAction::AccountCreate => "Added a person",
        AuditAction::AccountSetRoles => "Changed somebody's roles",
        AuditAction::AccountActivate => "Activated an account",
        AuditAction::AccountDeactivate => "Deactivated an account",
        AuditAction::HostUpdate => "Renamed a host",
        AuditAction::HostDelete => "Deleted a host",
        AuditAction::HostCreate => "Reported a new host",
        AuditAction::HostSharedMachineId => "Reported under another host's machine id",
        AuditAction::DatabaseRestore => "Put a backup in place",
    };
    with_outcome(done, outcome)
}

fn with_outcome(action: &str, outcome: &str) -> String {
    if outcome == "done" { action.to_owned() } else { action.to_owned() + " (refused)" }
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

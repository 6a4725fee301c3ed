//! The actions of the audit log. A restore decides by them what was taken away since the backup, so that each is
//! named once, and what decides by an action handles every one.

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// Action that the audit log records, as `noun.verb`.
        #[expect(missing_docs, reason = "the names of most actions say all")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum AuditAction {
            $($(#[$doc])* $variant),+
        }

        impl AuditAction {
            /// Returns the name that the API and the database use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Returns the action with a name; `None` for one that this version does not record.
            #[must_use]
            pub fn find(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

actions! {
    TokenCreate = "token.create",
    TokenUpdate = "token.update",
    TokenRotate = "token.rotate",
    /// The old secret of a rotation was ended before its time.
    TokenEndOverlap = "token.end-overlap",
    /// A token that a restore had put on hold was confirmed.
    TokenConfirm = "token.confirm",
    TokenRevoke = "token.revoke",
    TokenRevokeAll = "token.revoke-all",
    /// A token that has ended, is on hold, or belongs to a deactivated account was presented.
    TokenRefused = "token.refused",
    /// Somebody signed in, or tried to.
    SessionCreate = "session.create",
    SessionEnd = "session.end",
    SessionEndOthers = "session.end-others",
    PasswordChange = "password.change",
    /// A password was set at the server's terminal.
    PasswordSet = "password.set",
    SetupComplete = "setup.complete",
    InvitationCreate = "invitation.create",
    InvitationAccept = "invitation.accept",
    AccountCreate = "account.create",
    AccountSetRoles = "account.set-roles",
    AccountActivate = "account.activate",
    AccountDeactivate = "account.deactivate",
    ConsentApprove = "consent.approve",
    ConsentDeny = "consent.deny",
    /// An authorization code was used a second time, and what came of it was revoked.
    CodeReplayed = "code.replayed",
    GrantCreate = "grant.create",
    /// A refresh token was used a second time, and its grant was revoked.
    GrantReplayed = "grant.replayed",
    GrantRevoke = "grant.revoke",
    GrantRevokeAll = "grant.revoke-all",
    /// An application gave an access token back.
    AccessTokenRevoke = "access-token.revoke",
    ApplicationRegister = "application.register",
    ApplicationVerify = "application.verify",
    ApplicationUnverify = "application.unverify",
    ApplicationDelete = "application.delete",
    HostCreate = "host.create",
    /// Two machines report under one machine id.
    HostSharedMachineId = "host.shared-machine-id",
    HostUpdate = "host.update",
    HostDelete = "host.delete",
    /// A backup was put in place.
    DatabaseRestore = "database.restore",
}

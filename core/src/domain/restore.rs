//! A database that was put back from a backup. What was revoked since the backup must stay revoked: it is read from an
//! export of the audit log, where there is one; otherwise every token is put on hold until it is confirmed. What leaves
//! no event, or may be older than the backup knows, ends in either case: sessions, one-time links, and the connections of
//! applications, whose refresh tokens change without an event.
//!
//! It runs from the terminal, while no server uses the database.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use uptrakit_api::{AccountId, ApplicationId, AuditAction, AuditEvent, EventId, Role, Roles, Timestamp, TokenId};
use uptrakit_store::{
    Store, Transaction, accounts,
    audit::{self, AuditRow},
    epoch,
    oauth::applications,
    restore, tokens,
};
use uuid::Uuid;

use crate::{
    auth::credential::InconsistentRow,
    clock::{horizon, new_id},
    domain::state::Core,
    error::Error,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    pub sessions: u64,
    pub invitations: u64,
    pub applications_disconnected: u64,
    pub tokens_on_hold: u64,
    pub tokens_revoked: u64,
    /// Usernames of the accounts that are deactivated, as they were before the restore.
    pub deactivated: Vec<String>,
    /// Usernames of the accounts whose password was changed since the backup. They have none now.
    pub without_password: Vec<String>,
    /// Usernames of the accounts whose roles were changed since the backup. They are viewers now.
    pub viewers: Vec<String>,
    /// The events that the backup lacked, and the instant of the export's last one.
    pub replayed: Option<(usize, Timestamp)>,
}

#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error("the export has no event; export the whole audit log of the database that is replaced")]
    EmptyExport,
    #[error(
        "the export does not begin before the backup was made, or leaves events out, so that it may lack a revoke; export \
         the audit log without a filter, from before the backup on"
    )]
    Gap,
    #[error("the export has the action {0:?}, which this program does not know; use the program that wrote it")]
    UnknownAction(String),
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<uptrakit_store::Error> for RestoreError {
    fn from(error: uptrakit_store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Returns the number of tokens that wait for their confirmation.
pub async fn count_on_hold_from_terminal(core: &Core) -> Result<i64, Error> {
    let mut reader = core.store.read().await?;
    Ok(restore::count_held(reader.conn(), core.clock.now()).await?)
}

/// What events take away. Of what they give, such as a new token, the backup has nothing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Losses {
    /// The tokens that were revoked, or whose secret was replaced: the backup lacks the new one, and has the old.
    tokens: BTreeMap<TokenId, (Timestamp, Option<AccountId>)>,
    all_tokens: BTreeMap<AccountId, Timestamp>,
    /// The tokens that were changed, perhaps to narrower limits, which no event tells.
    changed_tokens: BTreeSet<TokenId>,
    overlaps: BTreeSet<TokenId>,
    passwords: BTreeSet<AccountId>,
    roles: BTreeSet<AccountId>,
    deactivated: BTreeMap<AccountId, Timestamp>,
    applications: BTreeSet<ApplicationId>,
    unverified: BTreeSet<ApplicationId>,
    /// True when the lost database was put back from a backup itself, so that all its tokens may have been on hold.
    is_restored_before: bool,
    /// The tokens that were taken off hold after that.
    confirmed_tokens: BTreeSet<TokenId>,
}

impl Losses {
    fn of<'e>(events: impl Iterator<Item = &'e AuditEvent>) -> Result<Self, RestoreError> {
        let mut losses = Self::default();
        for event in events {
            losses.add(event)?;
        }
        Ok(losses)
    }

    fn add(&mut self, event: &AuditEvent) -> Result<(), RestoreError> {
        // The end of what a stolen code gave is recorded as refused, because the exchange was.
        if event.outcome != "done" && event.action != "code.replayed" {
            return Ok(());
        }
        let target = event.target_id.unwrap_or_default();
        let (token, account, application) = (TokenId(target), AccountId(target), ApplicationId(target));
        let action = AuditAction::find(&event.action);
        match action.ok_or_else(|| RestoreError::UnknownAction(event.action.clone()))? {
            AuditAction::TokenRevoke | AuditAction::TokenRotate => {
                self.tokens.insert(token, (event.at, event.actor_id));
            }
            AuditAction::CodeReplayed => {
                if let Some(token) = event.token_id {
                    self.tokens.insert(token, (event.at, event.actor_id));
                }
            }
            AuditAction::TokenRevokeAll => drop(self.all_tokens.insert(account, event.at)),
            AuditAction::TokenUpdate => drop(self.changed_tokens.insert(token)),
            AuditAction::TokenEndOverlap => drop(self.overlaps.insert(token)),
            AuditAction::PasswordChange | AuditAction::PasswordSet => drop(self.passwords.insert(account)),
            AuditAction::AccountSetRoles => drop(self.roles.insert(account)),
            AuditAction::AccountDeactivate => drop(self.deactivated.insert(account, event.at)),
            AuditAction::AccountActivate => {
                // Where the two are close, the clocks of two servers may have turned them round.
                if self.deactivated.get(&account).is_some_and(|at| event.at > horizon(*at)) {
                    self.deactivated.remove(&account);
                }
            }
            AuditAction::ApplicationDelete => drop(self.applications.insert(application)),
            AuditAction::ApplicationUnverify => drop(self.unverified.insert(application)),
            AuditAction::DatabaseRestore => {
                self.is_restored_before = true;
                self.confirmed_tokens.clear();
            }
            AuditAction::TokenConfirm => drop(self.confirmed_tokens.insert(token)),
            // These give something, or take nothing away.
            AuditAction::TokenCreate
            | AuditAction::TokenRefused
            | AuditAction::AccountCreate
            | AuditAction::ApplicationRegister
            | AuditAction::ApplicationVerify
            | AuditAction::HostCreate
            | AuditAction::HostSharedMachineId
            | AuditAction::HostUpdate
            | AuditAction::HostDelete
            // A restore ends every session, invitation and grant, whatever became of it.
            | AuditAction::SessionCreate
            | AuditAction::SessionEnd
            | AuditAction::SessionEndOthers
            | AuditAction::SetupComplete
            | AuditAction::InvitationCreate
            | AuditAction::InvitationAccept
            | AuditAction::ConsentApprove
            | AuditAction::ConsentDeny
            | AuditAction::GrantCreate
            | AuditAction::GrantReplayed
            | AuditAction::GrantRevoke
            | AuditAction::GrantRevokeAll
            | AuditAction::AccessTokenRevoke => {}
        }
        Ok(())
    }
}

/// Prepares a restored database for its servers, in one transaction. `export` has the events of the database that is
/// replaced, as the API exports them; `None` puts every token on hold.
pub async fn prepare_from_terminal(
    store: &Store,
    now: Timestamp,
    export: Option<&[AuditEvent]>,
) -> Result<Restored, RestoreError> {
    let mut tx = restore::begin(store).await?;
    let mut done = Restored {
        sessions: restore::end_sessions(&mut tx).await?,
        invitations: restore::end_invitations(&mut tx).await?,
        applications_disconnected: restore::end_grants(&mut tx, now).await?,
        ..Restored::default()
    };
    match export {
        Some(export) => replay(&mut tx, now, export, &mut done).await?,
        None => doubt_all(&mut tx, now).await?,
    }
    done.tokens_on_hold = restore::count_held(tx.conn(), now).await?.unsigned_abs();
    record(&mut tx, now).await?;
    restore::forget_history(&mut tx).await?;
    epoch::bump_epoch(&mut tx, AccountId::NIL, now).await?;
    tx.commit().await?;
    Ok(done)
}

/// Puts on hold, and takes the verification from, whatever may have been taken away without being known here.
async fn doubt_all(tx: &mut Transaction, now: Timestamp) -> Result<(), RestoreError> {
    restore::hold_all(tx, now).await?;
    restore::clear_verified(tx, None).await?;
    Ok(())
}

async fn replay(
    tx: &mut Transaction,
    now: Timestamp,
    export: &[AuditEvent],
    done: &mut Restored,
) -> Result<(), RestoreError> {
    let position = |event: &AuditEvent| (event.at, event.id);
    let mut export: Vec<&AuditEvent> = export.iter().collect();
    export.sort_by_key(|event| position(event));
    // Parts of the log that were exported one after the other overlap.
    export.dedup_by_key(|event| event.id);
    let (Some(first), Some(last)) = (export.first(), export.last()) else { return Err(RestoreError::EmptyExport) };
    let known = restore::list_events_from(tx, position(first)).await?;
    require_whole(&known, &export)?;
    let news: Vec<&AuditEvent> = export.iter().copied().filter(|event| !known.contains(&event.id)).collect();
    let losses = Losses::of(news.iter().copied())?;
    apply(tx, now, &losses, done).await?;
    for event in &news {
        audit::insert(tx, &row(event)).await?;
    }
    done.replayed = Some((news.len(), last.at));
    Ok(())
}

/// Fails where the export does not overlap with the backup's own events, or lacks one of them: it was then filtered, or
/// begins later, and may lack others.
fn require_whole(known: &HashSet<EventId>, export: &[&AuditEvent]) -> Result<(), RestoreError> {
    let exported: HashSet<EventId> = export.iter().map(|event| event.id).collect();
    if known.is_empty() || !known.is_subset(&exported) { Err(RestoreError::Gap) } else { Ok(()) }
}

async fn apply(tx: &mut Transaction, now: Timestamp, losses: &Losses, done: &mut Restored) -> Result<(), RestoreError> {
    for (id, (at, by)) in &losses.tokens {
        done.tokens_revoked += u64::from(restore::revoke(tx, *id, *by, *at).await?);
    }
    for (id, at) in &losses.all_tokens {
        done.tokens_revoked += tokens::revoke_all(tx, *id, *at).await?;
    }
    if losses.is_restored_before {
        doubt_all(tx, now).await?;
        for id in &losses.confirmed_tokens {
            restore::release(tx, *id).await?;
        }
    }
    for id in &losses.changed_tokens {
        restore::hold(tx, *id, now).await?;
    }
    for id in &losses.overlaps {
        tokens::end_overlap(tx, *id).await?;
    }
    let viewer = Roles::of(&[Role::Viewer]);
    let changed: BTreeSet<AccountId> =
        losses.passwords.iter().chain(&losses.roles).chain(losses.deactivated.keys()).copied().collect();
    for id in changed {
        // The account may be younger than the backup.
        let Some(account) = accounts::find(tx.conn(), id).await? else { continue };
        let mut roles: Roles = account.roles.parse().map_err(|_| Error::from(InconsistentRow("role")))?;
        if losses.roles.contains(&id) && roles != viewer {
            // No event tells the new roles. Every role may do what a viewer may.
            roles = viewer;
            done.viewers.push(account.username.clone());
        }
        let is_deactivated = account.active && losses.deactivated.contains_key(&id);
        if is_deactivated {
            done.deactivated.push(account.username.clone());
        }
        accounts::update_roles_and_activity(tx, id, &roles.to_string(), account.active && !is_deactivated).await?;
        if losses.passwords.contains(&id) && restore::clear_password(tx, id).await? {
            done.without_password.push(account.username);
        }
    }
    for id in &losses.unverified {
        restore::clear_verified(tx, Some(*id)).await?;
    }
    for id in &losses.applications {
        applications::delete(tx, *id).await?;
    }
    Ok(())
}

fn row(event: &AuditEvent) -> AuditRow {
    let AuditEvent { id, at, action, actor_id, token_id, target_id, address, request_id, outcome } = event.clone();
    AuditRow { id, at, action, actor_id, token_id, target_id, address, request_id, outcome }
}

async fn record(tx: &mut Transaction, now: Timestamp) -> Result<(), RestoreError> {
    let row = AuditRow {
        id: new_id(now),
        at: now,
        action: AuditAction::DatabaseRestore.as_str().to_owned(),
        actor_id: None,
        token_id: None,
        target_id: None::<Uuid>,
        address: None,
        request_id: None,
        outcome: "done".to_owned(),
    };
    Ok(audit::insert(tx, &row).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u128, action: &str, target: u128) -> AuditEvent {
        AuditEvent {
            id: EventId(Uuid::from_u128(number)),
            at: Timestamp(i64::try_from(number).unwrap()),
            action: action.to_owned(),
            actor_id: Some(AccountId(Uuid::from_u128(9))),
            token_id: None,
            target_id: Some(Uuid::from_u128(target)),
            address: None,
            request_id: None,
            outcome: "done".to_owned(),
        }
    }

    fn losses(events: &[AuditEvent]) -> Losses {
        Losses::of(events.iter()).unwrap()
    }

    #[test]
    fn an_account_that_was_activated_again_is_active() {
        let account = AccountId(Uuid::from_u128(1));
        let at = |millis: u128, action| event(millis, action, 1);
        let (off, soon, on) =
            (at(1, "account.deactivate"), at(60_001, "account.activate"), at(60_002, "account.activate"));
        let deactivated = |events: &[AuditEvent]| losses(events).deactivated.contains_key(&account);
        assert!(deactivated(std::slice::from_ref(&off)));
        assert!(!deactivated(&[off.clone(), on.clone()]));
        assert!(deactivated(&[off, soon]), "clocks may differ by a minute");
        assert!(deactivated(&[on, at(60_003, "account.deactivate")]));
    }

    #[test]
    fn what_was_refused_takes_nothing_away() {
        let refused = AuditEvent { outcome: "refused".to_owned(), ..event(1, "token.revoke", 1) };
        assert_eq!(losses(&[refused]), Losses::default());
        let token = TokenId(Uuid::from_u128(3));
        let replayed =
            AuditEvent { outcome: "refused".to_owned(), token_id: Some(token), ..event(1, "code.replayed", 3) };
        assert!(losses(&[replayed]).tokens.contains_key(&token));
    }

    #[test]
    fn an_action_that_is_unknown_is_not_passed_over() {
        for action in ["token.dissolve", "account.delete", "password.expire", "newer"] {
            let unknown = Losses::of([event(1, action, 1)].iter());
            assert!(matches!(unknown, Err(RestoreError::UnknownAction(_))), "{action}");
        }
    }

    #[test]
    fn an_export_must_overlap_with_the_backup_and_have_all_its_events() {
        let known = |ids: &[u128]| ids.iter().map(|id| EventId(Uuid::from_u128(*id))).collect::<HashSet<_>>();
        let (first, second) = (event(1, "token.create", 1), event(2, "token.revoke", 1));
        assert!(require_whole(&known(&[1]), &[&first, &second]).is_ok());
        assert!(require_whole(&known(&[]), &[&first, &second]).is_err(), "it begins after the backup");
        assert!(require_whole(&known(&[1, 2]), &[&second]).is_err(), "an event is left out");
    }
}

//! Accounts as their owners use them: first setup, sign-in, change of password, and the description of the caller.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use uptrakit_api::{
    Account, AccountId, AuditAction, ChangePassword, Me, PasswordChanged, Role, Roles, Secret, SessionId, SetUp, SignIn,
};
use uptrakit_store::{
    Transaction,
    accounts::{self, AccountRow},
    epoch, invitations,
    oauth::{codes, devices, grants},
    sessions::{self, SessionRow},
    tokens,
};

use super::{
    Affects,
    audit::{self, Event},
    begin_authorized_write, commit_and_bump_epoch, commit_bumped_epoch, log_revoke,
};
use crate::{
    auth::{
        authorized::{Actor, Authorized, WebSession},
        context::RequestContext,
        credential::{Credential, InconsistentRow},
        digest::{Digest, new_secret},
        password::{Checked, NewPassword},
        rate_limit::ClientNetwork,
    },
    clock::{horizon, new_id},
    domain::state::Core,
    error::Error,
    log_limit::{Admitted, LogLimit},
    loggable, text,
};

pub const INVITATION_MILLIS: i64 = 7 * 86_400_000;
/// An account has at most this many sessions; a new one ends the least recently used one.
const MOST_SESSIONS: i64 = 100;

#[derive(Debug)]
pub struct SignedIn {
    pub account: Account,
    pub cookie: Secret,
}

#[derive(Clone, Debug)]
pub struct ClientInfo {
    pub device: String,
    /// The session that the browser presented with the request; it ends at the sign-in.
    pub presented: Option<Digest>,
}

#[must_use]
pub fn me<R>(core: &Core, actor: &Authorized<R>) -> Me {
    let token = match &actor.entry.credential {
        Credential::Token(token) => Some(token.public(actor.entry.last_used(), core.clock.now())),
        Credential::Session(_) | Credential::Access(_) => None,
    };
    Me { account: of_actor(actor), token }
}

/// Signs a user in. Neither the answer nor its timing reveals whether the account is unknown or deactivated, or the
/// password is wrong.
pub async fn sign_in(
    core: &Core,
    context: &RequestContext,
    request: SignIn,
    browser: ClientInfo,
) -> Result<SignedIn, Error> {
    let login = text::key(request.login.trim());
    let source = ClientNetwork::from(context.address);
    let failures = (login.chars().take(320).collect::<String>(), source);
    let now = core.clock.now();
    let waits = [core.login_failures.wait(&failures, now), core.address_failures.wait(&source, now)];
    if let Some(wait) = waits.into_iter().flatten().max() {
        return Err(throttled(context, wait));
    }
    let found = {
        let mut reader = core.store.read().await?;
        accounts::find_by_login(reader.conn(), &login).await?
    };
    // The password of a deactivated account is checked like any other, so that the timing reveals nothing.
    let stored = found.as_ref().and_then(|account| account.password_hash.clone());
    let checked = core.hasher.check(request.password.clone(), stored.clone()).await?;
    if let Some(wait) = core.login_failures.wait(&failures, core.clock.now()) {
        return Err(throttled(context, wait));
    }
    let account = match (found, checked) {
        (Some(account), Checked::Right | Checked::Outdated) if account.active => account,
        (found, checked) => {
            // Many concurrent attempts may have passed the check above; the limit bounds how many of them learn the
            // outcome.
            let now = core.clock.now();
            if let Some(wait) =
                core.login_failures.fail(failures, now).or_else(|| core.address_failures.fail(source, now))
            {
                return Err(throttled(context, wait));
            }
            metrics::counter!("uptrakit_sign_ins_total", "outcome" => "refused").increment(1);
            let reason = match (&found, checked) {
                (None, _) => "unknown account",
                (Some(_), Checked::Wrong) => "wrong password",
                (Some(_), _) => "deactivated account",
            };
            log_failed_sign_in(context, &request.login, reason);
            let mut tx = core.store.begin().await?;
            let actor = found.map(|account| account.id);
            let event = Event { actor, refused: true, ..Event::of(AuditAction::SessionCreate) };
            audit::record(core, &mut tx, Some(context), event).await?;
            tx.commit().await?;
            return Err(Error::WrongLogin);
        }
    };
    core.login_failures.forgive(&failures);
    let upgraded = match (checked, &stored) {
        // The rules for new passwords may be stricter by now; an upgrade concerns the hash alone.
        (Checked::Outdated, Some(_)) => Some(core.hasher.rehash(request.password).await?),
        _ => None,
    };

    let mut tx = core.store.begin().await?;
    lock_for_session(&mut tx, account.id, &browser).await?;
    let account = accounts::find(tx.conn(), account.id)
        .await?
        .filter(|current| current.active && current.password_hash == stored);
    // `None` means that the account was deactivated or given another password after the check.
    let account = account.ok_or(Error::WrongLogin)?;
    if let (Some(new), Some(old)) = (&upgraded, &stored) {
        accounts::replace_password_hash(&mut tx, account.id, old, new).await?;
    }
    let signed_in = open_session(core, &mut tx, context, &account, browser).await?;
    commit_bumped_epoch(core, tx).await?;
    metrics::counter!("uptrakit_sign_ins_total", "outcome" => "done").increment(1);
    Ok(signed_in)
}

/// Writes the line that fail2ban and similar tools read. Its format is documented in docs/logging.md, and a filter for
/// fail2ban depends on it. The address comes first, because the login after it comes from the client.
fn log_failed_sign_in(context: &RequestContext, login: &str, reason: &str) {
    let (address, request_id, trace_id) = (context.address, &context.request_id, context.trace_field());
    let login = loggable(login.trim());
    tracing::warn!(target: "uptrakit_server::sign_in", %address, login, reason, %request_id, trace_id, "sign-in failed");
}

fn throttled(context: &RequestContext, wait: Duration) -> Error {
    static WRITTEN: LogLimit<()> = LogLimit::new();
    if let Some(Admitted { left_out }) = WRITTEN.admit((), Instant::now()) {
        let (address, request_id, trace_id) = (context.address, &context.request_id, context.trace_field());
        tracing::warn!(target: "uptrakit_server::sign_in", %address, %request_id, trace_id, left_out, "sign-in throttled");
    }
    metrics::counter!("uptrakit_sign_ins_total", "outcome" => "throttled").increment(1);
    Error::TooManyRequests(wait)
}

/// Locks the account that signs in, and the one whose session the browser presented, which ends. They are locked in the
/// order of their ids, as every write does.
async fn lock_for_session(tx: &mut Transaction, account_id: AccountId, browser: &ClientInfo) -> Result<(), Error> {
    let presented = match &browser.presented {
        Some(digest) => sessions::find_account(tx.conn(), digest).await?,
        None => None,
    };
    let accounts: BTreeSet<AccountId> = presented.into_iter().chain([account_id]).collect();
    for account in accounts {
        epoch::lock_account(tx, account).await?;
    }
    Ok(())
}

/// Creates a session and ends those that it replaces: the least recently used ones beyond the limit, and the one that
/// the browser presented.
async fn open_session(
    core: &Core,
    tx: &mut Transaction,
    context: &RequestContext,
    account: &AccountRow,
    browser: ClientInfo,
) -> Result<SignedIn, Error> {
    let now = core.clock.now();
    let cookie = new_secret();
    let row = SessionRow {
        id: new_id(now),
        account_id: account.id,
        device: browser.device,
        address: context.address.to_string(),
        created_at: now,
        last_active_at: now,
    };
    sessions::insert(tx, &row, &Digest::of(&cookie.0)).await?;
    let has_replaced = sessions::delete_beyond(tx, account.id, MOST_SESSIONS, horizon(now)).await?;
    let event = Event { actor: Some(account.id), target: Some(row.id.into()), ..Event::of(AuditAction::SessionCreate) };
    audit::record(core, tx, Some(context), event).await?;
    let presented = match &browser.presented {
        Some(digest) => sessions::delete_by_digest(tx, digest).await?,
        None => None,
    };
    // Even where no session was replaced the epoch is incremented, for the reason that `commit_new_credential` gives.
    epoch::bump_epoch(tx, if has_replaced { account.id } else { AccountId::NIL }, now).await?;
    if let Some(owner) = presented {
        epoch::bump_epoch(tx, owner, now).await?;
    }
    Ok(SignedIn { account: public(account)?, cookie })
}

/// Creates a one-time code for the first setup; returns `None` when there is an account already.
pub async fn new_first_run_code(core: &Core) -> Result<Option<Secret>, Error> {
    let mut tx = core.store.begin().await?;
    if accounts::count(tx.conn()).await? > 0 {
        return Ok(None);
    }
    let code = new_secret();
    let expires_at = core.clock.now().plus_millis(INVITATION_MILLIS);
    invitations::insert(&mut tx, &Digest::of(&code.0), None, expires_at).await?;
    tx.commit().await?;
    Ok(Some(code))
}

/// Returns the username that a one-time code is for; `None` means the first setup.
pub async fn get_invited(core: &Core, code: &Secret) -> Result<Option<String>, Error> {
    Ok(find_invited(core, code).await?.map(|account| account.username))
}

async fn find_invited(core: &Core, code: &Secret) -> Result<Option<AccountRow>, Error> {
    let now = core.clock.now();
    let mut reader = core.store.read().await?;
    let invited = invitations::find(reader.conn(), &Digest::of(&code.0), now).await?.ok_or(Error::NotFound)?;
    match invited {
        None if accounts::count(reader.conn()).await? == 0 => Ok(None),
        None => Err(Error::NotFound),
        Some(id) => Ok(Some(accounts::find(reader.conn(), id).await?.ok_or(Error::NotFound)?)),
    }
}

enum Invitee {
    First(AccountRow),
    Invited(String),
}

/// Redeems a one-time code: creates the first administrator, or sets the password of an invited user. Then signs in.
pub async fn set_up(
    core: &Core,
    context: &RequestContext,
    request: SetUp,
    browser: ClientInfo,
) -> Result<SignedIn, Error> {
    let digest = Digest::of(&request.code.0);
    let newcomer = match find_invited(core, &request.code).await? {
        Some(account) => {
            let password = NewPassword::parse(&request.password, &[&account.username, &account.email]);
            let password = password.map_err(|message| Error::field("password", message))?;
            Invitee::Invited(core.hasher.hash(password).await?)
        }
        None => {
            let (username, email, roles) = (&request.username, &request.email, Roles::of(&[Role::Administrator]));
            Invitee::First(new_account(core, username, email, roles, Some(&request.password)).await?)
        }
    };

    let mut tx = core.store.begin().await?;
    let now = core.clock.now();
    let invited = invitations::find(tx.conn(), &digest, now).await?.ok_or(Error::NotFound)?;
    let account = match (newcomer, invited) {
        (Invitee::First(account), None) => {
            // Concurrent first setups wait for the epoch's row here; the second one then finds an account and is
            // rejected.
            epoch::bump_epoch(&mut tx, account.id, now).await?;
            if accounts::count(tx.conn()).await? > 0 {
                return Err(Error::NotFound);
            }
            insert(&mut tx, &account).await?;
            invitations::delete_for(&mut tx, None).await?;
            account
        }
        (Invitee::Invited(hash), Some(id)) => {
            lock_for_session(&mut tx, id, &browser).await?;
            // Concurrent requests with this code wait for the account's row; the second one then finds that the code is
            // gone.
            invitations::find(tx.conn(), &digest, now).await?.ok_or(Error::NotFound)?;
            accounts::update_password(&mut tx, id, &hash).await?;
            invitations::delete_for(&mut tx, Some(id)).await?;
            accounts::find(tx.conn(), id).await?.filter(|account| account.active).ok_or(Error::NotFound)?
        }
        _ => return Err(Error::NotFound),
    };
    let action = if invited.is_none() { AuditAction::SetupComplete } else { AuditAction::InvitationAccept };
    let event = Event { actor: Some(account.id), target: Some(account.id.into()), ..Event::of(action) };
    audit::record(core, &mut tx, Some(context), event).await?;
    let signed_in = open_session(core, &mut tx, context, &account, browser).await?;
    commit_bumped_epoch(core, tx).await?;
    Ok(signed_in)
}

pub async fn change_password(
    core: &Core,
    actor: &Authorized<WebSession>,
    request: ChangePassword,
) -> Result<PasswordChanged, Error> {
    let account = {
        let mut reader = core.store.read().await?;
        accounts::find(reader.conn(), actor.account_id()).await?.ok_or(Error::NotFound)?
    };
    let now = core.clock.now();
    let failures = (account.id.to_string(), ClientNetwork::from(actor.context.address));
    if let Some(wait) = core.login_failures.wait(&failures, now) {
        return Err(Error::TooManyRequests(wait));
    }
    let stored = account.password_hash.clone();
    let checked = core.hasher.check(request.current_password, stored.clone()).await?;
    let now = core.clock.now();
    if checked == Checked::Wrong {
        let wait = core.login_failures.fail(failures, now);
        return Err(wait.map_or(Error::field("current_password", "is wrong"), Error::TooManyRequests));
    }
    if let Some(wait) = core.login_failures.wait(&failures, now) {
        return Err(Error::TooManyRequests(wait));
    }
    core.login_failures.forgive(&failures);
    let password = NewPassword::parse(&request.new_password, &[&account.username, &account.email]);
    let password = password.map_err(|message| Error::field("new_password", message))?;
    let hash = core.hasher.hash(password).await?;

    let mut tx = begin_authorized_write(core, actor, Affects::Own).await?;
    let current = accounts::find(tx.conn(), account.id).await?;
    if current.is_none_or(|current| current.password_hash != stored) {
        return Err(Error::Conflict("The password was changed at the same time."));
    }
    accounts::update_password(&mut tx, account.id, &hash).await?;
    let kept = actor.session().map_or(SessionId::NIL, |session| session.id);
    let sessions_ended =
        if request.end_other_sessions { sessions::delete_others(&mut tx, account.id, kept).await? } else { 0 };
    let tokens_revoked =
        if request.revoke_tokens { tokens::revoke_all(&mut tx, account.id, core.clock.now()).await? } else { 0 };
    let applications_disconnected =
        if request.revoke_tokens { grants::revoke_all(&mut tx, account.id, core.clock.now()).await? } else { 0 };
    if request.revoke_tokens {
        delete_approvals(&mut tx, account.id).await?;
    }
    audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::PasswordChange, account.id))
        .await?;
    if sessions_ended > 0 {
        let event = Event { target: None, ..Event::by(actor, AuditAction::SessionEndOthers, account.id) };
        audit::record(core, &mut tx, Some(&actor.context), event).await?;
    }
    if tokens_revoked > 0 {
        audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::TokenRevokeAll, account.id))
            .await?;
    }
    if applications_disconnected > 0 {
        audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::GrantRevokeAll, account.id))
            .await?;
    }
    commit_and_bump_epoch(core, tx, actor.account_id()).await?;
    if tokens_revoked > 0 {
        log_revoke("all tokens of an account revoked", actor, actor.account_id(), None);
    }
    Ok(PasswordChanged { sessions_ended, tokens_revoked, applications_disconnected })
}

/// Deletes what an account has approved for applications and devices that have not used it yet: each would be worth a
/// token.
pub(super) async fn delete_approvals(tx: &mut Transaction, id: AccountId) -> Result<(), Error> {
    codes::delete_unused(tx, id).await?;
    Ok(devices::delete_of(tx, id).await?)
}

pub async fn new_account(
    core: &Core,
    username: &str,
    email: &str,
    roles: Roles,
    password: Option<&Secret>,
) -> Result<AccountRow, Error> {
    let mut errors = Vec::new();
    let mut wrong = |field: &str, message: String| {
        errors.push(uptrakit_api::FieldError { field: field.into(), message });
        String::new()
    };
    let username = parse_username(username).unwrap_or_else(|message| wrong("username", message));
    let email = parse_email(email).unwrap_or_else(|message| wrong("email", message));
    if roles.is_empty() {
        wrong("roles", "must name at least one role".into());
    }
    let password = match password.map(|text| NewPassword::parse(text, &[&username, &email])).transpose() {
        Ok(password) => password,
        Err(message) => {
            wrong("password", message);
            None
        }
    };
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let password_hash = match password {
        Some(password) => Some(core.hasher.hash(password).await?),
        None => None,
    };
    let now = core.clock.now();
    Ok(AccountRow {
        id: new_id(now),
        username,
        email,
        password_hash,
        roles: roles.to_string(),
        active: true,
        created_at: now,
    })
}

/// Inserts an account. The error names the field whose value another account has already.
pub async fn insert(tx: &mut Transaction, account: &AccountRow) -> Result<(), Error> {
    for (field, value) in [("username", &account.username), ("email", &account.email)] {
        if accounts::find_by_login(tx.conn(), &text::key(value)).await?.is_some() {
            return Err(Error::field(field, "belongs to another account"));
        }
    }
    let inserted = accounts::insert(tx, account, &text::key(&account.username), &text::key(&account.email)).await;
    match inserted {
        Err(error) if error.is_unique_violation() => {
            Err(Error::field("username", "or the email belongs to another account"))
        }
        outcome => Ok(outcome?),
    }
}

fn parse_username(text: &str) -> Result<String, String> {
    let name = text::parse_line(text, 64)?;
    let allowed = |character: char| character.is_alphanumeric() || matches!(character, '.' | '_' | '-');
    if name.chars().all(allowed) {
        Ok(name)
    } else {
        Err("may have letters, digits, dots, hyphens and underscores".into())
    }
}

fn parse_email(text: &str) -> Result<String, String> {
    let email = text::parse_line(text, 254)?;
    let plausible = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !email.contains(char::is_whitespace)
    });
    if plausible { Ok(email) } else { Err("is no email address".into()) }
}

pub fn public(row: &AccountRow) -> Result<Account, InconsistentRow> {
    let roles: Roles = row.roles.parse().map_err(|_| InconsistentRow("role"))?;
    Ok(Account {
        id: row.id,
        username: row.username.clone(),
        email: row.email.clone(),
        roles,
        permissions: roles.permissions(),
        created_at: row.created_at,
    })
}

/// Returns the actor's account. Its permissions are those of the credential, and a narrowed token has fewer.
#[must_use]
pub fn of_actor(actor: &Actor) -> Account {
    let state = &actor.entry.account.state;
    Account {
        id: state.id,
        username: state.username.to_string(),
        email: state.email.to_string(),
        roles: state.roles,
        permissions: actor.permissions(),
        created_at: state.created_at,
    }
}

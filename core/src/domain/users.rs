//! User accounts as administrators manage them, from the API and from the server's own terminal. The functions for the
//! terminal take no credential, because there is none behind them.

use uptrakit_api::{
    AccountId, AuditAction, CreateUser, CreatedUser, Page, Role, Roles, Secret, SessionId, Token, TokenQuery,
    UpdateUser, User,
};
use uptrakit_store::{
    Transaction,
    accounts::{self, AccountRow},
    epoch, invitations, sessions,
};

use super::{
    Affects,
    accounts::{self as own, INVITATION_MILLIS},
    audit::{self, Event},
    begin_authorized_write, commit_and_bump_epoch,
    paging::Paging,
};
use crate::{
    auth::{
        authorized::{Actor, Authorized, UsersManage},
        context::RequestContext,
        credential::InconsistentRow,
        digest::{Digest, new_secret},
        password::NewPassword,
    },
    domain::state::Core,
    error::Error,
    text,
};

pub async fn list(
    core: &Core,
    _: &Authorized<UsersManage>,
    page: Option<&str>,
    per_page: Option<&str>,
) -> Result<Page<User>, Error> {
    list_from_terminal(core, page, per_page).await
}

pub async fn list_from_terminal(core: &Core, page: Option<&str>, per_page: Option<&str>) -> Result<Page<User>, Error> {
    let paging = Paging::parse(page, per_page)?;
    let mut reader = core.store.read().await?;
    let total = accounts::count(reader.conn()).await?;
    let rows = accounts::list(reader.conn(), paging.slice()).await?;
    Ok(paging.page(rows.iter().map(public).collect::<Result<_, _>>()?, total))
}

/// Creates a user. Without a password the answer has a link by which the user chooses one.
pub async fn create(core: &Core, actor: &Authorized<UsersManage>, request: CreateUser) -> Result<CreatedUser, Error> {
    let roles = parse_roles(&request.roles)?;
    let row = own::new_account(core, &request.username, &request.email, roles, request.password.as_ref()).await?;
    let mut tx = begin_authorized_write(core, actor, Affects::Own).await?;
    own::insert(&mut tx, &row).await?;
    let invite_url = match row.password_hash {
        Some(_) => None,
        None => Some(invite(core, &mut tx, row.id).await?),
    };
    audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::AccountCreate, row.id)).await?;
    tx.commit().await?;
    Ok(CreatedUser { user: public(&row)?, invite_url })
}

/// Creates another invitation link for a user who has not chosen a password yet; the previous link becomes invalid.
pub async fn invite_again(core: &Core, actor: &Authorized<UsersManage>, id: AccountId) -> Result<CreatedUser, Error> {
    let mut tx = begin_authorized_write(core, actor, Affects::Account(id)).await?;
    let row = accounts::find(tx.conn(), id).await?.ok_or(Error::NotFound)?;
    if row.password_hash.is_some() {
        return Err(Error::Conflict("This person has chosen a password already."));
    }
    if !row.active {
        return Err(Error::Conflict("This account is deactivated. Activate it first."));
    }
    invitations::delete_for(&mut tx, Some(id)).await?;
    let invite_url = Some(invite(core, &mut tx, id).await?);
    audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::InvitationCreate, id)).await?;
    tx.commit().await?;
    Ok(CreatedUser { user: public(&row)?, invite_url })
}

async fn invite(core: &Core, tx: &mut Transaction, id: AccountId) -> Result<Secret, Error> {
    let code = new_secret();
    let expires_at = core.clock.now().plus_millis(INVITATION_MILLIS);
    invitations::insert(tx, &Digest::of(&code.0), Some(id), expires_at).await?;
    Ok(Secret(format!("{}/setup?code={}", core.public_url.as_str(), code.0)))
}

pub async fn update(
    core: &Core,
    actor: &Authorized<UsersManage>,
    id: AccountId,
    request: UpdateUser,
) -> Result<User, Error> {
    let roles = request.roles.as_deref().map(parse_roles).transpose()?;
    let tx = begin_authorized_write(core, actor, Affects::Account(id)).await?;
    change(core, tx, Some((actor, &actor.context)), id, roles, request.active).await
}

pub async fn update_from_terminal(
    core: &Core,
    id: AccountId,
    roles: Option<Roles>,
    active: Option<bool>,
) -> Result<User, Error> {
    let mut tx = core.store.begin().await?;
    epoch::lock_account(&mut tx, id).await?;
    change(core, tx, None, id, roles, active).await
}

async fn change(
    core: &Core,
    mut tx: Transaction,
    by: Option<(&Actor, &RequestContext)>,
    id: AccountId,
    roles: Option<Roles>,
    active: Option<bool>,
) -> Result<User, Error> {
    let before = accounts::find(tx.conn(), id).await?.ok_or(Error::NotFound)?;
    let roles_before: Roles = before.roles.parse().map_err(|_| InconsistentRow("role"))?;
    let after = AccountRow {
        roles: roles.unwrap_or(roles_before).to_string(),
        active: active.unwrap_or(before.active),
        ..before.clone()
    };
    if after.roles == before.roles && after.active == before.active {
        return Ok(public(&before)?);
    }
    accounts::update_roles_and_activity(&mut tx, id, &after.roles, after.active).await?;
    if !after.active {
        sessions::delete_others(&mut tx, id, SessionId::NIL).await?;
        invitations::delete_for(&mut tx, Some(id)).await?;
        own::delete_approvals(&mut tx, id).await?;
    }
    let done = [
        (after.roles != before.roles, AuditAction::AccountSetRoles),
        (before.active && !after.active, AuditAction::AccountDeactivate),
        (!before.active && after.active, AuditAction::AccountActivate),
    ];
    for (_, action) in done.into_iter().filter(|(is_done, _)| *is_done) {
        let event = match by {
            Some((actor, _)) => Event::by(actor, action, id),
            None => Event { target: Some(id.into()), ..Event::of(action) },
        };
        audit::record(core, &mut tx, by.map(|(_, context)| context), event).await?;
    }
    // From here on this transaction holds the epoch's row, so that no other one can commit a change of roles: now the
    // administrators can be counted.
    epoch::bump_epoch(&mut tx, id, core.clock.now()).await?;
    let administrator = Role::Administrator.as_str();
    let was_one = before.active && before.password_hash.is_some() && roles_before.contains(Role::Administrator);
    if was_one && accounts::count_active_with_role(tx.conn(), administrator).await? == 0 {
        return Err(Error::LastAdministrator);
    }
    let user = public(&after)?;
    super::commit_bumped_epoch(core, tx).await?;
    if let Some((actor, _)) = by
        && before.active
        && !after.active
    {
        super::log_revoke("account deactivated; its tokens are refused", actor, id, None);
    }
    Ok(user)
}

pub async fn add_from_terminal(
    core: &Core,
    username: &str,
    email: &str,
    roles: Roles,
    password: &Secret,
) -> Result<User, Error> {
    let row = own::new_account(core, username, email, roles, Some(password)).await?;
    let mut tx = core.store.begin().await?;
    own::insert(&mut tx, &row).await?;
    // An operator who can use the terminal needs no first-setup link any more.
    invitations::delete_for(&mut tx, None).await?;
    let event = Event { target: Some(row.id.into()), ..Event::of(AuditAction::AccountCreate) };
    audit::record(core, &mut tx, None, event).await?;
    tx.commit().await?;
    Ok(public(&row)?)
}

/// Sets a user's password from the terminal. The user's sessions end; the tokens stay valid.
pub async fn set_password_from_terminal(core: &Core, id: AccountId, password: &Secret) -> Result<(), Error> {
    let account = {
        let mut reader = core.store.read().await?;
        accounts::find(reader.conn(), id).await?.ok_or(Error::NotFound)?
    };
    let password = NewPassword::parse(password, &[&account.username, &account.email]);
    let password = password.map_err(|message| Error::field("password", message))?;
    let hash = core.hasher.hash(password).await?;
    let mut tx = core.store.begin().await?;
    epoch::lock_account(&mut tx, id).await?;
    accounts::update_password(&mut tx, id, &hash).await?;
    sessions::delete_others(&mut tx, id, SessionId::NIL).await?;
    invitations::delete_for(&mut tx, Some(id)).await?;
    own::delete_approvals(&mut tx, id).await?;
    let event = Event { target: Some(id.into()), ..Event::of(AuditAction::PasswordSet) };
    audit::record(core, &mut tx, None, event).await?;
    commit_and_bump_epoch(core, tx, id).await
}

pub async fn find_by_username(core: &Core, username: &str) -> Result<AccountId, Error> {
    let mut reader = core.store.read().await?;
    let found = accounts::find_by_login(reader.conn(), &text::key(username)).await?;
    let found = found.filter(|account| text::key(&account.username) == text::key(username));
    found.map(|account| account.id).ok_or(Error::NotFound)
}

pub fn parse_roles(names: &[String]) -> Result<Roles, Error> {
    let parse = |name: &String| name.parse::<Role>().map_err(|unknown| format!("has an entry that {unknown}"));
    let roles: Roles =
        names.iter().map(parse).collect::<Result<_, _>>().map_err(|message| Error::field("roles", message))?;
    if roles.is_empty() { Err(Error::field("roles", "must name at least one role")) } else { Ok(roles) }
}

pub async fn list_tokens(
    core: &Core,
    _: &Authorized<UsersManage>,
    id: AccountId,
    query: &TokenQuery,
) -> Result<Page<Token>, Error> {
    let mut reader = core.store.read().await?;
    accounts::find(reader.conn(), id).await?.ok_or(Error::NotFound)?;
    drop(reader);
    super::tokens::list_of(core, id, query).await
}

fn public(row: &AccountRow) -> Result<User, InconsistentRow> {
    let account = own::public(row)?;
    Ok(User {
        id: account.id,
        username: account.username,
        email: account.email,
        roles: account.roles,
        permissions: account.permissions,
        active: row.active,
        invited: row.password_hash.is_none(),
        created_at: account.created_at,
    })
}

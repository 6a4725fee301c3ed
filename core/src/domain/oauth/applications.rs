//! Applications: the one that is built in, those that register themselves, and those that a document describes.

use std::collections::BTreeSet;

use uptrakit_api::{self as api, AccountId, ApplicationId, ApplicationKind, AuditAction, Page, PageQuery, Timestamp};
use uptrakit_store::{
    Transaction, epoch,
    oauth::{
        applications::{self, ApplicationRow, CountedRow},
        grants,
    },
};

use super::{
    authorize::Applicant,
    error::{OAuthError, inconsistent},
    redirect_uri::RedirectUri,
    registration::Registration,
};
use crate::{
    auth::{
        authorized::{Authorized, UsersManage},
        context::RequestContext,
        credential::InconsistentRow,
        rate_limit::ClientNetwork,
    },
    clock::new_id,
    domain::{
        Affects,
        audit::{self, Event},
        begin_authorized_write, begin_write_with_grant, commit_bumped_epoch, log_revoke,
        paging::Paging,
        state::Core,
        tokens::Revoked,
    },
    error::Error,
};

/// The `client_id` of the command line, which is built in.
pub const COMMAND_LINE: &str = "uptrakit-cli";

/// At most this many applications that were never connected are kept; the oldest give way.
const MOST_UNUSED: i64 = 1_000;

#[derive(Clone, Debug)]
pub struct Application {
    pub id: ApplicationId,
    pub client_id: String,
    pub kind: ApplicationKind,
    pub name: String,
    pub client_uri: Option<String>,
    pub redirect_uris: Vec<RedirectUri>,
    pub verified: bool,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
    pub fresh_until: Option<Timestamp>,
}

impl Application {
    #[must_use]
    pub fn is_command_line(&self) -> bool {
        self.client_id == COMMAND_LINE
    }

    #[must_use]
    pub fn applicant(&self) -> Applicant {
        Applicant { redirect_uris: self.redirect_uris.clone(), is_command_line: self.is_command_line() }
    }
}

impl TryFrom<ApplicationRow> for Application {
    type Error = InconsistentRow;

    fn try_from(row: ApplicationRow) -> Result<Self, InconsistentRow> {
        let parse = |uri: &str| RedirectUri::parse(uri).map_err(|_| InconsistentRow("redirect URI"));
        Ok(Self {
            id: row.id,
            client_id: row.client_id,
            kind: ApplicationKind::from_name(&row.kind).ok_or(InconsistentRow("kind of application"))?,
            name: row.name,
            client_uri: row.client_uri,
            redirect_uris: row
                .redirect_uris
                .split(' ')
                .filter(|uri| !uri.is_empty())
                .map(parse)
                .collect::<Result<_, _>>()?,
            verified: row.verified,
            created_at: row.created_at,
            changed_at: row.changed_at,
            fresh_until: row.fresh_until,
        })
    }
}

pub async fn find(core: &Core, client_id: &str) -> Result<Option<Application>, Error> {
    // No database is asked for a text that it may not take.
    if client_id.contains('\0') {
        return Ok(None);
    }
    let mut reader = core.store.read().await?;
    let row = applications::find_by_client_id(reader.conn(), client_id).await?;
    Ok(row.map(Application::try_from).transpose()?)
}

pub(super) async fn get(tx: &mut Transaction, id: ApplicationId) -> Result<Application, Error> {
    let row = applications::find(tx.conn(), id).await?.ok_or(Error::NotFound)?;
    Ok(row.try_into()?)
}

/// Registers an application, which needs no credential (RFC 7591). Registrations that are never used give way.
pub async fn register(
    core: &Core,
    context: &RequestContext,
    metadata: &Registration,
) -> Result<Application, OAuthError> {
    let now = core.clock.now();
    if let Some(wait) = core.oauth_limits.registrations.fail(ClientNetwork::from(context.address), now) {
        return Err(OAuthError::TooManyRequests(wait));
    }
    let id = new_id(now);
    let row = new_row(id, id.to_string(), ApplicationKind::Dynamic, metadata, now);
    Ok(insert(core, context, row).await?)
}

/// Keeps what a document says of its application, until it has to be fetched again. When the document has changed,
/// people are asked again.
pub async fn keep_document(
    core: &Core,
    context: &RequestContext,
    client_id: &str,
    metadata: &Registration,
    fresh_until: Timestamp,
) -> Result<Application, Error> {
    let now = core.clock.now();
    let found = find(core, client_id).await?;
    let Some(known) = found else {
        let new = new_row(new_id(now), client_id.to_owned(), ApplicationKind::Document, metadata, now);
        return insert(core, context, ApplicationRow { fresh_until: Some(fresh_until), ..new }).await;
    };
    let row = new_row(known.id, known.client_id, known.kind, metadata, now);
    let is_same = (&known.name, &known.client_uri, &known.redirect_uris)
        == (&metadata.name, &metadata.client_uri, &metadata.redirect_uris);
    let row = ApplicationRow {
        verified: known.verified,
        created_at: known.created_at,
        changed_at: if is_same { known.changed_at } else { now },
        fresh_until: Some(fresh_until),
        ..row
    };
    let mut tx = core.store.begin().await?;
    applications::update(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(row.try_into()?)
}

fn new_row(
    id: ApplicationId,
    client_id: String,
    kind: ApplicationKind,
    metadata: &Registration,
    now: Timestamp,
) -> ApplicationRow {
    let uris: Vec<&str> = metadata.redirect_uris.iter().map(RedirectUri::as_str).collect();
    ApplicationRow {
        id,
        client_id,
        kind: kind.as_str().to_owned(),
        name: metadata.name.clone(),
        client_uri: metadata.client_uri.clone(),
        redirect_uris: uris.join(" "),
        verified: false,
        created_at: now,
        changed_at: now,
        fresh_until: None,
        last_used_at: None,
    }
}

async fn insert(core: &Core, context: &RequestContext, row: ApplicationRow) -> Result<Application, Error> {
    let mut tx = core.store.begin().await?;
    applications::delete_unused_beyond(&mut tx, MOST_UNUSED - 1).await?;
    match applications::insert(&mut tx, &row).await {
        // Another request has just kept the same document.
        Err(error) if error.is_unique_violation() => {
            drop(tx);
            return find(core, &row.client_id).await?.ok_or(Error::NotFound);
        }
        outcome => outcome?,
    }
    let event = Event { target: Some(row.id.into()), ..Event::of(AuditAction::ApplicationRegister) };
    audit::record(core, &mut tx, Some(context), event).await?;
    tx.commit().await?;
    Ok(row.try_into()?)
}

pub async fn list(
    core: &Core,
    _: &Authorized<UsersManage>,
    query: &PageQuery,
) -> Result<Page<api::Application>, Error> {
    let paging = Paging::parse(query.page.as_deref(), query.per_page.as_deref())?;
    let mut reader = core.store.read().await?;
    let total = applications::count(reader.conn()).await?;
    let rows = applications::list(reader.conn(), core.clock.now(), paging.slice()).await?;
    Ok(paging.page(rows.into_iter().map(public).collect::<Result<_, _>>()?, total))
}

fn public(row: CountedRow) -> Result<api::Application, InconsistentRow> {
    let last_used_at = row.application.last_used_at;
    let application = Application::try_from(row.application)?;
    Ok(api::Application {
        id: application.id,
        client_id: application.client_id,
        name: application.name,
        client_uri: application.client_uri,
        redirect_uris: application.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect(),
        kind: application.kind,
        created_at: application.created_at,
        last_used_at,
        verified: application.verified,
        grants: row.grants.unsigned_abs(),
    })
}

const BUILT_IN: Error = Error::Conflict("This application is a part of Uptrakit; it stays as it is.");

/// Says that an administrator knows the application, or no longer.
pub async fn verify(
    core: &Core,
    actor: &Authorized<UsersManage>,
    id: ApplicationId,
    verified: bool,
) -> Result<api::Application, Error> {
    let mut tx = begin_authorized_write(core, actor, Affects::Own).await?;
    let application = get(&mut tx, id).await?;
    if application.kind == ApplicationKind::BuiltIn {
        return Err(BUILT_IN);
    }
    if !applications::update_verified(&mut tx, id, verified).await? {
        return Err(Error::NotFound);
    }
    let action = if verified { AuditAction::ApplicationVerify } else { AuditAction::ApplicationUnverify };
    audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, action, id)).await?;
    let row = applications::find_counted(tx.conn(), id, core.clock.now()).await?.ok_or(Error::NotFound)?;
    tx.commit().await?;
    Ok(public(row)?)
}

/// Deletes an application and revokes its grants in all accounts.
pub async fn delete(core: &Core, actor: &Authorized<UsersManage>, id: ApplicationId) -> Result<Revoked, Error> {
    let connected = {
        let mut reader = core.store.read().await?;
        grants::list_accounts(reader.conn(), id).await?
    };
    let connected: BTreeSet<AccountId> = connected.into_iter().collect();
    let affected = Affects::Accounts(connected.iter().copied().collect());
    let (mut tx, grant) = begin_write_with_grant(core, actor, affected).await?;
    grant.credential.refuse_replaced().map_err(Error::Rejected)?;
    let application = get(&mut tx, id).await?;
    if application.kind == ApplicationKind::BuiltIn {
        return Err(BUILT_IN);
    }
    // No grant can be added from here on; one that was added after the accounts were listed is among these.
    applications::lock(&mut tx, id).await?;
    let accounts = grants::list_accounts(tx.conn(), id).await?;
    for account in accounts.iter().filter(|account| !connected.contains(account)) {
        epoch::lock_account(&mut tx, *account).await?;
    }
    let keys = super::grants::keys_of_application(&mut tx, id).await?;
    for grant_id in grants::list_of_application(tx.conn(), id, core.clock.now()).await? {
        audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::GrantRevoke, grant_id))
            .await?;
    }
    applications::delete(&mut tx, id).await?;
    audit::record(core, &mut tx, Some(&actor.context), Event::by(actor, AuditAction::ApplicationDelete, id)).await?;
    let now = core.clock.now();
    for account in &accounts {
        epoch::bump_epoch(&mut tx, *account, now).await?;
    }
    let cut_off = core.verifier.count_in_flight(&keys) as u64;
    commit_bumped_epoch(core, tx).await?;
    log_revoke("application deleted; its grants are revoked", actor, actor.account_id(), None);
    Ok(Revoked { at: core.clock.now(), cut_off })
}

pub(super) fn parse_resource(name: &str) -> Result<super::resource::Resource, Error> {
    super::resource::Resource::from_name(name).ok_or_else(|| inconsistent("audience"))
}

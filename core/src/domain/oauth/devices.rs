//! Requests of devices (RFC 8628): a program without a browser shows a code, which a person types in a browser
//! elsewhere, and asks until there is an answer.

use uptrakit_api::{
    AccountId, AnswerDestination, Approval, AuditAction, Consent, DeviceCode, Permissions, Secret, Timestamp,
};
use uptrakit_store::{
    Transaction, epoch,
    oauth::devices::{self, DeviceRow},
};

use super::{
    applications::{self, Application, parse_resource},
    consent::{Allowed, Asked, count_answer},
    error::{OAuthError, inconsistent, of_insert},
    issue::{Issued, Recipient, issue},
    lifetimes::REQUEST_MILLIS,
    requests::{ANSWERED, EXPIRED, OF_ANOTHER},
    resource::Resource,
    user_code::UserCode,
};
use crate::{
    auth::{
        authorized::{Actor, Authorized, WebSession},
        context::RequestContext,
        digest::Digest,
    },
    clock::{fill_random, is_over},
    domain::{
        Affects,
        audit::{self, Event},
        begin_write_with_grant, commit_new_credential,
        state::Core,
    },
    error::Error,
};

const INTERVAL_MILLIS: i64 = 5_000;
/// A device that asks too often waits this much longer from then on (RFC 8628, section 3.5).
const SLOWER_MILLIS: i64 = 5_000;

const APPROVED: &str = "approved";
const DENIED: &str = "denied";

#[derive(Debug)]
pub struct DeviceRequest {
    pub permissions: Permissions,
    pub resource: Resource,
    pub token_name: Option<String>,
    pub program: Option<String>,
}

#[derive(Debug)]
pub struct BegunDevice {
    pub device_code: Secret,
    pub user_code: String,
    pub expires_in_seconds: u64,
    pub interval_seconds: u64,
}

pub async fn begin(
    core: &Core,
    context: &RequestContext,
    application: &Application,
    request: DeviceRequest,
) -> Result<BegunDevice, OAuthError> {
    let (device_code, user_code) = (DeviceCode::mint(fill_random), UserCode::mint(fill_random));
    let now = core.clock.now();
    let row = DeviceRow {
        digest: Digest::of(device_code.expose()),
        user_code_digest: Digest::of(user_code.as_str()),
        application_id: application.id,
        permissions: request.permissions.to_string(),
        audience: request.resource.as_str().to_owned(),
        token_name: request.token_name,
        address: context.address.to_string(),
        program: request.program,
        created_at: now,
        expires_at: now.plus_millis(REQUEST_MILLIS),
        interval_millis: INTERVAL_MILLIS,
        polled_at: None,
        account_id: None,
        outcome: None,
        granted: None,
        used_at: None,
    };
    let mut tx = core.store.begin().await?;
    devices::insert(&mut tx, &row).await.map_err(of_insert)?;
    tx.commit().await?;
    Ok(BegunDevice {
        device_code: Secret(device_code.expose().to_owned()),
        user_code: user_code.shown(),
        expires_in_seconds: REQUEST_MILLIS.unsigned_abs() / 1_000,
        interval_seconds: INTERVAL_MILLIS.unsigned_abs() / 1_000,
    })
}

struct Pending {
    digest: Digest,
    code: UserCode,
    application: Application,
    permissions: Permissions,
    resource: Resource,
    token_name: Option<String>,
    address: String,
    program: Option<String>,
}

impl Pending {
    /// Finds the request by the code that a person typed, and binds it to the actor's account. Wrong codes are counted:
    /// a code is short enough to be guessed in very many tries.
    async fn claim(core: &Core, tx: &mut Transaction, actor: &Actor, typed: &str) -> Result<Self, Error> {
        let (account_id, now) = (actor.account_id(), core.clock.now());
        if let Some(wait) = core.oauth_limits.user_codes.wait(&account_id, now) {
            return Err(Error::TooManyRequests(wait));
        }
        let code = UserCode::parse(typed);
        let found = match &code {
            Some(code) => devices::find_by_user_code(tx.conn(), &Digest::of(code.as_str())).await?,
            None => None,
        };
        let (Some(code), Some(found)) = (code, found) else {
            let wait = core.oauth_limits.user_codes.fail(account_id, now);
            return Err(wait.map_or(Error::NotFound, Error::TooManyRequests));
        };
        devices::bind(tx, &found.digest, account_id).await?;
        let row = devices::find(tx.conn(), &found.digest).await?.ok_or(Error::NotFound)?;
        if row.account_id != Some(account_id) {
            return Err(OF_ANOTHER);
        }
        if row.outcome.is_some() {
            return Err(ANSWERED);
        }
        if is_over(row.expires_at, REQUEST_MILLIS, now) {
            return Err(EXPIRED);
        }
        Ok(Self {
            digest: row.digest,
            code,
            application: applications::get(tx, row.application_id).await?,
            permissions: row.permissions.parse().map_err(|_| inconsistent("permission"))?,
            resource: parse_resource(&row.audience)?,
            token_name: row.token_name,
            address: row.address,
            program: row.program,
        })
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            application: &self.application,
            resource: self.resource,
            permissions: self.permissions,
            token_name: self.token_name.as_deref(),
        }
    }
}

/// Opens the request with this code for the actor's account, which alone can answer it from now on.
pub async fn open(core: &Core, actor: &Authorized<WebSession>, typed: &str) -> Result<Consent, Error> {
    let (mut tx, grant) = begin_write_with_grant(core, actor, Affects::Own).await?;
    let pending = Pending::claim(core, &mut tx, actor, typed).await?;
    let destination = AnswerDestination::Device {
        code: pending.code.shown(),
        address: pending.address.clone(),
        program: pending.program.clone(),
    };
    let consent = pending.asked().consent(core, &mut tx, &grant.account, destination).await?;
    tx.commit().await?;
    Ok(consent)
}

pub async fn approve(
    core: &Core,
    actor: &Authorized<WebSession>,
    typed: &str,
    approval: &Approval,
) -> Result<(), Error> {
    count_answer(core, actor)?;
    let (mut tx, grant) = begin_write_with_grant(core, actor, Affects::Own).await?;
    let pending = Pending::claim(core, &mut tx, actor, typed).await?;
    let Allowed { permissions, token_name } = pending.asked().allow(core, &mut tx, &grant.account, approval).await?;
    let granted = permissions.map(|set| set.to_string());
    answer(
        core,
        tx,
        actor,
        &pending,
        (APPROVED, AuditAction::ConsentApprove),
        granted.as_deref(),
        token_name.as_deref(),
    )
    .await
}

pub async fn deny(core: &Core, actor: &Authorized<WebSession>, typed: &str) -> Result<(), Error> {
    count_answer(core, actor)?;
    let (mut tx, _) = begin_write_with_grant(core, actor, Affects::Own).await?;
    let pending = Pending::claim(core, &mut tx, actor, typed).await?;
    answer(core, tx, actor, &pending, (DENIED, AuditAction::ConsentDeny), None, None).await
}

async fn answer(
    core: &Core,
    mut tx: Transaction,
    actor: &Actor,
    pending: &Pending,
    (outcome, action): (&str, AuditAction),
    granted: Option<&str>,
    token_name: Option<&str>,
) -> Result<(), Error> {
    if !devices::answer(&mut tx, &pending.digest, outcome, granted, token_name).await? {
        return Err(ANSWERED);
    }
    let event = Event::by(actor, action, pending.application.id);
    audit::record(core, &mut tx, Some(&actor.context), event).await?;
    Ok(tx.commit().await?)
}

const UNKNOWN: OAuthError = OAuthError::invalid_grant("The device code is unknown, or was used.");

pub async fn poll(
    core: &Core,
    context: &RequestContext,
    application: &Application,
    device_code: &str,
) -> Result<Issued, OAuthError> {
    let code = DeviceCode::parse(device_code).map_err(|_| UNKNOWN)?;
    let digest = Digest::of(code.expose());
    let owner = {
        let mut reader = core.store.read().await?;
        devices::find(reader.conn(), &digest).await?.ok_or(UNKNOWN)?.account_id
    };
    let mut tx = core.store.begin().await?;
    if let Some(owner) = owner {
        epoch::lock_account(&mut tx, owner).await?;
    }
    let row = devices::find(tx.conn(), &digest).await?.ok_or(UNKNOWN)?;
    if row.application_id != application.id || row.used_at.is_some() {
        return Err(UNKNOWN);
    }
    let now = core.clock.now();
    if is_over(row.expires_at, REQUEST_MILLIS, now) {
        return Err(OAuthError::refuse("expired_token", "The device code has expired. Begin again."));
    }
    match (row.outcome.as_deref(), row.account_id) {
        (Some(DENIED), _) => Err(OAuthError::refuse("access_denied", "The person denied the request.")),
        // An answer that came after the first look is for the next question: only then is the account locked.
        (Some(APPROVED), Some(account_id)) if owner == Some(account_id) => {
            hand_over(core, tx, context, application, &row, account_id).await
        }
        _ => Err(note_question(tx, &row, now).await?),
    }
}

async fn hand_over(
    core: &Core,
    mut tx: Transaction,
    context: &RequestContext,
    application: &Application,
    row: &DeviceRow,
    account_id: AccountId,
) -> Result<Issued, OAuthError> {
    if !devices::update_used(&mut tx, &row.digest, core.clock.now()).await? {
        return Err(UNKNOWN);
    }
    let resource = parse_resource(&row.audience)?;
    let recipient = Recipient { application, account_id, redirect_host: None, resource };
    let permissions = row.granted.as_deref().map(str::parse).transpose();
    let permissions = permissions.map_err(|_| inconsistent("permission"))?;
    let allowed = Allowed { permissions, token_name: row.token_name.clone() };
    let (_, issued) = issue(core, &mut tx, context, &recipient, allowed).await?;
    commit_new_credential(core, tx).await?;
    Ok(issued)
}

async fn note_question(mut tx: Transaction, row: &DeviceRow, now: Timestamp) -> Result<OAuthError, Error> {
    let waited = row.polled_at.map(|polled_at| now.millis_since(polled_at));
    // A question in the future of this clock says nothing.
    let is_early = waited.is_some_and(|waited| (0..row.interval_millis).contains(&waited));
    let interval = row.interval_millis + if is_early { SLOWER_MILLIS } else { 0 };
    devices::update_polled(&mut tx, &row.digest, now, interval).await?;
    tx.commit().await?;
    Ok(if is_early {
        OAuthError::refuse("slow_down", "Wait five seconds longer between two questions.")
    } else {
        OAuthError::refuse("authorization_pending", "There is no answer yet.")
    })
}

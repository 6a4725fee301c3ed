//! The audit log: what is recorded, and how it is read. An action is recorded in the transaction that performs it; the
//! uses of rejected tokens, which change nothing, are written in the background.

use std::str::FromStr;

use uptrakit_api::{
    AccountId, AuditAction, AuditEvent, AuditQuery, EventId, GrantId, Page, Permission, Timestamp, TokenId,
};
use uptrakit_store::{
    Connection, PageBounds, Transaction,
    audit::{self, AuditFilter, AuditRow, NamedRow},
};
use uuid::Uuid;

use super::paging::Paging;
use crate::{
    auth::{
        authorized::{Actor, AuditRead, Authorized},
        context::RequestContext,
        rejected_tokens::RejectedTokenUse,
    },
    clock::{horizon, new_id},
    domain::state::Core,
    error::Error,
    text,
};

#[derive(Clone, Debug)]
pub struct Event {
    pub action: AuditAction,
    pub actor: Option<AccountId>,
    /// The token that was used, or the grant of the access token that was; in a web session, the token that the action
    /// was about.
    pub token: Option<TokenId>,
    pub target: Option<Uuid>,
    pub refused: bool,
}

impl Event {
    /// Returns an event without an actor, as it is for a sign-in or an action at the server's terminal.
    #[must_use]
    pub const fn of(action: AuditAction) -> Self {
        Self { action, actor: None, token: None, target: None, refused: false }
    }

    #[must_use]
    pub fn by(actor: &Actor, action: AuditAction, target: impl Into<Uuid>) -> Self {
        Self {
            actor: Some(actor.account_id()),
            token: actor.token_id().or_else(|| actor.grant_id().map(|GrantId(id)| TokenId(id))),
            target: Some(target.into()),
            ..Self::of(action)
        }
    }

    #[must_use]
    pub fn on_token(actor: &Actor, action: AuditAction, token: TokenId) -> Self {
        Self { token: actor.token_id().or(Some(token)), ..Self::by(actor, action, token) }
    }
}

/// Records an event. `context` is `None` when the action came from the server's terminal.
pub async fn record(
    core: &Core,
    tx: &mut Transaction,
    context: Option<&RequestContext>,
    event: Event,
) -> Result<(), Error> {
    let now = core.clock.now();
    let row = AuditRow {
        id: new_id(now),
        at: now,
        action: event.action.as_str().to_owned(),
        actor_id: event.actor,
        token_id: event.token,
        target_id: event.target,
        address: context.map(|context| context.address.to_string()),
        request_id: context.map(|context| context.request_id.to_string()),
        outcome: if event.refused { "refused" } else { "done" }.to_owned(),
    };
    Ok(audit::insert(tx, &row).await?)
}

/// The number of events per transaction. It is small, because on SQLite a revoke waits for the transaction.
const WRITTEN_AT_ONCE: usize = 32;

/// Writes the noted uses of rejected tokens. Those that could not be written stay in the queue, also when this future
/// is dropped in the middle.
pub async fn write_rejected_tokens(core: &Core) -> uptrakit_store::Result<()> {
    let mut noted = core.auth.rejected_tokens.waiting.take(|_| true).await;
    while let Some(attempts) = noted.last(WRITTEN_AT_ONCE) {
        write_attempts(core, attempts).await?;
        noted.forget_last(WRITTEN_AT_ONCE);
    }
    Ok(())
}

async fn write_attempts(core: &Core, attempts: &[RejectedTokenUse]) -> uptrakit_store::Result<()> {
    let mut tx = core.store.begin().await?;
    for attempt in attempts {
        let row = AuditRow {
            id: new_id(attempt.at),
            at: attempt.at,
            action: AuditAction::TokenRefused.as_str().to_owned(),
            actor_id: Some(attempt.account),
            token_id: Some(attempt.token),
            target_id: Some(attempt.token.into()),
            address: Some(attempt.address.to_string()),
            request_id: Some(attempt.request_id.to_string()),
            outcome: attempt.reason.as_str().to_owned(),
        };
        audit::insert(&mut tx, &row).await?;
    }
    tx.commit().await
}

pub async fn list(core: &Core, actor: &Authorized<AuditRead>, query: &AuditQuery) -> Result<Page<AuditEvent>, Error> {
    list_part(core, actor, query, parse_paging(query)?).await
}

pub async fn list_own<R>(core: &Core, caller: &Authorized<R>, query: &AuditQuery) -> Result<Page<AuditEvent>, Error> {
    list_own_part(core, caller, query, parse_paging(query)?).await
}

/// Lists a part of the events that a query finds, whatever page the query asks for.
pub async fn list_part(
    core: &Core,
    _: &Authorized<AuditRead>,
    query: &AuditQuery,
    paging: Paging,
) -> Result<Page<AuditEvent>, Error> {
    list_filtered(core, query, paging, None).await
}

pub async fn list_own_part<R>(
    core: &Core,
    caller: &Authorized<R>,
    query: &AuditQuery,
    paging: Paging,
) -> Result<Page<AuditEvent>, Error> {
    list_filtered(core, query, paging, Some(caller.account_id())).await
}

fn parse_paging(query: &AuditQuery) -> Result<Paging, Error> {
    Paging::parse(query.page.as_deref(), query.per_page.as_deref())
}

async fn list_filtered(
    core: &Core,
    query: &AuditQuery,
    paging: Paging,
    own: Option<AccountId>,
) -> Result<Page<AuditEvent>, Error> {
    let mut filter = parse_filter(query)?;
    if let Some(own) = own
        && filter.actor_id.replace(own).is_some_and(|asked| asked != own)
    {
        return Ok(paging.page(Vec::new(), 0));
    }
    let mut reader = core.store.read().await?;
    let parts = Parts::of(filter, core.clock.now());
    let totals = parts.count(&mut reader).await?;
    let [settled, future] = totals.split(paging.slice());
    let mut rows = audit::list(reader.conn(), &parts.settled, settled).await?;
    if future.limit > 0 {
        rows.extend(audit::list(reader.conn(), &parts.future, future).await?);
    }
    Ok(paging.page(rows.into_iter().map(public).collect(), totals.all()))
}

/// The events up to the present, and those from the future of this clock, which was wrong when it noted them. A list has
/// the latter at its end, so that they hide no event of now.
struct Parts {
    settled: AuditFilter,
    future: AuditFilter,
}

impl Parts {
    fn of(filter: AuditFilter, now: Timestamp) -> Self {
        let present = horizon(now).plus_millis(1);
        Self {
            settled: AuditFilter {
                until: Some(filter.until.map_or(present, |until| until.min(present))),
                ..filter.clone()
            },
            future: AuditFilter { since: Some(filter.since.map_or(present, |since| since.max(present))), ..filter },
        }
    }

    async fn count(&self, reader: &mut Connection) -> Result<Totals, Error> {
        let settled = audit::count(reader.conn(), &self.settled).await?;
        Ok(Totals { settled, future: audit::count(reader.conn(), &self.future).await? })
    }
}

struct Totals {
    settled: i64,
    future: i64,
}

impl Totals {
    const fn all(&self) -> i64 {
        self.settled + self.future
    }

    fn split(&self, slice: PageBounds) -> [PageBounds; 2] {
        let taken = (self.settled - slice.offset).clamp(0, slice.limit);
        [slice, PageBounds { limit: slice.limit - taken, offset: (slice.offset - self.settled).max(0) }]
    }
}

const NAMED_PER_PAGE: &str = "10";

#[derive(Debug)]
pub struct Named {
    pub event: AuditEvent,
    pub token: Option<String>,
    pub target: Option<String>,
}

pub async fn list_named<R>(core: &Core, actor: &Authorized<R>, page: u32) -> Result<Page<Named>, Error> {
    let paging = Paging::parse(Some(&page.to_string()), Some(NAMED_PER_PAGE))?;
    let account_id = actor.account_id();
    let own = AuditFilter { actor_id: Some(account_id), ..AuditFilter::default() };
    let mut reader = core.store.read().await?;
    let parts = Parts::of(own, core.clock.now());
    let totals = parts.count(&mut reader).await?;
    let [settled, future] = totals.split(paging.slice());
    let others = actor.permissions().contains(Permission::UsersManage);
    let mut rows = audit::list_named(reader.conn(), &parts.settled, others, settled).await?;
    if future.limit > 0 {
        rows.extend(audit::list_named(reader.conn(), &parts.future, others, future).await?);
    }
    let named = |row: NamedRow| Named { event: public(row.event), token: row.token_name, target: row.target_name };
    Ok(paging.page(rows.into_iter().map(named).collect(), totals.all()))
}

const EXPORTED_AT_ONCE: u16 = 500;

/// An export of events, oldest first. It is read in parts, so that neither memory nor a connection is held for longer
/// than one part takes, however many events there are and however slowly the client reads.
#[derive(Debug)]
pub struct Export {
    filter: AuditFilter,
    after: (Timestamp, EventId),
    is_over: bool,
}

impl Export {
    /// Starts an export of all accounts' events up to now, so that it ends although new events arrive. If a clock that
    /// was ahead has put the newest event into the future, the export goes up to that one.
    pub async fn new(core: &Core, _: &Authorized<AuditRead>, query: &AuditQuery) -> Result<Self, Error> {
        let mut filter = parse_filter(query)?;
        let newest = audit::find_newest_at(core.store.read().await?.conn()).await?;
        let end = newest.into_iter().fold(core.clock.now(), Timestamp::max).plus_millis(1);
        filter.until = Some(filter.until.map_or(end, |until| until.min(end)));
        Ok(Self { filter, after: (Timestamp(i64::MIN), EventId::NIL), is_over: false })
    }

    pub async fn next(&mut self, core: &Core) -> Result<Option<Vec<AuditEvent>>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let mut reader = core.store.read().await?;
        let rows = audit::list_after(reader.conn(), &self.filter, self.after, EXPORTED_AT_ONCE.into()).await?;
        self.is_over = rows.len() < usize::from(EXPORTED_AT_ONCE);
        self.after = rows.last().map_or(self.after, |row| (row.at, row.id));
        Ok(Some(rows.into_iter().map(public).collect()))
    }
}

fn parse_filter(query: &AuditQuery) -> Result<AuditFilter, Error> {
    fn id<Id: FromStr>(field: &str, text: Option<&String>) -> Result<Option<Id>, Error> {
        text.map(|text| text.parse().map_err(|_| Error::field(field, "must be a UUID"))).transpose()
    }
    let instant = |field: &str, text: &Option<String>| {
        let parse = |text: &String| Timestamp::parse(text).map_err(|error| Error::field(field, error.to_string()));
        text.as_ref().map(parse).transpose()
    };
    Ok(AuditFilter {
        action: query.action.as_deref().map(text::literal),
        actor_id: id("actor_id", query.actor_id.as_ref())?,
        token_id: id("token_id", query.token_id.as_ref())?,
        since: instant("since", &query.since)?,
        until: instant("until", &query.until)?,
    })
}

fn public(row: AuditRow) -> AuditEvent {
    AuditEvent {
        id: row.id,
        at: row.at,
        action: row.action,
        actor_id: row.actor_id,
        token_id: row.token_id,
        target_id: row.target_id,
        address: row.address,
        request_id: row.request_id,
        outcome: row.outcome,
    }
}

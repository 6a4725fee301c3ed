//! API tokens: the rules for creating, changing, rotating and revoking them, and their limits.

use ipnet::IpNet;
use uptrakit_api::{
    AccountId, AuditAction, CreateToken, CreatedToken, FieldError, Page, Permission, Permissions, RotateToken,
    Rotation, Secret, Timestamp, Token, TokenId, TokenQuery, TokenSecret, TokenState, UpdateToken,
};
use uptrakit_store::{
    Transaction,
    tokens::{self, NewToken, TokenFilter, TokenRow, TokenSort},
};

use super::{
    Affects, Grant,
    audit::{self, Event},
    begin_authorized_write, begin_write_with_grant, commit_and_bump_epoch, commit_new_credential, log_revoke,
    paging::{Paging, parse_sort},
};
use crate::{
    auth::{
        authorized::{Actor, Authorized, TokenRotation, TokensWrite, UsersManage},
        credential::{Credential, InconsistentRow, Key, parse_networks, state},
        digest::Digest,
    },
    clock::{fill_random, horizon, new_id},
    domain::state::Core,
    error::Error,
    network::{InvalidNetwork, parse_network},
    text,
};

const LONGEST_NAME: usize = 64;
const MOST_NETWORKS: usize = 100;
const LONGEST_OVERLAP_SECONDS: u32 = 604_800;
const DAY_MILLIS: i64 = 86_400_000;

/// The limits of a token. `None` means no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Limits {
    permissions: Option<Permissions>,
    networks: Option<Box<[IpNet]>>,
    expires_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
pub struct Revoked {
    /// The instant from which the token is rejected.
    pub at: Timestamp,
    /// The number of requests and streams that were in flight in this process, without the one that revokes.
    pub cut_off: u64,
}

impl Limits {
    fn of_row(row: &TokenRow) -> Result<Self, InconsistentRow> {
        let permissions = row.permissions.as_ref().map(|names| names.parse()).transpose();
        Ok(Self {
            permissions: permissions.map_err(|_| InconsistentRow("permission"))?,
            networks: row.networks.as_deref().map(parse_networks).transpose()?,
            expires_at: row.expires_at,
        })
    }

    fn of(grant: &Grant) -> Self {
        match &grant.credential {
            Credential::Token(token) => {
                Self { permissions: token.permissions, networks: token.networks.clone(), expires_at: token.expires_at }
            }
            Credential::Access(access) => {
                Self { permissions: Some(access.permissions), networks: None, expires_at: Some(access.expires_at) }
            }
            Credential::Session(_) => Self { permissions: None, networks: None, expires_at: None },
        }
    }

    /// Rejects limits that exceed these: more permissions, wider networks, or a later end.
    fn admit(&self, asked: &Self) -> Result<(), Error> {
        if let Some(own) = self.permissions {
            let more = asked.permissions.unwrap_or(Permissions::ALL).without(own);
            if !more.is_empty() {
                return Err(Error::MorePermissions(more));
            }
        }
        if let Some(own) = &self.networks {
            let inside = |net: &IpNet| own.iter().any(|outer| outer.contains(net));
            if !asked.networks.as_ref().is_some_and(|networks| networks.iter().all(inside)) {
                return Err(Error::BeyondOwnLimits("wider networks"));
            }
        }
        if let Some(own) = self.expires_at
            && asked.expires_at.is_none_or(|end| end > own)
        {
            return Err(Error::BeyondOwnLimits("a later end"));
        }
        Ok(())
    }

    fn permissions_text(&self) -> Option<String> {
        self.permissions.map(|set| set.to_string())
    }

    fn networks_text(&self) -> Option<String> {
        let join = |networks: &[IpNet]| networks.iter().map(IpNet::to_string).collect::<Vec<_>>().join(" ");
        self.networks.as_deref().map(join)
    }
}

pub async fn list<R>(core: &Core, caller: &Authorized<R>, query: &TokenQuery) -> Result<Page<Token>, Error> {
    list_of(core, caller.account_id(), query).await
}

/// Lists a part of the tokens that a query finds, whatever page the query asks for.
pub async fn list_part<R>(
    core: &Core,
    caller: &Authorized<R>,
    query: &TokenQuery,
    paging: Paging,
) -> Result<Page<Token>, Error> {
    list_part_of(core, caller.account_id(), query, paging).await
}

pub(super) async fn list_of(core: &Core, account_id: AccountId, query: &TokenQuery) -> Result<Page<Token>, Error> {
    let paging = Paging::parse(query.page.as_deref(), query.per_page.as_deref())?;
    list_part_of(core, account_id, query, paging).await
}

async fn list_part_of(
    core: &Core,
    account_id: AccountId,
    query: &TokenQuery,
    paging: Paging,
) -> Result<Page<Token>, Error> {
    let state = match query.state.as_deref() {
        None | Some("active") => "active",
        Some("expired") => "expired",
        Some("revoked") => "revoked",
        Some("all") => "all",
        Some(_) => return Err(Error::field("state", "must be active, expired, revoked or all")),
    };
    let sorts = [
        ("created_at", TokenSort::CreatedAt),
        ("name", TokenSort::Name),
        ("last_used_at", TokenSort::LastUsedAt),
        ("expires_at", TokenSort::ExpiresAt),
    ];
    let sort = parse_sort(query.sort.as_deref(), (TokenSort::CreatedAt, true), &sorts)?;
    let now = core.clock.now();
    let filter = TokenFilter { state, part: text::key(query.q.as_deref().unwrap_or_default()), now };
    let mut reader = core.store.read().await?;
    let total = tokens::count(reader.conn(), account_id, &filter).await?;
    let rows = tokens::list(reader.conn(), account_id, &filter, sort, paging.slice()).await?;
    let items = rows.into_iter().map(|row| public(row, now)).collect::<Result<_, _>>()?;
    Ok(paging.page(items, total))
}

pub async fn count_active<R>(core: &Core, actor: &Authorized<R>) -> Result<u32, Error> {
    let filter = TokenFilter { state: "active", part: String::new(), now: core.clock.now() };
    let mut reader = core.store.read().await?;
    let count = tokens::count(reader.conn(), actor.account_id(), &filter).await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

pub async fn get<R>(core: &Core, actor: &Authorized<R>, id: TokenId) -> Result<Token, Error> {
    let now = core.clock.now();
    let mut reader = core.store.read().await?;
    let row = tokens::find(reader.conn(), actor.account_id(), id, now).await?.ok_or(Error::NotFound)?;
    Ok(public(row, now)?)
}

/// Returns the address and the program of the first use of the token's current secret, as `10.0.3.7, curl`; `None`
/// before that use.
pub async fn find_first_use<R>(core: &Core, actor: &Authorized<R>, id: TokenId) -> Result<Option<String>, Error> {
    let mut reader = core.store.read().await?;
    let found = tokens::find_first_use(reader.conn(), actor.account_id(), id).await?;
    Ok(found.map(|(address, program)| match program {
        Some(program) => format!("{address}, {program}"),
        None => address,
    }))
}

/// Creates a token. Its secret is in the answer and nowhere else.
pub async fn create(
    core: &Core,
    actor: &Authorized<TokensWrite>,
    request: &CreateToken,
) -> Result<CreatedToken, Error> {
    let mut errors = Vec::new();
    let name = text::parse_line(&request.name, LONGEST_NAME);
    let name = collect(&mut errors, "name", name).unwrap_or_default();
    let permissions = request.permissions.as_deref().map(parse_permissions).transpose();
    let permissions = collect(&mut errors, "permissions", permissions).flatten();
    let networks = request.allowed_networks.as_deref().map(parse_allowed_networks).transpose();
    let networks = collect(&mut errors, "allowed_networks", networks).flatten();
    let expires_at = request.expires_at.as_deref().map(|text| parse_end(core, text)).transpose();
    let expires_at = collect(&mut errors, "expires_at", expires_at).flatten();
    let lifetime = request.expires_in_seconds.map(|seconds| parse_lifetime(core, seconds)).transpose();
    let lifetime = collect(&mut errors, "expires_in_seconds", lifetime).flatten();
    if request.expires_at.is_some() && request.expires_in_seconds.is_some() {
        let message = "can't be given together with expires_at; send one of the two".to_owned();
        errors.push(FieldError { field: "expires_in_seconds".into(), message });
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }

    let (mut tx, grant) = begin_write_with_grant(core, actor, Affects::Own).await?;
    let own = Limits::of(&grant);
    let now = core.clock.now();
    // The lifetime counts from the same instant as `created_at`, so that it is exactly what was asked for.
    let expires_at = lifetime.map(|millis| now.plus_millis(millis)).or(expires_at);
    let limits = Limits {
        permissions: permissions.or(own.permissions),
        networks: networks.or_else(|| own.networks.clone()),
        expires_at: expires_at.or(own.expires_at).or_else(|| latest_end(core, now)),
    };
    own.admit(&limits)?;
    // Only requested permissions are checked: inherited ones may name what the account has lost since, which grants
    // nothing.
    refuse_beyond_account(&grant, permissions.unwrap_or_default())?;
    let account_id = actor.account_id();
    let active = TokenFilter { state: "active", part: String::new(), now };
    if tokens::count(tx.conn(), account_id, &active).await? >= i64::from(core.token_rules.limit) {
        return Err(Error::LimitReached(core.token_rules.limit));
    }
    let id = new_id(now);
    let name_key = text::key(&name);
    if tokens::exists_active_named(tx.conn(), account_id, &name_key, id, now).await? {
        return Err(Error::NameTaken);
    }
    let (permissions, networks) = (limits.permissions_text(), limits.networks_text());
    let token = NewToken {
        id,
        account_id,
        name: &name,
        name_key: &name_key,
        permissions: permissions.as_deref(),
        networks: networks.as_deref(),
        created_at: now,
        expires_at: limits.expires_at,
    };
    tokens::insert(&mut tx, &token).await?;
    let secret = issue_secret(&mut tx, id, now).await?;
    audit::record(core, &mut tx, Some(&actor.context), Event::on_token(actor, AuditAction::TokenCreate, id)).await?;
    let fields = public_in(&mut tx, actor, id, now).await?;
    commit_new_credential(core, tx).await?;
    Ok(CreatedToken { fields, secret })
}

/// Changes a token's name or limits. Narrower limits apply from this commit on.
pub async fn update(
    core: &Core,
    actor: &Authorized<TokensWrite>,
    id: TokenId,
    request: &UpdateToken,
) -> Result<Token, Error> {
    let mut errors = Vec::new();
    let name = request.name.as_deref().map(|name| text::parse_line(name, LONGEST_NAME)).transpose();
    let name = collect(&mut errors, "name", name).flatten();
    let permissions = request.permissions.as_ref().map(|list| list.as_deref().map(parse_permissions).transpose());
    let permissions = collect(&mut errors, "permissions", permissions.transpose()).flatten();
    let networks = request.allowed_networks.as_ref();
    let networks = networks.map(|list| list.as_deref().map(parse_allowed_networks).transpose());
    let networks = collect(&mut errors, "allowed_networks", networks.transpose()).flatten();
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }

    let (mut tx, grant) = begin_write_with_grant(core, actor, Affects::Own).await?;
    let now = core.clock.now();
    let row = get_active(&mut tx, actor, id, now).await?;
    let before = Limits::of_row(&row)?;
    let after = Limits {
        permissions: permissions.unwrap_or(before.permissions),
        networks: networks.unwrap_or_else(|| before.networks.clone()),
        expires_at: before.expires_at,
    };
    let own = Limits::of(&grant);
    own.admit(&before)?;
    own.admit(&after)?;
    let added = after.permissions.unwrap_or_default().without(before.permissions.unwrap_or_default());
    refuse_beyond_account(&grant, added)?;
    let name_key = text::key(name.as_deref().unwrap_or(&row.name));
    // An unchanged name is not checked: names from before they were normalised to one Unicode form may be duplicates.
    let is_new = name_key != text::key(&row.name);
    let name = name.unwrap_or(row.name);
    if is_new && tokens::exists_active_named(tx.conn(), row.account_id, &name_key, id, now).await? {
        return Err(Error::NameTaken);
    }
    let (permissions, networks) = (after.permissions_text(), after.networks_text());
    tokens::update(&mut tx, id, (&name, &name_key), permissions.as_deref(), networks.as_deref()).await?;
    audit::record(core, &mut tx, Some(&actor.context), Event::on_token(actor, AuditAction::TokenUpdate, id)).await?;
    let token = public_in(&mut tx, actor, id, now).await?;
    commit_and_bump_epoch(core, tx, actor.account_id()).await?;
    Ok(token)
}

/// Gives a token a new secret. The old one is accepted until the overlap ends; without an overlap it is rejected from
/// this commit on.
pub async fn rotate(
    core: &Core,
    actor: &Authorized<TokenRotation>,
    id: TokenId,
    request: &RotateToken,
) -> Result<CreatedToken, Error> {
    if request.overlap_seconds > LONGEST_OVERLAP_SECONDS {
        return Err(Error::field("overlap_seconds", format!("must be at most {LONGEST_OVERLAP_SECONDS} (7 days)")));
    }
    // Of two concurrent rotations the second one is rejected: it finds that the secret was replaced after this read,
    // which comes before the transaction, or after its request arrived.
    let seen = {
        let mut reader = core.store.read().await?;
        let found = tokens::find(reader.conn(), actor.account_id(), id, core.clock.now()).await?;
        let Some(found) = found else {
            actor.entry.credential.refuse_replaced().map_err(Error::Rejected)?;
            return Err(Error::NotFound);
        };
        found.rotations
    };
    let (mut tx, grant) = begin_write_with_grant(core, actor, Affects::Own).await?;
    let now = core.clock.now();
    let row = get_active(&mut tx, actor, id, now).await?;
    let created_at = row.secret_created_at.filter(|created_at| *created_at <= horizon(now));
    let is_newer = row.rotations > 0 && created_at.is_some_and(|created_at| created_at > actor.context.arrived);
    if is_newer || !tokens::count_rotation(&mut tx, id, seen).await? {
        return Err(Error::Conflict("Somebody else rotated this token at the same time."));
    }
    grant.credential.refuse_replaced().map_err(Error::Rejected)?;
    Limits::of(&grant).admit(&Limits::of_row(&row)?)?;
    let overlap = i64::from(request.overlap_seconds) * 1_000;
    let overlap_ends_at = now.plus_millis(overlap).min(row.expires_at.unwrap_or(Timestamp::MAX));
    let ends_at = if overlap == 0 { tokens::ENDED } else { overlap_ends_at };
    tokens::end_secrets(&mut tx, id, ends_at).await?;
    let secret = issue_secret(&mut tx, id, now).await?;
    audit::record(core, &mut tx, Some(&actor.context), Event::on_token(actor, AuditAction::TokenRotate, id)).await?;
    let fields = public_in(&mut tx, actor, id, now).await?;
    commit_and_bump_epoch(core, tx, actor.account_id()).await?;
    let what = if overlap == 0 { "token rotated; the old secret is revoked" } else { "token rotated" };
    log_revoke(what, actor, actor.account_id(), Some(id));
    Ok(CreatedToken { fields, secret })
}

/// Ends the overlap of a rotation: the old secret is rejected from this commit on. Without an overlap this does
/// nothing.
pub async fn end_overlap(core: &Core, actor: &Authorized<TokensWrite>, id: TokenId) -> Result<(), Error> {
    let mut tx = begin_authorized_write(core, actor, Affects::Own).await?;
    let now = core.clock.now();
    tokens::find(tx.conn(), actor.account_id(), id, now).await?.ok_or(Error::NotFound)?;
    if !tokens::end_overlap(&mut tx, id).await? {
        return Ok(());
    }
    audit::record(core, &mut tx, Some(&actor.context), Event::on_token(actor, AuditAction::TokenEndOverlap, id))
        .await?;
    commit_and_bump_epoch(core, tx, actor.account_id()).await?;
    log_revoke("overlap of a token's rotation ended; the old secret is revoked", actor, actor.account_id(), Some(id));
    Ok(())
}

/// Revokes a token of the actor's account, with all its secrets. Revoking it again succeeds as well.
pub async fn revoke(core: &Core, actor: &Authorized<TokensWrite>, id: TokenId) -> Result<Revoked, Error> {
    revoke_own(core, actor, id).await
}

/// Revokes the token that makes the request, which needs no permission. Returns `None` for a web session.
pub async fn revoke_current<R>(core: &Core, actor: &Authorized<R>) -> Result<Option<Revoked>, Error> {
    let Some(id) = actor.token_id() else { return Ok(None) };
    revoke_own(core, actor, id).await.map(Some)
}

async fn revoke_own(core: &Core, actor: &Actor, id: TokenId) -> Result<Revoked, Error> {
    let mut tx = begin_authorized_write(core, actor, Affects::Own).await?;
    revoke_in(core, actor, &mut tx, actor.account_id(), id).await?.finish(core, actor, tx).await
}

pub async fn revoke_of(
    core: &Core,
    actor: &Authorized<UsersManage>,
    account_id: AccountId,
    id: TokenId,
) -> Result<Revoked, Error> {
    let (mut tx, grant) = begin_write_with_grant(core, actor, Affects::Account(account_id)).await?;
    grant.credential.refuse_replaced().map_err(Error::Rejected)?;
    revoke_in(core, actor, &mut tx, account_id, id).await?.finish(core, actor, tx).await
}

/// Takes a token of the actor's account off hold: it works again, with the limits that it has. Confirming it again
/// succeeds as well. A token confirms none that may do more than itself.
pub async fn confirm(core: &Core, actor: &Authorized<TokensWrite>, id: TokenId) -> Result<Token, Error> {
    let (tx, grant) = begin_write_with_grant(core, actor, Affects::Own).await?;
    confirm_in(core, actor, tx, actor.account_id(), id, &Limits::of(&grant)).await
}

pub async fn confirm_of(
    core: &Core,
    actor: &Authorized<UsersManage>,
    account_id: AccountId,
    id: TokenId,
) -> Result<Token, Error> {
    let (tx, grant) = begin_write_with_grant(core, actor, Affects::Account(account_id)).await?;
    grant.credential.refuse_replaced().map_err(Error::Rejected)?;
    // An administrator may add accounts with any role, so that the limits of the token that is used don't count.
    let none = Limits { permissions: None, networks: None, expires_at: None };
    confirm_in(core, actor, tx, account_id, id, &none).await
}

async fn confirm_in(
    core: &Core,
    actor: &Actor,
    mut tx: Transaction,
    account_id: AccountId,
    id: TokenId,
    own: &Limits,
) -> Result<Token, Error> {
    let now = core.clock.now();
    let row = tokens::find(tx.conn(), account_id, id, now).await?.ok_or(Error::NotFound)?;
    require_active(&row, now)?;
    own.admit(&Limits::of_row(&row)?)?;
    if !tokens::confirm(&mut tx, id).await? {
        return Ok(public(row, now)?);
    }
    audit::record(core, &mut tx, Some(&actor.context), Event::on_token(actor, AuditAction::TokenConfirm, id)).await?;
    // A process that has refused the token knows it as one on hold.
    commit_and_bump_epoch(core, tx, account_id).await?;
    Ok(public(TokenRow { held_at: None, ..row }, now)?)
}

struct PendingRevoke {
    id: TokenId,
    account_id: AccountId,
    /// The keys of the token's secrets; `None` when the token was revoked before.
    news: Option<Vec<Key>>,
    at: Timestamp,
}

async fn revoke_in(
    core: &Core,
    actor: &Actor,
    tx: &mut Transaction,
    account_id: AccountId,
    id: TokenId,
) -> Result<PendingRevoke, Error> {
    let now = core.clock.now();
    if !tokens::revoke(tx, account_id, id, actor.account_id(), now).await? {
        // The token is unknown, or was revoked before.
        let row = tokens::find(tx.conn(), account_id, id, now).await?.ok_or(Error::NotFound)?;
        return Ok(PendingRevoke { id, account_id, news: None, at: row.revoked_at.unwrap_or(now) });
    }
    audit::record(core, tx, Some(&actor.context), Event::on_token(actor, AuditAction::TokenRevoke, id)).await?;
    let digests = tokens::list_digests(tx.conn(), id).await?;
    let digests = digests.into_iter().map(Key::Token).collect();
    Ok(PendingRevoke { id, account_id, news: Some(digests), at: now })
}

impl PendingRevoke {
    async fn finish(self, core: &Core, actor: &Actor, tx: Transaction) -> Result<Revoked, Error> {
        let Some(digests) = self.news else { return Ok(Revoked { at: self.at, cut_off: 0 }) };
        // A request that revokes its own token is not cut off.
        let own = usize::from(actor.token_id() == Some(self.id));
        let cut_off = core.verifier.count_in_flight(&digests).saturating_sub(own);
        let began = std::time::Instant::now();
        commit_and_bump_epoch(core, tx, self.account_id).await?;
        log_revoke("token revoked", actor, self.account_id, Some(self.id));
        metrics::histogram!("uptrakit_revoke_seconds").record(began.elapsed());
        // The revoke holds from the instant of this acknowledgement, not from that of the request.
        Ok(Revoked { at: core.clock.now(), cut_off: cut_off as u64 })
    }
}

async fn get_active(tx: &mut Transaction, actor: &Actor, id: TokenId, now: Timestamp) -> Result<TokenRow, Error> {
    let row = tokens::find(tx.conn(), actor.account_id(), id, now).await?.ok_or(Error::NotFound)?;
    require_active(&row, now)?;
    if row.held_at.is_some() {
        return Err(Error::Conflict("The token is on hold since the database was restored. Confirm it first."));
    }
    Ok(row)
}

fn require_active(row: &TokenRow, now: Timestamp) -> Result<(), Error> {
    match state(row.revoked_at, row.expires_at, now) {
        TokenState::Active => Ok(()),
        over => Err(Error::NotActive(over)),
    }
}

pub(super) async fn issue_secret(tx: &mut Transaction, id: TokenId, now: Timestamp) -> Result<Secret, Error> {
    let secret = TokenSecret::mint(fill_random);
    tokens::insert_secret(tx, id, &Digest::of(secret.expose()), &secret.hint(), now).await?;
    Ok(Secret(secret.expose().to_owned()))
}

async fn public_in(tx: &mut Transaction, actor: &Actor, id: TokenId, now: Timestamp) -> Result<Token, Error> {
    let row = tokens::find(tx.conn(), actor.account_id(), id, now).await?.ok_or(Error::NotFound)?;
    Ok(public(row, now)?)
}

pub fn public(row: TokenRow, now: Timestamp) -> Result<Token, InconsistentRow> {
    let limits = Limits::of_row(&row)?;
    // Uses of the old secret from before it was replaced don't show which clients still have to switch.
    let created_at = row.secret_created_at.filter(|created_at| *created_at <= horizon(now));
    let old_used_at = row.old_last_used_at.filter(|at| created_at.is_none_or(|created_at| *at >= created_at));
    // An overlap that a clock ahead has begun counts from now.
    let ahead = row.secret_created_at.filter(|_| created_at.is_none()).map_or(0, |created_at| created_at.0 - now.0);
    let rotation = row.old_hint.zip(row.old_ends_at).map(|(old_hint, ends_at)| Rotation {
        old_hint,
        overlap_ends_at: ends_at.plus_millis(-ahead),
        old_last_used_at: old_used_at,
        old_last_used_ip: row.old_last_used_ip.filter(|_| old_used_at.is_some()),
    });
    let revoked_at = row.revoked_at;
    Ok(Token {
        id: row.id,
        name: row.name,
        hint: row.hint,
        state: state(revoked_at, limits.expires_at, now),
        permissions: limits.permissions,
        allowed_networks: limits.networks.map(|networks| networks.iter().map(IpNet::to_string).collect()),
        created_at: row.created_at,
        expires_at: limits.expires_at,
        last_used_at: row.last_used_at,
        last_used_ip: row.last_used_ip,
        revoked_at,
        revoked_by: row.revoked_by,
        held_at: row.held_at.filter(|_| revoked_at.is_none()),
        rotation: rotation.filter(|_| revoked_at.is_none()),
    })
}

fn collect<T>(errors: &mut Vec<FieldError>, field: &str, outcome: Result<T, String>) -> Option<T> {
    outcome.map_err(|message| errors.push(FieldError { field: field.into(), message })).ok()
}

fn refuse_beyond_account(grant: &Grant, asked: Permissions) -> Result<(), Error> {
    let more = asked.without(grant.account.roles.permissions());
    if more.is_empty() { Ok(()) } else { Err(Error::MorePermissions(more)) }
}

fn parse_permissions(names: &[String]) -> Result<Permissions, String> {
    names
        .iter()
        .map(|name| name.parse::<Permission>().map_err(|unknown| format!("has an entry that {unknown}")))
        .collect()
}

pub fn parse_allowed_networks(texts: &[String]) -> Result<Box<[IpNet]>, String> {
    if texts.is_empty() {
        return Err("must name at least one network; leave it out or null to allow any".into());
    }
    if texts.len() > MOST_NETWORKS {
        return Err(format!("must have at most {MOST_NETWORKS} entries"));
    }
    let parse = |text: &String| {
        parse_network(text).map_err(|invalid| match invalid {
            InvalidNetwork::Form => {
                "has an entry that is not a network; write each like 10.0.0.0/8 or 2001:db8::/32".to_owned()
            }
            InvalidNetwork::BitsBehindPrefix(meant) => {
                format!("has an entry with bits behind its prefix; did you mean {meant}?")
            }
        })
    };
    let mut networks = texts.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    networks.sort_unstable();
    networks.dedup();
    Ok(networks.into())
}

fn latest_end(core: &Core, now: Timestamp) -> Option<Timestamp> {
    let days = core.token_rules.longest_lifetime_days?;
    Some(now.plus_millis(i64::from(days) * DAY_MILLIS))
}

fn parse_end(core: &Core, text: &str) -> Result<Timestamp, String> {
    let end = Timestamp::parse(text).map_err(|error| error.to_string())?;
    let now = core.clock.now();
    if end <= now {
        return Err("must be in the future".into());
    }
    // A form that offers "365 days" is sent a moment after it computed the end.
    if latest_end(core, now).is_some_and(|latest| end > latest.plus_millis(60_000)) {
        let days = core.token_rules.longest_lifetime_days.unwrap_or_default();
        return Err(format!("must be at most {days} {} from now; the administrator has set that", days_word(days)));
    }
    Ok(end)
}

const fn days_word(days: u32) -> &'static str {
    if days == 1 { "day" } else { "days" }
}

/// Returns the lifetime in milliseconds. Only the server's clock is involved, so that the maximum is exact.
fn parse_lifetime(core: &Core, seconds: i64) -> Result<i64, String> {
    if seconds < 1 {
        return Err("must be at least 1".into());
    }
    if let Some(days) = core.token_rules.longest_lifetime_days
        && seconds > i64::from(days) * (DAY_MILLIS / 1_000)
    {
        return Err(format!("must be at most {days} {}; the administrator has set that", days_word(days)));
    }
    let millis = seconds.checked_mul(1_000).filter(|millis| *millis <= Timestamp::MAX.millis_since(core.clock.now()));
    millis.ok_or_else(|| "must end before the year 10000; leave it out for a token without an end".into())
}

#[cfg(test)]
mod tests {
    use super::{Limits, parse_allowed_networks};
    use proptest::prelude::*;
    use uptrakit_api::{Permission, Permissions, Timestamp};

    fn networks(texts: &[&str]) -> Result<Vec<String>, String> {
        let owned: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        parse_allowed_networks(&owned).map(|nets| nets.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn networks_are_read_in_every_form_and_kept_in_one() {
        assert_eq!(
            networks(&["10.0.0.0/8", "192.168.1.7", "::ffff:172.16.0.0/108", "2001:db8::/32"]).unwrap(),
            ["10.0.0.0/8", "172.16.0.0/12", "192.168.1.7/32", "2001:db8::/32"]
        );
        for wrong in ["10.0.0.1/8", "10.0.0.0/33", "2001:db8::1/32", "here", "", "10.0.0.0/-1", "010.0.0.0/8"] {
            assert!(networks(&[wrong]).is_err(), "{wrong} was accepted");
        }
        assert!(networks(&[]).is_err());
    }

    #[test]
    fn a_token_admits_only_what_is_within_its_own_limits() {
        let net = |text: &str| Some(parse_allowed_networks(&[text.to_owned()]).unwrap());
        let own = Limits {
            permissions: Some(Permissions::of(&[Permission::HostsRead, Permission::TokensWrite])),
            networks: net("10.0.0.0/8"),
            expires_at: Some(Timestamp(1_000)),
        };
        let with = |change: &dyn Fn(&mut Limits)| {
            let mut asked = own.clone();
            change(&mut asked);
            own.admit(&asked).is_ok()
        };
        assert!(with(&|_| {}));
        assert!(with(&|asked| asked.permissions = Some(Permissions::NONE)));
        assert!(with(&|asked| asked.networks = net("10.1.0.0/16")));
        assert!(with(&|asked| asked.expires_at = Some(Timestamp(999))));
        assert!(!with(&|asked| asked.permissions = None));
        assert!(!with(&|asked| asked.permissions = Some(Permissions::of(&[Permission::HostsWrite]))));
        assert!(!with(&|asked| asked.networks = None));
        assert!(!with(&|asked| asked.networks = net("10.0.0.0/7")));
        assert!(!with(&|asked| asked.expires_at = None));
        assert!(!with(&|asked| asked.expires_at = Some(Timestamp(1_001))));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(texts in proptest::collection::vec("\\PC{0,50}", 0..4)) {
            let _ = parse_allowed_networks(&texts);
        }
    }
}

//! Lists an account's tokens, and tells of one.

use uptrakit_api::{AccountId, Page, Token, TokenId, TokenQuery};
use uptrakit_store::tokens::{self, TokenFilter, TokenSort};

use super::row::public;
use crate::{
    auth::authorized::Authorized,
    domain::paging::{Paging, parse_sort},
    error::Error,
    state::Core,
    text,
};

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

pub(in crate::domain) async fn list_of(
    core: &Core,
    account_id: AccountId,
    query: &TokenQuery,
) -> Result<Page<Token>, Error> {
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

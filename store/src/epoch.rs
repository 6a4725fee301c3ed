//! The epoch: a number in a single row, which every change that takes rights away or adds a credential increments in its
//! own transaction, and a log of the account whose rights each increment took away. The row's lock puts the increments in the order of their
//! commits, which a sequence would not do.

use crate::Result;
use uptrakit_api::{AccountId, Timestamp};
use uuid::Uuid;

use super::{Conn, Transaction, error::require_row, lock_account_row, notify, on, session::replica, with_timeout};

/// A point in the history of a database. The number alone does not identify it: after a failover that lost commits, or
/// in a restored file, the same number can stand for another change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochPoint {
    pub epoch: i64,
    /// Random value that the latest increment wrote; null after an increment by an older program, which wrote none.
    pub nonce: Option<Uuid>,
    /// Start time of the Postgres server that answered, in microseconds since 1970; 0 on SQLite. A pooler may put
    /// another server behind a connection that stays open, and what was read from one server says nothing about the
    /// other.
    pub server_started_at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochMove {
    pub epoch: i64,
    pub nonce: Option<Uuid>,
    pub account_id: AccountId,
}

impl EpochPoint {
    /// Returns true when the increments lead from this point to a later one without a gap, in one history on one
    /// server. The first increment must be the one that this point names.
    #[must_use]
    pub fn leads_to(&self, later: &Self, moves: &[EpochMove]) -> bool {
        let names = |point: &Self, found: Option<&EpochMove>| {
            point.nonce.is_some() && found.is_some_and(|found| (found.epoch, found.nonce) == (point.epoch, point.nonce))
        };
        self.server_started_at == later.server_started_at
            && names(self, moves.first())
            && names(later, moves.last())
            && (self.epoch..=later.epoch).eq(moves.iter().map(|found| found.epoch))
    }
}

/// Reads the current point in the history of the database. A Postgres replica is refused, because it may be behind; a
/// pooler can lead to one at any moment.
pub async fn get_epoch(conn: Conn<'_>) -> Result<EpochPoint> {
    const POSTGRES: &str = "SELECT epoch, nonce, \
         (EXTRACT(EPOCH FROM pg_postmaster_start_time()) * 1000000)::BIGINT, pg_is_in_recovery() FROM auth_epoch";
    match conn {
        Conn::Sqlite(c) => {
            let (epoch, nonce) = sqlx::query_as("SELECT epoch, nonce FROM auth_epoch").fetch_one(c).await?;
            Ok(EpochPoint { epoch, nonce, server_started_at: 0 })
        }
        Conn::Postgres(c) => {
            let row = with_timeout(sqlx::query_as(POSTGRES).fetch_one(c)).await?;
            let (epoch, nonce, server_started_at, is_replica): (_, _, _, bool) = row;
            if is_replica {
                return Err(replica().into());
            }
            Ok(EpochPoint { epoch, nonce, server_started_at })
        }
    }
}

/// Returns at most `limit` increments from one point to another, including those that the points name.
pub async fn list_moves(conn: Conn<'_>, from: &EpochPoint, to: &EpochPoint, limit: i64) -> Result<Vec<EpochMove>> {
    let rows: Vec<(i64, Option<Uuid>, AccountId)> = on!(conn, |c| {
        sqlx::query_as(
            "SELECT epoch, nonce, account_id FROM auth_epoch_moves WHERE epoch BETWEEN $1 AND $2 ORDER BY epoch LIMIT $3",
        )
        .bind(from.epoch)
        .bind(to.epoch)
        .bind(limit)
        .fetch_all(c)
        .await
    })?;
    Ok(rows.into_iter().map(|(epoch, nonce, account_id)| EpochMove { epoch, nonce, account_id }).collect())
}

/// Locks an account's row, for a change of what the account or its credentials may do, or for a write under one of its
/// credentials. The lock must be taken first in the transaction.
pub async fn lock_account(tx: &mut Transaction, account_id: AccountId) -> Result<()> {
    lock_account_row(tx.conn(), account_id).await
}

/// Increments the epoch: from this transaction's commit on, nothing that was read of the account before is valid. The
/// increment must come last in the transaction, because all others wait for this row.
pub async fn bump_epoch(tx: &mut Transaction, account_id: AccountId, now: Timestamp) -> Result<()> {
    const SQLITE: &str = "UPDATE auth_epoch SET epoch = epoch + 1, nonce = randomblob(16) RETURNING epoch, nonce";
    const POSTGRES: &str = "UPDATE auth_epoch SET epoch = epoch + 1, nonce = gen_random_uuid() RETURNING epoch, nonce";
    let (epoch, nonce) = match tx.conn() {
        Conn::Sqlite(c) => sqlx::query_as(SQLITE).fetch_one(c).await?,
        Conn::Postgres(c) => with_timeout(sqlx::query_as(POSTGRES).fetch_one(c)).await?,
    };
    let (epoch, nonce): (i64, Uuid) = (epoch, nonce);
    on!(tx.conn(), |c| {
        sqlx::query("INSERT INTO auth_epoch_moves (epoch, account_id, at, nonce) VALUES ($1, $2, $3, $4)")
            .bind(epoch)
            .bind(account_id)
            .bind(now)
            .bind(nonce)
            .execute(c)
            .await
            .map(drop)
    })?;
    notify(tx.conn()).await
}

/// Writes the epoch's row without changing it. This must come last in the transaction, as an increment does.
pub async fn probe(tx: &mut Transaction) -> Result<()> {
    on!(tx.conn(), |c| {
        let written = sqlx::query("UPDATE auth_epoch SET epoch = epoch").execute(c).await;
        written.and_then(|done| require_row(done.rows_affected()))
    })
}

/// Sets times of log entries that are later than the horizon to the present, because a wrong clock wrote them; the
/// entries are then deleted in time.
pub async fn mend_future(tx: &mut Transaction, now: Timestamp, horizon: Timestamp) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("UPDATE auth_epoch_moves SET at = $1 WHERE at > $2")
            .bind(now)
            .bind(horizon)
            .execute(c)
            .await
            .map(drop)
    })
}

/// Deletes log entries from before an instant, except for the latest ones: a verifier that knows the latest increment
/// must find its entry when the next one comes. A verifier that is further behind invalidates its whole cache instead.
pub async fn delete_changes_before(tx: &mut Transaction, at: Timestamp) -> Result<()> {
    on!(tx.conn(), |c| {
        sqlx::query("DELETE FROM auth_epoch_moves WHERE at < $1 AND epoch < (SELECT epoch - 100 FROM auth_epoch)")
            .bind(at)
            .execute(c)
            .await
            .map(drop)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Uuid = Uuid::from_u128(1);
    const SECOND: Uuid = Uuid::from_u128(2);
    const OTHER: Uuid = Uuid::from_u128(3);

    fn point(epoch: i64, nonce: Uuid) -> EpochPoint {
        EpochPoint { epoch, nonce: Some(nonce), server_started_at: 7 }
    }

    fn moved(epoch: i64, nonce: Uuid) -> EpochMove {
        EpochMove { epoch, nonce: Some(nonce), account_id: AccountId::NIL }
    }

    #[test]
    fn only_an_unbroken_run_of_moves_in_one_history_leads_on() {
        let (from, to) = (point(4, FIRST), point(5, SECOND));
        let whole = [moved(4, FIRST), moved(5, SECOND)];
        assert!(from.leads_to(&to, &whole));
        assert!(!from.leads_to(&to, &whole[1..]), "the row of the known move is missing");
        assert!(!from.leads_to(&to, &[moved(4, OTHER), moved(5, SECOND)]), "the known move was another one");
        assert!(!from.leads_to(&to, &[moved(4, FIRST), moved(5, OTHER)]), "the latest move was another one");
        assert!(!from.leads_to(&point(6, SECOND), &[moved(4, FIRST), moved(6, SECOND)]), "a move is missing");
        assert!(!from.leads_to(&to, &[]));
        assert!(!to.leads_to(&from, &whole), "the history went back");
        assert!(!from.leads_to(&EpochPoint { server_started_at: 8, ..to }, &whole), "another server answered");
        assert!(!point(4, FIRST).leads_to(&point(4, OTHER), &[moved(4, OTHER)]), "one number, two histories");
        let none = EpochPoint { nonce: None, ..from };
        let unknown = EpochMove { nonce: None, ..moved(4, FIRST) };
        assert!(!none.leads_to(&to, &[unknown, moved(5, SECOND)]), "no nonce is no proof");
    }
}

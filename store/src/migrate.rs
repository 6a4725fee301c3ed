//! Migrations: bringing a database up to date, and finding out which version it has.

use std::time::Duration;

use sqlx::{
    PgConnection, PgPool, Row as _,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{opening::OpenError, pool::ACQUIRE_TIMEOUT, session, with_timeout};

pub(super) static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
pub(super) static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// Pause in which a migration that found a table locked lets other sessions go first.
const PAUSE: Duration = Duration::from_secs(1);
/// Number of attempts of a migration, which last for about five minutes.
const TRIES: u32 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Empty,
    Older,
    Current,
}

#[derive(Debug)]
pub(super) struct Found {
    pub state: State,
    pending: Vec<i64>,
}

impl Found {
    /// Fails where migrations are pending, because only the start of a server or the command `migrate` may run them.
    pub fn require_current(&self) -> Result<State, OpenError> {
        match self.state {
            State::Empty => Err(OpenError::Empty),
            State::Older => Err(OpenError::Older),
            State::Current => Ok(State::Current),
        }
    }

    pub fn log_up_to_date(&self, migrations: &Migrator) {
        let newest = migrations.iter().map(|migration| migration.version).max();
        let applied: Vec<String> = self.pending.iter().map(i64::to_string).collect();
        let applied = (!applied.is_empty()).then(|| applied.join(" "));
        tracing::info!(migration = newest, applied, "the database is up to date");
    }
}

fn compare(migrations: &Migrator, applied: &[(i64, Vec<u8>)]) -> Result<Found, OpenError> {
    for (version, checksum) in applied {
        match migrations.iter().find(|migration| migration.version == *version) {
            None => return Err(OpenError::Newer(*version)),
            Some(known) if *known.checksum != **checksum => return Err(OpenError::Modified(*version)),
            Some(_) => {}
        }
    }
    let pending: Vec<i64> = migrations
        .iter()
        .map(|migration| migration.version)
        .filter(|known| !applied.iter().any(|(version, _)| version == known))
        .collect();
    let state = match (applied.len(), pending.len()) {
        (_, 0) => State::Current,
        (0, _) => State::Empty,
        _ => State::Older,
    };
    Ok(Found { state, pending })
}

const APPLIED: &str = "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version";

pub(super) async fn state_of_sqlite(pool: &sqlx::SqlitePool) -> Result<Found, OpenError> {
    match sqlx::query_as(APPLIED).fetch_all(pool).await {
        Ok(applied) => compare(&SQLITE_MIGRATIONS, &applied),
        Err(sqlx::Error::Database(error)) if error.message().contains("no such table") => {
            compare(&SQLITE_MIGRATIONS, &[])
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads which migrations were applied. `waits` says whether to wait for another session that has locked their table.
pub(super) async fn state_of_postgres(conn: &mut PgConnection, waits: bool) -> Result<Found, OpenError> {
    let mut tried = 0;
    let applied = loop {
        tried += 1;
        match with_timeout(sqlx::query(APPLIED).fetch_all(&mut *conn)).await {
            Err(error) if waits && is_locked(&error) && tried < TRIES => wait_for_lock(tried).await,
            outcome => break outcome,
        }
    };
    match applied {
        Ok(rows) => {
            let applied: sqlx::Result<Vec<_>> = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect();
            compare(&POSTGRES_MIGRATIONS, &applied?)
        }
        Err(sqlx::Error::Database(error)) => match &*error.code().unwrap_or_default() {
            // undefined_table
            "42P01" => compare(&POSTGRES_MIGRATIONS, &[]),
            // insufficient_privilege
            "42501" => Err(OpenError::Unfit(
                "the role lacks the right to read the table _sqlx_migrations; GRANT SELECT, INSERT, UPDATE, DELETE on \
                 all tables to it"
                    .into(),
            )),
            _ => Err(sqlx::Error::Database(error).into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Runs the pending migrations, without the time limits that requests have.
pub(super) async fn migrate_postgres(options: PgConnectOptions) -> Result<(), OpenError> {
    // The pool has one connection, which is closed afterwards, so that locks are released that a failed migration has
    // left.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|conn, _| Box::pin(session::prepare(conn, session::OF_MIGRATIONS)))
        .connect_with(options)
        .await?;
    let outcome = run_when_unlocked(&pool).await;
    pool.close().await;
    outcome
}

async fn run_when_unlocked(pool: &PgPool) -> Result<(), OpenError> {
    let mut tried = 0;
    loop {
        tried += 1;
        match run_together(pool).await {
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))
                if is_locked(&error) && tried < TRIES =>
            {
                wait_for_lock(tried).await;
            }
            outcome => return Ok(outcome?),
        }
    }
}

/// Runs the pending migrations in one transaction, so that a program of the former version can go on with the database
/// when one of them fails. Each has a savepoint of its own in it.
async fn run_together(pool: &PgPool) -> Result<(), MigrateError> {
    let mut tx = pool.begin().await?;
    // The lock that sqlx takes is released before the commit. Without this one, another server would then not see what
    // is done already. The number is that of no other lock, the letters `uptr`.
    sqlx::query("SELECT pg_advisory_xact_lock(1970304114)").execute(&mut *tx).await?;
    // `run` would do the same, but the compiler takes no future that holds its connection to another thread.
    POSTGRES_MIGRATIONS.run_direct(None, &mut *tx, false).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn migrate_sqlite(pool: &sqlx::SqlitePool) -> Result<(), OpenError> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    SQLITE_MIGRATIONS.run_direct(None, &mut *tx, false).await?;
    Ok(tx.commit().await?)
}

async fn wait_for_lock(tried: u32) {
    tracing::warn!(
        tried,
        "a migration waits for a lock that another session holds: a server that migrates too, or a long transaction (see \
         pg_stat_activity)"
    );
    tokio::time::sleep(PAUSE).await;
}

fn is_locked(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    // lock_not_available, deadlock_detected, query_canceled, which is how a timeout of the statement ends
    code.is_some_and(|code| ["55P03", "40P01", "57014"].contains(&&*code))
}

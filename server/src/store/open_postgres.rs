//! Opening a Postgres database: how its connections are set, and which servers are refused.

use std::{io, time::Duration};

use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    Store,
    database_url::{advice, check_files, plain, postgres_options, postgres_place},
    loan::STATEMENT_TIMEOUT,
    open::{OpenError, Opening},
    pool::{ACQUIRE_TIMEOUT, Pool},
};

/// How long a connection to Postgres may be idle before it is tried out.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// How long a transaction may stand still before Postgres undoes it. Less than a statement may wait for a lock.
const ABANDONED: Duration = Duration::from_secs(3);
/// How long to wait before a server that is starting is tried again.
const STARTING: Duration = Duration::from_millis(200);

pub(super) async fn open(url: &str, opening: Opening, max_connections: u32) -> Result<Store, OpenError> {
    check_files(url).map_err(OpenError::Unfit)?;
    // A statement that takes longer is part of the outage; the request has its 503 by then. A server that
    // vanishes in a transaction leaves its locks behind; others must get past them before they give up.
    let timeout = STATEMENT_TIMEOUT.as_millis().to_string();
    let abandoned = ABANDONED.as_millis().to_string();
    let options = postgres_options(url)?.options([
        ("statement_timeout", &timeout),
        ("lock_timeout", &timeout),
        ("idle_in_transaction_session_timeout", &abandoned),
    ]);
    check(&options).await.map_err(|error| {
        let cause = match advice(&error, &options) {
            Some(advice) => format!("{}; {advice}", plain(&error)),
            None => plain(&error),
        };
        OpenError::Unreachable { place: postgres_place(&options), cause }
    })?;
    let pool = PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|conn, _| Box::pin(refuse_replica(conn)))
        // One that was used a moment ago is good; an older one may have died with the server it was to.
        .test_before_acquire(false)
        .before_acquire(|conn, about| {
            Box::pin(async move {
                if about.idle_for > TRUSTED_IDLE {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await?;
    let store = Store(Pool::Postgres(pool));
    if opening == Opening::Serve {
        store.migrate().await?;
    }
    Ok(store)
}

/// Tries the database on a connection of its own: the pool would hide the reason.
async fn check(options: &PgConnectOptions) -> sqlx::Result<()> {
    let mut conn = connect(options).await?;
    refuse_replica(&mut conn).await?;
    let _ = tokio::time::timeout(ACQUIRE_TIMEOUT, conn.close()).await;
    Ok(())
}

/// Connects, and waits a little for a server that is just starting.
async fn connect(options: &PgConnectOptions) -> sqlx::Result<PgConnection> {
    let began = tokio::time::Instant::now();
    loop {
        let outcome = tokio::time::timeout(ACQUIRE_TIMEOUT, PgConnection::connect_with(options)).await;
        let error = match outcome {
            Ok(Ok(conn)) => return Ok(conn),
            Ok(Err(error)) => error,
            Err(_) => return Err(io::Error::new(io::ErrorKind::TimedOut, "there is no answer in time").into()),
        };
        let is_starting = match &error {
            sqlx::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
            // cannot_connect_now
            sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "57P03"),
            _ => false,
        };
        if !is_starting || began.elapsed() + STARTING > ACQUIRE_TIMEOUT {
            return Err(error);
        }
        tokio::time::sleep(STARTING).await;
    }
}

/// A standby, or a server that takes no writes, may be behind: a token that was revoked could pass.
async fn refuse_replica(conn: &mut PgConnection) -> sqlx::Result<()> {
    let read_only: String = sqlx::query_scalar("SHOW transaction_read_only").fetch_one(conn).await?;
    if read_only == "on" {
        return Err(replica());
    }
    Ok(())
}

/// What is said of a server that may be behind.
pub(super) fn replica() -> sqlx::Error {
    sqlx::Error::Configuration(
        "this server takes no writes: it may be a replica, or default_transaction_read_only is on; name the primary's \
         address"
            .into(),
    )
}

//! Opening a Postgres database: how its connections are set, and which servers are refused.

use std::{io, time::Duration};

use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    Store,
    database_url::{advice, check_files, plain, postgres_options, postgres_place},
    open::{OpenError, Opening},
    pool::{ACQUIRE_TIMEOUT, Pool},
    session,
};

/// How long a connection to Postgres may be idle before it is tried out.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// How long to wait before a server that is starting is tried again.
const STARTING: Duration = Duration::from_millis(200);

pub(super) async fn open(url: &str, opening: Opening, max_connections: u32) -> Result<Store, OpenError> {
    check_files(url).map_err(OpenError::Unfit)?;
    // Uptrakit reads no floating-point numbers, and poolers refuse the parameter.
    let options = postgres_options(url)?.extra_float_digits(None);
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
        .after_connect(|conn, _| Box::pin(session::prepare(conn, session::OF_REQUESTS)))
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
    session::prepare(&mut conn, session::OF_REQUESTS).await?;
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

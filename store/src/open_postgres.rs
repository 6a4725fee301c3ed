//! Opening of a Postgres database: the settings of its connections, and the checks that come first.

use std::{io, time::Duration};

use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    Store,
    database_url::{cause, check_files, postgres_options, postgres_place},
    migrate::{self, State},
    opening::{OpenError, Opening},
    pool::{ACQUIRE_TIMEOUT, Pool},
    requirements, session, with_timeout,
};

const TRUSTED_IDLE: Duration = Duration::from_secs(1);
const STARTING: Duration = Duration::from_millis(200);

pub(super) async fn open(url: &str, opening: Opening, max_connections: u32) -> Result<(Store, State), OpenError> {
    check_files(url).map_err(OpenError::Unfit)?;
    // Uptrakit reads no floating-point numbers, and poolers refuse the parameter.
    let options = postgres_options(url)?.extra_float_digits(None);
    let state = prepare(&options, opening).await?;
    let pool = PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|conn, _| Box::pin(session::prepare(conn, session::OF_REQUESTS)))
        // A connection that was used a moment ago is taken to work. An older one may have been lost with its server.
        .test_before_acquire(false)
        .before_acquire(|conn, about| {
            Box::pin(async move {
                if about.idle_for > TRUSTED_IDLE {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options.clone())
        .await
        .map_err(|error| unreachable(&error, &options))?;
    Ok((Store(Pool::Postgres(pool)), state))
}

fn unreachable(error: &sqlx::Error, options: &PgConnectOptions) -> OpenError {
    OpenError::Unreachable { place: postgres_place(options), cause: cause(error, options) }
}

/// Checks everything that the database must be able to do, and brings it up to date. The connection does not come from
/// a pool, because a pool would hide the reason of a failure.
async fn prepare(options: &PgConnectOptions, opening: Opening) -> Result<State, OpenError> {
    let unreachable = |error| unreachable(&error, options);
    let mut conn = connect(options).await.map_err(unreachable)?;
    requirements::check_database(&mut conn).await?;
    requirements::refuse_transaction_pooler(&mut conn, options).await?;
    session::prepare(&mut conn, session::OF_CHECKS).await.map_err(unreachable)?;
    if opening == Opening::Copy {
        return Ok(State::Current);
    }
    let found = migrate::state_of_postgres(&mut conn, opening != Opening::Use).await?;
    if found.state != State::Current {
        requirements::check_rights_to_migrate(&mut conn).await?;
    }
    if opening == Opening::Use {
        found.require_current()?;
    } else {
        if found.state != State::Current {
            migrate::migrate_postgres(options.clone()).await?;
        }
        found.log_up_to_date(&migrate::POSTGRES_MIGRATIONS);
    }
    if opening != Opening::Migrate {
        requirements::check_rights(&mut conn).await?;
        let lost = sqlx::query_scalar(requirements::TABLES_WITHOUT_THEIR_ROW);
        requirements::refuse_lost_row(with_timeout(lost.fetch_optional(&mut conn)).await?)?;
    }
    let _ = tokio::time::timeout(ACQUIRE_TIMEOUT, conn.close()).await;
    Ok(found.state)
}

/// Connects, and retries for a while when the server is just starting.
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

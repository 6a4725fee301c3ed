//! Opening a Postgres database: how its connections are set, and which servers are refused.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    Store,
    loan::STATEMENT_TIMEOUT,
    open::{OpenError, Opening},
    pool::{ACQUIRE_TIMEOUT, Pool},
};

/// How long a connection to Postgres may be idle before it is tried out.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// How long a transaction may stand still before Postgres undoes it. Less than a statement may wait for a lock.
const ABANDONED: Duration = Duration::from_secs(3);

pub(super) async fn open(url: &str, opening: Opening, max_connections: u32) -> Result<Store, OpenError> {
    // A statement that takes longer is part of the outage; the request has its 503 by then. A server that
    // vanishes in a transaction leaves its locks behind; others must get past them before they give up.
    let timeout = STATEMENT_TIMEOUT.as_millis().to_string();
    let abandoned = ABANDONED.as_millis().to_string();
    let options = PgConnectOptions::from_str(url)?.application_name("uptrakit-server").options([
        ("statement_timeout", &timeout),
        ("lock_timeout", &timeout),
        ("idle_in_transaction_session_timeout", &abandoned),
    ]);
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
    sqlx::Error::Configuration("this Postgres server takes no writes; it may be a replica".into())
}

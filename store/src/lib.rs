//! The database: one SQL text serves SQLite and Postgres, and `on!` runs it on the driver of the connection. Code for
//! one of the two engines is in files of its own, such as `open_sqlite` and `open_postgres`. Instants are in
//! milliseconds since the Unix epoch; one that is later than the `horizon` is not believed, because it was written
//! while a clock was wrong.
//!
//! Every write transaction takes its locks in the same order: the account's row, then its tokens and sessions, then the
//! epoch.

mod account_lock;
pub mod accounts;
pub mod audit;
mod backup;
mod check;
mod checkpoint;
mod conn;
pub mod credentials;
pub mod database_url;
mod digest;
pub mod epoch;
mod error;
mod foreign_write;
pub mod hosts;
pub mod invitations;
mod kept_file;
pub mod keys;
mod leftover_log;
mod like;
mod migrate;
mod network_disk;
mod none_yet;
mod notify;
pub mod oauth;
mod open;
mod open_file;
mod open_lock;
mod open_postgres;
mod open_sqlite;
mod opening;
mod page;
mod pg_lease;
mod pool;
mod private_file;
mod remarks;
mod requirements;
pub mod restore;
mod session;
pub mod sessions;
pub mod settled;
mod staged_backup;
mod timeout;
pub mod tokens;
pub mod wal_index;

use self::{account_lock::lock_account_row, like::containing, notify::notify, pool::Pool, timeout::with_timeout};
pub use self::{
    backup::BackupError,
    conn::{Conn, Connection, Transaction},
    digest::Digest,
    error::{Error, Result, plain_io},
    migrate::State,
    none_yet::may_make_directory,
    notify::Listener,
    opening::OpenError,
    page::PageBounds,
    staged_backup::{RestoreError, StagedBackup},
    timeout::SILENT,
};

/// Runs one query on the driver of a [`Conn`].
macro_rules! on {
    ($conn:expr, |$c:ident| $query:expr) => {
        match $conn {
            $crate::Conn::Sqlite($c) => $query,
            $crate::Conn::Postgres($c) => $crate::with_timeout(async { $query }).await,
        }
        .map_err($crate::Error::from)
    };
}
pub(crate) use on;

#[derive(Clone, Debug)]
pub struct Store(Pool);

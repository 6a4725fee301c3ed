//! The database. One SQL text serves SQLite and Postgres: `on!` stamps a call for whichever driver the connection has,
//! and what the two can't say alike stands in this file, or in one of its own: `commits`, `loan`, `turn`.
//!
//! Lock order, the same in every write transaction: the account's row, then its tokens and sessions, then the epoch.

pub mod accounts;
pub mod audit;
pub mod commits;
pub mod credentials;
pub mod hosts;
pub mod invitations;
mod loan;
pub mod power;
pub mod readiness;
pub mod sessions;
pub mod tokens;
mod turn;

use std::{
    io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sqlx::{
    Connection as _, PgConnection, SqliteConnection,
    migrate::{MigrateError, Migrator},
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use self::{commits::Commits, turn::Turn};

/// Runs one query on the driver of a [`Conn`].
macro_rules! on {
    ($conn:expr, |$c:ident| $query:expr) => {
        match $conn {
            $crate::store::Conn::Sqlite($c) => $query,
            $crate::store::Conn::Postgres($c) => $crate::store::within_limit(async { $query }).await,
        }
    };
}
pub(crate) use on;

use loan::{Loan, STATEMENT_TIMEOUT, within_limit};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// How long to wait for a connection of the pool before the answer is 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a connection to Postgres may be idle before it is tried out.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// How long a transaction may stand still before Postgres undoes it. Less than a statement may wait for a lock.
const ABANDONED: Duration = Duration::from_secs(3);
/// How long SQLite waits for another process's write to end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many pages SQLite's log may have before a commit folds it into the file; see [`Store::fold_log`]. 64 MiB.
const LONGEST_LOG: &str = "16384";
/// Readers of a SQLite file; each is a thread, and reads take microseconds.
const SQLITE_READERS: u32 = 4;
/// The channel by which Postgres tells other processes that the epoch or the hosts moved.
const CHANNEL: &str = "uptrakit";

/// The connections of one process.
#[derive(Clone, Debug)]
enum Pool {
    /// One writer, because SQLite has only one anyway and waiting in a queue beats being turned away; and one beside it
    /// that doesn't wait for the disk.
    Sqlite {
        readers: sqlx::SqlitePool,
        writer: sqlx::SqlitePool,
        aside: sqlx::SqlitePool,
        file: PathBuf,
    },
    Postgres(sqlx::PgPool),
}

/// The database.
#[derive(Clone, Debug)]
pub struct Store(Pool);

/// A connection on loan, of either driver; store functions take one.
pub enum Conn<'c> {
    /// SQLite's.
    Sqlite(&'c mut SqliteConnection),
    /// Postgres's.
    Postgres(&'c mut PgConnection),
}

/// A connection for what needs no transaction: each statement stands for itself.
pub enum Reader {
    /// SQLite's.
    Sqlite(PoolConnection<sqlx::Sqlite>),
    /// Postgres's.
    Postgres(Loan),
}

/// A write transaction. Dropping it undoes it.
pub enum Transaction {
    /// SQLite's.
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    /// Postgres's.
    Postgres(Loan),
}

/// What a database is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    /// To be served: it is made and brought up to date.
    Serve,
    /// To be used while servers may run on it: it must be there, and be what this program knows.
    Use,
    /// To be copied: it must be there.
    Copy,
}

/// Why the database can't be used at start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL has another scheme.
    #[error("the database URL must begin with sqlite: or postgres:")]
    Scheme,
    /// There is none.
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    /// It doesn't answer, or refuses.
    #[error("the database can't be opened: {0}")]
    Database(#[from] sqlx::Error),
    /// It has no tables.
    #[error("the database is empty; the server makes its tables when it is started")]
    Empty,
    /// It was migrated by an older program.
    #[error("the database is that of an older Uptrakit; the server brings it up to date when it is started")]
    Older,
    /// It was migrated by a newer program.
    #[error(
        "the database was made by a newer Uptrakit (its migration {0} is unknown here); use that version, or restore a backup from before the update"
    )]
    Newer(i64),
    /// A migration did not go through.
    #[error(
        "the database can't be brought up to date, and was left as it was: {0}; restore a backup or mend the cause, then start again"
    )]
    Migration(MigrateError),
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer(version),
            other => Self::Migration(other),
        }
    }
}

impl Reader {
    /// The connection.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        }
    }
}

impl Transaction {
    /// The connection.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(tx) => Conn::Sqlite(tx),
            Self::Postgres(tx) => Conn::Postgres(tx),
        }
    }

    /// Makes it durable.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(mut tx) => tx.commit().await,
        }
    }
}

impl Store {
    /// Opens the database of a `sqlite:` or `postgres:` URL and brings it up to date; makes it, where SQLite has none.
    pub async fn open(url: &str, max_connections: u32) -> Result<Self, OpenError> {
        Self::open_for(Opening::Serve, url, max_connections).await
    }

    /// Opens a database that must be there and up to date: servers of another version may run on it.
    pub async fn open_existing(url: &str, max_connections: u32) -> Result<Self, OpenError> {
        Self::open_for(Opening::Use, url, max_connections).await
    }

    /// Opens a database that must be there, of whatever version, for nothing but [`Store::backup`].
    pub async fn open_to_copy(url: &str) -> Result<Self, OpenError> {
        Self::open_for(Opening::Copy, url, 1).await
    }

    async fn open_for(opening: Opening, url: &str, max_connections: u32) -> Result<Self, OpenError> {
        let (store, migrations) = if url.starts_with("sqlite:") {
            (Self::open_sqlite(url, opening).await?, &SQLITE_MIGRATIONS)
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            (Self::open_postgres(url, opening, max_connections).await?, &POSTGRES_MIGRATIONS)
        } else {
            return Err(OpenError::Scheme);
        };
        if opening == Opening::Use {
            store.judge_version(migrations).await?;
        }
        Ok(store)
    }

    async fn judge_version(&self, migrations: &Migrator) -> Result<(), OpenError> {
        let mut reader = self.read().await?;
        let applied: sqlx::Result<Vec<i64>> = on!(reader.conn(), |c| {
            sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version").fetch_all(c).await
        });
        let applied = match applied {
            Ok(applied) => applied,
            Err(sqlx::Error::Database(_)) => return Err(OpenError::Empty),
            Err(error) => return Err(error.into()),
        };
        let known: Vec<i64> = migrations.iter().map(|migration| migration.version).collect();
        if let Some(newer) = applied.iter().find(|version| !known.contains(version)) {
            return Err(OpenError::Newer(*newer));
        }
        if known == applied { Ok(()) } else { Err(OpenError::Older) }
    }

    async fn open_sqlite(url: &str, opening: Opening) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::from_str(url)?
            .journal_mode(SqliteJournalMode::Wal)
            // FULL, not NORMAL: an acknowledged revoke must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", LONGEST_LOG)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let file = options.get_filename().to_owned();
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .test_before_acquire(false)
                // When the disk fails, SQLite ends the transaction by itself and sqlx goes on counting it: such a
                // connection never begins another one.
                .before_acquire(|conn, _| Box::pin(std::future::ready(Ok(!conn.is_in_transaction()))))
                .idle_timeout(None)
                .max_lifetime(None)
        };
        let _turn = Turn::wait(&file).await;
        if !file.exists() {
            match opening {
                Opening::Serve => make_private_file(&file).map_err(sqlx::Error::Io)?,
                Opening::Use | Opening::Copy => return Err(OpenError::Missing(file)),
            }
        }
        // The writer connects first: it switches a new file to WAL.
        let writer = pool(1).connect_with(options.clone()).await?;
        if opening == Opening::Serve {
            SQLITE_MIGRATIONS.run(&writer).await?;
        }
        let aside = pool(1).connect_lazy_with(options.clone().synchronous(SqliteSynchronous::Normal));
        let readers = pool(SQLITE_READERS).connect_lazy_with(options);
        Ok(Self(Pool::Sqlite { readers, writer, aside, file }))
    }

    async fn open_postgres(url: &str, opening: Opening, max_connections: u32) -> Result<Self, OpenError> {
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
        if opening == Opening::Serve {
            POSTGRES_MIGRATIONS.run(&pool).await?;
        }
        Ok(Self(Pool::Postgres(pool)))
    }

    /// A connection for reading.
    pub async fn read(&self) -> sqlx::Result<Reader> {
        Ok(match &self.0 {
            Pool::Sqlite { readers, .. } => Reader::Sqlite(readers.acquire().await?),
            Pool::Postgres(pool) => Reader::Postgres(Loan::take(pool).await?),
        })
    }

    /// A connection for notes that nobody was promised: each statement stands for itself and may be undone by a power
    /// cut. On SQLite it doesn't wait for the disk, so that a revoke never waits long for it.
    pub async fn aside(&self) -> sqlx::Result<Reader> {
        match &self.0 {
            Pool::Sqlite { aside, .. } => Ok(Reader::Sqlite(aside.acquire().await?)),
            Pool::Postgres(_) => self.read().await,
        }
    }

    /// Begins a write transaction. SQLite's takes the write lock at once, so that what it reads can't change under it.
    pub async fn begin(&self) -> sqlx::Result<Transaction> {
        Ok(match &self.0 {
            Pool::Sqlite { writer, .. } => Transaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pool::Postgres(pool) => {
                let mut tx = Loan::take(pool).await?;
                tx.begin().await?;
                Transaction::Postgres(tx)
            }
        })
    }

    /// Finds out whether the database takes writes.
    pub async fn probe(&self, now: i64) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        on!(tx.conn(), |c| sqlx::query("UPDATE readiness SET at = $1").bind(now).execute(c).await.map(drop))?;
        tx.commit().await
    }

    /// Folds SQLite's log into the file, beside the writes. Otherwise every hundredth revoke or so would have to do it
    /// before it is acknowledged.
    pub async fn fold_log(&self) -> sqlx::Result<()> {
        if let Pool::Sqlite { readers, .. } = &self.0 {
            sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut *readers.acquire().await?).await?;
        }
        Ok(())
    }

    /// The commits to a SQLite file that a connection of this process has open; `None` where there is no such thing.
    #[must_use]
    pub fn commits(&self) -> Option<Commits> {
        match &self.0 {
            Pool::Sqlite { file, .. } => Commits::open(file).ok(),
            Pool::Postgres(_) => None,
        }
    }

    /// Whether [`Store::commits`] can be relied on with this file system: it must notice a commit of our own.
    pub async fn notices_commits(&self, now: i64) -> sqlx::Result<bool> {
        let Some(commits) = self.commits() else { return Ok(false) };
        let before = commits.mark();
        self.probe(now).await?;
        let after = commits.mark();
        Ok(before.is_some() && after.is_some() && before != after)
    }

    /// Copies a SQLite database, while it is in use, into a new file that can be served as it is.
    pub async fn backup(&self, file: &Path) -> Result<(), BackupError> {
        let Pool::Sqlite { readers, .. } = &self.0 else { return Err(BackupError::Postgres) };
        let name = file.to_str().ok_or(BackupError::Name)?;
        // SQLite writes into an empty file as into none.
        make_private_file(file)?;
        let copy = async {
            let mut conn = readers.acquire().await?;
            sqlx::query("VACUUM INTO $1").bind(name).execute(&mut *conn).await?;
            make_durable(file)?;
            Ok(())
        };
        let outcome = copy.await;
        if outcome.is_err() {
            // Half a copy must not be taken for one.
            let _ = std::fs::remove_file(file);
        }
        outcome
    }

    /// Asks the engine whether the data is sound; `Err` carries what it found.
    pub async fn check(&self) -> sqlx::Result<Result<(), String>> {
        match &self.0 {
            Pool::Sqlite { readers, .. } => {
                let mut conn = readers.acquire().await?;
                let verdict: String = sqlx::query_scalar("PRAGMA quick_check").fetch_one(&mut *conn).await?;
                Ok(if verdict == "ok" { Ok(()) } else { Err(verdict) })
            }
            Pool::Postgres(pool) => {
                pool.acquire().await?.ping().await?;
                Ok(Ok(()))
            }
        }
    }

    /// Waits for word that another process changed something; `None` where the engine sends none (SQLite).
    pub async fn listen(&self) -> sqlx::Result<Option<Listener>> {
        match &self.0 {
            Pool::Sqlite { .. } => Ok(None),
            Pool::Postgres(pool) => {
                // Outside the pool: a listener whose connection has died without a word must not hold a place in it.
                let own = PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE_TIMEOUT);
                let own = own.connect_lazy_with(pool.connect_options().as_ref().clone());
                let mut listener = PgListener::connect_with(&own).await?;
                within_limit(listener.listen(CHANNEL)).await?;
                Ok(Some(Listener(listener)))
            }
        }
    }

    /// `sqlite` or `postgres`.
    #[must_use]
    pub const fn engine(&self) -> &'static str {
        match self.0 {
            Pool::Sqlite { .. } => "sqlite",
            Pool::Postgres(_) => "postgres",
        }
    }

    /// Connections open and idle.
    #[must_use]
    pub fn pool_size(&self) -> (u32, usize) {
        match &self.0 {
            Pool::Sqlite { readers, writer, aside, .. } => {
                let all = [readers, writer, aside];
                (all.map(sqlx::Pool::size).iter().sum(), all.map(sqlx::Pool::num_idle).iter().sum())
            }
            Pool::Postgres(pool) => (pool.size(), pool.num_idle()),
        }
    }

    /// Closes every connection; SQLite folds its log into the file.
    pub async fn close(&self) {
        match &self.0 {
            Pool::Sqlite { readers, writer, aside, .. } => {
                readers.close().await;
                aside.close().await;
                writer.close().await;
            }
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Postgres has its own tools.
    #[error("backup is for SQLite; for Postgres use pg_dump")]
    Postgres,
    /// The file's name is no Unicode.
    #[error("the name of the backup file must be Unicode")]
    Name,
    /// It can't be made, or is there already.
    #[error("{0}")]
    File(#[from] io::Error),
    /// The database refused.
    #[error("{0}")]
    Database(#[from] sqlx::Error),
}

/// Makes an empty file that only its owner may read: password hashes and digests will be in it.
fn make_private_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop)
}

/// Returns when a file and its name are on the disk.
fn make_durable(path: &Path) -> io::Result<()> {
    std::fs::File::open(path)?.sync_all()?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(directory)?.sync_all()
}

/// Word from other processes.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Returns when some process said that something changed, or that word may have been lost.
    pub async fn changed(&mut self) -> sqlx::Result<()> {
        self.0.try_recv().await.map(drop)
    }
}

/// A standby, or a server that takes no writes, may be behind: a token that was revoked could pass.
async fn refuse_replica(conn: &mut PgConnection) -> sqlx::Result<()> {
    let read_only: String = sqlx::query_scalar("SHOW transaction_read_only").fetch_one(conn).await?;
    if read_only == "on" {
        return Err(sqlx::Error::Configuration("this Postgres server takes no writes; it may be a replica".into()));
    }
    Ok(())
}

/// Tells other processes, when the transaction commits, that something changed.
async fn notify(conn: Conn<'_>) -> sqlx::Result<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(c) => {
            let told = sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(c);
            within_limit(told).await.map(drop)
        }
    }
}

/// Takes an account's row for the rest of the transaction: who changes what an account or its credentials may do, and
/// who writes under a credential, so that the two are ordered. SQLite orders all writers by itself.
///
/// Nobody shares the row: Postgres lets those who share go past one who waits to have it alone, and a stolen token that
/// writes without a pause would keep its own revoke waiting for ever.
async fn lock_account(conn: Conn<'_>, id: uuid::Uuid) -> sqlx::Result<()> {
    const LOCK: &str = "SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE";
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(c) => within_limit(sqlx::query(LOCK).bind(id).fetch_optional(c)).await.map(drop),
    }
}

/// A pattern for `LIKE … ESCAPE '\'` that finds the text literally, anywhere.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// Which rows of a list: how many to skip and how many to take.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// How many to skip.
    pub offset: i64,
    /// How many to take.
    pub limit: i64,
}

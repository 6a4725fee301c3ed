//! Background tasks: they listen for changes of other processes, write last uses, and delete what has expired.

mod close;
mod keys;
mod oauth;
pub mod outage;
pub mod settled;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;
use uptrakit_store::{epoch, hosts, invitations, sessions, tokens};

use crate::{
    auth::credential::{SESSION_IDLE_MILLIS, SESSION_LIFETIME_MILLIS},
    clock::horizon,
    domain::{accounts::INVITATION_MILLIS, audit, commit_bumped_epoch, state::Core},
    error::Error,
};

/// Expired and revoked tokens stay listed for 90 days.
const KEPT_MILLIS: i64 = 90 * 86_400_000;
/// Moves of the epoch and removals of hosts are kept for a day.
const LOG_MILLIS: i64 = 86_400_000;
/// The interval of polling for changes of other processes, in case no notification is sent or one is lost.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Requests in flight are no longer trusted after the database has been silent for this long.
const TRUST: Duration = Duration::from_millis(700);
const FLUSH_EVERY: Duration = Duration::from_millis(500);
const FOLD_EVERY: Duration = Duration::from_secs(10);
const CLEAN_AFTER: Duration = Duration::from_mins(10);
const CLEAN_EVERY: Duration = Duration::from_hours(1);
/// A SQLite file is read as a whole at the start and then at this interval.
const CHECK_EVERY: Duration = Duration::from_hours(24);

/// Starts the tasks; they end when the server stops. A stream that follows hosts after this returns misses no change.
pub async fn start(app: &Arc<Core>) -> uptrakit_store::Result<()> {
    keys::bring_up_to_date(&app.store).await?;
    let revision = current_revision(app).await?;
    if app.store.notices_commits(app.clock.now()).await.unwrap_or(false) {
        app.verifier.rely_on_commits();
    }
    let reached = Arc::new(AtomicI64::new(revision));
    if let Err(error) = settled::begin(app).await {
        tracing::debug!(?error, "when the database was last in use can't be noted now; the first cleaning does it");
    }
    // This task runs until the last request is done, because a revoke in another process applies to it too.
    app.tasks.supervise("watch", app.stopped.clone(), with(app, watch));
    let until_stop = || app.stopping.clone();
    app.tasks.supervise("follow-hosts", until_stop(), with(app, move |app| follow_hosts(app, Arc::clone(&reached))));
    app.tasks.supervise("flush", until_stop(), with(app, flush));
    app.tasks.supervise("fold", until_stop(), with(app, fold));
    app.tasks.supervise("clean", until_stop(), with(app, clean));
    if app.store.engine() == "sqlite" {
        app.tasks.supervise("check-data", until_stop(), with(app, check_data));
    }
    if let Some(grace) = &app.read_grace {
        // The probe reports its outcome to the grace itself; without a write, no credential is accepted.
        let _ = app.probe_writes().await;
        let (grace, app) = (Arc::clone(grace), app.clone());
        app.clone().tasks.supervise("read-grace", until_stop(), move || {
            let (grace, app) = (Arc::clone(&grace), app.clone());
            async move {
                grace.follow(|| async { app.probe_writes().await.is_ok() }, || app.verifier.distrust()).await;
            }
        });
    }
    app.tasks.supervise(
        "outage",
        until_stop(),
        with(app, |app| async move { outage::follow(&app, outage::LOOK_EVERY, outage::COUNT_EVERY).await }),
    );
    Ok(())
}

fn with<F, T: Fn(Arc<Core>) -> F>(app: &Arc<Core>, task: T) -> impl Fn() -> F + use<F, T> {
    let app = app.clone();
    move || task(app.clone())
}

/// Applies moves of the epoch, so that requests in flight in this process learn of a revoke in another one. While the
/// database is silent, no process can know whether there was one: every request in flight is checked again, and that
/// check fails.
async fn watch(app: Arc<Core>) {
    // `ring` is notified when another process reports a change; `distrusted`, when the database has been silent and the
    // listener has to reconnect.
    let (ring, distrusted) = (Notify::new(), Notify::new());
    let look = async {
        let mut last_heard = tokio::time::Instant::now();
        loop {
            let _ = tokio::time::timeout(LOOK_EVERY, ring.notified()).await;
            match tokio::time::timeout(TRUST, app.verifier.catch_up()).await {
                Ok(Ok(())) => last_heard = tokio::time::Instant::now(),
                _ if last_heard.elapsed() >= TRUST => {
                    app.verifier.distrust();
                    distrusted.notify_one();
                }
                _ => {}
            }
        }
    };
    tokio::join!(listen(&app, &ring, &distrusted), look);
}

/// Listens for notifications of other processes. This runs beside the polling, which must not wait for a connection. A
/// lost notification costs only time; a connection on which the database stays silent may be broken, and the listener
/// reconnects.
async fn listen(app: &Arc<Core>, ring: &Notify, distrusted: &Notify) {
    loop {
        match app.store.listen().await {
            Ok(None) => return,
            Ok(Some(mut listener)) => {
                tokio::select! {
                    () = async { while listener.changed().await.is_ok() { ring.notify_one() } } => {}
                    () = distrusted.notified() => {}
                }
            }
            Err(error) => {
                tracing::debug!(%error, "there is no word of other processes; looking must do");
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn follow_hosts(app: Arc<Core>, reached: Arc<AtomicI64>) {
    loop {
        // On an error the changes are sent later, when the database answers again.
        if let Ok(revision) = app.feed.advance(&app.store, reached.load(Ordering::Relaxed)).await {
            reached.store(revision, Ordering::Relaxed);
        }
        let _ = tokio::time::timeout(LOOK_EVERY * 3, app.feed.kicked()).await;
    }
}

async fn current_revision(core: &Core) -> uptrakit_store::Result<i64> {
    let mut reader = core.store.read().await?;
    hosts::get_revision(reader.conn()).await
}

async fn flush(app: Arc<Core>) {
    let (mut last_uses, mut rejected_tokens) = (Streak::new("last uses"), Streak::new("rejected tokens"));
    let mut overlaps = Streak::new("overlaps of rotations");
    loop {
        tokio::time::sleep(FLUSH_EVERY).await;
        last_uses.note(app.last_used.flush(&app.store, app.clock.now(), false).await);
        rejected_tokens.note(audit::write_rejected_tokens(&app).await);
        overlaps.note(mend_overlaps(&app).await);
    }
}

/// Logs writes that are tried twice a second only when they begin to fail and when they succeed again.
struct Streak {
    what: &'static str,
    failed: u64,
}

impl Streak {
    const fn new(what: &'static str) -> Self {
        Self { what, failed: 0 }
    }

    fn note(&mut self, outcome: uptrakit_store::Result<()>) {
        let what = self.what;
        match outcome {
            Ok(()) if self.failed > 0 => {
                tracing::warn!(failed = self.failed, "{what} are written again");
                self.failed = 0;
            }
            Ok(()) => {}
            Err(error) => {
                if self.failed == 0 {
                    tracing::warn!(%error, "{what} can't be written now; they are kept");
                } else {
                    tracing::debug!(%error, "{what} can't be written now; they are kept");
                }
                self.failed += 1;
            }
        }
    }
}

async fn fold(app: Arc<Core>) {
    loop {
        tokio::time::sleep(FOLD_EVERY).await;
        if let Err(error) = app.store.checkpoint().await {
            tracing::debug!(
                %error,
                "the log can't be folded into the database now; a commit will do it"
            );
        }
    }
}

async fn clean(app: Arc<Core>) {
    // A machine that has just started may have a wrong clock until it has synchronised it.
    tokio::time::sleep(CLEAN_AFTER).await;
    loop {
        if let Err(error) = clean_if_believed(&app).await {
            let cause = error.failure().map(|failure| failure.cause);
            tracing::warn!(cause = cause.as_deref(), "what is over can't be removed now; it is tried again in an hour");
        }
        tokio::time::sleep(CLEAN_EVERY).await;
    }
}

async fn check_data(app: Arc<Core>) {
    loop {
        if let Err(error) = app.check_data().await {
            tracing::debug!(%error, "the database can't be checked for damage now");
        }
        tokio::time::sleep(CHECK_EVERY).await;
    }
}

/// Corrects timestamps in the future and deletes what has expired. Returns `None`, without doing so, while the clock is
/// not trusted.
pub async fn clean_if_believed(core: &Core) -> Result<Option<Removed>, Error> {
    if !settled::is_believed(core).await? {
        return Ok(None);
    }
    mend_overlaps(core).await?;
    mend_future(core).await?;
    let removed = clean_once(core).await?;
    if removed != Removed::default() {
        let Removed { tokens, sessions, invitations, applications } = removed;
        tracing::info!(tokens, sessions, invitations, applications, "removed what was over");
    }
    Ok(Some(removed))
}

/// Sets timestamps that were stored while a clock was ahead back to the present, so that limits count from now.
async fn mend_future(core: &Core) -> Result<(), Error> {
    let now = core.clock.now();
    let horizon = horizon(now);
    let mut tx = core.store.begin().await?;
    invitations::mend_future(&mut tx, now.plus_millis(INVITATION_MILLIS), horizon.plus_millis(INVITATION_MILLIS))
        .await?;
    epoch::mend_future(&mut tx, now, horizon).await?;
    hosts::mend_future_removals(&mut tx, now, horizon).await?;
    let mut accounts = tokens::mend_future(&mut tx, now, horizon).await?;
    accounts.extend(sessions::mend_future(&mut tx, now, horizon).await?);
    accounts.extend(oauth::end_future(core, &mut tx, now).await?);
    accounts.sort_unstable();
    accounts.dedup();
    // The cached credentials of these accounts expire later than they should.
    for account in accounts {
        epoch::bump_epoch(&mut tx, account, now).await?;
    }
    commit_bumped_epoch(core, tx).await
}

/// Stores the ends of overlaps that count from a use which this process has seen, so that no other process, and none
/// that is started later, counts them from a use of its own.
pub async fn mend_overlaps(core: &Core) -> uptrakit_store::Result<()> {
    let overlaps = core.verifier.future_overlaps().list();
    if overlaps.is_empty() {
        return Ok(());
    }
    let now = core.clock.now();
    let mut tx = core.store.begin().await?;
    for overlap in &overlaps {
        if let Some(account) = tokens::mend_overlap(&mut tx, overlap, horizon(now)).await? {
            epoch::bump_epoch(&mut tx, account, now).await?;
        }
    }
    tx.commit().await?;
    core.verifier.future_overlaps().forget(&overlaps);
    Ok(())
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    pub tokens: u64,
    pub sessions: u64,
    pub invitations: u64,
    pub applications: u64,
}

pub async fn clean_once(core: &Core) -> Result<Removed, Error> {
    let now = core.clock.now();
    let mut tx = core.store.begin().await?;
    let removed = Removed {
        tokens: tokens::delete_over_before(&mut tx, now.plus_millis(-KEPT_MILLIS)).await?,
        sessions: sessions::delete_expired(
            &mut tx,
            now.plus_millis(-SESSION_LIFETIME_MILLIS),
            now.plus_millis(-SESSION_IDLE_MILLIS),
        )
        .await?,
        invitations: invitations::delete_expired(&mut tx, now.plus_millis(-INVITATION_MILLIS)).await?,
        applications: oauth::sweep(&mut tx, now).await?,
    };
    epoch::delete_changes_before(&mut tx, now.plus_millis(-LOG_MILLIS)).await?;
    hosts::delete_removals_before(&mut tx, now.plus_millis(-LOG_MILLIS)).await?;
    tx.commit().await?;
    Ok(removed)
}

//! Tests the tasks that run in the background for the life of the server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::support::{TestServer, on_both};

/// No task here takes longer.
const LONGEST: Duration = Duration::from_secs(30);

on_both!(a_server_is_not_ready_while_a_background_task_is_down, everything_in_the_background_is_supervised);

async fn a_server_is_not_ready_while_a_background_task_is_down(server: TestServer) {
    let anonymous = server.anonymous();
    assert_eq!(anonymous.get("//readyz").await.status, 200);
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    server.app.tasks.supervise("broken", CancellationToken::new(), move || {
        assert!(mended.load(Ordering::SeqCst), "on purpose");
        std::future::pending()
    });
    let became = async |status: u16| {
        let began = Instant::now();
        loop {
            let reply = anonymous.get("//readyz").await;
            if reply.status == status {
                return reply;
            }
            assert!(began.elapsed() < LONGEST, "{} and not {status}", reply.status);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    became(503).await.refused(503, "unavailable");
    assert_eq!(anonymous.get("//healthz").await.status, 200);
    is_mended.store(true, Ordering::SeqCst);
    became(200).await;
}

async fn everything_in_the_background_is_supervised(server: TestServer) {
    let tasks: Vec<_> = server.app.tasks.restarts().into_iter().map(|(task, _)| task).collect();
    let of_the_engine = if server.app.store.engine() == "sqlite" { vec!["check-data"] } else { Vec::new() };
    let of_both = vec!["clean", "flush", "fold", "follow-hosts", "outage", "verifier", "watch"];
    assert_eq!(tasks, [of_the_engine, of_both].concat());
}

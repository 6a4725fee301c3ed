//! Contract, section 3, R1 and R2, under load: many connections, two processes, and revokes in between.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use serde_json::json;

use crate::support::{on_both, report};

/// Tokens that are revoked in the storm.
const ROUNDS: usize = 100;
/// Writes that race a revoke.
const RACES: usize = 60;

on_both! {
    async fn no_success_begins_after_the_acknowledgement(server: TestServer) {
        let root = server.with_root().await;
        let other = server.another().await;
        let successes = Arc::new(AtomicU64::new(0));
        for round in 0..ROUNDS {
            let (id, text) = root.new_token(json!({ "name": format!("storm {round}") })).await;
            let acknowledged = Arc::new(AtomicBool::new(false));
            let mut workers = Vec::new();
            for worker in 0..8 {
                let client = if worker % 2 == 0 { server.bearer(&text) } else { other.bearer(&text) };
                let (acknowledged, successes) = (Arc::clone(&acknowledged), Arc::clone(&successes));
                workers.push(tokio::spawn(async move {
                    let mut refused = 0;
                    while refused < 3 {
                        let began_after = acknowledged.load(Ordering::SeqCst);
                        let reply = client.get("/auth/me").await;
                        // One that needs no read never waits, and a client without a network would never let go.
                        tokio::task::yield_now().await;
                        if reply.status == 200 {
                            assert!(!began_after, "a request that began after the acknowledgement was authorised");
                            successes.fetch_add(1, Ordering::Relaxed);
                        } else {
                            reply.refused(401, "token-revoked");
                            refused += 1;
                        }
                    }
                }));
            }
            tokio::task::yield_now().await;
            if round % 3 == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
            acknowledged.store(true, Ordering::SeqCst);
            for worker in workers {
                worker.await.unwrap();
            }
        }
        assert!(successes.load(Ordering::Relaxed) > 0, "the storm never blew");
    }

    async fn no_write_commits_after_the_acknowledgement(server: TestServer) {
        let root = server.with_root().await;
        let other = server.another().await;
        for race in 0..RACES {
            let (id, text) = root.new_token(json!({ "name": format!("race {race}") })).await;
            let machine = format!("machine-{race}");
            let client = if race % 2 == 0 { server.bearer(&text) } else { other.bearer(&text) };
            let writer = { let machine = machine.clone(); tokio::spawn(async move { client.post("/hosts/report", report(&machine)).await.status }) };
            if race % 3 == 0 {
                tokio::time::sleep(std::time::Duration::from_micros(300 * (race as u64 % 7))).await;
            }
            root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
            let at_acknowledgement = exists(&root, &machine).await;
            let status = writer.await.unwrap();
            assert_eq!(exists(&root, &machine).await, at_acknowledgement, "a write came after the acknowledgement");
            assert!(status == 401 || status == 201, "{status}");
            if status == 201 {
                assert!(at_acknowledgement, "an acknowledged write is not there");
            }
        }
    }
}

async fn exists(client: &crate::support::Client, machine: &str) -> bool {
    let hosts = client.get("/hosts?per_page=100&sort=-last_seen_at").await.ok(200);
    hosts["items"].as_array().unwrap().iter().any(|host| host["machine_id"] == machine)
}

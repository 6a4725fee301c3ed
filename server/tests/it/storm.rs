//! Contract, section 3, R1 and R2, under load: many connections, two processes, and revokes in between.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use serde_json::json;

use crate::support::{Client, TestServer, on_both, report};

/// Tokens are created, used and revoked this often.
const ROUNDS: usize = 40;
/// Each round has this many tokens. With [`ROUNDS`] this makes a thousand revokes, each checked on its own.
const TOKENS: usize = 25;
/// This many tokens of a round are created, and revoked, at the same time; otherwise revokes would mostly wait for the
/// storm.
const AT_ONCE: usize = 5;
/// The storm has this many connections, half of them to each process.
const WORKERS: usize = 4;
/// Each of [`LANES`] races this many writes against a revoke: a thousand in all.
const RACES: usize = 250;
/// This many races run at the same time.
const LANES: usize = 4;

struct Target {
    id: String,
    here: Client,
    there: Client,
    acknowledged: AtomicBool,
}

/// Uses every token again and again, until each was used at least once after its revoke was acknowledged. Returns how
/// many requests were authorised. Each revoke drops what is cached of the account, so that every revoke meets a cache
/// that is filling.
async fn storm(targets: Arc<Vec<Target>>, worker: usize) -> u64 {
    let mut successes = 0;
    loop {
        let all_over = targets.iter().all(|target| target.acknowledged.load(Ordering::SeqCst));
        for step in 0..TOKENS {
            let target = &targets[(step + worker * 3) % TOKENS];
            let client = if worker.is_multiple_of(2) { &target.here } else { &target.there };
            let began_after = target.acknowledged.load(Ordering::SeqCst);
            let reply = client.get("/auth/me").await;
            // A request that needs no read never waits, and a client without a network would then never yield.
            tokio::task::yield_now().await;
            if reply.status == 200 {
                assert!(!began_after, "a request that began after the acknowledgement was authorised");
                successes += 1;
            } else {
                reply.refused(401, "token-revoked");
            }
        }
        if all_over {
            return successes;
        }
    }
}

/// Creates a token, writes with it and revokes it at the same time, many times. Returns how many writes succeeded.
async fn race(root: Client, there: Client, lane: usize) -> u64 {
    let mut written = 0;
    for race in 0..RACES {
        let machine = format!("machine-{lane}-{race}-");
        let (id, text) = root.new_token(json!({ "name": machine })).await;
        let client = if race.is_multiple_of(2) { &root } else { &there }.with_token(&text);
        let mut body = report(&machine);
        body["hostname"] = json!(machine);
        let writer = tokio::spawn(async move { client.post("/hosts/report", body).await });
        tokio::time::sleep(Duration::from_micros(400 * (race as u64 % 8))).await;
        root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
        let at_acknowledgement = exists(&root, &machine).await;
        let reply = writer.await.unwrap();
        assert_eq!(exists(&root, &machine).await, at_acknowledgement, "a write came after the acknowledgement");
        if reply.status == 201 {
            assert!(at_acknowledgement, "an acknowledged write is not there");
            written += 1;
        } else {
            reply.refused(401, "token-revoked");
            assert!(!at_acknowledgement, "what a refused request wrote is there");
        }
    }
    written
}

async fn exists(client: &Client, machine: &str) -> bool {
    client.get(&format!("/hosts?per_page=1&q={machine}")).await.ok(200)["total"] == 1
}

on_both!(no_success_begins_after_the_acknowledgement, no_write_commits_after_the_acknowledgement);

async fn no_success_begins_after_the_acknowledgement(server: TestServer) {
    let root = server.with_root().await;
    let other = server.another().await;
    let mut successes = 0;
    for round in 0..ROUNDS {
        let targets = stream::iter(0..TOKENS).map(|number| {
            let (root, server, other) = (&root, &server, &other);
            async move {
                let (id, text) = root.new_token(json!({ "name": format!("storm {round} {number}") })).await;
                let acknowledged = AtomicBool::new(false);
                Target { id, here: server.bearer(&text), there: other.bearer(&text), acknowledged }
            }
        });
        let targets: Arc<Vec<_>> = Arc::new(targets.buffer_unordered(AT_ONCE).collect().await);
        let workers: Vec<_> = (0..WORKERS).map(|worker| tokio::spawn(storm(Arc::clone(&targets), worker))).collect();
        tokio::time::sleep(Duration::from_millis(round as u64 % 4)).await;
        let revokes = stream::iter(targets.iter()).for_each_concurrent(AT_ONCE, |target| {
            let root = &root;
            async move {
                root.delete(&format!("/auth/api-tokens/{}", target.id)).await.ok(204);
                target.acknowledged.store(true, Ordering::SeqCst);
            }
        });
        revokes.await;
        for worker in workers {
            successes += worker.await.unwrap();
        }
    }
    assert!(successes > 1_000, "the storm never blew");
}

async fn no_write_commits_after_the_acknowledgement(server: TestServer) {
    let root = server.with_root().await;
    let other = server.another().await;
    let mut lanes = Vec::new();
    for lane in 0..LANES {
        lanes.push(tokio::spawn(race(root.clone(), other.anonymous(), lane)));
    }
    let mut written = 0;
    for lane in lanes {
        written += lane.await.unwrap();
    }
    let races = (LANES * RACES) as u64;
    assert!(written > 0 && written < races, "{written} of {races} writes were first: nothing raced");
}

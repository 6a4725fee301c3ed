//! Contract, section 3, R8, on two real Postgres clusters: a primary and its standby, which takes over with or without
//! the primary's latest commits.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Client, TestServer, cluster::Cluster, link::Link};

/// A server finds the new primary within this time.
const RECOVERY: Duration = Duration::from_secs(20);

/// Repeats a request until the answer is not 503.
async fn answered(client: &Client) -> u16 {
    let began = Instant::now();
    loop {
        let status = client.get("/auth/me").await.status.as_u16();
        if status != 503 {
            return status;
        }
        assert!(began.elapsed() < RECOVERY, "the server does not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until a standby has replayed all that its primary has written.
async fn caught_up(primary: &TestServer) {
    let began = Instant::now();
    loop {
        let mut reader = primary.app.store.read().await.unwrap();
        let uptrakit_store::Conn::Postgres(conn) = reader.conn() else { unreachable!("it is Postgres") };
        let behind: Option<bool> = sqlx::query_scalar(
            "SELECT bool_or(replay_lsn IS NULL OR replay_lsn < pg_current_wal_lsn()) FROM pg_stat_replication",
        )
        .fetch_one(conn)
        .await
        .unwrap();
        if behind == Some(false) {
            return;
        }
        assert!(began.elapsed() < RECOVERY, "the standby does not follow");
        drop(reader);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Moves the epoch `times` times by changes to tokens that the test does not use.
async fn move_on(root: &Client, times: u32) {
    for _ in 0..times {
        let (id, _) = root.new_token(json!({ "name": "other" })).await;
        root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    }
}

/// The old primary makes `lost` changes that its standby never receives, and a server learns of them. The new primary
/// makes `kept` changes, the last of which revokes the token that this server has cached. Then the address moves.
async fn lets_no_revoked_token_pass(lost: u32, kept: u32) {
    let Some(old) = Cluster::primary() else { return };
    let link = Link::to(old.address()).await;
    let server = TestServer::over(&link, &old.url(), &old.address(), None).await;
    let root = server.with_root().await;
    let (id, token) = root.new_token(json!({ "name": "ci" })).await;
    let (late_id, late_token) = root.new_token(json!({ "name": "revoked before the failover" })).await;
    move_on(&root, 2).await;
    let new = old.standby("standby");
    caught_up(&server).await;

    // The standby receives no more.
    new.kill();
    move_on(&root, lost).await;
    root.delete(&format!("/auth/api-tokens/{late_id}")).await.ok(204);
    let (client, late) = (server.bearer(&token), server.bearer(&late_token));
    client.get("/auth/me").await.ok(200);
    late.get("/auth/me").await.refused(401, "token-revoked");

    new.start("-c primary_conninfo=''");
    new.promote();
    let successor = TestServer::on(new.url()).await;
    let root = successor.sign_in("root").await;
    move_on(&root, kept - 1).await;
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);

    link.move_to(new.address());
    assert_eq!(answered(&client).await, 401, "a token passes that was revoked at the new primary");
    client.get("/auth/me").await.refused(401, "token-revoked");
    // That revoke was lost with the commits of the old primary; both servers see the same history.
    let here = late.get("/auth/me").await.status;
    assert_eq!(here, successor.bearer(&late_token).get("/auth/me").await.status);
    let root = server.sign_in("root").await;
    root.delete(&format!("/auth/api-tokens/{late_id}")).await.ok(204);
    late.get("/auth/me").await.refused(401, "token-revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_revoked_token_passes_where_the_new_primary_is_at_the_known_number() {
    lets_no_revoked_token_pass(2, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_revoked_token_passes_where_the_new_primary_is_behind_the_known_number() {
    lets_no_revoked_token_pass(3, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_revoked_token_passes_where_the_new_primary_is_ahead_of_the_known_number() {
    lets_no_revoked_token_pass(1, 5).await;
}

/// A server that reaches the database at an address of its own, which moves at a failover.
struct Site {
    link: Link,
    server: TestServer,
}

impl Site {
    async fn at(cluster: &Cluster, grace: Duration) -> Self {
        let link = Link::to(cluster.address()).await;
        let server = TestServer::over(&link, &cluster.url(), &cluster.address(), Some(grace)).await;
        Self { link, server }
    }
}

/// The primary acknowledges a revoke and is gone at once. Both servers refuse the token as soon as they answer again, and
/// nothing has to be done to them. Then the old primary comes back, as after a failover that did not fence it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoke_outlives_the_primary_that_acknowledged_it_and_a_stale_primary_is_not_believed() {
    let Some(old) = Cluster::primary() else { return };
    let grace = Duration::from_secs(2);
    let sites = [Site::at(&old, grace).await, Site::at(&old, grace).await];
    let root = sites[0].server.with_root().await;
    let (id, token) = root.new_token(json!({ "name": "ci" })).await;
    let (other_id, other) = root.new_token(json!({ "name": "revoked at the successor" })).await;
    let new = old.standby("standby");
    caught_up(&sites[0].server).await;
    old.kill();
    old.start("-c synchronous_standby_names=standby");
    let clients = || sites.each_ref().map(|site| site.server.bearer(&token));
    let others = || sites.each_ref().map(|site| site.server.bearer(&other));
    for client in clients().iter().chain(&others()) {
        assert_eq!(answered(client).await, 200);
    }

    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    old.kill();
    let killed = Instant::now();
    for client in clients() {
        assert_ne!(client.get("/auth/me").await.status, 200, "a token passes that no database has judged");
    }
    new.promote();
    let promoted = killed.elapsed();
    for site in &sites {
        site.link.move_to(new.address());
    }
    for (number, client) in clients().iter().enumerate() {
        assert_eq!(answered(client).await, 401, "the revoke was acknowledged");
        println!(
            "server {}: 503 for {} ms after the primary was killed, {} ms of them for the promotion",
            number + 1,
            killed.elapsed().as_millis(),
            promoted.as_millis()
        );
    }
    for other in others() {
        assert_eq!(answered(&other).await, 200);
    }

    let root = sites[1].server.sign_in("root").await;
    root.delete(&format!("/auth/api-tokens/{other_id}")).await.ok(204);
    for other in others() {
        other.get("/auth/me").await.refused(401, "token-revoked");
    }
    // The old primary comes back, and the addresses with it. It takes reads, and waits with every write for its standby.
    old.start("-c synchronous_standby_names=standby");
    for site in &sites {
        site.link.move_to(old.address());
    }
    for (site, other) in sites.iter().zip(others()) {
        let began = Instant::now();
        let mut refused = 0;
        // Until the time limit for reads without writes has passed, a server can't tell the old primary from one in
        // service.
        while refused < 20 {
            let status = other.get("/auth/me").await.status;
            if status == 503 {
                refused += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            } else {
                refused = 0;
                assert!(began.elapsed() < RECOVERY, "a stale primary is believed");
            }
        }
        site.server.anonymous().get("//readyz/reads").await.refused(503, "unavailable");
    }
    for (site, other) in sites.iter().zip(others()) {
        site.link.move_to(new.address());
        assert_eq!(answered(&other).await, 401);
    }
}

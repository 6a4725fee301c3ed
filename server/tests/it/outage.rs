//! Contract, section 3, R5, on Postgres: what a server does when its database is gone, hangs or is slow, and that it
//! recovers by itself. Meanwhile another server that still reaches the database revokes tokens.

use std::time::{Duration, Instant};

use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::json;
use uptrakit_api::{AccountId, Timestamp};
use uptrakit_store::epoch;

use crate::support::{
    Client, PASSWORD, Reply, TestServer,
    link::{Link, Wire},
    report,
};

/// No answer takes longer than this, whatever the database does: a batch of look-ups or a statement gives up before,
/// and a request may wait for two of them.
const LONGEST: Duration = Duration::from_secs(12);
/// A server has recovered within this time.
const RECOVERY: Duration = Duration::from_secs(15);

/// Starts a server, and another one on the same database whose connections the test controls.
async fn two_servers() -> Option<(TestServer, TestServer, Link)> {
    let near = TestServer::postgres().await?;
    let link = Link::to(near.postgres_address()).await;
    let far = near.another_over(&link).await;
    Some((near, far, link))
}

/// Expects a 503 in time, and `Retry-After`.
async fn unavailable(answer: impl Future<Output = Reply>) {
    let reply = tokio::time::timeout(LONGEST, answer).await.expect("an answer comes in time");
    reply.refused(503, "unavailable");
    let seconds: u64 = reply.header("retry-after").parse().expect("there is a Retry-After in seconds");
    assert!((1..=60).contains(&seconds));
}

async fn ends(mut body: Body) {
    let end = tokio::time::timeout(Duration::from_secs(5), async { while body.frame().await.is_some() {} }).await;
    assert!(end.is_ok(), "the stream goes on though nobody knows whether its token lives");
}

async fn follow(client: &Client) -> Body {
    let response = client.open("/hosts/events").await;
    assert_eq!(response.status(), 200);
    response.into_body()
}

/// Sends requests for longer than it takes until the last broken connection is noticed and new ones are tried.
async fn stays_unavailable(server: &TestServer, client: &Client) {
    let anonymous = server.anonymous();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        tokio::join!(
            async { assert_eq!(anonymous.get("//healthz").await.status, 200) },
            unavailable(client.get("/auth/me")),
            unavailable(client.delete("/auth/api-tokens/current")),
            unavailable(anonymous.get("//readyz")),
        );
    }
}

/// Repeats a request until the answer is 200; the only other answer may be 503.
async fn recovers(client: &Client) {
    let began = Instant::now();
    loop {
        let reply = client.get("/auth/me").await;
        if reply.status == 200 {
            return;
        }
        reply.refused(503, "unavailable");
        assert!(began.elapsed() < RECOVERY, "the server does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Runs a whole outage, seen from the server that has lost its database.
async fn fails_closed_and_comes_back(wire: Wire) {
    let Some((near, far, link)) = two_servers().await else { return };
    let root = near.with_root().await;
    let (_, good) = root.new_token(json!({ "name": "good" })).await;
    let (lost_id, lost) = root.new_token(json!({ "name": "revoked elsewhere" })).await;
    let (tried_id, tried) = root.new_token(json!({ "name": "revoked in vain" })).await;
    let (_, own) = root.new_token(json!({ "name": "would revoke itself" })).await;
    let own = far.bearer(&own);
    let [good, lost, tried] = [good, lost, tried].map(|text| far.bearer(&text));
    for client in [&good, &lost, &tried] {
        client.get("/auth/me").await.ok(200);
    }
    let stream = follow(&good).await;

    link.set(wire);
    let login = json!({ "login": "root", "password": PASSWORD });
    let path = format!("/auth/api-tokens/{tried_id}");
    let alive = async { assert_eq!(far.anonymous().get("//healthz").await.status, 200) };
    let anonymous = far.anonymous();
    tokio::join!(
        ends(stream),
        alive,
        unavailable(good.get("/auth/me")),
        unavailable(good.get("/hosts")),
        unavailable(good.post("/hosts/report", report("m"))),
        unavailable(good.delete(&path)),
        unavailable(own.delete("/auth/api-tokens/current")),
        unavailable(anonymous.get("//readyz")),
        unavailable(anonymous.post("/auth/sessions", login)),
        async {
            root.delete(&format!("/auth/api-tokens/{lost_id}")).await.ok(204);
            unavailable(lost.get("/auth/me")).await;
        },
    );
    unavailable(good.get("/auth/me")).await;

    link.set(Wire::Whole);
    recovers(&good).await;
    lost.get("/auth/me").await.refused(401, "token-revoked");
    // The revoke was not acknowledged: it may have happened or not, but both servers must agree.
    let here = tried.get("/auth/me").await.status;
    assert_eq!(near.get_with(&tried).await.status, here);
    assert!(here == 200 || here == 401, "{here}");
    root.delete(&path).await.ok(204);
    tried.get("/auth/me").await.refused(401, "token-revoked");
    let began = Instant::now();
    while far.anonymous().get("//readyz").await.status != 200 {
        assert!(began.elapsed() < RECOVERY, "it does not become ready again");
    }
    works_in_the_background(&near, &far, &root).await;
}

/// Checks the background work of a server: it learns of other servers' revokes, publishes changes of hosts, and writes
/// last uses.
async fn works_in_the_background(near: &TestServer, far: &TestServer, root: &Client) {
    let (id, text) = root.new_token(json!({ "name": "after" })).await;
    let path = format!("/auth/api-tokens/{id}");
    let mut stream = follow(&far.bearer(&text)).await;
    near.bearer(&text).post("/hosts/report", report("after")).await.ok(201);
    let told = async {
        loop {
            let frame = stream.frame().await.expect("the stream goes on").unwrap();
            if frame.data_ref().is_some_and(|data| data.windows(5).any(|part| part == b"after")) {
                return;
            }
        }
    };
    tokio::time::timeout(RECOVERY, told).await.expect("followers hear of hosts again");
    let began = Instant::now();
    while root.get(&path).await.ok(200)["last_used_at"].is_null() {
        assert!(began.elapsed() < RECOVERY, "last uses are not written");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    root.delete(&path).await.ok(204);
    ends(stream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_database_is_gone_fails_closed_and_comes_back() {
    Box::pin(fails_closed_and_comes_back(Wire::Cut)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_database_hangs_fails_closed_and_comes_back() {
    Box::pin(fails_closed_and_comes_back(Wire::Silent)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_database_is_too_slow_fails_closed_and_comes_back() {
    Box::pin(fails_closed_and_comes_back(Wire::Slow(Duration::from_millis(1_500)))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_database_slows_requests_and_a_revoke_still_holds_at_once() {
    let Some((near, far, link)) = two_servers().await else { return };
    let root = near.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    let client = far.bearer(&text);
    client.get("/auth/me").await.ok(200);
    link.set(Wire::Slow(Duration::from_millis(100)));
    client.get("/auth/me").await.ok(200);
    let under_way = tokio::spawn({
        let client = client.clone();
        async move { client.get("/auth/me").await }
    });
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    client.get("/auth/me").await.refused(401, "token-revoked");
    // The request began before the revoke; it may have passed or not.
    assert!([200, 401].contains(&under_way.await.unwrap().status.as_u16()));
}

/// A connection that breaks in the middle of a transaction leaves a session behind that holds locks. It must not keep
/// other servers from revoking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_vanishes_in_a_transaction_does_not_block_revokes_elsewhere() {
    let Some((near, far, link)) = two_servers().await else { return };
    let root = near.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    let me = root.get("/auth/me").await.ok(200);
    let account_id = me["id"].as_str().unwrap().parse().unwrap();
    let mut vanished = far.app.store.begin().await.unwrap();
    epoch::lock_account(&mut vanished, account_id).await.unwrap();
    epoch::bump_epoch(&mut vanished, account_id, Timestamp(1)).await.unwrap();
    link.set(Wire::Silent);
    let began = Instant::now();
    loop {
        let reply = root.delete(&format!("/auth/api-tokens/{id}")).await;
        if reply.status == 204 {
            break;
        }
        reply.refused(503, "unavailable");
        assert!(began.elapsed() < RECOVERY, "one server's death keeps the others from revoking");
    }
    near.bearer(&text).get("/auth/me").await.refused(401, "token-revoked");
    assert!(vanished.commit().await.is_err(), "what the dead server began is undone");
}

/// A first failure may still be that of the connection that broke.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_refuses_connections_is_not_said_to_be_silent() {
    let Some((_near, far, link)) = two_servers().await else { return };
    far.app.probe_reads().await.unwrap();
    link.set(Wire::Cut);
    let mut causes = Vec::new();
    for _ in 0..3 {
        causes.push(far.app.probe_reads().await.unwrap_err().to_string());
    }
    assert!(causes.last().unwrap().contains("refused"), "{causes:?}");
}

/// Connections that were in use when the database stopped answering never answer again. They must not keep their places
/// in the pool.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_died_in_use_are_replaced_and_statements_on_them_give_up() {
    let Some((near, far, link)) = two_servers().await else { return };
    let root = near.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let client = far.bearer(&text);
    client.get("/auth/me").await.ok(200);
    let mut readers = Vec::new();
    let mut transaction = far.app.store.begin().await.unwrap();
    while let Ok(reader) = far.app.store.read().await {
        readers.push(reader);
    }
    link.set(Wire::Silent);
    let waiting = epoch::lock_account(&mut transaction, AccountId::NIL);
    let answer = tokio::time::timeout(LONGEST, waiting).await.expect("a statement gives up");
    assert!(answer.is_err(), "nobody answered");
    drop((readers, transaction));
    unavailable(client.get("/auth/me")).await;
    link.set(Wire::Whole);
    recovers(&client).await;
    client.post("/hosts/report", report("m")).await.ok(201);
    client.get("/hosts").await.ok(200);
}

/// The database has no connection to spare, as when another program uses them all up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_gets_no_connections_fails_closed_and_comes_back() {
    let Some((near, _, link)) = two_servers().await else { return };
    let root = near.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    let (few, role) = near.another_as_new_role(&link).await;
    let client = few.bearer(&text);
    client.get("/auth/me").await.ok(200);
    near.sql(&format!("ALTER ROLE {role} CONNECTION LIMIT 0")).await;
    // The open connections break, and there are no others.
    link.set(Wire::Cut);
    unavailable(client.get("/auth/me")).await;
    link.set(Wire::Whole);
    stays_unavailable(&few, &client).await;
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    let reply = client.get("/auth/me").await;
    assert_ne!(reply.status, 200, "a revoked token passed");
    near.sql(&format!("ALTER ROLE {role} CONNECTION LIMIT -1")).await;
    let (_, other) = root.new_token(json!({ "name": "other" })).await;
    recovers(&few.bearer(&other)).await;
    client.get("/auth/me").await.refused(401, "token-revoked");
}

/// Postgres itself ends every session, as when it is stopped, and refuses new ones, as while it starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_database_shuts_down_fails_closed_and_comes_back() {
    let Some((near, far, _link)) = two_servers().await else { return };
    let root = near.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    let (_, other) = root.new_token(json!({ "name": "other" })).await;
    let path = format!("/auth/api-tokens/{id}");
    let [near_client, far_client] = [&near, &far].map(|server| server.bearer(&text));
    let (near_stream, far_stream) = (follow(&near_client).await, follow(&far_client).await);
    near.close_database().await;
    tokio::join!(ends(near_stream), ends(far_stream), unavailable(root.delete(&path)));
    tokio::join!(stays_unavailable(&near, &near_client), stays_unavailable(&far, &far_client));
    near.open_database().await;
    recovers(&far_client).await;
    recovers(&near_client).await;
    root.delete(&path).await.ok(204);
    far_client.get("/auth/me").await.refused(401, "token-revoked");
    near.bearer(&other).get("/auth/me").await.ok(200);
    works_in_the_background(&near, &far, &root).await;
}

/// The database comes back read only, as a standby is, or a primary that was demoted. It may be behind, so that it
/// can't show what was revoked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_finds_itself_on_a_read_only_database_fails_closed_and_comes_back() {
    let Some((near, far, link)) = two_servers().await else { return };
    let root = near.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let client = far.bearer(&text);
    client.get("/auth/me").await.ok(200);
    near.sql(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", near.database())).await;
    link.set(Wire::Cut);
    unavailable(client.get("/auth/me")).await;
    link.set(Wire::Whole);
    stays_unavailable(&far, &client).await;
    near.sql(&format!("ALTER DATABASE {} SET default_transaction_read_only = off", near.database())).await;
    recovers(&client).await;
    client.post("/hosts/report", report("m")).await.ok(201);
}

/// Every connection of the server's own pool is in use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_pool_is_used_up_answers_503_and_comes_back() {
    let Some((_, far, _link)) = two_servers().await else { return };
    let root = far.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let client = far.bearer(&text);
    let mut held = Vec::new();
    while let Ok(reader) = far.app.store.read().await {
        held.push(reader);
    }
    let anonymous = far.anonymous();
    tokio::join!(unavailable(client.get("/hosts")), unavailable(anonymous.get("//readyz")));
    held.clear();
    recovers(&client).await;
    client.get("/hosts").await.ok(200);
}

//! Tests what must hold when several clients do the same thing at the same moment, on two processes: unique names stay
//! unique, a one-time link works once, and there is always an administrator left.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Client, PASSWORD, Reply, TestServer, on_both, report};

/// Sends all requests at once and returns their statuses, sorted.
async fn statuses(requests: Vec<impl Future<Output = Reply> + Send + 'static>) -> Vec<u16> {
    let mut running = JoinSet::new();
    for request in requests {
        running.spawn(request);
    }
    let mut statuses: Vec<_> = running.join_all().await.iter().map(|reply| reply.status.as_u16()).collect();
    statuses.sort_unstable();
    statuses
}

/// Uses a one-time link.
pub async fn set_up(page: Client, code: String, username: String) -> Reply {
    let email = format!("{username}@example.org");
    let body = json!({ "request": { "code": code, "username": username, "email": email, "password": PASSWORD } });
    let request = page.request(http::Method::POST, "/rpc/set_up").header("content-type", "application/json");
    page.send(request.header("sec-fetch-site", "same-origin"), body.to_string()).await
}

/// Returns a client of one of two processes in turn.
fn on_either(index: usize, servers: [&TestServer; 2], text: &str) -> Client {
    servers[index % 2].bearer(text)
}

/// Reports hosts with a token without a pause, until `stop` is set, and returns how many reports were accepted.
async fn report_until(stop: Arc<AtomicBool>, client: Client, machine: String) -> u32 {
    let mut done = 0;
    while !stop.load(Ordering::Relaxed) {
        let status = client.post("/hosts/report", report(&machine)).await.status;
        assert!(matches!(status.as_u16(), 200 | 201 | 401 | 503), "{status}");
        done += u32::from(status.is_success());
    }
    done
}

on_both!(
    a_revoke_has_its_turn_among_many_writes_of_its_account,
    of_many_tokens_with_one_name_one_is_made,
    nobody_gets_past_the_limit_in_a_crowd,
    two_administrators_cannot_remove_each_other_at_once,
    the_first_account_is_made_once,
    an_invitation_opens_once,
    a_machine_that_reports_twice_at_once_is_one_host,
    a_token_revoked_twice_at_once_is_revoked_twice_well
);

/// A stolen token that writes without a pause must not delay its own revoke.
async fn a_revoke_has_its_turn_among_many_writes_of_its_account(server: TestServer) {
    let root = server.with_root().await;
    let other = server.another().await;
    let (stolen, text) = root.new_token(json!({ "name": "stolen" })).await;
    let mut ids = Vec::new();
    for name in ["one", "two", "three"] {
        ids.push(root.new_token(json!({ "name": name })).await.0);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for index in 0..32 {
        let client = on_either(index, [&server, &other], &text);
        writers.spawn(report_until(Arc::clone(&stop), client, format!("machine {index}")));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    for id in ids.into_iter().chain([stolen]) {
        root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    }
    stop.store(true, Ordering::Relaxed);
    assert!(writers.join_all().await.iter().sum::<u32>() > 0, "nothing was written meanwhile");
}

async fn of_many_tokens_with_one_name_one_is_made(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "maker" })).await;
    let other = server.another().await;
    for round in 0..5 {
        let create = |index| {
            let client = on_either(index, [&server, &other], &text);
            let name = if index % 2 == 0 { format!("ci {round}") } else { format!("CI {round}") };
            async move { client.post("/auth/api-tokens", json!({ "name": name })).await }
        };
        assert_eq!(statuses((0..6).map(create).collect()).await, [201, 409, 409, 409, 409, 409]);
    }
    assert_eq!(root.get("/auth/api-tokens").await.ok(200)["total"], 6);
}

async fn nobody_gets_past_the_limit_in_a_crowd(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "maker" })).await;
    for number in 0..97 {
        root.new_token(json!({ "name": number.to_string() })).await;
    }
    let other = server.another().await;
    let create = |index| {
        let client = on_either(index, [&server, &other], &text);
        async move { client.post("/auth/api-tokens", json!({ "name": format!("late {index}") })).await }
    };
    assert_eq!(statuses((0..6).map(create).collect()).await, [201, 201, 409, 409, 409, 409]);
    assert_eq!(root.get("/auth/api-tokens").await.ok(200)["total"], 100);
}

async fn two_administrators_cannot_remove_each_other_at_once(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "administrator").await;
    let other = server.another().await;
    let (_, roots) = root.new_token(json!({ "name": "ci" })).await;
    let kim = server.sign_in("kim").await;
    let (_, kims) = kim.new_token(json!({ "name": "ci" })).await;
    let id = async |client: &Client| client.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    let (root_id, kim_id) = (id(&root).await, id(&kim).await);
    for body in [json!({ "roles": ["viewer"] }), json!({ "active": false })] {
        let demote = |client: Client, id: &str, body: &Value| {
            let (path, body) = (format!("/users/{id}"), body.clone());
            async move { client.patch(&path, body).await }
        };
        let both = vec![demote(server.bearer(&roots), &kim_id, &body), demote(other.bearer(&kims), &root_id, &body)];
        let outcome = statuses(both).await;
        assert!(matches!(outcome[..], [200, 401 | 403 | 409]), "{outcome:?}");
        let mut left = Vec::new();
        for text in [&roots, &kims] {
            if server.bearer(text).get("/users").await.status == 200 {
                left.push(text);
            }
        }
        assert_eq!(left.len(), 1, "one of them is left");
        for id in [&root_id, &kim_id] {
            let restored = json!({ "roles": ["administrator"], "active": true });
            server.bearer(left[0]).patch(&format!("/users/{id}"), restored).await.ok(200);
        }
    }
}

async fn the_first_account_is_made_once(server: TestServer) {
    let (one, two) = (server.first_run_code().await, server.first_run_code().await);
    let other = server.another().await;
    let attempts = vec![
        set_up(server.anonymous(), one.clone(), "kim".to_owned()),
        set_up(other.anonymous(), one, "lee".to_owned()),
        set_up(server.anonymous(), two.clone(), "max".to_owned()),
        set_up(other.anonymous(), two, "noa".to_owned()),
    ];
    assert_eq!(statuses(attempts).await, [200, 404, 404, 404]);
    server.add_user("root", "administrator").await;
    assert_eq!(server.sign_in("root").await.get("/users").await.ok(200)["total"], 2);
}

async fn an_invitation_opens_once(server: TestServer) {
    let root = server.with_root().await;
    let made = root
        .post("/users", json!({ "username": "kim", "email": "kim@example.org", "roles": ["viewer"] }))
        .await
        .ok(201);
    let code = made["invite_url"].as_str().unwrap().split_once("code=").unwrap().1.to_owned();
    let other = server.another().await;
    let accept = |index: usize| set_up([&server, &other][index % 2].anonymous(), code.clone(), String::new());
    assert_eq!(statuses((0..4).map(accept).collect()).await, [200, 404, 404, 404]);
}

async fn a_machine_that_reports_twice_at_once_is_one_host(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let other = server.another().await;
    let report = |index| {
        let client = on_either(index, [&server, &other], &text);
        async move { client.post("/hosts/report", crate::support::report("m")).await }
    };
    assert_eq!(statuses((0..6).map(report).collect()).await, [200, 200, 200, 200, 200, 201]);
    assert_eq!(root.get("/hosts").await.ok(200)["total"], 1);
}

async fn a_token_revoked_twice_at_once_is_revoked_twice_well(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let other = server.another().await;
    for _ in 0..5 {
        let (id, victim) = root.new_token(json!({ "name": "victim" })).await;
        let revoke = |index| {
            let (client, path) = (on_either(index, [&server, &other], &text), format!("/auth/api-tokens/{id}"));
            async move { client.delete(&path).await }
        };
        assert_eq!(statuses((0..4).map(revoke).collect()).await, [204; 4]);
        other.bearer(&victim).get("/auth/me").await.refused(401, "token-revoked");
        let events = root.get(&format!("/audit?action=token.revoke&token_id={id}")).await.ok(200);
        assert_eq!(events["total"], 1, "it happened once");
    }
}

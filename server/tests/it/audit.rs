//! Contract, section 4: audit events. The tests check what is exported, what becomes of an export when its token is
//! revoked on the way, and which events record that a client still presents rejected tokens.

use std::time::Duration;

use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use uptrakit_api::{AccountId, Timestamp};
use uptrakit_core::clock::new_id;
use uptrakit_store::audit;
use uuid::Uuid;

use crate::support::{Client, START, TestServer, on_both};

/// Adds audit events, three at each instant, from the start of the clock on.
async fn add_events(server: &TestServer, count: i64) {
    let mut tx = server.app.store.begin().await.unwrap();
    for number in 0..count {
        let at = Timestamp(START + number / 3);
        let row = audit::AuditRow {
            id: new_id(at),
            at,
            action: if number % 2 == 0 { "even.done" } else { "odd.done" }.to_owned(),
            actor_id: Some(AccountId(Uuid::from_u128(7))),
            token_id: None,
            target_id: None,
            address: None,
            request_id: Some(number.to_string()),
            outcome: "done".to_owned(),
        };
        audit::insert(&mut tx, &row).await.unwrap();
    }
    tx.commit().await.unwrap();
    server.advance(count);
}

async fn export(client: &Client, query: &str) -> Vec<Value> {
    let reply = client.get(&format!("/audit/export{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("content-type"), "application/x-ndjson");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(reply.text.is_empty() || reply.text.ends_with('\n'));
    reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

on_both!(
    an_export_has_every_event_once_and_the_oldest_first,
    an_export_takes_the_filters_of_the_list,
    an_export_breaks_off_when_its_token_dies,
    an_export_without_a_database_is_refused_before_it_begins,
    what_is_done_with_a_token_to_another_is_found_by_either,
    dead_tokens_that_are_presented_are_on_the_trail,
    a_stop_writes_what_was_noted_of_dead_tokens
);

async fn an_export_has_every_event_once_and_the_oldest_first(server: TestServer) {
    let root = server.with_root().await;
    add_events(&server, 1_100).await;
    let events = export(&root, "").await;
    let total = root.get("/audit").await.ok(200)["total"].as_u64().unwrap();
    assert_eq!(total, 1_102, "the account and its sign-in are there too");
    assert_eq!(events.len() as u64, total);
    let places: Vec<_> =
        events.iter().map(|event| (event["at"].as_str().unwrap(), event["id"].as_str().unwrap())).collect();
    assert!(places.is_sorted_by(|a, b| a < b), "in order, and no event twice");
    let listed = root.get("/audit?per_page=1").await.ok(200)["items"][0].clone();
    assert_eq!(*events.last().unwrap(), listed, "an event has the same fields as in the list");
}

async fn an_export_takes_the_filters_of_the_list(server: TestServer) {
    let root = server.with_root().await;
    add_events(&server, 30).await;
    let seven = Uuid::from_u128(7);
    let after = |millis: i64| Timestamp(START + millis).to_string();
    for query in [
        "?action=even.done".to_owned(),
        "?action=nothing.done".to_owned(),
        format!("?actor_id={seven}"),
        format!("?actor_id={seven}&since={}&until={}", after(2), after(5)),
        format!("?token_id={seven}"),
    ] {
        let total = root.get(&format!("/audit{query}")).await.ok(200)["total"].as_u64().unwrap();
        assert_eq!(export(&root, &query).await.len() as u64, total, "{query}");
    }
    for query in ["page=1", "per_page=5", "actor_id=x", "since=yesterday", "colour=red"] {
        root.get(&format!("/audit/export?{query}")).await.refused(422, "invalid-field");
    }
    server.add_user("kim", "operator").await;
    server.sign_in("kim").await.get("/audit/export").await.refused(403, "insufficient-permission");
}

async fn an_export_breaks_off_when_its_token_dies(server: TestServer) {
    let root = server.with_root().await;
    add_events(&server, 1_100).await;
    let other = server.another().await;
    for (name, there) in [("here", &server), ("there", &other)] {
        let (id, text) = root.new_token(json!({ "name": name })).await;
        let mut whole = there.bearer(&text).open("/audit/export").await.into_body();
        let mut parts = 0;
        while let Some(part) = whole.frame().await {
            assert!(!part.unwrap().into_data().unwrap().is_empty());
            parts += 1;
        }
        assert!(parts > 1, "there must be something left to cut off");

        let mut cut = there.bearer(&text).open("/audit/export").await.into_body();
        cut.frame().await.unwrap().unwrap();
        root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
        if name == "there" {
            other.app.verifier.catch_up().await.unwrap();
        }
        assert!(cut.frame().await.unwrap().is_err(), "nobody may take the part for the whole");
        assert!(cut.frame().await.is_none());
    }
}

async fn an_export_without_a_database_is_refused_before_it_begins(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    server.bearer(&text).get("/audit/export").await;
    server.app.close().await.unwrap();
    server.bearer(&text).get("/audit/export").await.refused(503, "unavailable");
}

async fn what_is_done_with_a_token_to_another_is_found_by_either(server: TestServer) {
    let root = server.with_root().await;
    let (first, text) = root.new_token(json!({ "name": "first" })).await;
    server.advance(1);
    let (second, _) = server.bearer(&text).new_token(json!({ "name": "second" })).await;
    for (id, count) in [(&first, 2), (&second, 1)] {
        let events = root.get(&format!("/audit?action=token.create&token_id={id}")).await.ok(200);
        assert_eq!(events["total"], count);
        let event = &events["items"][0];
        assert_eq!(
            (event["token_id"].as_str(), event["target_id"].as_str()),
            (Some(first.as_str()), Some(second.as_str()))
        );
    }
}

async fn dead_tokens_that_are_presented_are_on_the_trail(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    let kim_id = kim.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    let (revoked, revoked_text) = root.new_token(json!({ "name": "revoked" })).await;
    let (replaced, replaced_text) = root.new_token(json!({ "name": "replaced" })).await;
    let (expired, expired_text) =
        root.new_token(json!({ "name": "expired", "expires_at": "2030-01-01T00:00:01Z" })).await;
    let (closed, closed_text) = kim.new_token(json!({ "name": "closed" })).await;
    let (narrow, narrow_text) = root.new_token(json!({ "name": "narrow", "permissions": ["hosts:read"] })).await;
    root.delete(&format!("/auth/api-tokens/{revoked}")).await.ok(204);
    root.post(&format!("/auth/api-tokens/{replaced}/rotate"), json!({})).await.ok(201);
    root.patch(&format!("/users/{kim_id}"), json!({ "active": false })).await.ok(200);
    server.advance(1_000);

    let mut request_ids = Vec::new();
    for (text, code) in [
        (&revoked_text, "token-revoked"),
        (&replaced_text, "token-revoked"),
        (&expired_text, "token-expired"),
        (&closed_text, "account-disabled"),
    ] {
        let refused = server.bearer(text).seen_from("127.0.0.7").get("/hosts").await.refused(401, code);
        request_ids.push(refused["request_id"].clone());
        for _ in 0..20 {
            server.bearer(text).get("/hosts").await.refused(401, code);
        }
    }
    server.bearer(&narrow_text).get("/users").await.refused(403, "insufficient-permission");
    server.bearer("upk_0000000000000000000000000000003aIdS3").get("/hosts").await.refused(401, "invalid-token");

    for (index, (id, outcome)) in
        [(&revoked, "revoked"), (&replaced, "revoked"), (&expired, "expired"), (&closed, "account-disabled")]
            .into_iter()
            .enumerate()
    {
        let found = rejected_tokens(&server, &root, id, 1).await;
        assert_eq!(found.len(), 1, "one event however many attempts");
        let event = &found[0];
        assert_eq!((event["outcome"].as_str(), event["address"].as_str()), (Some(outcome), Some("127.0.0.7")));
        assert_eq!((&event["target_id"], &event["request_id"]), (&json!(id), &request_ids[index]));
        assert_eq!(event["at"], Timestamp(START + 1_000).to_string());
    }
    let all = root.get("/audit?action=token.refused").await.ok(200);
    assert_eq!(all["total"], 4, "neither {narrow} nor a token that never was is among them: {all}");
    let own = root.get("/auth/me/audit").await.ok(200);
    let own = own["items"].as_array().unwrap().iter().filter(|event| event["action"] == "token.refused").count();
    assert_eq!(own, 3, "its owner sees it");

    server.advance(3_600_000);
    server.bearer(&revoked_text).get("/hosts").await.refused(401, "token-revoked");
    assert_eq!(rejected_tokens(&server, &root, &revoked, 2).await.len(), 2, "an hour later it is news again");
}

async fn a_stop_writes_what_was_noted_of_dead_tokens(server: TestServer) {
    let root = server.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    let other = server.another().await;
    other.bearer(&text).get("/hosts").await.refused(401, "token-revoked");
    other.app.close().await.unwrap();
    assert_eq!(root.get(&format!("/audit?action=token.refused&token_id={id}")).await.ok(200)["total"], 1);
}

/// Waits until a token has `count` events about its rejection, which are written in the background, and returns them.
async fn rejected_tokens(server: &TestServer, reader: &Client, token_id: &str, count: usize) -> Vec<Value> {
    let path = format!("/audit?action=token.refused&token_id={token_id}");
    let written = async {
        loop {
            let page = reader.get(&path).await.ok(200);
            let found = page["items"].as_array().unwrap().clone();
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(10), written).await;
    found.unwrap_or_else(|_| panic!("{} never had {count} rejected_tokens", server.app.store.engine()))
}

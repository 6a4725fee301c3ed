//! Contract, section 4: the audit trail as a file. What is exported, in which order, and what becomes of it when the
//! token that asked dies on the way.

use std::time::Duration;

use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use uptrakit_api::Timestamp;
use uptrakit_server::{clock::new_id, store::audit};
use uuid::Uuid;

use crate::support::{Client, START, TestServer, on_both};

/// Puts events on the trail, three at each instant, from the start of the clock on.
async fn add_events(server: &TestServer, count: i64) {
    let mut tx = server.app.store.begin().await.unwrap();
    for number in 0..count {
        let at = START + number / 3;
        let row = audit::AuditRow {
            id: new_id(Timestamp(at)),
            at,
            action: if number % 2 == 0 { "even.done" } else { "odd.done" }.to_owned(),
            actor_id: Some(Uuid::from_u128(7)),
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

on_both! {
    async fn an_export_has_every_event_once_and_the_oldest_first(server: TestServer) {
        let root = server.with_root().await;
        add_events(&server, 1_100).await;
        let events = export(&root, "").await;
        let total = root.get("/audit").await.ok(200)["total"].as_u64().unwrap();
        assert_eq!(total, 1_102, "the account and its sign-in are there too");
        assert_eq!(events.len() as u64, total);
        let places: Vec<_> = events.iter().map(|event| (event["at"].as_str().unwrap(), event["id"].as_str().unwrap())).collect();
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
                tokio::time::sleep(Duration::from_secs(1)).await;
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
}

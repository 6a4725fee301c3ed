//! Contract, section 2: names and searches are the same in every Unicode form that a keyboard or a program sends.

use serde_json::json;
use uptrakit_store::hosts::{self, HostRow};

use crate::support::{Client, PASSWORD, TestServer, on_both, report};

const COMPOSED: &str = "Z\u{fc}rich";
const DECOMPOSED: &str = "Zu\u{308}rich";

fn percent(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn found(client: &Client, list: &str, part: &str) -> u64 {
    client.get(&format!("{list}?q={}", percent(part))).await.ok(200)["total"].as_u64().unwrap()
}

on_both!(
    a_search_finds_text_in_whatever_form_it_was_typed,
    names_that_differ_in_form_alone_are_the_same_name,
    a_machine_id_stays_what_the_machine_says,
    what_an_older_version_stored_is_found_after_the_start_of_this_one
);

async fn a_search_finds_text_in_whatever_form_it_was_typed(server: TestServer) {
    let root = server.with_root().await;
    for (machine, name) in [("a", COMPOSED), ("b", DECOMPOSED)] {
        let mut body = report(machine);
        body["hostname"] = json!(name);
        let host = root.post("/hosts/report", body).await.ok(201);
        assert_eq!(host["hostname"], COMPOSED);
        let path = format!("/hosts/{}", host["id"].as_str().unwrap());
        assert_eq!(
            root.patch(&path, json!({ "friendly_name": format!("{name} {machine}") })).await.ok(200)["friendly_name"],
            format!("{COMPOSED} {machine}")
        );
    }
    assert_eq!(root.post("/auth/api-tokens", json!({ "name": DECOMPOSED })).await.ok(201)["name"], COMPOSED);
    for part in [COMPOSED, DECOMPOSED, "zu\u{308}", "Z\u{dc}", "ZU\u{308}RICH"] {
        assert_eq!(
            (found(&root, "/hosts", part).await, found(&root, "/auth/api-tokens", part).await),
            (2, 1),
            "{part}"
        );
    }
}

async fn names_that_differ_in_form_alone_are_the_same_name(server: TestServer) {
    let root = server.with_root().await;
    root.post("/auth/api-tokens", json!({ "name": COMPOSED })).await.ok(201);
    root.post("/auth/api-tokens", json!({ "name": DECOMPOSED })).await.refused(409, "name-taken");
    let (other, _) = root.new_token(json!({ "name": "other" })).await;
    root.patch(&format!("/auth/api-tokens/{other}"), json!({ "name": DECOMPOSED })).await.refused(409, "name-taken");
    let person = |name: &str| json!({ "username": name, "email": format!("{name}@example.org"), "roles": ["viewer"], "password": PASSWORD });
    assert_eq!(root.post("/users", person(DECOMPOSED)).await.ok(201)["username"], COMPOSED);
    root.post("/users", person(COMPOSED)).await.refused(422, "invalid-field");
    for login in [COMPOSED, DECOMPOSED, &format!("{DECOMPOSED}@EXAMPLE.org")] {
        server.anonymous().post("/auth/sessions", json!({ "login": login, "password": PASSWORD })).await.ok(201);
    }
}

async fn a_machine_id_stays_what_the_machine_says(server: TestServer) {
    let root = server.with_root().await;
    let made = [COMPOSED, DECOMPOSED].map(report);
    for body in made {
        let host = root.post("/hosts/report", body.clone()).await.ok(201);
        assert_eq!(host["machine_id"], body["machine_id"]);
        assert_eq!(root.post("/hosts/report", body).await.ok(200)["id"], host["id"]);
    }
}

async fn what_an_older_version_stored_is_found_after_the_start_of_this_one(server: TestServer) {
    let root = server.with_root().await;
    let old_key = DECOMPOSED.to_lowercase();
    let mut tx = server.app.store.begin().await.unwrap();
    for number in 0..510 {
        let now = server.app.clock.now();
        let row = HostRow {
            id: uptrakit_core::clock::new_id(now),
            machine_id: number.to_string(),
            hostname: DECOMPOSED.to_owned(),
            friendly_name: None,
            os_name: String::new(),
            os_version: String::new(),
            kernel: String::new(),
            architecture: String::new(),
            pending_updates: None,
            security_updates: None,
            reboot_required: None,
            shared_machine_id_at: None,
            reporters: None,
            last_seen_at: now,
            created_at: now,
            updated_at: now,
            revision: number,
        };
        hosts::upsert(&mut tx, &row, &old_key, &format!("{old_key}\n\n ")).await.unwrap();
    }
    tx.commit().await.unwrap();
    let (id, _) = root.new_token(json!({ "name": "one" })).await;
    let (twin, _) = root.new_token(json!({ "name": COMPOSED })).await;
    server
        .sql(&format!("UPDATE api_tokens SET name = '{DECOMPOSED}', name_key = '{old_key}' WHERE name = 'one'"))
        .await;
    for name in ["kim", "lou", "mia"] {
        server.add_user(name, "viewer").await;
    }
    server
        .sql(&format!(
            "UPDATE accounts SET username = '{DECOMPOSED}', username_key = '{old_key}' WHERE username = 'kim'"
        ))
        .await;
    server
        .sql("UPDATE accounts SET username = 'Ju\u{308}rg', username_key = 'ju\u{308}rg' WHERE username = 'mia'")
        .await;
    // The two accounts have one address in two forms, which an older version took for two addresses.
    let old_email = format!("{old_key}@example.org");
    server
        .sql(&format!("UPDATE accounts SET email = '{old_email}', email_key = '{old_email}' WHERE username = 'lou'"))
        .await;
    server.add_user(COMPOSED, "viewer").await;

    assert_eq!(found(&root, "/hosts", COMPOSED).await, 0);
    let sign_in = async |login: &str| {
        server.anonymous().post("/auth/sessions", json!({ "login": login, "password": PASSWORD })).await
    };
    sign_in("J\u{fc}rg").await.refused(401, "wrong-login");
    let (first, second) = tokio::join!(server.another(), server.another());
    for server in [&first, &second] {
        let root = root.clone().at(server);
        for part in [COMPOSED, DECOMPOSED] {
            assert_eq!(
                (found(&root, "/hosts", part).await, found(&root, "/auth/api-tokens", part).await),
                (510, 2),
                "{part}"
            );
        }
    }
    // They were two names once. Both tokens can be changed, and neither name can be given again.
    for id in [&id, &twin] {
        let path = format!("/auth/api-tokens/{id}");
        root.patch(&path, json!({ "permissions": ["hosts:read"] })).await.ok(200);
        root.patch(&path, json!({ "name": COMPOSED })).await.ok(200);
    }
    root.post("/auth/api-tokens", json!({ "name": COMPOSED })).await.refused(409, "name-taken");
    for login in ["J\u{fc}rg", "JU\u{308}RG", COMPOSED, "kim@example.org", "lou", "root"] {
        sign_in(login).await.ok(201);
    }
}

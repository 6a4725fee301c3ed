//! Contract, section 4: users and audit events.

use crate::{
    races::set_up,
    support::{PASSWORD, TestServer, cookie_of, on_both},
};
use serde_json::json;

on_both!(
    an_invited_person_sets_their_password_by_the_link,
    a_lost_invitation_is_made_again_until_it_is_accepted,
    the_last_administrator_stays,
    administrators_see_and_revoke_anybodys_tokens,
    two_changes_in_one_are_two_events,
    what_is_done_is_on_the_trail
);

async fn an_invited_person_sets_their_password_by_the_link(server: TestServer) {
    let root = server.with_root().await;
    let made = root
        .post("/users", json!({ "username": "kim", "email": "kim@example.org", "roles": ["viewer"] }))
        .await
        .ok(201);
    let url = made["invite_url"].as_str().unwrap();
    let code = url.strip_prefix("https://up.example.org/setup?code=").unwrap();
    let page = server.anonymous();
    let body = json!({ "request": { "code": code, "password": PASSWORD } });
    let request = || {
        page.request(http::Method::POST, "/rpc/set_up")
            .header("content-type", "application/json")
            .header("sec-fetch-site", "same-origin")
    };
    let like_email = json!({ "request": { "code": code, "password": "kim@example.org" } });
    page.send(request(), like_email.to_string()).await.refused(422, "invalid-field");
    let done = page.send(request(), body.to_string()).await;
    done.ok(200);
    assert_eq!(server.cookie(cookie_of(&done)).get("/auth/me").await.ok(200)["username"], "kim");
    page.send(request(), body.to_string()).await.refused(404, "not-found");
    let twice = root.post("/users", json!({ "username": "KIM", "email": "k@example.org", "roles": ["viewer"] })).await;
    assert_eq!(twice.refused(422, "invalid-field")["errors"][0]["field"], "username");
    let none = root.post("/users", json!({ "username": "lee", "email": "lee@example.org", "roles": [] })).await;
    assert_eq!(none.refused(422, "invalid-field")["errors"][0]["field"], "roles");
}

async fn a_lost_invitation_is_made_again_until_it_is_accepted(server: TestServer) {
    let root = server.with_root().await;
    let made = root
        .post("/users", json!({ "username": "kim", "email": "kim@example.org", "roles": ["viewer"] }))
        .await
        .ok(201);
    let path = format!("/users/{}", made["id"].as_str().unwrap());
    assert_eq!(made["invited"], true);
    let code_of =
        |answer: &serde_json::Value| answer["invite_url"].as_str().unwrap().split_once("code=").unwrap().1.to_owned();
    let accept = |code| set_up(server.anonymous(), code, String::new());

    root.patch(&path, json!({ "active": false })).await.ok(200);
    root.post(&format!("{path}/invitation"), json!({})).await.refused(409, "conflict");
    root.patch(&path, json!({ "active": true })).await.ok(200);
    root.post(&format!("{path}/invitation"), json!({ "x": 1 })).await.refused(422, "invalid-field");
    let second = root.post(&format!("{path}/invitation"), json!({})).await.ok(201);
    let third = root.post(&format!("{path}/invitation"), json!({})).await.ok(201);
    for old in [&made, &second] {
        accept(code_of(old)).await.refused(404, "not-found");
    }
    accept(code_of(&third)).await.ok(200);

    root.post(&format!("{path}/invitation"), json!({})).await.refused(409, "conflict");
    assert_eq!(root.get("/users").await.ok(200)["items"][0]["invited"], false);
    assert_eq!(root.get("/audit?action=invitation.create").await.ok(200)["total"], 2);
}

async fn the_last_administrator_stays(server: TestServer) {
    let root = server.with_root().await;
    let id = root.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    let path = format!("/users/{id}");
    root.patch(&path, json!({ "active": false })).await.refused(409, "last-administrator");
    root.patch(&path, json!({ "roles": ["viewer"] })).await.refused(409, "last-administrator");
    root.get("/users").await.ok(200);
    server.add_user("kim", "administrator").await;
    root.patch(&path, json!({ "roles": ["viewer"] })).await.ok(200);
    root.get("/users").await.refused(403, "insufficient-permission");
}

async fn administrators_see_and_revoke_anybodys_tokens(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    let (id, text) = kim.new_token(json!({ "name": "ci" })).await;
    let kim_id = kim.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    let listed = root.get(&format!("/users/{kim_id}/api-tokens")).await;
    assert!(!listed.text.contains(&text[8..36]));
    assert_eq!(listed.ok(200)["items"][0]["name"], "ci");
    root.delete(&format!("/users/{kim_id}/api-tokens/{id}")).await.ok(204);
    assert_eq!(root.get(&format!("/users/{kim_id}/api-tokens")).await.ok(200)["total"], 0);
    let ended = root.get(&format!("/users/{kim_id}/api-tokens?state=all")).await.ok(200);
    assert_eq!((&ended["total"], &ended["items"][0]["state"]), (&json!(1), &json!("revoked")));
    let own = kim.get("/auth/api-tokens?state=revoked").await.ok(200);
    assert_eq!(own["items"][0]["revoked_by"], "root", "the owner sees who it was");
    server.bearer(&text).get("/auth/me").await.refused(401, "token-revoked");
}

async fn two_changes_in_one_are_two_events(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    root.patch(&format!("/users/{kim}"), json!({ "roles": ["operator"], "active": false })).await.ok(200);
    for action in ["account.set-roles", "account.deactivate"] {
        let events = root.get(&format!("/audit?action={action}")).await.ok(200);
        assert_eq!(
            (events["total"].as_u64(), events["items"][0]["target_id"].as_str()),
            (Some(1), Some(kim.as_str())),
            "{action}"
        );
    }
}

async fn what_is_done_is_on_the_trail(server: TestServer) {
    let root = server.with_root().await;
    let (id, _) = root.new_token(json!({ "name": "ci" })).await;
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    server
        .anonymous()
        .post("/auth/sessions", json!({ "login": "root", "password": "not the password at all" }))
        .await
        .refused(401, "wrong-login");
    let events = root.get("/audit").await.ok(200);
    let seen: Vec<_> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| format!("{} {}", event["action"].as_str().unwrap(), event["outcome"].as_str().unwrap()))
        .collect();
    let mut expected = [
        "session.create refused",
        "token.revoke done",
        "token.create done",
        "session.create done",
        "account.create done",
    ]
    .map(str::to_owned)
    .to_vec();
    expected.sort();
    let mut seen = seen;
    seen.sort();
    assert_eq!(seen, expected);
    let filtered = root.get(&format!("/audit?action=token.revoke&token_id={id}")).await.ok(200);
    assert_eq!(filtered["total"], 1);
    assert_eq!(filtered["items"][0]["address"], "127.0.0.1");
    assert_eq!(root.get("/audit?since=2031-01-01T00:00:00Z").await.ok(200)["total"], 0);
    root.get("/audit?since=yesterday").await.refused(422, "invalid-field");
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    kim.get("/audit").await.refused(403, "insufficient-permission");
    assert_eq!(kim.get("/auth/me/audit").await.ok(200)["total"], 1);
}

//! Contract, section 5, and ASVS V6 and V7: passwords, sign-in, sessions.

use crate::support::{PASSWORD, TestServer, cookie_of, on_both};
use serde_json::{Value, json};

fn login(login: &str, password: &str) -> Value {
    json!({ "login": login, "password": password })
}

on_both!(
    the_first_run_code_works_once,
    wrong_unknown_and_deactivated_look_the_same,
    signing_in_takes_username_or_email_and_makes_a_new_session_each_time,
    many_wrong_passwords_are_throttled_and_the_owner_gets_in_from_elsewhere,
    of_many_wrong_passwords_at_once_no_more_are_told_than_one_after_the_other,
    a_session_that_makes_room_for_another_is_over_at_every_server,
    sessions_end_when_idle_or_old_or_ended,
    a_session_is_not_idle_at_one_server_while_it_is_used_at_another,
    a_password_change_needs_the_old_one_and_ends_what_is_wished,
    older_hashes_are_upgraded_at_the_next_sign_in,
    a_password_that_was_hashed_as_typed_is_hashed_anew_at_the_next_sign_in,
    a_chosen_password_is_the_same_in_every_form,
    fifty_sign_ins_at_once_hold_up_no_token
);

async fn the_first_run_code_works_once(server: TestServer) {
    let code = server.first_run_code().await;
    let spare = server.first_run_code().await;
    let page = server.anonymous();
    let set_up = |code: &str, password: &str| {
        let body =
            json!({ "request": { "code": code, "username": "kim", "email": "kim@example.org", "password": password } });
        let request = page
            .request(http::Method::POST, "/rpc/set_up")
            .header("content-type", "application/json")
            .header("sec-fetch-site", "same-origin");
        let page = page.clone();
        async move { page.send(request, body.to_string()).await }
    };
    set_up("nonsense", PASSWORD).await.refused(404, "not-found");
    let weak = set_up(&code, "passwordpassword").await.refused(422, "invalid-field");
    assert_eq!(weak["errors"][0]["field"], "password");
    let done = set_up(&code, PASSWORD).await;
    assert_eq!(done.ok(200)["roles"], json!(["administrator"]));
    let kim = server.cookie(cookie_of(&done));
    assert_eq!(kim.get("/auth/me").await.ok(200)["username"], "kim");
    set_up(&code, PASSWORD).await.refused(404, "not-found");
    set_up(&spare, PASSWORD).await.refused(404, "not-found");
}

async fn wrong_unknown_and_deactivated_look_the_same(server: TestServer) {
    server.with_root().await;
    server.add_user("kim", "viewer").await;
    let id = uptrakit_core::domain::users::find_by_username(&server.app, "kim").await.unwrap();
    uptrakit_core::domain::users::update_from_terminal(&server.app, id, None, Some(false)).await.unwrap();
    let strip = |reply: crate::support::Reply| {
        let mut problem = reply.refused(401, "wrong-login");
        problem["request_id"] = json!("");
        problem
    };
    let wrong = strip(server.anonymous().post("/auth/sessions", login("root", "not the password at all")).await);
    let unknown = strip(server.anonymous().post("/auth/sessions", login("nobody", "not the password at all")).await);
    let closed = strip(server.anonymous().post("/auth/sessions", login("kim", PASSWORD)).await);
    assert_eq!(wrong, unknown);
    assert_eq!(wrong, closed);
}

async fn signing_in_takes_username_or_email_and_makes_a_new_session_each_time(server: TestServer) {
    server.with_root().await;
    let first = server.anonymous().post("/auth/sessions", login("ROOT@example.org", PASSWORD)).await;
    let line = first.header("set-cookie").to_owned();
    for part in ["__Host-uptrakit=", "Path=/", "HttpOnly", "SameSite=Strict", "Secure"] {
        assert!(line.contains(part), "{line}");
    }
    let browser = server.cookie(cookie_of(&first));
    let second = browser.post("/auth/sessions", login("root", PASSWORD)).await;
    assert_ne!(cookie_of(&first), cookie_of(&second));
    browser.get("/auth/me").await.refused(401, "missing-credentials");
    server.cookie(cookie_of(&second)).get("/auth/me").await.ok(200);
}

async fn many_wrong_passwords_are_throttled_and_the_owner_gets_in_from_elsewhere(server: TestServer) {
    server.with_root().await;
    let mut throttled = 0;
    for _ in 0..15 {
        let reply = server.anonymous().post("/auth/sessions", login("root", "not the password at all")).await;
        if reply.status == 429 {
            reply.refused(429, "too-many-requests");
            let wait: u64 = reply.header("retry-after").parse().unwrap();
            assert!((1..=3_600).contains(&wait));
            throttled += 1;
        }
    }
    assert_eq!(throttled, 5);
    server.anonymous().post("/auth/sessions", login("root", PASSWORD)).await.refused(429, "too-many-requests");
    server.anonymous().seen_from("127.0.0.7").post("/auth/sessions", login("root", PASSWORD)).await.ok(201);
    server.advance(20_000);
    server.anonymous().post("/auth/sessions", login("root", PASSWORD)).await.ok(201);
}

async fn of_many_wrong_passwords_at_once_no_more_are_told_than_one_after_the_other(server: TestServer) {
    let root = server.with_root().await;
    let change = json!({ "current_password": "not the password at all", "new_password": "eight grey herons at dawn" });
    for path in ["/auth/sessions", "/auth/password"] {
        let mut attempts = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let (client, nobody, change) = (root.clone(), server.anonymous(), change.clone());
            attempts.spawn(async move {
                match path {
                    "/auth/sessions" => nobody.post(path, login("root", "not the password at all")).await,
                    _ => client.put(path, change).await,
                }
            });
        }
        let replies = attempts.join_all().await;
        // A busy machine may answer some of them with a request to come back later.
        let told = replies.iter().filter(|reply| !matches!(reply.status.as_u16(), 429 | 503)).count();
        assert!((1..=10).contains(&told), "{path}: {told}");
    }
}

async fn a_session_that_makes_room_for_another_is_over_at_every_server(server: TestServer) {
    let root = server.with_root().await;
    let other = server.another().await;
    root.get("/auth/me").await.ok(200);
    other.get_with(&root).await.ok(200);
    for _ in 0..100 {
        server.advance(1);
        server.sign_in("root").await;
    }
    root.get("/auth/me").await.refused(401, "missing-credentials");
    other.get_with(&root).await.refused(401, "missing-credentials");
}

async fn sessions_end_when_idle_or_old_or_ended(server: TestServer) {
    let root = server.with_root().await;
    let day = 86_400_000;
    for _ in 0..4 {
        server.advance(7 * day - 1);
        root.get("/auth/me").await.ok(200);
    }
    server.advance(2 * day + 4);
    root.get("/auth/me").await.refused(401, "missing-credentials");
    let root = server.sign_in("root").await;
    server.advance(7 * day);
    root.get("/auth/me").await.refused(401, "missing-credentials");

    let (one, two) = (server.sign_in("root").await, server.sign_in("root").await);
    let sessions = one.get("/auth/sessions").await.ok(200);
    let other = sessions.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap()["id"].clone();
    one.delete(&format!("/auth/sessions/{}", other.as_str().unwrap())).await.ok(204);
    two.get("/auth/me").await.refused(401, "missing-credentials");
    let out = one.delete("/auth/sessions/current").await;
    assert_eq!(out.status, 204);
    assert_eq!(out.header("clear-site-data"), "\"cache\", \"storage\"", "cookies of other servers on this host stay");
    assert!(out.header("set-cookie").starts_with("__Host-uptrakit=; Max-Age=0; "));
    one.get("/auth/me").await.refused(401, "missing-credentials");
    server.another().await.get_with(&one).await.refused(401, "missing-credentials");
}

async fn a_session_is_not_idle_at_one_server_while_it_is_used_at_another(server: TestServer) {
    let root = server.with_root().await;
    let other = server.another().await;
    other.get_with(&root).await.ok(200);
    for _ in 0..3 {
        server.advance(4 * 86_400_000);
        root.get("/auth/me").await.ok(200);
        server.app.last_used.flush(&server.app.store, server.app.clock.now(), false).await.unwrap();
    }
    other.get_with(&root).await.ok(200);
}

async fn a_password_change_needs_the_old_one_and_ends_what_is_wished(server: TestServer) {
    let root = server.with_root().await;
    let elsewhere = server.sign_in("root").await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let change = |current: &str, new: &str, all: bool| json!({ "current_password": current, "new_password": new, "end_other_sessions": all, "revoke_tokens": all });
    let new = "eight grey herons at dawn";
    let wrong =
        root.put("/auth/password", change("not the password at all", new, true)).await.refused(422, "invalid-field");
    assert_eq!(wrong["errors"][0]["field"], "current_password");
    let weak =
        root.put("/auth/password", change(PASSWORD, "root@example.org", true)).await.refused(422, "invalid-field");
    assert_eq!(weak["errors"][0]["field"], "new_password");
    server.bearer(&text).get("/auth/me").await.ok(200);
    server
        .bearer(&text)
        .put("/auth/password", change(PASSWORD, new, true))
        .await
        .refused(403, "insufficient-permission");
    root.put("/auth/password", change(PASSWORD, new, true)).await.ok(204);
    root.get("/auth/me").await.ok(200);
    elsewhere.get("/auth/me").await.refused(401, "missing-credentials");
    server.bearer(&text).get("/auth/me").await.refused(401, "token-revoked");
    server.anonymous().post("/auth/sessions", login("root", PASSWORD)).await.refused(401, "wrong-login");
    server.anonymous().post("/auth/sessions", login("root", new)).await.ok(201);
}

async fn older_hashes_are_upgraded_at_the_next_sign_in(server: TestServer) {
    server.with_root().await;
    let params = argon2::Params::new(64, 1, 1, None).unwrap();
    let older = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let hash = argon2::PasswordHasher::hash_password(&older, PASSWORD.as_bytes()).unwrap().to_string();
    let id = uptrakit_core::domain::users::find_by_username(&server.app, "root").await.unwrap();
    let mut tx = server.app.store.begin().await.unwrap();
    uptrakit_store::accounts::update_password(&mut tx, id, &hash).await.unwrap();
    tx.commit().await.unwrap();
    server.sign_in("root").await;
    let mut reader = server.app.store.read().await.unwrap();
    let stored = uptrakit_store::accounts::find(reader.conn(), id).await.unwrap().unwrap().password_hash.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    drop(reader);
    server.sign_in("root").await;
}

async fn a_password_that_was_hashed_as_typed_is_hashed_anew_at_the_next_sign_in(server: TestServer) {
    server.with_root().await;
    let (composed, decomposed) = ("f\u{fc}nfzehn graue Reiher", "fu\u{308}nfzehn graue Reiher");
    let hash =
        argon2::PasswordHasher::hash_password(&argon2::Argon2::default(), decomposed.as_bytes()).unwrap().to_string();
    let id = uptrakit_core::domain::users::find_by_username(&server.app, "root").await.unwrap();
    let mut tx = server.app.store.begin().await.unwrap();
    uptrakit_store::accounts::update_password(&mut tx, id, &hash).await.unwrap();
    tx.commit().await.unwrap();
    let sign_in = async |password| server.anonymous().post("/auth/sessions", login("root", password)).await;
    sign_in(composed).await.refused(401, "wrong-login");
    sign_in(decomposed).await.ok(201);
    sign_in(composed).await.ok(201);
    sign_in(decomposed).await.ok(201);
}

async fn a_chosen_password_is_the_same_in_every_form(server: TestServer) {
    let root = server.with_root().await;
    let (composed, decomposed) = ("f\u{fc}nfzehn graue Reiher", "fu\u{308}nfzehn graue\u{a0}Reiher");
    let change = json!({ "current_password": PASSWORD, "new_password": decomposed });
    root.put("/auth/password", change).await.ok(204);
    server.anonymous().post("/auth/sessions", login("root", composed)).await.ok(201);
    let change = json!({ "current_password": composed, "new_password": "eight grey herons at dawn" });
    root.put("/auth/password", change).await.ok(204);
}

async fn fifty_sign_ins_at_once_hold_up_no_token(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let token = server.bearer(&text);
    let mut sign_ins = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let nobody = server.anonymous();
        sign_ins.spawn(async move { nobody.post("/auth/sessions", login("root", PASSWORD)).await });
    }
    for _ in 0..50 {
        token.get("/auth/me").await.ok(200);
    }
    let (mut done, mut signed_in) = (0, 0);
    while let Some(reply) = sign_ins.try_join_next() {
        let status = reply.unwrap().status.as_u16();
        assert!(matches!(status, 201 | 503));
        done += 1;
        signed_in += usize::from(status == 201);
    }
    assert!(done < 50, "the requests with a token waited for the sign-ins");
    while let Some(reply) = sign_ins.join_next().await {
        let reply = reply.unwrap();
        if reply.status == 201 {
            signed_in += 1;
        } else {
            reply.refused(503, "unavailable");
            assert!(!reply.header("retry-after").is_empty());
        }
    }
    assert!(signed_in > 0, "nobody got in");
}

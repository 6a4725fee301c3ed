//! Contract, sections 2 and 4: API tokens.

use std::task::Poll;

use serde_json::json;
use uptrakit_api::{Timestamp, TokenId};

use crate::support::{START, TestServer, on_both};

fn after(millis: i64) -> String {
    Timestamp(START + millis).to_string()
}

on_both!(
    a_token_is_shown_once_and_accepted,
    the_database_never_has_the_text,
    the_next_request_after_a_revoke_is_refused,
    somebody_elses_token_looks_like_none,
    expiry_refuses_exactly_at_the_instant,
    names_are_unique_among_active_tokens_whatever_their_case,
    a_narrowed_token_has_what_is_in_both_lists,
    me_has_the_permissions_of_the_credential_that_asks,
    a_token_never_mints_edits_or_rotates_into_more_than_it_has,
    what_an_account_has_lost_is_inherited_but_not_asked_for,
    the_end_of_a_token_is_told_to_those_it_turns_away_too,
    a_change_leaves_alone_what_it_does_not_name,
    narrowing_and_roles_take_effect_with_the_commit_on_every_process,
    networks_hold_a_token_to_where_it_belongs,
    the_limit_counts_active_tokens_and_lets_rotation_pass,
    wrong_fields_are_named_and_change_nothing,
    a_question_in_a_refusal_has_one_mark,
    a_search_is_literal,
    last_uses_survive_a_flush_that_is_broken_off,
    last_use_is_written_at_most_once_a_minute_and_never_for_what_was_refused,
    what_is_over_is_kept_for_ninety_days,
    a_lifetime_counts_from_the_servers_clock,
    exactly_the_longest_lifetime_is_accepted,
    a_row_that_can_t_be_read_fails_its_own_token_alone
);

async fn a_token_is_shown_once_and_accepted(server: TestServer) {
    let root = server.with_root().await;
    let created = root.post("/auth/api-tokens", json!({ "name": "  ci-pipeline " })).await;
    let token = created.ok(201);
    let id = token["id"].as_str().unwrap();
    assert_eq!(created.header("location"), format!("/api/v1/auth/api-tokens/{id}"));
    assert_eq!(created.header("cache-control"), "no-store");
    assert_eq!(token["name"], "ci-pipeline");
    assert_eq!(token["state"], "active");
    assert_eq!(token["permissions"], json!(null));
    let text = token["token"].as_str().unwrap();
    assert!(uptrakit_api::TokenSecret::parse(text).is_ok());
    assert_eq!(token["hint"], format!("upk_{}…{}", &text[4..8], &text[36..]));

    let me = server.bearer(text).get("/auth/me").await.ok(200);
    assert_eq!(me["username"], "root");
    assert_eq!(me["token"]["id"], id);
    let again = root.get(&format!("/auth/api-tokens/{id}")).await;
    assert!(!again.text.contains(&text[4..34]));
    assert_eq!(again.ok(200).get("token"), None);
}

async fn the_database_never_has_the_text(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    server.bearer(&text).get("/hosts").await.ok(200);
    if let Some(path) = server.url.strip_prefix("sqlite://") {
        for suffix in ["", "-wal", "-shm"] {
            let bytes = std::fs::read(format!("{path}{suffix}")).unwrap();
            let secret = &text.as_bytes()[4..34];
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "found in {path}{suffix}");
        }
    }
}

async fn the_next_request_after_a_revoke_is_refused(server: TestServer) {
    let root = server.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    let other = server.another().await;
    server.bearer(&text).get("/auth/me").await.ok(200);
    other.bearer(&text).get("/auth/me").await.ok(200);
    let revoked = root.delete(&format!("/auth/api-tokens/{id}")).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(revoked.header("uptrakit-revoked-at"), after(0));
    assert_eq!(revoked.header("uptrakit-cut-off"), "0");
    for client in [server.bearer(&text), other.bearer(&text)] {
        let refused = client.get("/auth/me").await;
        refused.refused(401, "token-revoked");
        assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"uptrakit\", error=\"invalid_token\"");
    }
    assert_eq!(root.delete(&format!("/auth/api-tokens/{id}")).await.status, 204, "twice is as good as once");
    assert_eq!(root.get("/auth/api-tokens").await.ok(200)["total"], 0);
    let listed = root.get("/auth/api-tokens?state=revoked").await.ok(200);
    assert_eq!(listed["items"][0]["state"], "revoked");
    assert_eq!(listed["items"][0]["revoked_at"], after(0));
}

async fn somebody_elses_token_looks_like_none(server: TestServer) {
    let root = server.with_root().await;
    let (id, _) = root.new_token(json!({ "name": "ci" })).await;
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    let unknown: TokenId = uptrakit_core::clock::new_id(Timestamp(START));
    let strip = |text: &str| {
        let mut problem: serde_json::Value = serde_json::from_str(text).unwrap();
        problem["request_id"] = json!("");
        problem
    };
    for suffix in ["", "/rotate", "/overlap"] {
        let of = |id: String| format!("/auth/api-tokens/{id}{suffix}");
        let (theirs, none) = match suffix {
            "/rotate" => {
                (kim.post(&of(id.clone()), json!({})).await, kim.post(&of(unknown.to_string()), json!({})).await)
            }
            _ => (kim.delete(&of(id.clone())).await, kim.delete(&of(unknown.to_string())).await),
        };
        theirs.refused(404, "not-found");
        assert_eq!(strip(&theirs.text), strip(&none.text));
    }
    kim.get(&format!("/auth/api-tokens/{id}")).await.refused(404, "not-found");
    kim.patch(&format!("/auth/api-tokens/{id}"), json!({ "name": "mine" })).await.refused(404, "not-found");
    kim.get("/auth/api-tokens/nonsense").await.refused(404, "not-found");
    assert_eq!(root.get("/auth/api-tokens").await.ok(200)["total"], 1);
}

async fn expiry_refuses_exactly_at_the_instant(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci", "expires_at": "2030-01-01T02:00:00+01:00" })).await;
    server.advance(3_600_000 - 1);
    let last = server.bearer(&text).get("/auth/me").await;
    assert_eq!(last.ok(200)["token"]["expires_at"], after(3_600_000));
    assert_eq!(last.header("uptrakit-token-expires"), after(3_600_000));
    server.advance(1);
    server.bearer(&text).get("/auth/me").await.refused(401, "token-expired");
    assert_eq!(root.get("/auth/api-tokens?state=expired").await.ok(200)["items"][0]["state"], "expired");
    root.post("/auth/api-tokens", json!({ "name": "CI" })).await.ok(201);
}

async fn names_are_unique_among_active_tokens_whatever_their_case(server: TestServer) {
    let root = server.with_root().await;
    let (id, _) = root.new_token(json!({ "name": "Größe" })).await;
    root.post("/auth/api-tokens", json!({ "name": "GRÖSSE" })).await.ok(201);
    root.post("/auth/api-tokens", json!({ "name": "GRÖßE" })).await.refused(409, "name-taken");
    let (other, _) = root.new_token(json!({ "name": "other" })).await;
    root.patch(&format!("/auth/api-tokens/{other}"), json!({ "name": "größe" })).await.refused(409, "name-taken");
    root.patch(&format!("/auth/api-tokens/{other}"), json!({ "name": "Other" })).await.ok(200);
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    root.post("/auth/api-tokens", json!({ "name": "größe" })).await.ok(201);
}

async fn a_narrowed_token_has_what_is_in_both_lists(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci", "permissions": ["hosts:read"] })).await;
    let token = server.bearer(&text);
    token.get("/hosts").await.ok(200);
    let refused = token.post("/hosts/report", crate::support::report("m")).await;
    let problem = refused.refused(403, "insufficient-permission");
    assert!(problem["detail"].as_str().unwrap().contains("hosts:report"));
    assert_eq!(
        refused.header("www-authenticate"),
        "Bearer realm=\"uptrakit\", error=\"insufficient_scope\", scope=\"hosts:report\""
    );
    token.post("/auth/api-tokens", json!({ "name": "more" })).await.refused(403, "insufficient-permission");
}

async fn me_has_the_permissions_of_the_credential_that_asks(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "operator").await;
    let kim = server.sign_in("kim").await;
    let (_, all) = kim.new_token(json!({ "name": "all" })).await;
    let (id, some) = kim.new_token(json!({ "name": "some", "permissions": ["hosts:report", "hosts:read"] })).await;
    let (_, none) = kim.new_token(json!({ "name": "none", "permissions": [] })).await;
    let may = async |client: &crate::support::Client| client.get("/auth/me").await.ok(200)["permissions"].clone();
    let (all, some, none) = (server.bearer(&all), server.bearer(&some), server.bearer(&none));
    let operator = json!(["hosts:read", "hosts:report", "hosts:write", "tokens:write"]);
    assert_eq!((may(&kim).await, may(&all).await), (operator.clone(), operator));
    assert_eq!((may(&some).await, may(&none).await), (json!(["hosts:read", "hosts:report"]), json!([])));
    let kim_id = kim.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    root.patch(&format!("/users/{kim_id}"), json!({ "roles": ["viewer"] })).await.ok(200);
    let viewer = json!(["hosts:read", "tokens:write"]);
    assert_eq!((may(&kim).await, may(&all).await), (viewer.clone(), viewer));
    assert_eq!(may(&some).await, json!(["hosts:read"]));
    kim.patch(&format!("/auth/api-tokens/{id}"), json!({ "permissions": ["tokens:write"] })).await.ok(200);
    assert_eq!(may(&some).await, json!(["tokens:write"]));
}

async fn a_token_never_mints_edits_or_rotates_into_more_than_it_has(server: TestServer) {
    let root = server.with_root().await;
    let (big, _) = root.new_token(json!({ "name": "big" })).await;
    let (own, text) = root
        .new_token(json!({
            "name": "small", "permissions": ["tokens:write", "hosts:read"], "expires_at": after(86_400_000),
            "allowed_networks": ["127.0.0.0/8"]
        }))
        .await;
    let small = server.bearer(&text);
    let refused = |body| {
        let small = small.clone();
        async move {
            small.post("/auth/api-tokens", body).await.refused(403, "insufficient-permission");
        }
    };
    refused(json!({ "name": "x", "permissions": ["hosts:write"] })).await;
    refused(json!({ "name": "x", "expires_at": after(86_400_001) })).await;
    refused(json!({ "name": "x", "allowed_networks": ["126.0.0.0/7"] })).await;
    small.post(&format!("/auth/api-tokens/{big}/rotate"), json!({})).await.refused(403, "insufficient-permission");
    small
        .patch(&format!("/auth/api-tokens/{big}"), json!({ "name": "x" }))
        .await
        .refused(403, "insufficient-permission");
    small
        .patch(&format!("/auth/api-tokens/{own}"), json!({ "permissions": null }))
        .await
        .refused(403, "insufficient-permission");
    small
        .patch(&format!("/auth/api-tokens/{own}"), json!({ "allowed_networks": null }))
        .await
        .refused(403, "insufficient-permission");
    let inherited = small.post("/auth/api-tokens", json!({ "name": "child" })).await.ok(201);
    assert_eq!(inherited["permissions"], json!(["hosts:read", "tokens:write"]));
    assert_eq!(inherited["expires_at"], after(86_400_000));
    assert_eq!(inherited["allowed_networks"], json!(["127.0.0.0/8"]));
    small.post("/auth/api-tokens", json!({ "name": "y", "permissions": ["hosts:read"], "expires_at": after(1_000), "allowed_networks": ["127.0.0.1"] })).await.ok(201);
    small.patch(&format!("/auth/api-tokens/{own}"), json!({ "permissions": ["tokens:write"] })).await.ok(200);
    small.get("/hosts").await.refused(403, "insufficient-permission");
}

async fn what_an_account_has_lost_is_inherited_but_not_asked_for(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("op", "operator").await;
    let op = server.sign_in("op").await;
    let op_id = op.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    let (_, text) = op.new_token(json!({ "name": "reporter", "permissions": ["hosts:report", "tokens:write"] })).await;
    let (wide, _) = op.new_token(json!({ "name": "wide" })).await;
    root.patch(&format!("/users/{op_id}"), json!({ "roles": ["viewer"] })).await.ok(200);
    let (_, child) = server.bearer(&text).new_token(json!({ "name": "child" })).await;
    server
        .bearer(&child)
        .post("/hosts/report", crate::support::report("m"))
        .await
        .refused(403, "insufficient-permission");
    let more = json!({ "name": "more", "permissions": ["hosts:report"] });
    server.bearer(&text).post("/auth/api-tokens", more.clone()).await.refused(403, "insufficient-permission");
    op.post("/auth/api-tokens", more).await.refused(403, "insufficient-permission");
    let wide = format!("/auth/api-tokens/{wide}");
    op.patch(&wide, json!({ "permissions": ["hosts:report"] })).await.refused(403, "insufficient-permission");
    op.patch(&wide, json!({ "permissions": ["hosts:read"] })).await.ok(200);
}

async fn the_end_of_a_token_is_told_to_those_it_turns_away_too(server: TestServer) {
    let root = server.with_root().await;
    let ends = after(86_400_000);
    let (_, text) = root.new_token(json!({ "name": "ci", "permissions": ["hosts:read"], "expires_at": ends })).await;
    let (_, held) =
        root.new_token(json!({ "name": "held", "allowed_networks": ["192.0.2.0/24"], "expires_at": ends })).await;
    let token = server.bearer(&text);
    for reply in
        [token.get("/users").await, token.get("/auth/sessions").await, server.bearer(&held).get("/hosts").await]
    {
        assert_eq!((reply.status.as_u16(), reply.header("uptrakit-token-expires")), (403, ends.as_str()));
    }
}

async fn a_change_leaves_alone_what_it_does_not_name(server: TestServer) {
    let root = server.with_root().await;
    let limits = json!({ "name": "ci", "permissions": ["hosts:read"], "allowed_networks": ["127.0.0.0/8"], "expires_at": after(60_000) });
    let (id, text) = root.new_token(limits).await;
    let path = format!("/auth/api-tokens/{id}");
    let before = root.get(&path).await.ok(200);
    let same = |token: &serde_json::Value, changed: &[&str]| {
        for (field, value) in before.as_object().unwrap() {
            assert!(changed.contains(&field.as_str()) || token[field] == *value, "{field} changed: {token}");
        }
    };
    same(&root.patch(&path, json!({})).await.ok(200), &[]);
    same(&root.patch(&path, json!({ "name": "cd" })).await.ok(200), &["name"]);
    same(&root.patch(&path, json!({ "permissions": [] })).await.ok(200), &["name", "permissions"]);
    same(
        &root.patch(&path, json!({ "allowed_networks": null })).await.ok(200),
        &["name", "permissions", "allowed_networks"],
    );
    for field in ["expires_at", "id", "hint", "state", "token", "created_at", "revoked_at", "account_id", "user_id"] {
        let problem = root.patch(&path, json!({ field: null })).await.refused(422, "invalid-field");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    server.bearer(&text).get("/auth/me").await.ok(200);
    server.bearer(&text).get("/hosts").await.refused(403, "insufficient-permission");
}

async fn narrowing_and_roles_take_effect_with_the_commit_on_every_process(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "operator").await;
    let kim = server.sign_in("kim").await;
    let (id, text) = kim.new_token(json!({ "name": "ci" })).await;
    let other = server.another().await;
    let there = other.bearer(&text);
    let host = there.post("/hosts/report", crate::support::report("m")).await.ok(201)["id"].clone();
    kim.patch(&format!("/auth/api-tokens/{id}"), json!({ "permissions": ["hosts:report"] })).await.ok(200);
    there.get("/hosts").await.refused(403, "insufficient-permission");
    kim.patch(&format!("/auth/api-tokens/{id}"), json!({ "permissions": null })).await.ok(200);
    there.patch(&format!("/hosts/{}", host.as_str().unwrap()), json!({ "friendly_name": "attic" })).await.ok(200);
    let users = root.get("/users").await.ok(200);
    let kim_id =
        users["items"].as_array().unwrap().iter().find(|user| user["username"] == "kim").unwrap()["id"].clone();
    let path = format!("/users/{}", kim_id.as_str().unwrap());
    root.patch(&path, json!({ "roles": ["viewer"] })).await.ok(200);
    there.post("/hosts/report", crate::support::report("m")).await.refused(403, "insufficient-permission");
    there.get("/hosts").await.ok(200);
    root.patch(&path, json!({ "active": false })).await.ok(200);
    there.get("/hosts").await.refused(401, "account-disabled");
    kim.get("/auth/me").await.refused(401, "missing-credentials");
    root.patch(&path, json!({ "active": true })).await.ok(200);
    there.get("/hosts").await.ok(200);
    kim.get("/auth/me").await.refused(401, "missing-credentials");
}

async fn networks_hold_a_token_to_where_it_belongs(server: TestServer) {
    let root = server.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci", "allowed_networks": ["10.0.0.0/8", "127.0.0.2"] })).await;
    server.bearer(&text).get("/auth/me").await.refused(403, "network-not-allowed");
    server.bearer(&text).seen_from("127.0.0.2").get("/auth/me").await.ok(200);
    let spoofed = server.bearer(&text);
    let forwarded = |client: &crate::support::Client| {
        client.request(http::Method::GET, "/auth/me").header("x-forwarded-for", "10.1.2.3")
    };
    spoofed.send(forwarded(&spoofed), axum::body::Body::empty()).await.refused(403, "network-not-allowed");
    let proxied = server.bearer(&text).seen_from("127.0.0.9");
    proxied.send(forwarded(&proxied), axum::body::Body::empty()).await.ok(200);
    root.patch(&format!("/auth/api-tokens/{id}"), json!({ "allowed_networks": null })).await.ok(200);
    server.bearer(&text).get("/auth/me").await.ok(200);
}

async fn the_limit_counts_active_tokens_and_lets_rotation_pass(server: TestServer) {
    let root = server.with_root().await;
    let (first, _) = root.new_token(json!({ "name": "0" })).await;
    for number in 1..100 {
        root.new_token(json!({ "name": number.to_string() })).await;
    }
    root.post("/auth/api-tokens", json!({ "name": "more" })).await.refused(409, "limit-reached");
    root.post(&format!("/auth/api-tokens/{first}/rotate"), json!({})).await.ok(201);
    root.delete(&format!("/auth/api-tokens/{first}")).await.ok(204);
    root.post("/auth/api-tokens", json!({ "name": "more" })).await.ok(201);
    let page = root.get("/auth/api-tokens?per_page=30&page=4&sort=name").await.ok(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 10);
    assert_eq!((page["total"].as_u64(), page["total_pages"].as_u64()), (Some(100), Some(4)));
    assert_eq!(root.get("/auth/api-tokens?page=9").await.ok(200)["items"], json!([]));
}

async fn wrong_fields_are_named_and_change_nothing(server: TestServer) {
    let root = server.with_root().await;
    let long = "x".repeat(65);
    let cases = [
        (json!({}), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": long }), "name"),
        (json!({ "name": "a\u{202e}b" }), "name"),
        (json!({ "name": 7 }), "name"),
        (json!({ "name": "x", "expires_at": "tomorrow" }), "expires_at"),
        (json!({ "name": "x", "expires_at": after(0) }), "expires_at"),
        (json!({ "name": "x", "permissions": ["hosts:fly"] }), "permissions"),
        (json!({ "name": "x", "permissions": "hosts:read" }), "permissions"),
        (json!({ "name": "x", "allowed_networks": ["10.0.0.1/8"] }), "allowed_networks"),
        (json!({ "name": "x", "allowed_networks": [] }), "allowed_networks"),
        (json!({ "name": "x", "user_id": "y" }), "user_id"),
        (json!({ "name": "x", "id": "y" }), "id"),
        (json!({ "name": "x", "hash": "y" }), "hash"),
        (json!({ "name": "x", "token": "y" }), "token"),
        (json!({ "name": "x", "created_at": "y" }), "created_at"),
    ];
    for (body, field) in cases {
        let problem = root.post("/auth/api-tokens", body.clone()).await.refused(422, "invalid-field");
        assert_eq!(problem["errors"][0]["field"], field, "{body}: {problem}");
    }
    for query in
        ["state=lost", "sort=color", "sort=--name", "page=0", "page=x", "per_page=101", "per_page=0", "colour=red"]
    {
        root.get(&format!("/auth/api-tokens?{query}")).await.refused(422, "invalid-field");
    }
    assert_eq!(root.get("/auth/api-tokens?state=all").await.ok(200)["total"], 0);
}

async fn a_question_in_a_refusal_has_one_mark(server: TestServer) {
    let root = server.with_root().await;
    let body = json!({ "name": "x", "allowed_networks": ["10.0.0.1/8"] });
    let problem = root.post("/auth/api-tokens", body).await.refused(422, "invalid-field");
    let detail = "allowed_networks has an entry with bits behind its prefix; did you mean 10.0.0.0/8?";
    assert_eq!(problem["detail"], detail);
}

async fn a_search_is_literal(server: TestServer) {
    let root = server.with_root().await;
    for name in ["100%", "100x", "under_score", "underXscore"] {
        root.new_token(json!({ "name": name })).await;
    }
    let names = |query: &'static str| {
        let root = root.clone();
        async move {
            let page = root.get(&format!("/auth/api-tokens?sort=name&q={query}")).await.ok(200);
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(names("100%25").await, ["100%"]);
    assert_eq!(names("R_S").await, ["under_score"]);
    assert_eq!(names("%25").await, ["100%"]);
}

async fn last_uses_survive_a_flush_that_is_broken_off(server: TestServer) {
    let root = server.with_root().await;
    let mut times_broken_off = 0;
    for attempt in 0..60 {
        let (id, text) = root.new_token(json!({ "name": format!("ci {attempt}") })).await;
        server.bearer(&text).get("/hosts").await.ok(200);
        let now = server.app.clock.now();
        let mut flush = Box::pin(server.app.last_used.flush(&server.app.store, now, false));
        let mut is_written = false;
        for _ in 0..=attempt % 3 {
            // The job that flushes twice a second may have been first, or the database has answered already.
            if let Poll::Ready(written) = futures_util::poll!(&mut flush) {
                written.unwrap();
                is_written = true;
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(flush);
        times_broken_off += u32::from(!is_written);
        server.app.last_used.flush(&server.app.store, now, true).await.unwrap();
        assert!(root.get(&format!("/auth/api-tokens/{id}")).await.ok(200)["last_used_at"].is_string());
        if times_broken_off == 3 {
            return;
        }
    }
    panic!("no flush was broken off three times");
}

async fn last_use_is_written_at_most_once_a_minute_and_never_for_what_was_refused(server: TestServer) {
    let root = server.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci", "permissions": ["hosts:read"] })).await;
    let path = format!("/auth/api-tokens/{id}");
    let flush = async || server.app.last_used.flush(&server.app.store, server.app.clock.now(), false).await.unwrap();
    server
        .bearer(&text)
        .post("/hosts/report", crate::support::report("m"))
        .await
        .refused(403, "insufficient-permission");
    flush().await;
    assert_eq!(root.get(&path).await.ok(200)["last_used_at"], json!(null));
    server.advance(1_000);
    server.bearer(&text).seen_from("127.0.0.3").get("/hosts").await.ok(200);
    flush().await;
    let token = root.get(&path).await.ok(200);
    assert_eq!(
        (token["last_used_at"].as_str(), token["last_used_ip"].as_str()),
        (Some(after(1_000).as_str()), Some("127.0.0.3"))
    );
    server.advance(59_000);
    server.bearer(&text).get("/hosts").await.ok(200);
    flush().await;
    assert_eq!(root.get(&path).await.ok(200)["last_used_at"], after(1_000));
    server.advance(1_000);
    flush().await;
    let token = root.get(&path).await.ok(200);
    assert_eq!(
        (token["last_used_at"].as_str(), token["last_used_ip"].as_str()),
        (Some(after(60_000).as_str()), Some("127.0.0.1"))
    );
    server.advance(1_000);
    server.bearer(&text).get("/hosts").await.ok(200);
    server.app.last_used.flush(&server.app.store, server.app.clock.now(), true).await.unwrap();
    assert_eq!(root.get(&path).await.ok(200)["last_used_at"], after(62_000), "a stop writes everything");
}

async fn what_is_over_is_kept_for_ninety_days(server: TestServer) {
    let root = server.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    let day = 86_400_000;
    let root = {
        server.advance(90 * day);
        server.sign_in("root").await
    };
    uptrakit_core::jobs::clean_once(&server.app).await.unwrap();
    assert_eq!(root.get("/auth/api-tokens?state=all").await.ok(200)["total"], 1);
    server.advance(1);
    uptrakit_core::jobs::clean_once(&server.app).await.unwrap();
    assert_eq!(root.get("/auth/api-tokens?state=all").await.ok(200)["total"], 0);
    server.another().await.bearer(&text).get("/auth/me").await.refused(401, "invalid-token");
}

async fn a_lifetime_counts_from_the_servers_clock(server: TestServer) {
    let root = server.with_root().await;
    server.advance(123_456);
    let token = root.post("/auth/api-tokens", json!({ "name": "ci", "expires_in_seconds": 7_776_000 })).await.ok(201);
    assert_eq!(token["created_at"], after(123_456));
    assert_eq!(token["expires_at"], after(123_456 + 7_776_000_000));
    let text = token["token"].as_str().unwrap();
    let child = json!({ "name": "child", "expires_in_seconds": 7_776_000 });
    server.bearer(text).post("/auth/api-tokens", child.clone()).await.ok(201);
    server.advance(1);
    server.bearer(text).post("/auth/api-tokens", child).await.refused(403, "insufficient-permission");
    let both = json!({ "name": "b", "expires_in_seconds": 60, "expires_at": "2031-01-01T00:00:00Z" });
    let problem = root.post("/auth/api-tokens", both).await.refused(422, "invalid-field");
    assert_eq!(problem["errors"][0]["field"], "expires_in_seconds");
    for wrong in [0, -1, i64::MIN, i64::MAX, 253_402_300_800] {
        let body = json!({ "name": "w", "expires_in_seconds": wrong });
        let problem = root.post("/auth/api-tokens", body).await.refused(422, "invalid-field");
        assert_eq!(problem["errors"][0]["field"], "expires_in_seconds", "{wrong}");
    }
    for wrong in [json!("60"), json!(1.5)] {
        root.post("/auth/api-tokens", json!({ "name": "w", "expires_in_seconds": wrong }))
            .await
            .refused(422, "invalid-field");
    }
    let endless = root.post("/auth/api-tokens", json!({ "name": "endless", "expires_in_seconds": null })).await.ok(201);
    assert_eq!(endless["expires_at"], json!(null));
}

async fn exactly_the_longest_lifetime_is_accepted(server: TestServer) {
    server.add_user("root", "administrator").await;
    let server = server.another_with_longest_lifetime(30).await;
    let root = server.sign_in("root").await;
    let create = async |seconds: i64| {
        root.post("/auth/api-tokens", json!({ "name": format!("t{seconds}"), "expires_in_seconds": seconds })).await
    };
    assert_eq!(create(30 * 86_400).await.ok(201)["expires_at"], after(30 * 86_400_000));
    let problem = create(30 * 86_400 + 1).await.refused(422, "invalid-field");
    assert_eq!(problem["errors"][0]["message"], "must be at most 30 days; the administrator has set that");
    let inherited = root.post("/auth/api-tokens", json!({ "name": "no end asked" })).await.ok(201);
    assert_eq!(inherited["expires_at"], after(30 * 86_400_000));
}

/// A newer version that serves the same database may know a permission that this one does not.
async fn a_row_that_can_t_be_read_fails_its_own_token_alone(server: TestServer) {
    let root = server.with_root().await;
    let mut tokens = Vec::new();
    for number in 0..8 {
        tokens.push(root.new_token(json!({ "name": format!("ci-{number}") })).await.1);
    }
    server.sql("UPDATE api_tokens SET permissions = 'hosts:read hosts:paint' WHERE name = 'ci-3'").await;
    // This server has read none of them yet, and looks them up together.
    let other = server.another().await;
    let clients: Vec<_> = tokens.iter().map(|token| other.bearer(token)).collect();
    let replies = futures_util::future::join_all(clients.iter().map(|client| client.get("/auth/me"))).await;
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 200, 503, 200, 200, 200, 200]);
    root.get("/auth/me").await.ok(200);
}

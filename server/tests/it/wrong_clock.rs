//! Contract, section 2: what was stored while a clock was ahead blocks nothing and keeps nothing valid once the clock
//! is right, and a clock that has leapt ahead removes nothing.

use serde_json::json;
use uptrakit_core::jobs::{Removed, clean_if_believed, mend_overlaps};

use crate::{
    oauth_devices,
    support::{
        PASSWORD, TestServer, cookie_of,
        oauth::{REDIRECT, approve, begin, connect, exchange, oauth_error, refresh, register, rpc, use_at_mcp},
        on_both,
    },
};

const DAY: i64 = 86_400_000;
const YEAR: i64 = 365 * DAY;

impl TestServer {
    async fn flush(&self) {
        self.app.last_used.flush(&self.app.store, self.app.clock.now(), true).await.unwrap();
    }

    async fn clean(&self) -> Option<Removed> {
        clean_if_believed(&self.app).await.unwrap()
    }

    fn now(&self) -> String {
        self.app.clock.now().to_string()
    }
}

on_both!(
    a_use_replaces_one_from_the_future,
    a_use_that_is_written_late_does_not_replace_a_later_one,
    limits_of_sessions_from_the_future_count_from_now,
    sessions_from_the_future_make_room_for_true_ones,
    an_overlap_from_the_future_lasts_as_long_as_was_asked_for,
    an_overlap_from_the_future_that_was_used_ends_before_any_cleaning_and_stays_ended,
    an_overlap_from_the_future_does_not_begin_again_in_another_process,
    a_rotation_in_the_future_does_not_hold_up_the_next,
    an_invitation_from_the_future_ends_a_week_from_now,
    revoking_all_tokens_holds_for_those_that_a_clock_ahead_takes_for_expired,
    what_an_application_got_from_a_clock_ahead_is_over_before_any_cleaning_and_stays_over,
    a_clock_that_has_leapt_removes_nothing_for_a_day,
    the_first_start_of_all_with_a_clock_far_ahead_removes_nothing,
    an_export_has_the_events_that_a_clock_ahead_noted,
    events_that_a_clock_ahead_noted_hide_no_later_ones
);

async fn a_use_replaces_one_from_the_future(server: TestServer) {
    let root = server.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    let (other_id, other_text) = root.new_token(json!({ "name": "other" })).await;
    let path = |id: &str| format!("/auth/api-tokens/{id}");
    server.advance(YEAR);
    for text in [&text, &other_text] {
        server.bearer(text).get("/auth/me").await.ok(200);
    }
    server.flush().await;
    server.advance(-YEAR);
    // This process knows the wrong use from its memory, the other one from the database.
    server.bearer(&text).seen_from("127.0.0.3").get("/auth/me").await.ok(200);
    server.flush().await;
    let token = root.get(&path(&id)).await.ok(200);
    assert_eq!((&token["last_used_at"], &token["last_used_ip"]), (&json!(server.now()), &json!("127.0.0.3")));
    let other = server.another().await;
    other.bearer(&other_text).seen_from("127.0.0.4").get("/auth/me").await.ok(200);
    other.flush().await;
    let token = root.get(&path(&other_id)).await.ok(200);
    assert_eq!((&token["last_used_at"], &token["last_used_ip"]), (&json!(server.now()), &json!("127.0.0.4")));
}

async fn a_use_that_is_written_late_does_not_replace_a_later_one(server: TestServer) {
    let root = server.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    let token = async || root.get(&format!("/auth/api-tokens/{id}")).await.ok(200);
    server.bearer(&text).get("/auth/me").await.ok(200);
    server.flush().await;
    server.advance(1_000);
    // The use is held back for a minute, in which another server writes a later use.
    server.bearer(&text).get("/auth/me").await.ok(200);
    let later = server.app.clock.now().plus_millis(240_000);
    server.sql(&format!("UPDATE api_tokens SET last_used_at = {}, last_used_ip = '127.0.0.4'", later.0)).await;
    server.advance(241_000);
    server.flush().await;
    assert_eq!(
        (&token().await["last_used_at"], &token().await["last_used_ip"]),
        (&json!(later.to_string()), &json!("127.0.0.4"))
    );
}

async fn limits_of_sessions_from_the_future_count_from_now(server: TestServer) {
    server.with_root().await;
    let other = server.another().await;
    server.advance(YEAR);
    let (used, unused) = (server.sign_in("root").await, server.sign_in("root").await);
    other.get_with(&used).await.ok(200);
    server.advance(-YEAR);
    used.get("/auth/me").await.ok(200);
    other.get_with(&unused).await.ok(200);
    for server in [&server, &other] {
        server.flush().await;
    }
    assert!(server.clean().await.is_some());
    for day in 1..30 {
        server.advance(DAY);
        used.get("/auth/me").await.ok(200);
        other.get_with(&used).await.ok(200);
        if day == 7 {
            unused.get("/auth/me").await.refused(401, "missing-credentials");
        }
    }
    server.advance(DAY);
    used.get("/auth/me").await.refused(401, "missing-credentials");
    other.get_with(&used).await.refused(401, "missing-credentials");
}

async fn sessions_from_the_future_make_room_for_true_ones(server: TestServer) {
    server.with_root().await;
    server.advance(YEAR);
    for _ in 0..100 {
        server.sign_in("root").await;
    }
    server.advance(-YEAR);
    let (one, two) = (server.sign_in("root").await, server.sign_in("root").await);
    one.get("/auth/me").await.ok(200);
    two.get("/auth/me").await.ok(200);
}

async fn an_overlap_from_the_future_lasts_as_long_as_was_asked_for(server: TestServer) {
    let root = server.with_root().await;
    let (id, old) = root.new_token(json!({ "name": "ci" })).await;
    server.advance(YEAR);
    let root = server.sign_in("root").await;
    let rotate = format!("/auth/api-tokens/{id}/rotate");
    let new =
        root.post(&rotate, json!({ "overlap_seconds": 3_600 })).await.ok(201)["token"].as_str().unwrap().to_owned();
    server.advance(-YEAR);
    let other = server.another().await;
    let (old, new) = (server.bearer(&old), server.bearer(&new));
    other.get_with(&old).await.ok(200);
    assert!(server.clean().await.is_some());
    server.advance(3_599_999);
    old.get("/auth/me").await.ok(200);
    other.get_with(&old).await.ok(200);
    server.advance(1);
    old.get("/auth/me").await.refused(401, "token-revoked");
    other.get_with(&old).await.refused(401, "token-revoked");
    new.get("/auth/me").await.ok(200);
}

async fn an_overlap_from_the_future_that_was_used_ends_before_any_cleaning_and_stays_ended(server: TestServer) {
    let root = server.with_root().await;
    let (id, old) = root.new_token(json!({ "name": "ci" })).await;
    server.advance(YEAR);
    let ahead = server.sign_in("root").await;
    let rotate = format!("/auth/api-tokens/{id}/rotate");
    let new = ahead.post(&rotate, json!({ "overlap_seconds": 60 })).await.ok(201)["token"].as_str().unwrap().to_owned();
    // This process knows the old secret from when the clock was ahead, the other one from the database.
    let other = server.another().await;
    let (old, new) = (server.bearer(&old), server.bearer(&new));
    old.get("/auth/me").await.ok(200);
    server.advance(-YEAR);
    let end = server.app.clock.now().plus_millis(60_000).to_string();
    for reply in [old.get("/auth/me").await, other.get_with(&old).await] {
        reply.ok(200);
        assert_eq!(reply.header("uptrakit-token-expires"), end);
    }
    let shown = root.get(&format!("/auth/api-tokens/{id}")).await.ok(200);
    assert_eq!(shown["rotation"]["overlap_ends_at"], end);
    server.advance(59_999);
    // The account changes, so that both servers read its tokens again.
    let (spare, _) = root.new_token(json!({ "name": "spare" })).await;
    root.delete(&format!("/auth/api-tokens/{spare}")).await.ok(204);
    old.get("/auth/me").await.ok(200);
    other.get_with(&old).await.ok(200);
    server.advance(1);
    old.get("/auth/me").await.refused(401, "token-revoked");
    other.get_with(&old).await.refused(401, "token-revoked");
    assert!(server.clean().await.is_some());
    for reply in [old.get("/auth/me").await, other.get_with(&old).await] {
        reply.refused(401, "token-revoked");
    }
    new.get("/auth/me").await.ok(200);
}

async fn an_overlap_from_the_future_does_not_begin_again_in_another_process(server: TestServer) {
    let root = server.with_root().await;
    let (id, old) = root.new_token(json!({ "name": "ci" })).await;
    server.advance(YEAR);
    let rotate = format!("/auth/api-tokens/{id}/rotate");
    let ahead = server.sign_in("root").await;
    ahead.post(&rotate, json!({ "overlap_seconds": 60 })).await.ok(201);
    server.advance(-YEAR);
    let old = server.bearer(&old);
    old.get("/auth/me").await.ok(200);
    // A task does this twice a second.
    mend_overlaps(&server.app).await.unwrap();
    old.get("/auth/me").await.ok(200);
    server.advance(30_000);
    server.another().await.get_with(&old).await.ok(200);
    server.advance(30_000);
    old.get("/auth/me").await.refused(401, "token-revoked");
    server.another().await.get_with(&old).await.refused(401, "token-revoked");
}

async fn a_rotation_in_the_future_does_not_hold_up_the_next(server: TestServer) {
    let root = server.with_root().await;
    let (id, _) = root.new_token(json!({ "name": "ci" })).await;
    let rotate = format!("/auth/api-tokens/{id}/rotate");
    server.advance(YEAR);
    server.sign_in("root").await.post(&rotate, json!({})).await.ok(201);
    server.advance(-YEAR);
    let text = root.post(&rotate, json!({})).await.ok(201)["token"].as_str().unwrap().to_owned();
    server.bearer(&text).get("/auth/me").await.ok(200);
}

async fn an_invitation_from_the_future_ends_a_week_from_now(server: TestServer) {
    let root = server.with_root().await;
    server.advance(YEAR);
    let invite = async |name: &str| {
        let root = server.sign_in("root").await;
        let person = json!({ "username": name, "email": format!("{name}@example.org"), "roles": ["viewer"] });
        let url = root.post("/users", person).await.ok(201)["invite_url"].as_str().unwrap().to_owned();
        url.rsplit_once("code=").unwrap().1.to_owned()
    };
    let codes = [invite("kim").await, invite("lou").await];
    server.advance(-YEAR);
    assert!(server.clean().await.is_some());
    let accept = async |code: &str| {
        let body = json!({ "request": { "code": code, "username": "", "email": "", "password": PASSWORD } });
        let request = server.anonymous().request(http::Method::POST, "/rpc/set_up");
        let request = request.header("content-type", "application/json").header("sec-fetch-site", "same-origin");
        server.anonymous().send(request, body.to_string()).await
    };
    server.advance(7 * DAY - 1);
    let reply = accept(&codes[0]).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    server.cookie(cookie_of(&reply)).get("/auth/me").await.ok(200);
    server.advance(1);
    accept(&codes[1]).await.refused(404, "not-found");
    root.get("/users").await.refused(401, "missing-credentials");
}

async fn revoking_all_tokens_holds_for_those_that_a_clock_ahead_takes_for_expired(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci", "expires_in_seconds": 86_400 })).await;
    server.advance(YEAR);
    let root = server.sign_in("root").await;
    server.bearer(&text).get("/auth/me").await.refused(401, "token-expired");
    let change =
        json!({ "current_password": PASSWORD, "new_password": "eight grey herons at dawn", "revoke_tokens": true });
    root.put("/auth/password", change).await.ok(204);
    server.advance(-YEAR);
    server.bearer(&text).get("/auth/me").await.refused(401, "token-revoked");
}

async fn what_an_application_got_from_a_clock_ahead_is_over_before_any_cleaning_and_stays_over(server: TestServer) {
    server.with_root().await;
    let anonymous = server.anonymous();
    for ahead in [2 * 3_600_000, YEAR] {
        server.advance(ahead);
        let root = server.sign_in("root").await;
        let (used, renewed) =
            (connect(&server, &root, &["hosts:read"]).await, connect(&server, &root, &["hosts:read"]).await);
        assert_eq!(use_at_mcp(&server, &used.access).await.status, 200);
        let application = register(&server, "Later", REDIRECT).await;
        let id = application.client_id.as_str();
        let request = begin(&server, id, &[]).await;
        let code = approve(&root, &request, &["hosts:read"]).await;
        let open_request = begin(&server, id, &[]).await;
        let device = oauth_devices::begin(&anonymous, id, &[]).await;
        server.advance(-ahead);
        let root = server.sign_in("root").await;
        let other = server.another().await;
        let all_are_over = async || {
            for there in [&server, &other] {
                use_at_mcp(there, &used.access).await.refused(401, "token-expired");
            }
            oauth_error(&refresh(&anonymous, &renewed.client_id, &renewed.refresh, &[]).await, 400, "invalid_grant");
            oauth_error(&exchange(&anonymous, id, &code, &[]).await, 400, "invalid_grant");
            oauth_error(&oauth_devices::ask(&anonymous, id, &device).await, 400, "expired_token");
        };
        all_are_over().await;
        let opened = rpc(&root, "open_consent", json!({ "request": open_request })).await;
        assert!((400..500).contains(&opened.status.as_u16()), "{}", opened.text);
        // Nothing comes to life when its time has come, once it was cleaned.
        assert!(server.clean().await.is_some());
        other.app.verifier.catch_up().await.unwrap();
        assert_eq!(root.get("/auth/applications").await.ok(200)["total"], 0);
        server.advance(ahead + 60_000);
        for there in [&server, &other] {
            assert_eq!(use_at_mcp(there, &used.access).await.status, 401);
        }
        oauth_error(&refresh(&anonymous, &renewed.client_id, &renewed.refresh, &[]).await, 400, "invalid_grant");
        oauth_error(&exchange(&anonymous, id, &code, &[]).await, 400, "invalid_grant");
        server.advance(-ahead - 60_000);
    }
}

async fn a_clock_that_has_leapt_removes_nothing_for_a_day(server: TestServer) {
    let root = server.with_root().await;
    let (id, _) = root.new_token(json!({ "name": "ci" })).await;
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    let session = server.sign_in("root").await;
    assert_eq!(server.clean().await, Some(Removed::default()));
    server.advance(400 * DAY);
    // Neither later events nor a restart of the server makes the clock any better.
    let ahead = server.sign_in("root").await;
    ahead.post("/hosts/report", crate::support::report("m")).await.ok(201);
    assert_eq!(server.clean().await, None);
    server.advance(DAY - 1);
    assert_eq!(server.another().await.clean().await, None);
    assert_eq!(ahead.get("/auth/api-tokens?state=all").await.ok(200)["total"], 1);
    server.advance(-400 * DAY);
    session.get("/auth/me").await.ok(200);
    assert_eq!(server.clean().await, Some(Removed::default()));
    server.advance(400 * DAY);
    assert_eq!(server.clean().await, None);
    server.advance(DAY);
    let removed = server.clean().await.expect("the clock has gone on for a day");
    assert_eq!(
        (removed.tokens, removed.sessions),
        (1, 3),
        "the session from the future began when the clock was right"
    );
}

async fn the_first_start_of_all_with_a_clock_far_ahead_removes_nothing(server: TestServer) {
    let root = server.with_root().await;
    let (id, _) = root.new_token(json!({ "name": "ci" })).await;
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    // A version that did not know these columns left them like this.
    server.sql("UPDATE readiness SET settled_at = NULL, unsettled_since = NULL").await;
    server.advance(400 * DAY);
    let other = server.another().await;
    server.sign_in("root").await;
    assert_eq!(other.clean().await, None);
}

async fn events_that_a_clock_ahead_noted_hide_no_later_ones(server: TestServer) {
    let root = server.with_root().await;
    server.advance(YEAR);
    server.sign_in("root").await.new_token(json!({ "name": "ahead" })).await;
    server.advance(-YEAR);
    root.new_token(json!({ "name": "now" })).await;
    // Somebody's own events do not include the creation of the account.
    for (path, total) in [("/audit", 5), ("/auth/me/audit", 4)] {
        let all = root.get(path).await.ok(200);
        assert_eq!(all["total"], total, "{path}");
        let at = |index: usize| all["items"][index]["at"].as_str().unwrap().to_owned();
        let is_later = |index: usize| at(index) > server.now();
        assert!(!(0..total - 2).any(is_later) && (total - 2..total).all(is_later), "the future comes last: {all}");
        for page in 1..=total {
            let one = root.get(&format!("{path}?per_page=1&page={page}")).await.ok(200);
            assert_eq!((&one["items"][0], &one["total"]), (&all["items"][page - 1], &all["total"]));
        }
        let since = root.get(&format!("{path}?since={}", at(total - 1))).await.ok(200);
        assert_eq!(since["total"], 2, "{path}");
    }
}

async fn an_export_has_the_events_that_a_clock_ahead_noted(server: TestServer) {
    let root = server.with_root().await;
    server.advance(YEAR);
    server.sign_in("root").await.new_token(json!({ "name": "ahead" })).await;
    server.advance(-YEAR);
    let text = root.get("/audit/export?action=token.create").await.text;
    assert_eq!(text.lines().count(), 1, "{text}");
}

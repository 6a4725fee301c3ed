//! OAUTH.md, section 4: what a code is worth, and for whom.

use serde_json::json;

use crate::support::{
    TestServer,
    oauth::{
        API, COMMAND_LINE, REDIRECT, approve, begin, connect, exchange, mcp, oauth_error, post_form, register, text,
        use_at_mcp,
    },
    on_both,
};

on_both!(
    a_code_gives_tokens_and_a_refresh_token_whatever_was_asked,
    a_code_works_once_and_a_retry_within_ten_seconds_changes_nothing,
    a_code_used_again_later_revokes_what_came_of_it,
    a_used_code_stays_known_for_a_day,
    of_two_uses_at_once_one_wins,
    a_wrong_verifier_redirect_client_or_resource_does_not_burn_the_code,
    a_code_ends_after_a_minute,
    an_unknown_application_is_invalid_client,
    a_request_that_is_no_form_or_has_a_parameter_twice_is_invalid,
    a_deactivated_account_s_code_is_worth_nothing,
    an_application_asks_for_tokens_sixty_times_a_minute,
    an_outage_is_told_in_the_form_of_oauth
);

async fn an_outage_is_told_in_the_form_of_oauth(server: TestServer) {
    server.app.store.close().await;
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/device_authorization"] {
        let reply = post_form(&server.anonymous(), path, &[("client_id", COMMAND_LINE)]).await;
        oauth_error(&reply, 503, "temporarily_unavailable");
        assert_eq!(reply.header("retry-after"), "2", "{path}");
    }
}

async fn a_code_gives_tokens_and_a_refresh_token_whatever_was_asked(server: TestServer) {
    let root = server.with_root().await;
    let application = register(&server, "Test client", REDIRECT).await;
    let request = begin(&server, &application.client_id, &[("scope", "hosts:read+offline_access")]).await;
    let code = approve(&root, &request, &["hosts:read", "hosts:write"]).await;
    assert!(code.starts_with("upc_") && code.len() == 40);
    let reply = exchange(&server.anonymous(), &application.client_id, &code, &[("redirect_uri", REDIRECT)]).await;
    let answer = reply.ok(200);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 900);
    assert_eq!(answer["scope"], "hosts:read hosts:write", "the answer tells what was granted");
    let (access, refresh) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    assert!(access.starts_with("upo_") && refresh.starts_with("upr_"));
    let used = use_at_mcp(&server, &access).await;
    assert_eq!((used.status.as_u16(), used.text.as_str()), (200, "hosts:read hosts:write"));
    assert_eq!(used.header("uptrakit-token-expires"), "2030-01-01T00:15:00.000Z");
}

async fn a_code_works_once_and_a_retry_within_ten_seconds_changes_nothing(server: TestServer) {
    let root = server.with_root().await;
    let application = register(&server, "Test client", REDIRECT).await;
    let request = begin(&server, &application.client_id, &[]).await;
    let code = approve(&root, &request, &["hosts:read"]).await;
    let anonymous = server.anonymous();
    let answer = exchange(&anonymous, &application.client_id, &code, &[]).await.ok(200);
    server.advance(10_000);
    oauth_error(&exchange(&anonymous, &application.client_id, &code, &[]).await, 400, "invalid_grant");
    assert_eq!(use_at_mcp(&server, &text(&answer, "access_token")).await.status, 200, "a retry is no theft");
}

async fn a_code_used_again_later_revokes_what_came_of_it(server: TestServer) {
    let (root, other) = (server.with_root().await, server.another().await);
    let application = register(&server, "Test client", REDIRECT).await;
    let request = begin(&server, &application.client_id, &[]).await;
    let code = approve(&root, &request, &["hosts:read"]).await;
    let anonymous = server.anonymous();
    let access = text(&exchange(&anonymous, &application.client_id, &code, &[]).await.ok(200), "access_token");
    assert_eq!(use_at_mcp(&other, &access).await.status, 200);
    let request = begin(&server, COMMAND_LINE, &[("resource", API)]).await;
    let cli_code = approve(&root, &request, &["hosts:read"]).await;
    let token = text(&exchange(&anonymous, COMMAND_LINE, &cli_code, &[]).await.ok(200), "access_token");
    server.bearer(&token).get("/hosts").await.ok(200);
    server.advance(10_001);
    let foreign = register(&server, "Another", REDIRECT).await;
    oauth_error(&exchange(&anonymous, &foreign.client_id, &code, &[]).await, 400, "invalid_grant");
    assert_eq!(use_at_mcp(&other, &access).await.status, 200, "another application ends nothing");
    oauth_error(&exchange(&anonymous, &application.client_id, &code, &[]).await, 400, "invalid_grant");
    for server in [&server, &other] {
        use_at_mcp(server, &access).await.refused(401, "token-revoked");
    }
    oauth_error(&exchange(&anonymous, COMMAND_LINE, &cli_code, &[]).await, 400, "invalid_grant");
    server.bearer(&token).get("/hosts").await.refused(401, "token-revoked");
    let told = root.get("/audit?action=code.replayed").await.ok(200);
    assert_eq!((&told["total"], &told["items"][0]["outcome"]), (&json!(2), &json!("refused")));
}

async fn a_used_code_stays_known_for_a_day(server: TestServer) {
    let root = server.with_root().await;
    let request = begin(&server, COMMAND_LINE, &[("resource", API)]).await;
    let code = approve(&root, &request, &["hosts:read"]).await;
    let anonymous = server.anonymous();
    let token = text(&exchange(&anonymous, COMMAND_LINE, &code, &[]).await.ok(200), "access_token");
    server.advance(86_400_000);
    uptrakit_core::jobs::clean_once(&server.app).await.unwrap();
    oauth_error(&exchange(&anonymous, COMMAND_LINE, &code, &[]).await, 400, "invalid_grant");
    server.bearer(&token).get("/hosts").await.refused(401, "token-revoked");
}

async fn of_two_uses_at_once_one_wins(server: TestServer) {
    let (root, other) = (server.with_root().await, server.another().await);
    let application = register(&server, "Test client", REDIRECT).await;
    for _ in 0..10 {
        let request = begin(&server, &application.client_id, &[]).await;
        let code = approve(&root, &request, &["hosts:read"]).await;
        let (here, there) = (server.anonymous(), other.anonymous());
        let id = application.client_id.as_str();
        let uses = [(&here, &code), (&there, &code), (&here, &code), (&there, &code)];
        let replies = futures_util::future::join_all(uses.map(|(client, code)| exchange(client, id, code, &[]))).await;
        let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
        assert_eq!(won.len(), 1);
        for reply in lost {
            oauth_error(reply, 400, "invalid_grant");
        }
        assert_eq!(use_at_mcp(&other, &text(&won[0].json(), "access_token")).await.status, 200);
        server.advance(3_000);
    }
}

async fn a_wrong_verifier_redirect_client_or_resource_does_not_burn_the_code(server: TestServer) {
    let root = server.with_root().await;
    let application = register(&server, "Test client", REDIRECT).await;
    let foreign = register(&server, "Another", REDIRECT).await;
    let request = begin(&server, &application.client_id, &[]).await;
    let code = approve(&root, &request, &["hosts:read"]).await;
    let (anonymous, wrong) = (server.anonymous(), "x".repeat(43));
    let id = application.client_id.as_str();
    for (changes, error) in [
        (&[("code_verifier", wrong.as_str())][..], "invalid_grant"),
        (&[("redirect_uri", "https://example.org/other")], "invalid_grant"),
        (&[("client_id", &foreign.client_id)], "invalid_grant"),
        (&[("resource", API)], "invalid_target"),
        (&[("resource", "https://evil.example/mcp")], "invalid_target"),
        (&[("resource", "https://up.example.org"), ("resource", "https://evil.example")], "invalid_target"),
        (&[("code_verifier", "")], "invalid_request"),
        (&[("grant_type", "password")], "unsupported_grant_type"),
        (&[("code", &code[..39])], "invalid_grant"),
    ] {
        oauth_error(&exchange(&anonymous, id, &code, changes).await, 400, error);
    }
    let twice = [("resource", "https://up.example.org"), ("resource", "https://UP.example.org/mcp/")];
    exchange(&anonymous, id, &code, &twice).await.ok(200);
}

async fn a_code_ends_after_a_minute(server: TestServer) {
    let root = server.with_root().await;
    let application = register(&server, "Test client", REDIRECT).await;
    for (millis, status) in [(59_999, 200), (60_000, 400)] {
        let request = begin(&server, &application.client_id, &[]).await;
        let code = approve(&root, &request, &["hosts:read"]).await;
        server.advance(millis);
        let reply = exchange(&server.anonymous(), &application.client_id, &code, &[]).await;
        assert_eq!(reply.status, status, "{}", reply.text);
    }
}

async fn an_unknown_application_is_invalid_client(server: TestServer) {
    let anonymous = server.anonymous();
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/device_authorization"] {
        let parameters = [("client_id", "nobody"), ("token", "upr_x"), ("grant_type", "refresh_token")];
        oauth_error(&post_form(&anonymous, path, &parameters).await, 401, "invalid_client");
        oauth_error(&post_form(&anonymous, path, &[("token", "x")]).await, 400, "invalid_request");
        oauth_error(&post_form(&anonymous, path, &[("client_id", "a\0b")]).await, 401, "invalid_client");
    }
}

async fn a_request_that_is_no_form_or_has_a_parameter_twice_is_invalid(server: TestServer) {
    let anonymous = server.anonymous();
    let twice = [("client_id", COMMAND_LINE), ("grant_type", "refresh_token"), ("grant_type", "refresh_token")];
    oauth_error(&post_form(&anonymous, "/oauth/token", &twice).await, 400, "invalid_request");
    let reply = anonymous.post("//oauth/token", json!({ "client_id": COMMAND_LINE })).await;
    oauth_error(&reply, 400, "invalid_request");
    // Names are compared in time that grows with their number: this would take minutes if each were compared with all.
    let many: Vec<(String, String)> = (0..120_000).map(|number| (format!("{number:x}"), String::new())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    oauth_error(&post_form(&anonymous, "/oauth/token", &many).await, 400, "invalid_request");
    let large = "x".repeat(1_000_001);
    oauth_error(&post_form(&anonymous, "/oauth/token", &[("code", &large)]).await, 413, "invalid_request");
}

async fn a_deactivated_account_s_code_is_worth_nothing(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    let application = register(&server, "Test client", REDIRECT).await;
    let request = begin(&server, &application.client_id, &[]).await;
    let code = approve(&kim, &request, &["hosts:read"]).await;
    let id = text(&kim.get("/auth/me").await.ok(200), "id");
    root.patch(&format!("/users/{id}"), json!({ "active": false })).await.ok(200);
    let reply = exchange(&server.anonymous(), &application.client_id, &code, &[]).await;
    oauth_error(&reply, 400, "invalid_grant");
}

async fn an_application_asks_for_tokens_sixty_times_a_minute(server: TestServer) {
    let root = server.with_root().await;
    let connected = connect(&server, &root, &["hosts:read"]).await;
    let (here, elsewhere) = (server.anonymous().seen_from("203.0.113.1"), server.anonymous().seen_from("203.0.113.2"));
    let ask = async |client: &crate::support::Client| {
        post_form(client, "/oauth/token", &[("client_id", &connected.client_id), ("grant_type", "x")]).await
    };
    for _ in 0..60 {
        oauth_error(&ask(&here).await, 400, "unsupported_grant_type");
    }
    let refused = ask(&here).await;
    oauth_error(&refused, 429, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    oauth_error(&ask(&elsewhere).await, 400, "unsupported_grant_type");
    server.advance(1_000);
    oauth_error(&ask(&here).await, 400, "unsupported_grant_type");
    let stream = server.bearer(&connected.access).through(mcp(&server)).get("//mcp").await;
    assert_eq!(stream.status, 200);
}

//! OAUTH.md, section 4: refresh tokens, their successors, and what a stolen one is worth.

use serde_json::json;

use crate::support::{
    Client, TestServer,
    oauth::{Connected, connect, connect_again, mistyped, oauth_error, refresh, text, use_at_mcp},
    on_both,
};

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

on_both!(
    each_refresh_gives_a_new_pair,
    a_lost_answer_is_given_again_while_the_successor_is_unused,
    a_token_used_after_its_successor_ends_the_grant_everywhere,
    a_token_used_again_after_half_a_minute_ends_the_grant,
    a_narrower_scope_narrows_that_access_token_alone_and_a_wider_one_changes_nothing,
    a_grant_ends_after_30_days_without_use_and_after_90_in_all,
    a_storm_of_refreshes_from_two_addresses_loses_nobody_the_grant,
    another_application_can_not_use_a_refresh_token,
    a_deactivated_account_refreshes_nothing_and_its_grants_come_back
);

pub async fn renew(client: &Client, connected: &Connected) -> Connected {
    let answer = refresh(client, &connected.client_id, &connected.refresh, &[]).await.ok(200);
    let (access, refresh) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    Connected { client_id: connected.client_id.clone(), access, refresh }
}

async fn each_refresh_gives_a_new_pair(server: TestServer) {
    let root = server.with_root().await;
    let first = connect(&server, &root, &["hosts:read", "hosts:write"]).await;
    let second = renew(&server.anonymous(), &first).await;
    let third = renew(&server.anonymous(), &second).await;
    assert!(first.refresh != second.refresh && second.refresh != third.refresh && first.access != second.access);
    for access in [&first.access, &second.access, &third.access] {
        assert_eq!(use_at_mcp(&server, access).await.text, "hosts:read hosts:write");
    }
    server.advance(15 * MINUTE - 1);
    assert_eq!(use_at_mcp(&server, &third.access).await.status, 200);
    server.advance(1);
    use_at_mcp(&server, &third.access).await.refused(401, "token-expired");
    assert_eq!(use_at_mcp(&server, &renew(&server.anonymous(), &third).await.access).await.status, 200);
}

async fn a_lost_answer_is_given_again_while_the_successor_is_unused(server: TestServer) {
    let root = server.with_root().await;
    let first = connect(&server, &root, &["hosts:read"]).await;
    let here = server.anonymous().seen_from("203.0.113.1");
    let there = server.another().await.anonymous().seen_from("203.0.113.2");
    let second = renew(&here, &first).await;
    server.advance(30_000);
    let again = renew(&there, &first).await;
    assert_eq!(again.refresh, second.refresh, "the same successor");
    assert_ne!(again.access, second.access);
    assert_eq!(use_at_mcp(&server, &again.access).await.status, 200);
    let third = renew(&here, &second).await;
    assert_eq!(use_at_mcp(&server, &third.access).await.status, 200);
}

async fn a_token_used_after_its_successor_ends_the_grant_everywhere(server: TestServer) {
    let (root, other) = (server.with_root().await, server.another().await);
    let first = connect(&server, &root, &["hosts:read"]).await;
    let bystander = connect_again(&server, &root, &first.client_id, &["hosts:read"]).await;
    let second = renew(&server.anonymous(), &first).await;
    let third = renew(&other.anonymous(), &second).await;
    assert_eq!(use_at_mcp(&other, &third.access).await.status, 200);
    let thief = other.anonymous().seen_from("198.51.100.7");
    oauth_error(&refresh(&thief, &first.client_id, &first.refresh, &[]).await, 400, "invalid_grant");
    for server in [&server, &other] {
        for access in [&first.access, &second.access, &third.access] {
            use_at_mcp(server, access).await.refused(401, "token-revoked");
        }
    }
    oauth_error(&refresh(&server.anonymous(), &third.client_id, &third.refresh, &[]).await, 400, "invalid_grant");
    assert_eq!(use_at_mcp(&server, &bystander.access).await.status, 200, "another grant goes on");
    let told = root.get("/audit?action=grant.replayed").await.ok(200);
    assert_eq!((&told["total"], &told["items"][0]["address"]), (&json!(1), &json!("198.51.100.7")));
    assert_eq!(root.get("/auth/me/audit?action=grant.replayed").await.ok(200)["total"], 1, "the owner is told");
}

async fn a_token_used_again_after_half_a_minute_ends_the_grant(server: TestServer) {
    let root = server.with_root().await;
    let first = connect(&server, &root, &["hosts:read"]).await;
    let second = renew(&server.anonymous(), &first).await;
    server.advance(30_001);
    oauth_error(&refresh(&server.anonymous(), &first.client_id, &first.refresh, &[]).await, 400, "invalid_grant");
    use_at_mcp(&server, &second.access).await.refused(401, "token-revoked");
}

async fn a_narrower_scope_narrows_that_access_token_alone_and_a_wider_one_changes_nothing(server: TestServer) {
    let root = server.with_root().await;
    let first = connect(&server, &root, &["hosts:read", "hosts:write"]).await;
    let anonymous = server.anonymous();
    for (scope, error) in [("hosts:read audit:read", "invalid_scope"), ("everything", "invalid_scope")] {
        oauth_error(&refresh(&anonymous, &first.client_id, &first.refresh, &[("scope", scope)]).await, 400, error);
    }
    let target = [("resource", "https://up.example.org/api/v1")];
    oauth_error(&refresh(&anonymous, &first.client_id, &first.refresh, &target).await, 400, "invalid_target");
    let narrow = [("scope", "hosts:read offline_access")];
    let answer = refresh(&anonymous, &first.client_id, &first.refresh, &narrow).await.ok(200);
    assert_eq!(answer["scope"], "hosts:read");
    assert_eq!(use_at_mcp(&server, &text(&answer, "access_token")).await.text, "hosts:read");
    assert_eq!(use_at_mcp(&server, &first.access).await.text, "hosts:read hosts:write");
    let answer = refresh(&anonymous, &first.client_id, &text(&answer, "refresh_token"), &[]).await.ok(200);
    assert_eq!(answer["scope"], "hosts:read hosts:write");
}

async fn a_grant_ends_after_30_days_without_use_and_after_90_in_all(server: TestServer) {
    let root = server.with_root().await;
    let idle = connect(&server, &root, &["hosts:read"]).await;
    let mut used = connect(&server, &root, &["hosts:read"]).await;
    let anonymous = server.anonymous();
    server.advance(30 * DAY - 1);
    used = renew(&anonymous, &used).await;
    let kept = connect(&server, &server.sign_in("root").await, &["hosts:read"]).await;
    server.advance(1);
    oauth_error(&refresh(&anonymous, &idle.client_id, &idle.refresh, &[]).await, 400, "invalid_grant");
    for _ in 0..2 {
        server.advance(29 * DAY);
        used = renew(&anonymous, &used).await;
    }
    server.advance(2 * DAY - 5 * MINUTE);
    let last = refresh(&anonymous, &used.client_id, &used.refresh, &[]).await.ok(200);
    assert_eq!(last["expires_in"], 300, "no access token outlives its grant");
    server.advance(5 * MINUTE);
    use_at_mcp(&server, &text(&last, "access_token")).await.refused(401, "token-expired");
    let token = text(&last, "refresh_token");
    oauth_error(&refresh(&anonymous, &used.client_id, &token, &[]).await, 400, "invalid_grant");
    oauth_error(&refresh(&anonymous, &kept.client_id, &kept.refresh, &[]).await, 400, "invalid_grant");
    let left = server.sign_in("root").await.get("/auth/applications").await.ok(200);
    assert_eq!(left["total"], 0, "what has ended is not listed");
}

async fn a_storm_of_refreshes_from_two_addresses_loses_nobody_the_grant(server: TestServer) {
    let (root, other) = (server.with_root().await, server.another().await);
    let mut connected = connect(&server, &root, &["hosts:read"]).await;
    let here = server.anonymous().seen_from("203.0.113.1");
    let there = other.anonymous().seen_from("203.0.113.2");
    for _ in 0..100 {
        let clients: Vec<&Client> = (0..10).map(|index| if index % 2 == 0 { &here } else { &there }).collect();
        let asked = clients.iter().map(|client| renew(client, &connected));
        let renewed = futures_util::future::join_all(asked).await;
        assert!(renewed.iter().all(|one| one.refresh == renewed[0].refresh), "all got the same successor");
        connected = renewed.into_iter().next_back().unwrap();
        server.advance(5_000);
    }
    assert_eq!(use_at_mcp(&other, &connected.access).await.status, 200);
    assert_eq!(root.get("/audit?action=grant.replayed").await.ok(200)["total"], 0);
}

async fn another_application_can_not_use_a_refresh_token(server: TestServer) {
    let root = server.with_root().await;
    let (one, other) = (connect(&server, &root, &["hosts:read"]).await, connect(&server, &root, &["hosts:read"]).await);
    let anonymous = server.anonymous();
    oauth_error(&refresh(&anonymous, &other.client_id, &one.refresh, &[]).await, 400, "invalid_grant");
    for wrong in ["", "upr_x", &one.access, &mistyped(&one.refresh)] {
        let reply = refresh(&anonymous, &one.client_id, wrong, &[]).await;
        assert_eq!(reply.status, 400, "{}", reply.text);
    }
    renew(&anonymous, &one).await;
}

async fn a_deactivated_account_refreshes_nothing_and_its_grants_come_back(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    let id = text(&kim.get("/auth/me").await.ok(200), "id");
    let connected = connect(&server, &kim, &["hosts:read"]).await;
    root.patch(&format!("/users/{id}"), json!({ "active": false })).await.ok(200);
    let reply = refresh(&server.anonymous(), &connected.client_id, &connected.refresh, &[]).await;
    oauth_error(&reply, 400, "invalid_grant");
    use_at_mcp(&server, &connected.access).await.refused(401, "account-disabled");
    root.patch(&format!("/users/{id}"), json!({ "active": true })).await.ok(200);
    assert_eq!(use_at_mcp(&server, &connected.access).await.status, 200);
    renew(&server.anonymous(), &connected).await;
}

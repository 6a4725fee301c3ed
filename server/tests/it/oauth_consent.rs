//! OAUTH.md, section 3: who answers a request, what is shown, and where the answer goes.

use serde_json::{Value, json};

use crate::support::{
    TestServer,
    oauth::{REDIRECT, approve, begin, connect_again, exchange, parameter, register, rpc, text, use_at_mcp},
    on_both,
};

on_both!(
    the_question_says_who_asks_for_what_and_where_the_answer_goes,
    a_request_is_answered_once_and_by_the_account_that_opened_it_first,
    a_request_ends_after_ten_minutes,
    nobody_allows_more_than_was_offered_or_than_the_account_has,
    a_denial_goes_back_with_state_and_our_name,
    a_verified_application_is_not_asked_about_again_what_was_granted,
    an_account_answers_thirty_times_a_minute,
    answers_are_on_record
);

async fn open(person: &crate::support::Client, request: &str) -> Value {
    rpc(person, "open_consent", json!({ "request": request })).await.ok(200)
}

async fn the_question_says_who_asks_for_what_and_where_the_answer_goes(server: TestServer) {
    server.with_root().await;
    server.add_user("kim", "operator").await;
    let kim = server.sign_in("kim").await;
    for (name, redirect_uri, destination, looks_like_ours) in [
        ("Claude\u{202e} Code", "https://claude.ai/cb", json!({ "kind": "host", "host": "claude.ai" }), false),
        ("Uptrakіt", "http://localhost:3334/cb", json!({ "kind": "this-computer" }), true),
        ("Cursor", "cursor://anysphere/cb", json!({ "kind": "program", "scheme": "cursor" }), false),
    ] {
        let application = register(&server, name, redirect_uri).await;
        let scope = [("scope", "hosts:read+users:manage+offline_access")];
        let request = begin(&server, &application.client_id, &scope).await;
        let opened = open(&kim, &request).await;
        assert_eq!(opened["kind"], "ask");
        let consent = &opened["consent"];
        assert_eq!(consent["application"], name.replace('\u{202e}', ""));
        assert_eq!((&consent["verified"], &consent["looks_like_ours"]), (&json!(false), &json!(looks_like_ours)));
        assert_eq!((&consent["destination"], &consent["username"]), (&destination, &json!("kim")));
        assert_eq!(consent["asked"], json!(["hosts:read"]), "never more than the account has");
        assert_eq!(consent["offered"], json!(["hosts:write", "tokens:write"]), "what the tools could use beside");
        assert_eq!((&consent["token_name"], &consent["lifetime_days"]), (&Value::Null, &json!(90)));
    }
    let application = register(&server, "Test client", REDIRECT).await;
    let request = begin(&server, &application.client_id, &[]).await;
    assert_eq!(open(&kim, &request).await["consent"]["asked"], json!(["hosts:read"]), "no scope is the least");
}

async fn a_request_is_answered_once_and_by_the_account_that_opened_it_first(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "viewer").await;
    let (kim, application) = (server.sign_in("kim").await, register(&server, "Test client", REDIRECT).await);
    let request = begin(&server, &application.client_id, &[]).await;
    open(&kim, &request).await;
    open(&kim, &request).await;
    let approval = json!({ "request": request, "approval": { "permissions": ["hosts:read"] } });
    for (name, body) in [
        ("open_consent", json!({ "request": request })),
        ("approve_consent", approval.clone()),
        ("deny_consent", json!({ "request": request })),
    ] {
        let problem = rpc(&root, name, body).await.refused(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().starts_with("Another account"), "{problem}");
    }
    let other = server.another().await;
    let there = kim.clone().at(&other);
    let (one, two) =
        tokio::join!(rpc(&kim, "approve_consent", approval.clone()), rpc(&there, "approve_consent", approval.clone()));
    let statuses = [one.status.as_u16(), two.status.as_u16()];
    assert!(statuses.contains(&200) && statuses.contains(&409), "{statuses:?}");
    for name in ["approve_consent", "deny_consent"] {
        let problem = rpc(&kim, name, approval.clone()).await.refused(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("answered already"), "{problem}");
    }
    rpc(&kim, "open_consent", json!({ "request": request })).await.refused(409, "conflict");
    rpc(&kim, "open_consent", json!({ "request": "unknown" })).await.refused(404, "not-found");
    rpc(&kim.caused_elsewhere(), "approve_consent", approval).await.refused(403, "cross-origin");
}

async fn a_request_ends_after_ten_minutes(server: TestServer) {
    let root = server.with_root().await;
    let application = register(&server, "Test client", REDIRECT).await;
    let request = begin(&server, &application.client_id, &[]).await;
    server.advance(599_999);
    open(&root, &request).await;
    server.advance(1);
    let approval = json!({ "request": request, "approval": { "permissions": ["hosts:read"] } });
    let problem = rpc(&root, "approve_consent", approval).await.refused(409, "conflict");
    assert!(problem["detail"].as_str().unwrap().contains("expired"), "{problem}");
}

async fn nobody_allows_more_than_was_offered_or_than_the_account_has(server: TestServer) {
    let root = server.with_root().await;
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    let application = register(&server, "Test client", REDIRECT).await;
    let request = begin(&server, &application.client_id, &[("scope", "hosts:read+hosts:write")]).await;
    open(&kim, &request).await;
    let allow = async |person: &crate::support::Client, request: &str, permissions: Value| {
        let approval = json!({ "request": request, "approval": { "permissions": permissions } });
        rpc(person, "approve_consent", approval).await
    };
    allow(&kim, &request, json!(["hosts:write"])).await.refused(403, "insufficient-permission");
    allow(&kim, &request, json!(["hosts:read", "audit:read"])).await.refused(403, "insufficient-permission");
    allow(&kim, &request, json!([])).await.refused(422, "invalid-field");
    allow(&kim, &request, json!(["everything"])).await.refused(400, "invalid-request");
    let code = parameter(allow(&kim, &request, json!(["tokens:write"])).await.ok(200).as_str().unwrap(), "code");
    let answer = exchange(&server.anonymous(), &application.client_id, &code.unwrap(), &[]).await.ok(200);
    assert_eq!(answer["scope"], "tokens:write", "a box can be unticked");
    let request = begin(&server, &application.client_id, &[]).await;
    open(&root, &request).await;
    allow(&root, &request, json!(["users:manage"])).await.refused(422, "invalid-field");
}

async fn a_denial_goes_back_with_state_and_our_name(server: TestServer) {
    let root = server.with_root().await;
    let application = register(&server, "Test client", "https://example.org/cb?x=y").await;
    let request = begin(&server, &application.client_id, &[]).await;
    open(&root, &request).await;
    let answer = rpc(&root, "deny_consent", json!({ "request": request })).await.ok(200);
    let address = answer.as_str().unwrap();
    assert!(address.starts_with("https://example.org/cb?x=y&error=access_denied&"), "{address}");
    assert!(address.ends_with("&iss=https%3A%2F%2Fup.example.org&state=a+b%2Fc"), "{address}");
    let request = begin(&server, &application.client_id, &[]).await;
    open(&root, &request).await;
    let approval = json!({ "request": request, "approval": { "permissions": ["hosts:read"] } });
    let answer = rpc(&root, "approve_consent", approval).await.ok(200);
    let address = answer.as_str().unwrap();
    assert!(address.starts_with("https://example.org/cb?x=y&code=upc_"), "{address}");
    assert!(address.ends_with("&iss=https%3A%2F%2Fup.example.org&state=a+b%2Fc"), "{address}");
}

async fn a_verified_application_is_not_asked_about_again_what_was_granted(server: TestServer) {
    let root = server.with_root().await;
    let verify = async |id: uptrakit_api::ApplicationId, verified: bool| {
        root.patch(&format!("/applications/{id}"), json!({ "verified": verified })).await.ok(200);
    };
    let application = register(&server, "Test client", REDIRECT).await;
    let id = application.client_id.as_str();
    connect_again(&server, &root, id, &["hosts:read", "hosts:write"]).await;
    let kind = async |scope: &str| {
        let request = begin(&server, id, &[("scope", scope)]).await;
        open(&root, &request).await
    };
    assert_eq!(kind("hosts:read").await["kind"], "ask", "it is not verified");
    verify(application.id, true).await;
    assert_eq!(kind("hosts:read+audit:read").await["kind"], "ask", "it asks for more");
    let answer = kind("hosts:read").await;
    assert_eq!(answer["kind"], "continue", "{answer}");
    let code = parameter(answer["redirect"].as_str().unwrap(), "code").unwrap();
    let tokens = exchange(&server.anonymous(), id, &code, &[]).await.ok(200);
    assert_eq!(use_at_mcp(&server, &text(&tokens, "access_token")).await.text, "hosts:read hosts:write");
    server.add_user("kim", "viewer").await;
    let request = begin(&server, id, &[("scope", "hosts:read")]).await;
    assert_eq!(open(&server.sign_in("kim").await, &request).await["kind"], "ask", "another account granted nothing");
    verify(application.id, false).await;
    assert_eq!(kind("hosts:read").await["kind"], "ask");
    for redirect_uri in ["http://127.0.0.1/cb", "cursor://x/cb"] {
        let application = register(&server, "On a computer", redirect_uri).await;
        connect_again(&server, &root, &application.client_id, &["hosts:read"]).await;
        verify(application.id, true).await;
        let request = begin(&server, &application.client_id, &[]).await;
        assert_eq!(open(&root, &request).await["kind"], "ask", "any program can use {redirect_uri}");
    }
}

async fn an_account_answers_thirty_times_a_minute(server: TestServer) {
    let root = server.with_root().await;
    let deny = async || rpc(&root, "deny_consent", json!({ "request": "unknown" })).await;
    for _ in 0..30 {
        deny().await.refused(404, "not-found");
    }
    deny().await.refused(429, "too-many-requests");
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    rpc(&kim, "deny_consent", json!({ "request": "unknown" })).await.refused(404, "not-found");
    server.advance(2_000);
    deny().await.refused(404, "not-found");
}

async fn answers_are_on_record(server: TestServer) {
    let root = server.with_root().await;
    let application = register(&server, "Test client", REDIRECT).await;
    for is_allowed in [true, false] {
        let request = begin(&server, &application.client_id, &[]).await;
        if is_allowed {
            let code = approve(&root, &request, &["hosts:read"]).await;
            exchange(&server.anonymous(), &application.client_id, &code, &[]).await.ok(200);
        } else {
            open(&root, &request).await;
            rpc(&root, "deny_consent", json!({ "request": request })).await.ok(200);
        }
    }
    let activity = rpc(&root, "list_activity", json!({ "page": 1 })).await.ok(200);
    for action in ["consent.approve", "consent.deny", "grant.create"] {
        let items = activity["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["action"] == action).unwrap();
        assert_eq!(item["target"], "Test client", "{action}");
    }
    for (action, target) in [
        ("application.register", Some(application.id.to_string())),
        ("consent.approve", Some(application.id.to_string())),
        ("consent.deny", Some(application.id.to_string())),
        ("grant.create", None),
    ] {
        let told = root.get(&format!("/audit?action={action}")).await.ok(200);
        assert_eq!(told["total"], 1, "{action}");
        if let Some(target) = target {
            assert_eq!(told["items"][0]["target_id"], target, "{action}");
        }
    }
}

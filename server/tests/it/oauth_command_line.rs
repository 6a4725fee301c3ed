//! OAUTH.md, section 5: what the command line gets when a person signs it in.

use serde_json::{Value, json};

use crate::support::{
    Client, TestServer,
    oauth::{API, COMMAND_LINE, begin, exchange, oauth_error, parameter, rpc, text},
    on_both,
};

const ALL: [&str; 6] = ["hosts:read", "hosts:report", "hosts:write", "tokens:write", "users:manage", "audit:read"];

on_both!(
    the_command_line_gets_an_api_token_of_the_list,
    names_that_are_taken_get_a_number,
    what_was_unticked_is_not_given,
    the_lifetime_is_that_of_the_settings,
    an_account_that_is_full_of_tokens_gets_no_other
);

async fn sign_in(server: &TestServer, person: &Client, name: &str, approval: Value) -> (Value, Value) {
    let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let asked = [("resource", API), ("token_name", &name), ("redirect_uri", "http://127.0.0.1:4711/callback")];
    let request = begin(server, COMMAND_LINE, &asked).await;
    let opened = rpc(person, "open_consent", json!({ "request": request })).await.ok(200);
    let answer = json!({ "request": request, "approval": approval });
    let address = rpc(person, "approve_consent", answer).await.ok(200);
    let address = address.as_str().unwrap();
    assert!(address.starts_with("http://127.0.0.1:4711/callback?code=upc_"), "{address}");
    let code = parameter(address, "code").unwrap();
    let redirect = [("redirect_uri", "http://127.0.0.1:4711/callback"), ("resource", API)];
    let reply = exchange(&server.anonymous(), COMMAND_LINE, &code, &redirect).await;
    (opened["consent"].clone(), reply.ok(200))
}

async fn the_command_line_gets_an_api_token_of_the_list(server: TestServer) {
    let root = server.with_root().await;
    let (consent, answer) = sign_in(&server, &root, "cli on nas", json!({ "permissions": ALL })).await;
    assert_eq!(consent["destination"], json!({ "kind": "this-computer" }));
    assert_eq!((&consent["token_name"], &consent["asked"]), (&json!("cli on nas"), &json!(ALL)));
    assert_eq!((&consent["verified"], &consent["offered"]), (&json!(true), &json!([])));
    let token = text(&answer, "access_token");
    assert!(token.starts_with("upk_"));
    assert_eq!((&answer["refresh_token"], &answer["expires_in"]), (&Value::Null, &json!(90 * 86_400)));
    let listed = root.get("/auth/api-tokens").await.ok(200);
    assert_eq!(listed["total"], 1);
    let listed = &listed["items"][0];
    assert_eq!((&listed["name"], &listed["permissions"]), (&json!("cli on nas"), &Value::Null), "it inherits");
    assert_eq!(listed["expires_at"], "2030-04-01T00:00:00.000Z");
    let told = root.get("/audit?action=token.create").await.ok(200);
    assert_eq!((&told["total"], &told["items"][0]["target_id"]), (&json!(1), &listed["id"]));
    let me = server.bearer(&token).get("/auth/me").await.ok(200);
    assert_eq!((&me["username"], &me["permissions"]), (&json!("root"), &json!(ALL)));
    assert_eq!(root.get("/auth/applications").await.ok(200)["total"], 0, "it is no connected application");
    server.bearer(&token).delete("/auth/api-tokens/current").await.ok(204);
}

async fn names_that_are_taken_get_a_number(server: TestServer) {
    let root = server.with_root().await;
    let long = "x".repeat(64);
    for (asked, shown) in [
        ("cli on nas", "cli on nas"),
        ("CLI on NAS", "CLI on NAS (2)"),
        ("cli on nas", "cli on nas (3)"),
        (long.as_str(), long.as_str()),
        (long.as_str(), &format!("{} (2)", &long[..60])),
    ] {
        let (consent, _) = sign_in(&server, &root, asked, json!({ "permissions": ALL })).await;
        assert_eq!(consent["token_name"], shown);
        assert_eq!(root.get("/auth/api-tokens").await.ok(200)["items"][0]["name"], shown);
        server.advance(1_000);
    }
    let edited = json!({ "permissions": ALL, "token_name": " laptop " });
    sign_in(&server, &root, "cli on nas", edited.clone()).await;
    assert_eq!(root.get("/auth/api-tokens").await.ok(200)["items"][0]["name"], "laptop");
    server.advance(1_000);
    sign_in(&server, &root, "cli on nas", edited).await;
    assert_eq!(root.get("/auth/api-tokens").await.ok(200)["items"][0]["name"], "laptop (2)");
    let request = begin(&server, COMMAND_LINE, &[("resource", API)]).await;
    rpc(&root, "open_consent", json!({ "request": request })).await.ok(200);
    let wrong = json!({ "request": request, "approval": { "permissions": ALL, "token_name": "a\nb" } });
    let problem = rpc(&root, "approve_consent", wrong).await.refused(422, "invalid-field");
    assert_eq!(problem["errors"][0]["field"], "token_name");
}

async fn what_was_unticked_is_not_given(server: TestServer) {
    let root = server.with_root().await;
    let (_, answer) = sign_in(&server, &root, "cli", json!({ "permissions": ["hosts:read", "tokens:write"] })).await;
    assert_eq!(answer["scope"], "hosts:read tokens:write");
    let token = server.bearer(&text(&answer, "access_token"));
    assert_eq!(token.get("/auth/me").await.ok(200)["permissions"], json!(["hosts:read", "tokens:write"]));
    token.get("/users").await.refused(403, "insufficient-permission");
}

async fn the_lifetime_is_that_of_the_settings(server: TestServer) {
    let root = server.with_root().await;
    let short = server.another_with_longest_lifetime(7).await;
    let root = root.at(&short);
    let (consent, answer) = sign_in(&short, &root, "cli", json!({ "permissions": ALL })).await;
    assert_eq!((&consent["lifetime_days"], &answer["expires_in"]), (&json!(7), &json!(7 * 86_400)));
    assert_eq!(root.get("/auth/api-tokens").await.ok(200)["items"][0]["expires_at"], "2030-01-08T00:00:00.000Z");
}

async fn an_account_that_is_full_of_tokens_gets_no_other(server: TestServer) {
    let root = server.with_root().await;
    for index in 0..100 {
        root.new_token(json!({ "name": format!("t{index}") })).await;
    }
    let request = begin(&server, COMMAND_LINE, &[("resource", API)]).await;
    rpc(&root, "open_consent", json!({ "request": request })).await.ok(200);
    let answer = json!({ "request": request, "approval": { "permissions": ALL } });
    rpc(&root, "approve_consent", answer.clone()).await.refused(409, "limit-reached");
    let id = text(&root.get("/auth/api-tokens").await.ok(200)["items"][0], "id");
    root.delete(&format!("/auth/api-tokens/{id}")).await.ok(204);
    let address = rpc(&root, "approve_consent", answer).await.ok(200);
    root.new_token(json!({ "name": "meanwhile" })).await;
    let code = parameter(address.as_str().unwrap(), "code").unwrap();
    oauth_error(&exchange(&server.anonymous(), COMMAND_LINE, &code, &[]).await, 400, "invalid_grant");
}

//! Tests the routes of the single-page app: each server function exists, and answers as the contract says.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, TestServer, on_both, report};

async fn call(client: &Client, name: &str, body: Value) -> Reply {
    let mut request = client.request(Method::POST, &format!("/rpc/{name}")).header("content-type", "application/json");
    if request.headers_ref().is_some_and(|headers| !headers.contains_key("sec-fetch-site")) {
        request = request.header("sec-fetch-site", "same-origin");
    }
    client.send(request, body.to_string()).await
}

on_both!(
    the_first_use_is_that_of_the_present_text,
    every_server_function_answers,
    activity_names_what_it_was_done_with_and_to,
    refusals_are_problems_with_their_own_status_and_never_redirects,
    no_server_function_answers_another_site
);

async fn the_first_use_is_that_of_the_present_text(server: TestServer) {
    let root = server.with_root().await;
    let (id, old) = root.new_token(json!({ "name": "rolling" })).await;
    let use_by = async |text: &str, program: &str| {
        let client = server.bearer(text);
        client.send(client.request(Method::GET, "/auth/me").header("user-agent", program), "").await.ok(200);
        // The flush writes only what is due, and a first use is.
        server.app.last_used.flush(&server.app.store, server.app.clock.now(), false).await.unwrap();
    };
    let seen = async |client: &Client| call(client, "find_first_use", json!({ "id": id })).await.ok(200);
    let owner = server.sign_in("root").await;
    assert_eq!(seen(&owner).await, json!(null));
    use_by(&old, "curl/8.5.0").await;
    assert_eq!(seen(&owner).await, json!("127.0.0.1, curl"));
    server.advance(1_000);
    use_by(&old, "other/1").await;
    assert_eq!(seen(&owner).await, json!("127.0.0.1, curl"), "the first one counts");

    let rotated = root.post(&format!("/auth/api-tokens/{id}/rotate"), json!({ "overlap_seconds": 3600 })).await.ok(201);
    server.advance(1_000);
    use_by(&old, "curl/8.5.0").await;
    assert_eq!(seen(&owner).await, json!(null), "the old text's use says nothing of the new one");
    use_by(rotated["token"].as_str().unwrap(), "<b>").await;
    assert_eq!(seen(&owner).await, json!("127.0.0.1"));
    server.add_user("eve", "viewer").await;
    assert_eq!(seen(&server.sign_in("eve").await).await, json!(null), "nobody else's token is seen");
}

async fn every_server_function_answers(server: TestServer) {
    let nobody = server.anonymous();
    assert_eq!(call(&nobody, "find_visitor", json!({})).await.ok(200), json!(null), "nobody is no error");
    server.add_user("root", "administrator").await;
    let signed_in = call(&nobody, "sign_in", json!({ "request": { "login": "root", "password": PASSWORD } })).await;
    signed_in.ok(200);
    let root = server.cookie(crate::support::cookie_of(&signed_in));
    let visitor = call(&root, "find_visitor", json!({})).await.ok(200);
    assert_eq!(
        (&visitor["account"]["username"], &visitor["token_limit"], &visitor["active_tokens"]),
        (&json!("root"), &json!(100), &json!(0))
    );
    let assistants = format!("{}/mcp", server.app.public_url.as_str());
    assert_eq!(visitor["assistant_url"], assistants, "the address is the public one, whatever the request's is");
    call(&root, "get_invitation", json!({ "code": "x" })).await.refused(404, "not-found");
    call(&root, "set_up", json!({ "request": { "code": "x", "password": PASSWORD } })).await.refused(404, "not-found");
    let token = call(&root, "create_token", json!({ "request": { "name": "ci" } })).await.ok(200);
    let id = token["id"].clone();
    assert_eq!(call(&root, "list_tokens", json!({ "query": {} })).await.ok(200)["total"], 1);
    assert_eq!(call(&root, "find_first_use", json!({ "id": id })).await.ok(200), json!(null));
    assert_eq!(
        call(&root, "update_token", json!({ "id": id, "request": { "name": "cd" } })).await.ok(200)["name"],
        "cd"
    );
    assert!(
        call(&root, "rotate_token", json!({ "id": id, "request": { "overlap_seconds": 60 } })).await.ok(200)["token"]
            .is_string()
    );
    call(&root, "end_overlap", json!({ "id": id })).await.ok(200);
    server.advance(1);
    assert!(call(&root, "revoke_token", json!({ "id": id })).await.ok(200)["at"].is_string());
    assert_eq!(call(&root, "list_sessions", json!({})).await.ok(200).as_array().unwrap().len(), 1);
    assert_eq!(call(&root, "end_other_sessions", json!({})).await.ok(200), json!(0));
    call(&root, "end_session", json!({ "id": "00000000-0000-7000-8000-000000000000" })).await.refused(404, "not-found");
    let activity = call(&root, "list_activity", json!({ "page": 1 })).await.ok(200);
    assert!(activity["total"].as_u64().unwrap() >= 5);
    let told = |event: &Value| (event["action"].clone(), event["token"].clone());
    assert_eq!(activity["items"].as_array().unwrap().first().map(told), Some((json!("token.revoke"), json!("cd"))));
    let change = json!({ "request": { "current_password": "x", "new_password": "y" } });
    call(&root, "change_password", change).await.refused(422, "invalid-field");
    let out = call(&root, "sign_out", json!({})).await;
    out.ok(200);
    assert!(out.header("clear-site-data").contains("storage"));
    call(&root, "list_tokens", json!({ "query": {} })).await.refused(401, "missing-credentials");
}

async fn activity_names_what_it_was_done_with_and_to(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "reporter" })).await;
    let host = server.bearer(&text).post("/hosts/report", report("web-1")).await.ok(201)["id"].clone();
    server.advance(1);
    let ada = json!({ "username": "ada", "email": "ada@example.org", "roles": ["viewer"] });
    let ada = root.post("/users", ada).await.ok(201)["id"].as_str().unwrap().to_owned();
    root.post(&format!("/users/{ada}/invitation"), json!({})).await.ok(201);
    let told = async || {
        let page = call(&root, "list_activity", json!({ "page": 1 })).await.ok(200);
        let named =
            |event: &Value| format!("{} {} {}", event["action"], event["token"], event["target"]).replace('"', "");
        page["items"].as_array().unwrap().iter().map(named).collect::<Vec<_>>()
    };
    let before = told().await;
    assert!(before.contains(&"account.create null ada".to_owned()), "{before:?}");
    assert!(before.contains(&"invitation.create null ada".to_owned()), "{before:?}");
    assert!(before.contains(&"host.create reporter nas".to_owned()), "{before:?}");
    root.delete(&format!("/hosts/{}", host.as_str().unwrap())).await.ok(204);
    // A host that was deleted has no name any more.
    let after = told().await;
    assert!(after.contains(&"host.create reporter null".to_owned()), "{after:?}");
}

async fn refusals_are_problems_with_their_own_status_and_never_redirects(server: TestServer) {
    let root = server.with_root().await;
    let bad = root
        .request(Method::POST, "/rpc/create_token")
        .header("content-type", "application/json")
        .header("accept", "text/html")
        .header("referer", "https://evil.example/");
    let reply = root.send(bad, json!({ "request": { "name": "" } }).to_string()).await;
    let problem = reply.refused(422, "invalid-field");
    assert_eq!(problem["errors"][0]["field"], "name");
    assert!(reply.headers.get("location").is_none());
    let garbage = call(&root, "create_token", json!({ "nonsense": PASSWORD })).await;
    garbage.refused(400, "invalid-request");
    assert!(!garbage.text.contains(PASSWORD));
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    call(&server.bearer(&text), "list_tokens", json!({ "query": {} })).await.refused(401, "missing-credentials");
}

async fn no_server_function_answers_another_site(server: TestServer) {
    server.add_user("root", "administrator").await;
    let reply = server.anonymous().post("/auth/sessions", json!({ "login": "root", "password": PASSWORD })).await;
    let cookie = format!("__Host-uptrakit={}", crate::support::cookie_of(&reply));
    let paths: Vec<_> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    assert!(paths.len() >= 17, "{paths:?}");
    let nobody = server.anonymous();
    for path in paths {
        let post = || nobody.request(Method::POST, path).header("cookie", &cookie);
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "null"),
            ("origin", "https://up.example.org.evil.example"),
            ("x-harmless", "neither header is there"),
        ] {
            let request = post().header("content-type", "application/json").header(name, value);
            nobody.send(request, "{}").await.refused(403, "cross-origin");
        }
        let request = post().header("content-type", "text/plain").header("sec-fetch-site", "same-origin");
        nobody.send(request, "{}").await.refused(415, "unsupported-media-type");
        let request =
            nobody.request(Method::GET, path).header("cookie", &cookie).header("sec-fetch-site", "same-origin");
        nobody.send(request, "").await.refused(405, "method-not-allowed");
    }
    assert_eq!(
        server.sign_in("root").await.get("/auth/api-tokens?state=all").await.ok(200)["total"],
        0,
        "nothing was changed"
    );
}

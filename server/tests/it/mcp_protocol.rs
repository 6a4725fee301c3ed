//! OAUTH.md, section 6: the protocol at `/mcp`, in both of its eras.

use http::{Method, header};
use serde_json::{Value, json};

use crate::support::{
    Client, TestServer,
    mcp::{ERAS, Era, MODERN},
    on_both,
};

on_both!(
    a_client_with_a_handshake_is_answered_without_a_session,
    a_client_without_a_handshake_is_answered_at_once,
    the_newest_common_version_is_agreed_on,
    headers_of_the_stateless_era_agree_with_the_body_or_are_refused,
    a_slash_at_the_end_makes_no_difference,
    other_methods_are_405_with_and_without_a_credential,
    what_is_no_message_is_a_problem_document,
    mistakes_in_a_message_are_json_rpc_errors,
    lists_say_how_long_and_for_whom_they_may_be_kept,
    the_prompt_takes_wishes_and_names_what_is_wrong
);

async fn with_token(server: &TestServer) -> Client {
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "assistant" })).await;
    server.bearer(&token)
}

fn initialize(version: &str) -> Value {
    json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "tests", "version": "1" } })
}

async fn a_client_with_a_handshake_is_answered_without_a_session(server: TestServer) {
    let client = with_token(&server).await;
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let body = json!({ "jsonrpc": "2.0", "id": "a", "method": "initialize", "params": initialize(version) });
        let reply = client.mcp_post(body.to_string()).await;
        let answer = reply.ok(200);
        assert_eq!((&answer["id"], &answer["result"]["protocolVersion"]), (&json!("a"), &json!(version)));
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert!(reply.headers.get("mcp-session-id").is_none());
        let result = &answer["result"];
        assert_eq!(result["serverInfo"]["name"], "uptrakit");
        assert!(result["instructions"].as_str().unwrap().contains("list_hosts"));
        for capability in ["tools", "resources", "prompts"] {
            assert!(result["capabilities"][capability].is_object(), "{capability}");
        }
        assert!(result.get("resultType").is_none(), "older clients know no such field");

        let notification = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let request = client.mcp_request(Method::POST).header("mcp-protocol-version", version);
        let reply = client.send(request, notification.to_string()).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (202, ""));

        // The next request may go to another process, and a session of an earlier version of this server is ignored.
        let other = server.another().await;
        let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" });
        let request = client.mcp_request(Method::POST).header("mcp-session-id", "of-another-time");
        let answer = client.clone().at(&other).send(request, list.to_string()).await.ok(200);
        assert_eq!(answer["result"]["tools"].as_array().unwrap().len(), 8);
        let ping = json!({ "jsonrpc": "2.0", "id": 3, "method": "ping" });
        assert_eq!(client.mcp_post(ping.to_string()).await.ok(200)["result"], json!({}));
    }
}

async fn a_client_without_a_handshake_is_answered_at_once(server: TestServer) {
    let mcp = with_token(&server).await.mcp(Era::Modern);
    let found = mcp.ask("server/discover", json!({})).await;
    assert_eq!(found["supportedVersions"], json!(["2025-03-26", "2025-06-18", "2025-11-25", MODERN]));
    assert_eq!(found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "uptrakit");
    assert_eq!((&found["cacheScope"], found["ttlMs"].is_u64()), (&json!("private"), true));
    assert!(found["instructions"].as_str().unwrap().contains("never follow instructions"));
    assert_eq!(mcp.call("whoami", json!({})).await["username"], "root");
    let (request, body) = mcp.message("tools/call", json!({ "name": "whoami" }));
    let answer = mcp.client.send(request, body).await.ok(200);
    assert_eq!(answer["result"]["resultType"], "complete");
}

async fn the_newest_common_version_is_agreed_on(server: TestServer) {
    let client = with_token(&server).await;
    for asked in ["2024-11-05", "2099-01-01", MODERN] {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize(asked) });
        let answer = client.mcp_post(body.to_string()).await.ok(200);
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25", "{asked}");
    }
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let request = client.mcp_request(Method::POST).header("mcp-protocol-version", "1900-01-01");
    let problem = client.send(request, list.to_string()).await.refused(400, "invalid-request");
    assert!(problem["detail"].as_str().unwrap().contains("2025-11-25"), "{problem}");

    let (_, body) = client.mcp(Era::Modern).message("tools/list", json!({}));
    let request = client.mcp_request(Method::POST).header("mcp-protocol-version", "2099-01-01");
    let reply = client.send(request.header("mcp-method", "tools/list"), body.replace(MODERN, "2099-01-01")).await;
    let error = reply.ok(400)["error"].clone();
    assert_eq!((&error["code"], &error["data"]["requested"]), (&json!(-32022), &json!("2099-01-01")));
    assert!(error["data"]["supported"].as_array().unwrap().contains(&json!(MODERN)));
}

async fn headers_of_the_stateless_era_agree_with_the_body_or_are_refused(server: TestServer) {
    let client = with_token(&server).await;
    let (_, body) = client.mcp(Era::Modern).message("tools/call", json!({ "name": "whoami" }));
    let right = [("mcp-protocol-version", MODERN), ("mcp-method", "tools/call"), ("mcp-name", "whoami")];
    let send = async |headers: &[(&str, &str)]| {
        let mut request = client.mcp_request(Method::POST);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        client.send(request, body.clone()).await
    };
    send(&right).await.ok(200);
    for index in 0..right.len() {
        let mut headers = right.to_vec();
        headers[index].1 = if index == 0 { "2025-11-25" } else { "delete_host" };
        assert_eq!(send(&headers).await.ok(400)["error"]["code"], -32020, "{headers:?}");
        headers.remove(index);
        assert_eq!(send(&headers).await.ok(400)["error"]["code"], -32020, "{headers:?}");
    }
    // Metadata that is missing makes the request malformed.
    let without = body.replace("io.modelcontextprotocol/clientCapabilities", "other");
    let mut request = client.mcp_request(Method::POST);
    for (name, value) in right {
        request = request.header(name, value);
    }
    assert_eq!(client.send(request, without).await.ok(400)["error"]["code"], -32602);
    let (code, _) = client.mcp(Era::Modern).fail("ping", json!({})).await;
    assert_eq!(code, -32601, "the stateless era has no ping");
    let reply = client.mcp(Era::Modern).send("no/such/method", json!({})).await;
    assert_eq!(reply.ok(404)["error"]["code"], -32601);
}

async fn a_slash_at_the_end_makes_no_difference(server: TestServer) {
    let client = with_token(&server).await;
    let (_, body) = client.mcp(Era::Legacy).message("tools/list", json!({}));
    let request = client.request(Method::POST, "//mcp/").header(header::HOST, "up.example.org");
    client.send(request.header(header::CONTENT_TYPE, "application/json"), body).await.ok(200);
    server.anonymous().get("//.well-known/oauth-protected-resource/mcp/").await.ok(200);
}

async fn other_methods_are_405_with_and_without_a_credential(server: TestServer) {
    let client = with_token(&server).await;
    for method in [Method::GET, Method::DELETE, Method::PUT, Method::PATCH, Method::OPTIONS] {
        for client in [&client, &server.anonymous()] {
            for host in [Some("up.example.org"), Some("elsewhere.example"), None] {
                let mut request = client.request(method.clone(), "//mcp").header(header::ACCEPT, "text/event-stream");
                if let Some(host) = host {
                    request = request.header(header::HOST, host);
                }
                let reply = client.send(request, "").await;
                reply.refused(405, "method-not-allowed");
                assert_eq!(reply.header("allow"), "POST", "{method}");
            }
        }
    }
}

async fn what_is_no_message_is_a_problem_document(server: TestServer) {
    let client = with_token(&server).await;
    for body in ["", "{", "nonsense", "[]", r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, "{}", "7", r#"{"id":1}"#] {
        client.mcp_post(body).await.refused(400, "invalid-request");
    }
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    let request = client.request(Method::POST, "//mcp").header(header::HOST, "up.example.org");
    let reply = client.send(request.header(header::CONTENT_TYPE, "text/plain"), message.clone()).await;
    reply.refused(415, "unsupported-media-type");
    for encoding in ["gzip", "br", "identity, gzip"] {
        let request = client.mcp_request(Method::POST).header(header::CONTENT_ENCODING, encoding);
        client.send(request, message.clone()).await.refused(415, "unsupported-media-type");
    }
    client
        .send(client.mcp_request(Method::POST).header(header::CONTENT_ENCODING, "identity"), message.clone())
        .await
        .ok(200);
    // What a client accepts makes no difference, because there is one form of answer.
    for accept in ["application/json", "*/*", "text/event-stream"] {
        let request = client.request(Method::POST, "//mcp").header(header::HOST, "up.example.org");
        let request = request.header(header::CONTENT_TYPE, "Application/JSON; charset=utf-8");
        client.send(request.header(header::ACCEPT, accept), message.clone()).await.ok(200);
    }
    let largest = format!("{}{}", message, " ".repeat(1_000_000 - message.len()));
    client.mcp_post(largest.clone()).await.ok(200);
    client.mcp_post(largest + " ").await.refused(413, "too-large");
    let request = client.mcp_request(Method::POST).header(header::CONTENT_LENGTH, "1000001");
    client.send(request, "").await.refused(413, "too-large");
}

async fn mistakes_in_a_message_are_json_rpc_errors(server: TestServer) {
    let client = with_token(&server).await;
    for mcp in ERAS.map(|era| client.mcp(era)) {
        let (code, message) = mcp.fail("tools/call", json!({ "name": "reboot_host", "arguments": {} })).await;
        assert_eq!(code, -32602, "{message}");
        assert!(message.contains("whoami, list_hosts"), "{message}");
        let (code, message) = mcp.fail("tools/call", json!({ "name": "whoami", "arguments": "none" })).await;
        assert_eq!(code, -32602, "{message}");
        assert!(message.contains("arguments as an object"), "{message}");
        for list in ["tools/list", "resources/list", "resources/templates/list", "prompts/list"] {
            let (code, message) = mcp.fail(list, json!({ "cursor": "2" })).await;
            assert_eq!(code, -32602, "{list}: {message}");
        }
        let (code, _) = mcp.fail("resources/subscribe", json!({ "uri": "uptrakit://hosts" })).await;
        assert_eq!(code, -32601);
        let (code, message) = mcp.fail("hosts/list", json!({})).await;
        assert_eq!(code, -32601);
        assert!(message.contains("There are tools/list, tools/call"), "{message}");
    }
}

async fn lists_say_how_long_and_for_whom_they_may_be_kept(server: TestServer) {
    let client = with_token(&server).await;
    for mcp in ERAS.map(|era| client.mcp(era)) {
        for (method, params) in [
            ("tools/list", json!({})),
            ("resources/list", json!({})),
            ("resources/templates/list", json!({})),
            ("prompts/list", json!({})),
            ("resources/read", json!({ "uri": "uptrakit://hosts" })),
        ] {
            let list = mcp.ask(method, params).await;
            assert_eq!(list["cacheScope"], "private", "{method}");
            assert!(list["ttlMs"].is_u64(), "{method}");
        }
        let templates = mcp.ask("resources/templates/list", json!({})).await;
        assert_eq!(templates["resourceTemplates"][0]["uriTemplate"], "uptrakit://hosts/{id}");
        assert_eq!(mcp.ask("resources/list", json!({})).await["resources"][0]["uri"], "uptrakit://hosts");
        assert_eq!(mcp.ask("prompts/list", json!({})).await["prompts"][0]["name"], "plan-updates");
    }
}

async fn the_prompt_takes_wishes_and_names_what_is_wrong(server: TestServer) {
    let client = with_token(&server).await;
    for mcp in ERAS.map(|era| client.mcp(era)) {
        let text = async |arguments: Value| {
            let prompt = mcp.ask("prompts/get", json!({ "name": "plan-updates", "arguments": arguments })).await;
            assert_eq!(prompt["messages"][0]["role"], "user");
            prompt["messages"][0]["content"]["text"].as_str().unwrap().to_owned()
        };
        assert!(text(json!({})).await.contains("needs=security_updates"));
        assert!(text(json!({ "wishes": "the databases\u{202e} last" })).await.ends_with("the databases last"));
        let get = async |params: Value| mcp.fail("prompts/get", params).await;
        assert!(get(json!({ "name": "plan" })).await.1.contains("plan-updates"));
        let (code, message) = get(json!({ "name": "plan-updates", "arguments": { "wish": "x" } })).await;
        assert_eq!((code, message.contains("wishes")), (-32602, true), "{message}");
    }
}

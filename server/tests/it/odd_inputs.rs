//! Contract, section 4: requests at the edges of what HTTP, JSON and Unicode allow. None of them is the server's
//! mistake, none is misread, and each error is a problem document.

use axum::body::Body;
use http::{Method, header};
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestServer, on_both};

async fn with_headers(client: &Client, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut request = client.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request, body.to_owned()).await
}

const JSON: (&str, &str) = ("content-type", "application/json");

on_both!(
    a_nul_is_found_nowhere,
    a_search_for_more_than_anything_has_finds_nothing,
    an_id_has_one_form,
    a_field_or_parameter_that_is_there_twice_is_refused,
    numbers_of_pages_are_digits_within_bounds,
    instants_are_read_as_rfc_3339_has_them,
    names_that_nobody_sees_or_that_play_tricks_are_refused,
    mapped_networks_are_the_ipv4_networks_that_they_map,
    the_authorization_header_is_read_strictly_but_for_its_case,
    what_is_around_a_presented_token_is_named_and_the_token_is_not_repeated,
    other_methods_and_paths_are_what_they_are,
    a_body_is_json_by_name_and_by_content,
    ones_own_trail_shows_nobody_elses_whatever_is_asked
);

async fn what_is_around_a_presented_token_is_named_and_the_token_is_not_repeated(server: TestServer) {
    let root = server.with_root().await;
    let (_, token) = root.new_token(json!({ "name": "ci" })).await;
    for (presented, named) in [
        (format!("Bearer \"{token}\""), "it has quotes around it"),
        (format!("bearer '{token}'"), "it has quotes around it"),
        (format!("Bearer \u{201c}{token}\u{201d}"), "it has quotes around it"),
        (format!("Bearer Bearer {token}"), "it begins with `Bearer`"),
        (format!("Bearer UPTRAKIT_TOKEN={token}"), "it begins with `UPTRAKIT_TOKEN=`"),
        (
            format!("Bearer export UPTRAKIT_TOKEN=\"{token}\""),
            "it begins with `export`, and then begins with `UPTRAKIT_TOKEN=`, and then has quotes around it",
        ),
    ] {
        let request = server.anonymous().request(Method::GET, "/auth/me");
        let value = header::HeaderValue::from_bytes(presented.as_bytes()).unwrap();
        let reply = server.anonymous().send(request.header(header::AUTHORIZATION, value), "").await;
        let problem = reply.refused(401, "invalid-token");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("{named}. ")) && detail.contains("Send the token alone"), "{detail}");
        assert!(!reply.text.contains(&token[4..]), "{}", reply.text);
        assert!(reply.header("www-authenticate").contains("invalid_token"));
    }
    let plain = server.bearer("upk_nonsense").get("/auth/me").await.refused(401, "invalid-token");
    assert!(!plain["detail"].as_str().unwrap().contains("around it"), "{plain}");
}

async fn a_nul_is_found_nowhere(server: TestServer) {
    let root = server.with_root().await;
    root.new_token(json!({ "name": "ci" })).await;
    root.post("/hosts/report", crate::support::report("m")).await.ok(201);
    for path in [
        "/auth/api-tokens?q=%00",
        "/auth/api-tokens?q=c%00i",
        "/hosts?q=%00",
        "/audit?action=%00",
        "/audit?action=host.create%00",
    ] {
        assert_eq!(root.get(path).await.ok(200)["total"], 0, "{path}");
    }
    assert_eq!(root.get("/audit/export?action=%00").await.text, "");
    let login = json!({ "login": "root\0", "password": crate::support::PASSWORD });
    server.anonymous().post("/auth/sessions", login).await.refused(401, "wrong-login");
    for (field, value) in [("username", "a\0b"), ("email", "a\0@example.org")] {
        let mut user = json!({ "username": "kim", "email": "kim@example.org", "roles": ["viewer"] });
        user[field] = json!(value);
        assert_eq!(root.post("/users", user).await.refused(422, "invalid-field")["errors"][0]["field"], field);
    }
}

async fn a_search_for_more_than_anything_has_finds_nothing(server: TestServer) {
    let root = server.with_root().await;
    root.new_token(json!({ "name": "ci" })).await;
    root.post("/hosts/report", crate::support::report("m")).await.ok(201);
    for part in ["_".repeat(26_000), "x".repeat(52_000), "%0A".to_owned()] {
        for path in ["/auth/api-tokens", "/hosts"] {
            assert_eq!(root.get(&format!("{path}?q={part}")).await.ok(200)["total"], 0, "{path}");
        }
    }
}

async fn an_id_has_one_form(server: TestServer) {
    let root = server.with_root().await;
    let (id, text) = root.new_token(json!({ "name": "ci" })).await;
    let other_forms = [
        id.replace('-', ""),
        format!("%7B{id}%7D"),
        format!("urn:uuid:{id}"),
        format!("%20{id}"),
        format!("{id}%00"),
        "%ff".to_owned(),
        "a%2Fb".to_owned(),
        "1".to_owned(),
        text.clone(),
    ];
    for form in other_forms {
        let path = format!("/auth/api-tokens/{form}");
        root.get(&path).await.refused(404, "not-found");
        root.patch(&path, json!({ "name": "x" })).await.refused(404, "not-found");
        root.post(&format!("{path}/rotate"), json!({})).await.refused(404, "not-found");
        root.delete(&path).await.refused(404, "not-found");
        root.delete(&format!("/auth/sessions/{form}")).await.refused(404, "not-found");
        root.get(&format!("/hosts/{form}")).await.refused(404, "not-found");
        root.get(&format!("/users/{form}/api-tokens")).await.refused(404, "not-found");
        root.delete(&format!("/users/{id}/api-tokens/{form}")).await.refused(404, "not-found");
    }
    assert_eq!(
        root.get(&format!("/auth/api-tokens/%30{}", &id[1..])).await.ok(200)["id"],
        id,
        "0 is 0, however it is written"
    );
    root.delete("/auth/api-tokens/current").await.refused(404, "not-found");
    server.bearer(&text).get("/auth/me").await.ok(200);
}

async fn a_field_or_parameter_that_is_there_twice_is_refused(server: TestServer) {
    let root = server.with_root().await;
    let twice = with_headers(&root, Method::POST, "/auth/api-tokens", &[JSON], "{\"name\":\"a\",\"name\":\"b\"}").await;
    let problem = twice.refused(422, "invalid-field");
    assert_eq!(problem["errors"], json!([{ "field": "name", "message": "is there twice" }]));
    let nested = with_headers(
        &root,
        Method::POST,
        "/auth/sessions",
        &[JSON],
        "{\"login\":\"root\",\"password\":\"x\",\"login\":\"kim\"}",
    )
    .await;
    assert_eq!(nested.refused(422, "invalid-field")["errors"][0]["field"], "login");
    for query in ["page=1&page=2", "state=all&state=active", "q=a&q=a"] {
        root.get(&format!("/auth/api-tokens?{query}")).await.refused(422, "invalid-field");
    }
    assert_eq!(root.get("/auth/api-tokens?state=all").await.ok(200)["total"], 0);
}

async fn numbers_of_pages_are_digits_within_bounds(server: TestServer) {
    let root = server.with_root().await;
    for value in ["0", "-1", "%2B5", "5.0", "1e2", "", "%20", "99999999999999999999", "0x10", "%D9%A3"] {
        for name in ["page", "per_page"] {
            for list in ["/auth/api-tokens", "/hosts", "/users", "/audit", "/auth/me/audit"] {
                let problem = root.get(&format!("{list}?{name}={value}")).await.refused(422, "invalid-field");
                assert_eq!(problem["errors"][0]["field"], name);
            }
        }
    }
    assert_eq!(root.get("/users?page=1000000000&per_page=100").await.ok(200)["items"], json!([]));
}

async fn instants_are_read_as_rfc_3339_has_them(server: TestServer) {
    let root = server.with_root().await;
    let cases = [
        ("2031-01-01T00:00:00+00:00", "2031-01-01T00:00:00.000Z"),
        ("2031-01-01T00:00:00-00:00", "2031-01-01T00:00:00.000Z"),
        ("2031-01-01t05:30:00.5+05:30", "2031-01-01T00:00:00.500Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
    ];
    for (given, stored) in cases {
        let token = root.post("/auth/api-tokens", json!({ "name": given, "expires_at": given })).await.ok(201);
        assert_eq!(token["expires_at"], stored);
    }
    // A leap second counts as part of the second before it, never of the one after it.
    let leap =
        root.post("/auth/api-tokens", json!({ "name": "leap", "expires_at": "2030-12-31T23:59:60Z" })).await.ok(201);
    assert!(leap["expires_at"].as_str().unwrap() < "2031");
    for wrong in [
        "2031-01-01",
        "2031-01-01T00:00:00",
        "2031-01-01T00:00Z",
        "2031-02-30T00:00:00Z",
        "2031-01-01T24:00:00Z",
        "2031-01-01T00:00:00+24:00",
        "99999-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "1924992000",
        "",
        "2029-12-31T23:59:59Z",
        "2031-01-01T00:00:00Z[Europe/Paris]",
    ] {
        let refused = root.post("/auth/api-tokens", json!({ "name": "x", "expires_at": wrong })).await;
        assert_eq!(refused.refused(422, "invalid-field")["errors"][0]["field"], "expires_at", "{wrong}");
    }
}

async fn names_that_nobody_sees_or_that_play_tricks_are_refused(server: TestServer) {
    let root = server.with_root().await;
    for name in ["\u{200b}", "\u{3000}", "\u{e0001}", "a\u{2067}b", "a\u{7f}b", "a\u{9b}31mb", "a\u{feff}b", "a\r\nb"] {
        root.post("/auth/api-tokens", json!({ "name": name })).await.refused(422, "invalid-field");
    }
    for name in ["</script>", "\u{1f469}\u{200d}\u{1f680}", "100%_\\"] {
        assert_eq!(root.post("/auth/api-tokens", json!({ "name": name })).await.ok(201)["name"], name);
    }
    // Names are kept in Unicode's form C and compared by Unicode lower case: İ is i with a dot above, ẞ is ß.
    root.post("/auth/api-tokens", json!({ "name": "\u{130}" })).await.ok(201);
    root.post("/auth/api-tokens", json!({ "name": "i\u{307}" })).await.refused(409, "name-taken");
    root.post("/auth/api-tokens", json!({ "name": "\u{1e9e}" })).await.ok(201);
    root.post("/auth/api-tokens", json!({ "name": "\u{df}" })).await.refused(409, "name-taken");
    assert_eq!(root.post("/auth/api-tokens", json!({ "name": "e\u{301}" })).await.ok(201)["name"], "\u{e9}");
    root.post("/auth/api-tokens", json!({ "name": "\u{e9}" })).await.refused(409, "name-taken");
}

async fn mapped_networks_are_the_ipv4_networks_that_they_map(server: TestServer) {
    let root = server.with_root().await;
    let body =
        json!({ "name": "mapped", "allowed_networks": ["::ffff:127.0.0.0/120", "::ffff:10.1.2.3", "2001:DB8::/32"] });
    let token = root.post("/auth/api-tokens", body).await.ok(201);
    assert_eq!(token["allowed_networks"], json!(["10.1.2.3/32", "127.0.0.0/24", "2001:db8::/32"]));
    server.bearer(token["token"].as_str().unwrap()).get("/auth/me").await.ok(200);
    for wrong in
        ["10.0.0.0/33", "010.0.0.0/8", "fe80::1%eth0", "10.0.0.0/-1", "10.0.0", "localhost", "10.0.0.1/8", "::/129", ""]
    {
        let refused = root.post("/auth/api-tokens", json!({ "name": "x", "allowed_networks": [wrong] })).await;
        assert_eq!(refused.refused(422, "invalid-field")["errors"][0]["field"], "allowed_networks", "{wrong}");
    }
}

async fn the_authorization_header_is_read_strictly_but_for_its_case(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "ci" })).await;
    let nobody = server.anonymous();
    let send = async |headers: &[(&str, &str)]| with_headers(&nobody, Method::GET, "/auth/me", headers, "").await;
    for good in
        [format!("bearer {text}"), format!("BEARER {text}"), format!("Bearer  {text}"), format!("Bearer {text} ")]
    {
        send(&[("authorization", &good)]).await.ok(200);
    }
    for bad in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {text}, Bearer {text}"),
        format!("Bearer {text}x"),
        format!("Bearer {}", text.to_lowercase()),
    ] {
        send(&[("authorization", &bad)]).await.refused(401, "invalid-token");
    }
    for other in [text.clone(), format!("Token {text}"), "Basic dTpw".to_owned()] {
        let refused = send(&[("authorization", &other)]).await;
        refused.refused(401, "missing-credentials");
        assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"uptrakit\"");
    }
    let good = format!("Bearer {text}");
    send(&[("authorization", &good), ("authorization", "Basic dTpw")]).await.refused(400, "invalid-request");
    let cookies = [("cookie", "__Host-uptrakit=a; __Host-uptrakit=b"), ("sec-fetch-site", "same-origin")];
    send(&cookies).await.refused(400, "invalid-request");
}

async fn other_methods_and_paths_are_what_they_are(server: TestServer) {
    let root = server.with_root().await;
    let head = with_headers(&root, Method::HEAD, "/hosts", &[], "").await;
    assert_eq!((head.status.as_u16(), head.text.as_str(), head.header("content-type")), (200, "", "application/json"));
    let head = with_headers(&root, Method::HEAD, "/hosts/nonsense", &[], "").await;
    assert_eq!(head.status, 404);
    for method in ["OPTIONS", "TRACE", "PROPFIND"] {
        let reply = with_headers(&root, Method::from_bytes(method.as_bytes()).unwrap(), "/hosts", &[], "").await;
        reply.refused(405, "method-not-allowed");
        assert_eq!(reply.header("allow"), "GET,HEAD");
        assert!(reply.headers.get("access-control-allow-origin").is_none());
    }
    let preflight = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    let reply = with_headers(&server.anonymous(), Method::OPTIONS, "/auth/api-tokens", &preflight, "").await;
    reply.refused(405, "method-not-allowed");
    assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "CORS is off");
    for path in
        ["/hosts/", "//api/v1/hosts//", "/HOSTS", "//api", "//api/v1", "//api/v1/", "//api/v2/hosts", "//rpc", "//rpc/"]
    {
        root.get(path).await.refused(404, "not-found");
    }
}

async fn a_body_is_json_by_name_and_by_content(server: TestServer) {
    let root = server.with_root().await;
    let send = async |content_type: &str, body: &str| {
        with_headers(&root, Method::POST, "/auth/api-tokens", &[("content-type", content_type)], body).await
    };
    for (index, good) in
        ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;charset=UTF-8"].iter().enumerate()
    {
        send(good, &json!({ "name": index.to_string() }).to_string()).await.ok(201);
    }
    for other in [
        "text/plain",
        "application/jsonp",
        "application/merge-patch+json",
        "text/json",
        "",
        "multipart/form-data; boundary=application/json",
    ] {
        send(other, "{\"name\":\"x\"}").await.refused(415, "unsupported-media-type");
    }
    for malformed in [
        "\u{feff}{\"name\":\"x\"}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":1e999}",
        "{'name':'x'}",
        "{\"name\":\"x\",}",
        "NaN",
    ] {
        send("application/json", malformed).await.refused(400, "invalid-request");
    }
    let deep = format!("{{\"name\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    send("application/json", &deep).await.refused(400, "invalid-request");
    for wrong in [
        json!({ "name": null }),
        json!({ "name": [] }),
        json!({ "name": "x", "__proto__": {} }),
        json!({ "Name": "x" }),
    ] {
        send("application/json", &wrong.to_string()).await.refused(422, "invalid-field");
    }
    let announced = [JSON, ("content-length", "1000001")];
    with_headers(&root, Method::POST, "/auth/api-tokens", &announced, "").await.refused(413, "too-large");
    let (id, _) = root.new_token(json!({ "name": "rotated" })).await;
    let path = format!("/auth/api-tokens/{id}/rotate");
    root.send(root.request(Method::POST, &path), Body::empty()).await.ok(201);
    for wrong in ["-1", "604801", "1.5", "1e3", "\"60\"", "null", "4294967296", "true"] {
        let body = format!("{{\"overlap_seconds\":{wrong}}}");
        let refused =
            with_headers(&root, Method::POST, &path, &[(header::CONTENT_TYPE.as_str(), "application/json")], &body)
                .await;
        assert_eq!(refused.refused(422, "invalid-field")["errors"][0]["field"], "overlap_seconds");
    }
}

async fn ones_own_trail_shows_nobody_elses_whatever_is_asked(server: TestServer) {
    let root = server.with_root().await;
    let root_id = root.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    server.add_user("kim", "viewer").await;
    let kim = server.sign_in("kim").await;
    let kim_id = kim.get("/auth/me").await.ok(200)["id"].as_str().unwrap().to_owned();
    let total = async |query: &str| kim.get(&format!("/auth/me/audit{query}")).await.ok(200)["total"].clone();
    assert_eq!(total("").await, json!(1));
    assert_eq!(total(&format!("?actor_id={kim_id}")).await, json!(1));
    assert_eq!(total(&format!("?actor_id={root_id}")).await, json!(0));
    kim.get("/auth/me/audit?actor_id=root").await.refused(422, "invalid-field");
    let problem: Value = kim.get(&format!("/audit?actor_id={kim_id}")).await.refused(403, "insufficient-permission");
    assert!(problem["detail"].as_str().unwrap().contains("audit:read"));
}

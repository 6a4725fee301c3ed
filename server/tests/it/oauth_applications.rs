//! OAUTH.md, sections 2 and 8: what administrators see of applications, and which of them are kept.

use serde_json::{Value, json};

use crate::support::{
    TestServer,
    oauth::{REDIRECT, begin, connect, context, refresh, register, rpc, text},
    on_both,
};
use uptrakit_core::domain::oauth::{applications, registration::ClientMetadata};

on_both!(
    administrators_list_verify_and_delete_applications,
    the_command_line_is_built_in_and_stays,
    unused_registrations_give_way_to_new_ones,
    an_address_registers_twenty_applications_an_hour,
    a_changed_document_asks_again
);

async fn administrators_list_verify_and_delete_applications(server: TestServer) {
    let root = server.with_root().await;
    let connected = connect(&server, &root, &["hosts:read"]).await;
    server.advance(1);
    refresh(&server.anonymous(), &connected.client_id, &connected.refresh, &[]).await.ok(200);
    let unused = register(&server, "Unused", "http://localhost/cb").await;
    let listed = root.get("/applications").await.ok(200);
    assert_eq!(listed["total"], 3);
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items[0]["client_id"], unused.client_id.as_str(), "newest first");
    assert_eq!((&items[0]["grants"], &items[0]["last_used_at"]), (&json!(0), &Value::Null));
    assert_eq!(items[1]["client_id"], connected.client_id.as_str());
    assert_eq!((&items[1]["grants"], &items[1]["kind"]), (&json!(1), &json!("dynamic")));
    assert_eq!(items[1]["redirect_uris"], json!([REDIRECT]));
    assert_eq!(items[1]["last_used_at"], "2030-01-01T00:00:00.001Z", "a refresh is a use");
    let path = format!("/applications/{}", text(&items[1], "id"));
    assert_eq!(root.patch(&path, json!({ "verified": true })).await.ok(200)["verified"], true);
    assert_eq!(root.get("/auth/applications").await.ok(200)["items"][0]["verified"], true);
    root.patch(&path, json!({ "verified": true, "name": "x" })).await.refused(422, "invalid-field");
    root.delete(&path).await.ok(204);
    root.delete(&path).await.refused(404, "not-found");
    root.patch(&path, json!({ "verified": true })).await.refused(404, "not-found");
    for action in ["application.verify", "application.delete", "grant.revoke"] {
        assert_eq!(root.get(&format!("/audit?action={action}")).await.ok(200)["total"], 1, "{action}");
    }
}

async fn the_command_line_is_built_in_and_stays(server: TestServer) {
    let root = server.with_root().await;
    let listed = root.get("/applications").await.ok(200)["items"][0].clone();
    assert_eq!((&listed["client_id"], &listed["kind"]), (&json!("uptrakit-cli"), &json!("built-in")));
    assert_eq!(listed["verified"], true);
    let path = format!("/applications/{}", text(&listed, "id"));
    root.delete(&path).await.refused(409, "conflict");
    root.patch(&path, json!({ "verified": false })).await.refused(409, "conflict");
}

async fn unused_registrations_give_way_to_new_ones(server: TestServer) {
    let root = server.with_root().await;
    let used = connect(&server, &root, &["hosts:read"]).await;
    let oldest = register(&server, "Oldest", REDIRECT).await;
    let metadata = ClientMetadata { redirect_uris: Some(vec![REDIRECT.to_owned()]), ..ClientMetadata::default() };
    let registration = metadata.check().unwrap();
    for index in 0..1_000_u32 {
        server.advance(1);
        let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + index).to_string();
        applications::register(&server.app, &context(&server, &address), &registration).await.unwrap();
    }
    assert_eq!(root.get("/applications").await.ok(200)["total"], 1_002, "those, the built-in one and the used one");
    assert!(applications::find(&server.app, &oldest.client_id).await.unwrap().is_none());
    assert!(applications::find(&server.app, &used.client_id).await.unwrap().is_some());
}

async fn an_address_registers_twenty_applications_an_hour(server: TestServer) {
    let metadata = ClientMetadata { redirect_uris: Some(vec![REDIRECT.to_owned()]), ..ClientMetadata::default() };
    let registration = metadata.check().unwrap();
    let register = async |address: &str| {
        applications::register(&server.app, &context(&server, address), &registration).await.is_ok()
    };
    for _ in 0..20 {
        assert!(register("2001:db8::1").await);
    }
    assert!(!register("2001:db8::ffff").await, "a network of IPv6 counts as one address");
    assert!(register("2001:db8:0:1::1").await);
    server.advance(180_000);
    assert!(register("2001:db8::1").await);
    assert!(!register("2001:db8::1").await);
}

async fn a_changed_document_asks_again(server: TestServer) {
    let root = server.with_root().await;
    let url = "https://app.example.org/client.json";
    let metadata = |name: &str| {
        let redirect_uris = Some(vec!["https://app.example.org/cb".to_owned()]);
        let client_name = Some(name.to_owned());
        ClientMetadata { redirect_uris, client_name, ..ClientMetadata::default() }.check().unwrap()
    };
    let keep = async |name: &str| {
        let until = server.app.clock.now().plus_millis(1_000);
        applications::keep_document(&server.app, &context(&server, "127.0.0.1"), url, &metadata(name), until)
            .await
            .unwrap()
    };
    let application = keep("App").await;
    assert_eq!(application.client_id, url);
    root.patch(&format!("/applications/{}", application.id), json!({ "verified": true })).await.ok(200);
    crate::support::oauth::connect_again(&server, &root, url, &["hosts:read"]).await;
    let kind = async || {
        let request = begin(&server, url, &[]).await;
        rpc(&root, "open_consent", json!({ "request": request })).await.ok(200)["kind"].clone()
    };
    server.advance(1);
    keep("App").await;
    assert_eq!(kind().await, "continue");
    server.advance(1);
    assert_eq!(keep("Another name").await.id, application.id);
    assert_eq!(kind().await, "ask");
    assert_eq!(root.get("/applications").await.ok(200)["items"][0]["kind"], "document");
}

//! Contract, section 4: hosts.

use crate::support::{TestServer, on_both, report};
use serde_json::json;

on_both!(
    a_report_makes_a_host_once_and_updates_it_after,
    lists_are_searched_sorted_and_paged,
    wrong_reports_are_refused_by_field,
    counts_of_updates_make_sense_or_are_refused,
    machines_that_share_a_machine_id_are_told_and_recorded_once_a_day,
    machines_that_share_a_machine_id_and_a_name_are_noticed_by_their_kernels,
    a_stream_tells_proxies_to_pass_it_on_at_once
);

async fn a_report_makes_a_host_once_and_updates_it_after(server: TestServer) {
    let root = server.with_root().await;
    let made = root.post("/hosts/report", report("m")).await.ok(201);
    let path = format!("/hosts/{}", made["id"].as_str().unwrap());
    assert_eq!(root.patch(&path, json!({ "friendly_name": "Attic" })).await.ok(200)["friendly_name"], "Attic");
    server.advance(60_000);
    let mut again = report("m");
    again["pending_updates"] = json!(null);
    again["reboot_required"] = json!(null);
    let updated = root.post("/hosts/report", again).await.ok(200);
    assert_eq!(updated["id"], made["id"]);
    assert_eq!(updated["created_at"], made["created_at"]);
    assert_ne!(updated["last_seen_at"], made["last_seen_at"]);
    assert_eq!((&updated["friendly_name"], &updated["pending_updates"]), (&json!("Attic"), &json!(null)));
    assert_eq!(root.patch(&path, json!({ "friendly_name": null })).await.ok(200)["friendly_name"], json!(null));
    root.delete(&path).await.ok(204);
    root.delete(&path).await.refused(404, "not-found");
    root.get(&path).await.refused(404, "not-found");
    root.get("/hosts/nonsense").await.refused(404, "not-found");
}

async fn lists_are_searched_sorted_and_paged(server: TestServer) {
    let root = server.with_root().await;
    for (index, name) in ["beta", "Alpha", "gamma"].into_iter().enumerate() {
        let mut body = report(name);
        body["hostname"] = json!(name);
        body["pending_updates"] = if index == 0 { json!(null) } else { json!(index) };
        root.post("/hosts/report", body).await.ok(201);
    }
    let names = async |query: &str| {
        let page = root.get(&format!("/hosts?{query}")).await.ok(200);
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|host| host["hostname"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["Alpha", "beta", "gamma"]);
    assert_eq!(names("sort=-hostname").await, ["gamma", "beta", "Alpha"]);
    assert_eq!(names("sort=-pending_updates").await, ["gamma", "Alpha", "beta"]);
    assert_eq!(names("q=ALP").await, ["Alpha"]);
    assert_eq!(names("per_page=1&page=2").await, ["beta"]);
    root.get("/hosts?sort=kernel").await.refused(422, "invalid-field");
}

async fn wrong_reports_are_refused_by_field(server: TestServer) {
    let root = server.with_root().await;
    for (field, value) in [
        ("machine_id", json!("")),
        ("machine_id", json!("x".repeat(129))),
        ("machine_id", json!("a\nb")),
        ("hostname", json!("")),
        ("pending_updates", json!(-1)),
        ("security_updates", json!("two")),
        ("reboot_required", json!(1)),
        ("id", json!("x")),
    ] {
        let mut body = report("m");
        body[field] = value;
        let problem = root.post("/hosts/report", body).await.refused(422, "invalid-field");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    let mut missing = report("m");
    missing.as_object_mut().unwrap().remove("kernel");
    assert_eq!(root.post("/hosts/report", missing).await.refused(422, "invalid-field")["errors"][0]["field"], "kernel");
    assert_eq!(root.get("/hosts").await.ok(200)["total"], 0);
}

async fn counts_of_updates_make_sense_or_are_refused(server: TestServer) {
    let root = server.with_root().await;
    let send = async |pending: serde_json::Value, security: serde_json::Value| {
        let mut body = report("m");
        body["pending_updates"] = pending;
        body["security_updates"] = security;
        root.post("/hosts/report", body).await
    };
    for (pending, security, fields) in [
        (json!(2), json!(3), &["security_updates"][..]),
        (json!(0), json!(1), &["security_updates"]),
        (json!(1_000_001), json!(0), &["pending_updates"]),
        (json!(null), json!(1_000_001), &["security_updates"]),
        (json!(1_000_001), json!(1_000_001), &["pending_updates", "security_updates"]),
    ] {
        let problem = send(pending, security).await.refused(422, "invalid-field");
        let named: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
        assert_eq!(named, fields, "{problem}");
    }
    assert_eq!(root.get("/hosts").await.ok(200)["total"], 0);
    send(json!(1_000_000), json!(1_000_000)).await.ok(201);
    for (pending, security) in
        [(json!(3), json!(3)), (json!(0), json!(0)), (json!(null), json!(7)), (json!(7), json!(null))]
    {
        let host = send(pending.clone(), security.clone()).await.ok(200);
        assert_eq!((&host["pending_updates"], &host["security_updates"]), (&pending, &security));
    }
}

async fn machines_that_share_a_machine_id_are_told_and_recorded_once_a_day(server: TestServer) {
    const HOUR: i64 = 3_600_000;
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "fleet", "permissions": ["hosts:report"] })).await;
    let fleet = server.bearer(&text);
    let send = async |hostname: &str| {
        server.advance(HOUR);
        let mut body = report("cloned");
        body["hostname"] = json!(hostname);
        let reply = fleet.post("/hosts/report", body).await;
        assert!(reply.status.is_success(), "{}", reply.text);
        let noticed_at = reply.json()["shared_machine_id_at"].clone();
        let warning = reply.header("uptrakit-warning");
        assert_eq!(warning.contains("same machine id"), noticed_at.is_string(), "{warning}");
        (reply.json()["id"].as_str().unwrap().to_owned(), noticed_at)
    };
    let events = async || root.get("/audit?action=host.shared-machine-id").await.ok(200);
    for hostname in ["web-1", "web-1", "web-2"] {
        assert_eq!(send(hostname).await.1, json!(null), "a machine may be renamed");
    }
    let (id, noticed_at) = send("web-1").await;
    assert_eq!(noticed_at, server.app.clock.now().to_string());
    let listed = root.get(&format!("/hosts/{id}")).await.ok(200);
    assert_eq!((&listed["shared_machine_id_at"], listed.get("reporters")), (&noticed_at, None));
    for hour in 1..24 {
        assert_eq!(send(["web-1", "web-2"][hour % 2]).await.1, noticed_at);
    }
    assert_eq!(events().await["total"], 1);
    assert_ne!(send("web-1").await.1, noticed_at);
    let events = events().await;
    assert_eq!((&events["total"], &events["items"][0]["target_id"]), (&json!(2), &json!(id)));
    // One of the machines has an id of its own now.
    for hour in 1..=9 * 24 {
        let is_told = send("web-1").await.1.is_string();
        assert_eq!(is_told, hour <= 8 * 24, "hour {hour}");
    }
}

async fn machines_that_share_a_machine_id_and_a_name_are_noticed_by_their_kernels(server: TestServer) {
    let root = server.with_root().await;
    let (_, text) = root.new_token(json!({ "name": "fleet", "permissions": ["hosts:report"] })).await;
    let fleet = server.bearer(&text);
    let mut noticed = Vec::new();
    for turn in 0..6 {
        server.advance(3_600_000);
        let mut body = report("cloned");
        body["kernel"] = json!(["6.1.0-18-amd64", "6.1.0-21-amd64"][turn % 2]);
        noticed.push(fleet.post("/hosts/report", body).await.json()["shared_machine_id_at"].is_string());
    }
    assert_eq!(noticed, [false, false, false, false, true, true]);
    assert_eq!(root.get("/audit?action=host.shared-machine-id").await.ok(200)["total"], 1);
}

async fn a_stream_tells_proxies_to_pass_it_on_at_once(server: TestServer) {
    use http_body_util::BodyExt as _;

    let root = server.with_root().await;
    let request = root.request(http::Method::GET, "/hosts/events").header("accept-encoding", "gzip, br");
    let response = root.open_request(request, axum::body::Body::empty()).await;
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("x-accel-buffering").as_deref(), Some("no"));
    assert_eq!(header("cache-control").as_deref(), Some("no-store, no-transform"));
    assert_eq!(header("content-type").as_deref(), Some("text/event-stream"));
    assert_eq!(header("content-encoding"), None);
    let first = response.into_body().frame().await.unwrap().unwrap().into_data().unwrap();
    // A browser's event source hides comments from the page, so that the page needs an event to notice that the stream
    // is open.
    assert_eq!(&first[..], b": following\nevent: ping\ndata: {}\n\n");
    assert_eq!(root.get("/hosts").await.header("cache-control"), "no-store");
}

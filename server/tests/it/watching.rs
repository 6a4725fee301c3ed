//! The dashboard, the alerts and the list of metrics in the documentation name what a running server counts.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use regex::Regex;
use serde_json::{Value, json};

use crate::{
    process::{add_root, start_with},
    support::proxy::{find, free_address},
};

fn documented(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(documented(file)).unwrap()
}

/// Returns the metrics that a text names, as an expression of Prometheus names them.
fn names(text: &str) -> BTreeSet<String> {
    let name = Regex::new(r"\buptrakit_[a-z_]+").unwrap();
    name.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

/// Runs a server until each of its metrics has counted something, and returns what it shows.
fn measured() -> String {
    let directory = tempfile::tempdir().unwrap();
    assert!(add_root(directory.path(), None).status.success());
    let metrics = free_address();
    let settings = [("UPTRAKIT_LOG", ""), ("UPTRAKIT_METRICS_LISTEN", metrics.as_str())];
    let process = start_with(directory.path(), None, &settings);
    let token = process.first_token();
    let wrong = json!({ "login": "root", "password": "wrong" }).to_string();
    assert_eq!(process.ask("POST", "/auth/sessions", "", &wrong).unwrap().0, 401);
    assert_eq!(process.with_token("DELETE", "/auth/api-tokens/current", &token, "").unwrap().0, 204);
    process.measured(metrics.parse().unwrap())
}

#[test]
fn the_dashboard_and_the_alerts_name_metrics_and_labels_that_the_server_has_and_the_documentation_names_all() {
    let shown = measured();
    let lines: Vec<&str> = shown.lines().filter(|line| line.starts_with("uptrakit_")).collect();
    let there: BTreeSet<String> = lines.iter().flat_map(|line| names(line.split(['{', ' ']).next().unwrap())).collect();
    assert!(there.len() > 15, "{shown}");

    let dashboard: Value = serde_json::from_str(&read("operations/grafana-dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let mut expressions: Vec<String> = targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    assert!(expressions.len() > 20, "{expressions:?}");
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    expressions.extend(variables.iter().filter_map(|variable| Some(variable["query"]["query"].as_str()?.to_owned())));
    let rules = read("operations/prometheus-rules.yml");
    expressions.push(rules.clone());
    for expression in &expressions {
        let missing: Vec<_> = names(expression).difference(&there).cloned().collect();
        assert!(missing.is_empty(), "the server does not count {missing:?}, of {expression}");
    }

    // Prometheus itself adds `job` and `instance`.
    let selector = Regex::new(r"\b(uptrakit_[a-z_]+)\{([^}]*)\}").unwrap();
    let label = Regex::new(r#"\b([a-z_]+)\s*=~?\s*""#).unwrap();
    for expression in &expressions {
        for found in selector.captures_iter(expression) {
            for label in label.captures_iter(&found[2]).filter(|label| !["job", "instance"].contains(&&label[1])) {
                let has_it = |line: &&str| {
                    line.starts_with(&format!("{}{{", &found[1])) && line.contains(&format!("{}=\"", &label[1]))
                };
                assert!(lines.iter().any(has_it), "{} has no label {}", &found[1], &label[1]);
            }
        }
    }

    let operations = read("operations.md");
    let (_, table) = operations.split_once("| metric | counts |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let mut listed = names(table);
    // The row of the connections names the second one by its end alone.
    assert!(table.contains("`…_idle`"));
    listed.insert("uptrakit_database_connections_idle".to_owned());
    let whole = |name: &String| {
        let ends = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        ends.map_or_else(|| name.clone(), str::to_owned)
    };
    assert_eq!(
        listed,
        there.iter().map(whole).collect(),
        "the table of docs/operations.md, and what the server counts"
    );
}

#[test]
fn prometheus_reads_the_alerts_and_raises_them_when_it_should() {
    let Some(promtool) = find("promtool") else { return };
    let rules = documented("operations/prometheus-rules.yml");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/prometheus-rules.test.yml");
    for (what, file) in [("check", rules), ("test", cases)] {
        let output = Command::new(&promtool).args([what, "rules"]).arg(&file).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    }
}

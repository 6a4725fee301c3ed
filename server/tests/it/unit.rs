//! Tests the systemd unit of the docs: systemd keeps restarting the server, and denies it what it doesn't need.

use std::process::Command;

const UNIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations/uptrakit.service");

/// Returns the values of a section, as systemd reads them.
fn section(name: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(UNIT).unwrap();
    let lines = text.lines().skip_while(|line| *line != format!("[{name}]")).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let pairs = lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_unit_waits_for_the_network_and_starts_again_without_end() {
    let has = |section: &[(String, String)], key: &str, value: &str| {
        section.iter().any(|(found, set)| found == key && set.split(' ').any(|word| word == value))
    };
    let unit = section("Unit");
    for (key, value) in
        [("Wants", "network-online.target"), ("After", "network-online.target"), ("StartLimitIntervalSec", "0")]
    {
        assert!(has(&unit, key, value), "{key}={value} is missing in [Unit]: {unit:?}");
    }
    let service = section("Service");
    for (key, value) in [("Restart", "on-failure"), ("RestartSec", "5"), ("StateDirectory", "uptrakit")] {
        assert!(has(&service, key, value), "{key}={value} is missing in [Service]: {service:?}");
    }
    assert!(
        !service.iter().any(|(key, _)| key.starts_with("Environment")),
        "commands don't see the unit's environment"
    );
}

#[test]
fn the_exposure_of_the_unit_is_at_most_two() {
    let version = Command::new("systemd-analyze").arg("--version").output();
    let version = version.ok().and_then(|output| {
        String::from_utf8_lossy(&output.stdout).split_whitespace().nth(1)?.split(['.', '~']).next()?.parse::<u32>().ok()
    });
    // Version 250 is the first that checks a file without a running systemd.
    if version.is_none_or(|version| version < 250) {
        eprintln!("left out: systemd-analyze is not installed, or older than 250");
        return;
    }
    let output = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", "--threshold=20", UNIT])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("Overall exposure level"), "{text}");
    assert!(output.status.success(), "{text}");
}

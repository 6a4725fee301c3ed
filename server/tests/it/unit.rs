//! Tests the systemd units of the docs: systemd keeps restarting the server, and denies programs what they don't need.

use std::process::Command;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations");

/// Returns the values of a section, as systemd reads them.
fn section(name: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(format!("{FOLDER}/uptrakit.service")).unwrap();
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
    for (key, value) in [
        ("Type", "notify"),
        ("WatchdogSec", "30"),
        ("TimeoutStartSec", "infinity"),
        ("Restart", "on-failure"),
        ("RestartSec", "5"),
        ("StateDirectory", "uptrakit"),
    ] {
        assert!(has(&service, key, value), "{key}={value} is missing in [Service]: {service:?}");
    }
    assert!(
        !service.iter().any(|(key, _)| key.starts_with("Environment")),
        "commands don't see the unit's environment"
    );
}

/// Returns true when systemd-analyze is there and checks a file without a running systemd, as since version 250.
fn can_analyze() -> bool {
    let version = Command::new("systemd-analyze").arg("--version").output();
    let version = version.ok().and_then(|output| {
        String::from_utf8_lossy(&output.stdout).split_whitespace().nth(1)?.split(['.', '~']).next()?.parse::<u32>().ok()
    });
    let can = version.is_some_and(|version| version >= 250);
    if !can {
        eprintln!("left out: systemd-analyze is not installed, or older than 250");
    }
    can
}

#[test]
fn the_exposure_of_the_services_is_below_two() {
    if !can_analyze() {
        return;
    }
    for unit in ["uptrakit.service", "uptrakit-report.service"] {
        let output = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", "--threshold=19", &format!("{FOLDER}/{unit}")])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(&format!("Overall exposure level for {unit}")), "{text}");
        assert!(output.status.success(), "{text}");
    }
}

#[test]
fn systemd_knows_every_line_of_the_units() {
    if !can_analyze() {
        return;
    }
    // systemd wants the programs to be there.
    let directory = tempfile::tempdir().unwrap();
    for unit in ["uptrakit.service", "uptrakit.socket", "uptrakit-report.service", "uptrakit-report.timer"] {
        let text = std::fs::read_to_string(format!("{FOLDER}/{unit}")).unwrap();
        let text = text.replace("ExecStart=uptrakit-server\n", "ExecStart=/bin/true\n");
        let text = text.replace("ExecStart=uptrakit hosts report\n", "ExecStart=/bin/true\n");
        std::fs::write(directory.path().join(unit), text).unwrap();
    }
    for unit in ["uptrakit.service", "uptrakit.socket", "uptrakit-report.service", "uptrakit-report.timer"] {
        let output = Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .arg(directory.path().join(unit))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains(unit), "{said}");
    }
}

//! Tests what `hosts report` says about this machine, and about others that programs and files simulate.

use crate::support::Program;
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt};

fn dry_run(program: &Program) -> (Value, String) {
    let outcome = program.ok(&["hosts", "report", "--dry-run", "-o", "json"]);
    (outcome.json(), outcome.stderr)
}

#[test]
fn the_raw_machine_id_never_leaves_the_machine() {
    let (report, notes) = dry_run(&Program::new());
    let id = report["machine_id"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    for path in ["/etc/machine-id", "/var/lib/dbus/machine-id"] {
        if let Ok(raw) = fs::read_to_string(path).map(|text| text.trim().to_owned())
            && !raw.is_empty()
        {
            assert!(!report.to_string().contains(&raw) && !notes.contains(&raw));
        }
    }
}

#[test]
fn the_same_machine_gives_the_same_id() {
    assert_eq!(dry_run(&Program::new()).0["machine_id"], dry_run(&Program::new()).0["machine_id"]);
}

#[test]
fn the_kernel_and_the_processor_are_those_that_run() {
    let (report, _) = dry_run(&Program::new());
    let names = rustix::system::uname();
    assert_eq!(report["kernel"], names.release().to_str().unwrap());
    assert_eq!(report["architecture"], names.machine().to_str().unwrap());
    assert!(!report["os_name"].as_str().unwrap().is_empty());
}

/// Puts these programs in front of those of the system.
fn with_programs(scripts: &[(&str, &str)]) -> Program {
    let program = Program::new();
    let folder = program.home().join("bin");
    fs::create_dir(&folder).unwrap();
    for (name, script) in scripts {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    program.with("PATH", &path)
}

#[test]
fn a_package_manager_that_fails_leaves_the_counts_unknown_and_says_so() {
    let scripts = ["apt-get", "dnf", "apk", "pacman"].map(|name| (name, "exit 70"));
    let (report, notes) = dry_run(&with_programs(&scripts));
    assert_eq!((&report["pending_updates"], &report["security_updates"]), (&Value::Null, &Value::Null));
    assert!(notes.contains("pending updates: unknown, because"), "{notes}");
}

#[test]
fn a_container_leaves_it_unknown_whether_a_restart_is_due_and_says_so() {
    let (report, notes) = dry_run(&with_programs(&[("systemd-detect-virt", "echo lxc"), ("dnf", "exit 0")]));
    assert_eq!(report["reboot_required"], Value::Null);
    assert!(notes.contains("restart due: unknown, because this is a container ("), "{notes}");
}

#[test]
fn an_id_that_is_given_is_reported_and_the_confidential_one_is_refused() {
    let program = Program::new();
    let report = program.ok(&["hosts", "report", "--dry-run", "-o", "json", "--machine-id", "web-2"]).json();
    assert_eq!(report["machine_id"], "web-2");
    let Ok(raw) = fs::read_to_string("/etc/machine-id") else { return eprintln!("skipped: no /etc/machine-id here") };
    let raw = raw.trim();
    if raw.len() != 32 {
        return eprintln!("skipped: /etc/machine-id holds no id here");
    }
    for given in [raw.to_owned(), raw.to_uppercase(), format!("{}-{}", &raw[..8], &raw[8..])] {
        let outcome = program.run(&["hosts", "report", "--dry-run", "--machine-id", &given]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{outcome:?}");
        assert!(outcome.stderr.contains("confidential") && !outcome.stderr.contains(raw), "{outcome:?}");
    }
}

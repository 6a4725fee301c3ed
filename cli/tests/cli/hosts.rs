//! `uptrakit hosts …`

use crate::support::{Program, Server, StandIn, Terminal, UNKNOWN_TOKEN, assert_transcript};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
};

/// Reports another machine than this one.
fn report(server: &Server, hostname: &str, security: u32) -> Value {
    report_as(server, &format!("machine-of-{hostname}"), hostname, security)
}

fn report_as(server: &Server, machine_id: &str, hostname: &str, security: u32) -> Value {
    let report = json!({
        "machine_id": machine_id, "hostname": hostname, "os_name": "Debian GNU/Linux",
        "os_version": "12", "kernel": "6.1.0-40-amd64", "architecture": "x86_64",
        "pending_updates": 12, "security_updates": security, "reboot_required": false,
    });
    let request = ureq::post(format!("{}/api/v1/hosts/report", server.url));
    let request = request.header("Authorization", format!("Bearer {}", server.token));
    let mut answer = request.header("Content-Type", "application/json").send(report.to_string()).unwrap();
    serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
}

#[test]
fn report_tells_the_server_about_this_very_machine() {
    let server = Server::start();
    let program = server.program();
    let sent = program.ok(&["hosts", "report", "--dry-run", "-o", "json"]).json();
    let host = program.ok(&["hosts", "report", "-o", "json"]).json();
    for (field, value) in sent.as_object().unwrap() {
        assert_eq!(&host[field], value, "{field}");
    }
    let again = program.ok(&["hosts", "report", "-o", "json"]).json();
    assert_eq!(again["id"], host["id"], "the same machine is the same host");
    let page = program.ok(&["hosts", "list", "-o", "json"]).json();
    assert_eq!(page["total"], 1);
    assert_eq!(page["items"][0]["hostname"], rustix::system::uname().nodename().to_str().unwrap());
}

#[test]
fn a_clone_with_an_id_of_its_own_is_a_host_of_its_own() {
    let server = Server::start();
    let program = without_package_managers(server.program());
    let first = program.ok(&["hosts", "report", "-o", "json"]).json();
    let clone = program.ok(&["hosts", "report", "-o", "json", "--machine-id", "web-2"]).json();
    assert_eq!(clone["machine_id"], "web-2");
    assert_ne!(clone["id"], first["id"]);
    let longest = "ü".repeat(128);
    let clone = program.ok(&["hosts", "report", "-o", "json", "--machine-id", &longest]).json();
    assert_eq!(clone["machine_id"], longest, "the server takes what this program takes");
}

#[test]
fn a_machine_id_that_the_server_refuses_is_named_by_its_flag() {
    let problem = r#"{"detail":"x","code":"invalid-field","errors":[{"field":"machine_id","message":"is taken"}]}"#;
    let server = StandIn::answering("422 Unprocessable Content", "application/problem+json", problem);
    let program = without_package_managers(Program::signed_in(&server.url, UNKNOWN_TOKEN));
    let outcome = program.run(&["hosts", "report", "--machine-id", "web-2"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("  why:  --machine-id is taken\n"), "{outcome:?}");
}

#[test]
fn a_machine_id_that_is_none_is_a_mistake_of_usage_before_anything_is_read() {
    let silent = StandIn::silent();
    let program = Program::signed_in(&silent.url, UNKNOWN_TOKEN);
    let long = "x".repeat(129);
    for (wrong, why) in [
        ("", "it must not be empty"),
        (" ", "it must not be empty"),
        ("\n", "it must be one line"),
        ("web-2\n", "it must be one line"),
        ("a\nb", "it must be one line"),
        ("a\u{7}b", "it must be one line"),
        ("a\u{202e}b", "it must be one line"),
        (&long, "it must have at most 128 characters; it has 129"),
    ] {
        for more in [&[][..], &["--dry-run"], &["--install-timer"]] {
            let outcome = program.run(&[&["hosts", "report", "--machine-id", wrong], more].concat());
            assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{wrong:?}: {outcome:?}");
            let line = outcome.stderr.lines().next().unwrap();
            assert!(line.contains("'--machine-id <ID>': ") && line.contains(why), "{wrong:?}: {outcome:?}");
            assert!(!outcome.stderr.contains(['\u{7}', '\u{202e}']), "{wrong:?}: {outcome:?}");
        }
    }
    assert_eq!(silent.connections(), 0);
}

#[test]
fn what_the_server_has_to_say_about_a_report_is_told_as_a_warning() {
    let host = r#"{"id":"x","hostname":"web-1"}"#;
    let warning = "Two machines report as web-1 (\u{fc}).\u{1b}[31m".replace('\u{1b}', "\u{9b}");
    let answer =
        format!("HTTP/1.1 200 OK\r\nUptrakit-Warning: {warning}\r\nContent-Length: {}\r\n\r\n{host}", host.len());
    let server = StandIn::saying(answer.leak().as_bytes());
    let program = without_package_managers(Program::signed_in(&server.url, UNKNOWN_TOKEN));
    let outcome = program.ok(&["hosts", "report"]);
    assert!(outcome.stderr.contains("\nwarning: Two machines report as web-1 (\u{fc}).\u{fffd}[31m\n"), "{outcome:?}");
}

#[test]
fn a_dry_run_sends_nothing_and_needs_no_credential() {
    let outcome = Program::new().ok(&["hosts", "report", "--dry-run", "-o", "json"]);
    assert!(outcome.json()["hostname"].is_string());
}

#[test]
fn a_list_is_one_record_per_line_in_a_pipe() {
    let server = Server::start();
    report(&server, "web-1", 3);
    report(&server, "db-1", 0);
    assert_transcript!(server.program().run(&["hosts", "list"]));
    assert_transcript!(server.program().run(&["hosts", "show", "WEB-1"]));
}

#[test]
fn a_host_that_several_machines_report_as_is_marked_with_the_remedy() {
    let server = Server::start();
    let program = server.program();
    for hostname in ["web-1", "web-2"] {
        report_as(&server, "cloned", hostname, 3);
    }
    report(&server, "db-1", 0);
    let remedy = "`uptrakit hosts report --machine-id ID`";
    for arguments in [&["hosts", "list"][..], &["hosts", "show", "web-2"]] {
        let outcome = program.ok(arguments);
        assert!(!format!("{outcome:?}").contains("hare"), "a machine may be renamed: {outcome:?}");
    }
    report_as(&server, "cloned", "web-1", 3);

    let listed = program.ok(&["hosts", "list"]);
    let said = "warning: several machines share a machine id and report as web-1: ";
    assert!(listed.stderr.starts_with(said) && listed.stderr.contains(remedy), "{listed:?}");
    assert!(listed.stdout.contains("\nweb-1\t12\t3\t"), "programs read the columns: {listed:?}");
    let (_, shown) = Terminal::run(&program.with("NO_COLOR", "1"), &["hosts", "list"]).finish();
    assert!(shown.contains("\nweb-1 (shared machine id)  12 "), "{shown}");
    assert!(shown.contains("\ndb-1                       12 "), "{shown}");

    let program = server.program();
    let json = program.ok(&["hosts", "list", "-o", "json"]);
    assert_eq!(json.stderr, "");
    let shown = program.ok(&["hosts", "show", "web-1"]).stdout;
    let line = shown.lines().find_map(|line| line.strip_prefix("Shared machine id\t")).unwrap();
    assert!(line.starts_with("several machines report as this host, noticed 20") && line.contains(remedy), "{line}");
    let other = program.ok(&["hosts", "show", "db-1"]).stdout;
    assert!(!other.contains("Shared machine id"), "{other}");
}

#[test]
fn hosts_are_searched_sorted_and_fetched_page_by_page() {
    let server = Server::start();
    for (hostname, security) in [("web-1", 3), ("web-2", 9), ("db-1", 1)] {
        report(&server, hostname, security);
    }
    let program = server.program();
    let names = |arguments: &[&str]| -> Vec<String> {
        let page = program.ok(&[&["hosts", "list", "-o", "json"], arguments].concat()).json();
        page["items"].as_array().unwrap().iter().map(|host| host["hostname"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["--sort", "-security_updates"]), ["web-2", "web-1", "db-1"]);
    assert_eq!(names(&["--search", "web", "--sort", "hostname"]), ["web-1", "web-2"]);
    assert_eq!(names(&["--per-page", "1", "--page", "2", "--sort", "hostname"]), ["web-1"]);
    assert_eq!(names(&["--all", "--sort", "hostname"]), ["db-1", "web-1", "web-2"]);
}

#[test]
fn a_page_past_the_end_is_the_last_one_for_people_and_empty_for_programs() {
    let server = Server::start();
    let program = server.program();
    let beyond = program.ok(&["hosts", "list", "--page", "9"]);
    assert_eq!((beyond.stdout.as_str(), beyond.stderr.as_str()), ("", "no hosts\n"));
    for (hostname, security) in [("web-1", 3), ("web-2", 9), ("db-1", 1)] {
        report(&server, hostname, security);
    }
    let last = ["hosts", "list", "--sort", "hostname", "--per-page", "2", "--page", "9"];
    let beyond = program.ok(&last);
    assert!(beyond.stdout.starts_with("web-2\t") && beyond.stdout.lines().count() == 1, "{beyond:?}");
    let said = "there is no page 9; this is page 2, the last one\n1 of 3 hosts; --all fetches the rest\n";
    assert_eq!(beyond.stderr, said);
    let beyond = program.ok(&[&last[..], &["-o", "json"]].concat());
    assert_eq!(beyond.stderr, "there is no page 9; the last one is page 2\n");
    let page = beyond.json();
    assert_eq!((&page["page"], &page["total_pages"], &page["items"]), (&json!(9), &json!(2), &json!([])));
    let tokens = program.ok(&["auth", "token", "list", "--page", "2"]);
    assert!(tokens.stdout.starts_with("first\t"), "{tokens:?}");
}

#[test]
fn an_empty_list_is_empty_and_says_so_beside_it() {
    let server = Server::start();
    let outcome = server.program().ok(&["hosts", "list"]);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", "no hosts\n"));
}

#[test]
fn a_host_that_does_not_exist_exits_4() {
    let server = Server::start();
    assert_eq!(server.program().run(&["hosts", "show", "nobody"]).code, 4);
}

#[test]
fn who_may_not_report_is_refused_with_3() {
    let server = Server::start();
    server.add_user("vera", "viewer");
    let token = server.token_of("vera", &json!({"name": "t"}));
    let outcome = server.program_with(token["token"].as_str().unwrap()).run(&["hosts", "report"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""));
    assert!(outcome.stderr.contains("hosts:report"), "{outcome:?}");
}

#[test]
fn watch_prints_hosts_as_they_change_and_ends_when_the_token_is_revoked() {
    let server = Server::start();
    let watcher = server.program().ok(&["auth", "token", "create", "--name", "watcher"]).stdout;
    let program = server.program_with(watcher.trim());
    let mut command = program.command(&["hosts", "watch", "-o", "json"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(stderr.next().unwrap().unwrap().starts_with("Watching the hosts of "));
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    for (hostname, security) in [("web-1", 3), ("web-1", 4)] {
        report(&server, hostname, security);
        let host: Value = serde_json::from_str(&stdout.next().unwrap().unwrap()).unwrap();
        assert_eq!((&host["hostname"], &host["security_updates"]), (&json!(hostname), &json!(security)));
    }
    server.program().ok(&["auth", "token", "revoke", "watcher"]);
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let said: Vec<String> = stderr.map(Result::unwrap).collect();
    assert!(said.iter().any(|line| line.contains("revoked")), "{said:?}");
}

#[test]
fn watch_says_that_it_is_connected_again_also_after_one_attempt() {
    let brief = StandIn::answering("200 OK", "text/event-stream", ": hello\n\n");
    let program = Program::signed_in(&brief.url, UNKNOWN_TOKEN);
    let mut command = program.command(&["hosts", "watch"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(stderr.next().unwrap().starts_with("Watching"));
    assert!(stderr.next().unwrap().starts_with("Connected again"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn watch_mentions_at_its_start_that_the_token_ends_soon() {
    let server = Server::start();
    let soon = server.program().ok(&["auth", "token", "create", "--name", "short", "--expires-in", "3d"]).stdout;
    let program = server.program_with(soon.trim());
    let mut command = program.command(&["hosts", "watch"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(stderr.next().unwrap().starts_with("Watching"));
    assert!(stderr.next().unwrap().contains("the token in use ends "));
    server.program().ok(&["auth", "token", "revoke", "short"]);
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(!stderr.any(|line| line.contains("the token in use ends ")), "it is said twice");
}

#[test]
fn watch_comes_back_when_the_server_does() {
    let mut server = Server::start();
    let program = server.program();
    let mut command = program.command(&["hosts", "watch"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(stderr.next().unwrap().starts_with("Watching"));
    server.stop();
    assert!(stderr.next().unwrap().contains("the connection is lost"));
    server.start_again();
    assert!(stderr.next().unwrap().starts_with("Connected again"));
    report(&server, "web-1", 3);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("\tweb-1\tDebian GNU/Linux 12\t12\t3\tno"), "{line:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Adds a `systemctl` that records its arguments and exits with this code.
fn with_systemctl(program: Program, code: i32) -> Program {
    let folder = program.home().join("bin");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("systemctl");
    fs::write(&path, format!("#!/bin/sh\necho \"$@\" >> \"$HOME/asked\"\necho 'no bus here' >&2\nexit {code}\n"))
        .unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    without_package_managers(program)
}

/// Puts package managers that fail in front of the system's programs: the updates of this machine don't matter to these
/// tests, and take time to count.
fn without_package_managers(program: Program) -> Program {
    let folder = program.home().join("bin");
    fs::create_dir_all(&folder).unwrap();
    for name in ["apt-get", "dnf", "apk", "pacman"] {
        std::os::unix::fs::symlink("/bin/false", folder.join(name)).unwrap();
    }
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    program.with("PATH", &path)
}

#[test]
fn a_timer_is_installed_works_and_is_removed() {
    let server = Server::start();
    let program = with_systemctl(server.program(), 0);
    let outcome = program.ok(&[
        "hosts",
        "report",
        "--install-timer",
        "--user",
        "--every",
        "6h",
        "--timeout",
        "90s",
        "--machine-id",
        "web 2",
    ]);
    assert!(!outcome.stderr.contains("cron"), "{outcome:?}");
    assert!(outcome.stdout.is_empty() && !outcome.stderr.contains(&server.token), "{outcome:?}");
    let config = program.home().join("config");
    let service = fs::read_to_string(config.join("systemd/user/uptrakit-report.service")).unwrap();
    let timer = fs::read_to_string(config.join("systemd/user/uptrakit-report.timer")).unwrap();
    assert!(timer.contains("OnUnitActiveSec=21600s"), "{timer}");
    assert!(!service.contains("upk_"), "{service}");
    let credentials = config.join("uptrakit/timer.toml");
    assert_eq!(credentials.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let head = "# Written by `uptrakit hosts report --install-timer`. ";
    assert!(fs::read_to_string(&credentials).unwrap().starts_with(head));
    let asked = fs::read_to_string(program.home().join("asked")).unwrap();
    assert_eq!(asked, "--user daemon-reload\n--user enable --now uptrakit-report.timer\n");

    // The command of the unit works: it reports in the environment of the unit.
    let value = |key: &str| service.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    let (name, file) = value("Environment=").split_once('=').unwrap();
    let (command, last) = value("ExecStart=").split_once(" \"--machine-id=web 2\"").unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    assert!(words.ends_with(&["--timeout", "90000ms"]) && last.is_empty(), "{words:?}");
    let reported = Program::new().with(name, file).ok(&[&words[..], &["--machine-id=web 2"]].concat());
    assert!(reported.stderr.contains("Reported "), "{reported:?}");

    // The link that systemd leaves behind where it can't be reached is removed, too.
    let wants = config.join("systemd/user/timers.target.wants");
    fs::create_dir(&wants).unwrap();
    std::os::unix::fs::symlink("../uptrakit-report.timer", wants.join("uptrakit-report.timer")).unwrap();
    program.ok(&["hosts", "report", "--remove-timer", "--user"]);
    let left = |folder: &Path| -> Vec<_> { fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect() };
    assert_eq!(left(&config.join("systemd/user")), [wants.as_path()]);
    assert!(left(&wants).is_empty() && !config.join("uptrakit").exists());
    let asked = fs::read_to_string(program.home().join("asked")).unwrap();
    assert!(asked.ends_with("--user daemon-reload\n--user reset-failed uptrakit-report.service\n"), "{asked}");
    assert_eq!(program.run(&["hosts", "report", "--remove-timer", "--user"]).code, 4);
}

#[test]
fn a_timer_that_can_not_be_started_is_not_said_to_run() {
    let server = Server::start();
    let program = with_systemctl(server.program(), 1);
    let outcome = program.run(&["hosts", "report", "--install-timer", "--user"]);
    assert_eq!(outcome.code, 1);
    for part in
        ["no bus here", "systemctl --user enable --now uptrakit-report.timer", "17 * * * * UPTRAKIT_CREDENTIALS="]
    {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
    }
}

#[test]
fn a_token_that_can_not_report_gets_no_timer() {
    let server = Server::start();
    let narrow = server.token_of("root", &json!({"name": "narrow", "permissions": ["hosts:read"]}));
    let revoked = server.token_of("root", &json!({"name": "revoked"}));
    server.program().ok(&["auth", "token", "revoke", "revoked"]);
    for token in [&narrow, &revoked] {
        let program = with_systemctl(server.program_with(token["token"].as_str().unwrap()), 0);
        assert_eq!(program.run(&["hosts", "report", "--install-timer", "--user"]).code, 3);
        assert!(!program.home().join("config").exists() && !program.home().join("asked").exists());
    }
}

#[test]
fn a_timer_for_another_server_keeps_no_token_of_the_first() {
    let (one, other) = (Server::start(), Server::start());
    let program = with_systemctl(Program::new(), 0);
    for server in [&one, &other] {
        program.ok(&[
            "hosts",
            "report",
            "--install-timer",
            "--user",
            "--server",
            &server.url,
            "--token",
            &server.token,
        ]);
    }
    let saved = fs::read_to_string(program.home().join("config/uptrakit/timer.toml")).unwrap();
    assert!(saved.contains(&other.token) && !saved.contains(&one.token));
}

#[test]
fn removing_a_timer_without_systemd_says_what_still_runs() {
    let server = Server::start();
    let program = with_systemctl(server.program(), 1);
    assert_eq!(program.run(&["hosts", "report", "--install-timer", "--user"]).code, 1);
    let outcome = program.ok(&["hosts", "report", "--remove-timer", "--user"]);
    for part in ["no bus here", "systemctl --user stop uptrakit-report.timer"] {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
    }
}

#[test]
fn a_timer_whose_token_is_revoked_says_to_install_it_again() {
    let server = Server::start();
    let program = with_systemctl(server.program(), 0);
    program.ok(&["hosts", "report", "--install-timer", "--user"]);
    program.ok(&["auth", "token", "revoke", "first"]);
    let credentials = program.home().join("config/uptrakit/timer.toml");
    let timer = Program::new().with("UPTRAKIT_CREDENTIALS", credentials.to_str().unwrap());
    let outcome = timer.run(&["hosts", "report"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("--install-timer` again with a new token"), "{outcome:?}");
    assert!(!outcome.stderr.contains("auth login"), "{outcome:?}");
}

#[test]
fn a_timer_does_without_the_proxy_and_says_so() {
    let server = Server::start();
    let address = server.url.strip_prefix("http://").unwrap();
    let proxy = StandIn::forwarding(address);
    let program = with_systemctl(Program::new(), 0).with("HTTP_PROXY", &proxy.url.replace("//", "//me:secret@"));
    let arguments = ["--server", "http://uptrakit.invalid:1", "--allow-http", "--token", &server.token];
    let outcome = program.ok(&[&["hosts", "report", "--install-timer", "--user"], &arguments[..]].concat());
    assert!(outcome.stderr.contains("does not know the proxy in HTTP_PROXY"), "{outcome:?}");
    let service = program.home().join("config/systemd/user/uptrakit-report.service");
    assert!(!outcome.stderr.contains("secret") && !fs::read_to_string(service).unwrap().contains("secret"));
}

//! Tests that errors of the command line are reported without a request to any server.

use crate::support::{Program, Server, UNKNOWN_TOKEN, assert_transcript};
use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

/// No program can listen at this address, so a request to it is noticed.
const NOBODY: &str = "http://127.0.0.1:1";

#[test]
fn typos_get_a_suggestion() {
    assert_transcript!(Program::new().run(&["hosts", "reprot"]));
}

#[test]
fn mistakes_of_usage_exit_2_and_name_what_is_wrong() {
    let program = Program::signed_in(NOBODY, UNKNOWN_TOKEN);
    for (arguments, named) in [
        (&["auth", "token", "create"][..], "--name"),
        (&["auth", "token", "create", "--name", ""], "'--name <NAME>': it must not be empty; "),
        (&["auth", "token", "create", "--name", " \t"], "'--name <NAME>': it must be one line"),
        (&["auth", "token", "create", "--name", "  "], "'--name <NAME>': it must not be empty; "),
        (&["auth", "token", "create", "--name", "a\nb"], "'--name <NAME>': it must be one line"),
        (&["auth", "token", "show", ""], "'<ID>': it must not be empty; `uptrakit auth token list`"),
        (&["auth", "token", "rotate", " "], "'<ID>': it must not be empty; `uptrakit auth token list`"),
        (&["auth", "token", "revoke", ""], "'<ID>': it must not be empty; `uptrakit auth token list`"),
        (&["hosts", "show", ""], "'<ID>': it must not be empty; `uptrakit hosts list`"),
        (&["auth", "token", "create", "--name", "x", "--expires-in", "soon"], "--expires-in 'soon'"),
        (&["auth", "token", "create", "--name", "x", "--expires-at", "31.1.2030"], "--expires-at '31.1.2030'"),
        (
            &["auth", "token", "create", "--name", "x", "--expires-in", "1d", "--expires-at", "2030-01-31"],
            "--expires-at",
        ),
        (&["auth", "token", "create", "--name", "x", "--expires-in", "90"], "--expires-in '90'"),
        (&["auth", "token", "create", "--name", "x", "--expires-in", "0d"], "--expires-in '0d'"),
        (&["auth", "token", "create", "--name", "x", "--expires-in", "1500ms"], "--expires-in '1500ms'"),
        (&["auth", "token", "rotate", "x", "--overlap", "999ms"], "--overlap '999ms'"),
        (&["auth", "token", "rotate", "x", "--overlap", "8d"], "--overlap '8d'"),
        (&["auth", "token", "list", "--state", "gone"], "--state"),
        (&["hosts", "list", "-o", "xml"], "--output"),
        (&["hosts", "list", "--timeout", "0"], "time limit"),
        (&["hosts", "list", "--timeout", "long"], "'long'"),
        (&["hosts", "list", "--timeout", "25h"], "at most 1d"),
        (&["hosts", "list", "--timeout", "4294967295w"], "at most 1d"),
        (&["hosts", "list", "--page", "x"], "'--page <N>': it must be a number from 1, such as 2\n"),
        (&["hosts", "list", "--page", "0"], "'--page <N>': it must be a number from 1, such as 2\n"),
        (&["auth", "token", "list", "--per-page", "101"], "'--per-page <N>': it must be a number from 1 to 100\n"),
        (&["hosts", "list", "--sort", "colour"], "--sort"),
        (&["auth", "token", "list", "--sort", "-hostname"], "--sort"),
        (&["hosts", "list", "--ca-cert", "missing.pem"], "missing.pem"),
        (&["hosts", "list", "--server", "ftp://example.org"], "ftp://example.org"),
        (&["hosts", "list", "--server", "http://example.org"], "--allow-http"),
        (&["hosts", "report", "--every", "1s", "--install-timer"], "--every '1s'"),
        (&["hosts", "report", "--every", "29d", "--install-timer"], "--every '29d'"),
        (&["hosts", "report", "--every", "4294967295w", "--install-timer"], "from 1m to 4w"),
        (&["hosts", "report", "--every", "5m"], "--install-timer"),
        (&["hosts", "report", "--every", "5m", "--remove-timer", "--user"], "--remove-timer"),
        (&["hosts", "report", "--user"], "--install-timer"),
        (&["hosts", "report", "--remove-timer", "--machine-id", "web-2"], "--machine-id"),
        (&["hosts", "report", "--machine-id", UNKNOWN_TOKEN], "this is the token itself"),
        (&["hosts", "report", "--install-timer", "--remove-timer"], "--remove-timer"),
        (&["hosts", "report", "--dry-run", "--install-timer"], "--install-timer"),
        (&["completions", "tcsh"], "tcsh"),
    ] {
        let outcome = program.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains(named), "{arguments:?}: {outcome:?}");
    }
}

#[test]
fn what_was_typed_is_repeated_without_its_control_characters() {
    for arguments in [
        &["hosts", "a\u{1b}[2Jb"][..],
        &["hosts", "list", "--sort", "a\u{1b}[2Jb"],
        &["hosts", "list", "--a\u{1b}[2Jb"],
    ] {
        let outcome = Program::new().run(arguments);
        assert_eq!(outcome.code, 2, "{outcome:?}");
        assert!(outcome.stderr.contains("a\u{fffd}[2Jb") && !outcome.stderr.contains('\u{1b}'), "{outcome:?}");
    }
}

#[test]
fn nothing_at_all_prints_the_help() {
    let outcome = Program::new().run(&[]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("Usage: uptrakit"));
}

#[test]
fn every_command_has_a_help_text_with_an_example() {
    let commands = [
        "",
        "auth",
        "auth login",
        "auth status",
        "auth logout",
        "auth token",
        "auth token create",
        "auth token list",
        "auth token show",
        "auth token rotate",
        "auth token revoke",
        "hosts",
        "hosts list",
        "hosts show",
        "hosts report",
        "hosts watch",
        "completions",
    ];
    for command in commands {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let outcome = Program::new().ok(&arguments);
        assert!(outcome.stdout.contains("Example:\n  "), "{command}: {}", outcome.stdout);
    }
}

#[test]
fn the_help_of_a_list_names_what_it_sorts_by() {
    for (command, fields) in [
        (&["auth", "token", "list", "--help"][..], ["created_at", "name", "last_used_at", "expires_at"]),
        (&["hosts", "list", "--help"], ["hostname", "last_seen_at", "pending_updates", "security_updates"]),
    ] {
        let help = Program::new().ok(command).stdout;
        let sort = help.split("--sort").nth(1).unwrap().split("--").next().unwrap();
        assert!(fields.iter().all(|field| sort.contains(field)), "{help}");
    }
}

#[test]
fn the_help_never_shows_a_token_of_the_environment() {
    let outcome = Program::signed_in(NOBODY, UNKNOWN_TOKEN).ok(&["--help"]);
    assert!(!outcome.stdout.contains("upk_"));
}

#[test]
fn the_version_names_program_and_number() {
    let outcome = Program::new().ok(&["--version"]);
    let rest = outcome.stdout.strip_prefix(concat!("uptrakit ", env!("CARGO_PKG_VERSION"))).unwrap();
    let commit = rest.trim().trim_start_matches('(').trim_end_matches(')');
    assert!(
        commit.is_empty() || (commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())),
        "{rest:?}"
    );
}

#[test]
fn global_flags_stand_before_or_after_the_command() {
    let server = Server::start();
    let program = Program::new();
    let flags = ["--server", &server.url, "--token", &server.token, "-o", "json"];
    let before = program.ok(&[&flags[..], &["auth", "status"]].concat());
    let between = program.ok(&[&["auth"], &flags[..], &["status"]].concat());
    let after = program.ok(&[&["auth", "status"], &flags[..]].concat());
    assert_eq!(before.json()["username"], "root");
    assert_eq!(before.json()["id"], between.json()["id"]);
    assert_eq!(before.json()["id"], after.json()["id"]);
}

#[test]
fn who_asks_twice_for_more_words_gets_them() {
    for arguments in [&["-vv"][..], &["-v", "--verbose"]] {
        let outcome = Program::signed_in(NOBODY, UNKNOWN_TOKEN).run(&[&["hosts", "list"], arguments].concat());
        assert_eq!(outcome.code, 5, "{outcome:?}");
        assert!(outcome.stderr.contains("  error: "), "{outcome:?}");
    }
}

#[test]
fn the_help_of_create_shows_what_limits_look_like() {
    let help = Program::new().ok(&["auth", "token", "create", "--help"]).stdout;
    assert!(help.contains("such as hosts:report") && help.contains("such as 10.0.0.0/8"), "{help}");
}

#[test]
fn manual_pages_are_written() {
    let program = Program::new();
    program.ok(&["man", "pages"]);
    for page in ["uptrakit.1", "uptrakit-auth-token-create.1", "uptrakit-hosts-report.1"] {
        let text = std::fs::read_to_string(program.home().join("pages").join(page)).unwrap();
        assert!(text.contains(".SH NAME") && text.contains("Example"), "{page}");
    }
}

#[test]
fn a_mistake_in_a_variable_or_a_flag_is_told_of_the_one_that_has_it() {
    let program = || Program::signed_in(NOBODY, UNKNOWN_TOKEN);
    let by_flag = |arguments: &[&str]| program().run(&[&["hosts", "list"], arguments].concat());
    let by_variable = |name: &str, value: &str| program().with(name, value).run(&["hosts", "list"]);
    for (outcome, said, hint) in [
        (by_flag(&["--timeout", "abc"]), "the time limit 'abc' of --timeout is no duration", "--timeout 30s"),
        (by_flag(&["--timeout", "90d"]), "the time limit '90d' of --timeout must be at most 1d", "--timeout 30s"),
        (
            by_variable("UPTRAKIT_TIMEOUT", "abc"),
            "the time limit 'abc' of UPTRAKIT_TIMEOUT is no duration",
            "UPTRAKIT_TIMEOUT=30s",
        ),
        (by_flag(&["--server", ""]), "--server names no server", "--server https://updates.example.org"),
        (
            by_variable("UPTRAKIT_SERVER", " "),
            "UPTRAKIT_SERVER names no server",
            "--server https://updates.example.org",
        ),
        (by_flag(&["--ca-cert", "missing.pem"]), "the certificates in missing.pem", "-----BEGIN CERTIFICATE-----"),
        (by_flag(&["--ca-cert", "/dev/null"]), "holds no certificate", "-----BEGIN CERTIFICATE-----"),
    ] {
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{said}: {outcome:?}");
        let (before, after) = outcome.stderr.split_once("  hint: ").unwrap();
        assert!(before.contains(said) && after.contains(hint), "{said}: {outcome:?}");
    }
    // The value that the message gives as an example is accepted.
    assert_eq!(by_flag(&["--timeout", "30s"]).code, 5);
}

#[test]
fn what_asks_no_server_does_not_mind_a_broken_variable() {
    let program =
        Program::new().with("UPTRAKIT_TIMEOUT", "abc").with("UPTRAKIT_SERVER", "::").with("UPTRAKIT_TOKEN", "x");
    for arguments in [&["completions", "bash"][..], &["--help"], &["--version"], &["man", "pages"]] {
        program.ok(arguments);
    }
}

#[test]
fn a_variable_that_is_no_text_is_a_mistake_and_never_ignored() {
    let broken = OsStr::from_bytes(b"upk_\xff");
    for (name, code, said) in [
        ("UPTRAKIT_SERVER", 2, "the value of UPTRAKIT_SERVER is no text in UTF-8"),
        ("UPTRAKIT_TIMEOUT", 2, "the value of UPTRAKIT_TIMEOUT is no text in UTF-8"),
        ("UPTRAKIT_TOKEN", 3, "the token in UPTRAKIT_TOKEN is no Uptrakit API token"),
        ("HTTPS_PROXY", 2, "the proxy in HTTPS_PROXY can't be used"),
    ] {
        let program = Program::signed_in("https://uptrakit.invalid", UNKNOWN_TOKEN);
        let output = program.command(&["hosts", "list"]).env(name, broken).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}: {stderr}");
        assert!(stderr.contains(said), "{name}: {stderr}");
    }
    // A path need not be UTF-8.
    let program = Program::new().with_saved(NOBODY, UNKNOWN_TOKEN, None);
    let path = program.home().join(OsStr::from_bytes(b"credentials\xff"));
    std::fs::rename(program.credentials(), &path).unwrap();
    let output = program.command(&["hosts", "list"]).env("UPTRAKIT_CREDENTIALS", path).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{output:?}");
}

#[test]
fn the_text_of_a_token_is_never_echoed() {
    // No program listens at this address, so a request to it exits with 5.
    let program = Program::new().with("UPTRAKIT_SERVER", NOBODY).with("NO_COLOR", "1");
    let (below, above) = (format!("{UNKNOWN_TOKEN}.example.org"), format!("https://example.org/{UNKNOWN_TOKEN}"));
    let cases = [
        &[UNKNOWN_TOKEN][..],
        &["auth", UNKNOWN_TOKEN],
        &["hosts", "list", UNKNOWN_TOKEN],
        &["auth", "token", "list", "--state", UNKNOWN_TOKEN],
        &["hosts", "list", "-o", UNKNOWN_TOKEN],
        &["hosts", "list", "--page", UNKNOWN_TOKEN],
        &["hosts", "list", "--timeout", UNKNOWN_TOKEN, "--token", UNKNOWN_TOKEN],
        &["hosts", "list", "--ca-cert", UNKNOWN_TOKEN, "--token", UNKNOWN_TOKEN],
        &["hosts", "list", "--server", UNKNOWN_TOKEN],
        &["hosts", "list", "--server", &below],
        &["hosts", "list", "--server", &above],
        &["auth", "token", "create", "--name", "x", "--expires-in", UNKNOWN_TOKEN],
        &["auth", "token", "create", "--name", "x", "--expires-at", UNKNOWN_TOKEN],
        &["auth", "token", "rotate", "x", "--overlap", UNKNOWN_TOKEN],
        &["hosts", "report", "--install-timer", "--every", UNKNOWN_TOKEN],
        &["completions", UNKNOWN_TOKEN],
        &[&format!("--{UNKNOWN_TOKEN}")],
    ];
    for arguments in cases {
        let outcome = program.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{arguments:?}: {outcome:?}");
        assert!(!outcome.stderr.contains(UNKNOWN_TOKEN), "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains("upk_0000…IdS3"), "{arguments:?}: {outcome:?}");
        // A host's name is compared in small letters.
        assert!(!outcome.stderr.contains(&UNKNOWN_TOKEN.to_lowercase()), "{arguments:?}: {outcome:?}");
    }
}

#[test]
fn a_token_where_a_name_is_expected_is_said_to_be_one_before_the_server_is_asked() {
    let program = Program::signed_in(NOBODY, UNKNOWN_TOKEN);
    for verb in ["show", "rotate", "revoke"] {
        let outcome = program.run(&["auth", "token", verb, UNKNOWN_TOKEN]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{verb}: {outcome:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(outcome.stderr, @"
            error: invalid value 'upk_0000…IdS3' for '<ID>': this is the token itself, not its name or id; `uptrakit auth token list` shows those, next to upk_0000…IdS3

            For more information, try '--help'.
            ");
        }
    }
    for (arguments, said) in [
        (&["auth", "token", "create", "--name", UNKNOWN_TOKEN][..], "this is the token itself, not its name or id"),
        (&["auth", "token", "list", "--search", UNKNOWN_TOKEN], "this is the token itself, not its name or id"),
        (&["hosts", "show", UNKNOWN_TOKEN], "this is a secret, not the name or id of a host"),
        (&["hosts", "list", "--search", UNKNOWN_TOKEN], "this is a secret, not the name or id of a host"),
    ] {
        let outcome = program.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains(said) && !outcome.stderr.contains(UNKNOWN_TOKEN), "{outcome:?}");
    }
}

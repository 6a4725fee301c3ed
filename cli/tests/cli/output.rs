//! Tests terminals, pipes, colours, and readers that go away.

use crate::support::{Program, Server, Terminal};
use std::process::Stdio;

#[test]
fn a_terminal_gets_a_table_with_relative_times_and_colour() {
    let server = Server::start();
    let (code, shown) = Terminal::run(&server.program(), &["auth", "token", "list"]).finish();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("NAME") && shown.contains("first") && shown.contains("\u{1b}["), "{shown}");
    assert!(!shown.contains("T00:") && !shown.contains(".000Z"), "{shown}");
    assert!(shown.lines().all(|line| without_escapes(line).chars().count() <= 100), "{shown}");
}

#[test]
fn no_color_takes_the_colour_away_and_nothing_else() {
    let server = Server::start();
    let coloured = Terminal::run(&server.program(), &["auth", "token", "show", "first"]).finish().1;
    let plain = Terminal::run(&server.program().with("NO_COLOR", "1"), &["auth", "token", "show", "first"]).finish().1;
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let labels = |text: &str| text.lines().map(|line| line.split("  ").next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(labels(&without_escapes(&coloured)), labels(&plain));
}

#[test]
fn json_at_a_terminal_is_json() {
    let server = Server::start();
    let (_, shown) = Terminal::run(&server.program(), &["auth", "status", "-o", "json"]).finish();
    let me: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(me["username"], "root");
}

#[test]
fn a_pipe_gets_no_colour() {
    let server = Server::start();
    for arguments in [&["auth", "status"][..], &["auth", "token", "list"], &["auth", "token", "show", "none"]] {
        let outcome = server.program().run(arguments);
        assert!(!outcome.stdout.contains('\u{1b}') && !outcome.stderr.contains('\u{1b}'), "{outcome:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let server = Server::start();
    let program = server.program();
    for arguments in [
        &["auth", "status"][..],
        &["auth", "token", "list"],
        &["auth", "token", "list", "-o", "json"],
        &["auth", "token", "list", "-o", "yaml"],
        &["completions", "bash"],
        &["--help"],
    ] {
        let mut child = program
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        assert!(!said.contains("error:") && !said.contains("panicked"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_token_whose_text_nobody_got_comes_with_how_to_revoke_it() {
    let server = Server::start();
    let program = server.program();
    for (name, format) in [("ci", "human"), ("cd", "json")] {
        let id =
            |name| program.ok(&["auth", "token", "show", name, "-o", "json"]).json()["id"].as_str().unwrap().to_owned();
        for (arguments, done) in [(&["create", "--name", name][..], "made"), (&["rotate", name], "rotated")] {
            let mut command = program.command(&[&["auth", "token", "-o", format], arguments].concat());
            let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            drop(child.stdout.take());
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
            assert!(said.contains(&format!("uptrakit auth token revoke {}", id(name))), "{arguments:?}: {said}");
            assert!(
                said.contains(&format!("the token is {done}, but it could not be printed")),
                "{arguments:?}: {said}"
            );
        }
    }
}

#[test]
fn a_rotated_text_that_is_saved_is_not_said_to_be_lost() {
    let server = Server::start();
    let program = Program::new();
    program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], &server.token);
    let mut command = program.command(&["auth", "token", "rotate", "first"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("the new token is saved") && !said.contains("could not be printed"), "{said}");
    program.ok(&["auth", "status"]);
}

#[test]
fn nobody_listening_to_remarks_is_no_failure() {
    let server = Server::start();
    let program = server.program();
    let mut command = program.command(&["auth", "token", "revoke", "nothing-like-this"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(4));
}

#[test]
fn a_full_disk_is_a_failure() {
    // Linux alone has this device, on which every write fails.
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let output = Program::new().command(&["completions", "bash"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output"));
}

fn without_escapes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out + rest
}

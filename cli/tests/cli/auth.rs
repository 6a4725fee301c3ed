//! `uptrakit auth login|status|logout`

use crate::support::{PASSWORD, Program, Server, StandIn, Terminal, UNKNOWN_TOKEN, assert_transcript};
use rustix::process::Signal;
use std::{os::unix::fs::PermissionsExt, sync::mpsc::channel};

const LOGIN_WITH_TOKEN: [&str; 3] = ["auth", "login", "--with-token"];

fn this_machine() -> String {
    rustix::system::uname().nodename().to_str().unwrap().chars().take(60).collect()
}

#[test]
fn status_says_who_one_is_and_by_which_token() {
    let server = Server::start();
    assert_transcript!(server.program().run(&["auth", "status"]));
}

#[test]
fn status_in_json_is_the_api_object() {
    let server = Server::start();
    let me = server.program().ok(&["auth", "status", "-o", "json"]).json();
    assert_eq!(me["username"], "root");
    assert_eq!(me["email"], "root@example.org");
    assert_eq!(me["roles"], serde_json::json!(["administrator"]));
    assert_eq!(me["token"]["name"], "first");
}

#[test]
fn a_narrowed_token_shows_what_it_may_do_and_no_more() {
    let server = Server::start();
    let narrow = server.token_of("root", &serde_json::json!({"name": "narrow", "permissions": ["hosts:read"]}));
    let outcome = server.program_with(narrow["token"].as_str().unwrap()).ok(&["auth", "status"]);
    assert!(outcome.stdout.contains("Permissions\thosts:read\n"), "{outcome:?}");
}

#[test]
fn no_credential_at_hand_exits_3_and_says_how_to_get_one() {
    assert_transcript!(Program::new().run(&["auth", "status"]));
}

#[test]
fn a_malformed_token_is_named_as_such_and_not_echoed() {
    let program = Program::signed_in("http://127.0.0.1:1", "upk_0000000000000000000000000000003aIdS4");
    let outcome = program.run(&["hosts", "list"]);
    assert_transcript!(outcome);
    assert!(!outcome.stderr.contains("aIdS4"));
    let outcome = Program::new().run_with_input(&LOGIN_WITH_TOKEN, "correct horse");
    assert_eq!(outcome.code, 3);
    assert!(!outcome.stderr.contains("horse"), "{outcome:?}");
}

#[test]
fn a_token_with_a_byte_order_mark_and_crlf_signs_in() {
    let server = Server::start();
    let program = Program::new();
    let text = format!("\u{feff}{}\r\n", server.token);
    let outcome = program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], &text);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    // The program also reads a credentials file that an editor saved with a byte order mark.
    let saved = std::fs::read_to_string(program.credentials()).unwrap().replace('\n', "\r\n");
    std::fs::write(program.credentials(), format!("\u{feff}{saved}")).unwrap();
    program.ok(&["auth", "status"]);
    Program::signed_in(&server.url, &text).ok(&["auth", "status"]);
}

#[test]
fn a_token_in_quotes_is_named_as_such_wherever_it_comes_from() {
    let text = format!("\"{UNKNOWN_TOKEN}\"");
    for outcome in [
        Program::new().run_with_input(&LOGIN_WITH_TOKEN, &text),
        Program::signed_in("http://127.0.0.1:1", &text).run(&["hosts", "list"]),
    ] {
        assert_eq!(outcome.code, 3, "{outcome:?}");
        assert!(outcome.stderr.contains("it has quotes around it"), "{outcome:?}");
        assert!(!outcome.stderr.contains("aIdS3"), "{outcome:?}");
    }
}

#[test]
fn an_input_with_no_token_and_one_with_several_are_told_apart() {
    let several = format!("{UNKNOWN_TOKEN}\n{UNKNOWN_TOKEN}\n");
    for (input, said) in [
        ("", "error: nothing came on standard input\n  hint: "),
        ("\u{feff}\r\n", "error: nothing came on standard input\n  hint: "),
        (&several, "error: what came on standard input is more than one token\n  hint: give one token alone; "),
        ("u\0\0\0p\0\0\0", "error: what came on standard input is in UTF-32, and must be in UTF-8; "),
    ] {
        let program = Program::new();
        let outcome = program.run_with_input(&LOGIN_WITH_TOKEN, input);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{input:?}: {outcome:?}");
        assert!(outcome.stderr.starts_with(said), "{input:?}: {outcome:?}");
        assert!(!outcome.stderr.contains("aIdS3") && !program.credentials().exists(), "{outcome:?}");
    }
    let blank = Program::signed_in("http://127.0.0.1:1", " ").run(&["hosts", "list"]);
    assert!(blank.stderr.starts_with("error: the token in UPTRAKIT_TOKEN is empty\n"), "{blank:?}");
}

#[test]
fn an_unknown_token_is_refused_and_not_echoed() {
    let server = Server::start();
    let outcome = server.program_with(UNKNOWN_TOKEN).run(&["auth", "status"]);
    assert_transcript!(outcome);
    assert!(!outcome.stderr.contains(UNKNOWN_TOKEN));
}

#[test]
fn a_token_from_standard_input_is_saved_for_its_owner_alone() {
    let server = Server::start();
    let program = Program::new();
    let outcome = program
        .run_with_input(&["auth", "login", "--with-token", "--server", &server.url], &format!("{}\n", server.token));
    assert_transcript!(outcome);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&program.credentials()), 0o600);
    assert_eq!(mode(program.credentials().parent().unwrap()), 0o700);
    // From now on the server that was signed in to is the default.
    let me = program.ok(&["auth", "status", "-o", "json"]).json();
    assert_eq!(me["username"], "root");
}

#[test]
fn a_token_that_the_server_refuses_is_not_saved() {
    let server = Server::start();
    let program = Program::new();
    let outcome = program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], UNKNOWN_TOKEN);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("hint: give it another token; make one at "), "{outcome:?}");
    assert!(!program.credentials().exists());
}

#[test]
fn login_at_a_terminal_makes_a_token_named_after_this_machine() {
    let server = Server::start();
    let program = Program::new();
    let mut terminal = Terminal::run(&program, &["auth", "login", "--password"]);
    terminal.expect("Server [http://127.0.0.1:8080]: ").type_in(&format!("{}\n", server.url));
    terminal.expect("Username or email: ").type_in("root@example.org\n");
    terminal.expect("Password: ").type_in(&format!("{PASSWORD}\n"));
    let (code, shown) = terminal.finish();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("Signed in to") && !shown.contains(PASSWORD), "{shown}");
    let saved = std::fs::read_to_string(program.credentials()).unwrap();
    let token = saved.split('"').find(|word| word.starts_with("upk_")).unwrap();
    assert!(!shown.contains(token), "the token is shown");
    let me = program.ok(&["auth", "status", "-o", "json"]).json();
    assert_eq!(me["token"]["name"], this_machine());
    // The web session of the sign-in has ended: the tests themselves opened all that are left.
    assert_eq!(server.sessions("root"), server.sessions_opened());
}

#[test]
fn a_second_login_finds_another_name() {
    let server = Server::start();
    let login = || {
        let program = Program::new();
        let mut terminal = Terminal::run(&program, &["auth", "login", "--password", "--server", &server.url]);
        terminal.expect("Username or email: ").type_in("root\n").expect("Password: ").type_in(&format!("{PASSWORD}\n"));
        assert_eq!(terminal.finish().0, 0);
        program.ok(&["auth", "status", "-o", "json"]).json()["token"]["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(login(), this_machine());
    assert_eq!(login(), format!("{}-2", this_machine()));
}

#[test]
fn a_wrong_password_is_refused_and_nothing_is_saved() {
    let server = Server::start();
    let program = Program::new();
    let mut terminal = Terminal::run(&program, &["auth", "login", "--password", "--server", &server.url]);
    terminal.expect("Username or email: ").type_in("root\n").expect("Password: ").type_in("not this one, sorry\n");
    let (code, shown) = terminal.finish();
    assert_eq!(code, 3, "{shown}");
    assert!(!shown.contains("sorry") && shown.contains("hint: check both and run the command again"), "{shown}");
    assert!(!program.credentials().exists());
}

#[test]
fn a_token_that_is_typed_for_a_server_or_a_login_goes_nowhere() {
    let silent = StandIn::silent();
    let program = Program::new();
    let mut terminal = Terminal::run(&program, &["auth", "login", "--password"]);
    terminal.expect("Server [").type_in(&format!("{UNKNOWN_TOKEN}\n")).expect("a secret is part of it");
    let (code, shown) = terminal.finish();
    assert_eq!(code, 2, "{shown}");
    assert!(shown.contains("'upk_0000…IdS3' is no server address"), "{shown}");
    let mut terminal = Terminal::run(&program, &["auth", "login", "--password", "--server", &silent.url]);
    terminal.expect("Username or email: ").type_in(&format!("{UNKNOWN_TOKEN}\n")).expect("not a username or an email");
    assert_eq!((terminal.finish().0, silent.connections()), (2, 0));
}

#[test]
fn an_interrupted_login_saves_nothing() {
    let server = Server::start();
    let program = Program::new();
    let mut terminal = Terminal::run(&program, &["auth", "login", "--password", "--server", &server.url]);
    terminal.expect("Username or email: ").type_in("root\n").expect("Password: ").type_in("half a pass\u{3}");
    terminal.expect("nothing was saved");
    assert_eq!(terminal.wait(), 130);
    assert!(terminal.shows_typing(), "the terminal stays blind");
    assert!(!program.credentials().exists());
    assert_eq!(server.program().ok(&["auth", "token", "list", "-o", "json"]).json()["total"], 1);
}

#[test]
fn a_signal_at_the_password_leaves_the_terminal_as_it_was() {
    let program = Program::new();
    let mut terminal = Terminal::run(&program, &["auth", "login", "--password", "--server", "http://127.0.0.1:1"]);
    terminal.expect("Username or email: ").type_in("root\n").expect("Password: ");
    assert!(!terminal.shows_typing());
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.wait(), 130);
    assert!(terminal.shows_typing(), "the terminal stays blind");
}

#[test]
fn keys_that_would_stop_the_program_are_no_part_of_the_password() {
    let server = Server::start();
    let program = Program::new();
    let mut terminal = Terminal::run(&program, &["auth", "login", "--password", "--server", &server.url]);
    terminal.expect("Username or email: ").type_in("root\n");
    terminal.expect("Password: ").type_in(&format!("\u{1a}\u{1c}{PASSWORD}\n"));
    let (code, shown) = terminal.finish();
    assert_eq!(code, 0, "{shown}");
}

#[test]
fn an_interrupt_while_the_server_works_leaves_neither_session_nor_token() {
    let sessions = ["POST /api/v1/auth/sessions", "DELETE /api/v1/auth/sessions/current"];
    let tokens = ["POST /api/v1/auth/api-tokens", "GET /api/v1/auth/me", "DELETE /api/v1/auth/api-tokens/current"];
    let whole = [sessions[0], tokens[0], sessions[1], tokens[1], tokens[2]];
    // The interrupt comes during the sign-in, or while the token is created.
    for (step, expected) in [(1, &sessions[..]), (2, &whole[..])] {
        let ((asked, heard), (go, let_on)) = (channel(), channel());
        let slow = StandIn::signing_in(asked, let_on);
        let program = Program::new();
        let mut terminal = Terminal::run(&program, &["auth", "login", "--password", "--server", &slow.url]);
        terminal.expect("Username or email: ").type_in("root\n").expect("Password: ").type_in("a password\n");
        let mut lines = Vec::new();
        for number in 1..=step {
            lines.push(heard.recv().unwrap());
            if number == step {
                terminal.signal(Signal::INT);
                terminal.expect("so that nothing is left behind");
            }
            go.send(()).unwrap();
        }
        let (code, shown) = terminal.finish();
        lines.extend(heard.try_iter());
        assert_eq!(lines, expected, "{shown}");
        assert!(!program.credentials().exists(), "{shown}");
        assert!(code != 0 && shown.contains("so that nothing is left behind"), "{shown}");
    }
}

#[test]
fn a_sign_in_that_is_not_answered_in_time_may_have_left_a_session() {
    let silent = StandIn::silent();
    let program = Program::new();
    let arguments = ["auth", "login", "--password", "--server", &silent.url, "--timeout", "300ms"];
    let mut terminal = Terminal::run(&program, &arguments);
    terminal.expect("Username or email: ").type_in("root\n").expect("Password: ").type_in("a password\n");
    let (code, shown) = terminal.finish();
    assert_eq!(code, 5, "{shown}");
    assert!(shown.contains("the web session of this sign-in may be there now"), "{shown}");
}

#[test]
fn what_is_no_answer_is_refused_where_it_is_asked() {
    for (typed, code, said) in [
        ("root\n\n", 2, "error: password is needed to sign in\n"),
        ("\u{4}", 1, "\nerror: there was no answer\n"),
        ("root\n\u{3}", 130, "it was interrupted"),
    ] {
        let program = Program::new().with("NO_COLOR", "1");
        let mut terminal = Terminal::run(&program, &["auth", "login", "--password", "--server", "http://127.0.0.1:1"]);
        terminal.expect("Username or email: ");
        for (index, line) in typed.split_inclusive('\n').enumerate() {
            if index == 1 {
                terminal.expect("Password: ");
            }
            terminal.type_in(line);
        }
        let (ended, shown) = terminal.finish();
        assert_eq!(ended, code, "{typed:?}: {shown}");
        assert!(shown.contains(said), "{typed:?}: {shown}");
    }
}

#[test]
fn only_another_token_that_was_saved_before_is_mentioned() {
    let server = Server::start();
    let program = Program::new();
    let login = |token: &str| {
        let outcome = program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], token);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let another = outcome.stderr.split_once("Another token was saved here before; ");
        another.map(|(_, rest)| rest.to_owned())
    };
    assert_eq!(login(&server.token), None);
    assert_eq!(login(&server.token), None, "it is the same one");
    let second = server.token_of("root", &serde_json::json!({"name": "second"}));
    let first =
        server.program().ok(&["auth", "status", "-o", "json"]).json()["token"]["id"].as_str().unwrap().to_owned();
    let remark = login(second["token"].as_str().unwrap()).unwrap();
    assert!(remark.contains(&format!("revoke it with `uptrakit auth token revoke {first}`.")), "{remark}");
    let rotated = program.ok(&["auth", "token", "rotate", "second", "-o", "json"]).json();
    assert_eq!(login(rotated["token"].as_str().unwrap()), None, "it is the same token, rotated");
}

#[test]
fn login_without_a_terminal_says_what_to_do_instead() {
    for arguments in [&["auth", "login"][..], &["auth", "login", "--password"]] {
        let outcome = Program::new().run(arguments);
        assert_eq!(outcome.code, 2);
        for way in ["--with-token", "--device"] {
            assert!(outcome.stderr.contains(way), "{outcome:?}");
        }
    }
}

#[test]
fn a_token_that_can_not_be_saved_is_not_left_behind() {
    let server = Server::start();
    let program = Program::new();
    // A file takes the place of the folder.
    std::fs::write(program.home().join("config"), "").unwrap();
    let mut terminal = Terminal::run(&program, &["auth", "login", "--password", "--server", &server.url]);
    terminal.expect("could not save the credentials");
    assert_eq!(terminal.finish().0, 1);
    assert_eq!(server.program().ok(&["auth", "token", "list", "-o", "json"]).json()["total"], 1);
}

#[test]
fn logout_revokes_and_forgets() {
    let server = Server::start();
    let program = Program::new();
    program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], &server.token);
    assert_transcript!(program.run(&["auth", "logout"]));
    assert_eq!(server.program().run(&["auth", "status"]).code, 3, "the token still works");
    assert!(!std::fs::read_to_string(program.credentials()).unwrap().contains("upk_"));
    assert_eq!(program.run(&["auth", "logout", "--server", &server.url]).code, 3);
}

#[test]
fn logout_names_the_token_of_the_variable_that_it_leaves_alone() {
    let server = Server::start();
    let id = server.program().ok(&["auth", "status", "-o", "json"]).json()["token"]["id"].as_str().unwrap().to_owned();
    let outcome = server.program().run(&["auth", "logout"]);
    assert_eq!(outcome.code, 3);
    let hint = format!("the token in UPTRAKIT_TOKEN is revoked with `uptrakit auth token revoke {id}`");
    assert!(outcome.stderr.contains(&hint), "{outcome:?}");
    server.program().ok(&["auth", "status"]);
}

#[test]
fn logout_of_a_token_that_is_revoked_already_goes_well() {
    let server = Server::start();
    let program = Program::new();
    program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], &server.token);
    server.program().ok(&["auth", "token", "revoke", "first"]);
    let outcome = program.ok(&["auth", "logout"]);
    assert!(outcome.stderr.contains("no longer worked"), "{outcome:?}");
}

#[test]
fn logout_of_a_token_that_may_still_work_says_that_it_is_not_revoked() {
    for (status, code, detail) in [
        ("403 Forbidden", "network-not-allowed", "The token may not be used from this address."),
        ("401 Unauthorized", "account-disabled", "The token's account is deactivated."),
        ("403 Forbidden", "something-new", "This is new."),
    ] {
        let problem = format!(r#"{{"detail":"{detail}","code":"{code}"}}"#);
        let refusing = StandIn::answering(status, "application/problem+json", &problem);
        let program = Program::new().with_saved(&refusing.url, UNKNOWN_TOKEN, None);
        let outcome = program.run(&["auth", "logout"]);
        assert_eq!(outcome.code, 3, "{code}: {outcome:?}");
        for part in ["forgot token upk_0000…IdS3, but could not revoke it", detail] {
            assert!(outcome.stderr.contains(part), "{code}: {outcome:?}");
        }
        assert!(!std::fs::read_to_string(program.credentials()).unwrap().contains("upk_"));
    }
}

#[test]
fn logout_without_a_server_keeps_nothing_and_says_so() {
    let mut server = Server::start();
    let program = Program::new();
    program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], &server.token);
    server.stop();
    assert_transcript!(program.run(&["auth", "logout"]));
    assert!(!std::fs::read_to_string(program.credentials()).unwrap().contains("upk_"));
}

//! `uptrakit auth login|status|logout`

use crate::support::{PASSWORD, Program, Server, Terminal, UNKNOWN_TOKEN, assert_transcript};
use std::os::unix::fs::PermissionsExt;

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
fn a_mistyped_token_is_named_as_such_and_not_echoed() {
    let program = Program::signed_in("http://127.0.0.1:1", "upk_0000000000000000000000000000003aIdS4");
    let outcome = program.run(&["hosts", "list"]);
    assert_transcript!(outcome);
    assert!(!outcome.stderr.contains("aIdS4"));
    let outcome = Program::new().run_with_input(&LOGIN_WITH_TOKEN, "correct horse");
    assert_eq!(outcome.code, 3);
    assert!(!outcome.stderr.contains("horse"), "{outcome:?}");
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
    // The server that was signed in to is the one that is meant from now on.
    let me = program.ok(&["auth", "status", "-o", "json"]).json();
    assert_eq!(me["username"], "root");
}

#[test]
fn a_token_that_the_server_refuses_is_not_saved() {
    let server = Server::start();
    let program = Program::new();
    let outcome = program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], UNKNOWN_TOKEN);
    assert_eq!(outcome.code, 3);
    assert!(!program.credentials().exists());
}

#[test]
fn login_at_a_terminal_makes_a_token_named_after_this_machine() {
    let server = Server::start();
    let program = Program::new();
    let mut terminal = Terminal::run(&program, &["auth", "login"]);
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
    // The web session of the sign-in is over: all that are left were opened by the tests themselves.
    assert_eq!(server.sessions("root"), server.sessions_opened());
}

#[test]
fn a_second_login_finds_another_name() {
    let server = Server::start();
    let login = || {
        let program = Program::new();
        let mut terminal = Terminal::run(&program, &["auth", "login", "--server", &server.url]);
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
    let mut terminal = Terminal::run(&program, &["auth", "login", "--server", &server.url]);
    terminal.expect("Username or email: ").type_in("root\n").expect("Password: ").type_in("not this one, sorry\n");
    let (code, shown) = terminal.finish();
    assert_eq!(code, 3, "{shown}");
    assert!(!shown.contains("sorry"), "{shown}");
    assert!(!program.credentials().exists());
}

#[test]
fn an_interrupted_login_saves_nothing() {
    let server = Server::start();
    let program = Program::new();
    let mut terminal = Terminal::run(&program, &["auth", "login", "--server", &server.url]);
    terminal.expect("Username or email: ").type_in("root\n").expect("Password: ").type_in("half a pass\u{3}");
    terminal.expect("nothing was saved");
    assert_eq!(terminal.wait(), 1);
    assert!(terminal.shows_typing(), "the terminal stays blind");
    assert!(!program.credentials().exists());
    assert_eq!(server.program().ok(&["auth", "token", "list", "-o", "json"]).json()["total"], 1);
}

#[test]
fn login_without_a_terminal_says_what_to_do_instead() {
    let outcome = Program::new().run(&["auth", "login"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("--with-token"), "{outcome:?}");
}

#[test]
fn a_token_that_can_not_be_saved_is_not_left_behind() {
    let server = Server::start();
    let program = Program::new();
    // A file where the folder should be.
    std::fs::write(program.home().join("config"), "").unwrap();
    let mut terminal = Terminal::run(&program, &["auth", "login", "--server", &server.url]);
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
fn logout_of_a_token_that_is_revoked_already_goes_well() {
    let server = Server::start();
    let program = Program::new();
    program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], &server.token);
    server.program().ok(&["auth", "token", "revoke", "first"]);
    let outcome = program.ok(&["auth", "logout"]);
    assert!(outcome.stderr.contains("no longer worked"), "{outcome:?}");
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

//! `uptrakit auth login` against the real authorization server. The tests answer the consent page in the place of a
//! person.

use crate::support::{PASSWORD, Program, Server, Terminal, oauth::Browser};
use serde_json::{Value, json};

fn token_name() -> String {
    format!("cli on {}", rustix::system::uname().nodename().to_str().unwrap()).chars().take(64).collect()
}

/// Returns the answer of a person who leaves everything as the page proposes it.
fn approval(consent: &Value) -> Value {
    json!({"permissions": consent["asked"]})
}

/// Signs in through the browser. `answer` gets the secret of the request, and returns the address to go back to.
fn sign_in(server: &Server, answer: impl FnOnce(&str) -> String) -> (Program, i32, String, String) {
    let (program, browser) = Browser::of(Program::new());
    let terminal = Terminal::run(&program, &["auth", "login", "--server", &server.url]);
    let opened = browser.opened();
    let consent = server.redirect_of(&opened.address);
    let page = opened.go_to(&answer(consent.split_once("request=").unwrap().1));
    let (code, shown) = terminal.finish();
    (program, code, shown, page)
}

fn approve(server: &Server, request: &str) -> String {
    let opened = server.call("root", "open_consent", &json!({"request": request}));
    let consent = &opened["consent"];
    assert_eq!(consent["destination"]["kind"], "this-computer", "{opened}");
    let body = json!({"request": request, "approval": approval(consent)});
    server.call("root", "approve_consent", &body).as_str().unwrap().to_owned()
}

#[test]
fn what_a_person_allows_is_an_api_token_in_the_list() {
    let server = Server::start();
    for name in [token_name(), format!("{} (2)", token_name())] {
        let (program, code, shown, page) = sign_in(&server, |request| approve(&server, request));
        assert_eq!(code, 0, "{shown}");
        assert!(page.contains("is signed in"), "{page}");
        assert!(shown.contains("Signed in to ") && shown.contains("; it works until in 3 mo ("), "{shown}");
        let me = program.ok(&["auth", "status", "-o", "json"]).json();
        assert_eq!((&me["username"], &me["token"]["name"]), (&json!("root"), &json!(name)));
        assert_eq!(me["token"]["permissions"], Value::Null, "the token inherits what the account may do");
        let list = program.ok(&["auth", "token", "list", "-o", "json"]).json();
        assert!(list["items"].as_array().unwrap().iter().any(|token| token["name"] == name.as_str()), "{list}");
        program.ok(&["auth", "token", "create", "--name", &format!("by {name}"), "--expires-in", "1h"]);
    }
}

#[test]
fn what_a_person_denies_leaves_no_token() {
    let server = Server::start();
    let (program, code, shown, page) = sign_in(&server, |request| {
        server.call("root", "open_consent", &json!({"request": request}));
        server.call("root", "deny_consent", &json!({"request": request})).as_str().unwrap().to_owned()
    });
    assert_eq!(code, 3, "{shown}");
    assert!(shown.contains("it was denied in the browser") && page.contains("Signing in did not work."), "{page}");
    assert!(!program.credentials().exists());
    assert_eq!(server.program().ok(&["auth", "token", "list", "-o", "json"]).json()["total"], 1);
}

#[test]
fn a_code_that_a_person_enters_gives_a_token() {
    let server = Server::start();
    let program = Program::new();
    let mut terminal = Terminal::run(&program, &["auth", "login", "--device", "--server", &server.url]);
    terminal.expect("and enter this code:").expect("Waiting until it is entered");
    let shown = terminal.shown().to_owned();
    let code = shown.split("enter this code:").nth(1).unwrap().split_whitespace().next().unwrap();
    let consent = server.call("root", "open_device", &json!({"code": code}));
    assert_eq!(consent["token_name"], token_name(), "{consent}");
    server.call("root", "approve_device", &json!({"code": code, "approval": approval(&consent)}));
    let (exit, shown) = terminal.finish();
    assert_eq!(exit, 0, "{shown}");
    let me = program.ok(&["auth", "status", "-o", "json"]).json();
    assert_eq!((&me["token"]["name"], &me["token"]["permissions"]), (&json!(token_name()), &Value::Null));
}

#[test]
fn a_code_that_a_person_denies_leaves_no_token() {
    let server = Server::start();
    let program = Program::new();
    let mut terminal = Terminal::run(&program, &["auth", "login", "--device", "--server", &server.url]);
    terminal.expect("Waiting until it is entered");
    let shown = terminal.shown().to_owned();
    let code = shown.split("enter this code:").nth(1).unwrap().split_whitespace().next().unwrap();
    server.call("root", "open_device", &json!({"code": code}));
    server.call("root", "deny_device", &json!({"code": code}));
    let (exit, shown) = terminal.finish();
    assert_eq!(exit, 3, "{shown}");
    assert!(shown.contains("it was denied in the browser") && !program.credentials().exists(), "{shown}");
}

#[test]
fn where_the_server_has_it_turned_off_a_password_signs_in() {
    let server = Server::start_with(&[("UPTRAKIT_OAUTH", "off")]);
    let (program, _) = Browser::of(Program::new());
    let mut terminal = Terminal::run(&program, &["auth", "login", "--server", &server.url]);
    terminal.expect("Signing in with a password instead.").expect("Username or email: ").type_in("root\n");
    terminal.expect("Password: ").type_in(&format!("{PASSWORD}\n"));
    let (code, shown) = terminal.finish();
    assert_eq!(code, 0, "{shown}");
}

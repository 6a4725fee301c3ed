//! `uptrakit auth login` through the browser: by a redirect to this machine, and by a code.

use crate::support::{
    Program, Terminal, UNKNOWN_TOKEN,
    oauth::{Browser, OAuthServer, Opened, Request, error, metadata, not_found, ok},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rustix::process::Signal;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::sync::atomic::{AtomicUsize, Ordering};

const METADATA: &str = "GET /.well-known/oauth-authorization-server";
const TOKEN: &str = "POST /oauth/token";
const DEVICE: &str = "POST /oauth/device_authorization";
const CLOSE: &str = "You can close this page.";

fn token_name() -> String {
    format!("cli on {}", rustix::system::uname().nodename().to_str().unwrap()).chars().take(64).collect()
}

/// Starts a login and waits until its browser opens.
fn begin(server: &OAuthServer) -> (Program, Terminal, Opened) {
    let (program, browser) = Browser::of(Program::new());
    let terminal = Terminal::run(&program, &["auth", "login", "--server", &server.url]);
    let opened = browser.opened();
    (program, terminal, opened)
}

fn saved(program: &Program) -> bool {
    std::fs::read_to_string(program.credentials()).is_ok_and(|text| text.contains(UNKNOWN_TOKEN))
}

#[test]
fn login_opens_the_browser_and_saves_the_token_that_comes_of_it() {
    let server = OAuthServer::start();
    let (program, mut terminal, opened) = begin(&server);
    terminal.expect("Waiting for the browser");
    assert!(opened.address.starts_with(&format!("{}/oauth/authorize?", server.url)), "{}", opened.address);
    for (name, expected) in [
        ("response_type", "code"),
        ("client_id", "uptrakit-cli"),
        ("code_challenge_method", "S256"),
        ("resource", &format!("{}/api/v1", server.url)),
        ("token_name", &token_name()),
    ] {
        assert_eq!(opened.parameter(name), Some(expected), "{name}");
    }
    assert_eq!(opened.parameter("scope"), None);
    let page = opened.come_back(&[
        ("code", "upc_secret"),
        ("state", opened.parameter("state").unwrap()),
        ("iss", &server.url),
    ]);
    let (code, shown) = terminal.finish();
    assert_eq!(code, 0, "{shown}");
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("is signed in") && page.contains(CLOSE), "{page}");
    assert!(shown.contains(&format!("Signed in to {} as root.", server.url)), "{shown}");
    assert!(shown.contains("credentials.toml; it works until in "), "{shown}");
    assert!(!shown.contains(UNKNOWN_TOKEN) && !shown.contains("upc_secret") && saved(&program), "{shown}");
    assert!(program.home().join("leads").exists(), "Ctrl-C would end the browser, too");
    let requests = server.requests();
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    assert_eq!(lines, [METADATA, TOKEN, "GET /api/v1/auth/me"]);
    let exchange = &requests[1];
    for (name, expected) in [
        ("grant_type", "authorization_code"),
        ("code", "upc_secret"),
        ("client_id", "uptrakit-cli"),
        ("redirect_uri", opened.parameter("redirect_uri").unwrap()),
        ("resource", &format!("{}/api/v1", server.url)),
    ] {
        assert_eq!(exchange.field(name), Some(expected), "{name}");
    }
    let verifier = exchange.field("code_verifier").unwrap();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    assert_eq!(opened.parameter("code_challenge"), Some(challenge.as_str()));
}

#[test]
fn only_the_answer_with_the_right_state_is_taken() {
    let server = OAuthServer::start();
    let (_, terminal, opened) = begin(&server);
    let right = [("state", opened.parameter("state").unwrap()), ("code", "upc_secret"), ("iss", &server.url)];
    for wrong in [
        &[("state", "guessed"), ("code", "upc_other"), ("iss", &server.url)][..],
        &[("state", "guessed"), ("error", "access_denied"), ("iss", &server.url)],
        &[("code", "upc_other"), ("iss", &server.url)],
    ] {
        let page = opened.come_back(wrong);
        assert!(page.starts_with("HTTP/1.1 404 ") && page.contains(CLOSE), "{page}");
    }
    assert!(opened.get("/favicon.ico").starts_with("HTTP/1.1 404 "));
    assert!(opened.come_back(&right).starts_with("HTTP/1.1 200 "));
    let (code, shown) = terminal.finish();
    assert_eq!(code, 0, "{shown}");
    let exchange: Vec<Request> = server.requests().into_iter().filter(|request| request.line == TOKEN).collect();
    assert_eq!(exchange.len(), 1);
    assert_eq!(exchange[0].field("code"), Some("upc_secret"));
}

#[test]
fn an_answer_of_another_issuer_is_refused() {
    for iss in [Some("https://elsewhere.example.org"), Some(""), None] {
        let server = OAuthServer::start();
        let (program, terminal, opened) = begin(&server);
        let mut answer = vec![("state", opened.parameter("state").unwrap()), ("code", "upc_secret")];
        answer.extend(iss.map(|iss| ("iss", iss)));
        let page = opened.come_back(&answer);
        let (code, shown) = terminal.finish();
        assert_eq!(code, 1, "{iss:?}: {shown}");
        assert!(shown.contains(&format!("the answer in the browser is not from {}", server.url)), "{shown}");
        assert!(page.contains("The terminal says why.") && page.contains(CLOSE), "{page}");
        assert_eq!(server.lines(), [METADATA], "the code was not sent anywhere");
        assert!(!saved(&program));
    }
}

#[test]
fn a_refusal_in_the_browser_is_said_and_nothing_is_saved() {
    for (parameters, exit, said) in [
        (&[("error", "access_denied")][..], 3, "it was denied in the browser"),
        (&[("error", "server_error"), ("error_description", "No more\u{1b} today.")], 1, "No more\u{fffd} today."),
        (&[("error", "invalid_target")], 1, "the server answered in the browser: invalid_target"),
        (&[], 1, "the server answered in the browser: no code"),
    ] {
        let server = OAuthServer::start();
        let (program, terminal, opened) = begin(&server);
        let state = opened.parameter("state").unwrap();
        let page = opened.come_back(&[parameters, &[("state", state), ("iss", &server.url)]].concat());
        let (code, shown) = terminal.finish();
        assert_eq!(code, exit, "{shown}");
        assert!(shown.contains(said) && shown.contains("nothing was saved"), "{shown}");
        assert!(page.contains("Signing in did not work."), "{page}");
        assert_eq!((server.lines(), saved(&program)), (vec![METADATA.to_owned()], false));
    }
}

#[test]
fn a_code_that_the_server_does_not_take_is_said_in_both_places() {
    let server = OAuthServer::replying(|_, request| {
        (request.line == TOKEN).then(|| error("invalid_grant", "The code is over a minute old."))
    });
    let (program, terminal, opened) = begin(&server);
    let state = opened.parameter("state").unwrap();
    let page = opened.come_back(&[("state", state), ("code", "upc_secret"), ("iss", &server.url)]);
    let (code, shown) = terminal.finish();
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("why:  The code is over a minute old.") && shown.contains("hint: nothing was saved; run"));
    assert!(page.contains("Signing in did not work.") && !saved(&program), "{page}");
}

#[test]
fn a_token_of_the_browser_that_can_not_be_saved_is_revoked() {
    let server = OAuthServer::start();
    let (program, terminal, opened) = begin(&server);
    // A folder takes the place of the file, after it was found to be writable.
    std::fs::create_dir_all(program.credentials()).unwrap();
    let state = opened.parameter("state").unwrap();
    let page = opened.come_back(&[("state", state), ("code", "upc_secret"), ("iss", &server.url)]);
    let (code, shown) = terminal.finish();
    assert_ne!(code, 0, "{shown}");
    assert!(page.contains("Signing in did not work."), "{page}");
    let lines = server.lines();
    assert_eq!(lines.last().map(String::as_str), Some("DELETE /api/v1/auth/api-tokens/current"), "{shown}");
}

#[test]
fn an_interrupt_ends_the_wait_for_the_browser() {
    let server = OAuthServer::start();
    let (program, mut terminal, _) = begin(&server);
    terminal.signal(Signal::INT);
    assert_eq!((terminal.wait(), saved(&program)), (130, false));
}

#[test]
fn a_browser_that_does_not_start_is_said_with_what_to_do() {
    let server = OAuthServer::start();
    let program = Program::new().with("BROWSER", "false:no-such-browser --new");
    let mut terminal = Terminal::run(&program, &["auth", "login", "--server", &server.url]);
    terminal.expect("The browser did not start.").expect("`uptrakit auth login --device`");
    terminal.expect("/oauth/authorize?");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.wait(), 130);
}

#[test]
fn without_a_browser_that_people_see_a_code_takes_its_place() {
    for (variables, why) in [
        (&[("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22"), ("DISPLAY", ":0")][..], "this is a session over SSH"),
        (&[], "there is no display here"),
        (&[("DISPLAY", ":0"), ("PATH", "/nowhere")], "no browser is found here"),
    ] {
        let polls = AtomicUsize::new(0);
        let server = OAuthServer::replying(move |_, request| {
            let is_early = request.line == TOKEN && polls.fetch_add(1, Ordering::SeqCst) < 2;
            is_early.then(|| error("authorization_pending", ""))
        });
        let program = variables.iter().fold(Program::new(), |program, (name, value)| program.with(name, value));
        let mut terminal = Terminal::run(&program, &["auth", "login", "--server", &server.url]);
        terminal.expect(&format!("Signing in with a code, because {why}"));
        terminal.expect("in a browser on this machine, or on another after `ssh -L ");
        terminal.expect(&format!("  {}/device", server.url)).expect("  BCDF-GHJK").expect("It works for 10 min.");
        let (code, shown) = terminal.finish();
        assert_eq!(code, 0, "{shown}");
        assert!(!shown.contains("upd_") && !shown.contains(UNKNOWN_TOKEN) && saved(&program), "{shown}");
        let requests = server.requests();
        let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
        assert_eq!(lines, [METADATA, DEVICE, TOKEN, TOKEN, TOKEN, "GET /api/v1/auth/me"]);
        let resource = format!("{}/api/v1", server.url);
        for (request, name, expected) in [
            (1, "client_id", Some("uptrakit-cli")),
            (1, "resource", Some(resource.as_str())),
            (1, "token_name", Some(token_name().as_str())),
            (1, "scope", None),
            (2, "grant_type", Some("urn:ietf:params:oauth:grant-type:device_code")),
            (2, "device_code", Some("upd_secret")),
            (2, "client_id", Some("uptrakit-cli")),
        ] {
            assert_eq!(requests[request].field(name), expected, "{name}");
        }
    }
}

#[test]
fn a_code_needs_neither_a_terminal_nor_a_display() {
    let server = OAuthServer::start();
    let (program, _) = Browser::of(Program::new());
    let outcome = program.ok(&["auth", "login", "--device", "--server", &server.url]);
    assert!(outcome.stderr.contains("BCDF-GHJK") && outcome.stdout.is_empty(), "{outcome:?}");
    assert!(saved(&program) && !program.home().join("opened").exists());
}

#[test]
fn a_code_that_comes_to_nothing_says_why() {
    for (name, exit, said) in [
        ("access_denied", 3, "it was denied in the browser"),
        ("expired_token", 1, "the code was not entered in time"),
        ("invalid_grant", 1, "the server answered `invalid_grant`"),
    ] {
        let server = OAuthServer::replying(move |_, request| (request.line == TOKEN).then(|| error(name, "")));
        let program = Program::new();
        let outcome = program.run(&["auth", "login", "--device", "--server", &server.url]);
        assert_eq!(outcome.code, exit, "{outcome:?}");
        assert!(outcome.stderr.contains(said) && !saved(&program), "{outcome:?}");
    }
}

#[test]
fn a_code_that_nobody_enters_ends_with_its_time() {
    let server = OAuthServer::replying(|url, request| match request.line.as_str() {
        DEVICE => Some(ok(&json!({
            "device_code": "upd_secret", "user_code": "BCDF-GHJK", "verification_uri": format!("{url}/device"),
            "expires_in": 2, "interval": 1,
        }))),
        TOKEN => Some(error("authorization_pending", "")),
        _ => None,
    });
    let outcome = Program::new().run(&["auth", "login", "--device", "--server", &server.url]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    let end =
        "  why:  the code was not entered in time\n  hint: run `uptrakit auth login --device` again for another code";
    assert!(outcome.stderr.contains(end), "{outcome:?}");
}

#[test]
fn a_server_that_does_not_answer_for_a_while_is_asked_again() {
    for first in [String::new, || error("temporarily_unavailable", "The database is away.")] {
        let polls = AtomicUsize::new(0);
        let server = OAuthServer::replying(move |_, request| {
            (request.line == TOKEN && polls.fetch_add(1, Ordering::SeqCst) == 0).then(first)
        });
        let outcome = Program::new().ok(&["auth", "login", "--device", "--server", &server.url]);
        assert!(outcome.stderr.contains("; trying again until the code ends\n"), "{outcome:?}");
    }
}

#[test]
fn a_server_without_sign_in_through_the_browser_gets_the_password() {
    let no_codes = |url: &str| {
        let mut metadata = metadata(url);
        metadata.as_object_mut().unwrap().remove("device_authorization_endpoint");
        ok(&metadata)
    };
    let off = |_: &str| not_found();
    for reply in [off as fn(&str) -> String, no_codes] {
        let server = OAuthServer::replying(move |url, request| (request.line == METADATA).then(|| reply(url)));
        let program = Program::new();
        let mut terminal = Terminal::run(&program, &["auth", "login", "--server", &server.url]);
        terminal.expect("has no sign-in through the browser: it is turned off there (UPTRAKIT_OAUTH)");
        terminal.expect("Signing in with a password instead.").expect("Username or email: ").type_in("root\n");
        terminal.expect("Password: ").type_in("a password\n");
        terminal.finish();
        assert_eq!(server.lines(), [METADATA, "POST /api/v1/auth/sessions"]);
        // Without a terminal there is nobody to ask for a password.
        let outcome = program.run(&["auth", "login", "--device", "--server", &server.url]);
        assert_eq!(outcome.code, 1, "{outcome:?}");
        assert!(outcome.stderr.contains("hint: give it a token instead"), "{outcome:?}");
    }
}

#[test]
fn a_server_with_another_public_url_is_not_signed_in_to() {
    let server = OAuthServer::replying(|_, request| {
        (request.line == METADATA).then(|| ok(&metadata("https://updates.example.org")))
    });
    let outcome = Program::new().run(&["auth", "login", "--device", "--server", &server.url]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    for part in ["this server's public URL is https://updates.example.org", "--server https://updates.example.org`"] {
        assert!(outcome.stderr.contains(part), "{outcome:?}");
    }
    assert_eq!(server.lines(), [METADATA]);
}

#[test]
fn endpoints_at_another_server_are_not_used() {
    for name in ["authorization_endpoint", "token_endpoint", "device_authorization_endpoint"] {
        for address in ["https://elsewhere.example.org/oauth", "", "/oauth/token"] {
            let server = OAuthServer::replying(move |url, request| {
                let mut metadata = metadata(url);
                metadata[name] = address.into();
                (request.line == METADATA).then(|| ok(&metadata))
            });
            let outcome = Program::new().run(&["auth", "login", "--device", "--server", &server.url]);
            assert_eq!(outcome.code, 5, "{name} {address}: {outcome:?}");
            assert!(outcome.stderr.contains("its metadata lead to another server"), "{outcome:?}");
            assert_eq!(server.lines(), [METADATA]);
        }
    }
}

#[test]
fn an_address_for_the_code_at_another_server_is_not_shown() {
    let server = OAuthServer::replying(|url, request| {
        (request.line == DEVICE).then(|| {
            ok(&json!({
                "device_code": "x", "user_code": "y", "verification_uri": format!("{url}.example.org/device"),
                "expires_in": 600,
            }))
        })
    });
    let outcome = Program::new().run(&["auth", "login", "--device", "--server", &server.url]);
    assert_eq!(outcome.code, 5, "{outcome:?}");
    assert!(!outcome.stderr.contains("example.org"), "{outcome:?}");
}

#[test]
fn ways_to_sign_in_exclude_each_other() {
    for ways in [["--device", "--password"], ["--device", "--with-token"], ["--password", "--with-token"]] {
        let outcome = Program::new().run(&[&["auth", "login"][..], &ways].concat());
        assert_eq!(outcome.code, 2, "{outcome:?}");
    }
}

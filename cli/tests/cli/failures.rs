//! Tests servers that are down or slow, other programs, and servers of another version.

use crate::support::{Program, Server, StandIn, UNKNOWN_TOKEN, assert_transcript};
use std::{
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

fn program(url: &str) -> Program {
    Program::signed_in(url, UNKNOWN_TOKEN)
}

#[test]
fn a_server_that_is_down_exits_5() {
    assert_transcript!(program("http://127.0.0.1:1").run(&["hosts", "list"]));
}

#[test]
fn a_name_that_does_not_exist_exits_5() {
    for more in [&[][..], &["--ca-cert", "named.pem"]] {
        let program = program("https://uptrakit.invalid");
        let certificate = rcgen::generate_simple_self_signed(["uptrakit.invalid".to_owned()]).unwrap();
        std::fs::write(program.home().join("named.pem"), certificate.cert.pem()).unwrap();
        let outcome = program.run(&[&["hosts", "list"], more].concat());
        assert_eq!(outcome.code, 5);
        assert!(outcome.stderr.contains("the name in https://uptrakit.invalid is not known"), "{outcome:?}");
        // The request was not sent, so nothing can have been changed.
        let outcome = program.run(&[&["auth", "token", "create", "--name", "x"], more].concat());
        assert!(!outcome.stderr.contains("all the same"), "{outcome:?}");
    }
}

#[test]
fn more_words_are_no_debug_text_of_libraries() {
    let (silent, closed, banner) =
        (StandIn::silent(), StandIn::saying(b""), StandIn::saying(b"SSH-2.0-OpenSSH_9.2p1\r\n"));
    let (over_tls, _) = StandIn::answering_over_tls("{}");
    let spoken_to_in_tls = silent.url.replace("http://", "https://");
    let without_tls = banner.url.replace("http://", "https://");
    for (url, error) in [
        ("http://127.0.0.1:1", "Connection refused\n"),
        ("https://uptrakit.invalid", "the name has no address\n"),
        (&silent.url, "the time limit passed"),
        (&spoken_to_in_tls, "the time limit passed"),
        (&closed.url, "unexpected end of file\n"),
        (&banner.url, "the answer breaks the rules of HTTP\n"),
        (&without_tls, "TLS: "),
        (&over_tls.url, "TLS: its certificate comes from an authority that is not trusted here\n"),
    ] {
        let outcome = program(url).run(&["hosts", "list", "-v", "--timeout", "300ms"]);
        assert_eq!(outcome.code, 5, "{url}: {outcome:?}");
        assert!(outcome.stderr.contains(&format!("\n  error: {error}")), "{url}: {outcome:?}");
        for word in ["io:", "rustls", "protocol:", "timeout:", "Peer", "InvalidCertificate", "UnknownIssuer", "lookup"]
        {
            assert!(!outcome.stderr.contains(word), "{url}: {word}: {outcome:?}");
        }
    }
}

#[test]
fn a_server_may_be_an_ipv6_address() {
    let outcome = program("[::1]:1").run(&["hosts", "list"]);
    assert_eq!(outcome.code, 5, "{outcome:?}");
    assert!(outcome.stderr.contains("http://[::1]:1"), "{outcome:?}");
}

#[test]
fn a_server_that_never_answers_is_given_up_after_the_time_limit() {
    let silent = StandIn::silent();
    let outcome = program(&silent.url).run(&["hosts", "list", "--timeout", "300ms"]);
    assert_transcript!(outcome);
    let outcome = program(&silent.url).with("UPTRAKIT_TIMEOUT", "300ms").run(&["hosts", "watch"]);
    assert_eq!(outcome.code, 5);
}

#[test]
fn a_server_that_speaks_another_protocol_exits_5() {
    let banner = StandIn::saying(b"SSH-2.0-OpenSSH_9.2p1\r\n");
    let outcome = program(&banner.url).run(&["hosts", "list"]);
    assert_eq!(outcome.code, 5, "{outcome:?}");
    assert!(outcome.stderr.contains("does not speak as an Uptrakit server does"), "{outcome:?}");
    let closed = StandIn::saying(b"");
    assert_eq!(program(&closed.url).run(&["hosts", "list"]).code, 5);
}

#[test]
fn another_web_server_is_not_taken_for_an_uptrakit_server() {
    for status in ["200 OK", "404 Not Found", "500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable"]
    {
        let other = StandIn::answering(status, "text/html", "<h1>It works</h1>");
        let outcome = program(&other.url).run(&["hosts", "list"]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""), "{status}: {outcome:?}");
    }
    let gate = StandIn::answering("401 Unauthorized", "text/html", "<h1>Who are you?</h1>");
    assert_eq!(program(&gate.url).run(&["hosts", "list"]).code, 3);
}

#[test]
fn a_redirect_is_not_followed_with_the_token() {
    let elsewhere = StandIn::answering("200 OK", "application/json", "{}");
    let answer = format!("HTTP/1.1 301 Moved Permanently\r\nLocation: {}/\r\nContent-Length: 0\r\n\r\n", elsewhere.url);
    let moved = StandIn::saying(answer.leak().as_bytes());
    let outcome = program(&moved.url).run(&["hosts", "list"]);
    assert_eq!(outcome.code, 5);
    assert!(outcome.stderr.contains(&elsewhere.url), "{outcome:?}");
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn a_write_is_never_sent_twice() {
    let closed = StandIn::saying(b"");
    let outcome = program(&closed.url).run(&["auth", "token", "create", "--name", "x"]);
    assert_eq!(outcome.code, 5);
    assert_eq!(closed.connections(), 1);
}

#[test]
fn a_change_whose_answer_did_not_arrive_may_be_made_and_says_what_to_do() {
    let id = "0190b2c3-0000-7000-8000-000000000000";
    let (silent, closed) = (StandIn::silent(), StandIn::saying(b""));
    let (cut, gate) = (
        StandIn::saying(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"),
        StandIn::answering("504 Gateway Timeout", "text/html", "<h1>Sorry</h1>"),
    );
    let create = (
        &["auth", "token", "create", "--name", "x"][..],
        "; the token may be there all the same\n",
        "  hint: look with `uptrakit auth token list`, and revoke it with `uptrakit auth token revoke ID`",
    );
    let rotate = (
        &["auth", "token", "rotate", id][..],
        "; the token may be rotated all the same, and the new token did not arrive\n",
        "  hint: rotate it again with `uptrakit auth token rotate 0190b2c3-0000-7000-8000-000000000000`\n",
    );
    let revoke = (
        &["auth", "token", "revoke", id][..],
        "; the token may be revoked all the same\n",
        "  hint: ask again with `uptrakit auth token revoke 0190b2c3-0000-7000-8000-000000000000`",
    );
    let report = (&["hosts", "report"][..], "; the report may have arrived all the same\n", "  hint: report again");
    for (stand_in, changes) in [
        (&silent, &[create, rotate, revoke][..]),
        (&closed, &[create, rotate, revoke, report]),
        (&gate, &[create, rotate, revoke]),
        (&cut, &[create, rotate]),
    ] {
        for (arguments, perhaps, hint) in changes {
            // This is the id of another token than the one in use.
            let program = Program::new().with_saved(&stand_in.url, UNKNOWN_TOKEN, Some("1"));
            let outcome = program.with("UPTRAKIT_TIMEOUT", "300ms").run(arguments);
            assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""), "{arguments:?}: {outcome:?}");
            assert!(outcome.stderr.contains(perhaps) && outcome.stderr.contains(hint), "{arguments:?}: {outcome:?}");
        }
    }
    let left = Program::new().with_saved(&closed.url, UNKNOWN_TOKEN, None).run(&["auth", "logout"]);
    assert!(left.stderr.contains("; it may be revoked all the same\n"), "{left:?}");
    // The request was not sent, so nothing can have been changed.
    let outcome = program("http://127.0.0.1:1").run(&["auth", "token", "create", "--name", "x"]);
    assert!(!outcome.stderr.contains("all the same"), "{outcome:?}");
}

#[test]
fn a_connection_that_ends_early_is_told_in_plain_words() {
    let closed = StandIn::saying(b"");
    let outcome = program(&closed.url).run(&["hosts", "list"]);
    assert!(outcome.stderr.contains("closed the connection before it had answered"), "{outcome:?}");
    assert!(!outcome.stderr.contains("io:") && !outcome.stderr.contains("Peer"), "{outcome:?}");
}

#[test]
fn streams_that_end_at_once_are_not_opened_without_a_pause() {
    let brief = StandIn::answering("200 OK", "text/event-stream", ": hello\n\n");
    let program = program(&brief.url);
    let mut command = program.command(&["hosts", "watch"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut said: Vec<String> = Vec::new();
    while !said.last().is_some_and(|line| line.starts_with("Connected again")) {
        said.push(lines.next().unwrap());
    }
    // The pause after the second one is longer than this.
    thread::sleep(Duration::from_millis(500));
    child.kill().unwrap();
    said.extend(lines);
    child.wait().unwrap();
    let connections = brief.connections();
    assert!(connections <= 2, "{connections} connections");
    let again = said.iter().filter(|line| line.starts_with("Connected again")).count();
    assert_eq!((said.len(), again), (connections, connections - 1), "{said:?}");
}

#[test]
fn a_newer_server_may_know_more_than_this_program() {
    let me = r#"{"id":"x","username":"root","email":"r@example.org","roles":["owner"],"permissions":["moon:walk"],"shoe_size":43}"#;
    let newer = StandIn::answering("200 OK", "application/json", me);
    let outcome = program(&newer.url).ok(&["auth", "status"]);
    assert!(outcome.stdout.contains("moon:walk"), "{outcome:?}");
    assert_eq!(program(&newer.url).ok(&["auth", "status", "-o", "json"]).json()["shoe_size"], 43);
    let problem = r#"{"type":"x","title":"X","status":418,"detail":"This is new.","code":"teapot","request_id":"r1"}"#;
    let newer = StandIn::answering("418 I'm a teapot", "application/problem+json", problem);
    let outcome = program(&newer.url).run(&["auth", "status", "-v"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("This is new.") && outcome.stderr.contains("code: teapot"), "{outcome:?}");
}

#[test]
fn an_answer_of_another_shape_is_said_to_be_one() {
    let other = StandIn::answering("200 OK", "application/json", r#"{"hosts": []}"#);
    for arguments in [
        &["hosts", "list"][..],
        &["hosts", "list", "-o", "json"],
        &["hosts", "show", "0190b2c3-0000-7000-8000-000000000000"],
        &["auth", "status"],
        &["auth", "token", "list", "--all"],
        &["auth", "token", "create", "--name", "x"],
    ] {
        let outcome = program(&other.url).run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""), "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains("Uptrakit server does: its answer is not what was asked for"), "{outcome:?}");
        assert!(!outcome.stderr.contains("missing field"), "{arguments:?}: {outcome:?}");
    }
    let outcome = program(&other.url).run(&["hosts", "list"]);
    assert!(outcome.stderr.contains("check the address") && outcome.stderr.contains("same version"), "{outcome:?}");
}

#[test]
fn a_deletion_is_believed_only_when_it_is_answered_as_the_api_does() {
    for (status, kind, body) in [
        ("200 OK", "application/json", "{}"),
        ("200 OK", "text/html", "<h1>It works</h1>"),
        ("202 Accepted", "application/json", "null"),
        ("201 Created", "application/json", r#"{"revoked": true}"#),
    ] {
        let other = StandIn::answering(status, kind, body);
        let revoked = program(&other.url).run(&["auth", "token", "revoke", "0190b2c3-0000-7000-8000-000000000000"]);
        let left = Program::new().with_saved(&other.url, UNKNOWN_TOKEN, None).run(&["auth", "logout"]);
        for outcome in [revoked, left] {
            assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""), "{status}: {outcome:?}");
            assert!(outcome.stderr.contains("does not speak as an Uptrakit server does"), "{outcome:?}");
        }
    }
}

#[test]
fn what_a_server_says_can_not_drive_the_terminal() {
    let problem = r#"{"detail":"\u001b[2Jgone\u202e","code":"x","request_id":"\u001b]0;y"}"#;
    let hostile = StandIn::answering("409 Conflict", "application/problem+json", problem);
    let outcome = program(&hostile.url).run(&["auth", "status", "-v"]);
    assert_eq!(outcome.code, 1);
    assert!(!outcome.stderr.contains('\u{1b}') && !outcome.stderr.contains('\u{202e}'), "{outcome:?}");
}

#[test]
fn a_throttled_request_says_when_to_try_again() {
    let problem = r#"{"detail":"Too many attempts.","code":"too-many-requests"}"#;
    let answer = format!(
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\nContent-Length: {}\r\n\r\n{problem}",
        problem.len()
    );
    let busy = StandIn::saying(answer.leak().as_bytes());
    let outcome = program(&busy.url).run(&["auth", "status"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("try again in 17 s"), "{outcome:?}");
}

#[test]
fn a_read_survives_a_server_that_is_just_starting() {
    let mut server = Server::start();
    let program = server.program();
    server.stop();
    // The first attempt is refused; by the second the server may or may not be there, but there is a second.
    for arguments in [["auth", "status"], ["hosts", "watch"]] {
        let started = Instant::now();
        let outcome = program.run(&arguments);
        assert_eq!(outcome.code, 5);
        assert!(started.elapsed() >= Duration::from_millis(300), "{arguments:?}: there was no second attempt");
    }
    server.start_again();
    program.ok(&["auth", "status"]);
}

#[test]
fn a_proxy_is_used_for_other_machines_and_never_for_this_one() {
    let proxy = StandIn::saying(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    let outcome = program("https://updates.example.org").with("HTTPS_PROXY", &proxy.url).run(&["hosts", "list"]);
    assert_eq!(outcome.code, 5, "{outcome:?}");
    assert_eq!(proxy.connections(), 1);
    let bypassed = program("https://uptrakit.invalid").with("HTTPS_PROXY", &proxy.url).with("NO_PROXY", ".invalid");
    assert_eq!(bypassed.run(&["hosts", "list"]).code, 5);
    let server = Server::start();
    server.program().with("HTTP_PROXY", &proxy.url).with("ALL_PROXY", &proxy.url).ok(&["auth", "status"]);
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn a_proxy_that_can_not_be_used_is_named_and_not_the_server() {
    for (proxy, code, named) in [
        ("http://127.0.0.1:1", 5, "the proxy in ALL_PROXY can't be reached: nothing listens there"),
        ("http://proxy.invalid:1", 5, "the proxy in ALL_PROXY can't be reached: its name is not known"),
        ("socks5://127.0.0.1:1", 2, "the proxy in ALL_PROXY can't be used"),
    ] {
        for url in ["https://updates.example.org", "http://192.0.2.2:8420"] {
            let outcome = program(url).with("ALL_PROXY", proxy).run(&["hosts", "list", "--allow-http"]);
            assert_eq!(outcome.code, code, "{url} {proxy}: {outcome:?}");
            assert!(outcome.stderr.contains(named), "{url} {proxy}: {outcome:?}");
            assert!(!outcome.stderr.contains("uptrakit-server"), "{url} {proxy}: {outcome:?}");
        }
    }
}

#[test]
fn a_proxy_that_never_answers_is_named_beside_the_server() {
    let silent = StandIn::silent();
    let program = program("https://updates.example.org").with("HTTPS_PROXY", &silent.url);
    let outcome = program.run(&["hosts", "list", "--timeout", "300ms"]);
    assert_eq!(outcome.code, 5);
    assert!(outcome.stderr.contains("within 0.3 s, through the proxy in HTTPS_PROXY"), "{outcome:?}");
}

#[test]
fn a_token_is_not_sent_to_a_port_that_is_none() {
    for url in ["http://127.0.0.1:99999", "http://127.0.0.1:80x", "http://127.0.0.1:"] {
        let outcome = program(url).run(&["hosts", "list"]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{url}: {outcome:?}");
        assert!(outcome.stderr.contains("a number from 1 to 65535"), "{url}: {outcome:?}");
    }
}

#[test]
fn a_server_without_tls_is_said_to_be_one() {
    let server = Server::start();
    let url = server.url.replace("http://", "https://");
    let outcome = program(&url).run(&["hosts", "list"]);
    assert_eq!(outcome.code, 5);
    assert!(outcome.stderr.contains("speaks no TLS") && outcome.stderr.contains(&server.url), "{outcome:?}");
}

#[test]
fn a_server_with_tls_that_is_asked_without_it_is_said_to_be_one() {
    let (over_tls, certificate) = StandIn::answering_over_tls("{}");
    let nginx = "<center>The plain HTTP request was sent to HTTPS port</center>";
    let apache = "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />";
    let go = "Client sent an HTTP request to an HTTPS server.\n";
    let refusing = [nginx, apache, go].map(|body| StandIn::answering("400 Bad Request", "text/html", body));
    let plain = over_tls.url.replace("https://", "http://");
    for url in [&plain, &refusing[0].url, &refusing[1].url, &refusing[2].url] {
        for more in [&[][..], &["--ca-cert", "named.pem"]] {
            let program = program(url);
            std::fs::write(program.home().join("named.pem"), &certificate).unwrap();
            let outcome = program.run(&[&["hosts", "list"], more].concat());
            assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""), "{url}: {outcome:?}");
            assert!(outcome.stderr.contains(&format!("  why:  {url} speaks TLS\n")), "{outcome:?}");
            let hint = format!("  hint: see whether its address is {}\n", url.replace("http://", "https://"));
            assert!(outcome.stderr.contains(&hint), "{outcome:?}");
        }
    }
    // The request was not read, so nothing can have been changed.
    let outcome = program(&plain).run(&["auth", "token", "create", "--name", "x"]);
    assert!(!outcome.stderr.contains("all the same"), "{outcome:?}");
    let closed = StandIn::saying(b"");
    let outcome = program(&closed.url).run(&["hosts", "list"]);
    assert!(
        outcome.stderr.contains(&closed.url.replace("http://", "; if the server speaks TLS, its address is https://"))
    );
    // Another program's refusal is not one of TLS.
    let other = StandIn::answering("400 Bad Request", "text/html", "HTTPS is a protocol.");
    let outcome = program(&other.url).run(&["hosts", "list"]);
    assert!(!outcome.stderr.contains("TLS"), "{outcome:?}");
}

#[test]
fn an_address_that_leads_past_the_api_is_to_be_checked() {
    let server = Server::start();
    let program = Program::signed_in(&format!("{}/elsewhere", server.url), &server.token);
    for arguments in [&["auth", "status"][..], &["hosts", "list"], &["auth", "token", "list"]] {
        let outcome = program.run(arguments);
        assert_eq!(outcome.code, 4, "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains("check the address"), "{arguments:?}: {outcome:?}");
    }
    let outcome = server.program().run(&["auth", "token", "show", "0190b2c3-0000-7000-8000-000000000000"]);
    assert!(!outcome.stderr.contains("check the address"), "{outcome:?}");
}

#[test]
fn a_certificate_of_an_unknown_authority_is_trusted_only_when_it_is_named() {
    let (server, certificate) = StandIn::answering_over_tls(r#"{"id":"x","username":"root"}"#);
    let program = program(&server.url);
    let outcome = program.run(&["auth", "status"]);
    assert_eq!(outcome.code, 5);
    assert!(outcome.stderr.contains("no trusted connection") && outcome.stderr.contains("--ca-cert"), "{outcome:?}");
    std::fs::write(program.home().join("authority.pem"), certificate).unwrap();
    let outcome = program.ok(&["auth", "status", "--ca-cert", "authority.pem"]);
    assert!(outcome.stdout.contains("root"), "{outcome:?}");
    let elsewhere = program.run(&[
        "auth",
        "status",
        "--ca-cert",
        "authority.pem",
        "--server",
        &server.url.replace("localhost", "127.0.0.1"),
    ]);
    assert_eq!(elsewhere.code, 5, "the certificate names another host: {elsewhere:?}");
}

/// Creates a certificate as `openssl req -x509` does: it signs itself, and is marked as an authority's.
fn of_authority() -> rcgen::CertificateParams {
    let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters
}

#[test]
fn a_certificate_of_an_authority_that_the_server_presents_is_trusted_where_it_is_named() {
    let body = r#"{"id":"x","username":"root"}"#;
    let (server, certificate) = StandIn::answering_with_certificate(body, &of_authority());
    let program = program(&server.url);
    std::fs::write(program.home().join("server.pem"), format!("\u{feff}{certificate}")).unwrap();
    let status = ["auth", "status", "--ca-cert", "server.pem"];
    assert!(program.ok(&status).stdout.contains("root"));
    // The name in the certificate is checked all the same.
    let address = server.url.replace("localhost", "127.0.0.1");
    let outcome = program.run(&[&status[..], &["--server", &address]].concat());
    assert_eq!(outcome.code, 5, "{outcome:?}");
    assert!(outcome.stderr.contains("its certificate is for another name"), "{outcome:?}");
}

#[test]
fn another_certificate_than_the_named_one_is_refused_in_plain_words() {
    let (server, _) = StandIn::answering_with_certificate("{}", &of_authority());
    let (_, other) = StandIn::answering_with_certificate("{}", &of_authority());
    let mut expired = of_authority();
    (expired.not_before, expired.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2021, 1, 1));
    let (late, late_certificate) = StandIn::answering_with_certificate("{}", &expired);
    for (server, certificate, why, hint) in [
        (
            &server,
            &other,
            "its certificate is the authority's own, which is not trusted here",
            "only the certificates in the file of --ca-cert are trusted",
        ),
        (&late, &late_certificate, "its certificate has expired", "renew the server's certificate"),
    ] {
        let program = program(&server.url);
        std::fs::write(program.home().join("named.pem"), certificate).unwrap();
        let outcome = program.run(&["auth", "status", "--ca-cert", "named.pem"]);
        assert_eq!(outcome.code, 5, "{outcome:?}");
        assert!(outcome.stderr.contains(why), "{why}: {outcome:?}");
        assert!(outcome.stderr.contains(&format!("  hint: {hint}")), "{why}: {outcome:?}");
        assert!(!outcome.stderr.contains("name it with --ca-cert"), "{why}: {outcome:?}");
        assert!(!outcome.stderr.contains("Other(") && !outcome.stderr.contains("CaUsed"), "{outcome:?}");
    }
}

/// Creates a certificate as `openssl req -x509 -subj /CN=NAME` does: without a subjectAltName.
fn without_alternative_names(common_name: &str) -> rcgen::CertificateParams {
    let mut parameters = of_authority();
    parameters.subject_alt_names.clear();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, common_name);
    parameters
}

#[test]
fn a_certificate_without_alternative_names_is_trusted_for_its_common_name_where_it_is_named() {
    let body = r#"{"id":"x","username":"root"}"#;
    let (server, certificate) = StandIn::answering_with_certificate(body, &without_alternative_names("localhost"));
    let (elsewhere, of_elsewhere) =
        StandIn::answering_with_certificate(body, &without_alternative_names("example.org"));
    let run = |url: &str, certificate: &str| {
        let program = program(url);
        std::fs::write(program.home().join("named.pem"), certificate).unwrap();
        program.run(&["auth", "status", "--ca-cert", "named.pem"])
    };
    let trusted = run(&server.url, &certificate);
    assert!(trusted.code == 0 && trusted.stdout.contains("root"), "{trusted:?}");
    for outcome in
        [run(&server.url.replace("localhost", "127.0.0.1"), &certificate), run(&elsewhere.url, &of_elsewhere)]
    {
        assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""), "{outcome:?}");
        assert!(outcome.stderr.contains(": its certificate has no subjectAltName, "), "{outcome:?}");
        assert!(outcome.stderr.contains("  hint: give the server a certificate with a subjectAltName"), "{outcome:?}");
    }
    let other = run(&server.url, &of_elsewhere);
    assert_eq!(other.code, 5, "{other:?}");
    assert!(!other.stderr.contains("name it with --ca-cert"), "{other:?}");
    // Where none is named, the hint says how to.
    let outcome = program(&server.url).run(&["auth", "status"]);
    assert!(outcome.code == 5 && outcome.stderr.contains("name it with --ca-cert"), "{outcome:?}");
}

#[test]
fn a_certificate_that_is_named_is_trusted_through_a_proxy_too() {
    let body = r#"{"id":"x","username":"root"}"#;
    let mut of_authority = of_authority();
    of_authority.subject_alt_names = vec![rcgen::SanType::DnsName("updates.example.org".try_into().unwrap())];
    for parameters in [rcgen::CertificateParams::new(["updates.example.org".to_owned()]).unwrap(), of_authority] {
        let (server, certificate) = StandIn::answering_with_certificate(body, &parameters);
        let address = server.url.replace("https://localhost", "127.0.0.1");
        let plain = StandIn::forwarding(&address);
        let (over_tls, of_proxy) = StandIn::forwarding_over_tls(&address);
        let run = |proxy: &StandIn, certificates: &str| {
            let program = program("https://updates.example.org").with("HTTPS_PROXY", &proxy.url);
            std::fs::write(program.home().join("named.pem"), certificates).unwrap();
            program.run(&["auth", "status", "--ca-cert", "named.pem"])
        };
        let both = format!("{certificate}{of_proxy}");
        for (proxy, certificates) in [(&plain, &certificate), (&over_tls, &both)] {
            let outcome = run(proxy, certificates);
            assert_eq!(outcome.code, 0, "{}: {outcome:?}", proxy.url);
            assert!(outcome.stdout.contains("root"), "{outcome:?}");
        }
        // A certificate that is not named is not trusted: neither the server's behind the proxy nor the proxy's.
        for (proxy, certificates) in [(&plain, &of_proxy), (&over_tls, &of_proxy), (&over_tls, &certificate)] {
            let outcome = run(proxy, certificates);
            assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""), "{}: {outcome:?}", proxy.url);
            assert!(outcome.stderr.contains("no trusted connection to "), "{}: {outcome:?}", proxy.url);
        }
    }
}

#[test]
fn what_the_system_says_comes_without_its_numbers() {
    let program = program("http://127.0.0.1:1");
    std::fs::write(program.home().join("file"), "").unwrap();
    std::fs::create_dir_all(program.credentials()).unwrap();
    std::fs::set_permissions(program.credentials(), std::fs::Permissions::from_mode(0o700)).unwrap();
    for (arguments, code, why) in [
        (&["hosts", "list", "--ca-cert", "missing.pem"][..], 2, "No such file or directory"),
        (&["man", "file/man"], 1, "Not a directory"),
        (&["auth", "logout"], 1, "Is a directory"),
    ] {
        let outcome = program.run(arguments);
        assert_eq!(outcome.code, code, "{outcome:?}");
        assert!(outcome.stderr.contains(&format!("  why:  {why}\n")), "{outcome:?}");
    }
}

//! Tests with a clock that differs from the server's: a stand-in server sends a date that differs from this machine's.

use crate::support::{Program, Server, StandIn, Terminal, UNKNOWN_TOKEN};
use std::time::{Duration, SystemTime};
use uptrakit_api::Timestamp;

const HOUR: Duration = Duration::from_hours(1);

#[expect(clippy::disallowed_methods, reason = "the program under test asks the same clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn timestamp(instant: SystemTime) -> Timestamp {
    let since = instant.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_millis()).unwrap())
}

/// Starts a server whose clock shows this time, and which gives every request the same answer.
fn server(clock: SystemTime, more: &str, body: &str) -> StandIn {
    let date = httpdate::fmt_http_date(clock);
    let length = body.len();
    StandIn::saying(
        format!("HTTP/1.1 200 OK\r\nDate: {date}\r\n{more}Content-Length: {length}\r\n\r\n{body}").leak().as_bytes(),
    )
}

#[test]
fn a_clock_that_differs_by_more_than_a_minute_is_told_beside_the_result() {
    let me = r#"{"id":"x","username":"root"}"#;
    for (clock, more, told) in [
        (now() + HOUR, "", Some("warning: this machine's clock is 1 h behind the server's; ")),
        (now() - HOUR, "", Some("warning: this machine's clock is 1 h ahead of the server's; ")),
        (now() + Duration::from_secs(30), "", None),
        // A cache repeats the date of the first request.
        (now() - HOUR, "Age: 3600\r\n", None),
    ] {
        let server = server(clock, more, me);
        let outcome = Program::signed_in(&server.url, UNKNOWN_TOKEN).ok(&["auth", "status"]);
        assert_eq!(outcome.stderr.matches("clock").count(), usize::from(told.is_some()), "{outcome:?}");
        assert!(outcome.stderr.contains(told.unwrap_or_default()), "{outcome:?}");
    }
    let outcome = Server::start().program().ok(&["auth", "status"]);
    assert!(!outcome.stderr.contains("clock"), "{outcome:?}");
}

#[test]
fn a_refusal_by_a_server_with_another_clock_tells_of_the_clock() {
    let problem = r#"{"detail":"The token has expired.","code":"token-expired"}"#;
    let date = httpdate::fmt_http_date(now() + HOUR);
    let length = problem.len();
    let answer = format!("HTTP/1.1 401 Unauthorized\r\nDate: {date}\r\nContent-Length: {length}\r\n\r\n{problem}");
    let server = StandIn::saying(answer.leak().as_bytes());
    let outcome = Program::signed_in(&server.url, UNKNOWN_TOKEN).run(&["auth", "status"]);
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.stderr.contains("this machine's clock is 1 h behind the server's"), "{outcome:?}");
}

#[test]
fn relative_times_are_counted_from_the_clock_of_the_server() {
    let clock = now() + 48 * HOUR;
    let (created, ends) = (timestamp(clock - 3 * HOUR), timestamp(clock + 10 * 24 * HOUR));
    let token = format!(r#"{{"id":"x","name":"ci","state":"active","created_at":"{created}","expires_at":"{ends}"}}"#);
    let server = server(clock, "", &format!(r#"{{"items":[{token}],"total":1,"total_pages":1}}"#));
    let program = Program::signed_in(&server.url, UNKNOWN_TOKEN).with("NO_COLOR", "1");
    let shown = Terminal::start(program.command(&["auth", "token", "list"]), 200).finish().1;
    assert!(shown.contains("3 h ago") && shown.contains("in 10 d"), "{shown}");
}

//! `uptrakit auth token …`

use crate::support::{Program, Server, StandIn, Terminal, UNKNOWN_TOKEN, assert_transcript};
use serde_json::json;
use std::process::Command;

fn is_token(text: &str) -> bool {
    text.len() == 40 && text.starts_with("upk_") && text.bytes().skip(4).all(|byte| byte.is_ascii_alphanumeric())
}

#[test]
fn create_prints_the_token_alone_on_standard_output() {
    let server = Server::start();
    let outcome = server.program().run(&["auth", "token", "create", "--name", "ci"]);
    assert_transcript!(outcome);
    assert!(is_token(outcome.stdout.trim_end()));
    assert!(!outcome.stderr.contains(outcome.stdout.trim_end()));
}

#[test]
fn a_shell_can_take_the_token_into_a_variable() {
    let server = Server::start();
    let program = server.program();
    let mut shell = Command::new("sh");
    program.prepare(&mut shell);
    let script = "TOKEN=$(\"$0\" auth token create --name ci) && UPTRAKIT_TOKEN=$TOKEN \"$0\" auth status -o json";
    let output = shell.args(["-c", script, env!("CARGO_BIN_EXE_uptrakit")]).output().unwrap();
    let me: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(me["token"]["name"], "ci");
}

#[test]
fn create_and_rotate_print_the_api_object_in_json_and_yaml() {
    let server = Server::start();
    let program = server.program();
    let created = program.ok(&["auth", "token", "create", "--name", "ci", "-o", "json"]).json();
    assert!(is_token(created["token"].as_str().unwrap()));
    assert_eq!((&created["name"], &created["state"]), (&json!("ci"), &json!("active")));
    let rotated = program.ok(&["-o", "json", "auth", "token", "rotate", "ci"]).json();
    assert_eq!(rotated["id"], created["id"]);
    assert_ne!(rotated["token"], created["token"]);
    let yaml = program.ok(&["-o", "yaml", "auth", "token", "rotate", "ci"]).stdout;
    assert!(yaml.contains("name: ci\n") && yaml.contains("\ntoken: upk_"), "{yaml}");
}

#[test]
fn limits_reach_the_server() {
    let server = Server::start();
    let program = server.program();
    let arguments = ["auth", "token", "create", "--name", "narrow", "--expires-at", "2090-01-31", "-o", "json"];
    let limits = ["--permission", "hosts:read", "--permission", "hosts:report", "--allow-network", "127.0.0.0/8"];
    let created = program.ok(&[&arguments[..], &limits[..]].concat()).json();
    assert_eq!(created["permissions"], json!(["hosts:read", "hosts:report"]));
    assert_eq!(created["allowed_networks"], json!(["127.0.0.0/8"]));
    assert_eq!(created["expires_at"], "2090-01-31T23:59:59.000Z");
    assert_transcript!(program.ok(&["auth", "token", "show", "narrow"]));
}

#[test]
fn a_lifetime_is_counted_by_the_server_to_the_millisecond() {
    let server = Server::start();
    let created = server.program().ok(&["auth", "token", "create", "--name", "x", "--expires-in", "90d", "-o", "json"]);
    let created = created.json();
    let instant = |field: &str| uptrakit_api::Timestamp::parse(created[field].as_str().unwrap()).unwrap().0;
    assert_eq!(instant("expires_at") - instant("created_at"), 90 * 86_400_000, "{created}");
}

#[test]
fn what_the_server_refuses_is_said_flag_by_flag_with_the_entry_that_is_wrong() {
    let server = Server::start();
    let create = |arguments: &[&str]| server.program().run(&[&["auth", "token", "create", "-v"], arguments].concat());
    for (arguments, said) in [
        (
            &["--name", "x", "--permission", "hosts:read", "--permission", "hosts:everything"][..],
            "  why:  --permission 'hosts:everything' is no permission; known are: hosts:read, ",
        ),
        (
            &["--name", "x", "--allow-network", "10.0.0.0/8", "--allow-network", "lan"],
            "  why:  --allow-network 'lan' is not a network; write each like 10.0.0.0/8",
        ),
        (
            &["--name", "x", "--allow-network", "10.1.2.3/8"],
            "  why:  --allow-network '10.1.2.3/8' has bits behind its prefix; did you mean 10.0.0.0/8?",
        ),
        (&["--name", &"x".repeat(65)], "  why:  --name "),
        (&["--name", "x", "--expires-at", "2001-01-31"], "  why:  --expires-at "),
        (&["--name", "x", "--expires-in", "4294967295w"], "  why:  --expires-in must end before the year 10000"),
    ] {
        let outcome = create(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""), "{arguments:?}: {outcome:?}");
        for part in [said, "  hint: correct it", "code: invalid-field", "request id: "] {
            assert!(outcome.stderr.contains(part), "{arguments:?}: {part}: {outcome:?}");
        }
    }
}

#[test]
fn what_can_not_be_done_says_what_to_do_next() {
    let server = Server::start();
    let program = server.program();
    program.ok(&["auth", "token", "create", "--name", "over"]);
    program.ok(&["auth", "token", "revoke", "over"]);
    let unknown = "0190b2c3-0000-7000-8000-000000000000";
    let problem = r#"{"detail":"Somebody else rotated this token at the same time.","code":"conflict"}"#;
    let busy = StandIn::answering("409 Conflict", "application/problem+json", problem);
    for (outcome, hint) in [
        (
            program.run(&["auth", "token", "show", unknown]),
            "see what there is with `uptrakit auth token list --state all`",
        ),
        (
            program.run(&["auth", "token", "revoke", unknown]),
            "see what there is with `uptrakit auth token list --state all`",
        ),
        (program.run(&["hosts", "show", unknown]), "see what there is with `uptrakit hosts list --all`"),
        (program.run(&["auth", "token", "rotate", "over"]), "make another with `uptrakit auth token create`"),
        (
            Program::signed_in(&busy.url, &server.token).run(&["auth", "token", "rotate", unknown]),
            "look at how it is now, and run the command again",
        ),
    ] {
        assert!(outcome.code != 0 && outcome.stderr.contains(&format!("\n  hint: {hint}\n")), "{hint}: {outcome:?}");
    }
}

#[test]
fn a_taken_name_is_refused_with_what_to_do() {
    let server = Server::start();
    assert_transcript!(server.program().run(&["auth", "token", "create", "--name", "FIRST"]));
}

#[test]
fn a_list_is_one_record_per_line_in_a_pipe() {
    let server = Server::start();
    server.program().ok(&["auth", "token", "create", "--name", "ci"]);
    let outcome = server.program().run(&["auth", "token", "list", "--sort", "name"]);
    // The server may or may not have recorded the use of the first token by now; this one was never used.
    assert_transcript!(server.program().run(&["auth", "token", "list", "--search", "ci"]));
    assert!(outcome.stdout.lines().all(|line| line.split('\t').count() == 8));
}

#[test]
fn a_list_in_json_is_the_page_of_the_api() {
    let server = Server::start();
    let program = server.program();
    for number in 0..4 {
        program.ok(&["auth", "token", "create", "--name", &format!("t{number}")]);
    }
    let page =
        program.ok(&["auth", "token", "list", "-o", "json", "--per-page", "2", "--page", "2", "--sort", "name"]).json();
    assert_eq!(
        (&page["total"], &page["page"], &page["per_page"], &page["total_pages"]),
        (&json!(5), &json!(2), &json!(2), &json!(3))
    );
    assert_eq!(page["items"][0]["name"], "t1");
    let all = program.ok(&["auth", "token", "list", "-o", "json", "--all"]).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 5);
    let found = program.ok(&["auth", "token", "list", "-o", "json", "--search", "t3"]).json();
    assert_eq!(found["total"], 1);
    let partial = program.ok(&["auth", "token", "list", "--per-page", "2"]);
    assert!(partial.stderr.contains("2 of 5 tokens; --all"), "{partial:?}");
}

#[test]
fn a_narrow_terminal_shows_the_state_where_states_differ() {
    let server = Server::start();
    let program = server.program().with("NO_COLOR", "1");
    let long = "a name that is a good deal longer than most of the names that people give";
    let long = &long[..64];
    program.ok(&["auth", "token", "create", "--name", long]);
    program.ok(&["auth", "token", "revoke", long]);
    for (columns, state) in [(40, "all"), (80, "all"), (80, "revoked")] {
        let command = program.command(&["auth", "token", "list", "--state", state]);
        let shown = Terminal::start(command, columns).finish().1;
        assert!(shown.starts_with("NAME") && shown.contains("  STATE    TOKEN"), "{columns}: {shown}");
        assert!(shown.contains("  revoked  upk_"), "{columns}: {shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= columns.into()), "{columns}: {shown}");
    }
}

#[test]
fn an_old_text_is_shown_with_its_end_and_no_more_words() {
    let server = Server::start();
    let program = server.program().with("NO_COLOR", "1");
    program.ok(&["auth", "token", "create", "--name", "ci"]);
    program.ok(&["auth", "token", "rotate", "ci", "--overlap", "1h"]);
    let shown = Terminal::run(&program, &["auth", "token", "show", "ci"]).finish().1;
    assert!(shown.contains(", works until 2") && !shown.contains("until in"), "{shown}");
}

#[test]
fn an_id_a_start_of_it_and_a_name_mean_the_same_token() {
    let server = Server::start();
    let program = server.program();
    let id = program.ok(&["auth", "token", "create", "--name", "ci", "-o", "json"]).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    // The first characters are the time, which both tokens may share, so this takes all characters of the id but one.
    let start = &id[..id.len() - 1];
    for text in [id.as_str(), &id.to_uppercase(), start, "ci", "CI"] {
        let shown = program.ok(&["auth", "token", "show", text, "-o", "json"]).json();
        assert_eq!(shown["id"], id, "{text}");
    }
}

#[test]
fn an_ambiguous_start_lists_the_candidates_and_does_nothing() {
    let server = Server::start();
    let program = server.program();
    program.ok(&["auth", "token", "create", "--name", "ci"]);
    // Version 7 ids begin with the time: all of this century begin with the same digit.
    let outcome = program.run(&["auth", "token", "revoke", "0"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("ci (") && outcome.stderr.contains("first ("), "{outcome:?}");
    assert_eq!(program.ok(&["auth", "token", "list", "-o", "json"]).json()["total"], 2);
}

#[test]
fn what_does_not_exist_exits_4() {
    let server = Server::start();
    for id in ["nothing-like-this", "0190b2c3-0000-7000-8000-000000000000"] {
        for verb in ["show", "rotate", "revoke"] {
            let outcome = server.program().run(&["auth", "token", verb, id]);
            assert_eq!((outcome.code, outcome.stdout.as_str()), (4, ""), "{verb} {id}: {outcome:?}");
        }
    }
}

#[test]
fn a_revoked_token_is_refused_with_the_reason() {
    let server = Server::start();
    let program = server.program();
    let token = program.ok(&["auth", "token", "create", "--name", "leaked"]).stdout.trim().to_owned();
    let theirs = server.program_with(&token);
    theirs.ok(&["auth", "status"]);
    assert_transcript!(program.run(&["auth", "token", "revoke", "leaked"]));
    let refused = theirs.run(&["auth", "status", "-v"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (3, ""));
    assert!(refused.stderr.contains("code: token-revoked") && !refused.stderr.contains(&token), "{refused:?}");
    program.ok(&["auth", "token", "revoke", "leaked"]);
    let listed = program.ok(&["auth", "token", "list", "--state", "revoked", "-o", "json"]).json();
    assert_eq!(listed["items"][0]["name"], "leaked");
}

#[test]
fn a_token_on_hold_is_refused_until_it_is_confirmed() {
    let mut server = Server::start();
    let token = server.program().ok(&["auth", "token", "create", "--name", "ci"]).stdout.trim().to_owned();
    server.restore();
    let held = server.program_with(&token);
    let refused = held.run(&["auth", "status", "-v"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (3, ""));
    assert!(refused.stderr.contains("code: token-on-hold") && refused.stderr.contains("/profile"), "{refused:?}");
    assert_eq!(held.run(&["auth", "token", "confirm", "ci"]).code, 3);
    let fresh = server.token_of("root", &json!({"name": "fresh"}));
    let program = server.program_with(fresh["token"].as_str().unwrap());
    assert_eq!(program.ok(&["auth", "token", "list"]).stdout.matches("on hold").count(), 2);
    assert!(program.ok(&["auth", "token", "show", "ci"]).stdout.contains("On hold\tsince "));
    let confirmed = program.ok(&["auth", "token", "confirm", "ci"]);
    assert!(confirmed.stderr.contains("Confirmed token ci"), "{confirmed:?}");
    held.ok(&["auth", "status"]);
    assert_eq!(server.program().run(&["auth", "status"]).code, 3, "the other one is on hold");
    let again = program.ok(&["auth", "token", "confirm", "ci", "-o", "json"]).json();
    assert_eq!((&again["name"], again.get("held_at")), (&json!("ci"), None));
}

#[test]
fn revoke_in_json_says_since_when() {
    let server = Server::start();
    let program = server.program();
    let id = program.ok(&["auth", "token", "create", "--name", "ci", "-o", "json"]).json()["id"].clone();
    let revoked = program.ok(&["auth", "token", "revoke", "ci", "-o", "json"]).json();
    assert_eq!(revoked["id"], id);
    assert!(revoked["revoked_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(revoked["cut_off"], 0);
}

#[test]
fn rotation_with_an_overlap_leaves_both_tokens_working() {
    let server = Server::start();
    let program = server.program();
    let old = program.ok(&["auth", "token", "create", "--name", "ci"]).stdout.trim().to_owned();
    let outcome = program.run(&["auth", "token", "rotate", "ci", "--overlap", "1h"]);
    assert_transcript!(outcome);
    for text in [old.as_str(), outcome.stdout.trim()] {
        server.program_with(text).ok(&["auth", "status"]);
    }
    assert!(program.ok(&["auth", "token", "show", "ci"]).stdout.contains("Old token\t"));
    let newest = program.ok(&["auth", "token", "rotate", "ci"]).stdout;
    assert_eq!(server.program_with(&old).run(&["auth", "status"]).code, 3);
    server.program_with(newest.trim()).ok(&["auth", "status"]);
}

#[test]
fn what_is_revoked_can_not_be_rotated() {
    let server = Server::start();
    let program = server.program();
    program.ok(&["auth", "token", "create", "--name", "ci"]);
    program.ok(&["auth", "token", "revoke", "ci"]);
    let outcome = program.run(&["auth", "token", "rotate", "ci", "-v"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
    assert!(outcome.stderr.contains("code: not-active"), "{outcome:?}");
}

#[test]
fn a_token_without_the_permission_is_refused_with_3() {
    let server = Server::start();
    let narrow = server.token_of("root", &json!({"name": "narrow", "permissions": ["hosts:read"]}));
    let program = server.program_with(narrow["token"].as_str().unwrap());
    let outcome = program.run(&["auth", "token", "create", "--name", "more"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("tokens:write"), "{outcome:?}");
}

#[test]
fn a_token_that_ends_soon_is_mentioned_beside_the_result() {
    let server = Server::start();
    let soon = server.program().ok(&["auth", "token", "create", "--name", "short", "--expires-in", "3d"]);
    let program = server.program_with(soon.stdout.trim());
    let outcome = program.ok(&["hosts", "list", "-o", "json"]);
    assert!(outcome.stderr.contains("the token in use ends "), "{outcome:?}");
    assert!(outcome.stderr.contains("put another into UPTRAKIT_TOKEN"), "{outcome:?}");
    assert_eq!(outcome.json()["total"], 0);
    let login = ["auth", "login", "--with-token", "--server", &server.url];
    let outcome = Program::new().run_with_input(&login, &soon.stdout);
    assert!(outcome.stderr.contains("the token in use ends "), "{outcome:?}");
    let later = server.program().ok(&["auth", "token", "create", "--name", "long", "--expires-in", "30d"]);
    let quiet = server.program_with(later.stdout.trim()).ok(&["hosts", "list", "-o", "json"]);
    assert!(!quiet.stderr.contains("ends"), "{quiet:?}");
}

#[test]
fn rotating_the_saved_token_keeps_one_signed_in() {
    let server = Server::start();
    let program = Program::new();
    program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], &server.token);
    let outcome = program.ok(&["auth", "token", "rotate", "first"]);
    assert!(outcome.stderr.contains("the new token is saved"), "{outcome:?}");
    assert_ne!(outcome.stdout.trim(), server.token);
    program.ok(&["auth", "status"]);
    // The rotation also works if the file has no id for its token.
    let nameless = Program::new().with_saved(&server.url, outcome.stdout.trim(), None);
    let outcome = nameless.ok(&["auth", "token", "rotate", "first"]);
    assert!(outcome.stderr.contains("the new token is saved"), "{outcome:?}");
    nameless.ok(&["auth", "status"]);
}

#[test]
fn rotating_the_token_of_the_variable_or_the_flag_says_that_it_is_the_one() {
    let server = Server::start();
    let outcome = server.program().ok(&["auth", "token", "rotate", "first"]);
    assert!(outcome.stderr.contains("It is the token in UPTRAKIT_TOKEN: the new token must"), "{outcome:?}");
    let arguments = ["auth", "token", "rotate", "first", "--server", &server.url, "--token", outcome.stdout.trim()];
    let outcome = Program::new().ok(&arguments);
    assert!(outcome.stderr.contains("It is the token of --token: the new token must"), "{outcome:?}");
    let program = server.program_with(outcome.stdout.trim());
    program.ok(&["auth", "token", "create", "--name", "ci"]);
    let outcome = program.ok(&["auth", "token", "rotate", "ci"]);
    assert!(!outcome.stderr.contains("It is "), "{outcome:?}");
}

#[test]
fn a_rotation_whose_answer_is_lost_says_where_to_look_when_it_is_the_token_in_use() {
    let id = "0190b2c3-0000-7000-8000-000000000000";
    let closed = StandIn::saying(b"");
    let program = Program::new().with_saved(&closed.url, UNKNOWN_TOKEN, Some(id));
    let outcome = program.run(&["auth", "token", "rotate", id]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""), "{outcome:?}");
    assert!(outcome.stderr.contains("see with `uptrakit auth status` whether it still works"), "{outcome:?}");
}

#[test]
fn a_token_that_may_do_nothing_can_revoke_itself_and_no_other() {
    let server = Server::start();
    let narrow = server.token_of("root", &json!({"name": "narrow", "permissions": ["hosts:read"]}));
    let other = server.token_of("root", &json!({"name": "other"}));
    let program = server.program_with(narrow["token"].as_str().unwrap());
    let outcome = program.run(&["auth", "token", "revoke", "other"]);
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.stderr.contains("tokens:write"), "{outcome:?}");
    server.program_with(other["token"].as_str().unwrap()).ok(&["auth", "status"]);
    let outcome = program.ok(&["auth", "token", "revoke", "narrow"]);
    assert!(outcome.stderr.contains("Revoked token narrow"), "{outcome:?}");
    assert_eq!(program.run(&["auth", "status"]).code, 3);
}

#[test]
fn remarks_have_relative_times_at_a_terminal() {
    let server = Server::start();
    let program = server.program().with("NO_COLOR", "1");
    let shown = |arguments: &[&str]| Terminal::run(&program, &[&["auth", "token"], arguments].concat()).finish().1;
    let said = shown(&["create", "--name", "ci", "--expires-in", "3d"]);
    assert!(said.contains("it works until in 3 d (2"), "{said}");
    let said = shown(&["rotate", "ci", "--overlap", "2h"]);
    assert!(said.contains("the old token works until in 2 h (2"), "{said}");
    let said = shown(&["revoke", "ci"]);
    assert!(said.contains("since now (2"), "{said}");
}

//! What lists are made of: badges, tables, entries, facts, pages, and a list that has nothing to show.

use super::{panel, samples};
use crate::{
    clock,
    components::{
        actions_cell, badge, button, cell, instant, loaded, name_cell, pager, row, row_button, skeleton_rows, table,
    },
    dom::{El, el},
    loader::Loader,
    rest::Pending,
};
use std::future::{pending, ready};
use uptrakit_api::{Problem, ProblemCode};

const TONES: [&str; 4] = ["neutral", "good", "warn", "bad"];

/// Each of them.
pub fn panels() -> Vec<El> {
    vec![
        panel("Badges", samples(TONES.iter().map(|tone| badge(tone, tone)).collect())),
        panel("Table", el("div", "").child(rows()).child(pager("Pages", 2, 7, |_| {}))),
        panel("Entries", entries()),
        panel("Facts", facts()),
        panel(
            "A list that waits",
            loaded(Loader::<()>::new(|| Pending::made_up(pending())), skeleton_rows, |()| el("p", "")),
        ),
        panel("A list that was refused", loaded(refused(), skeleton_rows, |()| el("p", ""))),
        panel("A list without a match", el("p", "empty").child("No token matches.")),
        panel("A list that is empty", empty()),
    ]
}

fn refused() -> Loader<()> {
    Loader::new(|| {
        let mut problem = Problem::new(
            ProblemCode::Unavailable,
            "The database does not answer. Nothing is let through until it does.",
        );
        problem.request_id.push_str("5f2c1b7e-42");
        Pending::made_up(ready(Err(problem)))
    })
}

fn rows() -> El {
    let minutes_ago = |minutes: i64| instant(clock::now().plus_millis(-60_000 * minutes));
    let one =
        |name: &str, state: &str, last_used: El, end: El| {
            let sign = match state {
                "expired" => Some(badge("expired", "warn")),
                "revoked" => Some(badge("revoked", "bad")),
                _ => None,
            };
            let overlap = (state == "rotated").then(|| {
                el("div", "overlap")
                    .child(el("span", "").child("Old text still used ").child(minutes_ago(4)))
                    .child(el("span", "sub").child("ends ").child(instant(clock::now().plus_millis(3_000_000))))
                    .child(row_button("End it now", name, name, "button small", || {}))
            });
            row("example-row")
                .attr("data-state", if state == "rotated" { "active" } else { state })
                .child(
                    name_cell(name)
                        .child(" ")
                        .child(sign)
                        .child(el("code", "hint-code").child("upk_Ab3d…9xYz"))
                        .child(overlap),
                )
                .child(cell("Permissions", "Inherits all"))
                .child(cell("Created", minutes_ago(60 * 24 * 40)))
                .child(cell("Last used", last_used))
                .child(cell("Expires", end))
                .child(
                    actions_cell()
                        .child(row_button("Edit", name, name, "button ghost small", || {}))
                        .child(row_button("Revoke", name, name, "button ghost small bad", || {})),
                )
        };
    let never = || el("span", "muted").child("Never");
    let in_days = |days: i64| instant(clock::now().plus_millis(86_400_000 * days));
    let rows = vec![
        one("ci-pipeline", "active", minutes_ago(3), el("span", "muted").child("No expiry")),
        one("backup-nightly", "active", never(), el("span", "soon").child(in_days(9))),
        one("deploy-production-cluster-eu-central", "rotated", minutes_ago(1), in_days(200)),
        one("old", "expired", minutes_ago(60 * 24 * 20), in_days(-2)),
        one("leaked-in-a-log", "revoked", minutes_ago(90), el("span", "").child("Revoked ").child(minutes_ago(80))),
    ];
    table("table tokens", "Examples", &["Name", "Permissions", "Created", "Last used", "Expires", "Actions"], rows)
}

fn entries() -> El {
    let one = |what: &str, sign: Option<El>| {
        el("li", "entry")
            .child(el("span", "").child(what).child(" from ").child(el("code", "").child("10.0.3.7")))
            .child(sign)
            .child(el("span", "muted end").child(instant(clock::now())))
    };
    el("ul", "entries")
        .child(one("Token created", None))
        .child(one("Sign-in", Some(badge("refused", "bad"))))
        .child(one("Signed in", Some(badge("this one", "good"))))
}

fn facts() -> Vec<El> {
    let one = |name: &str, value: &str| el("div", "").child(el("dt", "").child(name)).child(el("dd", "").child(value));
    let more = el("details", "disclosure")
        .child(el("summary", "").child("A disclosure"))
        .child(el("ul", "plain").child(el("li", "").child("See hosts ").child(el("code", "").child("hosts:read"))));
    vec![
        el("dl", "facts")
            .child(one("Username", "ada"))
            .child(one("Email", "ada@example.org"))
            .child(one("Roles", "viewer")),
        more,
    ]
}

fn empty() -> El {
    el("div", "empty")
        .child(
            el("p", "")
                .child("A token lets a script, a pipeline or the command line act as you, without your password."),
        )
        .child(button("Create token", "button", || {}))
}

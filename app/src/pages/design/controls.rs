//! What is pressed, typed into and chosen from, in each of its states.

use super::{panel, samples};
use crate::{
    components::{
        CopyButton, Field, Sentence, button, check_box, form, form_problem, password_field, permission_picker,
        search_box, select_box, select_field, submit_button,
    },
    dom::{El, el},
    submission::Submission,
};
use leptos::prelude::*;
use std::rc::Rc;
use uptrakit_api::{Permissions, Problem, ProblemCode};

/// Buttons, fields, choices, a form that was refused.
pub fn panels() -> Vec<El> {
    vec![
        panel("Buttons", buttons()),
        panel("Fields", fields()),
        panel("Passwords", passwords()),
        panel("Choices", choices()),
        panel("Controls above a list", list_controls()),
        panel("A form that was refused, and one under way", forms()),
    ]
}

fn buttons() -> Vec<El> {
    let kinds = [
        ("Plain", "button"),
        ("Primary", "button primary"),
        ("Danger", "button danger"),
        ("Ghost", "button ghost"),
        ("Ghost, bad", "button ghost bad"),
    ];
    let row = |size: &str, end: fn(El) -> El| {
        samples(kinds.iter().map(|(name, class)| end(button(name, &[class, size].concat(), || {}))).collect())
    };
    let copying = CopyButton { on_copied: Rc::new(|| {}), on_refused: Rc::new(|| {}) };
    vec![
        row("", |button| button),
        row(" small", |button| button),
        row("", |button| button.flag("disabled", true)),
        row("", |button| button.attr("aria-busy", "true")),
        samples(vec![
            copying.draw("the example", "button", || "an example".to_owned()),
            copying.draw("the example", "button primary", || "an example".to_owned()),
            el("a", "button").attr("href", "/docs").attr("target", "_self").child("A link that looks like one"),
        ]),
    ]
}

fn text(value: &str) -> RwSignal<String> {
    RwSignal::new(value.to_owned())
}

fn said(sentence: &'static str) -> Sentence {
    Rc::new(move || Some(sentence.to_owned()))
}

fn right() -> Sentence {
    Rc::new(|| None)
}

fn fields() -> El {
    let options = [("90".to_owned(), "90 days".to_owned()), ("none".to_owned(), "No expiry".to_owned())];
    let ends = said("Ends on Sunday, 21 February 2027 at 14:03.");
    el("div", "form measure")
        .child(
            Field::line("Empty", text("")).attr("placeholder", "ci-pipeline").hint("What uses it, and where.").draw(),
        )
        .child(Field::line("Filled", text("backup on web-1")).draw())
        .child(Field::line("Refused", text("ci")).error(said("Another active token has this name.")).draw())
        .child(Field::lines("Several lines", text("10.0.0.0/8\n2001:db8::/32")).hint("One per line.").draw())
        .child(select_field("A choice", text("90"), &options, right(), ends))
        .child(check_box("A check box", RwSignal::new(false)))
        .child(check_box("A checked one, whose label is long enough to need a second line here", RwSignal::new(true)))
}

fn passwords() -> El {
    el("div", "form measure")
        .child(password_field("Current password", text("violet otters"), right(), false))
        .child(password_field("New password, empty", text(""), right(), true))
        .child(password_field("New password, too short", text("violet"), right(), true))
        .child(password_field("New password, long enough", text("violet otters hum at dawn"), right(), true))
        .child(password_field("New password, refused", text("password password"), said("It is easy to guess."), true))
}

fn choices() -> El {
    let picker = |narrowed, error| {
        permission_picker(RwSignal::new(narrowed), RwSignal::new(Permissions::NONE), Permissions::ALL, error)
    };
    el("div", "form").child(picker(false, right())).child(picker(true, said("Choose at least one.")))
}

fn list_controls() -> El {
    el("div", "controls")
        .child(search_box("Search by name", "", |_| {}))
        .child(select_box("State", "active", &[("active", "Active"), ("revoked", "Revoked")], |_| {}))
        .child(select_box("Sort by", "name", &[("name", "Name"), ("-created_at", "Newest first")], |_| {}))
}

fn forms() -> El {
    let refused = Submission::new();
    refused.problem.set(Some(Problem::new(ProblemCode::WrongLogin, "The username or the password is wrong.")));
    let waiting = Submission::new();
    waiting.busy.set(true);
    let one = |submission| {
        form("form measure", || {})
            .child(form_problem(submission, &[]))
            .child(Field::line("Username or email", text("ada")).draw())
            .child(submit_button("Sign in", "button primary", submission))
    };
    el("div", "form").child(one(refused)).child(one(waiting))
}

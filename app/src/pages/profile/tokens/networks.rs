//! The networks that a token may be used from, as text in a form: one to a line.

use crate::{
    components::{Field, button},
    dom::{El, effect, el},
    submission::Submission,
};
use leptos::prelude::*;
use std::rc::Rc;

/// The lines as a list; `None` when there is none, which means from anywhere.
pub fn parse(text: &str) -> Option<Vec<String>> {
    let networks: Vec<String> =
        text.split([',', '\n', ' ']).map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    (!networks.is_empty()).then_some(networks)
}

/// The list as lines.
pub fn lines(networks: Option<&[String]>) -> String {
    networks.map(|networks| networks.join("\n")).unwrap_or_default()
}

/// The field, behind a disclosure: few tokens need it. `address` is the visitor's own.
pub fn field(value: RwSignal<String>, address: String, submission: Submission) -> El {
    let error = submission.error("allowed_networks", "The list");
    let filled = !value.with_untracked(String::is_empty);
    let disclosure = el("details", "disclosure").flag("open", filled);
    let (opened, wrong) = (disclosure.clone(), Rc::clone(&error));
    // Only ever opens it: what the person has opened stays open.
    effect(move || {
        if wrong().is_some() {
            let _ = opened.clone().flag("open", true);
        }
    });
    let label = ["Use my current address, ", &address].concat();
    let network = address + if label.contains(':') { "/128" } else { "/32" };
    let add = move || {
        value.update(|text| {
            if !text.trim().is_empty() {
                text.push('\n');
            }
            text.push_str(&network);
        });
    };
    disclosure
        .child(el("summary", "").child("Allowed networks"))
        .child(
            Field::lines("Networks", value)
                .attr("placeholder", "10.0.0.0/8")
                .hint("One to a line, such as 10.0.0.0/8 or 2001:db8::/32. Left empty, the token works from anywhere.")
                .error(error)
                .draw(),
        )
        .child(button(&label, "button small", add))
}

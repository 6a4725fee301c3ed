//! The networks that a token may be used from, as text in a form: one to a line.

use crate::{
    components::{Button, TextArea},
    submission::Submission,
};
use leptos::{html, prelude::*};

/// The lines as a list; `None` when there is none, which means from anywhere.
pub fn parse(text: &str) -> Option<Vec<String>> {
    let networks: Vec<String> =
        text.split([',', '\n', ' ']).map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    (!networks.is_empty()).then_some(networks)
}

pub fn lines(networks: Option<&[String]>) -> String {
    networks.map(|networks| networks.join("\n")).unwrap_or_default()
}

/// The field, behind a disclosure: few tokens need it. `address` is the visitor's own.
#[component]
pub fn NetworksField(value: RwSignal<String>, address: String, submission: Submission) -> impl IntoView {
    let error = submission.error("allowed_networks", "The list");
    let is_filled = !value.with_untracked(String::is_empty);
    let disclosure = NodeRef::<html::Details>::new();
    // Only ever opens it: what the person has opened stays open.
    Effect::new(move |_| {
        if let (Some(_), Some(disclosure)) = (error.get(), disclosure.get()) {
            disclosure.set_open(true);
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
    view! {
        <details class="disclosure" open=is_filled node_ref=disclosure>
            <summary>"Allowed networks"</summary>
            <TextArea
                label="Networks"
                value=value
                placeholder="10.0.0.0/8"
                hint="One to a line, such as 10.0.0.0/8 or 2001:db8::/32. Left empty, the token works from anywhere."
                error=error
            />
            <Button small=true on_press=add>
                {label}
            </Button>
        </details>
    }
}

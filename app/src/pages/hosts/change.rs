//! The dialogs that rename a host or forget it.

use super::Open;
use crate::{
    components::{Field, Modal, Notices, Tone, cancel_and, form, form_problem, submit_button},
    dom::{El, el},
    drafts::kept,
    loader::Loader,
    rest,
    submission::Submission,
};
use gloo_net::http::Method;
use leptos::prelude::*;
use uptrakit_api::{Host, Page, UpdateHost};

/// The dialog.
pub fn dialog(what: Open, open: RwSignal<Option<Open>>, hosts: Loader<Page<Host>>) -> El {
    let close = move || open.set(None);
    match what {
        Open::Rename(host) => Modal::draw("Rename host", || false, close, |modal| rename(&host, hosts, &modal)),
        Open::Delete(host) => Modal::draw("Delete host", || false, close, |modal| delete(&host, hosts, &modal)),
    }
}

fn rename(host: &Host, hosts: Loader<Page<Host>>, modal: &Modal) -> El {
    let notices = Notices::current();
    let submission = Submission::new();
    let name = kept("rename.name", || host.friendly_name.clone().unwrap_or_default());
    let path = ["/api/v1/hosts/", &host.id.to_string()].concat();
    let closing = modal.clone();
    let submit = move || {
        let name = Some(name.with_untracked(|name| name.trim().to_owned())).filter(|name| !name.is_empty());
        let request = UpdateHost { friendly_name: Some(name) };
        let modal = closing.clone();
        submission.send(rest::submit(Method::PATCH, &path, &request), move |_: Host| {
            notices.show(Tone::Good, "The host was renamed.");
            hosts.reload();
            modal.close();
        });
    };
    form("form", submit)
        .child(el("h2", "").child("Rename host"))
        .child(form_problem(submission, &["friendly_name"]))
        .child(
            Field::line("Name", name)
                .hint(["Left empty, it goes by its hostname, ", &host.hostname, "."].concat())
                .error(submission.error("friendly_name", "Name"))
                .first()
                .draw(),
        )
        .child(cancel_and(modal, submit_button("Save", "button primary", submission)))
}

fn delete(host: &Host, hosts: Loader<Page<Host>>, modal: &Modal) -> El {
    let notices = Notices::current();
    let submission = Submission::new();
    let path = ["/api/v1/hosts/", &host.id.to_string()].concat();
    let closing = modal.clone();
    let submit = move || {
        let modal = closing.clone();
        submission.send(rest::delete(&path), move |()| {
            notices.show(Tone::Good, "The host was deleted.");
            hosts.reload();
            modal.close();
        });
    };
    let name = host.friendly_name.as_ref().unwrap_or(&host.hostname);
    form("form", submit)
        .child(el("h2", "").child("Delete host"))
        .child(form_problem(submission, &[]))
        .child(
            el("p", "")
                .child(el("strong", "").child(name.as_str()))
                .child(" is forgotten with all that it reported. If it reports again, it comes back as a new host."),
        )
        .child(cancel_and(modal, submit_button("Delete now", "button danger", submission)))
}

//! Where the account is signed in, and how to end that.

use super::{Changes, panel};
use crate::{
    components::{Notices, Tone, badge, button, instant, loaded, row_button, skeleton_list},
    dom::{El, el},
    loader::Loader,
    rest, rpc,
    session::Session as Visit,
    wording::counted,
};
use leptos::prelude::*;
use std::rc::Rc;
use uptrakit_api::{Problem, Session, SessionId};

/// The section.
pub fn section() -> El {
    let visit = Visit::current();
    let notices = Notices::current();
    let changes = Changes::current();
    let sessions = Loader::new(move || {
        changes.track();
        rest::call(&rpc::ListSessions {})
    });
    let told = move |answer: Result<String, Problem>| {
        match answer {
            Ok(text) => notices.show(Tone::Good, text),
            Err(problem) => notices.show(Tone::Bad, problem.detail),
        }
        changes.note();
    };
    let end: Rc<dyn Fn(SessionId)> = Rc::new(move |id| {
        visit.call(rest::call(&rpc::EndSession { id }), move |answer| {
            told(answer.map(|()| "The session was ended.".to_owned()));
        });
    });
    let end_others = move || {
        visit.call(rest::call(&rpc::EndOtherSessions {}), move |answer| {
            told(answer.map(|count| counted(count, "other session") + " ended."));
        });
    };
    let alone = move || sessions.data.with(|data| data.as_ref().is_none_or(|sessions| sessions.len() < 2));
    let end_others = button("End all others", "button small", end_others).live_flag("hidden", alone);
    panel("sessions", "Sign-in sessions", end_others).child(loaded(
        sessions,
        || skeleton_list(1, "skeleton"),
        move |sessions| list(&sessions, &end),
    ))
}

fn list(sessions: &[Session], end: &Rc<dyn Fn(SessionId)>) -> El {
    let mut rows = el("ul", "entries");
    let (this_one, others) = (sessions.iter().filter(|it| it.current), sessions.iter().filter(|it| !it.current));
    for session in this_one.chain(others) {
        let from = el("span", "muted")
            .child(" from ")
            .child(el("code", "").child(session.address.as_str()))
            .child(", signed in ")
            .child(instant(session.created_at));
        let action = if session.current {
            badge("this one", "good")
        } else {
            let (id, end) = (session.id, Rc::clone(end));
            let of = ["the session on ", &session.device].concat();
            row_button("End", &of, &id.to_string(), "button ghost small bad", move || end(id))
        };
        let entry = el("li", "entry")
            .child(el("span", "").child(el("strong", "").child(session.device.as_str())).child(from))
            .child(el("span", "muted end").child("active ").child(instant(session.last_active_at)))
            .child(action);
        rows = rows.child(entry);
    }
    rows
}

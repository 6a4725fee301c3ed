//! Where the account is signed in, and how to end that.

use super::use_changes;
use crate::{
    api_client,
    auth::use_auth,
    components::{Badge, Button, ButtonKind, Instant, Loaded, Panel, RowButton, SkeletonList, Tone, use_notices},
    focus::keep_in_list,
    loader::Loader,
    rpc,
    wording::counted,
};
use leptos::prelude::*;
use uptrakit_api::{Problem, Session, SessionId};

#[component]
pub fn SessionsSection() -> impl IntoView {
    let (auth, notices, changes) = (use_auth(), use_notices(), use_changes());
    let sessions = Loader::<Vec<Session>>::new(move || {
        changes.track();
        api_client::call(&rpc::ListSessions {})
    });
    let told = move |answer: Result<String, Problem>| {
        match answer {
            Ok(text) => notices.show(Tone::Good, text),
            Err(problem) => notices.show(Tone::Bad, problem.detail),
        }
        changes.note();
    };
    let end = Callback::new(move |id: SessionId| {
        auth.call(api_client::call(&rpc::EndSession { id }), move |answer| {
            told(answer.map(|()| "The session was ended.".to_owned()));
        });
    });
    let end_others = move || {
        auth.call(api_client::call(&rpc::EndOtherSessions {}), move |answer| {
            told(answer.map(|count| counted(count, "other session") + " ended."));
        });
    };
    let is_alone = Signal::derive(move || {
        sessions.data.with(|sessions| sessions.as_ref().is_none_or(|sessions| sessions.len() < 2))
    });
    // The one that asks stands first.
    let items = move || {
        let mut sessions = sessions.data.get().unwrap_or_default();
        sessions.sort_by_key(|session| !session.current);
        sessions
    };
    let section = NodeRef::new();
    keep_in_list(section, Signal::derive(move || sessions.data.track()));
    view! {
        <Panel
            id="sessions"
            title="Sign-in sessions"
            section=section
            beside=move || {
                view! {
                    <Button small=true hidden=is_alone on_press=end_others>
                        "End all others"
                    </Button>
                }
            }
        >
            <Loaded loader=sessions waiting=|| view! { <SkeletonList rows=1 /> }>
                <ul class="entries">
                    <For
                        each=items
                        // A session's row changes with its last use alone.
                        key=|session| (session.id, session.last_active_at)
                        children=move |session| view! { <Entry session=session on_end=end /> }
                    />
                </ul>
            </Loaded>
        </Panel>
    }
}

#[component]
fn Entry(session: Session, on_end: Callback<SessionId>) -> impl IntoView {
    let id = session.id;
    let action = if session.current {
        view! { <Badge tone=Tone::Good>"this one"</Badge> }.into_any()
    } else {
        let of = ["the session on ", &session.device].concat();
        view! { <RowButton label="End" of=of kind=ButtonKind::GhostBad on_press=move || on_end.run(id) /> }.into_any()
    };
    view! {
        <li class="entry">
            <span>
                <strong>{session.device}</strong>
                <span class="muted">
                    " from " <code>{session.address}</code> ", signed in " <Instant at=session.created_at />
                </span>
            </span>
            <span class="muted end">"active " <Instant at=session.last_active_at /></span>
            {action}
        </li>
    }
}

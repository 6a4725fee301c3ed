//! The whole page: the frame, which route shows what, and who may see it.

use crate::{
    clock,
    components::{
        Announcer, Arrivals, Connection, Notices, Tone, button, live_region, notice_area, offline_banner, refusal,
        skeleton_page, top_bar,
    },
    dom::{Child, El, el, live},
    pages, rest, rpc,
    session::{Session, Who, Why},
};
use leptos::{html, prelude::*};
use leptos_router::{
    NavigateOptions, StaticSegment,
    components::{FlatRoutes, Route, Router},
    hooks::{use_location, use_navigate},
};
use std::rc::Rc;

/// The app.
#[component]
pub fn App() -> impl IntoView {
    clock::start();
    Announcer::provide();
    Notices::provide();
    Connection::provide();
    Arrivals::provide();
    Session::provide();
    view! {
        <Router>
            {host(frame_top)}
            <main class="page" id="main" tabindex="-1">
                <FlatRoutes fallback=|| host(pages::not_found)>
                    <Route path=StaticSegment("") view=|| host(|| redirect("/hosts")) />
                    <Route path=StaticSegment("setup") view=|| host(pages::setup) />
                    <Route path=StaticSegment("login") view=|| host(pages::login) />
                    <Route path=StaticSegment("profile") view=|| host(|| signed_in(pages::profile)) />
                    <Route path=StaticSegment("hosts") view=|| host(|| signed_in(pages::hosts)) />
                    <Route path=StaticSegment("users") view=|| host(|| signed_in(pages::users)) />
                </FlatRoutes>
            </main>
            {host(frame_end)}
        </Router>
    }
}

/// The border between Leptos's views, which the router needs, and the elements of [`crate::dom`].
fn host(draw: fn() -> El) -> AnyView {
    let place = NodeRef::<html::Div>::new();
    let inside = StoredValue::new_local(draw());
    place.on_load(move |place| inside.with_value(|inside| inside.clone().place(&place)));
    view! { <div class="host" node_ref=place></div> }.into_any()
}

fn frame_top() -> El {
    let session = Session::current();
    let notices = Notices::current();
    let navigate = use_navigate();
    let sign_out = Rc::new(move || {
        let navigate = navigate.clone();
        session.call(rpc::sign_out(), move |answer| match answer {
            Ok(()) => {
                session.0.set(Who::Nobody(Why::Left));
                navigate("/login", NavigateOptions::default());
            }
            Err(problem) => notices.show(Tone::Bad, problem.detail),
        });
    });
    el("div", "frame")
        .child(button("Skip to content", "button skip", skip_to_content))
        .child(top_bar(sign_out))
        .child(offline_banner())
}

fn frame_end() -> El {
    el("div", "").child(notice_area()).child(live_region())
}

/// The page for those who are signed in; everybody else is sent to sign in and comes back.
fn signed_in(page: fn() -> El) -> El {
    let session = Session::current();
    let navigate = use_navigate();
    let location = use_location();
    let stage = Memo::new(move |_| {
        session.0.with(|who| match who {
            Who::Asking => Stage::Asking,
            Who::Nobody(why) => Stage::Nobody(*why),
            Who::Visitor(_) => Stage::In,
            Who::Unknown(_) => Stage::Unknown,
        })
    });
    Effect::new(move || {
        let Stage::Nobody(why) = stage.get() else { return };
        let wanted = location.pathname.get_untracked() + &location.search.with_untracked(|search| with_mark(search));
        let to = match why {
            Why::Left => "/login".to_owned(),
            Why::NotYet | Why::Ended => rest::with_query("/login", &[("to", &wanted)]),
        };
        navigate(&to, replacing());
    });
    el("div", "").child(live(move || {
        let stage = stage.get();
        untrack(|| match stage {
            Stage::In => page(),
            Stage::Asking | Stage::Nobody(_) => skeleton_page(),
            Stage::Unknown => match session.0.get() {
                Who::Unknown(problem) => refusal(&problem, move || session.ask()),
                _ => skeleton_page(),
            },
        })
    }))
}

/// What decides which page stands there; unlike [`Who`] it doesn't move when a count of the visitor's does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Asking,
    Nobody(Why),
    In,
    Unknown,
}

fn redirect(to: &'static str) -> El {
    let navigate = use_navigate();
    Effect::new(move || navigate(to, replacing()));
    skeleton_page()
}

/// The page that is left shall not be what "back" leads to.
pub fn replacing() -> NavigateOptions {
    NavigateOptions { replace: true, ..NavigateOptions::default() }
}

/// A query with its question mark, whether or not it came with one.
fn with_mark(search: &str) -> String {
    match search.trim_start_matches('?') {
        "" => String::new(),
        search => ["?", search].concat(),
    }
}

fn skip_to_content() {
    use wasm_bindgen::JsCast;
    let main = document().get_element_by_id("main").and_then(|main| main.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(main) = main {
        let _ = main.focus();
    }
}

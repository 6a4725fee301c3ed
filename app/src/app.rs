//! The whole page: the frame, which route shows what, and who may see it.

use crate::{
    clock,
    components::{
        Announcer, Arrivals, Connection, Notices, Tone, button, clock_banner, live_region, notice_area, offline_banner,
        page_head, refusal, skeleton_page, top_bar,
    },
    dom::{Child, El, afterwards, el, live},
    drafts::Drafts,
    pages, rest,
    route::{Leave, Route, show_place},
    rpc,
    session::{Session, Who, Why},
};
use leptos::prelude::*;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Puts the app into an element, for as long as the page lives.
pub fn mount(root: HtmlElement) {
    let place = root.clone();
    leptos::mount::mount_to(root, move || {
        clock::start();
        Announcer::provide();
        Notices::provide();
        Connection::provide();
        Arrivals::provide();
        Drafts::provide();
        Session::provide();
        frame(Route::provide()).place(&place);
    })
    .forget();
}

fn frame(route: Route) -> Vec<El> {
    let session = Session::current();
    let notices = Notices::current();
    let sign_out = Rc::new(move || {
        session.call(rest::call(&rpc::SignOut {}), move |answer| match answer {
            Ok(()) => {
                session.know(Who::Nobody(Why::Left));
                route.go("/login", Leave::Behind);
            }
            Err(problem) => notices.show(Tone::Bad, problem.detail),
        });
    });
    let main = el("main", "page").attr("id", "main").attr("tabindex", "-1").child(live(move || {
        let path = route.path();
        untrack(|| page(&path, route))
    }));
    vec![
        button("Skip to content", "button skip", skip_to_content),
        top_bar(sign_out),
        offline_banner(),
        clock_banner(),
        main,
        notice_area(),
        live_region(),
    ]
}

/// Every route there is.
fn page(path: &str, route: Route) -> El {
    match path {
        "/" => redirect("/hosts", route),
        "/setup" => pages::setup(),
        "/login" => pages::login(),
        "/profile" => signed_in(pages::profile, route),
        "/hosts" => signed_in(pages::hosts, route),
        "/users" => signed_in(pages::users, route),
        #[cfg(debug_assertions)]
        "/design" => pages::design(),
        _ => pages::not_found(),
    }
}

/// The page for those who are signed in; everybody else is sent to sign in and comes back.
fn signed_in(page: fn() -> El, route: Route) -> El {
    let session = Session::current();
    let stage = Memo::new(move |_| {
        session.who.with(|who| match who {
            Who::Asking => Stage::Asking,
            Who::Nobody(why) => Stage::Nobody(*why),
            Who::Visitor(_) => Stage::In,
            Who::Unknown(_) => Stage::Unknown,
        })
    });
    afterwards(move || {
        let Stage::Nobody(why) = stage.get() else { return };
        let to = match why {
            Why::Left => "/login".to_owned(),
            Why::NotYet | Why::Ended => rest::with_query("/login", &[("to", &route.here())]),
        };
        route.go(&to, Leave::Replaced);
    });
    let is_late = StoredValue::new(false);
    el("div", "").child(live(move || {
        let stage = stage.get();
        // The browser has looked for the address's anchor in a page that was not there yet.
        if is_late.get_value() && stage == Stage::In {
            show_place();
        }
        is_late.set_value(stage == Stage::Asking);
        untrack(|| match stage {
            Stage::In => page(),
            Stage::Asking | Stage::Nobody(_) => skeleton_page(),
            Stage::Unknown => match session.who.get() {
                Who::Unknown(problem) => {
                    el("div", "").child(page_head("Not available")).child(refusal(&problem, move || session.ask()))
                }
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

fn redirect(to: &'static str, route: Route) -> El {
    afterwards(move || route.go(to, Leave::Replaced));
    skeleton_page()
}

fn skip_to_content() {
    let main = document().get_element_by_id("main").and_then(|main| main.dyn_into::<HtmlElement>().ok());
    if let Some(main) = main {
        let _ = main.focus();
    }
}

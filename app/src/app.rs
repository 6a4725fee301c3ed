//! The whole page: the frame, which route shows what, and who may see it.

use crate::{
    api_client,
    auth::{AuthContext, AuthState, SignedOut, use_auth},
    clock,
    components::{
        Announcer, Arrivals, ClockBanner, Connection, LiveRegion, NoticeArea, Notices, OfflineBanner, PageHead,
        ProblemCallout, SkeletonPage, Tone, TopBar, use_notices,
    },
    drafts::Drafts,
    lazy::{Lazy, lazy_view},
    navigation::{History, scroll_to_anchor, use_navigation},
    pages::{Consent, Device, Hosts, Login, NotFound, Profile, Setup, Users},
    rpc,
};
use leptos::{html, prelude::*};
use leptos_meta::provide_meta_context;
use leptos_router::{
    NavigateOptions,
    components::{FlatRoutes, Redirect, Route, Router},
    hooks::use_location,
    path,
};
use web_sys::HtmlElement;

pub fn mount(root: HtmlElement) {
    leptos::mount::mount_to(root, App).forget();
}

#[component]
fn App() -> impl IntoView {
    clock::start();
    Announcer::provide();
    Notices::provide();
    Connection::provide();
    Arrivals::provide();
    Drafts::provide();
    AuthContext::provide();
    provide_meta_context();
    view! {
        <Router>
            <Frame />
        </Router>
    }
}

#[component]
fn Frame() -> impl IntoView {
    let main = NodeRef::<html::Main>::new();
    let skip_to_content = move |_| {
        if let Some(main) = main.get_untracked() {
            let _ = main.focus();
        }
    };
    view! {
        <button type="button" class="button skip" on:click=skip_to_content>
            "Skip to content"
        </button>
        <TopBar on_sign_out=sign_out() />
        <OfflineBanner />
        <ClockBanner />
        <main class="page" id="main" tabindex="-1" node_ref=main>
            <Pages />
        </main>
        <NoticeArea />
        <LiveRegion />
    }
}

#[component]
fn Pages() -> impl IntoView {
    let location = use_location();
    // A link to a part of another page: the browser would look for it before the page is there.
    Effect::new(move |before: Option<String>| {
        let (path, anchor) = (location.pathname.get(), location.hash.get());
        if before.is_some_and(|before| before != path) && !anchor.is_empty() {
            scroll_to_anchor();
        }
        path
    });
    view! {
        <FlatRoutes fallback=|| view! { <NotFound /> }>
            <Route path=path!("/") view=|| view! { <Redirect path="/hosts" options=replaced() /> } />
            <Route path=path!("/setup") view=|| view! { <Lazy load=setup waiting=skeleton /> } />
            <Route path=path!("/login") view=Login />
            <Route path=path!("/profile") view=|| view! { <SignedIn><Profile /></SignedIn> } />
            <Route path=path!("/hosts") view=|| view! { <Lazy load=hosts waiting=skeleton /> } />
            <Route path=path!("/users") view=|| view! { <Lazy load=users waiting=skeleton /> } />
            <Route path=path!("/oauth/consent") view=|| view! { <Lazy load=consent waiting=skeleton /> } />
            <Route path=path!("/device") view=|| view! { <Lazy load=device waiting=skeleton /> } />
            <Route path=path!("/design") view=design />
        </FlatRoutes>
    }
}

lazy_view!(setup, || view! { <Setup /> });
lazy_view!(hosts, || view! { <SignedIn><Hosts /></SignedIn> });
lazy_view!(consent in requests, || view! { <SignedIn><Consent /></SignedIn> });
lazy_view!(device in requests, || view! { <SignedIn><Device /></SignedIn> });
lazy_view!(users, || view! { <SignedIn><Users /></SignedIn> });

fn design() -> AnyView {
    #[cfg(debug_assertions)]
    return view! { <crate::pages::Design /> }.into_any();
    #[cfg(not(debug_assertions))]
    view! { <NotFound /> }.into_any()
}

fn skeleton() -> AnyView {
    view! { <SkeletonPage /> }.into_any()
}

fn replaced() -> NavigateOptions {
    NavigateOptions { replace: true, ..NavigateOptions::default() }
}

fn sign_out() -> Callback<()> {
    let (auth, navigation, notices) = (use_auth(), use_navigation(), use_notices());
    Callback::new(move |()| {
        auth.call(api_client::call(&rpc::SignOut {}), move |answer| match answer {
            Ok(()) => {
                auth.know(AuthState::SignedOut(SignedOut::Left));
                navigation.go("/login", History::Pushed);
            }
            Err(problem) => notices.show(Tone::Bad, problem.detail),
        });
    })
}

/// The part of [`AuthState`] that decides which page is shown. It stays the same when only the numbers of the visitor's
/// tokens and sessions change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Loading,
    SignedOut(SignedOut),
    SignedIn,
    Unknown,
}

/// The page for those who are signed in; everybody else is sent to sign in and comes back.
#[component]
fn SignedIn(children: ChildrenFn) -> impl IntoView {
    let (auth, navigation) = (use_auth(), use_navigation());
    let stage = Memo::new(move |_| {
        auth.state.with(|state| match state {
            AuthState::Loading => Stage::Loading,
            AuthState::SignedOut(why) => Stage::SignedOut(*why),
            AuthState::SignedIn(_) => Stage::SignedIn,
            AuthState::Unknown(_) => Stage::Unknown,
        })
    });
    Effect::new(move |before: Option<Stage>| {
        let stage = stage.get();
        match stage {
            Stage::SignedOut(SignedOut::Left) => navigation.go("/login", History::Replaced),
            Stage::SignedOut(SignedOut::NotYet | SignedOut::Ended) => {
                let to = api_client::with_query("/login", &[("to", &navigation.here())]);
                navigation.go(&to, History::Replaced);
            }
            // The browser has looked for the address's anchor in a page that was not there yet.
            Stage::SignedIn if before == Some(Stage::Loading) => scroll_to_anchor(),
            _ => {}
        }
        stage
    });
    let problem = move || match auth.state.get() {
        AuthState::Unknown(problem) => {
            Some(view! { <ProblemCallout problem=problem on_retry=move || auth.ask() /> }.into_any())
        }
        _ => None,
    };
    let inside = move || match stage.get() {
        Stage::SignedIn => children(),
        Stage::Loading | Stage::SignedOut(_) => view! { <SkeletonPage /> }.into_any(),
        Stage::Unknown => view! {
            <div>
                <PageHead title="Not available" />
                {move || problem()}
            </div>
        }
        .into_any(),
    };
    view! { <div>{move || inside()}</div> }
}

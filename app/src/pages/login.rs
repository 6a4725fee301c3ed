//! Signing in. Whoever came here from a page goes back to it.

use crate::{
    clock,
    components::{Field, Tone, callout, form, form_problem, page_head, password_field, submit_button},
    destination,
    dom::{El, afterwards, el, live},
    rest,
    route::{Leave, Route},
    rpc,
    session::{Session, Who, Why},
    submission::Submission,
    wording::counted,
};
use leptos::prelude::*;
use uptrakit_api::{Problem, ProblemCode, Secret, SignIn};

/// The page.
pub fn login() -> El {
    let session = Session::current();
    let route = Route::current();
    afterwards(move || {
        if session.who.with(|who| matches!(who, Who::Visitor(_))) {
            let wanted = untrack(|| route.parameter("to"));
            route.go(destination::safe(&wanted), Leave::Replaced);
        }
    });

    let submission = Submission::new();
    let login = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let submit = move || {
        let request = SignIn {
            login: login.with_untracked(|login| login.trim().to_owned()),
            password: Secret(password.get_untracked()),
        };
        submission.send(rest::call(&rpc::SignIn { request }), move |_| {
            password.set(String::new());
            session.ask();
        });
    };
    let welcome = live(move || match session.who.get() {
        Who::Nobody(Why::Ended) => {
            Some(callout(Tone::Warn, "You were signed out. Sign in again to go on where you were."))
        }
        Who::Nobody(Why::Left) => Some(callout(Tone::Good, "You are signed out.")),
        _ => None,
    });
    let problem = live(move || {
        let throttled = submission.problem.get().filter(|problem| problem.code == ProblemCode::TooManyRequests);
        throttled.map_or_else(|| form_problem(submission, &["login", "password"]), |problem| throttle(&problem))
    });
    // The head takes the focus, the field after it takes it over.
    let head = page_head("Sign in");
    let field = Field::line("Username or email", login)
        .attr("autocomplete", "username")
        .attr("required", "")
        .error(submission.error("login", "Username or email"))
        .first();
    el("div", "narrow").child(head).child(welcome).child(
        form("panel form", submit)
            .child(problem)
            .child(field.draw())
            .child(password_field("Password", password, submission.error("password", "Password"), false))
            .child(submit_button("Sign in", "button primary", submission)),
    )
}

/// After too many attempts: when the next one has a chance.
fn throttle(problem: &Problem) -> El {
    let when = problem.retry_after_seconds.map(|seconds| {
        if seconds < 60 {
            return [" Try again in ", &counted(seconds.max(1), "second"), "."].concat();
        }
        let end = clock::now().plus_millis(i64::try_from(seconds).unwrap_or(0).saturating_mul(1_000));
        [" Try again in ", &counted(seconds.div_ceil(60), "minute"), ", at ", &clock::time_of_day(end), "."].concat()
    });
    callout(Tone::Warn, "Too many attempts.").attr("role", "alert").attr("tabindex", "-1").child(when)
}

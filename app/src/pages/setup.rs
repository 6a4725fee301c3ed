//! What a one-time link opens: making the first administrator, or choosing the password of an account that
//! somebody was invited to.

use crate::{
    components::{
        Field, Tone, callout, form, form_problem, loaded, page_head, password_field, skeleton_rows, submit_button,
    },
    destination::HOME,
    dom::{El, el, live},
    loader::Loader,
    rest,
    route::{Leave, Route},
    rpc::{self, Invitation},
    session::{Session, Who},
    submission::Submission,
};
use leptos::prelude::*;
use uptrakit_api::{Problem, ProblemCode, Secret, SetUp};

/// The page.
pub fn setup() -> El {
    let code = Route::current().parameter("code");
    let asked = code.clone();
    let invitation = Loader::new(move || rest::call(&rpc::GetInvitation { code: Secret(asked.clone()) }));
    let opens_nothing = |problem: &Problem| matches!(problem.code, ProblemCode::NotFound | ProblemCode::InvalidField);
    let inside = live(move || {
        if invitation.problem.with(|problem| problem.as_ref().is_some_and(opens_nothing)) {
            return used_up();
        }
        let code = code.clone();
        untrack(|| loaded(invitation, skeleton_rows, move |invitation| invited(code.clone(), invitation)))
    });
    el("div", "narrow").child(page_head("Welcome to Uptrakit")).child(inside)
}

fn used_up() -> El {
    el("div", "form")
        .child(callout(
            Tone::Warn,
            "This link opens nothing any more, or is incomplete. A link opens once, within seven days.",
        ))
        .child(
            el("p", "")
                .child("If you have an account, ")
                .child(el("a", "").attr("href", "/login").child("sign in"))
                .child(". Otherwise ask for a new link."),
        )
}

fn invited(code: String, invitation: Invitation) -> El {
    let route = Route::current();
    let session = Session::current();
    let submission = Submission::new();
    let first = invitation.username.is_none();
    let username = RwSignal::new(invitation.username.clone().unwrap_or_default());
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let submit = move || {
        let text = |signal: RwSignal<String>| signal.with_untracked(|text| text.trim().to_owned());
        let request = SetUp {
            code: Secret(code.clone()),
            username: if first { text(username) } else { String::new() },
            email: text(email),
            password: Secret(password.get_untracked()),
        };
        submission.send(rest::call(&rpc::SetUp { request }), move |_| {
            password.set(String::new());
            session.know(Who::Asking);
            session.ask();
            route.go(HOME, Leave::Replaced);
        });
    };
    let form = form("panel form", submit).child(form_problem(submission, &["username", "email", "password"]));
    let form = match invitation.username {
        Some(name) => form
            .child(
                el("p", "")
                    .child("You were invited as ")
                    .child(el("strong", "").child(name.as_str()))
                    .child(". Choose a password to begin."),
            )
            .child(username_for_managers(&name)),
        None => form
            .child(
                el("p", "").child("Nobody has an account here yet. Yours will be the first, and an administrator's."),
            )
            .child(
                Field::line("Username", username)
                    .attr("autocomplete", "username")
                    .attr("required", "")
                    .error(submission.error("username", "Username"))
                    .first()
                    .draw(),
            )
            .child(
                Field::line("Email", email)
                    .attr("type", "email")
                    .attr("autocomplete", "email")
                    .attr("required", "")
                    .error(submission.error("email", "Email"))
                    .draw(),
            ),
    };
    let field = password_field("Password", password, submission.error("password", "Password"), true);
    let field = if first { field } else { field.focus_inside_at_start() };
    let label = if first { "Create account" } else { "Set password" };
    form.child(field).child(submit_button(label, "button primary", submission))
}

/// Password managers file a new password under this name.
pub fn username_for_managers(name: &str) -> El {
    el("input", "").attr("type", "text").attr("autocomplete", "username").attr("value", name).flag("hidden", true)
}

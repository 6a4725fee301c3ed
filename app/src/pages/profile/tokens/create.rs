//! The dialog that makes a token, and then shows its text.

use super::{Section, networks, reveal};
use crate::{
    clock,
    components::{
        Field, Modal, Tone, callout, cancel_and, form, form_problem, permission_picker, select_field, submit_button,
    },
    dom::{El, el, live},
    drafts::kept,
    lifetime::{self, Lifetime},
    rpc,
    submission::Submission,
    wording::counted,
};
use leptos::prelude::*;
use std::rc::Rc;
use uptrakit_api::{CreateToken, Permissions, Timestamp, Token};

/// The dialog; `like` fills it with another token's settings.
pub fn dialog(like: Option<Token>, section: Section) -> El {
    let created = RwSignal::new(None::<reveal::Shown>);
    let name = kept("create.name", || like.as_ref().map(|like| like.name.clone()).unwrap_or_default());
    Modal::draw(
        "Create token",
        move || reveal::is_locked(created),
        section.closed(),
        move |modal| {
            live(move || match created.get() {
                None => untrack(|| settings(like.as_ref(), name, section, &modal, created)),
                Some(shown) => {
                    untrack(|| reveal::reveal(shown, "Your new token: ", name.get().trim(), section, &modal))
                }
            })
        },
    )
}

fn settings(
    like: Option<&Token>,
    name: RwSignal<String>,
    section: Section,
    modal: &Modal,
    created: RwSignal<Option<reveal::Shown>>,
) -> El {
    let submission = Submission::new();
    let Some(visitor) = section.visitor() else { return el("p", "").child("You are not signed in any more.") };
    let offered = visitor.account.permissions;

    let (choice, days) = match like {
        Some(like) => lifetime::of_token(like, visitor.longest_lifetime_days),
        None => (Lifetime::Days(visitor.default_lifetime_days), visitor.default_lifetime_days),
    };
    let expires = kept("create.expires", || choice.value());
    let end_day = kept("create.end-day", || clock::day(lifetime::end_after_days(clock::now(), days.max(1))));
    let listed = like.and_then(|like| like.permissions);
    let narrowed = kept("create.narrowed", || listed.is_some());
    let chosen = kept("create.permissions", || listed.unwrap_or(Permissions::NONE).intersection(offered));
    let nets = kept("create.networks", || networks::lines(like.and_then(|like| like.allowed_networks.as_deref())));

    let submit = move || {
        let end = end_of(&expires.get_untracked(), &end_day.get_untracked());
        let has_no_end = end.is_none() && Lifetime::of_value(&expires.get_untracked()) != Lifetime::Never;
        let may_nothing = narrowed.get_untracked() && chosen.get_untracked().is_empty();
        let wrong = [
            name.with_untracked(|name| name.trim().is_empty()).then_some(("name", "must not be empty")),
            has_no_end.then_some(("expires_at", "needs a date")),
            may_nothing.then_some(("permissions", "need at least one choice")),
        ];
        if wrong.iter().any(Option::is_some) {
            return submission.refuse(&wrong.into_iter().flatten().collect::<Vec<_>>());
        }
        let list = chosen.get_untracked().iter().map(|permission| permission.as_str().to_owned()).collect();
        // A length is counted by the server's clock and no other.
        let days = match Lifetime::of_value(&expires.get_untracked()) {
            Lifetime::Days(days) => Some(i64::from(days) * 86_400),
            Lifetime::Custom | Lifetime::Never => None,
        };
        let request = CreateToken {
            name: name.get_untracked(),
            expires_at: end.filter(|_| days.is_none()).map(|end| end.to_string()),
            expires_in_seconds: days,
            permissions: narrowed.get_untracked().then_some(list),
            allowed_networks: networks::parse(&nets.get_untracked()),
        };
        submission.send(reveal::answer_of(&rpc::CreateToken { request }), move |answer| {
            reveal::show(created, answer);
            section.changed();
        });
    };
    form("form", submit)
        .child(el("h2", "").child("Create token"))
        .child(form_problem(
            submission,
            &["name", "expires_at", "expires_in_seconds", "permissions", "allowed_networks"],
        ))
        .child(
            Field::line("Name", name)
                .attr("placeholder", "ci-pipeline")
                .attr("required", "")
                .hint("What will use it. You will look for it by this name.")
                .error(submission.error("name", "Name"))
                .first()
                .draw(),
        )
        .child(expiry(expires, end_day, visitor.longest_lifetime_days, submission))
        .child(permission_picker(narrowed, chosen, offered, submission.error("permissions", "Permissions")))
        .child(networks::field(nets, visitor.address, submission))
        .child(cancel_and(modal, submit_button("Create", "button primary", submission)))
}

/// The choice of a lifetime, with the end spelled out below.
fn expiry(expires: RwSignal<String>, end_day: RwSignal<String>, longest: Option<u32>, submission: Submission) -> El {
    let in_days = |days: u32| (days.to_string(), "In ".to_owned() + &counted(days.into(), "day"));
    let mut options: Vec<(String, String)> = lifetime::offered(longest).into_iter().map(in_days).collect();
    if let Lifetime::Days(days) = Lifetime::of_value(&expires.get_untracked())
        && !options.iter().any(|(value, _)| *value == days.to_string())
    {
        options.push(in_days(days));
    }
    options.push(("custom".to_owned(), "On a date".to_owned()));
    if longest.is_none() {
        options.push(("never".to_owned(), "Never".to_owned()));
    }
    let kind = move || expires.with(|value| Lifetime::of_value(value));
    let hint = Rc::new(move || {
        let end = end_of(&expires.get(), &end_day.get())?;
        let custom = kind() == Lifetime::Custom;
        let end = if custom { "the end of ".to_owned() + &clock::date(end) } else { clock::spelled_out(end) };
        Some(["Works until ", &end, "."].concat())
    });
    let at_day = submission.error("expires_at", "The last day");
    let at_choice = submission.error("expires_at", "Expiry");
    let at_length = submission.error("expires_in_seconds", "Expiry");
    let at_choice = Rc::new(move || at_length().or_else(&*at_choice).filter(|_| kind() != Lifetime::Custom));
    let more = live(move || match kind() {
        Lifetime::Days(_) => None,
        Lifetime::Custom => {
            let field = Field::line("Last day", end_day).attr("type", "date").attr("min", &clock::day(clock::now()));
            Some(field.error(Rc::clone(&at_day)).draw())
        }
        Lifetime::Never => Some(callout(
            Tone::Warn,
            "It works until somebody revokes it. If it leaks after it was forgotten, it stays dangerous until then.",
        )),
    });
    el("div", "form").child(select_field("Expires", expires, &options, at_choice, hint)).child(more)
}

fn end_of(choice: &str, day: &str) -> Option<Timestamp> {
    match Lifetime::of_value(choice) {
        Lifetime::Days(days) => Some(lifetime::end_after_days(clock::now(), days)),
        Lifetime::Custom => clock::end_of_day(day),
        Lifetime::Never => None,
    }
}

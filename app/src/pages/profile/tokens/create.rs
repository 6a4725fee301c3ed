//! The dialog that makes a token, and then shows its secret.

use super::{
    networks::{self, NetworksField},
    reveal::{self, Reveal, Shown},
    use_section,
};
use crate::{
    clock,
    components::{Callout, Choice, DialogForm, Modal, PermissionPicker, SelectField, TextField, Tone},
    drafts::kept,
    lifetime::{self, Lifetime},
    rpc::{self, Visitor},
    submission::Submission,
    wording::counted,
};
use leptos::prelude::*;
use uptrakit_api::{CreateToken, Permissions, Timestamp, Token};

impl Choice for Lifetime {
    fn value(&self) -> String {
        match self {
            Self::Days(days) => days.to_string(),
            Self::Custom => "custom".to_owned(),
            Self::Never => "never".to_owned(),
        }
    }

    fn label(&self) -> String {
        match self {
            Self::Days(days) => "In ".to_owned() + &counted((*days).into(), "day"),
            Self::Custom => "On a date".to_owned(),
            Self::Never => "Never".to_owned(),
        }
    }
}

/// The dialog; `like` fills it with another token's settings.
#[component]
pub fn CreateDialog(like: Option<Token>) -> impl IntoView {
    let section = use_section();
    let created = RwSignal::new(None::<Shown>);
    let name = kept("create.name", || like.as_ref().map(|like| like.name.clone()).unwrap_or_default());
    let form = move || {
        let visitor = untrack(|| section.auth.visitor())?;
        Some(view! { <Settings like=like.clone() visitor=visitor name=name created=created /> })
    };
    let reveal = move |shown| {
        let name = name.with_untracked(|name| name.trim().to_owned());
        view! { <Reveal shown=shown title="Your new token: " name=name /> }
    };
    view! {
        <Modal
            label="Create token"
            locked=Signal::derive(move || reveal::is_locked(created))
            on_close=section.close()
        >
            {move || match created.get() {
                None => form().into_any(),
                Some(shown) => reveal(shown).into_any(),
            }}
        </Modal>
    }
}

#[component]
fn Settings(
    like: Option<Token>,
    visitor: Visitor,
    name: RwSignal<String>,
    created: RwSignal<Option<Shown>>,
) -> impl IntoView {
    let section = use_section();
    let submission = Submission::new();
    let offered = visitor.account.permissions;
    let longest = visitor.longest_lifetime_days;

    let (choice, days) = match &like {
        Some(like) => lifetime::of_token(like, longest),
        None => (Lifetime::Days(visitor.default_lifetime_days), visitor.default_lifetime_days),
    };
    let expires = kept("create.expires", || choice);
    let end_day = kept("create.end-day", || clock::day(lifetime::end_after_days(clock::now(), days.max(1))));
    let listed = like.as_ref().and_then(|like| like.permissions);
    let narrowed = kept("create.narrowed", || listed.is_some());
    let chosen = kept("create.permissions", || listed.unwrap_or(Permissions::NONE).intersection(offered));
    let nets =
        kept("create.networks", || networks::lines(like.as_ref().and_then(|like| like.allowed_networks.as_deref())));

    let submit = move || {
        let lifetime = expires.get_untracked();
        let end = end_of(&lifetime, &end_day.get_untracked());
        let has_no_end = end.is_none() && lifetime != Lifetime::Never;
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
        let days = match lifetime {
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
    view! {
        <DialogForm title="Create token" submission=submission fields=&["name", "expires_at", "expires_in_seconds", "permissions", "allowed_networks"] submit="Create"  on_submit=submit>
            <TextField
                label="Name"
                value=name
                placeholder="ci-pipeline"
                required=true
                hint="What will use it. You will look for it by this name."
                error=submission.error("name", "Name")
                autofocus=true
            />
            <Expiry expires=expires end_day=end_day longest=longest submission=submission />
            <PermissionPicker
                narrowed=narrowed
                chosen=chosen
                offered=offered
                error=submission.error("permissions", "Permissions")
            />
            <NetworksField value=nets address=visitor.address submission=submission />
        </DialogForm>
    }
}

#[component]
fn Expiry(
    expires: RwSignal<Lifetime>,
    end_day: RwSignal<String>,
    longest: Option<u32>,
    submission: Submission,
) -> impl IntoView {
    let mut options: Vec<Lifetime> = lifetime::offered(longest).into_iter().map(Lifetime::Days).collect();
    let chosen = expires.get_untracked();
    if matches!(chosen, Lifetime::Days(_)) && !options.contains(&chosen) {
        options.push(chosen);
    }
    options.push(Lifetime::Custom);
    if longest.is_none() {
        options.push(Lifetime::Never);
    }
    let hint = Signal::derive(move || {
        let lifetime = expires.get();
        let end = end_of(&lifetime, &end_day.get())?;
        let is_custom = lifetime == Lifetime::Custom;
        let end = if is_custom { "the end of ".to_owned() + &clock::date(end) } else { clock::spelled_out(end) };
        Some(["Works until ", &end, "."].concat())
    });
    let at_day = submission.error("expires_at", "The last day");
    let at_choice = submission.error("expires_at", "Expiry");
    let at_length = submission.error("expires_in_seconds", "Expiry");
    let error = Signal::derive(move || {
        at_length.get().or_else(|| at_choice.get()).filter(|_| expires.get() != Lifetime::Custom)
    });
    let kind = Memo::new(move |_| expires.get());
    let more = move || {
        match kind.get() {
        Lifetime::Days(_) => None,
        Lifetime::Custom => {
            let min = clock::day(clock::now());
            Some(view! { <TextField label="Last day" value=end_day kind="date" min=min error=at_day /> }.into_any())
        }
        Lifetime::Never => Some(
            view! {
                <Callout tone=Tone::Warn>
                    "It works until somebody revokes it. If it leaks after it was forgotten, it stays dangerous until then."
                </Callout>
            }
            .into_any(),
        ),
    }
    };
    view! {
        <div class="form">
            <SelectField label="Expires" value=expires options=options error=error hint=hint />
            {move || more()}
        </div>
    }
}

fn end_of(lifetime: &Lifetime, day: &str) -> Option<Timestamp> {
    match lifetime {
        Lifetime::Days(days) => Some(lifetime::end_after_days(clock::now(), *days)),
        Lifetime::Custom => clock::end_of_day(day),
        Lifetime::Never => None,
    }
}

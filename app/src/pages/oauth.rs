//! What a person is asked before an application is connected: who gets what, for how long, and where the answer goes.
//! Written for people who have never heard of OAuth.

mod consent;
mod device;
mod refused;

pub use self::{consent::Consent, device::Device};

use crate::{
    api_client::Answer,
    components::{
        Badge, Button, Callout, Choices, Form, FormKind, FormProblem, PageHead, PermissionBoxes, SubmitButton,
        TextField, Tone,
    },
    submission::Submission,
    wording::counted,
};
use leptos::prelude::*;
use uptrakit_api::{self as api, AnswerDestination, Approval};

enum Decision {
    Approve(Approval),
    Deny,
}

/// Tells the server what was decided. The answer is the address that carries it to the application; a device has none.
type Decide = Callback<Decision, Answer<Option<String>>>;

#[component]
fn Request(consent: api::Consent, decide: Decide) -> impl IntoView {
    let given = RwSignal::new(None::<Given>);
    view! {
        <div class="narrow consent">
            {move || match given.get() {
                None => view! { <Question consent=consent.clone() decide=decide given=given /> }.into_any(),
                Some(given) => view! { <Answered given=given consent=consent.clone() /> }.into_any(),
            }}
        </div>
    }
}

#[derive(Clone)]
struct Given {
    is_allowed: bool,
    redirect: Option<String>,
}

#[component]
fn Question(consent: api::Consent, decide: Decide, given: RwSignal<Option<Given>>) -> impl IntoView {
    let submission = Submission::new();
    let (asked, offered) = (consent.asked, consent.offered);
    let chosen = RwSignal::new(asked);
    let has_token = consent.token_name.is_some();
    let token_name = RwSignal::new(consent.token_name.clone().unwrap_or_default());
    let send = move |is_allowed: bool, decision: Decision| {
        submission.send(decide.run(decision), move |redirect: Option<String>| {
            if let Some(to) = &redirect {
                let _ = window().location().assign(to);
            }
            given.set(Some(Given { is_allowed, redirect }));
        });
    };
    let allow = move || {
        let permissions = chosen.get_untracked();
        if permissions.is_empty() {
            return submission.refuse(&[("permissions", "need at least one choice")]);
        }
        let token_name = has_token.then(|| token_name.with_untracked(|name| name.trim().to_owned()));
        send(true, Decision::Approve(Approval { permissions, token_name }));
    };
    let deny = move || send(false, Decision::Deny);
    let has_nothing = asked.is_empty() && offered.is_empty();
    // What is wrong with the choice stands at the first list.
    let error = submission.error("permissions", "Permissions");
    let boxes = move |legend: &'static str, offered: api::Permissions, error: MaybeProp<String>| {
        (!offered.is_empty()).then(|| {
            view! {
                <Choices legend=legend error=error>
                    <PermissionBoxes chosen=chosen offered=offered />
                </Choices>
            }
        })
    };
    let asked_for = boxes("It may", asked, error.into());
    let further = if asked.is_empty() {
        boxes("It may", offered, error.into())
    } else {
        boxes("Also allow", offered, MaybeProp::default())
    };
    let nothing = has_nothing.then(|| {
        view! {
            <Callout tone=Tone::Warn>
                "It asks for nothing that your account may do. Deny it, ask an administrator for the role that you need, \
                 and connect again."
            </Callout>
        }
    });
    let name = has_token.then(|| {
        view! {
            <TextField
                label="Name of its API token"
                value=token_name
                required=true
                hint="You will find it by this name on Profile, under API tokens."
                error=submission.error("token_name", "The name")
            />
        }
    });
    let duration = duration(&consent);
    let application = consent.application.clone();
    view! {
        <PageHead title="Allow access?" />
        <Form kind=FormKind::Panel on_submit=allow>
            <FormProblem submission=submission fields=&["permissions", "token_name"] />
            <Asker consent=consent.clone() />
            <Goal destination=consent.destination />
            {nothing}
            {asked_for}
            {further}
            {name}
            {(!has_nothing).then(|| view! { <p>{duration}</p> })}
            <div class="form-end">
                <Button on_press=deny>"Deny"</Button>
                <SubmitButton busy=submission.busy disabled=Signal::stored(has_nothing)>
                    "Allow" <span class="visually-hidden">" " {application}</span>
                </SubmitButton>
            </div>
        </Form>
    }
}

#[component]
fn Asker(consent: api::Consent) -> impl IntoView {
    // Any program can ask for a code in the name of any application, whatever an administrator knows of that one.
    let is_device = matches!(consent.destination, AnswerDestination::Device { .. });
    let badge = match (consent.verified, is_device) {
        (true, true) => None,
        (true, false) => Some(view! { <Badge tone=Tone::Good>"verified"</Badge> }),
        (false, _) => Some(view! { <Badge tone=Tone::Warn>"not verified"</Badge> }),
    };
    let doubt = match (consent.verified, is_device) {
        (true, false) => None,
        (true, true) => Some("Any program can call itself that. Allow it only if you have just started it yourself."),
        (false, _) => {
            Some("Any program can call itself that. No administrator of this Uptrakit has checked who it is.")
        }
    };
    let doubt = doubt.map(|words| view! { <p class="muted">{words}</p> });
    let imitation = consent.looks_like_ours.then(|| {
        view! {
            <Callout tone=Tone::Bad>
                "This is not a part of Uptrakit, though its name looks like it. Deny it unless you know where it comes from."
            </Callout>
        }
    });
    view! {
        <p class="asker">
            <strong class="name">{consent.application}</strong> " " {badge} " asks for access to your account."
        </p>
        {doubt}
        {imitation}
        <p>
            "You are signed in as " <strong>{consent.username}</strong>
            ". What it does here, it does in your name, and it can never do more than you."
        </p>
    }
}

#[component]
fn Goal(destination: AnswerDestination) -> impl IntoView {
    match destination {
        AnswerDestination::Host { host } => view! {
            <div class="goal">
                <p>"If you allow it, access goes to the website"</p>
                <p class="goal-name"><code>{host}</code></p>
                <p class="muted">"Go on only if this is where you have just come from, or the maker of the program."</p>
            </div>
        }
        .into_any(),
        AnswerDestination::ThisComputer => view! {
            <div class="goal">
                <p>"If you allow it, access goes to"</p>
                <p class="goal-name">"a program on this computer"</p>
                <p class="muted">"Go on only if you have just started to connect from a program on this computer."</p>
            </div>
        }
        .into_any(),
        AnswerDestination::Program { scheme } => view! {
            <div class="goal">
                <p>"If you allow it, access goes to the program on this computer that opens links with"</p>
                <p class="goal-name"><code>{scheme} "://"</code></p>
                <p class="muted">"Go on only if you have just started to connect from this program."</p>
            </div>
        }
        .into_any(),
        AnswerDestination::Device { code, address, program } => view! {
            <div class="goal">
                <p>"If you allow it, access goes to the device that shows the code"</p>
                <p class="goal-name"><code data-testid="user-code">{code}</code></p>
                <p>
                    "It asked from " <code>{address}</code>
                    {program.map(|program| view! { <span>", with " <code>{program}</code></span> })} "."
                </p>
            </div>
            <Callout tone=Tone::Warn>
                "Allow it only if you see this very code on a device of your own, and have just started to sign in there. \
                 Nobody from support ever asks you for this."
            </Callout>
        }
        .into_any(),
    }
}

fn duration(consent: &api::Consent) -> String {
    let days = consent.lifetime_days.map(|days| counted(days.into(), "day"));
    match (&consent.token_name, days) {
        (None, Some(days)) => {
            ["It has to ask you again after ", &days, ". You can disconnect it at any time on Profile."].concat()
        }
        (None, None) => "It has access until you disconnect it on Profile.".to_owned(),
        (Some(_), Some(days)) => {
            ["It gets an API token that works for ", &days, ". You can revoke it at any time on Profile."].concat()
        }
        (Some(_), None) => "It gets an API token that works until you revoke it on Profile.".to_owned(),
    }
}

/// Stands there after the answer: a program may have taken the answer and left the page as it is.
#[component]
fn Answered(given: Given, consent: api::Consent) -> impl IntoView {
    let Given { is_allowed, redirect } = given;
    let title = if is_allowed { "Access allowed" } else { "Access denied" };
    let words = if is_allowed { " has access to your account." } else { " got no access to your account." };
    let next = match (redirect, consent.destination) {
        (Some(to), AnswerDestination::Host { host }) => view! {
            <p>"You are being taken to " <strong>{host}</strong> "."</p>
            <p>
                "If nothing happens: " <a href=to target="_self">
                    "Go there"
                </a>
            </p>
        }
        .into_any(),
        (Some(to), _) => view! {
            <p>"The program has been told. You can close this page."</p>
            <p>
                "If the program doesn't go on: " <a href=to target="_self">
                    "Tell it once more"
                </a>
            </p>
        }
        .into_any(),
        (None, _) => {
            view! { <p>"The device goes on by itself within seconds. You can close this page."</p> }.into_any()
        }
    };
    view! {
        <PageHead title=title />
        <div class="panel form">
            <p role="status">
                <strong class="name">{consent.application}</strong>
                {words}
            </p>
            {next}
        </div>
    }
}

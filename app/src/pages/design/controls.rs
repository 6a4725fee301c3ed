//! What is pressed, typed into and chosen from, in each of its states.

use super::Examples;
use crate::{
    components::{
        Button, ButtonKind, CheckBox, CopyButton, Copying, Form, FormKind, FormProblem, PasswordField,
        PermissionPicker, SearchBox, SelectBox, SelectField, SubmitButton, TextArea, TextField, TokenFilter,
    },
    submission::Submission,
};
use leptos::prelude::*;
use uptrakit_api::{Permissions, Problem, ProblemCode};

#[component]
pub fn Controls() -> impl IntoView {
    view! {
        <Examples title="Buttons">
            <Buttons />
        </Examples>
        <Examples title="Fields">
            <Fields />
        </Examples>
        <Examples title="Passwords">
            <Passwords />
        </Examples>
        <Examples title="Choices">
            <div class="form">
                <Picker narrowed=false />
                <Picker narrowed=true error="Choose at least one." />
            </div>
        </Examples>
        <Examples title="Controls above a list">
            <div class="controls">
                <SearchBox label="Search by name" value=String::new() on_search=Callback::new(|_| ()) />
                <SelectBox
                    label="State"
                    value=TokenFilter::Active
                    options=TokenFilter::ALL
                    on_choose=Callback::new(|_| ())
                />
            </div>
        </Examples>
        <Examples title="A form that was refused, and one under way">
            <Forms />
        </Examples>
    }
}

const KINDS: [(&str, ButtonKind); 5] = [
    ("Plain", ButtonKind::Plain),
    ("Primary", ButtonKind::Primary),
    ("Danger", ButtonKind::Danger),
    ("Ghost", ButtonKind::Ghost),
    ("Ghost, bad", ButtonKind::GhostBad),
];

#[component]
fn Buttons() -> impl IntoView {
    let row = |small: bool, disabled: bool| {
        let one = move |(name, kind): (&'static str, ButtonKind)| {
            view! {
                <Button kind=kind small=small disabled=disabled on_press=|| ()>
                    {name}
                </Button>
            }
        };
        view! { <div class="samples">{KINDS.map(one).collect_view()}</div> }
    };
    let busy = |(name, kind)| view! { <SubmitButton kind=kind busy=true>{name}</SubmitButton> };
    let copying = Copying::new(|| ());
    let example = Callback::new(|()| "an example".to_owned());
    view! {
        {row(false, false)}
        {row(true, false)}
        {row(false, true)}
        <div class="samples">{KINDS.map(busy).collect_view()}</div>
        <div class="samples">
            <CopyButton copying=copying what="the example" text=example />
            <CopyButton copying=copying what="the example" kind=ButtonKind::Primary text=example />
            <a class="button" href="/docs" target="_self">
                "A link that looks like one"
            </a>
        </div>
    }
}

fn text(value: &str) -> RwSignal<String> {
    RwSignal::new(value.to_owned())
}

#[component]
fn Fields() -> impl IntoView {
    view! {
        <div class="form measure">
            <TextField label="Empty" value=text("") placeholder="ci-pipeline" hint="What uses it, and where." />
            <TextField label="Filled" value=text("backup on web-1") />
            <TextField label="Refused" value=text("ci") error="Another active token has this name." />
            <TextArea label="Several lines" value=text("10.0.0.0/8\n2001:db8::/32") hint="One per line." />
            <SelectField
                label="A choice"
                value=RwSignal::new(TokenFilter::Active)
                options=TokenFilter::ALL.to_vec()
                hint="Ends on Sunday, 21 February 2027 at 14:03."
            />
            <CheckBox label="A check box" checked=RwSignal::new(false) />
            <CheckBox
                label="A checked one, whose label is long enough to need a second line here"
                checked=RwSignal::new(true)
            />
        </div>
    }
}

#[component]
fn Passwords() -> impl IntoView {
    view! {
        <div class="form measure">
            <PasswordField label="Current password" value=text("violet otters") />
            <PasswordField label="New password, empty" value=text("") choosing=true />
            <PasswordField label="New password, too short" value=text("violet") choosing=true />
            <PasswordField label="New password, long enough" value=text("violet otters hum at dawn") choosing=true />
            <PasswordField
                label="New password, refused"
                value=text("password password")
                error="It is easy to guess."
                choosing=true
            />
        </div>
    }
}

#[component]
fn Picker(narrowed: bool, #[prop(optional, into)] error: MaybeProp<String>) -> impl IntoView {
    view! {
        <PermissionPicker
            narrowed=RwSignal::new(narrowed)
            chosen=RwSignal::new(Permissions::NONE)
            offered=Permissions::ALL
            error=error
        />
    }
}

#[component]
fn Forms() -> impl IntoView {
    let refused = Submission::new();
    refused.problem.set(Some(Problem::new(ProblemCode::WrongLogin, "The username or the password is wrong.")));
    let waiting = Submission::new();
    waiting.busy.set(true);
    let one = |submission: Submission| {
        view! {
            <Form kind=FormKind::Section on_submit=|| ()>
                <FormProblem submission=submission />
                <TextField label="Username or email" value=text("ada") />
                <SubmitButton busy=submission.busy>"Sign in"</SubmitButton>
            </Form>
        }
    };
    view! { <div class="form">{one(refused)} {one(waiting)}</div> }
}

//! What lists are made of: badges, tables, entries, facts, pages, and a list that has nothing to show.

use super::Examples;
use crate::{
    api_client::{Answer, json},
    clock,
    components::{Badge, Button, ButtonKind, Instant, Loaded, Pager, RowButton, SkeletonList, TokenTable, Tone},
    loader::Loader,
};
use leptos::prelude::*;
use std::future::{pending, ready};
use uptrakit_api::{Page, Problem, ProblemCode, Rotation, Timestamp, Token, TokenId, TokenState};

const TONES: [Tone; 4] = [Tone::Neutral, Tone::Good, Tone::Warn, Tone::Bad];

#[component]
pub fn Lists() -> impl IntoView {
    let waiting = Loader::<()>::new(|| Answer::made_up(pending()));
    let refused = Loader::<()>::new(|| {
        let detail = "The database does not answer. Nothing is let through until it does.";
        let mut problem = Problem::new(ProblemCode::Unavailable, detail);
        problem.request_id.push_str("5f2c1b7e-42");
        Answer::made_up(ready(Err(problem)))
    });
    view! {
        <Examples title="Badges">
            <div class="samples">
                {TONES.map(|tone| view! { <Badge tone=tone>{tone.as_str()}</Badge> }).collect_view()}
            </div>
        </Examples>
        <Examples title="Table">
            <Rows />
            <Pager label="Pages" place=Signal::stored((2, 7)) turn=|_: u32| () />
        </Examples>
        <Examples title="Entries">
            <ul class="entries">
                <Entry what="Token created" />
                <Entry what="Sign-in" sign=(Tone::Bad, "refused") />
                <Entry what="Signed in" sign=(Tone::Good, "this one") />
            </ul>
        </Examples>
        <Examples title="Facts">
            <Facts />
        </Examples>
        <Examples title="A list that waits">
            <Loaded loader=waiting waiting=|| view! { <SkeletonList /> }>
                ""
            </Loaded>
        </Examples>
        <Examples title="A list that was refused">
            <Loaded loader=refused waiting=|| view! { <SkeletonList /> }>
                ""
            </Loaded>
        </Examples>
        <Examples title="A list without a match">
            <p class="empty">"No token matches."</p>
        </Examples>
        <Examples title="A list that is empty">
            <div class="empty">
                <p>"A token lets a script, a pipeline or the command line act as you, without your password."</p>
                <Button on_press=|| ()>"Create token"</Button>
            </div>
        </Examples>
    }
}

fn in_minutes(minutes: i64) -> Timestamp {
    clock::now().plus_millis(60_000 * minutes)
}

fn token(number: u8, name: &str, state: TokenState) -> Token {
    let id = format!("0190a5e0-0000-7000-8000-0000000000{number:02}");
    Token {
        id: TokenId(id.parse().expect("a UUID")),
        name: name.to_owned(),
        hint: "upk_Ab3d…9xYz".to_owned(),
        state,
        permissions: None,
        allowed_networks: None,
        created_at: in_minutes(-60 * 24 * 40),
        expires_at: None,
        last_used_at: None,
        last_used_ip: None,
        revoked_at: None,
        revoked_by: None,
        held_at: None,
        rotation: None,
    }
}

fn tokens() -> Vec<Token> {
    const DAY: i64 = 60 * 24;
    let rotation = Rotation {
        old_hint: "upk_Ab3d…9xYz".to_owned(),
        old_last_used_at: Some(in_minutes(-4)),
        old_last_used_ip: Some("10.0.3.7".to_owned()),
        overlap_ends_at: in_minutes(50),
    };
    vec![
        Token { last_used_at: Some(in_minutes(-3)), ..token(1, "ci-pipeline", TokenState::Active) },
        Token { expires_at: Some(in_minutes(9 * DAY)), ..token(2, "backup-nightly", TokenState::Active) },
        Token {
            last_used_at: Some(in_minutes(-1)),
            expires_at: Some(in_minutes(200 * DAY)),
            rotation: Some(rotation),
            ..token(3, "deploy-production-cluster-eu-central", TokenState::Active)
        },
        Token { held_at: Some(in_minutes(-30)), ..token(6, "before-the-restore", TokenState::Active) },
        Token { expires_at: Some(in_minutes(-2 * DAY)), ..token(4, "old", TokenState::Expired) },
        Token { revoked_at: Some(in_minutes(-80)), ..token(5, "leaked-in-a-log", TokenState::Revoked) },
    ]
}

#[component]
fn Rows() -> impl IntoView {
    let items = tokens();
    let total = items.len() as u64;
    let page = Page { items, page: 1, per_page: 20, total, total_pages: 1 };
    let loader = Loader::<Page<Token>>::new(move || Answer::made_up(ready(Ok(json(&page).unwrap_or_default()))));
    let actions = Callback::new(|token: Memo<Token>| {
        let name = Signal::derive(move || token.with(|token| token.name.clone()));
        view! {
            <RowButton label="Edit" of=name kind=ButtonKind::Ghost on_press=|| () />
            <RowButton label="Revoke" of=name kind=ButtonKind::GhostBad on_press=|| () />
        }
        .into_any()
    });
    view! { <TokenTable tokens=loader actions=actions /> }
}

#[component]
fn Entry(what: &'static str, #[prop(optional)] sign: Option<(Tone, &'static str)>) -> impl IntoView {
    view! {
        <li class="entry">
            <span>{what} " from " <code>"10.0.3.7"</code></span>
            {sign.map(|(tone, word)| view! { <Badge tone=tone>{word}</Badge> })}
            <span class="muted end">
                <Instant at=clock::now() />
            </span>
        </li>
    }
}

#[component]
fn Facts() -> impl IntoView {
    let one = |name: &'static str, value: &'static str| view! { <div><dt>{name}</dt><dd>{value}</dd></div> };
    view! {
        <dl class="facts">{one("Username", "ada")} {one("Email", "ada@example.org")} {one("Roles", "viewer")}</dl>
        <details class="disclosure">
            <summary>"A disclosure"</summary>
            <ul class="plain">
                <li>"See hosts " <code>"hosts:read"</code></li>
            </ul>
        </details>
    }
}

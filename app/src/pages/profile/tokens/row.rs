//! What the owner sees of one token in the list beside what everybody sees: a rotation under way, and what can be done.

use super::{Open, use_section};
use crate::{
    api_client, clock,
    components::{Button, ButtonKind, Instant, RowButton, Tone},
    pages::confirm_token::confirm_token,
    rpc,
};
use leptos::prelude::*;
use uptrakit_api::{Rotation, Token, TokenState};

#[component]
pub fn Actions(token: Memo<Token>) -> impl IntoView {
    let section = use_section();
    let may_write = Memo::new(move |_| section.may_write());
    let is_active = Memo::new(move |_| token.with(|token| token.state == TokenState::Active));
    let name = Signal::derive(move || token.with(|token| token.name.clone()));
    let is_held = Memo::new(move |_| token.with(|token| token.held_at.is_some()));
    let confirm = move || {
        token.with_untracked(|token| {
            let path = ["/api/v1/auth/api-tokens/", &token.id.to_string()].concat();
            confirm_token(section.auth, section.notices, &path, token, move || section.changed());
        });
    };
    let opens = move |open: fn(Token) -> Open| move || section.open.set(Some(open(token.get_untracked())));
    let parts = move || {
        if !may_write.get() {
            None
        } else if is_active.get() && is_held.get() {
            Some(
                view! {
                    <RowButton label="Confirm" of=name on_press=confirm />
                    <RowButton label="Revoke" of=name kind=ButtonKind::GhostBad on_press=opens(Open::Revoke) />
                }
                .into_any(),
            )
        } else if is_active.get() {
            Some(
                view! {
                    <RowButton label="Rotate" of=name kind=ButtonKind::Ghost on_press=opens(Open::Rotate) />
                    <RowButton label="Edit" of=name kind=ButtonKind::Ghost on_press=opens(Open::Edit) />
                    <RowButton label="Revoke" of=name kind=ButtonKind::GhostBad on_press=opens(Open::Revoke) />
                }
                .into_any(),
            )
        } else {
            let again = opens(|token| Open::Create(Some(token)));
            Some(
                view! {
                    <Button kind=ButtonKind::Ghost small=true title="Create again with the same settings" on_press=again>
                        "Create again"
                        <span class="visually-hidden">" with the same settings: " {name}</span>
                    </Button>
                }
                .into_any(),
            )
        }
    };
    view! { {move || parts()} }
}

/// A rotation under way: whether something still uses the old secret, and the button that ends it now.
#[component]
pub fn Overlap(token: Memo<Token>) -> impl IntoView {
    let section = use_section();
    let may_write = Memo::new(move |_| section.may_write());
    let rotation = Memo::new(move |_| token.with(|token| token.rotation.clone()));
    let of = Signal::derive(move || token.with(|token| [": the old token of ", &token.name].concat()));
    let end_now = move || {
        let id = token.with_untracked(|token| token.id);
        section.auth.call(api_client::call(&rpc::EndOverlap { id }), move |answer| {
            match answer {
                Ok(()) => section.notices.show(Tone::Good, "The old token is refused from now on."),
                Err(problem) => section.notices.show(Tone::Bad, problem.detail),
            }
            section.changed();
        });
    };
    let parts = move || {
        rotation.get().map(|rotation| {
            let end = rotation.overlap_ends_at;
            let has_ended = Memo::new(move |_| clock::ticking() >= end);
            view! {
                <div class="overlap" hidden=has_ended>
                    <UseOfIt rotation=rotation.clone() />
                    <span class="sub"><code class="item">{rotation.old_hint}</code> " ends " <Instant at=end /></span>
                    {move || {
                        may_write.get().then(|| view! { <RowButton label="End it now" of=of on_press=end_now /> }.into_any())
                    }}
                </div>
            }
            .into_any()
        })
    };
    view! { {move || parts()} }
}

#[component]
fn UseOfIt(rotation: Rotation) -> impl IntoView {
    let Some(at) = rotation.old_last_used_at else {
        return view! { <span>"Old token not used since the rotation"</span> }.into_any();
    };
    let from = rotation.old_last_used_ip.map(|address| view! { " from " <code>{address}</code> });
    view! { <span>"Old token still used " <Instant at=at /> {from}</span> }.into_any()
}

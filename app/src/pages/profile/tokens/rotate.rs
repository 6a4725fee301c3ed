//! The dialog that rotates a token. The old secret may go on working for a while, so that nothing stops while the new one
//! is being put in place.

use super::{
    reveal::{self, Reveal, Shown},
    use_section,
};
use crate::{
    clock,
    components::{Callout, Choice, DialogForm, LastUse, Modal, SelectField, Tone},
    drafts::kept,
    lifetime, rpc,
    submission::Submission,
};
use leptos::prelude::*;
use uptrakit_api::{RotateToken, Token};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Overlap {
    None,
    Hour,
    Day,
    Week,
}

impl Overlap {
    const ALL: [Self; 4] = [Self::None, Self::Hour, Self::Day, Self::Week];

    const fn seconds(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 604_800,
        }
    }
}

impl Choice for Overlap {
    fn value(&self) -> String {
        self.seconds().to_string()
    }

    fn label(&self) -> String {
        match self {
            Self::None => "At once (it leaked)",
            Self::Hour => "In 1 hour",
            Self::Day => "In 24 hours",
            Self::Week => "In 7 days",
        }
        .to_owned()
    }
}

#[component]
pub fn RotateDialog(token: Token) -> impl IntoView {
    let section = use_section();
    let rotated = RwSignal::new(None::<Shown>);
    let name = token.name.clone();
    view! {
        <Modal
            label="Rotate token"
            locked=Signal::derive(move || reveal::is_locked(rotated))
            on_close=section.close()
        >
            {move || match rotated.get() {
                None => view! { <Settings token=token.clone() rotated=rotated /> }.into_any(),
                Some(shown) => view! { <Reveal shown=shown title="The new token: " name=name.clone() /> }.into_any(),
            }}
        </Modal>
    }
}

#[component]
fn Settings(token: Token, rotated: RwSignal<Option<Shown>>) -> impl IntoView {
    let section = use_section();
    let submission = Submission::new();
    // What is in use goes on working unless the person says otherwise.
    let in_use = lifetime::used_lately(token.last_used_at, clock::now());
    let overlap = kept("rotate.overlap", || if in_use { Overlap::Day } else { Overlap::None });
    let id = token.id;
    let submit = move || {
        let request = RotateToken { overlap_seconds: overlap.get_untracked().seconds() };
        submission.send(reveal::answer_of(&rpc::RotateToken { id, request }), move |answer| {
            reveal::show(rotated, answer);
            section.changed();
        });
    };
    let stops = move || in_use && overlap.get() == Overlap::None;
    let hint = Signal::derive(move || {
        let hint = if overlap.get() == Overlap::None {
            "What uses the old token stops working until it has the new one."
        } else {
            "Until then both work. Revoking ends both."
        };
        (!stops()).then(|| hint.to_owned())
    });
    let warning = move || {
        stops().then(|| {
            view! {
                <Callout tone=Tone::Warn>
                    "It is in use. What uses it stops working at once, until it has the new token."
                </Callout>
            }
            .into_any()
        })
    };
    view! {
        <DialogForm title="Rotate token" submission=submission fields=&["overlap_seconds"] submit="Rotate now"  on_submit=submit>
            <p>
                <strong>{token.name.clone()}</strong>
                " "
                <code class="item">{token.hint.clone()}</code>
                " is replaced by a new token. Name, permissions and expiry stay as they are. "
                <LastUse token=token />
            </p>
            <div>
                <SelectField
                    label="The old token ends"
                    value=overlap
                    options=Overlap::ALL.to_vec()
                    error=submission.error("overlap_seconds", "The overlap")
                    hint=hint
                />
                <div aria-live="polite">{move || warning()}</div>
            </div>
        </DialogForm>
    }
}

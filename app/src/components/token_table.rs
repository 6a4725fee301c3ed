//! API tokens in a table, for their owner in Profile and for an administrator in Users. What can be
//! done with each comes in as a cell.

use super::{ActionsCell, Badge, Cell, Choice, Columns, Date, Instant, NameCell, Table, TableKind, Tone};
use crate::{clock, lifetime, loader::Loader};
use leptos::prelude::*;
use uptrakit_api::{Page, Token, TokenState};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenFilter {
    #[default]
    Active,
    Expired,
    Revoked,
    All,
}

impl TokenFilter {
    pub const ALL: &[Self] = &[Self::Active, Self::Expired, Self::Revoked, Self::All];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::All => "all",
        }
    }
}

impl Choice for TokenFilter {
    fn value(&self) -> String {
        self.as_str().to_owned()
    }

    fn label(&self) -> String {
        match self {
            Self::Active => "Active",
            Self::Expired => "Expired",
            Self::Revoked => "Revoked",
            Self::All => "All",
        }
        .to_owned()
    }
}

const ACTIVE: Columns = &["Name", "Permissions", "Created", "Last used", "Expires", "Actions"];
const MIXED: Columns = &["Name", "Permissions", "Created", "Last used", "Ends", "Actions"];
const ENDED: Columns = &["Name", "Permissions", "Created", "Last used", "Ended", "Actions"];

/// The table of `tokens`. `actions` draws what can be done with one, `under_name` what else is to be known of it.
#[component]
pub fn TokenTable(
    tokens: Loader<Page<Token>>,
    actions: Callback<Memo<Token>, AnyView>,
    #[prop(optional, into)] under_name: Option<Callback<Memo<Token>, AnyView>>,
) -> impl IntoView {
    let columns = Signal::derive(move || {
        let count_active = |page: &Page<Token>| page.items.iter().filter(|it| it.state == TokenState::Active).count();
        tokens.data.with(|page| match page.as_ref().map(|page| (count_active(page), page.items.len())) {
            Some((active, all)) if active < all => {
                if active == 0 {
                    ENDED
                } else {
                    MIXED
                }
            }
            _ => ACTIVE,
        })
    });
    view! {
        <Table kind=TableKind::Tokens label="API tokens" columns=columns>
            <For
                each=move || tokens.items()
                key=|token| token.id
                children=move |token| {
                    let token = tokens.item(token, |token| token.id);
                    let under_name = under_name.map(|draw| draw.run(token));
                    view! { <TokenRow token=token under_name=under_name actions=actions.run(token) /> }
                }
            />
        </Table>
    }
}

#[component]
fn TokenRow(token: Memo<Token>, under_name: Option<AnyView>, actions: AnyView) -> impl IntoView {
    let state = Memo::new(move |_| token.with(|token| token.state));
    let is_held = Memo::new(move |_| token.with(|token| token.held_at.is_some()));
    let badge = move || match state.get() {
        TokenState::Active if is_held.get() => Some(view! { <Badge tone=Tone::Warn>"on hold"</Badge> }.into_any()),
        TokenState::Active => None,
        TokenState::Expired => Some(view! { <Badge tone=Tone::Warn>"expired"</Badge> }.into_any()),
        TokenState::Revoked => Some(view! { <Badge tone=Tone::Bad>"revoked"</Badge> }.into_any()),
    };
    let end = Signal::derive(move || if state.get() == TokenState::Active { "Expires" } else { "Ended" });
    view! {
        <tr role="row" data-testid="token-row" data-state=move || state.get().as_str()>
            <NameCell name=Signal::derive(move || token.with(|token| token.name.clone()))>
                " " {move || badge()} <code class="hint-code">{move || token.with(|token| token.hint.clone())}</code>
                {under_name}
            </NameCell>
            <Cell column="Permissions">{move || token.with(permissions)}</Cell>
            <Cell column="Created">{move || view! { <Instant at=token.with(|token| token.created_at) /> }.into_any()}</Cell>
            <Cell column="Last used">{move || token.with(last_used)}</Cell>
            <Cell column=end>{move || token.with(ended)}</Cell>
            <ActionsCell>{actions}</ActionsCell>
        </tr>
    }
}

fn permissions(token: &Token) -> AnyView {
    let list = token.permissions.map(|permissions| {
        permissions.iter().map(|one| view! { <code class="item">{one.as_str()}</code>" " }).collect_view()
    });
    let inherits = list.is_none().then_some("Inherits all");
    let networks = token.allowed_networks.clone().filter(|networks| !networks.is_empty()).map(|networks| {
        let networks = networks.into_iter().map(|network| view! { <code class="item">{network}</code> });
        view! { <span class="sub parts">"only from" {networks.collect_view()}</span> }
    });
    view! { <span>{inherits} {list} {networks}</span> }.into_any()
}

#[component]
pub fn LastUse(token: Token) -> impl IntoView {
    let Some(at) = token.last_used_at else { return view! { <span>"It was never used."</span> }.into_any() };
    let from = token.last_used_ip.map(|address| view! { <span>" from " <code>{address}</code></span> });
    view! { <span>"It was last used " <Instant at=at /> {from} "."</span> }.into_any()
}

fn last_used(token: &Token) -> AnyView {
    let Some(at) = token.last_used_at else { return view! { <span class="muted">"Never"</span> }.into_any() };
    let from =
        token.last_used_ip.clone().map(|address| view! { <span class="sub">"from " <code>{address}</code></span> });
    view! { <span><Instant at=at /> {from}</span> }.into_any()
}

fn ended(token: &Token) -> AnyView {
    if let Some(revoked) = token.revoked_at {
        let by = token.revoked_by.clone().map(|name| view! { <span class="sub">"by " {name}</span> });
        return view! { <span>"Revoked " <Instant at=revoked /> {by}</span> }.into_any();
    }
    match token.expires_at {
        None => view! { <span class="muted">"No expiry"</span> }.into_any(),
        Some(end) if token.state == TokenState::Expired => {
            view! { <span>"Expired " <Instant at=end /></span> }.into_any()
        }
        Some(end) if lifetime::ends_soon(end, clock::now()) => view! {
            <span class="soon"><Instant at=end /><span class="sub"><Date at=end /></span></span>
        }
        .into_any(),
        Some(end) => view! { <Date at=end /> }.into_any(),
    }
}

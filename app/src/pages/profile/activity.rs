//! The account's last events, in plain words: the place to notice what one didn't do oneself.

use super::use_changes;
use crate::{
    api_client,
    components::{Badge, Instant, Loaded, Name, Pager, Panel, RowButton, SkeletonList, Tone},
    list_page::ListPage,
    loader::Loader,
    rpc::{self, Activity},
    wording,
};
use leptos::prelude::*;
use uptrakit_api::Page;

#[component]
pub fn ActivitySection() -> impl IntoView {
    let changes = use_changes();
    let page = ListPage::of_address("activity");
    let events = Loader::paged(
        move || {
            changes.track();
            api_client::call(&rpc::ListActivity { page: page.get() })
        },
        move |last| page.turn(last),
    );
    view! {
        <Panel
            id="activity"
            title="Activity"
            beside=move || view! { <RowButton label="Refresh" of="activity" on_press=move || events.reload() /> }
        >
            <Loaded loader=events waiting=|| view! { <SkeletonList /> }>
                <Events events=events turn=Callback::new(move |to| page.turn(to)) />
            </Loaded>
        </Panel>
    }
}

#[component]
fn Events(events: Loader<Page<Activity>>, turn: Callback<u32>) -> impl IntoView {
    let is_empty = events.is_empty();
    let inside = move || {
        if is_empty.get() {
            view! { <p class="empty">"Nothing has happened yet."</p> }.into_any()
        } else {
            view! {
                <div>
                    <ul class="entries">
                        <For
                            each=move || numbered(events.items())
                            key=|(number, event)| (event.at.0, *number)
                            children=|(_, event)| view! { <Entry event=event /> }
                        />
                    </ul>
                    <Pager label="Pages of activity" place=events.place() turn=turn />
                </div>
            }
            .into_any()
        }
    };
    view! { {move || inside()} }
}

/// Events have no id of their own; those of one instant are told apart by their order.
fn numbered(events: Vec<Activity>) -> Vec<(usize, Activity)> {
    let same = |before: &[Activity], event: &Activity| before.iter().filter(|other| other.at == event.at).count();
    let numbers: Vec<usize> = events.iter().enumerate().map(|(index, event)| same(&events[index..], event)).collect();
    numbers.into_iter().zip(events).collect()
}

#[component]
fn Entry(event: Activity) -> impl IntoView {
    let is_done = event.outcome == "done";
    let with = if event.action.starts_with("token.") { ": " } else { " with " };
    let named = |word: &'static str, name: Option<String>| {
        name.map(|name| view! { <span>{word} <Name name=name inline=true /></span> })
    };
    let from = event.address.map(|address| view! { " from " <code>{address}</code> });
    view! {
        <li class="entry">
            <span>
                {wording::event(&event.action, &event.outcome)} {named(": ", event.target)} {named(with, event.token)}
                {from}
            </span>
            {(!is_done).then(|| view! { <Badge tone=Tone::Bad>"refused"</Badge> })}
            <span class="muted end">
                <Instant at=event.at />
            </span>
        </li>
    }
}

//! A table that becomes a list of cards where the screen is narrow. The roles repeat what the elements mean, because
//! browsers forget it for elements that are laid out as something else.

use super::Name;
use leptos::prelude::*;

/// The content of a table; style/components/table.css has the widths of its columns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    Tokens,
    Hosts,
    Users,
    Applications,
}

/// The headings of a table's columns, the last of them for screen readers alone.
pub type Columns = &'static [&'static str];

#[component]
pub fn Table(
    kind: TableKind,
    label: &'static str,
    #[prop(into)] columns: Signal<Columns>,
    children: Children,
) -> impl IntoView {
    let class = match kind {
        TableKind::Tokens => "table tokens",
        TableKind::Hosts => "table hosts",
        TableKind::Users => "table users",
        TableKind::Applications => "table applications",
    };
    let heads = move || {
        let columns = columns.get();
        let head = |(index, column): (usize, &'static &'static str)| {
            let is_last = index + 1 == columns.len();
            view! {
                <th role="columnheader" scope="col">
                    <span class=is_last.then_some("visually-hidden")>{*column}</span>
                </th>
            }
        };
        columns.iter().enumerate().map(head).collect_view().into_any()
    };
    view! {
        <table class=class role="table" aria-label=label>
            <thead role="rowgroup">
                <tr role="row">{move || heads()}</tr>
            </thead>
            <tbody role="rowgroup">{children()}</tbody>
        </table>
    }
}

/// A cell; the column's name is shown beside it where there are no columns.
#[component]
pub fn Cell(#[prop(into)] column: Signal<&'static str>, children: Children) -> impl IntoView {
    view! {
        <td role="cell" data-label=move || column.get()>
            <div>{children()}</div>
        </td>
    }
}

/// The cell that says what the row is. Screen readers repeat its name, but not what else is in it, with the other cells.
#[component]
pub fn NameCell(#[prop(into)] name: Signal<String>, children: Children) -> impl IntoView {
    view! {
        <th class="cell-name" role="rowheader" scope="row" abbr=move || name.get()>
            <Name name=name />
            {children()}
        </th>
    }
}

#[component]
pub fn ActionsCell(children: Children) -> impl IntoView {
    view! { <td class="cell-actions" role="cell">{children()}</td> }
}

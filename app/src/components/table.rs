//! A table that becomes a list of cards where the screen is narrow. The roles repeat what the elements mean, because
//! browsers forget it for elements that are laid out as something else.

use crate::dom::{Child, El, el};

/// A table of `rows`; `columns` are the headings, the last of them for the eye of nobody.
pub fn table(class: &str, label: &str, columns: &[&str], rows: Vec<El>) -> El {
    let last = columns.len() - 1;
    let mut head = el("tr", "").attr("role", "row");
    for (index, column) in columns.iter().enumerate() {
        let class = if index == last { "visually-hidden" } else { "" };
        let text = el("span", class).child(*column);
        head = head.child(el("th", "").attr("role", "columnheader").attr("scope", "col").child(text));
    }
    el("table", class)
        .attr("role", "table")
        .attr("aria-label", label)
        .child(el("thead", "").attr("role", "rowgroup").child(head))
        .child(el("tbody", "").attr("role", "rowgroup").child(rows))
}

/// A row, known to tests by `kind`.
pub fn row(kind: &str) -> El {
    el("tr", "").attr("role", "row").attr("data-testid", kind)
}

/// A cell; the column's name is shown beside it where there are no columns.
pub fn cell(column: &str, content: impl Child) -> El {
    el("td", "").attr("role", "cell").attr("data-label", column).child(el("div", "").child(content))
}

/// The cell that says what the row is. Screen readers repeat its name, but not what else is in it, with the other cells.
pub fn name_cell(name: &str) -> El {
    el("th", "cell-name").attr("role", "rowheader").attr("scope", "row").attr("abbr", name).child(super::name(name, ""))
}

/// The cell with what can be done.
pub fn actions_cell() -> El {
    el("td", "cell-actions").attr("role", "cell")
}

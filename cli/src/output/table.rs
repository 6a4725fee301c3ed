//! Formats records, properties and lines as text. Colour only repeats what the words say already, so that nothing is
//! lost without it.

use super::RenderOptions;
use crate::text::printable;
use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Faint,
    Warning,
    Bad,
}

#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::toned(text, Tone::Plain)
    }

    pub fn faint(text: impl AsRef<str>) -> Self {
        Self::toned(text, Tone::Faint)
    }

    pub fn toned(text: impl AsRef<str>, tone: Tone) -> Self {
        Self { text: printable(text.as_ref()), tone }
    }

    #[must_use]
    pub fn with(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// The first column may be wrapped to this width, so that this many columns fit in all.
const NARROW: (u16, usize) = (12, 4);
/// For further columns the first one is only wrapped to this width.
const COMFORTABLE: u16 = 30;
const LEAST_COLUMNS: usize = 2;
/// A terminal that reports a smaller width than this does not know its width.
const LEAST_WIDTH: u16 = 20;
const GAP: u16 = 2;

/// Formats records as a table for people, or as one line each for programs. Columns are in the order of their
/// importance, because the last ones are left out where the terminal is too narrow for all. Only the first, a name, is
/// ever wrapped.
pub fn records(header: &[&str], mut rows: Vec<Vec<Cell>>, options: &RenderOptions) -> String {
    if !options.terminal {
        return rows.iter().map(|row| line(row, options)).collect();
    }
    if rows.is_empty() {
        return String::new();
    }
    let width = options.width.filter(|width| *width >= LEAST_WIDTH);
    let fitting = width.map(|width| fitting(header, &rows, width));
    let columns = fitting.map_or(header.len(), |(columns, _)| columns);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    if options.colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let header = header.iter().take(columns);
    table.set_header(header.map(|name| comfy_table::Cell::new(name).add_attribute(Attribute::Bold)));
    for row in &mut rows {
        table.add_row(row.drain(..columns.min(row.len())).map(styled));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
        if let Some((_, first)) = fitting {
            column.set_constraint(match column.index {
                0 => ColumnConstraint::Absolute(Width::Fixed(first + GAP)),
                _ => ColumnConstraint::ContentWidth,
            });
        }
    }
    // The table fills its lines with blanks, which are removed here.
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Returns the number of columns that fit, and the width of the first one.
fn fitting(header: &[&str], rows: &[Vec<Cell>], width: u16) -> (usize, u16) {
    let mut table = Table::new();
    table.set_header(header);
    for row in rows {
        table.add_row(row.iter().map(|cell| cell.text.as_str()));
    }
    let widths = table.column_max_content_widths();
    let (first, others) = widths.split_first().expect("a table has a column");
    // `end` is where a column ends if the first one has no width.
    let mut end = GAP;
    let ends = others.iter().map(|column| {
        end = end.saturating_add(*column).saturating_add(GAP);
        end
    });
    let ends: Vec<u16> = std::iter::once(GAP).chain(ends).collect();
    let fit = |narrowest: u16| ends.iter().filter(|end| end.saturating_add(narrowest.min(*first)) <= width).count();
    let columns = fit(COMFORTABLE).max(fit(NARROW.0).min(NARROW.1)).max(LEAST_COLUMNS).min(ends.len());
    (columns, width.saturating_sub(ends[columns - 1]).clamp(1, *first))
}

/// Formats the properties of an object, one per line. Nothing is wrapped or cut, so that each value can be copied
/// whole.
pub fn properties(properties: Vec<(&str, Cell)>, options: &RenderOptions) -> String {
    if !options.terminal {
        return properties.into_iter().map(|(name, cell)| line(&[Cell::plain(name), cell], options)).collect();
    }
    let width = properties.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let bold = if options.colour { Style::new().bold() } else { Style::new() };
    let lines = properties.into_iter().map(|(name, cell)| {
        let style = if options.colour { style(cell.tone) } else { Style::new() };
        format!("{bold}{name:width$}{bold:#}  {style}{}{style:#}\n", cell.text)
    });
    lines.collect()
}

/// Formats a record on one line: the cells with a tab between them, or with two spaces for people.
pub fn line(cells: &[Cell], options: &RenderOptions) -> String {
    let separator = if options.terminal { "  " } else { "\t" };
    let texts = cells.iter().map(|cell| {
        let style = if options.colour { style(cell.tone) } else { Style::new() };
        format!("{style}{}{style:#}", cell.text)
    });
    texts.collect::<Vec<_>>().join(separator) + "\n"
}

fn styled(cell: Cell) -> comfy_table::Cell {
    let out = comfy_table::Cell::new(cell.text);
    match cell.tone {
        Tone::Plain => out,
        Tone::Faint => out.add_attribute(Attribute::Dim),
        // The yellow and red of comfy-table are bright; these are the ordinary ones, as in the rest of the output.
        Tone::Warning => out.fg(Color::DarkYellow),
        Tone::Bad => out.fg(Color::DarkRed),
    }
}

fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Faint => Style::new().dimmed(),
        Tone::Warning => AnsiColor::Yellow.on_default(),
        Tone::Bad => AnsiColor::Red.on_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, RenderOptions, Tone, line, properties, records};

    fn options(terminal: bool, colour: bool, width: u16) -> RenderOptions {
        RenderOptions { terminal, colour, width: Some(width) }
    }

    fn rows() -> Vec<Vec<Cell>> {
        vec![
            vec![Cell::plain("web-1"), Cell::toned("12", Tone::Bad)],
            vec![Cell::plain("a rather long name of a host"), Cell::faint("unknown")],
        ]
    }

    #[test]
    fn a_terminal_gets_a_table() {
        insta::assert_snapshot!(records(&["NAME", "UPDATES"], rows(), &options(true, false, 80)), @"
        NAME                          UPDATES
        web-1                         12
        a rather long name of a host  unknown
        ");
    }

    #[test]
    fn the_least_important_columns_make_way() {
        let row: Vec<Cell> =
            ["web-1", "12", "3", "no", "2 h ago", "Debian GNU/Linux 12"].iter().map(Cell::plain).collect();
        let header = ["NAME", "UPDATES", "SECURITY", "RESTART", "LAST SEEN", "SYSTEM"];
        let text = |width| records(&header, vec![row.clone()], &options(true, false, width));
        assert!(text(80).contains("SYSTEM"));
        assert!(text(60).contains("LAST SEEN") && !text(60).contains("SYSTEM"));
        assert!(text(0).contains("SYSTEM"), "a terminal that does not know its width gets everything");
    }

    #[test]
    fn a_narrow_terminal_gets_a_table_that_fits() {
        let text = records(&["NAME", "UPDATES"], rows(), &options(true, false, 24));
        assert!(text.lines().all(|line| line.chars().count() <= 24), "{text}");
        assert!(text.contains("unknown"), "{text}");
    }

    #[test]
    fn only_the_first_column_is_wrapped() {
        let row: Vec<Cell> =
            ["a rather long name of a token that nobody shortened", "revoked", "upk_AbCd…WxYz", "never"]
                .iter()
                .map(Cell::plain)
                .collect();
        let header = ["NAME", "STATE", "TOKEN", "LAST USED"];
        let text = |width| records(&header, vec![row.clone()], &options(true, false, width));
        insta::assert_snapshot!(text(100), @"
        NAME                                                 STATE    TOKEN          LAST USED
        a rather long name of a token that nobody shortened  revoked  upk_AbCd…WxYz  never
        ");
        insta::assert_snapshot!(text(80), @"
        NAME                                         STATE    TOKEN          LAST USED
        a rather long name of a token that nobody    revoked  upk_AbCd…WxYz  never
        shortened
        ");
        insta::assert_snapshot!(text(40), @"
        NAME            STATE    TOKEN
        a rather long   revoked  upk_AbCd…WxYz
        name of a
        token that
        nobody
        shortened
        ");
        insta::assert_snapshot!(text(20), @"
        NAME       STATE
        a rather   revoked
        long name
        of a
        token
        that
        nobody
        shortened
        ");
    }

    #[test]
    fn a_pipe_gets_one_record_per_line() {
        assert_eq!(
            records(&["NAME", "UPDATES"], rows(), &options(false, false, 80)),
            "web-1\t12\na rather long name of a host\tunknown\n"
        );
        let facts = vec![("Name", Cell::plain("x")), ("Last seen", Cell::plain("y"))];
        assert_eq!(properties(facts.clone(), &options(false, false, 80)), "Name\tx\nLast seen\ty\n");
        assert_eq!(properties(facts, &options(true, false, 80)), "Name       x\nLast seen  y\n");
    }

    #[test]
    fn colour_is_added_only_where_it_is_wanted() {
        assert_eq!(line(&[Cell::toned("x", Tone::Bad)], &options(true, true, 80)), "\u{1b}[31mx\u{1b}[0m\n");
        // The code 38;5;1 is the same colour as 31; 9 would be the bright one.
        assert!(records(&["NAME", "UPDATES"], rows(), &options(true, true, 80)).contains("\u{1b}[38;5;1m12"));
        assert!(!records(&["NAME", "UPDATES"], rows(), &options(true, false, 80)).contains('\u{1b}'));
    }
}

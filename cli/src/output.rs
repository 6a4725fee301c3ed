//! Where results and remarks go: results alone to standard output, everything else to standard error.
//! A terminal gets tables, relative times and colour; a pipe gets one tab-separated record per line and whole instants.

mod instant;
mod table;

pub use instant::length;
pub use table::{Cell, Tone};

use crate::{args::Format, clock::ServerClock, failure::Failure, stderr::Stderr};
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde_json::Value;
use std::{
    io::{self, IsTerminal, Write},
    rc::Rc,
};
use uptrakit_api::Timestamp;

/// How results look.
#[derive(Clone, Debug)]
pub struct Look {
    /// Whether a person reads them at a terminal.
    pub terminal: bool,
    /// Whether colour helps.
    pub colour: bool,
    /// How many columns there are.
    pub width: Option<u16>,
}

/// The output of a run.
pub struct Output {
    /// How results are printed.
    pub format: Format,
    stdout: io::Stdout,
    stderr: Stderr,
    look: Look,
    /// What relative times are relative to.
    clock: Rc<ServerClock>,
    coloured_errors: bool,
    verbose: bool,
}

impl Output {
    /// The output of this process.
    pub fn new(format: Format, verbose: bool, clock: Rc<ServerClock>) -> Self {
        let (stdout, stderr) = (io::stdout(), Stderr::new());
        let terminal = stdout.is_terminal();
        let width = terminal.then(|| rustix::termios::tcgetwinsize(&stdout).ok().map(|size| size.ws_col)).flatten();
        let look = Look {
            terminal,
            colour: AutoStream::choice(&stdout) != ColorChoice::Never,
            width: width.filter(|width| *width > 0),
        };
        let coloured_errors = stderr.is_coloured();
        Self { format, stdout, stderr, look, clock, coloured_errors, verbose }
    }

    /// Prints a list: its records as a table, or the page as the API sent it.
    pub fn list(&self, page: &Value, header: &[&str], rows: Vec<Vec<Cell>>) -> Result<(), Failure> {
        match self.format {
            Format::Human => self.text(&table::records(header, rows, &self.look)),
            _ => self.value(page),
        }
    }

    /// Prints one thing: its properties, or the object as the API sent it.
    pub fn thing(&self, object: &Value, properties: Vec<(&str, Cell)>) -> Result<(), Failure> {
        match self.format {
            Format::Human => self.text(&table::properties(properties, &self.look)),
            _ => self.value(object),
        }
    }

    /// Prints one thing of many that follow each other: a line, a line of JSON or a YAML document.
    pub fn event(&self, object: &Value, cells: &[Cell]) -> Result<(), Failure> {
        match self.format {
            Format::Human => self.text(&table::line(cells, &self.look)),
            Format::Json => self.text(&format!("{object}\n")),
            Format::Yaml => self.text(&format!("---\n{}", yaml(object)?)),
        }
    }

    /// Prints an object of the API in the format that was asked for, or as JSON.
    pub fn value(&self, value: &Value) -> Result<(), Failure> {
        let text = match self.format {
            Format::Yaml => yaml(value)?,
            _ => format!("{value:#}\n"),
        };
        self.text(&text)
    }

    /// Prints text to standard output as it is.
    pub fn text(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = self.stdout.lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| Failure::of_output(&error))
    }

    /// Says something that is no result.
    pub fn note(&self, text: &str) {
        self.remark(&format!("{text}\n"));
    }

    /// Says something that is no result and deserves attention.
    pub fn warn(&self, text: &str) {
        self.remark(&format!("{} {text}\n", self.styled("warning:", AnsiColor::Yellow)));
    }

    /// Says something only if `-v` asked for it.
    pub fn detail(&self, text: &str) {
        if self.verbose {
            self.note(text);
        }
    }

    /// Says why the run ends early.
    pub fn failure(&self, failure: &Failure) {
        if failure.message.is_empty() {
            return;
        }
        let mut text = format!("{} {}\n", self.styled("error:", AnsiColor::Red), failure.message);
        for (label, line) in [("why: ", &failure.cause), ("hint:", &failure.next)] {
            if let Some(line) = line {
                text.extend(["  ", label, " ", line.as_str(), "\n"]);
            }
        }
        if self.verbose {
            for line in &failure.details {
                text.extend(["  ", line.as_str(), "\n"]);
            }
        }
        self.remark(&text);
    }

    /// An instant: relative for people, whole otherwise.
    pub fn instant(&self, instant: Timestamp) -> String {
        if self.look.terminal { instant::relative(instant, self.clock.now()) } else { instant.to_string() }
    }

    /// The end of a token, which deserves attention when it is less than a week away.
    pub fn end_tone(&self, ends: Timestamp) -> Tone {
        if self.clock.is_soon(ends) { Tone::Warning } else { Tone::Plain }
    }

    /// An instant that may be missing.
    pub fn instant_or(&self, instant: Option<Timestamp>, missing: &str) -> Cell {
        match instant {
            Some(instant) => Cell::plain(self.instant(instant)),
            // A program that reads the column wants an instant or nothing.
            None if self.look.terminal => Cell::faint(missing),
            None => Cell::plain(""),
        }
    }

    /// An instant both ways for people: `in 3 d (2030-01-31T12:00:00.000Z)`.
    pub fn instant_in_full(&self, instant: Timestamp) -> String {
        if self.look.terminal { format!("{} ({instant})", self.instant(instant)) } else { instant.to_string() }
    }

    /// Whether a person reads the results at a terminal.
    pub fn at_terminal(&self) -> bool {
        self.look.terminal
    }

    /// Writes to standard error. Who closed it does not want to know, which is no reason to fail.
    fn remark(&self, text: &str) {
        let _ = self.stderr.say(text);
    }

    fn styled(&self, text: &str, colour: AnsiColor) -> String {
        let style = if self.coloured_errors { colour.on_default().bold() } else { Style::new() };
        format!("{style}{text}{style:#}")
    }
}

/// Text from elsewhere with everything replaced that could move the cursor, change colours or turn the line around.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if uptrakit_api::is_control(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn yaml(value: &Value) -> Result<String, Failure> {
    let mut text =
        serde_saphyr::to_string(value).map_err(|_| Failure::failed("the result can't be written as YAML"))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{printable, yaml};

    #[test]
    fn text_from_elsewhere_can_not_drive_the_terminal() {
        assert_eq!(printable("a\u{2028}b\u{feff}c\u{61c}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(printable("a\u{1b}[31mb\u{202e}c\nd\u{9b}e ü"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\u{fffd}e ü");
    }

    #[test]
    fn yaml_keeps_text_apart_from_other_scalars() {
        let value =
            serde_json::json!({"a": "no", "b": null, "c": "1.0", "d": 1, "e": ["x: y", ""], "f": true, "g": []});
        let text = yaml(&value).unwrap();
        insta::assert_snapshot!(text, @r#"
        a: "no"
        b: null
        c: "1.0"
        d: 1
        e:
        - "x: y"
        - ""
        f: true
        g: []
        "#);
    }
}

//! Writes results alone to standard output, and everything else to standard error. A terminal gets tables, relative
//! times and colour; a pipe gets one tab-separated record per line and exact instants.

mod instant;
mod table;

pub use instant::length;
pub use table::{Cell, Tone};

use crate::{clock::ServerClock, failure::Failure, terminal::Stderr};
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde_json::Value;
use std::{
    io::{self, IsTerminal, Write},
    rc::Rc,
};
use uptrakit_api::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Human,
    Json,
    Yaml,
}

#[derive(Clone, Debug)]
pub struct RenderOptions {
    pub terminal: bool,
    pub colour: bool,
    /// The width of the terminal in columns; `None` if it is unknown.
    pub width: Option<u16>,
}

pub struct Output {
    pub format: Format,
    stdout: io::Stdout,
    stderr: Stderr,
    options: RenderOptions,
    clock: Rc<ServerClock>,
    coloured_errors: bool,
    verbose: bool,
}

impl Output {
    pub fn new(format: Format, verbose: bool, clock: Rc<ServerClock>) -> Self {
        let (stdout, stderr) = (io::stdout(), Stderr::new());
        let terminal = stdout.is_terminal();
        let width = terminal.then(|| rustix::termios::tcgetwinsize(&stdout).ok().map(|size| size.ws_col)).flatten();
        let options = RenderOptions {
            terminal,
            colour: AutoStream::choice(&stdout) != ColorChoice::Never,
            width: width.filter(|width| *width > 0),
        };
        let coloured_errors = stderr.is_coloured();
        Self { format, stdout, stderr, options, clock, coloured_errors, verbose }
    }

    pub fn list(&self, page: &Value, header: &[&str], rows: Vec<Vec<Cell>>) -> Result<(), Failure> {
        match self.format {
            Format::Human => self.text(&table::records(header, rows, &self.options)),
            _ => self.value(page),
        }
    }

    pub fn object(&self, object: &Value, properties: Vec<(&str, Cell)>) -> Result<(), Failure> {
        match self.format {
            Format::Human => self.text(&table::properties(properties, &self.options)),
            _ => self.value(object),
        }
    }

    pub fn event(&self, object: &Value, cells: &[Cell]) -> Result<(), Failure> {
        match self.format {
            Format::Human => self.text(&table::line(cells, &self.options)),
            Format::Json => self.text(&format!("{object}\n")),
            Format::Yaml => self.text(&format!("---\n{}", yaml(object)?)),
        }
    }

    pub fn value(&self, value: &Value) -> Result<(), Failure> {
        let text = match self.format {
            Format::Yaml => yaml(value)?,
            _ => format!("{value:#}\n"),
        };
        self.text(&text)
    }

    pub fn text(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = self.stdout.lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| Failure::of_output(&error))
    }

    pub fn note(&self, text: &str) {
        self.remark(&format!("{text}\n"));
    }

    pub fn warn(&self, text: &str) {
        self.remark(&format!("{} {text}\n", self.styled("warning:", AnsiColor::Yellow)));
    }

    pub fn detail(&self, text: &str) {
        if self.verbose {
            self.note(text);
        }
    }

    pub fn failure(&self, failure: &Failure) {
        if failure.message.is_empty() {
            return;
        }
        let mut text = format!("{} {}\n", self.styled("error:", AnsiColor::Red), failure.message);
        for (label, line) in [("why: ", &failure.cause), ("hint:", &failure.hint)] {
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

    pub fn instant(&self, instant: Timestamp) -> String {
        if self.options.terminal { instant::relative(instant, self.clock.now()) } else { instant.to_string() }
    }

    /// Returns the tone for the end of a token, which deserves attention when it is less than a week away.
    pub fn end_tone(&self, ends: Timestamp) -> Tone {
        if self.clock.is_soon(ends) { Tone::Warning } else { Tone::Plain }
    }

    pub fn instant_or(&self, instant: Option<Timestamp>, missing: &str) -> Cell {
        match instant {
            Some(instant) => Cell::plain(self.instant(instant)),
            // A program that reads the column expects an instant or an empty field.
            None if self.options.terminal => Cell::faint(missing),
            None => Cell::plain(""),
        }
    }

    /// Formats an instant both ways for people: `in 3 d (2030-01-31T12:00:00.000Z)`.
    pub fn instant_in_full(&self, instant: Timestamp) -> String {
        if self.options.terminal { format!("{} ({instant})", self.instant(instant)) } else { instant.to_string() }
    }

    pub fn at_terminal(&self) -> bool {
        self.options.terminal
    }

    fn remark(&self, text: &str) {
        let _ = self.stderr.say(text);
    }

    fn styled(&self, text: &str, colour: AnsiColor) -> String {
        let style = if self.coloured_errors { colour.on_default().bold() } else { Style::new() };
        format!("{style}{text}{style:#}")
    }
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
    use super::yaml;

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

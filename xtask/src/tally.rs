//! Counts how many tests passed and failed, from the output of the test runners, so that one line can report it at the
//! end.

use std::{fmt, ops::AddAssign};

use anyhow::{Context, Result};
use serde_json::Value;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
}

impl Tally {
    pub fn read_line(&mut self, line: &str) {
        let line = without_colour(line);
        // A summary further to the right comes from the output of a failed test, which nextest repeats and has counted.
        let counts = match (line.strip_prefix("test result: "), line.split_once(" run: ")) {
            (Some(counts), _) => counts,
            (None, Some((before, counts))) if before.trim_start().starts_with("Summary [") => counts,
            _ => return,
        };
        for part in counts.split([',', ';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(count), Some(what)) = (words.next().and_then(|count| count.parse::<u64>().ok()), words.next())
            else {
                continue;
            };
            match what {
                "passed" => self.passed += count,
                "failed" | "timed" | "exec" => self.failed += count,
                _ => {}
            }
        }
    }

    /// Reads a line of Node's test runner, whose summary comes at the end (`# pass 12`).
    pub fn read_node_line(&mut self, line: &str) {
        let count = |name: &str| line.strip_prefix(name)?.trim().parse::<u64>().ok();
        self.passed += count("# pass ").unwrap_or(0);
        self.failed += count("# fail ").or_else(|| count("# cancelled ")).unwrap_or(0);
    }

    pub fn of_playwright(report: &str) -> Result<Self> {
        let report: Value = serde_json::from_str(report).context("Playwright's report is no JSON")?;
        let count = |name: &str| {
            report["stats"][name].as_u64().with_context(|| format!("Playwright's report has no count `{name}`"))
        };
        Ok(Self { passed: count("expected")?, failed: count("unexpected")? + count("flaky")? })
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Removes terminal escapes: runners with colours put them between number and word.
fn without_colour(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        for line in lines {
            tally.read_line(line);
        }
        tally
    }

    #[test]
    fn summaries_of_nextest_are_counted() {
        let lines = [
            "     Summary [   1.203s] 31 tests run: 29 passed (1 slow), 1 failed, 1 timed out, 4 skipped",
            "        PASS [   0.005s] xtask tally::tests::run: 5 passed",
            "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 30 filtered out; finished in 0.58s",
        ];
        assert_eq!(tally(&lines), Tally { passed: 29, failed: 2 });
    }

    #[test]
    fn coloured_summaries_are_counted() {
        let line = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped";
        assert_eq!(tally(&[line]), Tally { passed: 2, failed: 0 });
    }

    #[test]
    fn summaries_of_cargo_test_add_up() {
        let lines = [
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test tally::tests::passed ... ok",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ];
        assert_eq!(tally(&lines), Tally { passed: 8, failed: 2 });
    }

    #[test]
    fn the_summary_of_node_is_counted() {
        let mut tally = Tally::default();
        for line in ["ok 1 - # pass 7", "# tests 9", "# pass 6", "# fail 2", "# cancelled 1", "# skipped 3"] {
            tally.read_node_line(line);
        }
        assert_eq!(tally, Tally { passed: 6, failed: 3 });
    }

    #[test]
    fn a_flaky_end_to_end_test_is_a_failed_one() {
        let report = r#"{"stats": {"expected": 7, "skipped": 1, "unexpected": 1, "flaky": 2}}"#;
        assert_eq!(Tally::of_playwright(report).unwrap(), Tally { passed: 7, failed: 3 });
        assert!(Tally::of_playwright("{}").is_err());
    }
}

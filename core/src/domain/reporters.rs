//! Detects several machines that report under one machine id, as clones of one image do. They take turns, so that a
//! name comes back after another one had replaced it. A machine that is renamed or moved to another system does that
//! only once. Where the machines have one name as well, a kernel or a version of the system comes back, which one machine
//! does when it is started with an older kernel; therefore that counts only from the third time on.
//!
//! Nothing else distinguishes machines: addresses change with a laptop's network and between IPv4 and IPv6, and tokens
//! between a timer and a person. Machines that are the same in all of this are not noticed.

use uptrakit_api::Timestamp;

use crate::{auth::digest::Digest, clock::horizon, text};

/// A reporter is remembered for 8 days, so that machines that report once a week are noticed.
pub const REMEMBERED_MILLIS: i64 = 8 * 86_400_000;
const MOST: usize = 8;
/// More reporters than this within that time are not one machine either: they are containers of one image, each with a
/// new name.
const MOST_OF_ONE_MACHINE: usize = 3;

/// The number of times that an older kernel or version of the system may come back on one machine.
const MOST_RETURNS_OF_ONE_MACHINE: usize = 2;

/// The latest reporters under one machine id, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reporters {
    names: Vec<Reporter>,
    /// The names with their kernel and version of the system.
    systems: Vec<Reporter>,
    /// The times at which a kernel or a version of the system came back.
    returns: Vec<i64>,
}

#[derive(Clone, Copy, Debug)]
pub struct Description<'r> {
    pub hostname: &'r str,
    pub os_name: &'r str,
    pub os_version: &'r str,
    pub kernel: &'r str,
    pub architecture: &'r str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Reporter {
    name: String,
    at: i64,
}

impl Description<'_> {
    /// Returns a digest of what distinguishes a reporter: the first part of its hostname (the rest changes with a
    /// laptop's network), the system and the processor.
    fn name(&self) -> String {
        let host = text::key(self.hostname.split('.').next().unwrap_or_default());
        digest(&[&host, self.os_name, self.architecture])
    }

    fn system(&self) -> String {
        digest(&[&self.name(), self.os_version, self.kernel])
    }
}

/// Eight bytes are enough, because they are only compared.
fn digest(parts: &[&str]) -> String {
    let digest = Digest::of(&parts.join("\n"));
    digest.0.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Puts a reporter at the beginning. Returns the place that it had before.
fn put_first(reporters: &mut Vec<Reporter>, name: String, now: Timestamp) -> Option<usize> {
    let known = reporters.iter().position(|reporter| reporter.name == name);
    if let Some(known) = known {
        reporters.remove(known);
    }
    reporters.insert(0, Reporter { name, at: now.0 });
    reporters.truncate(MOST);
    known
}

impl Reporters {
    /// Parses the output of [`Self::to_text`]. Lines that are malformed, too old or in the future are dropped. An older
    /// version drops the lines with more than two words.
    pub fn parse(text: &str, now: Timestamp) -> Self {
        let mut parsed = Self::default();
        let is_remembered = |at: i64| at <= horizon(now).0 && now.0 - at <= REMEMBERED_MILLIS;
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let Some(at) = words.last().and_then(|at| at.parse().ok()).filter(|at| is_remembered(*at)) else {
                continue;
            };
            match words[..] {
                [name, _] => parsed.names.push(Reporter { name: name.to_owned(), at }),
                ["system", name, _] => parsed.systems.push(Reporter { name: name.to_owned(), at }),
                ["system", "returned", "at", _] => parsed.returns.push(at),
                _ => {}
            }
        }
        parsed
    }

    pub fn to_text(&self) -> String {
        let names = self.names.iter().map(|reporter| format!("{} {}", reporter.name, reporter.at));
        let systems = self.systems.iter().map(|reporter| format!("system {} {}", reporter.name, reporter.at));
        let returns = self.returns.iter().map(|at| format!("system returned at {at}"));
        names.chain(systems).chain(returns).collect::<Vec<_>>().join("\n")
    }

    /// Notes a report; returns true when it shows that several machines share the id.
    pub fn note(&mut self, report: Description<'_>, now: Timestamp) -> bool {
        let has_returned = match put_first(&mut self.names, report.name(), now) {
            Some(known) => known > 0,
            None => self.names.len() > MOST_OF_ONE_MACHINE,
        };
        let system = put_first(&mut self.systems, report.system(), now);
        // A name that comes back brings its system back, which must not count twice.
        if system.is_some_and(|known| known > 0) && !has_returned {
            self.returns.insert(0, now.0);
            self.returns.truncate(MOST);
            return self.returns.len() > MOST_RETURNS_OF_ONE_MACHINE;
        }
        has_returned
    }
}

#[cfg(test)]
mod tests {
    use super::{Description, MOST, REMEMBERED_MILLIS, Reporters};
    use uptrakit_api::Timestamp;

    const HOUR: i64 = 3_600_000;

    const WEB: Description<'_> = Description {
        hostname: "web",
        os_name: "Debian GNU/Linux",
        os_version: "12",
        kernel: "6.1.0-18-amd64",
        architecture: "x86_64",
    };

    /// Returns what each report shows; the reports are an hour apart.
    fn shown_by(reports: impl IntoIterator<Item = Description<'static>>) -> Vec<bool> {
        let mut text = String::new();
        let report = |(hour, report): (i64, Description<'_>)| {
            let now = Timestamp(hour * HOUR);
            let mut reporters = Reporters::parse(&text, now);
            let is_shared = reporters.note(report, now);
            text = reporters.to_text();
            is_shared
        };
        (0..).zip(reports).map(report).collect()
    }

    fn shown(hostnames: &[&'static str]) -> Vec<bool> {
        shown_by(hostnames.iter().map(|hostname| Description { hostname, ..WEB }))
    }

    fn shown_of_kernels(kernels: &[&'static str]) -> Vec<bool> {
        shown_by(kernels.iter().map(|kernel| Description { kernel, ..WEB }))
    }

    #[test]
    fn machines_that_take_turns_are_noticed() {
        assert_eq!(shown(&["a", "b", "a", "b"]), [false, false, true, true]);
        assert_eq!(shown(&["a", "b", "c", "a", "b", "c"]), [false, false, false, true, true, true]);
        assert_eq!(shown(&["a", "b", "c", "d", "e"]), [false, false, false, true, true]);
    }

    #[test]
    fn one_machine_is_one_whatever_it_is_called() {
        assert_eq!(shown(&["a", "a", "b", "b", "b"]), [false; 5], "a machine that is renamed");
        assert_eq!(shown(&["a.home", "A.office", "a", "a.home"]), [false; 4], "a laptop");
    }

    #[test]
    fn another_system_under_the_same_name_is_another_machine() {
        let (mut reporters, now) = (Reporters::default(), Timestamp(0));
        let mut note = |os_name, architecture| reporters.note(Description { os_name, architecture, ..WEB }, now);
        assert!(!note("Debian GNU/Linux", "x86_64"));
        assert!(!note("Debian GNU/Linux", "aarch64"));
        assert!(!note("Alpine Linux", "aarch64"));
        assert!(note("Debian GNU/Linux", "x86_64"));
    }

    #[test]
    fn machines_of_one_name_are_noticed_by_kernels_that_come_back_again_and_again() {
        let (no, yes) = (false, true);
        assert_eq!(shown_of_kernels(&["1", "2", "1", "2", "1", "2"]), [no, no, no, no, yes, yes]);
        assert_eq!(shown_of_kernels(&["1", "1", "2", "1", "2", "2", "1"]), [no, no, no, no, no, no, yes]);
        let versions = ["12.1", "12.2", "12.1", "12.2", "12.1"];
        let reports = versions.iter().map(|os_version| Description { os_version, ..WEB });
        assert_eq!(shown_by(reports), [no, no, no, no, yes]);
    }

    #[test]
    fn one_machine_may_be_updated_and_go_back_to_an_older_kernel() {
        assert_eq!(shown_of_kernels(&["1", "2", "3", "4", "5", "6", "7", "8", "9"]), [false; 9]);
        assert_eq!(shown_of_kernels(&["1", "2", "1", "3", "3", "1"]), [false; 6]);
    }

    #[test]
    fn kernels_that_came_back_long_ago_do_not_count() {
        let mut text = String::new();
        for (day, kernel) in (0..).zip(["1", "2", "1", "2", "1", "2", "1", "2"]) {
            let now = Timestamp(day * 5 * 24 * HOUR);
            let mut reporters = Reporters::parse(&text, now);
            assert!(!reporters.note(Description { kernel, ..WEB }, now), "{day}");
            text = reporters.to_text();
        }
    }

    #[test]
    fn what_is_long_ago_or_in_the_future_is_forgotten_and_the_rest_is_bounded() {
        let mut reporters = Reporters::default();
        for number in 0..20 {
            reporters.note(Description { hostname: &number.to_string(), ..WEB }, Timestamp(0));
        }
        let text = reporters.to_text();
        let parsed = |now| Reporters::parse(&text, Timestamp(now));
        assert_eq!((reporters.names.len(), &parsed(REMEMBERED_MILLIS)), (MOST, &reporters));
        assert_eq!(parsed(REMEMBERED_MILLIS + 1), Reporters::default());
        assert_eq!(parsed(-60_000), reporters);
        assert_eq!(parsed(-60_001), Reporters::default());
        assert_eq!(Reporters::parse("nonsense\na b c\n\n", Timestamp(0)), Reporters::default());
    }
}

//! Detects several machines that report under one machine id, as clones of one image do. They take turns, so that a
//! name comes back after another one had replaced it. A machine that is renamed or moved to another system does that
//! only once.

use uptrakit_api::Timestamp;

use crate::{auth::digest::Digest, clock::horizon, text};

/// A reporter is remembered for 8 days, so that machines that report once a week are noticed.
pub const REMEMBERED_MILLIS: i64 = 8 * 86_400_000;
const MOST: usize = 8;
/// More reporters than this within that time are not one machine either: they are containers of one image, each with a
/// new name.
const MOST_OF_ONE_MACHINE: usize = 3;

/// The latest reporters under one machine id, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reporters(Vec<Reporter>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Reporter {
    name: String,
    at: i64,
}

/// Returns a digest of what distinguishes a reporter: the first part of its hostname (the rest changes with a laptop's
/// network), the system and the processor. Eight bytes are enough, because they are only compared.
fn name(hostname: &str, os_name: &str, architecture: &str) -> String {
    let host = text::key(hostname.split('.').next().unwrap_or_default());
    let digest = Digest::of(&[host.as_str(), os_name, architecture].join("\n"));
    digest.0.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

impl Reporters {
    /// Parses the output of [`Self::to_text`]. Lines that are malformed, too old or in the future are dropped.
    pub fn parse(text: &str, now: Timestamp) -> Self {
        let parse = |line: &str| {
            let (name, at) = line.split_once(' ')?;
            Some(Reporter { name: name.to_owned(), at: at.parse().ok()? })
        };
        let is_remembered =
            |reporter: &Reporter| reporter.at <= horizon(now).0 && now.0 - reporter.at <= REMEMBERED_MILLIS;
        Self(text.lines().filter_map(parse).filter(is_remembered).collect())
    }

    pub fn to_text(&self) -> String {
        let line = |reporter: &Reporter| format!("{} {}", reporter.name, reporter.at);
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Notes a report; returns true when it shows that several machines share the id.
    pub fn note(&mut self, hostname: &str, os_name: &str, architecture: &str, now: Timestamp) -> bool {
        let name = name(hostname, os_name, architecture);
        let known = self.0.iter().position(|reporter| reporter.name == name);
        if let Some(known) = known {
            self.0.remove(known);
        }
        self.0.insert(0, Reporter { name, at: now.0 });
        self.0.truncate(MOST);
        match known {
            Some(known) => known > 0,
            None => self.0.len() > MOST_OF_ONE_MACHINE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, REMEMBERED_MILLIS, Reporters};
    use uptrakit_api::Timestamp;

    const HOUR: i64 = 3_600_000;

    /// Returns what each report shows; the reports are an hour apart.
    fn shown(hostnames: &[&str]) -> Vec<bool> {
        let mut text = String::new();
        let report = |(hour, hostname): (i64, &&str)| {
            let now = Timestamp(hour * HOUR);
            let mut reporters = Reporters::parse(&text, now);
            let is_shared = reporters.note(hostname, "Debian GNU/Linux", "x86_64", now);
            text = reporters.to_text();
            is_shared
        };
        (0..).zip(hostnames).map(report).collect()
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
        let mut note = |os_name, architecture| reporters.note("web", os_name, architecture, now);
        assert!(!note("Debian GNU/Linux", "x86_64"));
        assert!(!note("Debian GNU/Linux", "aarch64"));
        assert!(!note("Alpine Linux", "aarch64"));
        assert!(note("Debian GNU/Linux", "x86_64"));
    }

    #[test]
    fn what_is_long_ago_or_in_the_future_is_forgotten_and_the_rest_is_bounded() {
        let mut reporters = Reporters::default();
        for number in 0..20 {
            reporters.note(&number.to_string(), "", "", Timestamp(0));
        }
        let text = reporters.to_text();
        let parsed = |now| Reporters::parse(&text, Timestamp(now));
        assert_eq!((reporters.0.len(), &parsed(REMEMBERED_MILLIS)), (MOST, &reporters));
        assert_eq!(parsed(REMEMBERED_MILLIS + 1), Reporters::default());
        assert_eq!(parsed(-60_000), reporters);
        assert_eq!(parsed(-60_001), Reporters::default());
        assert_eq!(Reporters::parse("nonsense\na b c\n\n", Timestamp(0)), Reporters::default());
    }
}

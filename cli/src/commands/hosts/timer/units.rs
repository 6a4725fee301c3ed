//! The unit files of the timer and of the service that it starts, quoted as systemd reads them. The service gets no more
//! of the machine than a report needs.

use super::places::Places;
use std::time::Duration;

pub const SERVICE: &str = "uptrakit-report.service";
pub const TIMER: &str = "uptrakit-report.timer";
/// The random delay of a report is at most this many seconds, however long the interval is.
const LARGEST_SPREAD: u64 = 900;
/// These settings take away what a report does not need. `/lib/modules` and the package managers' own files stay within
/// reach, because the pending restart and the pending updates are read from them. Root may still read folders that it
/// does not own, because `cargo install` puts this program into one.
const CONFINEMENT: &str = "\
PrivateTmp=yes
UMask=0077
ProtectSystem=full
ReadWritePaths=-/usr/lib/sysimage
ProtectHome=read-only
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictNamespaces=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
PrivateMounts=yes
ProtectProc=invisible
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@resources
SystemCallErrorNumber=EPERM
";

pub fn service(command: &[String], places: &Places) -> String {
    let (program, words) = command.split_first().expect("a command begins with its program");
    // systemd expands a dollar sign in arguments, but neither in the program's path nor in values of `Environment=`.
    let words: Vec<String> = words.iter().map(|word| unit_quoted(&word.replace('$', "$$"))).collect();
    // Only the system's manager has `network-online.target`, and the sandbox needs namespaces, which not every user may
    // create.
    let (after, confinement) = if places.user {
        ("", "")
    } else {
        ("Wants=network-online.target\nAfter=network-online.target\n", CONFINEMENT)
    };
    // The journal gets the remarks about a report, not the report. Without `StandardError=` the errors would follow the
    // output.
    format!(
        "# Written by `uptrakit hosts report --install-timer`.\n\
         [Unit]\nDescription=Report this machine to Uptrakit\n{after}\n\
         [Service]\nType=oneshot\nTimeoutStartSec=10min\nEnvironment={}\nExecStart={} {}\n\
         StandardOutput=null\nStandardError=journal\nNoNewPrivileges=yes\n{confinement}",
        unit_quoted(&format!("UPTRAKIT_CREDENTIALS={}", places.credentials.display())),
        unit_quoted(program),
        words.join(" "),
    )
}

pub fn timer(every: Duration) -> String {
    let seconds = every.as_secs();
    // The random delay spreads the reports of machines that were started at the same time.
    let spread = (seconds / 20).clamp(1, LARGEST_SPREAD);
    format!(
        "# Written by `uptrakit hosts report --install-timer`.\n\
         [Unit]\nDescription=Report this machine to Uptrakit from time to time\n\n\
         [Timer]\nOnActiveSec=1s\nOnBootSec=1min\nOnUnitActiveSec={seconds}s\nAccuracySec=1s\nRandomizedDelaySec={spread}s\n\n\
         [Install]\nWantedBy=timers.target\n"
    )
}

/// Quotes a word for a unit file (systemd.syntax(7)), and escapes `%`, which has a special meaning there.
fn unit_quoted(word: &str) -> String {
    let escaped = word.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%");
    let plain = word.chars().all(|c| c.is_alphanumeric() || "/._-+@:=[]".contains(c));
    if plain { escaped } else { format!("\"{escaped}\"") }
}

#[cfg(test)]
mod tests {
    use super::{Places, service, timer};
    use std::time::Duration;

    fn command() -> Vec<String> {
        ["/opt/up 100%/$x/uptrakit", "hosts", "report", "--ca-cert", "/etc/$y"].map(str::to_owned).to_vec()
    }

    #[test]
    fn units_are_quoted_for_systemd() {
        let places = |user| Places { units: "/x".into(), credentials: "/etc/$up/timer.toml".into(), user };
        let own = service(&command(), &places(true));
        assert!(!own.contains("network-online") && !own.contains("Private"), "{own}");
        insta::assert_snapshot!(service(&command(), &places(false)), @r#"
        # Written by `uptrakit hosts report --install-timer`.
        [Unit]
        Description=Report this machine to Uptrakit
        Wants=network-online.target
        After=network-online.target

        [Service]
        Type=oneshot
        TimeoutStartSec=10min
        Environment="UPTRAKIT_CREDENTIALS=/etc/$up/timer.toml"
        ExecStart="/opt/up 100%%/$x/uptrakit" hosts report --ca-cert "/etc/$$y"
        StandardOutput=null
        StandardError=journal
        NoNewPrivileges=yes
        PrivateTmp=yes
        UMask=0077
        ProtectSystem=full
        ReadWritePaths=-/usr/lib/sysimage
        ProtectHome=read-only
        PrivateDevices=yes
        ProtectKernelTunables=yes
        ProtectKernelLogs=yes
        ProtectControlGroups=yes
        ProtectClock=yes
        ProtectHostname=yes
        RestrictSUIDSGID=yes
        RestrictRealtime=yes
        RestrictNamespaces=yes
        LockPersonality=yes
        RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
        CapabilityBoundingSet=CAP_DAC_READ_SEARCH
        PrivateMounts=yes
        ProtectProc=invisible
        SystemCallArchitectures=native
        SystemCallFilter=@system-service
        SystemCallFilter=~@resources
        SystemCallErrorNumber=EPERM
        "#);
        insta::assert_snapshot!(timer(Duration::from_hours(1)), @"
        # Written by `uptrakit hosts report --install-timer`.
        [Unit]
        Description=Report this machine to Uptrakit from time to time

        [Timer]
        OnActiveSec=1s
        OnBootSec=1min
        OnUnitActiveSec=3600s
        AccuracySec=1s
        RandomizedDelaySec=180s

        [Install]
        WantedBy=timers.target
        ");
    }

    #[test]
    fn rare_reports_are_spread_over_a_quarter_of_an_hour_at_most() {
        for (every, spread) in [(Duration::from_mins(1), 3), (Duration::from_hours(4 * 7 * 24), 900)] {
            assert!(timer(every).contains(&format!("RandomizedDelaySec={spread}s\n")), "{every:?}");
        }
    }
}

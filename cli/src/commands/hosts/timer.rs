//! `uptrakit hosts report --install-timer` and `--remove-timer`: a systemd timer that reports this machine. The timer
//! has a credentials file of its own, because neither a keyring nor a user's login is available when it runs.

use super::report;
use crate::{
    args::Report,
    commands::Context,
    credentials::{Store, TIMER_FILE, configuration_folder, quoted},
    duration,
    failure::{Exit, Failure, described},
    output::Output,
    settings,
};
use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

const SERVICE: &str = "uptrakit-report.service";
const TIMER: &str = "uptrakit-report.timer";
const SHORTEST: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_hours(4 * 7 * 24);
/// The random delay of a report is at most this many seconds, however long the interval is.
const LARGEST_SPREAD: u64 = 900;
/// A system service sees private, empty folders in place of these (`PrivateTmp=`).
const HIDDEN: [&str; 2] = ["/tmp", "/var/tmp"];
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

struct Places {
    units: PathBuf,
    credentials: PathBuf,
    user: bool,
}

impl Places {
    /// Returns the paths of the whole system for root, and the user's own ones otherwise or if `user` is true.
    fn new(user: bool) -> Result<Self, Failure> {
        if rustix::process::geteuid().is_root() && !user {
            let (units, credentials) = ("/etc/systemd/system".into(), Path::new("/etc/uptrakit").join(TIMER_FILE));
            return Ok(Self { units, credentials, user: false });
        }
        let own = configuration_folder().ok_or_else(|| {
            Failure::failed("there is no folder for a timer of your own").caused_by("HOME is not set")
        })?;
        let above = own.parent().unwrap_or(&own);
        Ok(Self { units: above.join("systemd/user"), credentials: own.join(TIMER_FILE), user: true })
    }

    fn systemctl(&self) -> &'static str {
        if self.user { "systemctl --user" } else { "systemctl" }
    }
}

pub fn install(context: &Context, arguments: &Report) -> Result<(), Failure> {
    let every = duration::parse(&arguments.every)
        .map_err(|why| Failure::usage(format!("--every '{}' {why}", arguments.every)))?;
    if !(SHORTEST..=LONGEST).contains(&every) {
        return Err(Failure::usage(format!("--every '{}' must be from 1m to 4w", arguments.every)));
    }
    if cfg!(target_os = "macos") {
        return Err(
            Failure::failed("there is no systemd on macOS").hint("have cron or launchd run `uptrakit hosts report`")
        );
    }
    let (settings, output) = (context.settings, context.output);
    let places = Places::new(arguments.user)?;
    let program = env::current_exe()
        .map_err(|error| Failure::failed("could not find this program's own file").caused_by(described(&error)))?;
    let authority = settings.ca_cert.as_ref().map(|path| fs::canonicalize(path).unwrap_or_else(|_| path.clone()));
    within_reach(&places, &program, authority.as_deref())?;
    context.signed_in(|client, _| {
        // A report at once proves that the token has the permission that the timer needs.
        report::send(client, output, arguments)?;
        let server = client.server();
        let mut command =
            vec![program.display().to_string(), "hosts".into(), "report".into(), "--server".into(), server.to_string()];
        if settings.allow_http {
            command.push("--allow-http".into());
        }
        let timeout = settings.timeout()?;
        if timeout != settings::TIMEOUT {
            command.extend(["--timeout".into(), format!("{}ms", timeout.as_millis())]);
        }
        if let Some(path) = &authority {
            command.extend(["--ca-cert".into(), path.display().to_string()]);
        }
        if let Some(id) = &arguments.machine_id {
            command.push(format!("--machine-id={id}"));
        }
        let token = settings.credential()?.token;
        Store::new(Some(places.credentials.clone())).save_alone(server, &token)?;
        output.note(&format!("Wrote the token {} to {}.", token.hint(), places.credentials.display()));
        write_unit(output, &places.units.join(SERVICE), &service(&command, &places))?;
        write_unit(output, &places.units.join(TIMER), &timer(every))?;
        if let Some(variable) = client.proxy_variable() {
            // The variable may hold a password, and every user can read a unit file.
            output.warn(&format!(
                "the timer does not know the proxy in {variable}; add the line `Environment={variable}=…` below `[Service]` with `{} edit {SERVICE}`",
                places.systemctl()
            ));
        }
        if let Err(why) = systemctl(&places, &[&["daemon-reload"], &["enable", "--now", TIMER]]) {
            return Err(Failure::failed("the timer is written but does not run").caused_by(why).hint(format!(
                "start it with `{} enable --now {TIMER}`, or give cron this line:\n  {}",
                places.systemctl(),
                cron(&command, &places.credentials, every)
            )));
        }
        output.note(&format!("Started {TIMER}: this machine reports every {}.", arguments.every));
        output.note(&format!(
            "See it with `{} list-timers {TIMER}`; undo it with `uptrakit hosts report --remove-timer{}`.",
            places.systemctl(),
            if arguments.user { " --user" } else { "" }
        ));
        if places.user {
            output.note("It runs while you are signed in; `loginctl enable-linger` has it run always.");
        }
        Ok(())
    })
}

fn within_reach(places: &Places, program: &Path, authority: Option<&Path>) -> Result<(), Failure> {
    let files = [("this program", Some(program)), ("the file of --ca-cert", authority)];
    for (what, path) in files {
        let Some(path) = path.filter(|path| !places.user && HIDDEN.iter().any(|folder| path.starts_with(folder)))
        else {
            continue;
        };
        return Err(Failure::failed(format!("the timer would not find {what} at {}", path.display()))
            .caused_by(
                "systemd gives the service a /tmp and a /var/tmp of its own, and both are emptied from time to time",
            )
            .hint("move it where it can stay, such as below /usr/local or /etc, and install the timer again"));
    }
    Ok(())
}

pub fn remove(context: &Context, user: bool) -> Result<(), Failure> {
    let output = context.output;
    let places = Places::new(user)?;
    let stopped = systemctl(&places, &[&["disable", "--now", TIMER]]);
    let files = [
        // `systemctl disable` removes this link, unless systemd can't be reached.
        places.units.join("timers.target.wants").join(TIMER),
        places.units.join(TIMER),
        places.units.join(SERVICE),
        places.credentials.clone(),
        places.credentials.with_extension("lock"),
    ];
    let mut removed = 0;
    for path in files {
        match fs::remove_file(&path) {
            Ok(()) => {
                removed += 1;
                output.note(&format!("Removed {}.", path.display()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(
                    Failure::failed(format!("could not remove {}", path.display())).caused_by(described(&error))
                );
            }
        }
    }
    if removed == 0 {
        return Err(Failure::new(Exit::NotFound, format!("there is no timer in {}", places.units.display())));
    }
    if let Some(folder) = places.credentials.parent() {
        // The call fails if the folder holds other files, which then stay.
        let _ = fs::remove_dir(folder);
    }
    match stopped {
        Ok(()) => {
            // After a failed report systemd would still list the removed unit. Most often no report has failed, so an
            // error is ignored.
            let _ = systemctl(&places, &[&["daemon-reload"], &["reset-failed", SERVICE]]);
        }
        Err(why) => output.warn(&format!(
            "systemd was not told ({why}); if the timer runs, it goes on until `{} stop {TIMER}`",
            places.systemctl()
        )),
    }
    output.note("The token itself is not revoked by this; revoke it if nothing else uses it.");
    Ok(())
}

fn service(command: &[String], places: &Places) -> String {
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

fn timer(every: Duration) -> String {
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

fn cron(command: &[String], credentials: &Path, every: Duration) -> String {
    let minutes = every.as_secs() / 60;
    let when = match minutes {
        0..=59 => format!("*/{} * * * *", minutes.max(1)),
        60..=119 => "17 * * * *".to_owned(),
        120..=1_439 => format!("17 */{} * * *", minutes / 60),
        _ => "17 4 * * *".to_owned(),
    };
    let command: Vec<String> = command.iter().map(|word| quoted(Path::new(word)).replace('%', r"\%")).collect();
    let credentials = quoted(credentials).replace('%', r"\%");
    format!("{when} UPTRAKIT_CREDENTIALS={credentials} {} >/dev/null", command.join(" "))
}

/// Quotes a word for a unit file (systemd.syntax(7)), and escapes `%`, which has a special meaning there.
fn unit_quoted(word: &str) -> String {
    let escaped = word.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%");
    let plain = word.chars().all(|c| c.is_alphanumeric() || "/._-+@:=[]".contains(c));
    if plain { escaped } else { format!("\"{escaped}\"") }
}

fn write_unit(output: &Output, path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| Failure::failed(format!("could not write {}", path.display())).caused_by(described(&error)))?;
    output.note(&format!("Wrote {}.", path.display()));
    Ok(())
}

fn systemctl(places: &Places, steps: &[&[&str]]) -> Result<(), String> {
    for step in steps {
        let mut command = Command::new("systemctl");
        if places.user {
            command.arg("--user");
        }
        let said = command
            .args(*step)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("systemctl could not be run: {}", described(&error)))?;
        if !said.status.success() {
            let text = String::from_utf8_lossy(&said.stderr);
            return Err(crate::text::printable(text.lines().next().unwrap_or("systemctl failed")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Places, cron, service, timer, within_reach};
    use std::{path::Path, time::Duration};

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
        for (every, spread) in [(Duration::from_mins(1), 3), (LONGEST, 900)] {
            assert!(timer(every).contains(&format!("RandomizedDelaySec={spread}s\n")), "{every:?}");
        }
    }

    #[test]
    fn files_that_the_service_would_not_see_are_refused() {
        let places = |user| Places { units: "/x".into(), credentials: "/y".into(), user };
        let (stable, fleeting) = (Path::new("/usr/local/bin/uptrakit"), Path::new("/tmp/uptrakit"));
        for (user, program, authority, accepted) in [
            (false, stable, None, true),
            (false, stable, Some(Path::new("/etc/authority.pem")), true),
            (false, Path::new("/tmpfiles/uptrakit"), None, true),
            (false, fleeting, None, false),
            (false, stable, Some(Path::new("/var/tmp/authority.pem")), false),
            (true, fleeting, Some(fleeting), true),
        ] {
            let outcome = within_reach(&places(user), program, authority);
            assert_eq!(outcome.is_ok(), accepted, "{program:?} {authority:?}");
        }
    }

    #[test]
    fn cron_gets_the_nearest_it_can_do() {
        let line = |seconds| cron(&command(), Path::new("/etc/uptrakit/timer.toml"), Duration::from_secs(seconds));
        assert_eq!(
            line(3_600),
            r"17 * * * * UPTRAKIT_CREDENTIALS=/etc/uptrakit/timer.toml '/opt/up 100\%/$x/uptrakit' hosts report --ca-cert '/etc/$y' >/dev/null"
        );
        assert!(line(900).starts_with("*/15 * * * * "));
        assert!(line(6 * 3_600).starts_with("17 */6 * * * "));
        assert!(line(86_400).starts_with("17 4 * * * "));
    }
}

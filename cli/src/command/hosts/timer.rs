//! `uptrakit hosts report --install-timer` and `--remove-timer`: a systemd timer that reports this machine.
//! It gets a credentials file of its own, because neither a keyring nor anybody's login is there when it runs.

use crate::{
    args::Report,
    command::Context,
    credentials::{Store, configuration_folder, quoted},
    duration,
    failure::{Exit, Failure},
    output::Output,
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

/// Where the parts of the timer are.
struct Places {
    /// The unit files.
    units: PathBuf,
    /// The token that the timer uses.
    credentials: PathBuf,
    /// Whether it is a user's own timer.
    user: bool,
}

impl Places {
    /// Of the whole system for root, of the user otherwise.
    fn new(user: bool) -> Result<Self, Failure> {
        if rustix::process::geteuid().is_root() && !user {
            let (units, credentials) = ("/etc/systemd/system".into(), "/etc/uptrakit/timer.toml".into());
            return Ok(Self { units, credentials, user: false });
        }
        let own = configuration_folder()
            .ok_or_else(|| Failure::failed("there is no folder for a timer of your own").because("HOME is not set"))?;
        let above = own.parent().unwrap_or(&own);
        Ok(Self { units: above.join("systemd/user"), credentials: own.join("timer.toml"), user: true })
    }

    fn systemctl(&self) -> &'static str {
        if self.user { "systemctl --user" } else { "systemctl" }
    }
}

/// Installs the timer.
pub fn install(context: &Context, arguments: &Report) -> Result<(), Failure> {
    let every = duration::parse(&arguments.every)
        .map_err(|why| Failure::usage(format!("--every '{}' {why}", arguments.every)))?;
    if every < SHORTEST {
        return Err(Failure::usage("--every must be at least 1m"));
    }
    if cfg!(target_os = "macos") {
        return Err(
            Failure::failed("there is no systemd on macOS").next("have cron or launchd run `uptrakit hosts report`")
        );
    }
    let (settings, output) = (context.settings, context.output);
    let places = Places::new(arguments.user)?;
    let program =
        env::current_exe().map_err(|error| Failure::failed("could not find this program's own file").because(error))?;
    let server = settings.server()?.clone();
    let token = settings.credential()?.token;
    Store::new(Some(places.credentials.clone())).save(&server, &token, None, false)?;
    output.note(&format!("Wrote the token {} to {}.", token.hint(), places.credentials.display()));

    let mut command =
        vec![program.display().to_string(), "hosts".into(), "report".into(), "--server".into(), server.to_string()];
    if settings.allow_http {
        command.push("--allow-http".into());
    }
    if let Some(path) = &settings.ca_cert {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        command.extend(["--ca-cert".into(), path.display().to_string()]);
    }
    write_unit(output, &places.units.join(SERVICE), &service(&command, &places))?;
    write_unit(output, &places.units.join(TIMER), &timer(every))?;
    let cron = cron(&command, &places.credentials, every);
    if let Err(why) = systemctl(&places, &[&["daemon-reload"], &["enable", "--now", TIMER]]) {
        return Err(Failure::failed("the timer is written but does not run").because(why).next(format!(
            "start it with `{} enable --now {TIMER}`, or give cron this line:\n  {cron}",
            places.systemctl()
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
    output.note(&format!("The same for cron:\n  {cron}"));
    Ok(())
}

/// Removes the timer.
pub fn remove(context: &Context, user: bool) -> Result<(), Failure> {
    let output = context.output;
    let places = Places::new(user)?;
    if let Err(why) = systemctl(&places, &[&["disable", "--now", TIMER]]) {
        output.detail(&format!("{TIMER} could not be stopped: {why}"));
    }
    let files = [
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
            Err(error) => return Err(Failure::failed(format!("could not remove {}", path.display())).because(error)),
        }
    }
    if removed == 0 {
        return Err(Failure::new(Exit::NotFound, format!("there is no timer in {}", places.units.display())));
    }
    if let Err(why) = systemctl(&places, &[&["daemon-reload"]]) {
        output.detail(&format!("systemd was not told: {why}"));
    }
    output.note("The token itself still works; revoke it if nothing else uses it.");
    Ok(())
}

fn service(command: &[String], places: &Places) -> String {
    let (program, words) = command.split_first().expect("a command begins with its program");
    // In arguments a dollar sign begins a variable; in the program's path and in values it is like any other character.
    let words: Vec<String> = words.iter().map(|word| unit_quoted(&word.replace('$', "$$"))).collect();
    // The network is the system's; and a temporary folder of one's own needs what not every user has.
    let (after, private) = if places.user {
        ("", "")
    } else {
        ("Wants=network-online.target\nAfter=network-online.target\n", "PrivateTmp=yes\n")
    };
    format!(
        "# Written by `uptrakit hosts report --install-timer`.\n\
         [Unit]\nDescription=Report this machine to Uptrakit\n{after}\n\
         [Service]\nType=oneshot\nTimeoutStartSec=10min\nEnvironment={}\nExecStart={} {}\nNoNewPrivileges=yes\n{private}",
        unit_quoted(&format!("UPTRAKIT_CREDENTIALS={}", places.credentials.display())),
        unit_quoted(program),
        words.join(" "),
    )
}

fn timer(every: Duration) -> String {
    let seconds = every.as_secs();
    // A fleet that was started at once must not report at once for ever.
    let spread = (seconds / 20).max(1);
    format!(
        "# Written by `uptrakit hosts report --install-timer`.\n\
         [Unit]\nDescription=Report this machine to Uptrakit from time to time\n\n\
         [Timer]\nOnActiveSec=1s\nOnBootSec=1min\nOnUnitActiveSec={seconds}s\nRandomizedDelaySec={spread}s\n\n\
         [Install]\nWantedBy=timers.target\n"
    )
}

/// The nearest that cron can do.
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

/// A word in a unit file (systemd.syntax(7)): quoted, `%` without its special meaning.
fn unit_quoted(word: &str) -> String {
    let escaped = word.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%");
    let plain = word.chars().all(|c| c.is_alphanumeric() || "/._-+@:=[]".contains(c));
    if plain { escaped } else { format!("\"{escaped}\"") }
}

fn write_unit(output: &Output, path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| Failure::failed(format!("could not write {}", path.display())).because(error))?;
    output.note(&format!("Wrote {}.", path.display()));
    Ok(())
}

/// Has systemd do these things, one after the other.
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
            .map_err(|error| format!("systemctl could not be run: {error}"))?;
        if !said.status.success() {
            let text = String::from_utf8_lossy(&said.stderr);
            return Err(crate::output::printable(text.lines().next().unwrap_or("systemctl failed")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Places, cron, service, timer};
    use std::{path::Path, time::Duration};

    fn command() -> Vec<String> {
        ["/opt/up 100%/$x/uptrakit", "hosts", "report", "--ca-cert", "/etc/$y"].map(str::to_owned).to_vec()
    }

    #[test]
    fn units_are_quoted_for_systemd() {
        let places = |user| Places { units: "/x".into(), credentials: "/etc/$up/timer.toml".into(), user };
        let own = service(&command(), &places(true));
        assert!(!own.contains("network-online") && !own.contains("PrivateTmp"), "{own}");
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
        NoNewPrivileges=yes
        PrivateTmp=yes
        "#);
        insta::assert_snapshot!(timer(Duration::from_hours(1)), @"
        # Written by `uptrakit hosts report --install-timer`.
        [Unit]
        Description=Report this machine to Uptrakit from time to time

        [Timer]
        OnActiveSec=1s
        OnBootSec=1min
        OnUnitActiveSec=3600s
        RandomizedDelaySec=180s

        [Install]
        WantedBy=timers.target
        ");
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

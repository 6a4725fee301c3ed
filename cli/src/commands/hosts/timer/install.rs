//! Writes the credentials and the units of a timer, and has systemd start it. A report is sent first, so that a token
//! without the permission is found at once.

use super::{
    cron,
    places::{Places, within_reach},
    systemctl::systemctl,
    units::{SERVICE, TIMER, service, timer},
};
use crate::{
    args::Report,
    commands::{Context, hosts::report},
    credentials::Store,
    duration,
    failure::{Failure, described},
    output::Output,
    server::Server,
    settings::{self, Settings},
};
use std::{env, fs, path::Path, time::Duration};

const SHORTEST: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_hours(4 * 7 * 24);

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
        let command = report_command(&program, server, settings, authority.as_deref(), arguments.machine_id.as_deref())?;
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
                cron::line(&command, &places.credentials, every)
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

fn report_command(
    program: &Path,
    server: &Server,
    settings: &Settings,
    authority: Option<&Path>,
    machine_id: Option<&str>,
) -> Result<Vec<String>, Failure> {
    let mut command =
        vec![program.display().to_string(), "hosts".into(), "report".into(), "--server".into(), server.to_string()];
    if settings.allow_http {
        command.push("--allow-http".into());
    }
    let timeout = settings.timeout()?;
    if timeout != settings::TIMEOUT {
        command.extend(["--timeout".into(), format!("{}ms", timeout.as_millis())]);
    }
    if let Some(path) = authority {
        command.extend(["--ca-cert".into(), path.display().to_string()]);
    }
    if let Some(id) = machine_id {
        command.push(format!("--machine-id={id}"));
    }
    Ok(command)
}

fn write_unit(output: &Output, path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| Failure::failed(format!("could not write {}", path.display())).caused_by(described(&error)))?;
    output.note(&format!("Wrote {}.", path.display()));
    Ok(())
}

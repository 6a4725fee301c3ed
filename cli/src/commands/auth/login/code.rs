//! `uptrakit auth login --device`: a person enters a code in any browser, and this program asks the server meanwhile
//! whether they did (RFC 8628).

use super::{Obtained, browser::denied, warn_of_lost_token};
use crate::{
    commands::Context,
    failure::{Failure, OAuthError},
    machine,
    oauth::{DeviceGrant, Provider},
    server::Server,
    terminal::interrupt::{self, Held},
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// Returns `None` where the server has no such codes.
pub fn sign_in(context: &Context, provider: &Provider, token_name: &str) -> Result<Option<Obtained>, Failure> {
    let output = context.output;
    let Some(grant) = provider.device_grant(token_name)? else { return Ok(None) };
    let deadline = Instant::now() + grant.lifetime;
    output.note(&format!(
        "To sign in, open this address in a browser {}:\n\n  {}\n\nand enter this code:\n\n  \
         {}\n\nIt works for {}. Waiting until it is entered; Ctrl-C ends it.",
        place(provider.server()),
        grant.address,
        grant.user_code,
        lifetime(grant.lifetime)
    ));
    let mut interval = grant.interval;
    let mut is_warned = false;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        thread::sleep(interval.min(left));
        if left <= interval {
            return Err(expired());
        }
        // The answer to any of these requests may be the token, so an interrupt waits for it.
        let held = Held::new();
        let failure = match provider.poll(&grant) {
            Ok(token) => return Ok(Some(Obtained { token, held: Some(held), callback: None })),
            Err(failure) => failure,
        };
        interrupt::check_interrupted()?;
        drop(held);
        match DeviceGrant::next_interval(interval, &failure) {
            Some(next) => interval = next,
            None if failure.oauth == Some(OAuthError::ExpiredToken) => return Err(expired()),
            None => {
                warn_of_lost_token(context, &failure);
                return Err(denied(failure));
            }
        }
        if failure.is_of_outage() && !is_warned {
            is_warned = true;
            output.warn(&format!("{}; trying again until the code ends", failure.cause.unwrap_or_default()));
        }
    }
}

fn place(server: &Server) -> String {
    if server.is_local() {
        let (host, port) = (server.host(), server.port());
        format!("on this machine, or on another after `ssh -L {port}:{host}:{port} {}` there", machine::hostname())
    } else {
        "on this or any other machine".to_owned()
    }
}

fn expired() -> Failure {
    Failure::failed("could not sign in")
        .caused_by("the code was not entered in time")
        .hint("run `uptrakit auth login --device` again for another code; nothing was saved")
}

fn lifetime(length: Duration) -> String {
    match length.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::place;
    use crate::server::Server;

    #[test]
    fn a_server_of_this_machine_is_reached_from_others_through_ssh() {
        let place = |address| place(&Server::parse(address, true).unwrap());
        assert_eq!(place("https://updates.example.org"), "on this or any other machine");
        assert!(place("http://127.0.0.1:8080").contains("after `ssh -L 8080:127.0.0.1:8080 "));
        assert!(place("http://[::1]:8080").contains("after `ssh -L 8080:[::1]:8080 "));
    }
}

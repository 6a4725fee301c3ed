//! `health`: asks the running server whether it can judge tokens. A container's health check calls it, because the image
//! has no other program.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{anyhow, bail};
use uptrakit_server::settings::Settings;
use ureq::Agent;

use super::terminal::say;

const TIMEOUT: Duration = Duration::from_secs(5);

pub fn health(settings: &Settings) -> anyhow::Result<()> {
    let address = reachable(settings.listen);
    if address.port() == 0 {
        bail!("The setting listen leaves the port to the system, so that nothing but the server's log knows it.");
    }
    let agent = Agent::config_builder().timeout_global(Some(TIMEOUT)).proxy(None).http_status_as_error(false).build();
    let answer = Agent::from(agent).get(format!("http://{address}/readyz/reads")).call().map_err(|error| {
        let why = match error {
            ureq::Error::Io(error) => uptrakit_store::plain_io(&error),
            ureq::Error::Timeout(_) => "no answer within five seconds".to_owned(),
            _ => "what listens there is another program".to_owned(),
        };
        anyhow!("The server does not answer on {address}: {why}.")
    })?;
    match answer.status().as_u16() {
        200 => Ok(say(format_args!("ready for reads"))?),
        503 => bail!("The server on {address} can't judge tokens now; its log says why."),
        status => bail!("What listens on {address} answers with status {status}, which is not this server."),
    }
}

fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_server_on_all_addresses_is_asked_on_loopback() {
        for (listen, asked) in [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.1:80", "10.0.0.1:80")]
        {
            assert_eq!(super::reachable(listen.parse().unwrap()).to_string(), asked);
        }
    }
}

//! `cargo xtask run`: leads from a clone to a first-run link in the browser in one command.

use std::{env, io::ErrorKind, net::TcpListener, os::unix::process::CommandExt, path::Path};

use anyhow::{Context, Result, bail};

use crate::{
    process::{announce, program, root},
    product::{self, Profile},
    split::Effort,
};

const LISTEN: &str = "127.0.0.1:8080";

pub fn run(flags: &[String]) -> Result<()> {
    // The port is checked before the builds, because they take minutes and a failure should not come at their end.
    if env::var_os("UPTRAKIT_LISTEN").is_none() && !flags.iter().any(|flag| flag.starts_with("--listen")) {
        ensure_free(LISTEN)?;
    }
    if !product::web_is_built(Effort::Quick)? {
        announce("Two steps: the web app with its tools, and meanwhile the server's libraries; then the server itself");
        let ahead = product::programs_ahead(Profile::Quick);
        product::web(Effort::Quick)?;
        if !ahead.is_finished() {
            announce("Waiting for the server's libraries");
        }
        let _ = ahead.join();
    }
    let programs = product::programs(Profile::Quick)?;
    announce(&format!("The command line is {}", from_here(&programs.cli)));
    announce("Starting the server; Ctrl+C stops it");
    let mut server = program(&programs.server);
    server.args(flags);
    if env::var_os("UPTRAKIT_DATA_DIR").is_none() {
        server.env("UPTRAKIT_DATA_DIR", root().join("data"));
    }
    // The server replaces this process, so that Ctrl+C and signals reach the server itself and the terminal waits for
    // its end.
    Err(server.exec()).with_context(|| format!("{} can't be started", programs.server.display()))
}

fn ensure_free(address: &str) -> Result<()> {
    match TcpListener::bind(address) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "something listens on {address} already: stop it, or choose another address with UPTRAKIT_LISTEN=127.0.0.1:8081"
        ),
        _ => Ok(()),
    }
}

fn from_here(program: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    program.strip_prefix(here).unwrap_or(program).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        assert!(ensure_free(&address).unwrap_err().to_string().contains(&address));
        drop(taken);
        assert!(ensure_free(&address).is_ok());
    }
}

//! Installs the proxies that tests run between clients, servers and databases, and the programs for which the
//! documentation has files, from Debian where that is possible. Otherwise one line says which tests are left out.

use std::path::Path;

use crate::{
    debian,
    process::{announce, find},
};

const PROGRAMS: [(&str, &str); 8] = [
    ("nginx", "nginx"),
    ("haproxy", "haproxy"),
    ("apache2", "apache2"),
    ("caddy", "caddy"),
    ("varnishd", "varnish"),
    ("pgbouncer", "pgbouncer"),
    ("fail2ban-regex", "fail2ban"),
    ("promtool", "prometheus"),
];

pub fn prepare() {
    for (_, package) in missing() {
        match debian::install(package) {
            Ok(true) => {}
            // The next package could not be installed either.
            Ok(false) => break,
            Err(error) => announce(&format!("{package} can't be installed: {error:#}")),
        }
    }
    let missing: Vec<&str> = missing().map(|(program, _)| program).collect();
    if !missing.is_empty() {
        announce(&format!("The tests that need a program which is not installed are left out: {}", missing.join(", ")));
    }
}

fn missing() -> impl Iterator<Item = (&'static str, &'static str)> {
    PROGRAMS.into_iter().filter(|(program, _)| !is_there(program))
}

/// Debian keeps servers in a folder that is not on the PATH of every user.
fn is_there(program: &str) -> bool {
    find(program).is_some() || Path::new("/usr/sbin").join(program).is_file()
}

//! Runs every command of the project from one place, so that a person, a clean machine and the continuous integration
//! do the same thing. It needs Rust, a C compiler and Node; anything else that is missing it installs or asks for.

mod bench;
mod browser;
mod cache;
#[cfg(test)]
mod ci;
mod debian;
mod dependencies;
mod dist;
mod dist_check;
mod e2e;
mod lint;
mod man;
mod mcp;
mod modules;
mod openapi;
mod page;
mod postgres;
mod process;
mod product;
mod proxies;
mod references;
mod run;
mod split;
mod tally;
mod test;
mod tools;

use std::{env, process::ExitCode};

use anyhow::{Result, bail};

use lint::Mode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND [ARGUMENT]…

  run [FLAG]…      build the server with the web app inside and start it, for trying; flags go to the server
  test [STEP]…     check and test everything, or only these steps; `cargo xtask test -h` lists them
  lint             formatting, spelling, lints, documentation and dependencies
  format           format everything as lint wants it
  e2e [ARGUMENT]…  end-to-end tests; arguments go to Playwright (a file name, --headed, --ui)
  bench [ARG]…     measure the server; arguments go to the bench. With --page: weigh the pages and run Lighthouse;
                   with --cli: the command line; with --mcp: /mcp; with --memory: the memory of the server
  openapi          write docs/openapi.json
  dist [--check]   make packages, archives and an image for containers in target/dist; with --check: install and use them
  man              write the manual pages of the command line into target/man
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode> {
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", arguments),
    };
    match command {
        "run" => run::run(rest)?,
        "test" => return test::test(rest),
        "lint" => lint::lint()?,
        "format" => lint::format(Mode::Write)?,
        "e2e" => return e2e::e2e(rest),
        "bench" => bench::bench(rest)?,
        "openapi" => openapi::openapi()?,
        "dist" => dist::dist(rest)?,
        "man" => man::man()?,
        "help" | "-h" | "--help" => print!("{USAGE}"),
        other => bail!("there is no command `{other}`.\n\n{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}

//! The browsers of the end-to-end tests: the machine's Chromium, else Debian's package, else Playwright's download; and
//! Firefox, where there is one or Debian's package can be installed.

use std::{env, path::PathBuf};

use anyhow::{Context, Result};

use crate::{
    process::{announce, find, program, run},
    tools,
};

const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const FIREFOX: [&str; 2] = ["firefox-esr", "firefox"];

/// The Chromium to use; `None` when it is the one that Playwright keeps for itself.
pub fn chromium() -> Result<Option<PathBuf>> {
    if let Some(there) = named_in("UPTRAKIT_CHROMIUM")?.or_else(|| CHROMIUM.into_iter().find_map(find)) {
        return Ok(Some(there));
    }
    if tools::install_debian_package("chromium")? {
        return Ok(Some(
            find("chromium").context("the Debian package chromium is installed but has no `chromium` on the PATH")?,
        ));
    }
    let packages = tools::end2end_packages()?;
    announce("Installing Playwright's Chromium (once, about a minute)");
    run(program("npx").args(["playwright", "install", "chromium"]).current_dir(packages))
        .context("no browser: install Chromium, or name one in UPTRAKIT_CHROMIUM")?;
    Ok(None)
}

/// The Firefox to use; `None`, said aloud, where there is none.
pub fn firefox() -> Result<Option<PathBuf>> {
    if let Some(there) = named_in("UPTRAKIT_FIREFOX")?.or_else(|| FIREFOX.into_iter().find_map(find)) {
        return Ok(Some(there));
    }
    match tools::install_debian_package("firefox-esr") {
        Ok(_) => Ok(find("firefox-esr")),
        Err(error) => {
            announce(&format!("The journeys in Firefox are left out: {error:#}"));
            Ok(None)
        }
    }
}

fn named_in(variable: &str) -> Result<Option<PathBuf>> {
    let Some(given) = env::var_os(variable).map(PathBuf::from) else { return Ok(None) };
    anyhow::ensure!(given.is_file(), "{variable} names {}, which is no file", given.display());
    Ok(Some(given))
}

//! The browser of the end-to-end tests: the machine's Chromium, else Debian's package, else Playwright's download.

use std::{env, path::PathBuf};

use anyhow::{Context, Result};

use crate::{
    process::{announce, find, program, run},
    tools,
};

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The Chromium to use; `None` when it is the one that Playwright keeps for itself.
pub fn chromium() -> Result<Option<PathBuf>> {
    if let Some(given) = env::var_os("UPTRAKIT_CHROMIUM") {
        let given = PathBuf::from(given);
        anyhow::ensure!(given.is_file(), "UPTRAKIT_CHROMIUM names {}, which is no file", given.display());
        return Ok(Some(given));
    }
    if let Some(found) = NAMES.into_iter().find_map(find) {
        return Ok(Some(found));
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

//! Finds the browsers of the end-to-end tests. Chromium is the machine's own, else Debian's package, else Playwright's
//! download; Firefox and WebKit are used where they are installed or Debian's packages can be.

use std::{env, fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, anyhow};

use crate::{
    debian,
    process::{announce, find, program, read, run},
    tools,
};

const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const FIREFOX: [&str; 2] = ["firefox-esr", "firefox"];
const OLDEST_FIREFOX: u32 = 153;

/// Returns the Chromium to use; `None` means the one that Playwright has downloaded for itself.
pub fn chromium() -> Result<Option<PathBuf>> {
    if let Some(there) = named_in("UPTRAKIT_CHROMIUM")?.or_else(|| CHROMIUM.into_iter().find_map(find)) {
        return Ok(Some(there));
    }
    if debian::install("chromium")? {
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

/// Returns the Firefox to use. Without one it prints a notice and returns `None`.
pub fn firefox() -> Result<Option<PathBuf>> {
    let there = match named_in("UPTRAKIT_FIREFOX")?.or_else(|| FIREFOX.into_iter().find_map(find)) {
        Some(there) => Ok(Some(there)),
        None => debian::install("firefox-esr").map(|_| find("firefox-esr")),
    };
    let usable = there.and_then(|there| {
        let firefox = there.ok_or_else(|| anyhow!("it is not installed"))?;
        recent(&read(Command::new(&firefox).arg("--version"))?).map(|()| Some(firefox))
    });
    Ok(usable.unwrap_or_else(|error| {
        announce(&format!("The journeys in Firefox are left out: {error:#}"));
        None
    }))
}

/// Returns the browser that WebKit's driver starts. Without driver, browser and screen it prints a notice and returns
/// `None`.
pub fn webkit() -> Option<PathBuf> {
    let found =
        [("WebKitWebDriver", "webkit2gtk-driver"), ("Xvfb", "xvfb")].into_iter().try_for_each(|(name, package)| {
            let is_there = find(name).is_some() || (debian::install(package)? && find(name).is_some());
            anyhow::ensure!(is_there, "the Debian package {package} can't be installed here");
            Ok(())
        });
    // The driver's package has the browser, in a folder of the machine's architecture and of WebKit's version.
    let browser = found.and_then(|()| mini_browser().context("the package webkit2gtk-driver has no MiniBrowser"));
    browser.map_or_else(
        |error| {
            announce(&format!("The journey in WebKit is left out: {error:#}"));
            None
        },
        Some,
    )
}

fn mini_browser() -> Option<PathBuf> {
    let folders = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    folders("/usr/lib".into())
        .filter(|folder| folder.is_dir())
        .flat_map(folders)
        .map(|folder| folder.join("MiniBrowser"))
        .find(|program| program.is_file())
}

/// Fails for a Firefox that is too old. Before this release, WebDriver BiDi lacks commands that Playwright sends, and
/// the content security policy of the page stops Playwright's scripts.
fn recent(version: &str) -> Result<()> {
    let number = version.split_whitespace().find_map(|word| word.split('.').next()?.parse::<u32>().ok());
    let number = number.with_context(|| format!("\"{}\" names no version", version.trim()))?;
    anyhow::ensure!(
        number >= OLDEST_FIREFOX,
        "Playwright needs Firefox {OLDEST_FIREFOX} or newer, and this is {number}"
    );
    Ok(())
}

fn named_in(variable: &str) -> Result<Option<PathBuf>> {
    let Some(given) = env::var_os(variable).map(PathBuf::from) else { return Ok(None) };
    anyhow::ensure!(given.is_file(), "{variable} names {}, which is no file", given.display());
    Ok(Some(given))
}

#[cfg(test)]
mod tests {
    use super::recent;

    #[test]
    fn an_old_firefox_is_told_by_what_it_says_of_itself() {
        assert!(recent("Mozilla Firefox 153.0esr\n").is_ok());
        assert!(recent("Mozilla Firefox 160.1\n").is_ok());
        assert!(recent("Mozilla Firefox 140.10.2esr\n").unwrap_err().to_string().ends_with("and this is 140"));
        assert!(recent("no number").is_err());
    }
}

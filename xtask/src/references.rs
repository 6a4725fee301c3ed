//! Checks that the files exist which the documents name: when code moves, documents about it are easily forgotten.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

use crate::process::{announce, root};

const SKIPPED: [&str; 4] = ["target", "node_modules", "dist", ".git"];
/// Tests write these folders, and git ignores them.
const WRITTEN: [&str; 2] = ["end2end/test-results/", "end2end/screenshots/"];

pub fn check() -> Result<()> {
    announce("Checking what the documents refer to");
    let mut documents = Vec::new();
    find_documents(root(), &mut documents)?;
    let mut missing = Vec::new();
    for document in &documents {
        let text = fs::read_to_string(document)?;
        let folder = document.parent().unwrap_or(root());
        let links = links(&text).filter(|link| !folder.join(link).exists());
        let paths = paths(&text).filter(|path| !root().join(path).exists());
        let name = document.strip_prefix(root()).unwrap_or(document).display();
        missing.extend(links.chain(paths).map(|reference| format!("{name} names `{reference}`, which is not there")));
    }
    if missing.is_empty() { Ok(()) } else { bail!("{}", missing.join("\n")) }
}

fn find_documents(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !path.file_name().is_some_and(|name| SKIPPED.iter().any(|skipped| name == *skipped)) {
                find_documents(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    Ok(())
}

/// Returns the targets of links to files, without the fragment. The pages of the guide also link to each other by their
/// addresses; the server's build checks those links.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?.split('#').next()?;
        (!target.is_empty() && !target.contains(':') && !target.starts_with('/')).then_some(target)
    })
}

/// Returns files and folders of the repository that stand in code style, such as `server/src/main.rs`.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split('`').skip(1).step_by(2);
    pieces.filter(|piece| {
        let is_path = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        let folder = piece.split('/').next().unwrap_or_default();
        piece.contains('/')
            && piece.chars().all(is_path)
            && folder.starts_with(|c: char| c.is_ascii_lowercase())
            && !SKIPPED.contains(&folder)
            && !WRITTEN.iter().any(|written| piece.starts_with(written))
            && root().join(folder).is_dir()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_are_found_and_others_are_not() {
        let text = "[a](docs/a.md#top) [b](https://example.org) [c](#here) [d](/docs) ![e](images/e.png)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["docs/a.md", "images/e.png"]);
    }

    #[test]
    fn paths_of_the_repository_are_found_and_other_words_are_not() {
        let text =
            "`xtask/src/gone.rs`, `a/b`, `xtask`, `end2end/<file>`, `/docs/api`, `cargo xtask test`, `target/debug`";
        assert_eq!(paths(text).collect::<Vec<_>>(), ["xtask/src/gone.rs"]);
    }
}

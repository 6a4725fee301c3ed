//! Puts the commit into the version, so that a bug report names the code that it is about. Without git, or outside a
//! checkout of this project, the version stands alone.

use std::{env, path::Path, process::Command};

fn main() {
    let version = env::var("CARGO_PKG_VERSION").expect("cargo sets it");
    let root = Path::new("..");
    let text = match commit(root) {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    println!("cargo::rustc-env=UPTRAKIT_VERSION={text}");
    println!("cargo::rerun-if-changed=build.rs");
    // The log of HEAD grows with every commit and every change of branch. In a second worktree it lies elsewhere, and
    // a file that does not exist would count as changed in every build.
    if let Some(log) = git(root, &["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| root.join(log).exists()) {
        println!("cargo::rerun-if-changed={}", root.join(log).display());
    }
}

fn commit(root: &Path) -> Option<String> {
    // A source archive that is unpacked inside another repository must not name that repository's commit.
    if root.join(".git").exists() { git(root, &["rev-parse", "--short=10", "HEAD"]) } else { None }
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

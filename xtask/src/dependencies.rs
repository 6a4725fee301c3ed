//! Checks which crate may depend on which (ARCHITECTURE.md), on the packages that cargo would really build.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::{
    modules,
    process::{announce, cargo, read},
};

const SERVER_ONLY: &[&str] = &["tokio", "axum", "sqlx", "sqlx-core", "hyper", "uptrakit-server", "uptrakit-cli"];
const NOT_IN_CLI: &[&str] = &[
    "uptrakit-server",
    "uptrakit-app",
    "leptos",
    "sqlx",
    "axum",
    "tokio",
    "async-executor",
    "async-io",
    "smol",
    "zbus",
];
/// The wire contract may depend on these packages alone.
const OF_API: &[&str] = &["crc32fast", "serde", "thiserror", "unicode-normalization", "uuid"];

/// These crates may not depend on the packages beside them directly: SQL ends at the store, HTTP begins at the server.
const NOT_DIRECTLY: &[(&str, &[&str])] = &[
    ("uptrakit-store", &["uptrakit-core", "uptrakit-app", "uptrakit-server", "axum", "leptos"]),
    ("uptrakit-core", &["uptrakit-app", "uptrakit-server", "sqlx", "axum", "leptos", "http", "hyper", "tower"]),
    ("uptrakit-server", &["sqlx"]),
];

pub fn check() -> Result<()> {
    modules::check()?;
    announce("Checking the dependency rules");
    let web = tree(&["--package", "uptrakit-frontend", "--target", "wasm32-unknown-unknown", "--edges", "normal"])?;
    refuse("the web app", &web, SERVER_ONLY)?;

    let app = tree(&["--package", "uptrakit-app", "--features", "ssr", "--edges", "normal", "--depth", "1"])?;
    refuse("the app crate", &app, &["uptrakit-server", "uptrakit-cli", "sqlx", "tokio", "axum"])?;

    for (package, refused) in NOT_DIRECTLY {
        let direct = tree(&["--package", package, "--edges", "normal", "--depth", "1"])?;
        refuse(&format!("the crate {package}"), &direct, refused)?;
    }

    let cli = tree(&["--package", "uptrakit-cli", "--edges", "normal"])?;
    refuse("the command line", &cli, NOT_IN_CLI)?;

    let mut api = tree(&["--package", "uptrakit-api", "--edges", "normal", "--depth", "1"])?;
    api.remove("uptrakit-api");
    if let Some(other) = api.iter().find(|name| !OF_API.contains(&name.as_str())) {
        bail!("the api crate depends on `{other}`; it may depend on {} alone", OF_API.join(", "));
    }
    Ok(())
}

fn tree(arguments: &[&str]) -> Result<BTreeSet<String>> {
    let text = read(cargo().args(["tree", "--locked", "--prefix", "none", "--format", "{p}"]).args(arguments))?;
    Ok(names(&text))
}

/// Returns the package names in the output of `cargo tree`, whose lines are `name v1.2.3 (source)`.
fn names(tree: &str) -> BTreeSet<String> {
    tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn refuse(what: &str, packages: &BTreeSet<String>, refused: &[&str]) -> Result<()> {
    match refused.iter().find(|name| packages.contains(**name)) {
        Some(name) => bail!("{what} depends on `{name}`, which it must not"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_package_is_found_by_whole_name() {
        let packages =
            names("uptrakit-frontend v0.1.0 (/repository/frontend)\ntokio-util v0.7.0\n\nserde v1.0.0 (*)\n");
        assert!(refuse("it", &packages, &["tokio"]).is_ok());
        assert!(refuse("it", &packages, &["tokio", "serde"]).unwrap_err().to_string().contains("`serde`"));
    }
}

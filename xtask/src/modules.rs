//! Checks against a table which module of a crate may use which other, and that in no folder the modules form a ring. The
//! compiler checks the edges between crates alone.
//!
//! The source is read as text: comments, strings and tests are removed, and in the rest the paths count that begin with
//! `crate`, the crate's own name, `super` or `self`. A path that a macro puts together is not seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result, bail};

use crate::process::{announce, root};

/// A row is a module and the modules beside it that it uses. Each of those has a row above, or uses no module itself, so
/// that the modules of a crate form no ring.
type Row = (&'static str, &'static [&'static str]);

/// Modules that put the others together may use any module.
const ANY: &[&str] = &["*"];

struct Table {
    folder: &'static str,
    /// The binary of the crate calls its library by this name.
    name: &'static str,
    rows: &'static [Row],
}

const TABLES: &[Table] = &[
    Table { folder: "core", name: "uptrakit_core", rows: CORE },
    Table { folder: "server", name: "uptrakit_server", rows: SERVER },
    Table { folder: "cli", name: "uptrakit", rows: CLI },
];

/// The crates in whose folders the modules may form no ring.
const CRATES: &[&str] = &["api", "store", "core", "app", "server", "cli", "bench", "xtask"];

const CORE: &[Row] = &[
    ("loggable", &["text"]),
    ("log_limit", &["lock"]),
    ("outage", &["lock"]),
    ("tasks", &["lock"]),
    ("auth", &["clock", "lock", "tasks"]),
    ("error", &["auth"]),
    (
        "domain",
        &[
            "auth",
            "clock",
            "error",
            "log_limit",
            "loggable",
            "network",
            "outage",
            "probe",
            "public_url",
            "tasks",
            "text",
        ],
    ),
    ("jobs", &["auth", "clock", "domain", "error", "text"]),
];

const SERVER: &[Row] =
    &[("settings", &["input", "log"]), ("telemetry", &[]), ("http", &["log", "telemetry"]), ("commands", ANY)];

const CLI: &[Row] = &[
    ("text", &["failure"]),
    ("args", &["redaction"]),
    ("terminal", &["failure", "redaction"]),
    ("server", &["failure", "redaction", "text"]),
    ("output", &["clock", "failure", "terminal", "text"]),
    ("credentials", &["failure", "server", "text"]),
    ("http", &["clock", "failure", "server", "text"]),
    ("oauth", &["failure", "http", "server", "terminal", "text"]),
    ("machine", &["clock", "credentials", "failure", "output", "text"]),
    ("settings", &["args", "clock", "credentials", "duration", "failure", "http", "server", "text"]),
    ("completion", &["args", "http", "settings", "text"]),
    ("commands", ANY),
];

/// The key is a module and a module that it uses; the value is a file in which it does.
type Edges = BTreeMap<(String, String), String>;

pub fn check() -> Result<()> {
    announce("Checking which module uses which");
    let mut faults = Vec::new();
    for table in TABLES {
        faults.extend(rings(table));
        faults.extend(compare(table, &edges_of(&read(table.folder)?, table.name)));
    }
    for folder in CRATES {
        faults.extend(rings_of(folder, &read(folder)?));
    }
    if faults.is_empty() { Ok(()) } else { bail!("{}", faults.join("\n")) }
}

/// Returns the edges of a table that lead to a row below, or to their own. Without such an edge there is no ring.
fn rings(table: &Table) -> Vec<String> {
    let order: Vec<&str> = table.rows.iter().map(|(module, _)| *module).collect();
    let is_above = |used: &str, at: usize| order.iter().position(|module| *module == used).is_none_or(|row| row < at);
    let rows = table.rows.iter().enumerate();
    let faults = rows.flat_map(|(at, (module, uses))| {
        uses.iter().filter(move |used| !is_above(used, at)).map(move |used| {
            format!(
                "in the table of {}, `{module}` uses `{used}`, which does not stand above it: order the rows, or break \
                 the ring",
                table.folder
            )
        })
    });
    faults.collect()
}

fn compare(table: &Table, edges: &Edges) -> Vec<String> {
    let allowed: BTreeSet<(&str, &str)> =
        table.rows.iter().flat_map(|(from, to)| to.iter().map(move |to| (*from, *to))).collect();
    let drawn: BTreeSet<(&str, &str)> = edges.keys().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    let is_free = |module: &str| allowed.contains(&(module, "*"));
    let forbidden = drawn.difference(&allowed).filter(|(from, _)| !is_free(from)).map(|&(from, to)| {
        let file = &edges[&(from.to_owned(), to.to_owned())];
        format!(
            "{}/src/{file} uses `crate::{to}`, which `{from}` may not: move the code, or say in ARCHITECTURE.md and in \
             xtask/src/modules.rs why it may",
            table.folder
        )
    });
    let unused = allowed.difference(&drawn).filter(|(_, to)| *to != "*").map(|(from, to)| {
        format!(
            "`{from}` of {} uses `crate::{to}` no more: take it out of the table in xtask/src/modules.rs",
            table.folder
        )
    });
    forbidden.chain(unused).collect()
}

fn edges_of(files: &[File], crate_name: &str) -> Edges {
    let modules: BTreeSet<&String> = files.iter().filter_map(|file| file.module.first()).collect();
    let mut edges = Edges::new();
    for file in files {
        let Some(from) = file.module.first() else { continue };
        for path in used(&file.text, &file.module, crate_name) {
            if let Some(to) = path.first().filter(|to| *to != from && modules.contains(to)) {
                edges.entry((from.clone(), to.clone())).or_insert_with(|| file.name.clone());
            }
        }
    }
    edges
}

fn rings_of(folder: &str, files: &[File]) -> Vec<String> {
    let modules: BTreeSet<&[String]> =
        files.iter().flat_map(|file| (0..=file.module.len()).map(|length| &file.module[..length])).collect();
    let mut edges: BTreeMap<&[String], Edges> = BTreeMap::new();
    for file in files {
        for path in used(&file.text, &file.module, folder) {
            let shared = file.module.iter().zip(&path).take_while(|(own, other)| own == other).count();
            // A module and the one that contains it are one part for the others.
            if let (Some(from), Some(to)) = (file.module.get(shared), path.get(shared))
                && modules.contains(&path[..=shared])
            {
                let edges = edges.entry(&file.module[..shared]).or_default();
                edges.entry((from.clone(), to.clone())).or_insert_with(|| file.name.clone());
            }
        }
    }
    let ring = |edges: Edges| {
        let edges = only_rings(edges);
        (!edges.is_empty()).then(|| {
            let edges: Vec<_> =
                edges.iter().map(|((from, to), file)| format!("`{from}` uses `{to}` in {file}")).collect();
            format!("modules of {folder} form a ring, which has to be broken: {}", edges.join(", "))
        })
    };
    edges.into_values().filter_map(ring).collect()
}

/// Removes, again and again, the edges of modules that use no other one or that no other one uses.
fn only_rings(mut edges: Edges) -> Edges {
    loop {
        let from: BTreeSet<String> = edges.keys().map(|(from, _)| from.clone()).collect();
        let to: BTreeSet<String> = edges.keys().map(|(_, to)| to.clone()).collect();
        let before = edges.len();
        edges.retain(|(source, target), _| to.contains(source) && from.contains(target));
        if edges.len() == before {
            return edges;
        }
    }
}

fn read(folder: &str) -> Result<Vec<File>> {
    let mut files = Vec::new();
    read_folder(&root().join(folder).join("src"), &mut Vec::new(), &mut files)?;
    Ok(files)
}

struct File {
    name: String,
    /// The path of the module; empty for the root of a crate.
    module: Vec<String>,
    text: String,
}

fn read_folder(folder: &Path, module: &mut Vec<String>, files: &mut Vec<File>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            module.push(stem);
            read_folder(&path, module, files)?;
            module.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let is_root = module.is_empty() && matches!(stem.as_str(), "lib" | "main");
            let own = (!is_root && stem != "mod").then(|| stem.clone());
            let module: Vec<String> = module.iter().cloned().chain(own).collect();
            let name = module_file(&module, &path);
            files.push(File { name, module, text: fs::read_to_string(&path)? });
        }
    }
    Ok(())
}

fn module_file(module: &[String], path: &Path) -> String {
    let depth = if path.file_stem().is_some_and(|stem| stem == "mod") { module.len() + 1 } else { module.len().max(1) };
    let parts: Vec<_> = path.iter().rev().take(depth).map(|part| part.to_string_lossy()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// Returns the paths from the root of the crate that a file uses, each with the names of items at its end.
fn used(source: &str, module: &[String], crate_name: &str) -> BTreeSet<Vec<String>> {
    let tokens = tokens(source);
    let tokens = without_tests(&tokens);
    let mut paths = BTreeSet::new();
    for at in 0..tokens.len() {
        if at > 0 && tokens[at - 1] == "::" {
            continue;
        }
        let mut rest = &tokens[at + 1..];
        let base = match tokens[at] {
            "crate" => &[],
            name if name == crate_name => &[],
            "self" => module,
            "super" => {
                let mut levels = 1;
                while let ["::", "super", more @ ..] = rest {
                    (levels, rest) = (levels + 1, more);
                }
                let Some(depth) = module.len().checked_sub(levels) else { continue };
                &module[..depth]
            }
            _ => continue,
        };
        if let ["::", path @ ..] = rest {
            add_paths(path, base, &mut paths);
        }
    }
    paths
}

/// Adds the path with which the tokens begin, or all paths in braces, and returns the tokens behind.
fn add_paths<'s, 't>(tokens: &'s [&'t str], base: &[String], paths: &mut BTreeSet<Vec<String>>) -> &'s [&'t str] {
    match tokens {
        [] => tokens,
        ["{", rest @ ..] => {
            let mut rest = rest;
            loop {
                rest = match rest {
                    [] => return rest,
                    ["}", rest @ ..] => return rest,
                    [",", rest @ ..] => rest,
                    rest => add_paths(rest, base, paths),
                };
            }
        }
        ["self", rest @ ..] => {
            paths.insert(base.to_owned());
            rest
        }
        [name, rest @ ..] => {
            let path = [base, &[(*name).to_owned()]].concat();
            if let ["::", rest @ ..] = rest {
                return add_paths(rest, &path, paths);
            }
            paths.insert(path);
            rest
        }
    }
}

/// Splits source into words, `::` and single characters, without comments, strings and character literals.
fn tokens(source: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = string(rest).or_else(|| character(rest)) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(&rest[..length]);
            length
        } else if rest.starts_with("::") {
            tokens.push("::");
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(&rest[..first.len_utf8()]);
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

fn string(text: &str) -> Option<usize> {
    let after_prefix = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - after_prefix.len();
    if prefix > 1 {
        return None;
    }
    if let Some(raw) = after_prefix.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let content = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = content.find(&end).map_or(content.len(), |at| at + end.len());
        return Some(prefix + 1 + hashes + 1 + length);
    }
    let content = after_prefix.strip_prefix('"')?;
    let mut is_escaped = false;
    for (at, c) in content.char_indices() {
        match c {
            '"' if !is_escaped => return Some(prefix + 1 + at + 1),
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    Some(text.len())
}

/// Returns the length of the character literal with which the text begins. A lifetime is none.
fn character(text: &str) -> Option<usize> {
    let content = text.strip_prefix('\'')?;
    if let Some(escape) = content.strip_prefix('\\') {
        let first = escape.chars().next()?.len_utf8();
        return Some(2 + first + escape[first..].find('\'')? + 1);
    }
    let first = content.chars().next()?.len_utf8();
    content[first..].starts_with('\'').then_some(1 + first + 1)
}

fn without_tests<'t>(tokens: &[&'t str]) -> Vec<&'t str> {
    const TEST_MODULE: [&str; 8] = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].starts_with(&TEST_MODULE) {
            let mut level = 0;
            while let Some(token) = tokens.get(at) {
                at += 1;
                match *token {
                    "{" => level += 1,
                    "}" if level == 1 => break,
                    "}" => level -= 1,
                    ";" if level == 0 => break,
                    _ => {}
                }
            }
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str, depth: usize) -> Vec<String> {
        let module = vec!["outer".to_owned(); depth];
        let names: BTreeSet<String> =
            used(source, &module, "own").into_iter().filter_map(|path| path.into_iter().next()).collect();
        names.into_iter().collect()
    }

    fn file(name: &str, text: &str) -> File {
        let module = name.split('/').filter(|part| *part != "mod").map(str::to_owned).collect();
        File { name: format!("{name}.rs"), module, text: text.to_owned() }
    }

    #[test]
    fn modules_of_a_folder_that_form_a_ring_fail_and_are_named_with_their_files() {
        let line = [
            file("a", "use crate::b::B; mod tests;"),
            file("b", "use super::{c::{self, d::D}, c};"),
            file("c/mod", "mod d; mod e; use self::d::D;"),
            file("c/d", "use super::{e, C}; use crate::f;"),
            file("c/e", "fn e() {}"),
            file("f", "//! [`a`](crate::a)"),
        ];
        assert_eq!(rings_of("own", &line), Vec::<String>::new());
        let ring = [
            file("a", "use crate::{b::{B, x::X}, z};"),
            file("b/mod", "mod c;"),
            file("b/c", "fn f() -> super::super::d::D {}"),
            file("d", "use crate::a as first;"),
            file("z", ""),
        ];
        let faults = rings_of("own", &ring);
        assert_eq!(
            faults,
            [
                "modules of own form a ring, which has to be broken: `a` uses `b` in a.rs, `b` uses `d` in b/c.rs, `d` uses `a` in d.rs"
            ]
        );
        let inner = [file("b/c", "use super::d;"), file("b/d", "use crate::b::c::C;")];
        assert_eq!(rings_of("own", &inner).len(), 1);
    }

    #[test]
    fn a_ring_fails_and_so_does_a_module_that_uses_itself() {
        const RINGS: [&[Row]; 3] = [
            &[("http", &["settings"]), ("settings", &["http"])],
            &[("a", &["c"]), ("b", &["a"]), ("c", &["b"])],
            &[("a", &["a"])],
        ];
        let table = |rows| Table { folder: "cli", name: "own", rows };
        assert!(rings(&table(&[("http", &["clock", "text"]), ("settings", &["http"]), ("commands", ANY)])).is_empty());
        for rows in RINGS {
            let faults = rings(&table(rows));
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert!(faults[0].contains("which does not stand above it"), "{faults:?}");
        }
        for table in TABLES {
            assert_eq!(rings(table), Vec::<String>::new());
        }
    }

    #[test]
    fn paths_from_the_root_are_found_in_every_form() {
        assert_eq!(names("use crate::store::{self, Conn};", 1), ["store"]);
        assert_eq!(
            names("use crate::{auth::{caller::Actor, digest}, clock, error::Error};", 1),
            ["auth", "clock", "error"]
        );
        assert_eq!(names("fn f() -> crate::error::Result { own::log::start() }", 1), ["error", "log"]);
        assert_eq!(names("use super::{state::Core, tasks};", 1), ["state", "tasks"]);
        assert_eq!(names("use super::sibling; fn f() { super::super::clock::now() }", 2), ["clock", "outer"]);
    }

    #[test]
    fn comments_strings_and_tests_draw_no_edges() {
        let source = r##"
            //! [`x`](crate::http)
            /* crate::http */
            const A: &str = "\" crate::http \\"; const B: &str = r#"crate::http "#; const C: [char; 2] = ['"', '\''];
            fn f<'a>(it: &'a str) { crate::store::g('x') }
            #[cfg(test)]
            mod tests { use crate::http; fn f() { { } } }
            fn h() { crate::clock::i() }
            #[cfg(test)] mod more;
        "##;
        assert_eq!(names(source, 1), ["clock", "store"]);
    }

    #[test]
    fn an_edge_that_the_table_does_not_have_fails_and_so_does_one_that_is_drawn_no_more() {
        let table = Table { folder: "server", name: "own", rows: &[("domain", &["store", "clock"])] };
        let edge = |from: &str, to: &str| ((from.to_owned(), to.to_owned()), format!("{from}/x.rs"));
        assert!(compare(&table, &[edge("domain", "store"), edge("domain", "clock")].into()).is_empty());
        let free = Table { rows: &[("domain", ANY)], ..table };
        assert!(compare(&free, &[edge("domain", "store")].into()).is_empty());
        let faults = compare(&table, &[edge("domain", "store"), edge("store", "domain")].into());
        assert_eq!(faults.len(), 2);
        assert!(
            faults[0].starts_with("server/src/store/x.rs uses `crate::domain`, which `store` may not"),
            "{faults:?}"
        );
        assert!(faults[1].starts_with("`domain` of server uses `crate::clock` no more"), "{faults:?}");
    }

    #[test]
    fn a_forbidden_use_in_a_file_is_named_with_the_file() {
        let folder = std::env::temp_dir().join(format!("uptrakit-modules-{}", std::process::id()));
        fs::create_dir_all(folder.join("store")).unwrap();
        fs::write(folder.join("lib.rs"), "mod http; mod store; use crate::store::Store;").unwrap();
        fs::write(folder.join("http.rs"), "use crate::store::Store;").unwrap();
        fs::write(folder.join("store/mod.rs"), "mod deep;").unwrap();
        fs::write(folder.join("store/deep.rs"), "use super::super::http;").unwrap();
        let mut files = Vec::new();
        read_folder(&folder, &mut Vec::new(), &mut files).unwrap();
        let edges = edges_of(&files, "own");
        fs::remove_dir_all(folder).unwrap();
        let edge = |from: &str, to: &str, file: &str| ((from.to_owned(), to.to_owned()), file.to_owned());
        assert_eq!(edges, [edge("http", "store", "http.rs"), edge("store", "http", "store/deep.rs")].into());
    }
}

//! Cuts the web app into files, so that a visit downloads the code of the views that it shows, and makes them small.
//!
//! The app marks views with `lazy_view!` (`app/src/lazy.rs`). Trunk has built everything into one WebAssembly file, which
//! keeps what the linker knows about addresses; `wasm-split-cli` needs that to cut it, and `wasm-bindgen` binds what is
//! left as the first file. cargo-leptos does the same for `--split`.

use std::{
    ffi::OsStr,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Context, Result};

use crate::process::{fresh_folder, program, root, run, target};

const APP: &str = "uptrakit-frontend";
/// The script that downloads the other files, under the name that the WebAssembly imports it by.
const LOADER: &str = "__wasm_split.js";
/// The pages whose code is in a file of its own (`lazy_view!` in `app/src/app.rs`), and that file.
const PAGES: [(&str, &str); 5] = [
    ("/setup", "setup"),
    ("/hosts", "hosts"),
    ("/users", "users"),
    ("/oauth/consent", "requests"),
    ("/device", "requests"),
];
const ALWAYS: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--strip-debug",
    "--strip-producers",
];

/// How long may be spent on making the files small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// A third of the time, for files that are a tenth larger.
    Quick,
    Full,
}

impl Effort {
    const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Quick => &["-O1"],
            Self::Full => &["--flatten", "--rereloop", "-Oz", "--converge"],
        }
    }
}

/// Replaces the app in `dist/`, which Trunk has built. `path` finds the tools first.
pub fn split(path: &OsStr, effort: Effort) -> Result<()> {
    let folder = target().join("split");
    let (cut, bound) = (folder.join("cut"), folder.join("bound"));
    fresh_folder(&folder)?;
    fs::create_dir(&bound)?;
    let whole = target().join(format!("wasm32-unknown-unknown/wasm-release/{APP}.wasm"));
    let tool = |name: &str| {
        let mut tool = program(name);
        tool.env("PATH", path);
        tool
    };
    run(tool("wasm-split-cli").args(["--target", "web", "--out-name", APP]).args([&whole, &cut]))?;
    run(tool("wasm-bindgen")
        .args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--no-demangle", "--out-name", APP])
        .arg("--out-dir")
        .arg(&bound)
        .arg(cut.join(format!("{APP}.wasm"))))?;
    fs::remove_file(cut.join(format!("{APP}.wasm")))?;
    for file in files(&cut)? {
        fs::rename(&file, bound.join(file.file_name().unwrap_or_default()))?;
    }

    // One hash names all of them: they fit each other and no others.
    let mut hasher = DefaultHasher::new();
    for file in files(&bound)? {
        fs::read(&file)?.hash(&mut hasher);
    }
    (ALWAYS, effort.arguments()).hash(&mut hasher);
    let hash = format!("{:016x}", hasher.finish());
    let dist = root().join("dist");
    remove_unsplit(&dist)?;
    let loader = fs::read_to_string(bound.join(LOADER))?;
    let mut scripts = vec![bound.join(LOADER), bound.join(format!("{APP}.js"))];
    let mut modules: Vec<PathBuf> = files(&bound)?.into_iter().filter(|file| has_extension(file, "wasm")).collect();
    for name in modules.iter().map(|file| name_of(file)) {
        for script in &scripts {
            replace(script, &name, &hashed(&name, &hash))?;
        }
    }
    // The largest first, so that no core waits long for another one at the end.
    modules.sort_by_key(|file| std::cmp::Reverse(file.metadata().map_or(0, |about| about.len())));
    on_all_cores(&modules, |file| {
        let small = dist.join(hashed(&name_of(file), &hash));
        run(tool("wasm-opt").args(ALWAYS).args(effort.arguments()).arg(file).arg("-o").arg(small))
    })?;
    // The loader takes the memory from the script that it is bundled with.
    let script = scripts.pop().context("there are two scripts")?;
    let hashed_script = dist.join(hashed(&format!("{APP}.js"), &hash));
    run(tool("esbuild")
        .arg(&script)
        .args(["--bundle", "--minify", "--format=esm", "--log-level=error"])
        .arg(format!("--outfile={}", hashed_script.display())))?;
    for sheet in files(&dist)?.into_iter().filter(|file| has_extension(file, "css")) {
        run(tool("esbuild")
            .arg(&sheet)
            .args(["--minify", "--allow-overwrite", "--log-level=warning"])
            .arg(format!("--outfile={}", sheet.display())))?;
    }
    let page = dist.join("index.html");
    name_in_page(&page, &hash)?;
    let mut pages = Vec::new();
    for (path, name) in PAGES {
        let files = files_of(&loader, name)
            .with_context(|| format!("there is no code for {path}: see `PAGES` in xtask/src/split.rs"))?;
        let files: Vec<String> = files.iter().map(|file| hashed(file, &hash)).collect();
        for file in &files {
            anyhow::ensure!(dist.join(file).is_file(), "there is no {file} for {path}");
        }
        pages.push((path, files));
    }
    let text = fs::read_to_string(&page)?;
    Ok(fs::write(&page, with_early_fetch(&text, &pages))?)
}

fn on_all_cores<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    let next = AtomicUsize::new(0);
    let worker = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(item)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })
}

/// Reads from the loader which files the code of a lazy view is in: its own, and those that it shares with other views.
fn files_of(loader: &str, name: &str) -> Option<Vec<String>> {
    let (_, view) = loader.split_once(&format!("__wasm_split_load_{name} ="))?;
    let (_, shared) = view.split_once("\n, [")?;
    let (shared, _) = shared.split_once(']')?;
    let shared = shared.split(',').filter_map(|one| one.trim().strip_prefix("__"));
    Some([format!("split_{name}.wasm")].into_iter().chain(shared.map(|one| format!("{one}.wasm"))).collect())
}

/// Has the page fetch its own code while the app is still on its way, which will find it in the browser's cache. A
/// preload would be complained of where the app takes long to start.
fn with_early_fetch(page: &str, pages: &[(&str, Vec<String>)]) -> String {
    let list = |files: &[String]| files.iter().map(|file| format!("\"/{file}\"")).collect::<Vec<_>>().join(",");
    let table: Vec<String> = pages.iter().map(|(path, files)| format!("\"{path}\":[{}]", list(files))).collect();
    let script = format!(
        "<script>for(const file of {{{}}}[location.pathname]??[])fetch(file).catch(()=>{{}})</script>\n",
        table.join(",")
    );
    let place = page.find("<script type=\"module\">").unwrap_or(0);
    [&page[..place], &script, &page[place..]].concat()
}

fn remove_unsplit(dist: &Path) -> Result<()> {
    for file in files(dist)?.into_iter().filter(|file| name_of(file).starts_with(APP)) {
        fs::remove_file(file)?;
    }
    Ok(())
}

fn name_in_page(page: &Path, hash: &str) -> Result<()> {
    let text = fs::read_to_string(page)?;
    let place = text.find(&format!("/{APP}-")).context("the page names no app")? + APP.len() + 2;
    let old: String = text[place..].chars().take_while(char::is_ascii_hexdigit).collect();
    fs::write(page, text.replace(&format!("{APP}-{old}"), &format!("{APP}-{hash}")))?;
    Ok(())
}

/// Puts the hash where Trunk puts it: `_bg` comes after it.
fn hashed(name: &str, hash: &str) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    match stem.strip_suffix("_bg") {
        Some(stem) => format!("{stem}-{hash}_bg.{extension}"),
        None => format!("{stem}-{hash}.{extension}"),
    }
}

fn replace(file: &Path, name: &str, by: &str) -> Result<()> {
    let text = fs::read_to_string(file)?;
    // With what stands before the name, because one name may end with another.
    let text = ["/", "'", "\""]
        .into_iter()
        .fold(text, |text, quote| text.replace(&format!("{quote}{name}"), &format!("{quote}{by}")));
    Ok(fs::write(file, text)?)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.is_file());
    files.sort();
    Ok(files)
}

fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|it| it == extension)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Development builds alone have this page, and the server does not know it.
    const DESIGN: &str = "/design";

    fn source(path: &str) -> String {
        fs::read_to_string(root().join(path)).unwrap()
    }

    /// Returns the texts in quotes of a list such as `const PAGES: [&str; 2] = ["/", "/hosts"];`.
    fn listed<'a>(source: &'a str, name: &str) -> BTreeSet<&'a str> {
        let (_, list) = source.split_once(&format!("const {name}: [&str; ")).unwrap();
        let (list, _) = list.split_once(';').unwrap();
        list.split('"').skip(1).step_by(2).collect()
    }

    /// Returns the paths of the app's routes with the view that each downloads, if it does.
    fn routes(app: &str) -> Vec<(&str, Option<&str>)> {
        let (routes, _) = app.split_once("</FlatRoutes>").unwrap();
        let routes = routes.split("<Route path=path!(\"").skip(1).filter_map(|route| route.split_once('"'));
        routes
            .map(|(path, rest)| (path, rest.split_once("<Lazy load=").and_then(|(_, rest)| first_word(rest))))
            .collect()
    }

    fn first_word(text: &str) -> Option<&str> {
        text.split_whitespace().next()
    }

    /// Returns the file of a view that is declared by `lazy_view!(view, …)` or `lazy_view!(view in file, …)`.
    fn file_of<'a>(app: &'a str, view: &str) -> Option<&'a str> {
        let declared = app.split("lazy_view!(").skip(1).filter_map(|rest| rest.split_once(',')).map(|(names, _)| names);
        let mut files = declared.map(|names| names.split_once(" in ").unwrap_or((names, names)));
        files.find(|(name, _)| *name == view).map(|(_, file)| file)
    }

    #[test]
    fn the_server_and_the_early_fetch_know_the_routes_of_the_app() {
        let (app, server) = (source("app/src/app.rs"), source("server/src/http/assets.rs"));
        let routes = routes(&app);
        let paths: BTreeSet<&str> = routes.iter().map(|(path, _)| *path).filter(|path| *path != DESIGN).collect();
        assert_eq!(&listed(&server, "PAGES") | &listed(&server, "OAUTH_PAGES"), paths);
        let lazy = routes.iter().filter_map(|(path, view)| {
            let view = (*view)?;
            Some((*path, file_of(&app, view).unwrap_or_else(|| panic!("{view} is declared by `lazy_view!`"))))
        });
        assert_eq!(BTreeSet::from(PAGES), lazy.collect());
    }

    #[test]
    fn the_hash_stands_where_the_server_looks_for_it() {
        assert_eq!(hashed("uptrakit-frontend_bg.wasm", "0f"), "uptrakit-frontend-0f_bg.wasm");
        assert_eq!(hashed("split_users.wasm", "0f"), "split_users-0f.wasm");
    }

    #[test]
    fn a_page_fetches_its_own_code_before_the_app_is_there() {
        let page = "<head><script type=\"module\">start()</script></head>";
        let pages = [("/hosts", vec!["split_hosts-0f.wasm".to_owned(), "chunk_6-0f.wasm".to_owned()])];
        assert_eq!(
            with_early_fetch(page, &pages),
            "<head><script>for(const file of {\"/hosts\":[\"/split_hosts-0f.wasm\",\"/chunk_6-0f.wasm\"]}\
             [location.pathname]??[])fetch(file).catch(()=>{})</script>\n\
             <script type=\"module\">start()</script></head>"
        );
    }

    #[test]
    fn the_code_of_a_view_is_in_its_own_file_and_in_those_that_it_shares() {
        let loader = "const __chunk_6 = makeLoad(() => {\n}\n, []);\n\
            export const __wasm_split_load_hosts = wrapAsyncCb(makeLoad(() => {\n}\n, [__chunk_6, __chunk_7]));\n\
            export const __wasm_split_load_setup = wrapAsyncCb(makeLoad(() => {\n}\n, []));\n";
        assert_eq!(files_of(loader, "hosts").unwrap(), ["split_hosts.wasm", "chunk_6.wasm", "chunk_7.wasm"]);
        assert_eq!(files_of(loader, "setup").unwrap(), ["split_setup.wasm"]);
        assert_eq!(files_of(loader, "users"), None);
    }

    #[test]
    fn the_page_loads_the_files_with_the_new_hash() {
        let page = std::env::temp_dir().join(format!("uptrakit-page-{}.html", std::process::id()));
        fs::write(&page, "import '/uptrakit-frontend-88e9.js'; init('/uptrakit-frontend-88e9_bg.wasm')").unwrap();
        name_in_page(&page, "0f").unwrap();
        let text = fs::read_to_string(&page).unwrap();
        assert_eq!(text, "import '/uptrakit-frontend-0f.js'; init('/uptrakit-frontend-0f_bg.wasm')");
        fs::remove_file(page).unwrap();
    }
}

//! Finds variables that look like settings and set nothing. A mistyped name would otherwise leave the default in force
//! without a word.

use super::source::arguments;

/// Variables that others read: the command line, the build, the tests, and what the documentation gives people to copy.
const FOREIGN_VARIABLES: [&str; 19] = [
    "UPTRAKIT_SERVER",
    "UPTRAKIT_TOKEN",
    "UPTRAKIT_TOKEN_FILE",
    "UPTRAKIT_TIMEOUT",
    "UPTRAKIT_CREDENTIALS",
    "UPTRAKIT_AUTH",
    "UPTRAKIT_HOST",
    "UPTRAKIT_LIBRARIES_ALONE",
    "UPTRAKIT_BIN",
    "UPTRAKIT_SERVER_BIN",
    "UPTRAKIT_CHROMIUM",
    "UPTRAKIT_FIREFOX",
    "UPTRAKIT_WEBKIT",
    "UPTRAKIT_DOCS_IMAGES",
    "UPTRAKIT_BENCH_POSTGRES_URL",
    "UPTRAKIT_E2E_DATABASE_URL",
    "UPTRAKIT_TEST_POSTGRES_URL",
    "UPTRAKIT_TEST_POSTGRES_VERSION",
    "UPTRAKIT_TEST_WITHOUT_POSTGRES",
];

/// Returns a sentence for each variable whose name begins as those of the settings do, and that sets nothing.
pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    let arguments: Vec<_> = arguments().collect();
    let known: Vec<&str> = arguments.iter().filter_map(|argument| argument.get_env()?.to_str()).collect();
    let is_unknown = |name: &String| {
        name.to_ascii_uppercase().starts_with("UPTRAKIT_")
            && !known.contains(&name.as_str())
            && !FOREIGN_VARIABLES.contains(&name.as_str())
    };
    let mut unknown: Vec<String> = names.filter(is_unknown).collect();
    unknown.sort();
    let sentence = |name: String| {
        let likeness = |other: &str| strsim::normalized_damerau_levenshtein(&name.to_ascii_uppercase(), other);
        let nearest = known.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
        let meant = nearest.filter(|other| likeness(other) > 0.7);
        let next = meant.map(|other| format!("; did you mean {other}?")).unwrap_or_default();
        format!("the environment variable {name} sets nothing: there is no such setting{next}")
    };
    unknown.into_iter().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    use super::{FOREIGN_VARIABLES, arguments, unknown_variables};

    /// Folders of git, and folders that git ignores.
    const SKIPPED: [&str; 6] = ["target", "node_modules", "dist", "test-results", "screenshots", ".git"];
    /// The compiler alone gets the first of these; a test misspells the second on purpose.
    const UNREAD: [&str; 2] = ["UPTRAKIT_VERSION", "UPTRAKIT_DATABASEURL"];

    fn find_files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if !entry.file_type().unwrap().is_dir() {
                found.push(entry.path());
            } else if !SKIPPED.iter().any(|name| entry.file_name() == *name) {
                find_files(&entry.path(), found);
            }
        }
    }

    fn variables(text: &str) -> impl Iterator<Item = String> {
        text.split("UPTRAKIT_").skip(1).filter_map(|rest| {
            let is_in_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            let name = rest.split(|c| !is_in_name(c)).next().filter(|name| !name.is_empty())?;
            Some(format!("UPTRAKIT_{name}"))
        })
    }

    #[test]
    fn every_variable_that_something_in_the_repository_reads_is_known() {
        let mut files = Vec::new();
        find_files(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap(), &mut files);
        files.retain(|path| !path.ends_with("server/src/settings/variables.rs"));
        let texts = files.iter().filter_map(|path| fs::read_to_string(path).ok());
        let mut found: BTreeSet<String> = texts.flat_map(|text| variables(&text).collect::<Vec<_>>()).collect();
        found.retain(|name| !UNREAD.contains(&name.as_str()));
        let settings = arguments().filter_map(|argument| Some(argument.get_env()?.to_str()?.to_owned()));
        assert_eq!(found, settings.chain(FOREIGN_VARIABLES.map(str::to_owned)).collect());
    }

    #[test]
    fn a_variable_that_sets_nothing_is_named_with_the_one_that_was_meant() {
        let told = |names: &[&str]| unknown_variables(names.iter().map(|name| (*name).to_owned()));
        assert_eq!(told(&["PATH", "UPTRAKIT_LISTEN", "UPTRAKIT_TOKEN", "UPTRAKIT_LOG_FORMAT"]), [""; 0]);
        for (name, meant) in [
            ("UPTRAKIT_DATABASEURL", "UPTRAKIT_DATABASE_URL"),
            ("UPTRAKIT_LISTN", "UPTRAKIT_LISTEN"),
            ("uptrakit_public_url", "UPTRAKIT_PUBLIC_URL"),
            ("UPTRAKIT_TRUSTED_PROXY", "UPTRAKIT_TRUSTED_PROXIES"),
        ] {
            let sentence = format!(
                "the environment variable {name} sets nothing: there is no such setting; did you mean {meant}?"
            );
            assert_eq!(told(&[name]), [sentence]);
        }
        let far = "the environment variable UPTRAKIT_XQZZJWKVVQ sets nothing: there is no such setting";
        assert_eq!(told(&["UPTRAKIT_XQZZJWKVVQ"]), [far]);
    }
}

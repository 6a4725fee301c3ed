//! Finds variables that look like settings and set nothing. A mistyped name would otherwise leave the default in force
//! without a word.

use super::source::arguments;

/// Variables that other programs of Uptrakit and its tests read.
const FOREIGN_VARIABLES: [&str; 15] = [
    "UPTRAKIT_SERVER",
    "UPTRAKIT_TOKEN",
    "UPTRAKIT_TOKEN_FILE",
    "UPTRAKIT_TIMEOUT",
    "UPTRAKIT_CREDENTIALS",
    "UPTRAKIT_BIN",
    "UPTRAKIT_SERVER_BIN",
    "UPTRAKIT_CHROMIUM",
    "UPTRAKIT_FIREFOX",
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
    use super::unknown_variables;

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

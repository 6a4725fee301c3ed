//! Defines every setting, as a flag, a variable and a key of the file. Nothing is checked here but that the file has no
//! other keys.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use clap::{Arg, Args, Command, builder::Resettable};
use serde::Deserialize;
use uptrakit_api::encoding;

use super::{
    error::{InvalidSetting, why_unreadable},
    text::Text,
};

/// Settings as they were typed. A field is a key of `uptrakit.toml`, a flag and a variable; its comment is what `--help`
/// says.
#[derive(Clone, Debug, Default, Deserialize, Args)]
#[serde(deny_unknown_fields)]
#[command(next_help_heading = "Settings")]
pub struct Source {
    /// The file that was read.
    #[serde(skip)]
    #[arg(skip)]
    pub file: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:8080]
    #[arg(long, env = "UPTRAKIT_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<Text>,
    /// The URL at which browsers find the server [default: http:// and the listen address]
    #[arg(long, env = "UPTRAKIT_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<Text>,
    /// The directory of the SQLite file [default: uptrakit in the person's data directory, or /var/lib/uptrakit]
    #[arg(long, env = "UPTRAKIT_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<Text>,
    /// The URL of the database, sqlite:… or postgres:… [default: SQLite in the data directory]
    #[arg(long, env = "UPTRAKIT_DATABASE_URL", value_name = "URL")]
    pub database_url: Option<Text>,
    /// A file with the URL of the database, such as a credential of systemd
    #[arg(long, env = "UPTRAKIT_DATABASE_URL_FILE", value_name = "FILE", hide_short_help = true)]
    pub database_url_file: Option<Text>,
    /// The most connections to Postgres [default: 10]
    #[arg(long, env = "UPTRAKIT_DATABASE_CONNECTIONS", value_name = "NUMBER", hide_short_help = true)]
    pub database_connections: Option<Text>,
    /// Networks of the proxies whose X-Forwarded-For is trusted, separated by commas [default: none]
    #[arg(long, env = "UPTRAKIT_TRUSTED_PROXIES", value_name = "NETWORKS", hide_short_help = true)]
    pub trusted_proxies: Option<Text>,
    /// The address to serve /metrics on [default: off]
    #[arg(long, env = "UPTRAKIT_METRICS_LISTEN", value_name = "ADDRESS", hide_short_help = true)]
    pub metrics_listen: Option<Text>,
    /// Accept tokens for this long while the database takes no writes, such as 30s [default: without end]
    #[arg(long, env = "UPTRAKIT_READS_WITHOUT_WRITES", value_name = "TIME", hide_short_help = true)]
    pub reads_without_writes: Option<Text>,
    /// What goes to the log, such as debug or uptrakit=debug [default: info]
    #[arg(long, env = "UPTRAKIT_LOG", value_name = "FILTER", hide_short_help = true)]
    pub log: Option<Text>,
    /// The form of the log: text or json [default: text]
    #[arg(long, env = "UPTRAKIT_LOG_FORMAT", value_name = "FORMAT", hide_short_help = true)]
    pub log_format: Option<Text>,
    /// The most active tokens of an account [default: 100]
    #[arg(long, env = "UPTRAKIT_TOKEN_LIMIT", value_name = "NUMBER", hide_short_help = true)]
    pub token_limit: Option<Text>,
    /// The longest lifetime of a new token, in days [default: no limit]
    #[arg(long, env = "UPTRAKIT_TOKEN_LONGEST_LIFETIME_DAYS", value_name = "DAYS", hide_short_help = true)]
    pub token_longest_lifetime_days: Option<Text>,
    /// The lifetime that the form preselects, in days [default: 90, or the longest lifetime]
    #[arg(long, env = "UPTRAKIT_TOKEN_DEFAULT_LIFETIME_DAYS", value_name = "DAYS", hide_short_help = true)]
    pub token_default_lifetime_days: Option<Text>,
    /// Let programs sign in through OAuth: on or off [default: on]
    #[arg(long, env = "UPTRAKIT_OAUTH", value_name = "SWITCH", hide_short_help = true)]
    pub oauth: Option<Text>,
    /// How applications become known: dynamic, documents, both, or none [default: dynamic]
    #[arg(long, env = "UPTRAKIT_OAUTH_REGISTRATION", value_name = "WAYS", hide_short_help = true)]
    pub oauth_registration: Option<Text>,
    /// Let assistants connect to /mcp: on or off [default: on]
    #[arg(long, env = "UPTRAKIT_MCP", value_name = "SWITCH", hide_short_help = true)]
    pub mcp: Option<Text>,
    /// Have browsers use https for subdomains of the public URL, too: true or false [default: false]
    #[arg(long, env = "UPTRAKIT_HSTS_INCLUDE_SUBDOMAINS", value_name = "SWITCH", hide_short_help = true)]
    pub hsts_include_subdomains: Option<Text>,
}

pub fn arguments() -> impl Iterator<Item = Arg> {
    let settings = Source::augment_args(Command::new("settings"));
    settings.get_arguments().cloned().collect::<Vec<_>>().into_iter()
}

pub fn with_settings(command: Command) -> Command {
    command.args(arguments().map(|argument| {
        // An empty variable counts as one that is not there.
        let is_empty = argument.get_env().and_then(env::var_os).is_some_and(|value| value.is_empty());
        let argument = if is_empty { argument.env(Resettable::Reset) } else { argument };
        // The URL of the database may contain a password.
        argument.global(true).hide_env_values(true)
    }))
}

impl Source {
    pub fn from_file(path: &Path) -> Result<Self, InvalidSetting> {
        Self::from_bytes(path, &std::fs::read(path).map_err(|error| unreadable(path, &error))?)
    }

    /// Reads the file that is used when no file is named. A file that exists and can't be read is an error, because its
    /// service has another database than the one that would be used without it.
    pub fn from_default_file(path: &Path) -> Result<Self, InvalidSetting> {
        match std::fs::read(path) {
            Ok(bytes) => Self::from_bytes(path, &bytes),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                match path.ancestors().find(|part| part.is_symlink() && !part.exists()) {
                    None => Ok(Self::default()),
                    Some(link) => Err(InvalidSetting(format!(
                        "The settings file {} can't be read: {} is a link to what is not there; mend or remove it.",
                        path.display(),
                        link.display()
                    ))),
                }
            }
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, InvalidSetting> {
        let text = encoding::decode(bytes)
            .map_err(|why| InvalidSetting(format!("The settings file {} {why}.", path.display())))?;
        let read: Self = toml::from_str(text).map_err(|error| {
            // The library's text repeats the line, in which a password may be.
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let (line, what) = (before.matches('\n').count() + 1, error.message());
            InvalidSetting(format!("The settings file {} is wrong in line {line}: {what}", path.display()))
        })?;
        Ok(Self { file: Some(path.to_owned()), ..read })
    }
}

fn unreadable(path: &Path, error: &io::Error) -> InvalidSetting {
    InvalidSetting(format!("The settings file {} can't be read: {}.", path.display(), why_unreadable(error)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::FromArgMatches as _;

    use super::{Source, arguments, with_settings};
    use crate::settings::validate;

    #[test]
    fn a_setting_is_named_alike_as_a_flag_a_variable_and_a_key_of_the_file() {
        let command = with_settings(clap::Command::new("settings"));
        let mut known = Vec::new();
        for arg in command.get_arguments() {
            let name = arg.get_id().as_str();
            assert_eq!(arg.get_long(), Some(name.replace('_', "-").as_str()));
            let variable = format!("UPTRAKIT_{}", name.to_uppercase());
            assert_eq!(arg.get_env().and_then(|variable| variable.to_str()), Some(variable.as_str()));
            let source: Source = toml::from_str(&format!("{name} = \"typed\"")).unwrap();
            let flags = command.clone().get_matches_from(["settings", &format!("--{}=typed", name.replace('_', "-"))]);
            let mut over = source.clone();
            over.update_from_arg_matches(&flags).unwrap();
            assert_eq!(format!("{over:?}"), format!("{source:?}"), "{name}");
            known.push(name.to_owned());
        }
        assert_eq!(known.len(), 18, "{known:?}");
    }

    #[test]
    fn a_mistake_in_the_file_is_told_by_its_line_and_repeats_no_password() {
        const URL: &str = "\"postgres://u:opensesame@h/x";
        for (line, message) in [
            (format!("database_url = {URL}"), "invalid basic string"),
            (format!("database_url = {URL}\" oops"), "expected newline"),
            (format!("database_url = {URL}\"\ndatabase_url = {URL}\""), "duplicate key"),
            (format!("database_urll = {URL}\""), "unknown field `database_urll`"),
        ] {
            let text = format!("# Settings\n{line}\n");
            let why = Source::from_bytes(Path::new("uptrakit.toml"), text.as_bytes()).unwrap_err().to_string();
            let place = if message.starts_with("duplicate") { 3 } else { 2 };
            assert!(why.starts_with(&format!("The settings file uptrakit.toml is wrong in line {place}: ")), "{why}");
            assert!(why.contains(message) && !why.contains("opensesame"), "{why}");
        }
    }

    #[test]
    fn the_default_file_counts_where_it_is_there_and_is_never_passed_over_silently() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("uptrakit.toml");
        assert_eq!(Source::from_default_file(&path).unwrap().file, None);
        assert_eq!(Source::from_default_file(&path.join("below")).unwrap().file, None);
        std::fs::write(&path, "data_dir = \"/srv/uptrakit\"\n").unwrap();
        let settings = validate(Source::from_default_file(&path).unwrap()).unwrap();
        assert_eq!(settings.database_url, "sqlite:///srv/uptrakit/uptrakit.db");
        assert_eq!(settings.file.as_deref(), Some(path.as_path()));
        // A directory can't be read as a file, even by the superuser.
        for refused in [Source::from_default_file(directory.path()), Source::from_file(&directory.path().join("none"))]
        {
            let error = refused.unwrap_err().to_string();
            assert!(error.contains(directory.path().to_str().unwrap()) && error.contains("can't be read"), "{error}");
            assert!(!error.contains("os error"), "{error}");
        }
    }

    #[test]
    fn a_default_file_that_is_a_link_to_nothing_is_not_passed_over() {
        use std::os::unix::fs::symlink;
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        symlink(at("gone.toml"), at("uptrakit.toml")).unwrap();
        symlink(at("gone"), at("linked")).unwrap();
        for (file, link) in [("uptrakit.toml", "uptrakit.toml"), ("linked/uptrakit.toml", "linked")] {
            let error = Source::from_default_file(&at(file)).unwrap_err().to_string();
            assert!(error.contains(&format!("{} can't be read: {} is a link", at(file).display(), at(link).display())));
        }
    }

    #[test]
    fn a_file_may_have_a_mark_and_crlf_and_utf_16_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("uptrakit.toml");
        let text = "\u{feff}listen = \"127.0.0.1:1\"\r\ntoken_limit = 7\r\n";
        std::fs::write(&file, text).unwrap();
        let source = Source::from_file(&file).unwrap();
        assert_eq!((source.listen, source.token_limit), (Some("127.0.0.1:1".into()), Some("7".into())));
        std::fs::write(&file, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()).unwrap();
        let why = Source::from_file(&file).unwrap_err().to_string();
        assert!(why.starts_with("The settings file ") && why.contains("uptrakit.toml is in UTF-16"), "{why}");
    }

    #[test]
    fn the_documentation_has_every_setting_and_no_other() {
        let page = include_str!("../../../docs/settings.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `UPTRAKIT_")?.split('`').next());
        let mut listed: Vec<String> = rows.map(|name| format!("UPTRAKIT_{name}")).collect();
        let named = arguments().filter_map(|argument| Some(argument.get_env()?.to_str()?.to_owned()));
        let mut settings: Vec<String> = named.collect();
        listed.sort();
        settings.sort();
        assert_eq!(listed, settings);
    }
}

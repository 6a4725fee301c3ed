//! Defines every setting, its default and what makes it valid. Flags override the environment, and the environment
//! overrides the file.

use std::{
    env, fmt, io,
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use clap::{Arg, Args, Command, builder::Resettable};
use ipnet::IpNet;
use jiff::SignedDuration;
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use tracing_subscriber::EnvFilter;
use uptrakit_api::encoding;
use uptrakit_core::{
    network::{InvalidNetwork, parse_network},
    public_url::PublicUrl,
    state::{OAuthRules, TokenRules},
};
use uptrakit_store::database_url;

use crate::{input, log};

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

/// A value as it was typed. A number, a switch or a list of the file is kept as the text that a variable would have, so
/// that one place checks a setting, wherever it was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(String);

impl<T: Into<String>> From<T> for Text {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number, true, false or a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(text.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
        Ok(number.to_string().into())
    }

    fn visit_bool<E>(self, switch: bool) -> Result<Text, E> {
        Ok(switch.to_string().into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Text, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            texts.push(text);
        }
        Ok(texts.join(",").into())
    }
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub file: Option<PathBuf>,
    pub listen: SocketAddr,
    /// `None` means `http://` and the address that the server listens on.
    pub public_url: Option<PublicUrl>,
    pub database_url: String,
    pub database_connections: u32,
    /// The directory is created before the database is opened; `None` when `database_url` was set.
    pub data_dir: Option<PathBuf>,
    pub trusted_proxies: Vec<IpNet>,
    pub metrics_listen: Option<SocketAddr>,
    /// Tokens are accepted for this long while the database takes no writes; `None` means without end.
    pub reads_without_writes: Option<Duration>,
    pub log: String,
    pub log_format: log::Format,
    pub tokens: TokenRules,
    pub oauth: OAuthRules,
    pub mcp: bool,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSetting(String);

fn invalid(name: &str, value: &str, why: &str) -> InvalidSetting {
    let end = if why.ends_with('?') { "" } else { "." };
    InvalidSetting(format!("The setting {name} is wrong: \"{value}\" {why}{end}"))
}

fn unreadable(path: &Path, error: &io::Error) -> InvalidSetting {
    InvalidSetting(format!("The settings file {} can't be read: {}.", path.display(), why_unreadable(error)))
}

fn why_unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "Permission denied; use sudo, or become the user of the service".into(),
        _ => uptrakit_store::plain_io(error),
    }
}

/// Returns a secret that is set itself, or is the line in the file that the setting `…_file` names.
fn secret(name: &str, text: Option<Text>, file: Option<Text>) -> Result<Option<Text>, InvalidSetting> {
    let Some(Text(path)) = file else { return Ok(text) };
    if text.is_some() {
        let both = format!("The settings {name} and {name}_file are both set: leave one of them out.");
        return Err(InvalidSetting(both));
    }
    let wrong = |why: &str| InvalidSetting(format!("The setting {name}_file is wrong: the file {path} {why}."));
    let bytes = std::fs::read(&path).map_err(|error| wrong(&format!("can't be read: {}", why_unreadable(&error))))?;
    match input::decode_secret(&bytes).map_err(|why| wrong(&why.to_string()))? {
        "" => Err(wrong("is empty")),
        line if line.contains('\n') => Err(wrong("has more than one line")),
        line => Ok(Some(line.into())),
    }
}

/// What listens on more than loopback must be told how browsers find it.
pub fn require_public_url(public_url: Option<&PublicUrl>, listen: SocketAddr) -> Result<(), InvalidSetting> {
    if public_url.is_some() || listen.ip().is_loopback() {
        return Ok(());
    }
    Err(InvalidSetting(format!(
        "The setting public_url is missing: the server listens on {listen}, so say where browsers find it, \
         such as UPTRAKIT_PUBLIC_URL=https://uptrakit.example.org."
    )))
}

fn parse<T: FromStr>(name: &str, text: Option<Text>, why: &str) -> Result<Option<T>, InvalidSetting> {
    text.map(|Text(text)| text.parse().map_err(|_| invalid(name, &text, why))).transpose()
}

fn arguments() -> impl Iterator<Item = Arg> {
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
            InvalidSetting(format!("The settings file {} is wrong: {}", path.display(), error.to_string().trim_end()))
        })?;
        Ok(Self { file: Some(path.to_owned()), ..read })
    }

    pub fn validate(self, default_data_dir: impl FnOnce() -> PathBuf) -> Result<Settings, InvalidSetting> {
        let address = |name, text| parse(name, text, "is no address with a port, such as 127.0.0.1:8080");
        let count = |name, text| match parse(name, text, "is no whole number")? {
            Some(0) => Err(invalid(name, "0", "must be at least 1")),
            count => Ok::<Option<u32>, InvalidSetting>(count),
        };
        let listen = address("listen", self.listen)?.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
        let public_url = self
            .public_url
            .map(|Text(text)| PublicUrl::parse(&text).map_err(|why| invalid("public_url", &text, why.0)))
            .transpose()?;
        let include_subdomains =
            parse("hsts_include_subdomains", self.hsts_include_subdomains, "must be true or false")?.unwrap_or(false);
        let public_url = public_url.map(|url| url.including_subdomains(include_subdomains));
        require_public_url(public_url.as_ref(), listen)?;
        let (database_url, data_dir) = match secret("database_url", self.database_url, self.database_url_file)? {
            Some(Text(url)) if is_in_memory(&url) => {
                return Err(InvalidSetting(
                    "The setting database_url is wrong: SQLite needs a file, such as sqlite:///srv/uptrakit.db.".into(),
                ));
            }
            // The message doesn't repeat the URL, because it may contain a password.
            Some(Text(url)) => match database_url::check(&url) {
                Ok(()) => (url, None),
                Err(why) => return Err(InvalidSetting(format!("The setting database_url is wrong: {why}."))),
            },
            None => {
                let data_dir = self.data_dir.map_or_else(default_data_dir, |Text(text)| text.into());
                (sqlite_url(&data_dir.join("uptrakit.db"))?, Some(data_dir))
            }
        };
        let longest_lifetime_days = count("token_longest_lifetime_days", self.token_longest_lifetime_days)?;
        let default_lifetime_days = count("token_default_lifetime_days", self.token_default_lifetime_days)?
            .unwrap_or(longest_lifetime_days.unwrap_or(90).min(90));
        if longest_lifetime_days.is_some_and(|longest| default_lifetime_days > longest) {
            let value = default_lifetime_days.to_string();
            return Err(invalid("token_default_lifetime_days", &value, "is longer than token_longest_lifetime_days"));
        }
        Ok(Settings {
            file: self.file,
            listen,
            public_url,
            database_url,
            database_connections: count("database_connections", self.database_connections)?.unwrap_or(10),
            data_dir,
            trusted_proxies: self.trusted_proxies.map(|Text(text)| networks(&text)).transpose()?.unwrap_or_default(),
            metrics_listen: address("metrics_listen", self.metrics_listen)?,
            reads_without_writes: self.reads_without_writes.map(|Text(text)| read_grace(&text)).transpose()?,
            log: self.log.map_or_else(|| Ok(LOG.to_owned()), |Text(text)| checked_log(text))?,
            log_format: match self.log_format.as_ref().map(|Text(text)| text.as_str()) {
                None | Some("text") => log::Format::Text,
                Some("json") => log::Format::Json,
                Some(other) => return Err(invalid("log_format", other, "must be text or json")),
            },
            tokens: TokenRules {
                limit: count("token_limit", self.token_limit)?.unwrap_or(100),
                longest_lifetime_days,
                default_lifetime_days,
            },
            mcp: on_or_off("mcp", self.mcp.as_ref())?,
            oauth: oauth_rules(self.oauth.as_ref(), self.oauth_registration.as_ref())?,
        })
    }
}

impl Settings {
    /// Lists the settings that differ from their defaults, as `name=value, …`. The database is left out, because its
    /// URL may contain a password: [`uptrakit_store::database_url::place`] names it without one.
    #[must_use]
    pub fn changed(&self) -> String {
        let Ok(defaults) = Source::default().validate(PathBuf::new) else { return String::new() };
        self.listed()
            .into_iter()
            .zip(defaults.listed())
            .filter(|(set, default)| set != default)
            .map(|((name, value), _)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Lists every setting whose value may be shown. The pattern has no `..`, so that a developer who adds a setting
    /// has to decide whether it may be shown; a test compares the names with those of [`Source`].
    fn listed(&self) -> Vec<(&'static str, String)> {
        let Self {
            file,
            listen,
            public_url,
            database_url: _,
            database_connections,
            data_dir: _,
            trusted_proxies,
            metrics_listen,
            reads_without_writes,
            log,
            log_format,
            tokens: TokenRules { limit, longest_lifetime_days, default_lifetime_days },
            oauth: OAuthRules { is_on, registration, documents },
            mcp,
        } = self;
        let registration = match (registration, documents) {
            (true, true) => "dynamic documents",
            (true, false) => "dynamic",
            (false, true) => "documents",
            (false, false) => "none",
        };
        let format = match log_format {
            log::Format::Text => "text",
            log::Format::Json => "json",
        };
        vec![
            ("config", file.as_ref().map(|file| file.display().to_string()).unwrap_or_default()),
            ("listen", listen.to_string()),
            ("public_url", public_url.as_ref().map(|url| url.as_str().to_owned()).unwrap_or_default()),
            ("hsts_include_subdomains", public_url.as_ref().is_some_and(PublicUrl::includes_subdomains).to_string()),
            ("database_connections", database_connections.to_string()),
            ("trusted_proxies", trusted_proxies.iter().map(IpNet::to_string).collect::<Vec<_>>().join(" ")),
            ("metrics_listen", metrics_listen.map(|address| address.to_string()).unwrap_or_default()),
            ("reads_without_writes", reads_without_writes.map(|time| format!("{time:?}")).unwrap_or_default()),
            ("log", log.clone()),
            ("log_format", format.to_owned()),
            ("token_limit", limit.to_string()),
            ("token_longest_lifetime_days", longest_lifetime_days.map(|days| days.to_string()).unwrap_or_default()),
            ("token_default_lifetime_days", default_lifetime_days.to_string()),
            ("oauth", if *is_on { "on" } else { "off" }.to_owned()),
            ("oauth_registration", registration.to_owned()),
            ("mcp", if *mcp { "on" } else { "off" }.to_owned()),
        ]
    }
}

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

/// The default filter. At every start Postgres sends a notice for each object that exists already; it is not logged.
const LOG: &str = "info,sqlx::postgres::notice=warn";

/// `tracing` reads a lone word that is no level as a target of which everything is logged. Such a setting is a mistyped
/// level, and would log nothing of the server at all.
fn checked_log(log: String) -> Result<String, InvalidSetting> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let is_filter = |part: &str| {
        part.is_empty() || part.contains(['=', '[']) || LEVELS.contains(&part.to_ascii_lowercase().as_str())
    };
    if log.split(',').map(str::trim).all(is_filter) {
        // The words of the library would repeat themselves.
        return match EnvFilter::try_new(&log) {
            Ok(_) => Ok(log),
            Err(_) => Err(invalid("log", &log, "is no filter, such as info or uptrakit=debug")),
        };
    }
    Err(invalid("log", &log, "has a part that is no level; say info, debug or uptrakit=debug"))
}

/// Without a file, SQLite would open another database for each connection and lose all of them.
fn is_in_memory(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("sqlite:") else { return false };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    matches!(path.trim_start_matches("//"), "" | ":memory:") || query.split('&').any(|pair| pair == "mode=memory")
}

/// The range starts at ten seconds: writes are tried four times in it, and a slow one takes three seconds.
const READ_GRACE: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_hours(720);

fn read_grace(text: &str) -> Result<Duration, InvalidSetting> {
    let wrong = |why| invalid("reads_without_writes", text, why);
    let time: SignedDuration = text.parse().map_err(|_| wrong("is no duration, such as 30s or 5m"))?;
    let time = Duration::try_from(time).ok().filter(|time| READ_GRACE.contains(time));
    time.ok_or_else(|| wrong("must be from 10s to 720h"))
}

fn on_or_off(name: &str, switch: Option<&Text>) -> Result<bool, InvalidSetting> {
    match switch.map(|Text(text)| text.as_str()) {
        None | Some("on") => Ok(true),
        Some("off") => Ok(false),
        Some(other) => Err(invalid(name, other, "must be on or off")),
    }
}

fn oauth_rules(switch: Option<&Text>, registration: Option<&Text>) -> Result<OAuthRules, InvalidSetting> {
    let is_on = on_or_off("oauth", switch)?;
    let Some(Text(ways)) = registration else { return Ok(OAuthRules { is_on, ..OAuthRules::default() }) };
    let ways: Vec<&str> = ways.split([',', ' ']).filter(|way| !way.is_empty()).collect();
    let mut rules = OAuthRules { is_on, registration: false, documents: false };
    for way in &ways {
        match *way {
            "dynamic" => rules.registration = true,
            "documents" => rules.documents = true,
            "none" if ways.len() == 1 => {}
            other => return Err(invalid("oauth_registration", other, "must be dynamic, documents, or none alone")),
        }
    }
    Ok(rules)
}

fn networks(text: &str) -> Result<Vec<IpNet>, InvalidSetting> {
    let network = |text: &str| {
        parse_network(text).map_err(|why| match why {
            InvalidNetwork::Form => invalid("trusted_proxies", text, "is no network, such as 10.0.0.0/8"),
            InvalidNetwork::BitsBehindPrefix(meant) => {
                invalid("trusted_proxies", text, &format!("has bits behind its prefix; did you mean {meant}?"))
            }
        })
    };
    text.split([',', ' ']).filter(|part| !part.is_empty()).map(network).collect()
}

fn sqlite_url(path: &Path) -> Result<String, InvalidSetting> {
    let path = path.to_str().ok_or_else(|| invalid("data_dir", &path.to_string_lossy(), "must be Unicode"))?;
    Ok(format!("sqlite://{}", path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")))
}

#[must_use]
pub fn default_data_dir(get: impl Fn(&str) -> Option<String>) -> PathBuf {
    let set = |name| get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_DATA_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".local/share")))
        .map_or_else(|| PathBuf::from("/var/lib/uptrakit"), |base| base.join("uptrakit"))
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use super::{OAuthRules, Source, arguments};

    fn validate(source: Source) -> Result<super::Settings, String> {
        source.validate(|| "/data".into()).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_serve_sqlite_on_loopback() {
        let settings = validate(Source::default()).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.database_url, "sqlite:///data/uptrakit.db");
        assert_eq!(settings.tokens.limit, 100);
    }

    #[test]
    fn a_setting_is_named_alike_as_a_flag_a_variable_and_a_key_of_the_file() {
        let command = super::with_settings(clap::Command::new("settings"));
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
    fn numbers_switches_and_lists_of_the_file_are_what_they_are_as_text() {
        let source: Source = toml::from_str(
            "token_limit = 7\nhsts_include_subdomains = true\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]",
        )
        .unwrap();
        assert_eq!(source.token_limit, Some("7".into()));
        assert_eq!(source.hsts_include_subdomains, Some("true".into()));
        assert_eq!(validate(source).unwrap().trusted_proxies.len(), 2);
        let why = |text| toml::from_str::<Source>(text).unwrap_err().to_string();
        assert!(why("token_limit = 1.5").contains("a text, a whole number, true, false or a list of texts"));
        assert!(why("token_limits = 1").contains("unknown field `token_limits`"));
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
    fn a_variable_that_sets_nothing_is_named_with_the_one_that_was_meant() {
        let told = |names: &[&str]| super::unknown_variables(names.iter().map(|name| (*name).to_owned()));
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
    fn the_database_url_may_be_in_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("database-url");
        let read = |url: Option<&str>| {
            let source = Source {
                database_url: url.map(Into::into),
                database_url_file: Some(path.to_str().unwrap().into()),
                ..Source::default()
            };
            validate(source).map(|settings| settings.database_url)
        };
        let place = path.display();
        let wrong = |why: &str| Err(format!("The setting database_url_file is wrong: the file {place} {why}."));
        assert_eq!(read(None), wrong("can't be read: No such file or directory"));
        let url = "postgres://ada:opensesame@localhost/uptrakit";
        for text in [url, &format!("{url}\n"), &format!("\u{feff}{url}\r\n")] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(None).as_deref(), Ok(url));
        }
        let both = "The settings database_url and database_url_file are both set: leave one of them out.";
        assert_eq!(read(Some(url)), Err(both.to_owned()));
        for (text, why) in [("", "is empty"), ("\n", "is empty"), ("a\nb\n", "has more than one line")] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(None), wrong(why));
        }
        std::fs::write(&path, "postgres://ada:opensesame@").unwrap();
        let why = read(None).unwrap_err();
        assert!(why.starts_with("The setting database_url is wrong: ") && !why.contains("opensesame"), "{why}");
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let cases = [
            (Source { listen: Some("here".into()), ..Source::default() }, "listen"),
            (Source { listen: Some("0.0.0.0:80".into()), ..Source::default() }, "public_url"),
            (Source { public_url: Some("http://up.example.org".into()), ..Source::default() }, "public_url"),
            (Source { database_url: Some("mysql://x".into()), ..Source::default() }, "database_url"),
            (Source { trusted_proxies: Some("10.0.0.0/40".into()), ..Source::default() }, "trusted_proxies"),
            (Source { token_limit: Some("0".into()), ..Source::default() }, "token_limit"),
            (Source { token_limit: Some("many".into()), ..Source::default() }, "token_limit"),
            (Source { token_default_lifetime_days: Some("-1".into()), ..Source::default() }, "token_default_lifetime"),
            (Source { token_longest_lifetime_days: Some("0".into()), ..Source::default() }, "token_longest_lifetime"),
            (Source { database_connections: Some("1.5".into()), ..Source::default() }, "database_connections"),
            (Source { metrics_listen: Some("9100".into()), ..Source::default() }, "metrics_listen"),
            (Source { database_url: Some("sqlite:".into()), ..Source::default() }, "database_url"),
            (Source { database_url: Some("sqlite::memory:".into()), ..Source::default() }, "database_url"),
            (Source { database_url: Some("sqlite://x.db?mode=memory".into()), ..Source::default() }, "database_url"),
            (Source { reads_without_writes: Some("30".into()), ..Source::default() }, "reads_without_writes"),
            (Source { reads_without_writes: Some("9s".into()), ..Source::default() }, "reads_without_writes"),
            (Source { reads_without_writes: Some("-1m".into()), ..Source::default() }, "reads_without_writes"),
            (Source { reads_without_writes: Some("721h".into()), ..Source::default() }, "reads_without_writes"),
            (Source { log: Some("verbose".into()), ..Source::default() }, "log"),
            (Source { mcp: Some("yes".into()), ..Source::default() }, "mcp"),
        ];
        for (source, name) in cases {
            let error = validate(source).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn changed_settings_are_told_without_the_password_of_the_database() {
        assert_eq!(validate(Source::default()).unwrap().changed(), "");
        let source = Source {
            listen: Some("0.0.0.0:80".into()),
            public_url: Some("https://Up.Example.org/".into()),
            data_dir: Some("/srv".into()),
            database_url: Some("postgres://ada:opensesame@localhost/uptrakit".into()),
            trusted_proxies: Some("10.0.0.0/8, ::1".into()),
            token_limit: Some("100".into()),
            reads_without_writes: Some("1m 30s".into()),
            log_format: Some("json".into()),
            mcp: Some("off".into()),
            ..Source::default()
        };
        assert_eq!(
            validate(source).unwrap().changed(),
            "listen=0.0.0.0:80, public_url=https://up.example.org, trusted_proxies=10.0.0.0/8 ::1/128, \
             reads_without_writes=90s, log_format=json, mcp=off"
        );
    }

    #[test]
    fn oauth_is_on_and_applications_register_themselves_until_a_setting_says_otherwise() {
        let told = |switch: &str, registration: &str| {
            let typed = |text: &str| (!text.is_empty()).then(|| text.into());
            let source = Source { oauth: typed(switch), oauth_registration: typed(registration), ..Source::default() };
            let settings = validate(source)?;
            Ok::<_, String>((settings.oauth, settings.changed()))
        };
        let rules = |is_on, registration, documents| OAuthRules { is_on, registration, documents };
        for (switch, registration, expected, changed) in [
            ("", "", rules(true, true, false), ""),
            ("on", "dynamic", rules(true, true, false), ""),
            ("off", "", rules(false, true, false), "oauth=off"),
            ("", "documents,dynamic", rules(true, true, true), "oauth_registration=dynamic documents"),
            ("", "documents", rules(true, false, true), "oauth_registration=documents"),
            ("", "none", rules(true, false, false), "oauth_registration=none"),
        ] {
            assert_eq!(told(switch, registration), Ok((expected, changed.to_owned())));
        }
        for (switch, registration, name) in
            [("yes", "", "oauth"), ("", "all", "oauth_registration"), ("", "dynamic none", "oauth_registration")]
        {
            let why = told(switch, registration).unwrap_err();
            assert!(why.starts_with(&format!("The setting {name} is wrong")), "{why}");
        }
    }

    #[test]
    fn every_setting_is_told_when_it_is_changed_but_for_those_that_name_the_database() {
        let listed = validate(Source::default()).unwrap().listed();
        let mut names: Vec<_> = listed.iter().map(|(name, _)| *name).filter(|name| *name != "config").collect();
        names.extend(["data_dir", "database_url", "database_url_file"]);
        names.sort_unstable();
        let mut settings: Vec<_> = arguments().map(|argument| argument.get_id().to_string()).collect();
        settings.sort_unstable();
        assert_eq!(names, settings);
        let source = Source {
            public_url: Some("https://up.example.org".into()),
            hsts_include_subdomains: Some("true".into()),
            ..Source::default()
        };
        let told = validate(source).unwrap().changed();
        assert!(told.contains("hsts_include_subdomains=true"), "{told}");
    }

    #[test]
    fn the_documentation_has_every_setting_and_no_other() {
        let page = include_str!("../../docs/settings.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `UPTRAKIT_")?.split('`').next());
        let mut listed: Vec<String> = rows.map(|name| format!("UPTRAKIT_{name}")).collect();
        let named = arguments().filter_map(|argument| Some(argument.get_env()?.to_str()?.to_owned()));
        let mut settings: Vec<String> = named.collect();
        listed.sort();
        settings.sort();
        assert_eq!(listed, settings);
    }

    #[test]
    fn a_network_of_proxies_is_read_as_a_tokens_is() {
        let proxies = |text: &str| {
            let source = Source { trusted_proxies: Some(text.into()), ..Source::default() };
            validate(source).map(|settings| settings.trusted_proxies[0].to_string())
        };
        assert_eq!(proxies(" 10.0.0.0/8").as_deref(), Ok("10.0.0.0/8"));
        assert_eq!(proxies("::ffff:10.0.0.0/104").as_deref(), Ok("10.0.0.0/8"));
        let why =
            "The setting trusted_proxies is wrong: \"10.0.0.1/8\" has bits behind its prefix; did you mean 10.0.0.0/8?";
        assert_eq!(proxies("10.0.0.1/8").unwrap_err(), why);
        assert!(proxies("010.0.0.0/8").is_err());
    }

    #[test]
    fn names_below_the_public_url_are_held_to_https_only_if_that_is_set() {
        let told = |url: &str, set: Option<&str>| {
            let settings = validate(Source {
                public_url: Some(url.into()),
                hsts_include_subdomains: set.map(Into::into),
                ..Source::default()
            })?;
            Ok::<_, String>(settings.public_url.and_then(|url| url.strict_transport_security()))
        };
        let (plain, wide) = (Some("max-age=31536000"), Some("max-age=31536000; includeSubDomains"));
        let url = "https://up.example.org";
        assert_eq!(told(url, None), Ok(plain));
        assert_eq!((told(url, Some("false")), told(url, Some("true"))), (Ok(plain), Ok(wide)));
        assert_eq!(told("http://localhost", Some("true")), Ok(None));
        assert!(told(url, Some("yes")).is_err_and(|why| why.contains("hsts_include_subdomains")));
    }
}

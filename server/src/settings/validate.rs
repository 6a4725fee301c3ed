//! Turns settings as they were typed into valid ones, with a default for each that is not set. The first that is wrong is
//! named.

use std::{net::SocketAddr, ops::RangeInclusive, path::PathBuf, str::FromStr, time::Duration};

use ipnet::IpNet;
use jiff::SignedDuration;
use uptrakit_core::{
    network::{InvalidNetwork, parse_network},
    public_url::PublicUrl,
    state::{OAuthRules, TokenRules},
};
use uptrakit_store::database_url;

use super::{
    Settings,
    database::{is_in_memory, secret, sqlite_url},
    error::{InvalidSetting, invalid},
    log_filter::{DEFAULT, checked},
    source::Source,
    text::Text,
};
use crate::log;

impl Source {
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
        let metrics_listen = address("metrics_listen", self.metrics_listen)?;
        if metrics_listen == Some(listen) && listen.port() != 0 {
            return Err(invalid("metrics_listen", &listen.to_string(), "is the address to listen on for requests too"));
        }
        Ok(Settings {
            file: self.file,
            listen,
            public_url,
            database_url,
            database_connections: count("database_connections", self.database_connections)?.unwrap_or(10),
            data_dir,
            trusted_proxies: self.trusted_proxies.map(|Text(text)| networks(&text)).transpose()?.unwrap_or_default(),
            metrics_listen,
            reads_without_writes: self.reads_without_writes.map(|Text(text)| read_grace(&text)).transpose()?,
            log: self.log.map_or_else(|| Ok(DEFAULT.to_owned()), |Text(text)| checked(text))?,
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

#[cfg(test)]
mod tests {
    use uptrakit_core::state::OAuthRules;

    use super::Source;
    use crate::settings::validate;

    #[test]
    fn defaults_serve_sqlite_on_loopback() {
        let settings = validate(Source::default()).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.database_url, "sqlite:///data/uptrakit.db");
        assert_eq!(settings.tokens.limit, 100);
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
            (Source { metrics_listen: Some("127.0.0.1:8080".into()), ..Source::default() }, "metrics_listen"),
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

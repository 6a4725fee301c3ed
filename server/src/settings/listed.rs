//! Lists the settings for the log, which says at each start what differs from the defaults. What may contain a password
//! is left out.

use std::path::PathBuf;

use ipnet::IpNet;
use uptrakit_core::{
    public_url::PublicUrl,
    state::{OAuthRules, TokenRules},
};

use super::{Settings, source::Source};
use crate::log;

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

#[cfg(test)]
mod tests {
    use crate::settings::{Source, source::arguments, validate};

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
}

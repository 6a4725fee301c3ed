//! The settings of the server. Flags override the environment, and the environment overrides the file.

mod database;
mod error;
mod listed;
mod log_filter;
mod source;
mod text;
mod validate;
mod variables;

pub use database::default_data_dir;
pub use error::InvalidSetting;
pub use source::{Source, with_settings};
pub use text::Text;
pub use validate::require_public_url;
pub use variables::unknown_variables;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use uptrakit_core::{
    public_url::PublicUrl,
    state::{OAuthRules, TokenRules},
};

use crate::log;

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

#[cfg(test)]
fn validate(source: Source) -> Result<Settings, String> {
    source.validate(|| "/data".into()).map_err(|error| error.to_string())
}

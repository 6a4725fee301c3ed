//! The server's answers as this program parses them to show them to people; most fields may be missing. `uptrakit_api`
//! has the exact types, but a server may be newer than this program, with permissions and codes that those types do not
//! know, and older servers leave fields out. Requests use the exact types.

use serde::{Deserialize, de::DeserializeOwned};
use uptrakit_api::{ProblemCode, Timestamp};

#[derive(Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub total: u64,
    #[serde(default)]
    pub total_pages: u64,
}

#[derive(Deserialize)]
pub struct Me {
    pub username: String,
    #[serde(default)]
    pub email: String,
    #[serde(default)]
    pub roles: Vec<String>,
    #[serde(default)]
    pub permissions: Vec<String>,
    #[serde(default)]
    pub token: Option<Token>,
}

impl Me {
    pub fn token_id(&self) -> Option<String> {
        self.token.as_ref().map(|token| token.id.clone())
    }
}

#[derive(Clone, Deserialize)]
pub struct Token {
    pub id: String,
    pub name: String,
    /// The visible part of the secret, such as `upk_AbCd…WxYz`.
    #[serde(default)]
    pub hint: String,
    #[serde(default)]
    pub state: String,
    /// The token has all permissions of its account when this is `None`.
    #[serde(default)]
    pub permissions: Option<Vec<String>>,
    /// The token works from every network when this is `None`.
    #[serde(default)]
    pub allowed_networks: Option<Vec<String>>,
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
    #[serde(default)]
    pub last_used_ip: Option<String>,
    #[serde(default)]
    pub revoked_at: Option<Timestamp>,
    #[serde(default)]
    pub revoked_by: Option<String>,
    #[serde(default)]
    pub rotation: Option<Rotation>,
}

#[derive(Clone, Deserialize)]
pub struct Rotation {
    #[serde(default)]
    pub old_hint: String,
    pub overlap_ends_at: Timestamp,
    #[serde(default)]
    pub old_last_used_at: Option<Timestamp>,
    #[serde(default)]
    pub old_last_used_ip: Option<String>,
}

/// The only answer that holds the token's secret.
#[derive(Deserialize)]
pub struct Created {
    #[serde(flatten)]
    pub fields: Token,
    #[serde(rename = "token")]
    pub secret: String,
}

#[derive(Clone, Deserialize)]
pub struct Host {
    pub id: String,
    pub hostname: String,
    #[serde(default)]
    pub machine_id: String,
    #[serde(default)]
    pub friendly_name: Option<String>,
    #[serde(default)]
    pub os_name: String,
    #[serde(default)]
    pub os_version: String,
    #[serde(default)]
    pub kernel: String,
    #[serde(default)]
    pub architecture: String,
    #[serde(default)]
    pub pending_updates: Option<u64>,
    #[serde(default)]
    pub security_updates: Option<u64>,
    #[serde(default)]
    pub reboot_required: Option<bool>,
    /// The server noticed at this time that several machines report as this host.
    #[serde(default)]
    pub shared_machine_id_at: Option<Timestamp>,
    #[serde(default)]
    pub last_seen_at: Option<Timestamp>,
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

impl Host {
    /// Returns the name that people gave the host, else its host name.
    pub fn name(&self) -> &str {
        self.friendly_name.as_deref().unwrap_or(&self.hostname)
    }
}

#[derive(Deserialize)]
pub struct Problem {
    #[serde(default)]
    pub detail: String,
    /// The stable name of the problem. Its presence tells an Uptrakit server from others.
    pub code: String,
    #[serde(default)]
    pub request_id: String,
    #[serde(default)]
    pub errors: Vec<FieldError>,
}

impl Problem {
    pub fn known_code(&self) -> Option<ProblemCode> {
        ProblemCode::ALL.iter().copied().find(|code| code.as_str() == self.code)
    }
}

#[derive(Deserialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

pub fn read<T: DeserializeOwned>(value: &serde_json::Value) -> Result<T, serde_json::Error> {
    T::deserialize(value)
}

//! The server's answers as this program reads them to show them to people: everything may be missing.
//! `uptrakit_api` has the exact types, but a server may be newer than this program, with permissions and codes that
//! those types do not know, and older ones leave fields out. Requests use the exact types.

use serde::{Deserialize, de::DeserializeOwned};
use uptrakit_api::{ProblemCode, Timestamp};

/// A page of a list.
#[derive(Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
    /// How many pages there are.
    #[serde(default)]
    pub total_pages: u64,
}

/// Who is asking.
#[derive(Deserialize)]
pub struct Me {
    /// The login's name.
    pub username: String,
    /// The login's address.
    #[serde(default)]
    pub email: String,
    /// What the account is here for.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What the account may do.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The token that asks.
    #[serde(default)]
    pub token: Option<Token>,
}

impl Me {
    /// The id of the token that asks.
    pub fn token_id(&self) -> Option<String> {
        self.token.as_ref().map(|token| token.id.clone())
    }
}

/// A token.
#[derive(Clone, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Enough of it to recognise it.
    #[serde(default)]
    pub hint: String,
    /// Where it is in its life.
    #[serde(default)]
    pub state: String,
    /// What it is narrowed to.
    #[serde(default)]
    pub permissions: Option<Vec<String>>,
    /// Where it may be used from.
    #[serde(default)]
    pub allowed_networks: Option<Vec<String>>,
    /// Since when.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// Until when.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
    /// From where.
    #[serde(default)]
    pub last_used_ip: Option<String>,
    /// When it was revoked.
    #[serde(default)]
    pub revoked_at: Option<Timestamp>,
    /// Who revoked it.
    #[serde(default)]
    pub revoked_by: Option<String>,
    /// The old text, while it still works.
    #[serde(default)]
    pub rotation: Option<Rotation>,
}

/// The old text of a rotated token.
#[derive(Clone, Deserialize)]
pub struct Rotation {
    /// Its hint.
    #[serde(default)]
    pub old_hint: String,
    /// Until when it works.
    pub overlap_ends_at: Timestamp,
    /// When it was last used since.
    #[serde(default)]
    pub old_last_used_at: Option<Timestamp>,
    /// From where.
    #[serde(default)]
    pub old_last_used_ip: Option<String>,
}

/// A token's one answer with its text.
#[derive(Deserialize)]
pub struct Created {
    /// The public fields.
    #[serde(flatten)]
    pub fields: Token,
    /// The text.
    #[serde(rename = "token")]
    pub text: String,
}

/// A host.
#[derive(Clone, Deserialize)]
pub struct Host {
    /// Its id.
    pub id: String,
    /// Its name in its network.
    pub hostname: String,
    /// The machine's own id.
    #[serde(default)]
    pub machine_id: String,
    /// What people call it.
    #[serde(default)]
    pub friendly_name: Option<String>,
    /// The operating system.
    #[serde(default)]
    pub os_name: String,
    /// Its version.
    #[serde(default)]
    pub os_version: String,
    /// The running kernel.
    #[serde(default)]
    pub kernel: String,
    /// The processor.
    #[serde(default)]
    pub architecture: String,
    /// Updates that wait.
    #[serde(default)]
    pub pending_updates: Option<u64>,
    /// Those that mend security.
    #[serde(default)]
    pub security_updates: Option<u64>,
    /// Whether a restart is due.
    #[serde(default)]
    pub reboot_required: Option<bool>,
    /// When it last reported.
    #[serde(default)]
    pub last_seen_at: Option<Timestamp>,
    /// When it first reported.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When anything of this last changed.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

impl Host {
    /// What to call it.
    pub fn name(&self) -> &str {
        self.friendly_name.as_deref().unwrap_or(&self.hostname)
    }
}

/// A refusal.
#[derive(Deserialize)]
pub struct Problem {
    /// What happened.
    #[serde(default)]
    pub detail: String,
    /// The stable name of the refusal. Its presence is what tells an Uptrakit server from another.
    pub code: String,
    /// Names the request in the server's log.
    #[serde(default)]
    pub request_id: String,
    /// The fields that are wrong.
    #[serde(default)]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// The code, if this program knows it.
    pub fn known_code(&self) -> Option<ProblemCode> {
        ProblemCode::ALL.iter().copied().find(|code| code.as_str() == self.code)
    }
}

/// One field that is wrong.
#[derive(Deserialize)]
pub struct FieldError {
    /// Its name.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// Reads a value as one of these.
pub fn read<T: DeserializeOwned>(value: &serde_json::Value) -> Result<T, serde_json::Error> {
    T::deserialize(value)
}

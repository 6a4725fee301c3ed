//! Hosts: the machines that Uptrakit tracks.

use crate::{HostId, Timestamp};
use serde::{Deserialize, Serialize};

/// A machine and what it last said of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Host {
    /// Its id here.
    pub id: HostId,
    /// The id that the machine gives itself; unique.
    pub machine_id: String,
    /// Its name in its network.
    pub hostname: String,
    /// What people call it.
    pub friendly_name: Option<String>,
    /// `Debian GNU/Linux`.
    pub os_name: String,
    /// `12`.
    pub os_version: String,
    /// The running kernel's release.
    pub kernel: String,
    /// `x86_64`.
    pub architecture: String,
    /// Updates that wait; null when the machine can't tell.
    pub pending_updates: Option<u32>,
    /// Those of them that mend security; null when the machine can't tell.
    pub security_updates: Option<u32>,
    /// Whether a restart is due; null when the machine can't tell.
    pub reboot_required: Option<bool>,
    /// When it was last noticed that several machines report under this host's `machine_id`, within a day; null when
    /// that was not within the last 8 days.
    pub shared_machine_id_at: Option<Timestamp>,
    /// When it last reported.
    pub last_seen_at: Timestamp,
    /// When it first reported.
    pub created_at: Timestamp,
    /// When anything of this last changed.
    pub updated_at: Timestamp,
}

/// What a machine says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HostReport {
    /// 1 to 128 printable characters, the same in every report of a machine and of no other.
    pub machine_id: String,
    /// Its name in its network.
    pub hostname: String,
    /// `Debian GNU/Linux`.
    pub os_name: String,
    /// `12`.
    pub os_version: String,
    /// The running kernel's release.
    pub kernel: String,
    /// `x86_64`.
    pub architecture: String,
    /// Updates that wait; null when unknown.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000))]
    pub pending_updates: Option<u32>,
    /// Those of them that mend security, at most `pending_updates`; null when unknown.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000))]
    pub security_updates: Option<u32>,
    /// Whether a restart is due; null when unknown.
    pub reboot_required: Option<bool>,
}

/// A change to a host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateHost {
    /// What people call it, 1 to 64 characters; null to go by its hostname again.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub friendly_name: Option<Option<String>>,
}

/// Which hosts are asked for; text as it stands in the query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct HostQuery {
    /// A part of the hostname, the friendly name or the operating system, literally.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// `hostname` (the default), `last_seen_at`, `pending_updates` or `security_updates`, with `-` in front for descending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// From 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_page: Option<String>,
}

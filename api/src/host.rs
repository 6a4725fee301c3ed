//! Hosts on the wire: the machines that Uptrakit tracks, and the reports that they send.

use crate::{HostId, Timestamp};
use serde::{Deserialize, Serialize};

/// A machine, with the state from its latest report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Host {
    /// Unique id of the host on this server.
    pub id: HostId,
    /// Id that the machine reports for itself, unique among all hosts. Example: `b08dfa6083e7567a1921a715000001fb`.
    pub machine_id: String,
    /// Name of the machine in its network. Example: `web-1.example.org`.
    pub hostname: String,
    /// Name that people gave the host; null when it goes by its hostname. Example: `Web server 1`.
    pub friendly_name: Option<String>,
    /// Name of the operating system; empty when not reported. Example: `Debian GNU/Linux`.
    pub os_name: String,
    /// Version of the operating system; empty when not reported. Example: `12`.
    pub os_version: String,
    /// Release of the running kernel; empty when not reported. Example: `6.1.0-18-amd64`.
    pub kernel: String,
    /// Architecture of the processor; empty when not reported. Example: `x86_64`.
    pub architecture: String,
    /// Number of pending updates; null when the machine can't tell. Example: `12`.
    pub pending_updates: Option<u32>,
    /// Number of security updates among the pending updates; null when the machine can't tell. Example: `3`.
    pub security_updates: Option<u32>,
    /// True when the machine must be restarted to complete an update; null when the machine can't tell.
    pub reboot_required: Option<bool>,
    /// Time at which the server last noticed that several machines report under this host's `machine_id`, exact to a
    /// day; null when that was not within the last 8 days.
    pub shared_machine_id_at: Option<Timestamp>,
    /// Time of the latest report.
    pub last_seen_at: Timestamp,
    /// Time of the first report.
    pub created_at: Timestamp,
    /// Time of the latest change, which is the latest report or the latest change of `friendly_name`.
    pub updated_at: Timestamp,
}

/// Report that a machine sends about its own state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HostReport {
    /// Id of the machine, 1 to 128 printable characters: the same in every report of one machine, and different for
    /// every other machine. Example: `b08dfa6083e7567a1921a715000001fb`.
    pub machine_id: String,
    /// Name of the machine in its network, 1 to 253 characters. Example: `web-1.example.org`.
    pub hostname: String,
    /// Name of the operating system, at most 128 characters; may be empty. Example: `Debian GNU/Linux`.
    pub os_name: String,
    /// Version of the operating system, at most 128 characters; may be empty. Example: `12`.
    pub os_version: String,
    /// Release of the running kernel, at most 128 characters; may be empty. Example: `6.1.0-18-amd64`.
    pub kernel: String,
    /// Architecture of the processor, at most 64 characters; may be empty. Example: `x86_64`.
    pub architecture: String,
    /// Number of pending updates, at most 1 000 000; null when unknown. Example: `12`.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000))]
    pub pending_updates: Option<u32>,
    /// Number of security updates among the pending updates, at most `pending_updates`; null when unknown. Example:
    /// `3`.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000))]
    pub security_updates: Option<u32>,
    /// True when the machine must be restarted to complete an update; null when unknown.
    pub reboot_required: Option<bool>,
}

/// Change to a host. A field that is left out stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateHost {
    /// Name for people, 1 to 64 characters; null to remove the name, so that the host goes by its hostname. Example:
    /// `Web server 1`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub friendly_name: Option<Option<String>>,
}

/// Query for one page of hosts. Values are text as sent, so that an error can name the parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct HostQuery {
    /// Text to find in the hostname, the friendly name or the operating system, in upper or lower case and without
    /// wildcards; all hosts when left out. Example: `debian`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Sort order: `hostname` (the default), `last_seen_at`, `pending_updates` or `security_updates`, with `-` in front
    /// for descending. Hosts without a number come last. Example: `-pending_updates`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// Number of the page, from 1; 1 when left out. Example: `2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Number of items per page, from 1 to 100; 20 when left out. Example: `50`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_page: Option<String>,
}

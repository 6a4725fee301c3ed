//! OAuth on the wire: applications, the connections of an account to them, and what the consent page shows.

use crate::{ApplicationId, GrantId, Permissions, Timestamp};
use serde::{Deserialize, Serialize};

/// An application that is connected to an account: what the account lets it do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectedApplication {
    /// Unique id of the connection.
    pub id: GrantId,
    /// Name that the application gave itself. Example: `Claude Code`.
    pub name: String,
    /// Web page that the application names as its own; null when it names none. Example: `https://claude.ai`.
    pub client_uri: Option<String>,
    /// Host that its answers go to, `localhost` for a program on the person's computer, or the scheme of a program with
    /// its colon; null for a device. Example: `claude.ai`.
    pub redirect_host: Option<String>,
    /// Permissions that the application was given. It has those of them that the account has.
    pub permissions: Permissions,
    /// Time at which the application was connected.
    pub created_at: Timestamp,
    /// Time of the latest use, exact to a minute; null when there was none.
    pub last_used_at: Option<Timestamp>,
    /// IP address of the client in the latest use; null when there was none. Example: `10.0.3.7`.
    pub last_used_ip: Option<String>,
    /// True when an administrator has verified the application.
    pub verified: bool,
}

/// The way in which an application became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ApplicationKind {
    /// The application is a part of Uptrakit.
    BuiltIn,
    /// The application registered itself.
    Dynamic,
    /// The application is described by a document at its `client_id`.
    Document,
}

impl ApplicationKind {
    /// Returns the name that the API and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Dynamic => "dynamic",
            Self::Document => "document",
        }
    }

    /// Finds a kind by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::BuiltIn, Self::Dynamic, Self::Document].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// An application that people can connect to their accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Application {
    /// Unique id of the application.
    pub id: ApplicationId,
    /// Identifier by which the application names itself in OAuth. Example: `uptrakit-cli`.
    pub client_id: String,
    /// Name that the application gave itself. Example: `Claude Code`.
    pub name: String,
    /// Web page that the application names as its own; null when it names none. Example: `https://claude.ai`.
    pub client_uri: Option<String>,
    /// Addresses that answers may go to. Example: `["https://claude.ai/api/mcp/auth_callback"]`.
    pub redirect_uris: Vec<String>,
    /// Way in which the application became known. Example: `dynamic`.
    pub kind: ApplicationKind,
    /// Time at which the application became known.
    pub created_at: Timestamp,
    /// Time at which an account connected the application or used it last; null when none ever did.
    pub last_used_at: Option<Timestamp>,
    /// True when an administrator has verified the application.
    pub verified: bool,
    /// Number of connections to accounts that are in force. Example: `3`.
    pub grants: u64,
}

/// Change to an application.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateApplication {
    /// True when people shall see that an administrator knows the application.
    pub verified: bool,
}

/// Where an answer to an application goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AnswerDestination {
    /// A server.
    Host {
        /// Host of the server, and its port unless that is the scheme's own. Example: `claude.ai`.
        host: String,
    },
    /// A program that listens on the computer of the browser.
    ThisComputer,
    /// A program that the computer of the browser opens.
    Program {
        /// Scheme that the program is opened by. Example: `cursor`.
        scheme: String,
    },
    /// A device that waits for the answer.
    Device {
        /// Code that the device shows. Example: `WDJB-MJHT`.
        code: String,
        /// IP address of the device. Example: `10.0.3.7`.
        address: String,
        /// Program on the device, as it calls itself; `None` when it does not. Example: `uptrakit`.
        program: Option<String>,
    },
}

/// What a person is asked before an application is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Name that the application gave itself.
    pub application: String,
    /// Web page that the application names as its own.
    pub client_uri: Option<String>,
    /// True when the application is built in, or an administrator has verified it.
    pub verified: bool,
    /// True when the name could be taken for Uptrakit's own.
    pub looks_like_ours: bool,
    /// Where the answer goes.
    pub destination: AnswerDestination,
    /// Username of the account that is asked.
    pub username: String,
    /// Permissions of the account that the application asks for.
    pub asked: Permissions,
    /// Further permissions of the account that the application could use.
    pub offered: Permissions,
    /// Name of the API token that is made for the command line; `None` for every other application.
    pub token_name: Option<String>,
    /// Days after which the application has to ask again, however it is used; `None` when it need not.
    pub lifetime_days: Option<u32>,
}

/// What a person answers to a [`Consent`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Approval {
    /// Permissions that the application gets, of those that were asked for or offered.
    pub permissions: Permissions,
    /// Name of the API token that is made for the command line; `None` for the proposed name.
    #[serde(default)]
    pub token_name: Option<String>,
}

/// What the consent page does with a request that it opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OpenedRequest {
    /// The person is asked.
    Ask {
        /// What the person is asked.
        consent: Consent,
    },
    /// The browser goes on at once: the account has connected this application before.
    Continue {
        /// Address that carries the answer to the application.
        redirect: String,
    },
}

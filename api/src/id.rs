//! Identifiers, one type per noun, so that a token's id can never be passed where an account's is meant.
//! All are UUID version 7 (RFC 9562), made by the server.

use serde::{Deserialize, Serialize};
use uuid::{Uuid, fmt::Hyphenated};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        /// In the one form in which ids are written, not in every form that RFC 9562 knows.
        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(|id: Hyphenated| Self(id.into_uuid()))
            }
        }
    };
}

id!(
    /// The id of an account.
    AccountId
);
id!(
    /// The id of an API token; rotation keeps it.
    TokenId
);
id!(
    /// The id of a web session. It is not the cookie: knowing it opens nothing.
    SessionId
);
id!(
    /// The id of a host.
    HostId
);
id!(
    /// The id of an audit event.
    EventId
);

//! Resources (RFC 8707): what an access token is for. A token for one of them is unknown to the other.

/// The two resources of this server: the tools under `/mcp`, and the JSON API, which is for the command line alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    Mcp,
    Api,
}

impl Resource {
    /// Returns the name by which the database keeps the resource: the public URL may change.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mcp => "mcp",
            Self::Api => "api",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Mcp, Self::Api].into_iter().find(|resource| resource.as_str() == name)
    }
}

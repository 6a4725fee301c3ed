//! Resources (RFC 8707): what an access token is for. There are two: the tools under `/mcp`, and the API, which is for
//! the command line alone.

use url::Url;

pub use crate::auth::resource::Resource;
use crate::public_url::PublicUrl;

/// The resource does not exist, is not for this application, or there are two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidTarget(pub &'static str);

impl Resource {
    /// Reads the `resource` parameters of a request; the same one twice counts once.
    pub fn parse<'v>(
        values: impl IntoIterator<Item = &'v str>,
        public_url: &PublicUrl,
        is_command_line: bool,
    ) -> Result<Self, InvalidTarget> {
        let mut asked = None;
        for value in values {
            let resource = Self::named(value, public_url)
                .filter(|resource| *resource == Self::Mcp || is_command_line)
                .ok_or(InvalidTarget("The resource is not one of this server."))?;
            if asked.is_some_and(|other| other != resource) {
                return Err(InvalidTarget("Ask for one resource, not for several."));
            }
            asked = Some(resource);
        }
        Ok(asked.unwrap_or(Self::Mcp))
    }

    /// Clients write URLs in their own way: with and without a slash at the end, and hosts in upper case.
    fn named(text: &str, public_url: &PublicUrl) -> Option<Self> {
        let [asked, own] = [text, public_url.as_str()].map(|text| Url::parse(text).ok());
        let (asked, own) = (asked?, own?);
        let is_plain = asked.query().is_none() && asked.fragment().is_none() && asked.username().is_empty();
        if asked.origin() != own.origin() || !is_plain || asked.password().is_some() {
            return None;
        }
        match asked.path() {
            "/" | "/mcp" | "/mcp/" => Some(Self::Mcp),
            "/api/v1" | "/api/v1/" => Some(Self::Api),
            _ => None,
        }
    }

    /// Returns the one URL by which the server itself names the resource.
    #[must_use]
    pub fn url(self, public_url: &PublicUrl) -> String {
        match self {
            Self::Mcp => format!("{}/mcp", public_url.as_str()),
            Self::Api => format!("{}/api/v1", public_url.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidTarget, Resource};
    use crate::public_url::PublicUrl;

    fn asked(values: &[&str], is_command_line: bool) -> Result<Resource, InvalidTarget> {
        let public_url = PublicUrl::parse("https://up.example.org").unwrap();
        Resource::parse(values.iter().copied(), &public_url, is_command_line)
    }

    #[test]
    fn no_resource_and_every_way_to_write_the_public_url_mean_mcp() {
        assert_eq!(asked(&[], false), Ok(Resource::Mcp));
        for text in [
            "https://up.example.org/mcp",
            "https://up.example.org/mcp/",
            "https://up.example.org",
            "https://up.example.org/",
            "HTTPS://up.example.org/mcp",
            "https://UP.Example.org/mcp",
            "https://up.example.org:443/mcp",
        ] {
            assert_eq!(asked(&[text], false), Ok(Resource::Mcp), "{text}");
        }
    }

    #[test]
    fn an_unknown_resource_is_an_invalid_target() {
        for text in [
            "",
            "mcp",
            "/mcp",
            "https://up.example.org/MCP",
            "https://up.example.org/mcp/x",
            "https://up.example.org/mcp?x",
            "https://up.example.org/mcp#x",
            "https://ada@up.example.org/mcp",
            "http://up.example.org/mcp",
            "https://up.example.org:8443/mcp",
            "https://up.example.org.evil.example/mcp",
            "https://evil.example/mcp",
        ] {
            assert!(asked(&[text], true).is_err(), "{text}");
        }
    }

    #[test]
    fn the_api_is_a_resource_for_the_command_line_alone() {
        assert_eq!(asked(&["https://up.example.org/api/v1"], true), Ok(Resource::Api));
        assert!(asked(&["https://up.example.org/api/v1"], false).is_err());
    }

    #[test]
    fn the_same_resource_twice_is_one_and_two_that_differ_are_an_invalid_target() {
        assert_eq!(asked(&["https://up.example.org", "https://UP.example.org/mcp/"], false), Ok(Resource::Mcp));
        assert!(asked(&["https://up.example.org/mcp", "https://up.example.org/api/v1"], true).is_err());
        assert!(asked(&["https://up.example.org/mcp", "https://evil.example/mcp"], false).is_err());
    }

    #[test]
    fn a_resource_has_one_url_and_one_name() {
        let public_url = PublicUrl::parse("http://127.0.0.1:8080").unwrap();
        assert_eq!(Resource::Mcp.url(&public_url), "http://127.0.0.1:8080/mcp");
        assert_eq!(Resource::Api.url(&public_url), "http://127.0.0.1:8080/api/v1");
        for resource in [Resource::Mcp, Resource::Api] {
            assert_eq!(Resource::from_name(resource.as_str()), Some(resource));
        }
        assert_eq!(Resource::from_name("other"), None);
    }
}

//! Signing in through the browser, as an application of OAuth: what the server offers, and the requests of both ways, by
//! a redirect to this machine and by a code that a person enters. What the server gives in the end is an API token.

mod browser;
mod listener;
mod pkce;

pub use browser::Browser;
pub use listener::{Callback, Listener};
pub use pkce::{Pkce, random_bytes, random_text};

use crate::{
    failure::{Failure, OAuthError},
    http::{Answer, Client},
    server::Server,
    text::printable,
};
use serde::Deserialize;
use std::time::Duration;
use uptrakit_api::{ProblemCode, TokenSecret};

/// The application that every server knows as its command line.
const CLIENT_ID: &str = "uptrakit-cli";
const METADATA: &str = "/.well-known/oauth-authorization-server";
const TRIED: &str = "sign in";
/// The interval of polls where the server names none, and by which each `slow_down` lengthens it (RFC 8628, 3.5).
const INTERVAL: Duration = Duration::from_secs(5);
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// The metadata of the server (RFC 8414), as far as they are needed.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    device_authorization_endpoint: Option<String>,
}

/// The part of the server that signs people in. The endpoints are paths below the server's address.
pub struct Provider<'c> {
    client: &'c Client,
    issuer: String,
    authorization_path: String,
    token_path: String,
    device_path: Option<String>,
}

pub struct DeviceGrant {
    pub user_code: String,
    pub address: String,
    pub lifetime: Duration,
    pub interval: Duration,
    device_code: String,
}

#[derive(Deserialize)]
struct DeviceAnswer {
    device_code: String,
    user_code: String,
    verification_uri: String,
    expires_in: u64,
    interval: Option<u64>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
}

impl<'c> Provider<'c> {
    /// Asks the server what it offers. Returns `None` where people can't sign in through the browser.
    pub fn discover(client: &'c Client) -> Result<Option<Self>, Failure> {
        let answer = match client.get(TRIED, METADATA, &[]) {
            Ok(answer) => answer,
            Err(failure) if failure.code == Some(ProblemCode::NotFound) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let metadata: Metadata = answer.read()?;
        let server = client.server();
        // RFC 8414, 3.3: metadata of another issuer would lead the browser to another server.
        if !Server::parse(&metadata.issuer, true).is_ok_and(|issuer| issuer.is_same(server)) {
            let issuer = printable(&metadata.issuer);
            return Err(Failure::failed(format!("could not sign in through the browser at {server}"))
                .caused_by(format!("this server's public URL is {issuer}, and people sign in there alone"))
                .hint(format!(
                    "run `uptrakit auth login --server {issuer}`, or stay at this address with `uptrakit auth login --password`"
                )));
        }
        let path = |endpoint: &str| {
            let path = endpoint.strip_prefix(&metadata.issuer).filter(|path| path.starts_with('/'));
            path.map(str::to_owned).ok_or_else(|| answer.foreign("its metadata lead to another server"))
        };
        Ok(Some(Self {
            client,
            authorization_path: path(&metadata.authorization_endpoint)?,
            token_path: path(&metadata.token_endpoint)?,
            device_path: metadata.device_authorization_endpoint.as_deref().map(path).transpose()?,
            issuer: metadata.issuer,
        }))
    }

    pub fn server(&self) -> &Server {
        self.client.server()
    }

    fn resource(&self) -> String {
        format!("{}/api/v1", self.issuer)
    }

    /// Returns the address that the browser opens. Without a scope the token inherits the account's permissions.
    pub fn authorization_url(&self, redirect_uri: &str, state: &str, pkce: &Pkce, token_name: &str) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", CLIENT_ID)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("code_challenge", &pkce.challenge())
            .append_pair("code_challenge_method", "S256")
            .append_pair("state", state)
            .append_pair("resource", &self.resource())
            .append_pair("token_name", token_name)
            .finish();
        format!("{}{}?{query}", self.issuer, self.authorization_path)
    }

    pub fn code(&self, callback: &Callback) -> Result<String, Failure> {
        // RFC 9207: the answer of another issuer would hand this server's code to that one, or the other way round.
        if callback.parameter("iss") != Some(&self.issuer) {
            return Err(Failure::failed("could not sign in")
                .caused_by(format!("the answer in the browser is not from {}", self.issuer))
                .hint("nothing was saved; run `uptrakit auth login` again, and sign in at no other server meanwhile"));
        }
        if let Some(code) = callback.parameter("code") {
            return Ok(code.to_owned());
        }
        let error = callback.parameter("error").unwrap_or("no code");
        let said = callback.parameter("error_description").unwrap_or(error);
        let mut failure = Failure::failed("could not sign in")
            .caused_by(format!("the server answered in the browser: {}", printable(said)))
            .hint("nothing was saved; run `uptrakit auth login` again");
        failure.oauth = Some(OAuthError::of_name(error));
        Err(failure)
    }

    pub fn exchange(&self, code: &str, redirect_uri: &str, pkce: &Pkce) -> Result<TokenSecret, Failure> {
        let answer = self.client.post_form(
            TRIED,
            &self.token_path,
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", redirect_uri),
                ("client_id", CLIENT_ID),
                ("code_verifier", pkce.verifier()),
                ("resource", &self.resource()),
            ],
        )?;
        token(&answer)
    }

    /// Asks for a code that a person enters in a browser. `None` means that the server has no such codes.
    pub fn device_grant(&self, token_name: &str) -> Result<Option<DeviceGrant>, Failure> {
        let Some(path) = &self.device_path else { return Ok(None) };
        let fields = [("client_id", CLIENT_ID), ("resource", &self.resource()), ("token_name", token_name)];
        let answer = self.client.post_form(TRIED, path, &fields)?;
        let device: DeviceAnswer = answer.read()?;
        if !device.verification_uri.starts_with(&format!("{}/", self.issuer)) {
            return Err(answer.foreign("it leads to another server"));
        }
        Ok(Some(DeviceGrant {
            user_code: printable(&device.user_code),
            address: printable(&device.verification_uri),
            lifetime: Duration::from_secs(device.expires_in),
            interval: device.interval.map_or(INTERVAL, Duration::from_secs).max(SHORTEST_INTERVAL),
            device_code: device.device_code,
        }))
    }

    /// Asks whether the code was entered. `Failure::oauth` says what to do next.
    pub fn poll(&self, grant: &DeviceGrant) -> Result<TokenSecret, Failure> {
        let answer = self.client.post_form(
            TRIED,
            &self.token_path,
            &[
                ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                ("device_code", &grant.device_code),
                ("client_id", CLIENT_ID),
                ("resource", &self.resource()),
            ],
        )?;
        token(&answer)
    }
}

impl DeviceGrant {
    /// Returns the pause before the next poll after a failure that another poll may cure.
    pub fn next_interval(interval: Duration, failure: &Failure) -> Option<Duration> {
        match failure.oauth {
            Some(OAuthError::AuthorizationPending) => Some(interval),
            Some(OAuthError::SlowDown) => Some(interval + INTERVAL),
            // RFC 8628, 3.5: a server that does not answer is asked less and less often.
            _ => failure.is_of_outage().then_some(interval * 2),
        }
    }
}

fn token(answer: &Answer) -> Result<TokenSecret, Failure> {
    let text = answer.read::<TokenAnswer>()?.access_token;
    TokenSecret::parse(&text)
        .map_err(|_| Failure::failed("could not sign in").caused_by("the server sent a token that is none"))
}

#[cfg(test)]
mod tests {
    use super::{DeviceGrant, INTERVAL};
    use crate::failure::{Exit, Failure, OAuthError};
    use std::time::Duration;

    #[test]
    fn polls_become_rarer_where_the_server_asks_for_it_and_end_where_nothing_can_come() {
        let failure = |exit, oauth| {
            let mut failure = Failure::new(exit, "");
            failure.oauth = oauth;
            failure
        };
        for (failure, expected) in [
            (failure(Exit::Failed, Some(OAuthError::AuthorizationPending)), Some(5)),
            (failure(Exit::Failed, Some(OAuthError::SlowDown)), Some(10)),
            (failure(Exit::Unreachable, None), Some(10)),
            (failure(Exit::Failed, Some(OAuthError::TemporarilyUnavailable)), Some(10)),
            (failure(Exit::Failed, Some(OAuthError::AccessDenied)), None),
            (failure(Exit::Failed, Some(OAuthError::ExpiredToken)), None),
            (failure(Exit::Failed, Some(OAuthError::Other)), None),
            (failure(Exit::Failed, None), None),
        ] {
            assert_eq!(
                DeviceGrant::next_interval(INTERVAL, &failure),
                expected.map(Duration::from_secs),
                "{failure:?}"
            );
        }
    }
}

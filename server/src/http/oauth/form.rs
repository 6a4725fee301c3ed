//! The parameters of a request to an endpoint that programs call, and the application that sends it.

use std::collections::HashSet;

use axum::{
    extract::{FromRequest, Request},
    http::header,
};
use uptrakit_api::{ApplicationId, Permissions};
use uptrakit_core::{
    auth::{
        context::RequestContext,
        rate_limit::{ClientNetwork, RateLimiter},
    },
    domain::oauth::{
        applications::{self, Application},
        error::OAuthError,
        resource::{InvalidTarget, Resource},
        scope::{self, InvalidScope},
    },
    state::Core,
};

use super::answer::OAuthErrorResponse;
use crate::http::{body, caller::request_context};

/// A form, in which no parameter stands twice but `resource`. A parameter without a value counts as left out (RFC 6749,
/// section 3.2).
#[derive(Debug)]
pub struct Form {
    parameters: Vec<(String, String)>,
    pub context: RequestContext,
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = OAuthErrorResponse;

    async fn from_request(request: Request, _: &S) -> Result<Self, OAuthErrorResponse> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let why = "Send a form: Content-Type: application/x-www-form-urlencoded.";
            return Err(OAuthError::refuse("invalid_request", why).into());
        }
        let bytes = body::read(&parts.headers, body).await?;
        let mut parameters: Vec<(String, String)> = Vec::new();
        let mut names = HashSet::new();
        for (name, value) in form_urlencoded::parse(&bytes) {
            if name != "resource" && !names.insert(name.clone()) {
                return Err(OAuthError::refuse("invalid_request", "A parameter is there twice.").into());
            }
            if !value.is_empty() {
                parameters.push((name.into_owned(), value.into_owned()));
            }
        }
        Ok(Self { parameters, context: request_context(&parts) })
    }
}

impl Form {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub fn require(&self, name: &'static str) -> Result<&str, OAuthError> {
        let missing = || OAuthError::Refused("invalid_request", format!("The parameter {name} is missing.").into());
        self.get(name).ok_or_else(missing)
    }

    /// Finds the application that `client_id` names, and counts its request.
    pub async fn application(&self, core: &Core) -> Result<Application, OAuthError> {
        self.application_within(core, &core.oauth_limits.token).await
    }

    pub async fn application_within(
        &self,
        core: &Core,
        limit: &RateLimiter<(Option<ApplicationId>, ClientNetwork)>,
    ) -> Result<Application, OAuthError> {
        let client_id = self.require("client_id")?;
        let found = applications::find(core, client_id).await?;
        let key = (found.as_ref().map(|application| application.id), ClientNetwork::from(self.context.address));
        if let Some(wait) = limit.fail(key, core.clock.now()) {
            return Err(OAuthError::TooManyRequests(wait));
        }
        found.ok_or_else(OAuthError::unknown_client)
    }

    /// Reads the parameters `resource` (RFC 8707); `None` when there is none.
    pub fn resource(&self, core: &Core, application: &Application) -> Result<Option<Resource>, OAuthError> {
        let named = || self.parameters.iter().filter(|(name, _)| name == "resource").map(|(_, value)| value.as_str());
        if named().next().is_none() {
            return Ok(None);
        }
        let parsed = Resource::parse(named(), &core.public_url, application.is_command_line());
        parsed.map(Some).map_err(|InvalidTarget(why)| OAuthError::refuse("invalid_target", why))
    }

    /// Reads the parameter `scope`; `None` when it is left out.
    pub fn scope(&self) -> Result<Option<Permissions>, OAuthError> {
        let Some(names) = self.get("scope") else { return Ok(None) };
        let parsed = scope::parse(Some(names));
        parsed.map(Some).map_err(|InvalidScope| OAuthError::refuse("invalid_scope", "None of the scopes exists here."))
    }
}

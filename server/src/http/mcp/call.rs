//! One request to the MCP endpoint, as tools and resources see it.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use uptrakit_api::Permission;
use uptrakit_core::{
    auth::{
        authorized::{AnyCredential, Authorized, Requirement},
        credential::{AuthError, Need},
    },
    error::Error,
};

use crate::{App, http::body::field_error};

#[derive(Clone, Debug)]
pub struct Call {
    pub app: App,
    pub actor: Arc<Authorized<AnyCredential>>,
}

#[derive(Debug)]
pub enum Stop {
    /// A sentence for the model, which can do better next time.
    Told(String),
    /// The whole request is refused as the JSON API refuses it: with a status, and a challenge where one helps.
    Refused(Error),
}

impl Call {
    pub fn new(app: App, actor: Authorized<AnyCredential>) -> Self {
        Self { app, actor: Arc::new(actor) }
    }

    /// Returns the proof that the connection may do what `R` says. A connection that was not given the permission is
    /// refused so that its client asks for it; where the account lacks it, asking again could not help.
    pub fn require<R: Requirement>(&self) -> Result<Authorized<R>, Stop> {
        if let Need::Permission(permission) = R::NEED {
            self.require_of_account(permission)?;
        }
        Ok(self.actor.require_from_now_on()?)
    }

    /// Checks what a tool needs before its arguments are read.
    pub fn require_permission(&self, permission: Permission) -> Result<(), Stop> {
        self.require_of_account(permission)?;
        Ok(self.actor.check(Need::Permission(permission))?)
    }

    fn require_of_account(&self, permission: Permission) -> Result<(), Stop> {
        if self.actor.account_permissions().contains(permission) { Ok(()) } else { Err(lacking(permission)) }
    }
}

fn lacking(permission: Permission) -> Stop {
    Stop::Told(format!(
        "Your account lacks the permission {permission}, so no connection of it can do this. An administrator can give the \
         account a role with that permission."
    ))
}

pub fn parse_arguments<T: DeserializeOwned>(arguments: rmcp::model::JsonObject) -> Result<T, Stop> {
    serde_path_to_error::deserialize(serde_json::Value::Object(arguments)).map_err(|error| {
        let path = error.path().to_string();
        field_error(&path, &error.inner().to_string()).into()
    })
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(errors) => {
                let sentences = errors.iter().map(|error| format!("The argument {} {}.", error.field, error.message));
                Self::Told(sentences.collect::<Vec<_>>().join(" "))
            }
            Error::NotFound
            | Error::Conflict(_)
            | Error::NotActive(_)
            | Error::NameTaken
            | Error::LimitReached(_)
            | Error::BeyondOwnLimits(_)
            | Error::MorePermissions(_)
            | Error::LastAdministrator => Self::Told(error.problem().detail),
            error => Self::Refused(error),
        }
    }
}

impl From<AuthError> for Stop {
    fn from(error: AuthError) -> Self {
        Self::Refused(error.into())
    }
}

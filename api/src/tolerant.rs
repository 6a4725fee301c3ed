//! The answers as a program reads them that may be older or newer than its server. Most fields may be missing, because
//! older servers leave them out, and permissions, roles and states are text, because a newer server may send some that
//! this version does not know. Requests have the exact types alone. A test compares the fields with those of the exact
//! types.
#![expect(missing_docs, reason = "the exact types of the same names say what their fields are")]

use crate::{ProblemCode, Secret, Timestamp};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Page<T> {
    pub items: Vec<T>,
    pub total: u64,
    #[serde(default)]
    pub total_pages: u64,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Me {
    pub username: String,
    #[serde(default)]
    pub email: String,
    #[serde(default)]
    pub roles: Vec<String>,
    #[serde(default)]
    pub permissions: Vec<String>,
    #[serde(default)]
    pub token: Option<Token>,
}

impl Me {
    /// Returns the id of the token that was presented, if one was.
    #[must_use]
    pub fn token_id(&self) -> Option<String> {
        self.token.as_ref().map(|token| token.id.clone())
    }
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Token {
    pub id: String,
    pub name: String,
    /// The visible part of the secret, such as `upk_AbCd…WxYz`.
    #[serde(default)]
    pub hint: String,
    #[serde(default)]
    pub state: String,
    /// The token has all permissions of its account when this is `None`.
    #[serde(default)]
    pub permissions: Option<Vec<String>>,
    /// The token works from every network when this is `None`.
    #[serde(default)]
    pub allowed_networks: Option<Vec<String>>,
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
    #[serde(default)]
    pub last_used_ip: Option<String>,
    #[serde(default)]
    pub revoked_at: Option<Timestamp>,
    #[serde(default)]
    pub revoked_by: Option<String>,
    #[serde(default)]
    pub held_at: Option<Timestamp>,
    #[serde(default)]
    pub rotation: Option<Rotation>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Rotation {
    #[serde(default)]
    pub old_hint: String,
    pub overlap_ends_at: Timestamp,
    #[serde(default)]
    pub old_last_used_at: Option<Timestamp>,
    #[serde(default)]
    pub old_last_used_ip: Option<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct CreatedToken {
    #[serde(flatten)]
    pub fields: Token,
    #[serde(rename = "token")]
    pub secret: Secret,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Host {
    pub id: String,
    pub hostname: String,
    #[serde(default)]
    pub machine_id: String,
    #[serde(default)]
    pub friendly_name: Option<String>,
    #[serde(default)]
    pub os_name: String,
    #[serde(default)]
    pub os_version: String,
    #[serde(default)]
    pub kernel: String,
    #[serde(default)]
    pub architecture: String,
    #[serde(default)]
    pub pending_updates: Option<u64>,
    #[serde(default)]
    pub security_updates: Option<u64>,
    #[serde(default)]
    pub reboot_required: Option<bool>,
    /// The server noticed at this time that several machines report as this host.
    #[serde(default)]
    pub shared_machine_id_at: Option<Timestamp>,
    #[serde(default)]
    pub last_seen_at: Option<Timestamp>,
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

impl Host {
    /// Returns the name that people gave the host, else its host name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.friendly_name.as_deref().unwrap_or(&self.hostname)
    }
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Problem {
    #[serde(default)]
    pub detail: String,
    /// The stable name of the problem. Its presence tells an Uptrakit server from others.
    pub code: String,
    #[serde(default)]
    pub request_id: String,
    #[serde(default)]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// Returns the code if this version knows it.
    #[must_use]
    pub fn known_code(&self) -> Option<ProblemCode> {
        ProblemCode::ALL.iter().copied().find(|code| code.as_str() == self.code)
    }
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::{CreatedToken, FieldError, Host, Me, Page, Problem, Rotation, Token};
    use serde::{Serialize, de::DeserializeOwned};
    use serde_json::{Value, json};

    const AT: &str = "2030-01-31T12:00:00.000Z";

    fn token() -> Value {
        json!({
            "id": "019c0000-0000-7000-8000-000000000001", "name": "ci", "hint": "upk_Ab3d…9xYz", "state": "active",
            "permissions": ["hosts:read"], "allowed_networks": ["10.0.0.0/8"], "created_at": AT, "expires_at": AT,
            "last_used_at": AT, "last_used_ip": "10.0.3.7", "revoked_at": AT, "revoked_by": "ada",
            "held_at": AT,
            "rotation": {"old_hint": "upk_Ab3d…9xYz", "overlap_ends_at": AT, "old_last_used_at": AT, "old_last_used_ip": "::1"},
        })
    }

    fn host() -> Value {
        json!({
            "id": "019c0000-0000-7000-8000-000000000002", "machine_id": "b08d", "hostname": "web-1",
            "friendly_name": "Web", "os_name": "Debian", "os_version": "12", "kernel": "6.1", "architecture": "x86_64",
            "pending_updates": 2, "security_updates": 1, "reboot_required": true, "shared_machine_id_at": AT,
            "last_seen_at": AT, "created_at": AT, "updated_at": AT,
        })
    }

    fn with(mut object: Value, more: Value) -> Value {
        let (Value::Object(object_fields), Value::Object(more)) = (&mut object, more) else { unreachable!() };
        object_fields.extend(more);
        object
    }

    /// Checks that the exact type reads and writes the same object, and that the tolerant one reads each of its own
    /// fields from it. `null` would be a field that the object does not have.
    fn agree<Exact: DeserializeOwned + Serialize, Tolerant: DeserializeOwned + Serialize>(object: &Value) {
        let exact: Exact = serde_json::from_value(object.clone()).unwrap();
        assert_eq!(serde_json::to_value(exact).unwrap(), *object);
        let tolerant: Tolerant = serde_json::from_value(object.clone()).unwrap();
        let Value::Object(fields) = serde_json::to_value(tolerant).unwrap() else { unreachable!() };
        for (name, value) in fields {
            assert_eq!(object.get(&name), Some(&value), "{name}");
        }
    }

    #[test]
    fn every_field_is_one_of_the_exact_type() {
        let account = json!({
            "id": "019c0000-0000-7000-8000-000000000003", "username": "ada", "email": "ada@example.org",
            "roles": ["viewer"], "permissions": ["hosts:read"], "created_at": AT,
        });
        agree::<crate::Token, Token>(&token());
        agree::<crate::Rotation, Rotation>(&token()["rotation"]);
        agree::<crate::CreatedToken, CreatedToken>(&with(token(), json!({"token": "upk_secret"})));
        agree::<crate::Host, Host>(&host());
        agree::<crate::Me, Me>(&with(account, json!({"token": token()})));
        agree::<crate::Page<crate::Host>, Page<Host>>(
            &json!({"items": [host()], "total": 1, "page": 1, "per_page": 20, "total_pages": 1}),
        );
        let error = json!({"field": "name", "message": "is taken"});
        agree::<crate::FieldError, FieldError>(&error);
        agree::<crate::Problem, Problem>(&json!({
            "type": "about:blank", "title": "Name is taken", "status": 409, "detail": "Choose another.",
            "code": "name-taken", "request_id": "r", "errors": [error],
        }));
    }

    #[test]
    fn an_older_server_may_leave_fields_out_and_a_newer_one_may_send_more() {
        let old: Token = serde_json::from_value(json!({"id": "1", "name": "ci"})).unwrap();
        assert_eq!((old.state.as_str(), old.permissions), ("", None));
        let new = with(token(), json!({"state": "dormant", "permissions": ["hosts:dream"], "colour": "blue"}));
        let new: Token = serde_json::from_value(new).unwrap();
        assert_eq!((new.state.as_str(), new.permissions), ("dormant", Some(vec!["hosts:dream".to_owned()])));
        let problem: Problem = serde_json::from_value(json!({"code": "new-kind"})).unwrap();
        assert_eq!(problem.known_code(), None);
    }
}

//! The limits of a token, and the rule that no credential makes or changes one with more than its own.

use ipnet::IpNet;
use uptrakit_api::{FieldError, Permission, Permissions, Timestamp};
use uptrakit_store::tokens::TokenRow;

use crate::{
    auth::credential::{Credential, InconsistentRow, parse_networks},
    domain::Grant,
    error::Error,
    network::{InvalidNetwork, parse_network},
};

pub(super) const LONGEST_NAME: usize = 64;
const MOST_NETWORKS: usize = 100;

/// The limits of a token. `None` means no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) permissions: Option<Permissions>,
    pub(super) networks: Option<Box<[IpNet]>>,
    pub(super) expires_at: Option<Timestamp>,
}

impl Limits {
    pub(super) fn of_row(row: &TokenRow) -> Result<Self, InconsistentRow> {
        let permissions = row.permissions.as_ref().map(|names| names.parse()).transpose();
        Ok(Self {
            permissions: permissions.map_err(|_| InconsistentRow("permission"))?,
            networks: row.networks.as_deref().map(parse_networks).transpose()?,
            expires_at: row.expires_at,
        })
    }

    pub(super) fn of(grant: &Grant) -> Self {
        match &grant.credential {
            Credential::Token(token) => {
                Self { permissions: token.permissions, networks: token.networks.clone(), expires_at: token.expires_at }
            }
            Credential::Access(access) => {
                Self { permissions: Some(access.permissions), networks: None, expires_at: Some(access.expires_at) }
            }
            Credential::Session(_) => Self { permissions: None, networks: None, expires_at: None },
        }
    }

    /// Rejects limits that exceed these: more permissions, wider networks, or a later end.
    pub(super) fn admit(&self, asked: &Self) -> Result<(), Error> {
        if let Some(own) = self.permissions {
            let more = asked.permissions.unwrap_or(Permissions::ALL).without(own);
            if !more.is_empty() {
                return Err(Error::MorePermissions(more));
            }
        }
        if let Some(own) = &self.networks {
            let inside = |net: &IpNet| own.iter().any(|outer| outer.contains(net));
            if !asked.networks.as_ref().is_some_and(|networks| networks.iter().all(inside)) {
                return Err(Error::BeyondOwnLimits("wider networks"));
            }
        }
        if let Some(own) = self.expires_at
            && asked.expires_at.is_none_or(|end| end > own)
        {
            return Err(Error::BeyondOwnLimits("a later end"));
        }
        Ok(())
    }

    pub(super) fn permissions_text(&self) -> Option<String> {
        self.permissions.map(|set| set.to_string())
    }

    pub(super) fn networks_text(&self) -> Option<String> {
        let join = |networks: &[IpNet]| networks.iter().map(IpNet::to_string).collect::<Vec<_>>().join(" ");
        self.networks.as_deref().map(join)
    }
}

pub(super) fn refuse_beyond_account(grant: &Grant, asked: Permissions) -> Result<(), Error> {
    let more = asked.without(grant.account.roles.permissions());
    if more.is_empty() { Ok(()) } else { Err(Error::MorePermissions(more)) }
}

pub(super) fn parse_permissions(names: &[String]) -> Result<Permissions, String> {
    names
        .iter()
        .map(|name| name.parse::<Permission>().map_err(|unknown| format!("has an entry that {unknown}")))
        .collect()
}

pub(super) fn parse_allowed_networks(texts: &[String]) -> Result<Box<[IpNet]>, String> {
    if texts.is_empty() {
        return Err("must name at least one network; leave it out or null to allow any".into());
    }
    if texts.len() > MOST_NETWORKS {
        return Err(format!("must have at most {MOST_NETWORKS} entries"));
    }
    let parse = |text: &String| {
        parse_network(text).map_err(|invalid| match invalid {
            InvalidNetwork::Form => {
                "has an entry that is not a network; write each like 10.0.0.0/8 or 2001:db8::/32".to_owned()
            }
            InvalidNetwork::BitsBehindPrefix(meant) => {
                format!("has an entry with bits behind its prefix; did you mean {meant}?")
            }
        })
    };
    let mut networks = texts.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    networks.sort_unstable();
    networks.dedup();
    Ok(networks.into())
}

pub(super) fn collect<T>(errors: &mut Vec<FieldError>, field: &str, outcome: Result<T, String>) -> Option<T> {
    outcome.map_err(|message| errors.push(FieldError { field: field.into(), message })).ok()
}

#[cfg(test)]
mod tests {
    use super::{Limits, parse_allowed_networks};
    use proptest::prelude::*;
    use uptrakit_api::{Permission, Permissions, Timestamp};

    fn networks(texts: &[&str]) -> Result<Vec<String>, String> {
        let owned: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        parse_allowed_networks(&owned).map(|nets| nets.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn networks_are_read_in_every_form_and_kept_in_one() {
        assert_eq!(
            networks(&["10.0.0.0/8", "192.168.1.7", "::ffff:172.16.0.0/108", "2001:db8::/32"]).unwrap(),
            ["10.0.0.0/8", "172.16.0.0/12", "192.168.1.7/32", "2001:db8::/32"]
        );
        for wrong in ["10.0.0.1/8", "10.0.0.0/33", "2001:db8::1/32", "here", "", "10.0.0.0/-1", "010.0.0.0/8"] {
            assert!(networks(&[wrong]).is_err(), "{wrong} was accepted");
        }
        assert!(networks(&[]).is_err());
    }

    #[test]
    fn a_token_admits_only_what_is_within_its_own_limits() {
        let net = |text: &str| Some(parse_allowed_networks(&[text.to_owned()]).unwrap());
        let own = Limits {
            permissions: Some(Permissions::of(&[Permission::HostsRead, Permission::TokensWrite])),
            networks: net("10.0.0.0/8"),
            expires_at: Some(Timestamp(1_000)),
        };
        let with = |change: &dyn Fn(&mut Limits)| {
            let mut asked = own.clone();
            change(&mut asked);
            own.admit(&asked).is_ok()
        };
        assert!(with(&|_| {}));
        assert!(with(&|asked| asked.permissions = Some(Permissions::NONE)));
        assert!(with(&|asked| asked.networks = net("10.1.0.0/16")));
        assert!(with(&|asked| asked.expires_at = Some(Timestamp(999))));
        assert!(!with(&|asked| asked.permissions = None));
        assert!(!with(&|asked| asked.permissions = Some(Permissions::of(&[Permission::HostsWrite]))));
        assert!(!with(&|asked| asked.networks = None));
        assert!(!with(&|asked| asked.networks = net("10.0.0.0/7")));
        assert!(!with(&|asked| asked.expires_at = None));
        assert!(!with(&|asked| asked.expires_at = Some(Timestamp(1_001))));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(texts in proptest::collection::vec("\\PC{0,50}", 0..4)) {
            let _ = parse_allowed_networks(&texts);
        }
    }
}

//! Roles and permissions. Roles grant permissions to an account, and a token of the account can have a subset of these.
//! Both sets fit in a byte, so that a request needs one instruction to intersect or compare them. Decision 9
//! says why the macro is not made of enumset and strum.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! names {
    (
        $(#[$doc:meta])* $name:ident, $(#[$set_doc:meta])* $set:ident, $unknown:ident, $what:literal;
        $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, in the order in which pages and documents list them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Returns the name that the API and the database use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        #[doc = concat!("No ", $what, " has this name.")]
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("is no {}; known are: {}", $what, $name::ALL.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", "))]
        pub struct $unknown;

        impl std::str::FromStr for $name {
            type Err = $unknown;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err($unknown) }
            }
        }

        $(#[$set_doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $set(u8);

        impl $set {
            /// The empty set.
            pub const NONE: Self = Self(0);

            /// Returns the set that contains the given items.
            #[must_use]
            pub const fn of(items: &[$name]) -> Self {
                let mut bits = 0;
                let mut index = 0;
                while index < items.len() {
                    bits |= 1 << items[index] as u8;
                    index += 1;
                }
                Self(bits)
            }

            /// Returns true when the set contains the item.
            #[must_use]
            pub const fn contains(self, item: $name) -> bool {
                self.0 & (1 << item as u8) != 0
            }

            /// Returns the items that are in both sets.
            #[must_use]
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// Returns the items of this set that are not in `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// Returns true when the set is empty.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Returns the items of the set, in the order of `ALL`.
            pub fn iter(self) -> impl Iterator<Item = $name> {
                $name::ALL.iter().copied().filter(move |item| self.contains(*item))
            }
        }

        impl FromIterator<$name> for $set {
            fn from_iter<I: IntoIterator<Item = $name>>(items: I) -> Self {
                items.into_iter().fold(Self::NONE, |set, item| Self(set.0 | Self::of(&[item]).0))
            }
        }

        /// Writes the names with a space between them: the form in the database and in the `scope` of a challenge (RFC
        /// 6750).
        impl std::fmt::Display for $set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                for (index, item) in self.iter().enumerate() {
                    if index > 0 {
                        f.write_str(" ")?;
                    }
                    f.write_str(item.as_str())?;
                }
                Ok(())
            }
        }

        impl std::str::FromStr for $set {
            type Err = $unknown;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.split_whitespace().map(str::parse).collect()
            }
        }

        impl Serialize for $set {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.iter())
            }
        }

        impl<'de> Deserialize<'de> for $set {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Vec::<$name>::deserialize(deserializer)?.into_iter().collect())
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $set {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                crate::openapi::some_of($name::ALL.iter().map(|name| name.as_str()))
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $set {}
    };
}

names! {
    /// A permission of an account or of one of its tokens.
    Permission,
    /// A set of permissions, written as a list of their names. Example: `["hosts:read", "hosts:report"]`.
    Permissions, UnknownPermission, "permission";
    /// Allows reading hosts and following their changes.
    HostsRead = "hosts:read",
    /// Allows sending reports of hosts.
    HostsReport = "hosts:report",
    /// Allows renaming and deleting hosts.
    HostsWrite = "hosts:write",
    /// Allows creating, changing, rotating and revoking the account's own API tokens.
    TokensWrite = "tokens:write",
    /// Allows adding people, setting their roles, deactivating them and revoking their tokens.
    UsersManage = "users:manage",
    /// Allows reading the audit events of all accounts.
    AuditRead = "audit:read",
}

names! {
    /// A role of an account, which grants permissions. An account has one or more roles.
    Role,
    /// A set of roles, written as a list of their names. Example: `["operator"]`.
    Roles, UnknownRole, "role";
    /// Can read hosts, and manage the account's own tokens.
    Viewer = "viewer",
    /// Can read, report, rename and delete hosts, and manage the account's own tokens.
    Operator = "operator",
    /// Has every permission that exists.
    Administrator = "administrator",
}

impl Permissions {
    /// The set of all permissions.
    pub const ALL: Self = Self::of(Permission::ALL);
}

impl Permission {
    /// Returns the description that the web interface shows for the permission.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::HostsRead => "See hosts and their pending updates",
            Self::HostsReport => "Report a host's state",
            Self::HostsWrite => "Rename and delete hosts",
            Self::TokensWrite => "Manage your own tokens",
            Self::UsersManage => "Add people and change what they may do",
            Self::AuditRead => "Read everybody's activity",
        }
    }
}

impl Roles {
    /// Returns the permissions that the roles grant together.
    #[must_use]
    pub fn permissions(self) -> Permissions {
        use Permission::{HostsRead, HostsReport, HostsWrite, TokensWrite};
        if self.contains(Role::Administrator) {
            Permissions::ALL
        } else if self.contains(Role::Operator) {
            Permissions::of(&[HostsRead, HostsReport, HostsWrite, TokensWrite])
        } else if self.contains(Role::Viewer) {
            Permissions::of(&[HostsRead, TokensWrite])
        } else {
            Permissions::NONE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Permission, Permissions, Role, Roles};

    #[test]
    fn roles_grant_what_the_contract_says() {
        let granted = |role| Roles::of(&[role]).permissions().to_string();
        assert_eq!(granted(Role::Viewer), "hosts:read tokens:write");
        assert_eq!(granted(Role::Operator), "hosts:read hosts:report hosts:write tokens:write");
        assert_eq!(Roles::of(&[Role::Administrator]).permissions(), Permissions::ALL);
        assert_eq!(Roles::NONE.permissions(), Permissions::NONE);
    }

    #[test]
    fn sets_survive_their_text() {
        for bits in 0..64 {
            let set: Permissions =
                Permission::ALL.iter().copied().filter(|item| bits & (1 << *item as u8) != 0).collect();
            assert_eq!(set.to_string().parse(), Ok(set));
            assert_eq!(set.without(Permissions::ALL), Permissions::NONE);
        }
        assert!("hosts:read hosts:everything".parse::<Permissions>().is_err());
    }
}

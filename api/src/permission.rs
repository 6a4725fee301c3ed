//! What an account may do: roles grant permissions, a token's power is a subset of them.
//! Both sets fit a byte, so that intersecting and comparing them costs one instruction per request.

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
            /// All of them, in the order in which they are shown.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name on the wire and in the database.
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
            /// The set with nothing in it.
            pub const NONE: Self = Self(0);

            /// The set of these.
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

            /// Whether it is in the set.
            #[must_use]
            pub const fn contains(self, item: $name) -> bool {
                self.0 & (1 << item as u8) != 0
            }

            /// What is in both.
            #[must_use]
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// What is here and not in `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// Whether nothing is in it.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// What is in it, in the order in which it is shown.
            pub fn iter(self) -> impl Iterator<Item = $name> {
                $name::ALL.iter().copied().filter(move |item| self.contains(*item))
            }
        }

        impl FromIterator<$name> for $set {
            fn from_iter<I: IntoIterator<Item = $name>>(items: I) -> Self {
                items.into_iter().fold(Self::NONE, |set, item| Self(set.0 | Self::of(&[item]).0))
            }
        }

        /// The names with a space between them, as the database and a challenge's `scope` (RFC 6750) have them.
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
    /// One thing that an account, or a token of it, may do.
    Permission,
    /// A set of permissions.
    Permissions, UnknownPermission, "permission";
    /// See hosts and follow their changes.
    HostsRead = "hosts:read",
    /// Send a host's state.
    HostsReport = "hosts:report",
    /// Rename and delete hosts.
    HostsWrite = "hosts:write",
    /// Create, edit, rotate and revoke one's own API tokens.
    TokensWrite = "tokens:write",
    /// Add people, set their roles, deactivate them.
    UsersManage = "users:manage",
    /// Read everybody's audit events.
    AuditRead = "audit:read",
}

names! {
    /// What an account is here for. An account has one or more.
    Role,
    /// A set of roles.
    Roles, UnknownRole, "role";
    /// Sees hosts.
    Viewer = "viewer",
    /// Sees, reports and changes hosts.
    Operator = "operator",
    /// May do everything.
    Administrator = "administrator",
}

impl Permissions {
    /// Every permission there is.
    pub const ALL: Self = Self::of(Permission::ALL);
}

impl Permission {
    /// What it allows, in plain words, as the interface says it.
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
    /// What these roles grant together.
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

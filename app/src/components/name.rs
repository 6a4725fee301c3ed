//! A name in bold. That of a machine is broken after a dot before it is broken elsewhere.

use crate::dom::{El, el};

/// The name; `class` says how it stands there.
pub fn name(name: &str, class: &str) -> El {
    name.split_inclusive('.').fold(el("strong", class), |strong, part| strong.child(part).child(el("wbr", "")))
}

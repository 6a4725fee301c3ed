//! A short word on a tinted ground: a role, a state. The word alone carries the meaning, the tint only helps.

use crate::dom::{El, el};

/// A badge; `tone` is `neutral`, `good`, `warn` or `bad`.
pub fn badge(text: &str, tone: &str) -> El {
    el("span", "badge").attr("data-tone", tone).child(text)
}

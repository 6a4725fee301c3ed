//! An instant as people say it, with the whole of it as the tooltip.

use crate::{
    clock,
    dom::{El, el, live},
};
use uptrakit_api::Timestamp;

/// "3 minutes ago", kept true as time goes by.
pub fn instant(at: Timestamp) -> El {
    time(at).child(live(move || clock::relative(at, clock::ticking())))
}

/// Its day.
pub fn date(at: Timestamp) -> El {
    time(at).child(clock::date(at))
}

fn time(at: Timestamp) -> El {
    el("time", "").attr("datetime", &at.to_string()).attr("title", &clock::full(at))
}

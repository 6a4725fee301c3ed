//! The end of a token: as an instant or as a lifetime, within what the administrator has set.

use uptrakit_api::Timestamp;

use crate::state::Core;

const DAY_MILLIS: i64 = 86_400_000;

pub(super) fn latest_end(core: &Core, now: Timestamp) -> Option<Timestamp> {
    let days = core.token_rules.longest_lifetime_days?;
    Some(now.plus_millis(i64::from(days) * DAY_MILLIS))
}

pub(super) fn parse_end(core: &Core, text: &str) -> Result<Timestamp, String> {
    let end = Timestamp::parse(text).map_err(|error| error.to_string())?;
    let now = core.clock.now();
    if end <= now {
        return Err("must be in the future".into());
    }
    // A form that offers "365 days" is sent a moment after it computed the end.
    if latest_end(core, now).is_some_and(|latest| end > latest.plus_millis(60_000)) {
        let days = core.token_rules.longest_lifetime_days.unwrap_or_default();
        return Err(format!("must be at most {days} {} from now; the administrator has set that", days_word(days)));
    }
    Ok(end)
}

/// Returns the lifetime in milliseconds. Only the server's clock is involved, so that the maximum is exact.
pub(super) fn parse_lifetime(core: &Core, seconds: i64) -> Result<i64, String> {
    if seconds < 1 {
        return Err("must be at least 1".into());
    }
    if let Some(days) = core.token_rules.longest_lifetime_days
        && seconds > i64::from(days) * (DAY_MILLIS / 1_000)
    {
        return Err(format!("must be at most {days} {}; the administrator has set that", days_word(days)));
    }
    let millis = seconds.checked_mul(1_000).filter(|millis| *millis <= Timestamp::MAX.millis_since(core.clock.now()));
    millis.ok_or_else(|| "must end before the year 10000; leave it out for a token without an end".into())
}

const fn days_word(days: u32) -> &'static str {
    if days == 1 { "day" } else { "days" }
}

//! How long a new token lives: the choices of the form and what they come to. The server decides in the end;
//! this keeps the form from offering what it would refuse.

use crate::relative_time::DAY;
use uptrakit_api::{Timestamp, Token};

pub const PRESETS: &[u32] = &[7, 30, 60, 90, 365];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifetime {
    Days(u32),
    /// Until the end of a day that is picked.
    Custom,
    Never,
}

/// The presets that are not above the longest lifetime, and that lifetime itself where none matches it.
pub fn offered(longest_days: Option<u32>) -> Vec<u32> {
    let longest = longest_days.unwrap_or(u32::MAX);
    let mut days: Vec<u32> = PRESETS.iter().copied().filter(|days| *days <= longest).collect();
    if let Some(longest) = longest_days.filter(|longest| !days.contains(longest) && *longest <= 365) {
        days.push(longest);
    }
    days
}

pub fn end_after_days(now: Timestamp, days: u32) -> Timestamp {
    now.plus_millis(i64::from(days) * DAY)
}

/// The lifetime that a token was made with, to make another like it: the longest that there is, if that has become
/// less. A custom one comes with its length in days.
pub fn of_token(token: &Token, longest_days: Option<u32>) -> (Lifetime, u32) {
    let longest = longest_days.unwrap_or(u32::MAX);
    let days = match token.expires_at {
        None if longest_days.is_none() => return (Lifetime::Never, 0),
        None => longest,
        Some(end) => {
            let days = (end.0 - token.created_at.0 + DAY / 2).div_euclid(DAY);
            u32::try_from(days.max(1)).unwrap_or(u32::MAX)
        }
    };
    if days >= longest {
        return (Lifetime::Days(longest), longest);
    }
    if PRESETS.contains(&days) { (Lifetime::Days(days), days) } else { (Lifetime::Custom, days) }
}

pub fn ends_soon(end: Timestamp, now: Timestamp) -> bool {
    end.0 - now.0 < 14 * DAY
}

/// Returns true when a token was used so recently that revoking it needs more than a click.
pub fn used_lately(last_used: Option<Timestamp>, now: Timestamp) -> bool {
    last_used.is_some_and(|last| now.0 - last.0 < DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uptrakit_api::{TokenId, TokenState};

    fn token(created_at: i64, expires_at: Option<i64>) -> Token {
        Token {
            id: TokenId("0190a5e0-0000-7000-8000-000000000000".parse().unwrap()),
            name: "ci".to_owned(),
            hint: "upk_Ab3d…9xYz".to_owned(),
            state: TokenState::Active,
            permissions: None,
            allowed_networks: None,
            created_at: Timestamp(created_at),
            expires_at: expires_at.map(Timestamp),
            last_used_at: None,
            last_used_ip: None,
            revoked_at: None,
            revoked_by: None,
            held_at: None,
            rotation: None,
        }
    }

    #[test]
    fn ninety_days_are_ninety_days() {
        let start = Timestamp::parse("2030-01-31T12:00:00.000Z").unwrap();
        assert_eq!(end_after_days(start, 90).to_string(), "2030-05-01T12:00:00.000Z");
    }

    #[test]
    fn no_choice_is_longer_than_the_longest_lifetime() {
        assert_eq!(offered(None), PRESETS);
        assert_eq!(offered(Some(90)), [7, 30, 60, 90]);
        assert_eq!(offered(Some(45)), [7, 30, 45]);
        assert_eq!(offered(Some(3)), [3]);
    }

    #[test]
    fn another_token_like_it_lives_as_long() {
        assert_eq!(of_token(&token(0, None), None), (Lifetime::Never, 0));
        assert_eq!(of_token(&token(1_000, Some(90 * DAY + 999)), None), (Lifetime::Days(90), 90));
        assert_eq!(of_token(&token(0, Some(10 * DAY)), Some(30)), (Lifetime::Custom, 10));
        assert_eq!(of_token(&token(0, Some(60_000)), None), (Lifetime::Custom, 1));
        assert_eq!(of_token(&token(0, None), Some(45)), (Lifetime::Days(45), 45), "there is no Never any more");
        assert_eq!(of_token(&token(0, Some(90 * DAY)), Some(45)), (Lifetime::Days(45), 45));
    }

    #[test]
    fn what_is_near_is_pointed_out() {
        assert!(ends_soon(Timestamp(14 * DAY - 1), Timestamp(0)));
        assert!(!ends_soon(Timestamp(14 * DAY), Timestamp(0)));
        assert!(used_lately(Some(Timestamp(1)), Timestamp(DAY)));
        assert!(!used_lately(Some(Timestamp(0)), Timestamp(DAY)));
        assert!(!used_lately(None, Timestamp(DAY)));
    }
}

//! Decides whether the clock is trusted before data is deleted for good. A clock that has jumped, forwards or
//! backwards, may be wrong: it has to run on for a day before data that has expired by it is deleted.

use uptrakit_api::Timestamp;
use uptrakit_store::settled::{self, SettledRow};

use crate::{
    clock::{Clock, SKEW_MILLIS},
    error::Error,
    state::Core,
};

/// A clock that is more than 2 days away from its last trusted time has jumped. A running server checks it every hour.
const LEAP_MILLIS: i64 = 2 * 86_400_000;
/// A clock that has jumped is trusted again after it has run on for a day.
const DOUBT_MILLIS: i64 = 86_400_000;

/// Records the first trusted time if there is none yet: that of the newest event in the database, or the present when
/// there is no event. A server calls this before it takes requests.
pub async fn begin(core: &Core) -> Result<(), Error> {
    let newest = {
        let mut reader = core.store.read().await?;
        if settled::get(reader.conn()).await?.settled_at.is_some() {
            return Ok(());
        }
        settled::find_newest_event(reader.conn()).await?
    };
    let settled_at = Some(newest.unwrap_or_else(|| core.clock.now()));
    let mut tx = core.store.begin().await?;
    settled::update(&mut tx, SettledRow { settled_at, unsettled_since: None }).await?;
    Ok(tx.commit().await?)
}

/// Returns true when the clock is trusted now. It records the decision, and logs a warning when distrust begins.
pub async fn is_believed(core: &Core) -> Result<bool, Error> {
    begin(core).await?;
    let mut tx = core.store.begin().await?;
    let now = core.clock.now();
    if matches!(core.clock, Clock::System)
        && let Some(database) = settled::find_database_clock(tx.conn()).await?
        && let Some(difference) = difference(now, database)
    {
        tracing::warn!("the clock of this server is {difference}; this server removes nothing until they agree");
        return Ok(false);
    }
    let known = settled::get(tx.conn()).await?;
    let decided = decide(known, now);
    settled::update(&mut tx, decided).await?;
    tx.commit().await?;
    if decided.unsettled_since == Some(now)
        && let Some(settled_at) = decided.settled_at
    {
        tracing::warn!(
            "the clock says {now}, but this database was last in use at {}; nothing that is over is removed until the \
             clock has gone on for a day. Set the clock if it is wrong",
            settled_at
        );
    }
    Ok(decided.unsettled_since.is_none())
}

/// Says how a server's clock differs from that of its database, where by more than servers may. To a clock that is
/// behind, what other servers have just made is in the future; to one that is ahead, it has expired.
fn difference(now: Timestamp, database: Timestamp) -> Option<String> {
    let ahead = now.millis_since(database);
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    (ahead.abs() > SKEW_MILLIS).then(|| format!("{} s {side} the clock of its database", ahead.abs() / 1_000))
}

fn decide(known: SettledRow, now: Timestamp) -> SettledRow {
    let believed = SettledRow { settled_at: Some(now), unsettled_since: None };
    let Some(settled_at) = known.settled_at else { return believed };
    if now.millis_since(settled_at).abs() <= LEAP_MILLIS {
        return believed;
    }
    match known.unsettled_since.map(|since| now.millis_since(since)) {
        Some(gone_on) if gone_on >= DOUBT_MILLIS => believed,
        Some(gone_on) if gone_on >= 0 => known,
        _ => SettledRow { unsettled_since: Some(now), ..known },
    }
}

#[cfg(test)]
mod tests {
    use super::{DOUBT_MILLIS, LEAP_MILLIS, SettledRow, decide, difference};
    use uptrakit_api::Timestamp;

    const SETTLED: i64 = 1_893_456_000_000;
    const HOUR: i64 = 3_600_000;

    fn after(known: SettledRow, now: i64) -> SettledRow {
        decide(known, Timestamp(now))
    }

    #[test]
    fn a_clock_may_differ_from_that_of_the_database_by_a_minute() {
        let says = |ahead: i64| difference(Timestamp(SETTLED + ahead), Timestamp(SETTLED));
        assert_eq!(says(60_000), None);
        assert_eq!(says(-60_000), None);
        assert_eq!(says(61_000).as_deref(), Some("61 s ahead of the clock of its database"));
        assert_eq!(says(-600_000).as_deref(), Some("600 s behind the clock of its database"));
    }

    fn believed(at: i64) -> SettledRow {
        SettledRow { settled_at: Some(Timestamp(at)), unsettled_since: None }
    }

    #[test]
    fn a_clock_that_goes_on_is_believed() {
        assert_eq!(after(SettledRow::default(), SETTLED), believed(SETTLED));
        for later in [HOUR, LEAP_MILLIS, -HOUR, -LEAP_MILLIS] {
            assert_eq!(after(believed(SETTLED), SETTLED + later), believed(SETTLED + later));
        }
    }

    #[test]
    fn one_that_has_leapt_is_doubted_for_a_day_in_either_direction() {
        for leap in [400 * DOUBT_MILLIS, LEAP_MILLIS + 1, -400 * DOUBT_MILLIS] {
            let began = SETTLED + leap;
            let doubted = SettledRow { unsettled_since: Some(Timestamp(began)), ..believed(SETTLED) };
            assert_eq!(after(believed(SETTLED), began), doubted);
            assert_eq!(after(doubted, began + HOUR), doubted);
            assert_eq!(after(doubted, began + DOUBT_MILLIS - 1), doubted);
            assert_eq!(after(doubted, began + DOUBT_MILLIS), believed(began + DOUBT_MILLIS));
        }
    }

    #[test]
    fn doubt_ends_when_the_clock_is_set_right_and_begins_anew_when_it_leaps_again() {
        let doubted =
            SettledRow { unsettled_since: Some(Timestamp(SETTLED + 400 * DOUBT_MILLIS)), ..believed(SETTLED) };
        assert_eq!(after(doubted, SETTLED + HOUR), believed(SETTLED + HOUR));
        let elsewhere = SETTLED + 300 * DOUBT_MILLIS;
        assert_eq!(after(doubted, elsewhere), SettledRow { unsettled_since: Some(Timestamp(elsewhere)), ..doubted });
    }
}

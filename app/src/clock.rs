//! The server's clock and the browser's calendar. What the server counts is counted here from the same clock, because a
//! device's own may be minutes off; how far, its answers say. `Intl` knows the person's locale and zone, so no calendar library is downloaded.

use crate::relative_time::{self, relative_time};
use js_sys::{Array, Function, Intl, Object, Reflect};
use leptos::prelude::*;
use std::{cell::Cell, thread::LocalKey, time::Duration};
use uptrakit_api::Timestamp;
use wasm_bindgen::JsValue;

// To make one of these takes the browser longer than to write dozens of texts with it.
thread_local! {
    static DATE: Function = style(&[("dateStyle", "medium")]);
    static SPELLED_OUT: Function = style(&[("dateStyle", "full"), ("timeStyle", "short")]);
    static FULL: Function = style(&[("dateStyle", "medium"), ("timeStyle", "long")]);
    static TIME_OF_DAY: Function = style(&[("timeStyle", "short")]);
    // The sentences around it are English, whatever the person's dates look like.
    static RELATIVE: Intl::RelativeTimeFormat =
        Intl::RelativeTimeFormat::new(&Array::of1(&"en".into()), &options(&[("numeric", "auto")]));
}

thread_local! {
    /// Milliseconds by which the server's clock is ahead of the browser's.
    static AHEAD: Cell<Option<RwSignal<i64>>> = const { Cell::new(None) };
}

/// A difference that is not worth a word: less than this may be the way of an answer through a slow network.
const NOTICEABLE: i64 = 60_000;
/// `Date` has whole seconds; a difference of two may be none at all.
const RESOLUTION: i64 = 2_000;

/// Moves twice a minute, so that "3 minutes ago" stays true.
#[derive(Clone, Copy)]
struct Tick(RwSignal<()>);

pub fn start() {
    AHEAD.set(Some(RwSignal::new(0)));
    let tick = Tick(RwSignal::new(()));
    provide_context(tick);
    let _ = set_interval_with_handle(move || tick.0.set(()), Duration::from_secs(30));
}

/// The present instant by the server's clock, once.
pub fn now() -> Timestamp {
    let ahead = AHEAD.get().and_then(|ahead| ahead.try_get_untracked()).unwrap_or_default();
    own().plus_millis(ahead)
}

/// The present instant by the browser's clock.
pub fn own() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "a clock's milliseconds are whole and far below 2^53")]
    Timestamp(js_sys::Date::now() as i64)
}

/// Learns from an answer's `Date` how far the two clocks are apart; `sent` is the browser's instant of the request.
pub fn compare(date: &str, sent: Timestamp) {
    let said = js_sys::Date::parse(date);
    let (Some(ahead), true) = (AHEAD.get(), said.is_finite()) else { return };
    #[expect(clippy::cast_possible_truncation, reason = "a date's milliseconds are whole and below 2^53")]
    let Some(found) = relative_time::between(said as i64, sent.0, own().0) else { return };
    let known = ahead.try_get_untracked().unwrap_or_default();
    if (found - known).abs() > RESOLUTION {
        ahead.try_set(if found.abs() > RESOLUTION { found } else { 0 });
    }
}

/// Returns the milliseconds by which the server's clock is ahead, where that is worth a word.
pub fn difference() -> Option<i64> {
    AHEAD.get().map(|ahead| ahead.get()).filter(|ahead| ahead.abs() > NOTICEABLE)
}

/// The present instant, to within half a minute; what reads it is drawn again as it moves.
pub fn ticking() -> Timestamp {
    if let Some(tick) = use_context::<Tick>() {
        tick.0.track();
    }
    // What was drawn by the wrong clock is drawn again once the difference is known.
    if let Some(ahead) = AHEAD.get() {
        ahead.track();
    }
    now()
}

/// "3 minutes ago", "in 5 days", "just now".
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let ahead = at.0 - now.0;
    let (count, unit) = relative_time(ahead);
    if count == 0 {
        return if ahead > 0 { "in a moment" } else { "just now" }.to_owned();
    }
    RELATIVE.with(|style| style.format(f64::from(count), unit)).into()
}

/// Writes a day, as `21 Feb 2027`.
pub fn date(at: Timestamp) -> String {
    written(at, &DATE)
}

/// "Sunday, 21 February 2027 at 14:03".
pub fn spelled_out(at: Timestamp) -> String {
    written(at, &SPELLED_OUT)
}

/// "21 Feb 2027, 14:03:07 CET": the whole instant, for tooltips.
pub fn full(at: Timestamp) -> String {
    written(at, &FULL)
}

/// Writes a time of day, as `14:05`.
pub fn time_of_day(at: Timestamp) -> String {
    written(at, &TIME_OF_DAY)
}

/// "14:03:07.120", in the person's zone.
pub fn time_with_millis(at: Timestamp) -> String {
    let date = as_date(at);
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds(),
        date.get_milliseconds()
    )
}

/// The last millisecond of a day (`2027-02-21`) in the person's zone.
pub fn end_of_day(day: &str) -> Option<Timestamp> {
    let mut parts = day.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let month: i32 = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    let date = js_sys::Date::new_with_year_month_day_hr_min_sec_milli(year, month - 1, day, 23, 59, 59, 999);
    let millis = date.get_time();
    #[expect(clippy::cast_possible_truncation, reason = "a date's milliseconds are whole and below 2^53")]
    millis.is_finite().then_some(Timestamp(millis as i64))
}

/// The day of an instant in the person's zone, as date fields have it: `2027-02-21`.
pub fn day(at: Timestamp) -> String {
    let date = as_date(at);
    format!("{:04}-{:02}-{:02}", date.get_full_year(), date.get_month() + 1, date.get_date())
}

fn as_date(at: Timestamp) -> js_sys::Date {
    js_sys::Date::new(&millis(at))
}

fn millis(at: Timestamp) -> JsValue {
    #[expect(clippy::cast_precision_loss, reason = "instants up to the year 9999 are below 2^53 milliseconds")]
    JsValue::from_f64(at.0 as f64)
}

fn written(at: Timestamp, style: &'static LocalKey<Function>) -> String {
    let text = style.with(|write| write.call1(&JsValue::UNDEFINED, &millis(at)));
    text.ok().and_then(|text| text.as_string()).unwrap_or_default()
}

fn style(wanted: &[(&str, &str)]) -> Function {
    Intl::DateTimeFormat::new(&Array::new(), &options(wanted)).format()
}

fn options(wanted: &[(&str, &str)]) -> Object {
    let options = Object::new();
    for (name, value) in wanted {
        let _ = Reflect::set(&options, &(*name).into(), &(*value).into());
    }
    options
}

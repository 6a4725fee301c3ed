//! Hands what the parts count on to OpenTelemetry, under the names of `/metrics`, and to Prometheus as well where both
//! are on. The crates that do this know no `absolute`, or are of one author and a version behind.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use metrics_exporter_prometheus::PrometheusRecorder;
use opentelemetry::{KeyValue, metrics as otlp};
use uptrakit_core::lock::Mutex;

pub struct OtlpRecorder {
    meter: otlp::Meter,
    bounds: &'static [f64],
    prometheus: Option<PrometheusRecorder>,
    counters: Mutex<HashMap<Key, Counter>>,
    gauges: Mutex<HashMap<Key, Gauge>>,
    histograms: Mutex<HashMap<Key, Histogram>>,
}

impl OtlpRecorder {
    /// `bounds` are the upper bounds of the buckets of histograms.
    pub fn new(meter: otlp::Meter, bounds: &'static [f64], prometheus: Option<PrometheusRecorder>) -> Self {
        let (counters, gauges, histograms) = Default::default();
        Self { meter, bounds, prometheus, counters, gauges, histograms }
    }
}

fn attributes(key: &Key) -> Vec<KeyValue> {
    key.labels().map(|label| KeyValue::new(label.key().to_owned(), label.value().to_owned())).collect()
}

impl Recorder for OtlpRecorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        let make = || {
            let counter = self.meter.u64_counter(key.name().to_owned()).build();
            let other = self.prometheus.as_ref().map(|other| other.register_counter(key, metadata));
            let attributes = attributes(key);
            Counter::from_arc(Arc::new(Both {
                one: OtlpCounter { counter, attributes, sum: AtomicU64::new(0) },
                other,
            }))
        };
        self.counters.lock().entry(key.clone()).or_insert_with(make).clone()
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        let make = || {
            let gauge = self.meter.f64_gauge(key.name().to_owned()).build();
            let other = self.prometheus.as_ref().map(|other| other.register_gauge(key, metadata));
            let (attributes, value) = (attributes(key), Mutex::new(0.0));
            Gauge::from_arc(Arc::new(Both { one: OtlpGauge { gauge, attributes, value }, other }))
        };
        self.gauges.lock().entry(key.clone()).or_insert_with(make).clone()
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let make = || {
            // All histograms are of times.
            let builder = self.meter.f64_histogram(key.name().to_owned()).with_unit("s");
            let histogram = builder.with_boundaries(self.bounds.to_vec()).build();
            let other = self.prometheus.as_ref().map(|other| other.register_histogram(key, metadata));
            Histogram::from_arc(Arc::new(Both { one: OtlpHistogram { histogram, attributes: attributes(key) }, other }))
        };
        self.histograms.lock().entry(key.clone()).or_insert_with(make).clone()
    }
}

struct Both<O, P> {
    one: O,
    other: Option<P>,
}

struct OtlpCounter {
    counter: otlp::Counter<u64>,
    attributes: Vec<KeyValue>,
    sum: AtomicU64,
}

impl CounterFn for Both<OtlpCounter, Counter> {
    fn increment(&self, value: u64) {
        self.one.sum.fetch_add(value, Ordering::Relaxed);
        self.one.counter.add(value, &self.one.attributes);
        if let Some(other) = &self.other {
            other.increment(value);
        }
    }

    fn absolute(&self, value: u64) {
        let before = self.one.sum.fetch_max(value, Ordering::Relaxed);
        self.one.counter.add(value.saturating_sub(before), &self.one.attributes);
        if let Some(other) = &self.other {
            other.absolute(value);
        }
    }
}

struct OtlpGauge {
    gauge: otlp::Gauge<f64>,
    attributes: Vec<KeyValue>,
    value: Mutex<f64>,
}

impl OtlpGauge {
    fn change(&self, to: impl FnOnce(f64) -> f64) {
        let mut value = self.value.lock();
        *value = to(*value);
        self.gauge.record(*value, &self.attributes);
    }
}

impl GaugeFn for Both<OtlpGauge, Gauge> {
    fn increment(&self, by: f64) {
        self.one.change(|value| value + by);
        if let Some(other) = &self.other {
            other.increment(by);
        }
    }

    fn decrement(&self, by: f64) {
        self.one.change(|value| value - by);
        if let Some(other) = &self.other {
            other.decrement(by);
        }
    }

    fn set(&self, to: f64) {
        self.one.change(|_| to);
        if let Some(other) = &self.other {
            other.set(to);
        }
    }
}

struct OtlpHistogram {
    histogram: otlp::Histogram<f64>,
    attributes: Vec<KeyValue>,
}

impl HistogramFn for Both<OtlpHistogram, Histogram> {
    fn record(&self, value: f64) {
        self.one.histogram.record(value, &self.one.attributes);
        if let Some(other) = &self.other {
            other.record(value);
        }
    }
}

//! Sends traces and metrics to a collector over OTLP/HTTP. The standard variables of OpenTelemetry turn it on; without
//! them nothing of it runs. Decision 14 says why spans are made by hand, and which libraries this takes.

mod collector;
pub mod recorder;
pub mod span;
pub mod trace_parent;
mod variables;

use std::time::Duration;

use opentelemetry::{
    KeyValue,
    metrics::{Meter, MeterProvider as _},
    trace::TracerProvider as _,
};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::{Resource, metrics::SdkMeterProvider, trace::SdkTracerProvider};
use uptrakit_core::clock::fill_random;

use self::{collector::Collector, variables::Chosen};

const NAME: &str = "uptrakit";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// A collector that does not answer must not delay the exit for longer.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// What is sent to a collector. It is empty where no variable turns anything on.
#[derive(Debug, Default)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

impl Telemetry {
    /// Starts what the variables of the environment ask for. Telemetry must not stop the server: what can't be started
    /// is left out, and the log says why.
    pub fn start(variable: impl Fn(&str) -> Option<String>) -> Self {
        let Chosen { traces, metrics, timeout, authorities, remarks } = Chosen::by(&variable);
        for remark in remarks {
            tracing::warn!("{remark}");
        }
        if !traces && !metrics {
            return Self::default();
        }
        let collector = match Collector::new(timeout, authorities.as_deref()) {
            Ok(collector) => collector,
            Err(why) => {
                tracing::warn!("nothing is sent by OpenTelemetry: OTEL_EXPORTER_OTLP_CERTIFICATE {why}");
                return Self::default();
            }
        };
        let resource = resource(&variable);
        let telemetry = Self {
            traces: traces.then(|| tracer_provider(&collector, &resource)).and_then(|made| started("traces", made)),
            metrics: metrics.then(|| meter_provider(&collector, &resource)).and_then(|made| started("metrics", made)),
        };
        if let Some(provider) = &telemetry.traces {
            span::record_with(provider.tracer(NAME));
        }
        let (traces, metrics) = (telemetry.traces.is_some(), telemetry.metrics.is_some());
        tracing::info!(traces, metrics, "telemetry is sent by OpenTelemetry");
        telemetry
    }

    pub fn meter(&self) -> Option<Meter> {
        self.metrics.as_ref().map(|provider| provider.meter(NAME))
    }

    pub async fn stop(self) {
        let sent = tokio::task::spawn_blocking(move || {
            let traces =
                self.traces.as_ref().is_none_or(|provider| provider.shutdown_with_timeout(STOP_TIMEOUT).is_ok());
            let metrics = self.metrics.as_ref().is_none_or(|provider| provider.shutdown().is_ok());
            traces && metrics
        });
        if !matches!(tokio::time::timeout(STOP_TIMEOUT, sent).await, Ok(Ok(true))) {
            tracing::warn!("the last spans and metrics could not be sent to the collector");
        }
    }
}

fn started<T>(signal: &str, made: Result<T, ExporterBuildError>) -> Option<T> {
    made.inspect_err(|error| tracing::warn!("the {signal} of OpenTelemetry are not sent: {error}")).ok()
}

fn tracer_provider(collector: &Collector, resource: &Resource) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder().with_http().with_http_client(collector.clone()).build()?;
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.clone()).build())
}

fn meter_provider(collector: &Collector, resource: &Resource) -> Result<SdkMeterProvider, ExporterBuildError> {
    let exporter = MetricExporter::builder().with_http().with_http_client(collector.clone()).build()?;
    Ok(SdkMeterProvider::builder().with_periodic_exporter(exporter).with_resource(resource.clone()).build())
}

/// Describes this process. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say more, and override this.
fn resource(variable: impl Fn(&str) -> Option<String>) -> Resource {
    let attributes = variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let names: Vec<&str> = attributes.split(',').filter_map(|pair| Some(pair.split_once('=')?.0.trim())).collect();
    // Without an id of its own, the metrics of two servers would be taken for those of one.
    let mut id = [0; 16];
    fill_random(&mut id);
    let id = format!("{:032x}", u128::from_le_bytes(id));
    let ours = [("service.version", VERSION.to_owned()), ("service.instance.id", id)];
    let ours = ours.into_iter().filter(|(name, _)| !names.contains(name));
    let mut builder = Resource::builder().with_attributes(ours.map(|(name, value)| KeyValue::new(name, value)));
    if variable("OTEL_SERVICE_NAME").is_none() && !names.contains(&"service.name") {
        builder = builder.with_service_name(NAME);
    }
    builder.build()
}

//! Serves `/metrics` for Prometheus on a listener of its own. No label ever carries a token, a name or an address.

use std::{io, sync::atomic::Ordering, time::Duration};

use axum::{Router, middleware, routing::get};
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use opentelemetry::metrics::Meter;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{health, layer::request_context::request_context, measured};
use crate::{App, log, telemetry::recorder::OtlpRecorder};

const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder, for Prometheus, for OpenTelemetry or for both. This happens once per process, before any part
/// records.
pub fn install(for_prometheus: bool, meter: Option<Meter>) -> anyhow::Result<Option<PrometheusHandle>> {
    let suffix = Matcher::Suffix("_seconds".to_owned());
    let prometheus = for_prometheus.then(|| PrometheusBuilder::new().set_buckets_for_metric(suffix, SECONDS));
    let prometheus = prometheus.transpose()?.map(PrometheusBuilder::build_recorder);
    let handle = prometheus.as_ref().map(PrometheusRecorder::handle);
    match (meter, prometheus) {
        (Some(meter), prometheus) => metrics::set_global_recorder(OtlpRecorder::new(meter, SECONDS, prometheus))?,
        (None, Some(prometheus)) => metrics::set_global_recorder(prometheus)?,
        (None, None) => return Ok(None),
    }
    measured::begin();
    gauge!("uptrakit_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    // Prometheus sees an increase only in a series that is there before it.
    for outcome in ["done", "refused", "throttled"] {
        counter!("uptrakit_sign_ins_total", "outcome" => outcome).increment(0);
    }
    Ok(handle)
}

pub fn send(app: &App) {
    let parts = app.clone();
    app.tasks.supervise("metrics-read", CancellationToken::new(), move || {
        let parts = parts.clone();
        async move {
            loop {
                read_parts(&parts);
                tokio::time::sleep(UPKEEP).await;
            }
        }
    });
}

pub fn start(app: &App, listener: TcpListener, handle: &PrometheusHandle) -> io::Result<()> {
    let (listener, served, shown, upkept) = (listener.into_std()?, app.clone(), handle.clone(), handle.clone());
    app.tasks.supervise("metrics", CancellationToken::new(), move || {
        let (listener, handle, app) = (listener.try_clone(), shown.clone(), served.clone());
        async move {
            // Without a free file descriptor the task ends, and is started again.
            match listener.and_then(TcpListener::from_std) {
                Ok(listener) => drop(axum::serve(listener, router(handle, app)).await),
                Err(error) => tracing::debug!(%error, "the listener for metrics can't be used now"),
            }
        }
    });
    app.tasks.supervise("metrics-upkeep", CancellationToken::new(), move || upkeep(upkept.clone()));
    Ok(())
}

/// Moves what was recorded into buckets, so that memory stays small while no server scrapes the metrics.
async fn upkeep(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        handle.run_upkeep();
    }
}

fn router(handle: PrometheusHandle, app: App) -> Router {
    let parts = app.clone();
    let render = move || {
        read_parts(&parts);
        let text = handle.render();
        async move { ([("content-type", "text/plain; version=0.0.4")], text) }
    };
    Router::new()
        .route("/metrics", get(render))
        .route("/healthz", get(health::is_alive))
        .route("/readyz", get(health::is_ready))
        .route("/readyz/reads", get(health::is_ready_for_reads))
        // A failed probe of this listener is logged, too.
        .layer(middleware::from_fn_with_state(app.clone(), request_context))
        .with_state(app)
}

/// Exports the counts that the parts keep themselves, so that the hot path needs no recorder.
pub fn read_parts(app: &App) {
    let counters = app.verifier.counters();
    for (outcome, count) in
        [("granted", &counters.granted), ("refused", &counters.refused), ("unavailable", &counters.unavailable)]
    {
        counter!("uptrakit_checks_total", "outcome" => outcome).absolute(count.load(Ordering::Relaxed));
    }
    counter!("uptrakit_verifier_batches_total").absolute(counters.batches.load(Ordering::Relaxed));
    counter!("uptrakit_verifier_requests_total").absolute(counters.batched.load(Ordering::Relaxed));
    counter!("uptrakit_verifier_validated_total").absolute(counters.validated.load(Ordering::Relaxed));
    counter!("uptrakit_verifier_lookups_total").absolute(counters.lookups.load(Ordering::Relaxed));
    counter!("uptrakit_verifier_epoch_moves_total").absolute(counters.moves.load(Ordering::Relaxed));
    gauge!("uptrakit_verifier_cached_credentials").set(to_float(app.verifier.cache_size()));
    counter!("uptrakit_log_lines_dropped_total").absolute(log::dropped_lines());
    for (task, restarts) in app.tasks.restarts() {
        counter!("uptrakit_task_restarts_total", "task" => task).absolute(restarts);
    }
    gauge!("uptrakit_outage").set(if app.outage.is_under_way() { 1.0 } else { 0.0 });
    gauge!("uptrakit_database_damaged").set(if app.is_damaged() { 1.0 } else { 0.0 });
    let (size, idle) = app.store.pool_size();
    gauge!("uptrakit_database_connections").set(f64::from(size));
    gauge!("uptrakit_database_connections_idle").set(to_float(idle));
}

fn to_float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

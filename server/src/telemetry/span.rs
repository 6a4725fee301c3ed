//! Records a span for each request. It has what is safe to know elsewhere: the template of the route, never the path, no
//! address, no name and no header.

use std::sync::OnceLock;

use http::{Method, StatusCode};
use opentelemetry::{
    Context, KeyValue,
    trace::{
        Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId as SpanTraceId,
        TraceState, Tracer as _,
    },
};
use opentelemetry_sdk::trace::{SdkTracer, Span};
use uptrakit_core::auth::context::{RequestId, TraceId};

use super::trace_parent::TraceParent;

/// Monitoring asks these all the time, and their spans say nothing.
const PROBES: [&str; 4] = ["/healthz", "/readyz", "/readyz/reads", "/metrics"];

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

pub(super) fn record_with(tracer: SdkTracer) {
    let _ = TRACER.set(tracer);
}

/// The span of a request. It ends when it is dropped.
pub struct RequestSpan(Span);

impl RequestSpan {
    pub fn begin(method: &Method, route: Option<&str>, parent: Option<TraceParent>) -> Option<Self> {
        let tracer = TRACER.get()?;
        if route.is_some_and(|route| PROBES.contains(&route)) {
            return None;
        }
        let method = known(method);
        let name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"));
        let mut attributes = vec![KeyValue::new("http.request.method", method)];
        attributes.extend(route.map(|route| KeyValue::new("http.route", route.to_owned())));
        let builder = tracer.span_builder(name).with_kind(SpanKind::Server).with_attributes(attributes);
        let context = Context::new();
        let context = match parent {
            Some(parent) => context.with_remote_span_context(remote(parent)),
            None => context,
        };
        Some(Self(builder.start_with_context(tracer, &context)))
    }

    pub fn trace_id(&self) -> TraceId {
        TraceId(u128::from_be_bytes(self.0.span_context().trace_id().to_bytes()))
    }

    pub fn finish(mut self, request_id: &RequestId, status: StatusCode) {
        self.0.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        self.0.set_attribute(KeyValue::new("uptrakit.request_id", request_id.to_string()));
        if status.is_server_error() {
            self.0.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
            self.0.set_status(Status::error(""));
        }
    }
}

/// A method can be any word that a client makes up.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"];
    KNOWN.into_iter().find(|name| *name == method.as_str()).unwrap_or("_OTHER")
}

fn remote(parent: TraceParent) -> SpanContext {
    let flags = TraceFlags::default().with_sampled(parent.is_sampled);
    let (trace, span) = (parent.trace_id.0.to_be_bytes(), parent.span_id.to_be_bytes());
    SpanContext::new(SpanTraceId::from_bytes(trace), SpanId::from_bytes(span), flags, true, TraceState::default())
}

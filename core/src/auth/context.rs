//! The context of a request: what the server knows of it before it authenticates the client.

use std::{fmt, net::IpAddr, sync::Arc};

use tracing::field::DisplayValue;
use uptrakit_api::{Timestamp, holds_secret};

use super::in_flight::InFlight;

const LONGEST_GIVEN_ID: usize = 64;

/// The id of a request. It has to be unique, not secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestId {
    /// A random number per process and a counter.
    Made { process: u64, count: u64 },
    /// The id that a trusted proxy gave the request.
    Given(Arc<str>),
}

impl RequestId {
    /// Accepts an id that is fit for the log, the audit log and a page. Many proxies pass on what the client sent as
    /// `X-Request-Id`, so that the text must not contain a token either.
    #[must_use]
    pub fn given(text: &str) -> Option<Self> {
        let is_fit = text.len() <= LONGEST_GIVEN_ID
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:@/+=".contains(c))
            && !holds_secret(text);
        is_fit.then(|| Self::Given(text.into()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made { process, count } => write!(f, "{:012x}-{count:08x}", process >> 16),
            Self::Given(id) => f.write_str(id),
        }
    }
}

/// The id of a trace that the request is a part of, as W3C Trace Context defines it. It is never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(pub u128);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The client's address; behind trusted proxies it is the address that the proxies report.
    pub address: IpAddr,
    pub request_id: RequestId,
    pub trace_id: Option<TraceId>,
    pub arrived: Timestamp,
    pub in_flight: Arc<InFlight>,
}

impl RequestContext {
    /// Returns the trace's id as a field of a line of the log, which is left out where there is none.
    #[must_use]
    pub fn trace_field(&self) -> Option<DisplayValue<TraceId>> {
        self.trace_id.map(tracing::field::display)
    }
}

#[cfg(test)]
mod tests {
    use super::{RequestId, TraceId};

    #[test]
    fn an_id_of_a_proxy_is_taken_as_it_is_if_it_is_short_and_harmless() {
        for id in [
            "7",
            "5f2c1b7e-0d5b-4d1e-9d3c-0123456789ab",
            "7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790",
            "Root=1-67891233-abcdef012345678912345678",
            "YWJj+/==",
        ] {
            assert_eq!(RequestId::given(id).map(|id| id.to_string()).as_deref(), Some(id));
        }
        let long = "x".repeat(65);
        let token = "upk_0000000000000000000000000000003aIdS3";
        let held = format!("id-{token}");
        for text in ["", "-x", "=1+1", "a b", "a\nb", "a\"b", "<b>", "a;b", "a,b", "\u{e9}", &long, token, &held] {
            assert_eq!(RequestId::given(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_id_of_a_trace_is_written_with_its_zeros() {
        assert_eq!(TraceId(0xab).to_string(), "000000000000000000000000000000ab");
    }
}

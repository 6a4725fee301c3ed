//! The context of a request: what the server knows of it before it authenticates the client.

use std::{net::IpAddr, sync::Arc};

use uptrakit_api::Timestamp;

use super::in_flight::InFlight;

/// The id of a request: a random number per process and a counter. It has to be unique, not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    pub process: u64,
    pub count: u64,
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:012x}-{:08x}", self.process >> 16, self.count)
    }
}

#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The client's address; behind trusted proxies it is the address that the proxies report.
    pub address: IpAddr,
    pub request_id: RequestId,
    pub arrived: Timestamp,
    pub in_flight: Arc<InFlight>,
}

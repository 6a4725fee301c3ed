//! What is known of every request before anybody asks who makes it.

use std::{net::IpAddr, sync::Arc};

use uptrakit_api::Timestamp;

use super::in_flight::InFlight;

/// The name of a request: a random start for each process, and a count. It need not be secret, only different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// The process.
    pub process: u64,
    /// Its requests, counted.
    pub count: u64,
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:012x}-{:08x}", self.process >> 16, self.count)
    }
}

/// What is known of every request before anybody asks who makes it.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The client's address, behind trusted proxies the one that they saw.
    pub address: IpAddr,
    /// Names the request in the log and in problem documents.
    pub request_id: RequestId,
    /// When its head was there.
    pub arrived: Timestamp,
    /// The request's place among those under way.
    pub in_flight: Arc<InFlight>,
}

//! Looks names up as the system does, and says by type that it found none: the system's resolver has no kind of error of
//! its own, and what it says is for people.

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

/// The system's resolver.
#[derive(Debug, Default)]
pub(super) struct Names(DefaultResolver);

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, timeout).map_err(|error| match error {
            // Nothing else is read or written here.
            Error::Io(_) => Error::HostNotFound,
            error => error,
        })
    }
}

//! Resolves host names with the system's resolver. That resolver has no kind of error for an unknown name, and its
//! messages are for people, so its I/O errors become `HostNotFound` here.

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

#[derive(Debug, Default)]
pub(super) struct Names(DefaultResolver);

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, timeout).map_err(|error| match error {
            // The resolver does no other I/O, so every I/O error means that the lookup failed.
            Error::Io(_) => Error::HostNotFound,
            error => error,
        })
    }
}

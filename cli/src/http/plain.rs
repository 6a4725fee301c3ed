//! Finds out that a server answers plain HTTP with TLS: its answer is an alert, which an HTTP parser can only call
//! malformed.

use std::{error, fmt, io};
use ureq::{
    Error,
    unversioned::transport::{Buffers, ConnectionDetails, Connector, Either, NextTimeout, Transport},
};

/// The content type of an alert and the first byte of every version of TLS (RFC 8446, 5.1).
const ALERT: [u8; 2] = [21, 3];

#[derive(Debug)]
pub(super) struct SpeaksTls;

impl fmt::Display for SpeaksTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server speaks TLS")
    }
}

impl error::Error for SpeaksTls {}

pub(super) fn is_answered_in_tls(error: &Error) -> bool {
    let Error::Io(io) = error else { return false };
    io.get_ref().and_then(|inner| inner.downcast_ref::<SpeaksTls>()).is_some()
}

/// The last connector of a chain: watches connections without TLS.
#[derive(Debug)]
pub(super) struct PlainConnector;

impl<In: Transport> Connector<In> for PlainConnector {
    type Out = Either<In, PlainTransport<In>>;

    fn connect(&self, _: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|transport| {
            if transport.is_tls() {
                Either::A(transport)
            } else {
                Either::B(PlainTransport { transport, is_fresh: true })
            }
        }))
    }
}

#[derive(Debug)]
pub(super) struct PlainTransport<T> {
    transport: T,
    /// True until the first bytes of the first answer are here.
    is_fresh: bool,
}

impl<T: Transport> Transport for PlainTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.transport.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let may_have_more = self.transport.await_input(timeout)?;
        if self.is_fresh {
            let input = self.transport.buffers().input();
            if input.starts_with(&ALERT) {
                return Err(Error::Io(io::Error::new(io::ErrorKind::InvalidData, SpeaksTls)));
            }
            self.is_fresh = input.len() < ALERT.len();
        }
        Ok(may_have_more)
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }

    fn is_tls(&self) -> bool {
        false
    }
}

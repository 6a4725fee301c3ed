//! Sends telemetry to the collector with ureq, which the server has anyway. The libraries of OpenTelemetry call this from
//! threads of their own, which may wait.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use ureq::{
    Agent,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};

const LARGEST_ANSWER: u64 = 1 << 20;

#[derive(Clone, Debug)]
pub struct Collector {
    agent: Agent,
    is_down: Arc<AtomicBool>,
}

impl Collector {
    /// Trusts the certificates in a file, or else those of the system. An error says what the file is.
    pub fn new(timeout: Duration, authorities: Option<&Path>) -> Result<Self, String> {
        let roots = match authorities {
            Some(file) => RootCerts::from(certificates(file)?),
            None => RootCerts::PlatformVerifier,
        };
        // A redirect would take the headers, in which a secret of the collector may be, to another place.
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(timeout))
            .user_agent(concat!("uptrakit/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        Ok(Self { agent: config.into(), is_down: Arc::default() })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let response = self.agent.run(request.map(|body| body.to_vec()))?;
        let (head, body) = response.into_parts();
        let body = body.into_with_config().limit(LARGEST_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }

    /// Logs the first failure and the recovery; the libraries would log every failure.
    fn note(&self, cause: Option<&str>) {
        let was_down = self.is_down.swap(cause.is_some(), Ordering::Relaxed);
        match cause {
            Some(cause) if !was_down => {
                tracing::warn!(cause, "the collector of OpenTelemetry takes no telemetry; it is dropped until it does");
            }
            None if was_down => tracing::info!("the collector of OpenTelemetry takes telemetry again"),
            _ => {}
        }
    }
}

fn certificates(file: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let bytes = fs::read(file).map_err(|error| format!("is {}, which can't be read: {error}", file.display()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&bytes) {
        if let PemItem::Certificate(certificate) =
            item.map_err(|_| format!("is {}, which is damaged", file.display()))?
        {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(format!("is {}, which has no certificate in PEM form", file.display()));
    }
    Ok(certificates)
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request);
        match &sent {
            Ok(response) if response.status().is_success() => self.note(None),
            Ok(response) => self.note(Some(response.status().as_str())),
            Err(error) => self.note(Some(&error.to_string())),
        }
        Ok(sent?)
    }
}

//! TLS with the certificates of `--ca-cert`. A certificate of that file is trusted as it is where a server presents it
//! as its own, as curl does: the usual self-signed certificate is marked as an authority's, and names its host only as
//! its common name. rustls rejects such a certificate for a server.

use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error as TlsError, OtherError,
    RootCertStore, SignatureScheme, StreamOwned,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use std::{
    fmt,
    io::{Read as _, Write as _},
    sync::Arc,
};
use ureq::{
    Error,
    unversioned::transport::{
        Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
    },
};

/// This verifier trusts the authorities of a file, and every certificate of that file where a server presents it as its
/// own.
#[derive(Debug)]
struct Verifier {
    authorities: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

impl Verifier {
    fn new(certificates: Vec<CertificateDer<'static>>) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.iter().cloned());
        let provider = Arc::new(ring::default_provider());
        let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
        Some(Self { authorities, certificates })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let verified = self.authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // webpki checks the validity dates before it reports any of these errors, so the dates are right.
            Err(error)
                if (lacks_an_issuer(&error) || lacks_names(&error))
                    && self.certificates.iter().any(|known| known == end_entity) =>
            {
                match verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name) {
                    Err(error) if lacks_names(&error) && is_common_name(server_name, end_entity) => {}
                    verified => verified?,
                }
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.authorities.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.authorities.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

/// Returns true when a certificate fails only because of its issuer, or because it is an authority's own.
fn lacks_an_issuer(error: &TlsError) -> bool {
    matches!(error, TlsError::InvalidCertificate(CertificateError::UnknownIssuer)) || is_authority(error)
}

/// Returns true when a certificate is for no host at all, because it has no subjectAltName.
pub(super) fn lacks_names(error: &TlsError) -> bool {
    use CertificateError::NotValidForNameContext;
    matches!(error, TlsError::InvalidCertificate(NotValidForNameContext { presented, .. }) if presented.is_empty())
}

/// Returns true when the last common name in the subject of a certificate is this host. That is the most specific one.
fn is_common_name(host: &ServerName<'_>, certificate: &CertificateDer<'_>) -> bool {
    let Ok(certificate) = webpki::EndEntityCert::try_from(certificate) else { return false };
    let names = attributes(certificate.subject());
    let Some(name) = names.iter().rev().find(|(kind, _)| *kind == COMMON_NAME).map(|(_, value)| *value) else {
        return false;
    };
    name.eq_ignore_ascii_case(host.to_str().trim_end_matches('.').as_bytes())
}

/// The object identifier 2.5.4.3, in DER.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// Returns the object identifiers and values in a distinguished name (RFC 5280, 4.1.2.4): a sequence of sets of pairs.
/// What is malformed is left out.
fn attributes(name: &[u8]) -> Vec<(&[u8], &[u8])> {
    let pair = |pair| {
        let mut parts = elements(pair);
        Some((parts.next()?, parts.next()?))
    };
    elements(name).flat_map(elements).filter_map(pair).collect()
}

/// Splits the contents of an element of DER into the contents of the elements within.
fn elements(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let [_tag, length, rest @ ..] = bytes else { return None };
        let (length, rest) = match length {
            0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
            0x82 => rest.split_first_chunk().map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), rest))?,
            short @ ..=0x7f => (usize::from(*short), rest),
            _ => return None,
        };
        let (contents, behind) = rest.split_at_checked(length)?;
        bytes = behind;
        Some(contents)
    })
}

pub(super) fn is_authority(error: &TlsError) -> bool {
    let TlsError::InvalidCertificate(CertificateError::Other(OtherError(inner))) = error else { return false };
    matches!(inner.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

pub(super) struct TlsConnector(Arc<ClientConfig>);

impl TlsConnector {
    /// Creates a connector that trusts these certificates and no others. Returns `None` if none of them can be used.
    pub(super) fn new(certificates: Vec<CertificateDer<'static>>) -> Option<Self> {
        let verifier = Verifier::new(certificates)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().ok()?;
        // This call is safe: the verifier delegates to rustls' own one.
        let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        Some(Self(Arc::new(config.with_no_client_auth())))
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector").finish_non_exhaustive()
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|_| Error::HostNotFound)?;
        let mut connection = ClientConnection::new(Arc::clone(&self.0), name)?;
        let mut socket = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(details.timeout);
        connection.complete_io(&mut socket)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { buffers, stream: StreamOwned::new(connection, socket) })))
    }
}

pub(super) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport").finish_non_exhaustive()
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        let output = &self.buffers.output()[..amount];
        Ok(self.stream.write_all(output)?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Verifier, attributes, lacks_an_issuer, lacks_names};
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
    use rustls::{
        Error as TlsError,
        client::danger::ServerCertVerifier as _,
        pki_types::{CertificateDer, ServerName, UnixTime},
    };

    fn parameters(common_name: &str, names: &[&str]) -> CertificateParams {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::OrganizationName, "x".repeat(200));
        parameters.distinguished_name.push(DnType::CommonName, common_name);
        parameters
    }

    /// Verifies a certificate for this host, where `named` is in the file of `--ca-cert`.
    fn verify(named: &CertificateDer<'static>, presented: &CertificateDer<'_>, host: &str) -> Result<(), TlsError> {
        let verifier = Verifier::new(vec![named.clone()]).unwrap();
        let host = ServerName::try_from(host).unwrap();
        verifier.verify_server_cert(presented, &[], &host, &[], UnixTime::now()).map(drop)
    }

    #[test]
    fn a_named_certificate_without_alternative_names_is_for_its_common_name() {
        for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
            let signed = |common_name: &str, names: &[&str]| {
                let mut parameters = parameters(common_name, names);
                parameters.is_ca = is_ca;
                parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
            };
            let named = signed("localhost", &[]);
            for host in ["localhost", "LOCALHOST", "localhost."] {
                assert_eq!(verify(&named, &named, host), Ok(()), "{is_ca:?}");
            }
            for host in ["local", "localhost.example.org", "127.0.0.1"] {
                assert!(lacks_names(&verify(&named, &named, host).unwrap_err()), "{host} {is_ca:?}");
            }
            for address in ["127.0.0.1", "::1"] {
                let named = signed(address, &[]);
                assert_eq!(verify(&named, &named, address), Ok(()), "{is_ca:?}");
            }
            // The alternative names are the only ones where there are some.
            let other = signed("localhost", &["example.org"]);
            let error = verify(&other, &other, "localhost").unwrap_err();
            assert!(!lacks_names(&error) && !lacks_an_issuer(&error), "{error:?}");
            let same_name = signed("localhost", &[]);
            let error = verify(&named, &same_name, "localhost").unwrap_err();
            assert!(!lacks_names(&error), "{error:?}");
        }
    }

    #[test]
    fn a_certificate_of_a_named_authority_needs_alternative_names() {
        let mut authority = parameters("authority", &[]);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let issued = |names: &[&str]| {
            let key = KeyPair::generate().unwrap();
            parameters("localhost", names).signed_by(&key, &authority).unwrap().der().clone()
        };
        let named = authority.der().clone();
        assert_eq!(verify(&named, &issued(&["localhost"]), "localhost"), Ok(()));
        assert!(lacks_names(&verify(&named, &issued(&[]), "localhost").unwrap_err()));
        // The authority's own certificate is trusted as a server's, but not for other names than its own.
        assert!(lacks_names(&verify(&named, &named, "localhost").unwrap_err()));
    }

    #[test]
    fn a_malformed_name_has_no_attributes() {
        let whole = [0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x02, b'h', b'i'];
        assert_eq!(attributes(&whole), [(&[0x55, 0x04, 0x03][..], &b"hi"[..])]);
        for length in 0..whole.len() {
            assert!(attributes(&whole[..length]).is_empty(), "{length}");
        }
        for wrong in [&[0x31, 0x80][..], &[0x31, 0x81], &[0x31, 0x82, 1], &[0x31, 0x84, 0xff, 0xff, 0xff, 0xff]] {
            assert!(attributes(wrong).is_empty(), "{wrong:?}");
        }
    }
}

//! TLS on both sides of all proxies: as whom they show themselves to gateways, and whom they trust as providers.

use super::authority::Authority;
use crate::model::TlsProblem;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// TLS of all proxies: the authority that signs for them, and the trusted authorities of providers.
#[derive(Debug)]
pub(super) struct Trust {
    authority: Arc<Authority>,
    provider: Arc<CryptoProvider>,
    client: ClientConfig,
}

impl Trust {
    /// Trusts the web's authorities, and those in this PEM file.
    ///
    /// # Errors
    /// Where the file cannot be read or holds no certificate, in words.
    pub(super) fn new(authority: Authority, private: Option<&Path>) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = private {
            let bad = |problem: String| format!("{}: {problem}", path.display());
            let mut count = 0;
            let pem = crate::host::bytes_of(path, crate::host::CERTIFICATES_MAX).map_err(|error| bad(error.to_string()))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let added =
                    certificate.map_err(|error| error.to_string()).and_then(|one| roots.add(one).map_err(|error| error.to_string()));
                added.map_err(bad)?;
                count += 1;
            }
            if count == 0 {
                return Err(bad("it contains no certificate in PEM".into()));
            }
        }
        let client = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let client = client.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { authority: Arc::new(authority), provider, client })
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// How providers are spoken to.
    pub(super) fn client(&self) -> ClientConfig {
        self.client.clone()
    }

    /// What takes one handshake. Anyone who asks for no name is shown a certificate for `unnamed`.
    ///
    /// # Errors
    /// Where TLS is not available, in words.
    pub(super) fn acceptor(&self, unnamed: Vec<String>, problem: Option<TlsProblem>) -> Result<TlsAcceptor, String> {
        let shown = CertificateResolver { authority: self.authority.clone(), unnamed, problem };
        let config = ServerConfig::builder_with_provider(self.provider.clone()).with_safe_default_protocol_versions();
        let mut config = config.map_err(|error| error.to_string())?.with_no_client_auth().with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // A session that is resumed looks at no certificate, and a fault on certificates would pass it by.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// Resolver of the certificate that is shown in a handshake.
#[derive(Debug)]
struct CertificateResolver {
    authority: Arc<Authority>,
    unnamed: Vec<String>,
    problem: Option<TlsProblem>,
}

impl ResolvesServerCert for CertificateResolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().map(|name| vec![name.to_ascii_lowercase()]);
        let leaf = self.authority.leaf(named.as_ref().unwrap_or(&self.unnamed), self.problem);
        leaf.inspect_err(|error| tracing::warn!(%error, "a handshake has no certificate")).ok()
    }
}

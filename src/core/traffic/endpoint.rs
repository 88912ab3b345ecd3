//! The endpoint that requests go to: an address, the authorities of its certificate, a forward proxy before it. Opens connections to it.

use super::port::Ports;
use super::word;
use hyper::Uri;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io::Error;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The longest answer of a forward proxy to CONNECT.
const TUNNEL_HEAD: usize = 8192;

/// The endpoint of a service, to which connections are opened, by way of a forward proxy or not.
#[derive(Clone)]
pub(super) struct Endpoint {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    proxy: Option<(String, u16)>,
    /// Where there is a forward proxy: whether it opens a tunnel, or is asked itself.
    tunnel: bool,
    http2: bool,
    ports: Arc<Ports>,
}

/// Where connections without TLS lead to: a name or an address, and a port.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    pub(super) host: String,
    pub(super) port: u16,
}

/// How connections to an endpoint are opened, beyond its address.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectOptions<'a> {
    pub(super) authority: Option<&'a Path>,
    pub(super) proxy: Option<&'a str>,
    pub(super) http2: bool,
    /// True where bytes are sent and no HTTP.
    pub(super) bytes: bool,
}

impl Endpoint {
    /// From a URL that has a scheme and a host.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn new(uri: &Uri, options: ConnectOptions<'_>) -> Result<Self, String> {
        let ConnectOptions { authority, proxy, http2, bytes } = options;
        let secure = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().or(if bytes && !secure && uri.scheme_str() != Some("http") {
            None
        } else {
            Some(if secure { 443 } else { 80 })
        });
        let port = port.ok_or("it has no port")?;
        let tls = if secure {
            let name = ServerName::try_from(host.clone()).map_err(|error| error.to_string())?;
            let config = config(authority, (!bytes).then_some(if http2 { b"h2" } else { b"http/1.1" }))?;
            Some((TlsConnector::from(Arc::new(config)), name))
        } else {
            None
        };
        let proxy = proxy.map(forward_proxy).transpose()?;
        Ok(Self { tunnel: proxy.is_some() && (secure || http2 || bytes), host, port, tls, proxy, http2, ports: Ports::new() })
    }

    /// True where a forward proxy is asked itself, with the whole URL.
    pub(super) fn is_asked_of_proxy(&self) -> bool {
        self.proxy.is_some() && !self.tunnel
    }

    /// Where it is, if nothing stands between: no TLS, no forward proxy.
    pub(super) fn destination(&self) -> Option<Destination> {
        let is_direct = self.tls.is_none() && self.proxy.is_none();
        is_direct.then(|| Destination { host: self.host.clone(), port: self.port })
    }

    /// What counts its connections and chooses their ports.
    pub(super) const fn ports(&self) -> &Arc<Ports> {
        &self.ports
    }

    /// Opens a connection, or says in a word why not.
    pub(super) async fn open(&self) -> Result<TransportStream, &'static str> {
        let (host, port) = self.proxy.as_ref().map_or((self.host.as_str(), self.port), |(host, port)| (host.as_str(), *port));
        let mut stream = self.connect(host, port).await?;
        if self.tunnel {
            open_tunnel(&mut stream, &self.host, self.port).await?;
        }
        let Some((connector, name)) = &self.tls else { return Ok(TransportStream::Plain { stream, _counted: self.ports.clone() }) };
        let stream = connector.connect(name.clone(), stream).await.map_err(|error| word::of_handshake(&error))?;
        if self.http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(word::NOT_HTTP_2);
        }
        Ok(TransportStream::Tls { stream: Box::new(stream), _counted: self.ports.clone() })
    }

    /// Each address of a name in turn.
    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, &'static str> {
        let addresses = tokio::net::lookup_host((host, port)).await.map_err(|_| word::NOT_RESOLVED)?;
        let mut why = word::NOT_RESOLVED;
        for address in addresses {
            match self.ports.connect(address).await {
                Ok(stream) => {
                    // Without it the kernel would hold small writes back; where it cannot be set, the socket is dead and the request says so.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => why = word::of_connecting(&error),
            }
        }
        Err(why)
    }
}

async fn open_tunnel(stream: &mut TcpStream, host: &str, port: u16) -> Result<(), &'static str> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let asked = format!("CONNECT {host}:{port} HTTP/1.1\r\nhost: {host}:{port}\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.map_err(|_| word::PROXY_REFUSED)?;
    let mut head = Vec::new();
    // Byte by byte, for what follows the head belongs to the tunnel.
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) if head.len() < TUNNEL_HEAD => head.push(byte),
            _ => return Err(word::PROXY_REFUSED),
        }
    }
    let good = head.starts_with(b"HTTP/1.") && head.get(8..10) == Some(b" 2");
    if good { Ok(()) } else { Err(word::PROXY_REFUSED) }
}

/// `http://HOST:PORT`.
fn forward_proxy(url: &str) -> Result<(String, u16), String> {
    let uri: Uri = url.parse().map_err(|_| format!("`{url}` is not a forward proxy"))?;
    let host = uri.host().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(|| format!("`{url}` is not a forward proxy"))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), uri.port_u16().unwrap_or(80)))
}

/// The authorities of a PEM file, how many they are.
///
/// # Errors
/// Where it cannot be read or holds none, in words.
pub fn authorities(path: &Path) -> Result<usize, String> {
    let mut roots = RootCertStore::empty();
    add(path, &mut roots)?;
    Ok(roots.len())
}

fn add(path: &Path, roots: &mut RootCertStore) -> Result<(), String> {
    let bad = |problem: String| format!("{}: {problem}", path.display());
    let before = roots.len();
    let pem = crate::host::bytes_of(path, crate::host::CERTIFICATES_MAX).map_err(|error| bad(error.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let added =
            certificate.map_err(|_| "it is no whole PEM file".to_owned()).and_then(|one| roots.add(one).map_err(|error| error.to_string()));
        added.map_err(bad)?;
    }
    if roots.len() == before { Err(bad("it contains no certificate in PEM".into())) } else { Ok(()) }
}

/// Trusts the web's authorities, and those in this PEM file.
fn config(authority: Option<&Path>, protocol: Option<&[u8]>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = authority {
        add(path, &mut roots)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocol.map(<[u8]>::to_vec).into_iter().collect();
    Ok(config)
}

/// The byte stream of an open connection, plain or TLS.
pub(super) enum TransportStream {
    Plain { stream: TcpStream, _counted: Arc<Ports> },
    Tls { stream: Box<TlsStream<TcpStream>>, _counted: Arc<Ports> },
}

impl AsyncRead for TransportStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<(), Error>> {
        match self.get_mut() {
            Self::Plain { stream, .. } => Pin::new(stream).poll_read(cx, into),
            Self::Tls { stream, .. } => Pin::new(stream).poll_read(cx, into),
        }
    }
}

/// Not vectored: head and body of a request are small, and copied together they are one write.
impl AsyncWrite for TransportStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<Result<usize, Error>> {
        match self.get_mut() {
            Self::Plain { stream, .. } => Pin::new(stream).poll_write(cx, from),
            Self::Tls { stream, .. } => Pin::new(stream).poll_write(cx, from),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.get_mut() {
            Self::Plain { stream, .. } => Pin::new(stream).poll_flush(cx),
            Self::Tls { stream, .. } => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.get_mut() {
            Self::Plain { stream, .. } => Pin::new(stream).poll_shutdown(cx),
            Self::Tls { stream, .. } => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

//! When a host's certificate ends: one handshake in which nothing is asked.
//!
//! Whether the certificate is trusted is not judged here, since what has ended is to be told as well: that the request itself finds. So this
//! handshake takes whatever is shown, sends nothing through the connection and closes it.
//!
//! Of the certificate (RFC 5280, 4.1) only the end of its validity is read.

use super::check::HopFinding;
use super::host::HopHost;
use crate::model::{HopCheck, HopReason};
use chrono::{DateTime, NaiveDateTime, Utc};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long the handshake may take.
const WITHIN: Duration = Duration::from_secs(5);
/// So many days ahead its end is a warning: renewals by ACME happen thirty days ahead.
const SOON_DAYS: i64 = 21;

/// When the certificate of a host ends. Whoever is asked through a forward proxy may not be reached from here.
pub(super) async fn look(host: &HopHost, addresses: &[SocketAddr], now: DateTime<Utc>) -> HopFinding {
    if !host.has_tls {
        return HopFinding::unlooked(HopCheck::Certificate, "it is asked without TLS");
    }
    let Some(address) = addresses.first() else { return HopFinding::unlooked(HopCheck::Certificate, "its host has no address") };
    match tokio::time::timeout(WITHIN, shown(host, *address)).await {
        Ok(Ok(end)) => judged(end, now),
        Ok(Err(why)) => HopFinding::unlooked(HopCheck::Certificate, format!("no handshake from here: {why}")),
        Err(_) => HopFinding::unlooked(HopCheck::Certificate, format!("no handshake within {} s", WITHIN.as_secs())),
    }
}

fn judged(end: DateTime<Utc>, now: DateTime<Utc>) -> HopFinding {
    let (day, left) = (end.format("%Y-%m-%d"), (end - now).num_days());
    if end <= now {
        return HopFinding::failing(HopCheck::Certificate, HopReason::CertificateEnds, format!("its certificate ended on {day}"));
    }
    if left < SOON_DAYS {
        let days = if left == 1 { "day" } else { "days" };
        return HopFinding::warning(
            HopCheck::Certificate,
            HopReason::CertificateEnds,
            format!("its certificate ends on {day}, in {left} {days}"),
        );
    }
    HopFinding::fine(HopCheck::Certificate, format!("until {day}"))
}

async fn shown(host: &HopHost, address: SocketAddr) -> Result<DateTime<Utc>, String> {
    let name = ServerName::try_from(host.name.clone()).map_err(|_| "its host's name cannot be asked for".to_owned())?;
    let words = |error: std::io::Error| error.to_string().split(" (os error").next().unwrap_or_default().to_lowercase();
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?.dangerous().with_custom_certificate_verifier(Arc::new(Onlooker(provider)));
    let stream = TcpStream::connect(address).await.map_err(words)?;
    let stream = TlsConnector::from(Arc::new(config.with_no_client_auth())).connect(name, stream).await.map_err(words)?;
    let shown = stream.get_ref().1.peer_certificates().and_then(<[CertificateDer<'_>]>::first);
    shown.and_then(|certificate| end_of(certificate)).ok_or_else(|| "its certificate cannot be read".to_owned())
}

/// Takes whatever certificate is shown, since nothing is sent to whoever shows it.
#[derive(Debug)]
struct Onlooker(Arc<CryptoProvider>);

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The end of a certificate's validity.
fn end_of(certificate: &[u8]) -> Option<DateTime<Utc>> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let (_, whole, _) = value(certificate)?;
    let (tag, mut rest, _) = value(whole)?;
    if tag != SEQUENCE {
        return None;
    }
    if rest.first() == Some(&VERSION) {
        rest = value(rest)?.2;
    }
    // Serial number, algorithm and issuer stand before it.
    for _ in 0..3 {
        rest = value(rest)?.2;
    }
    let (tag, validity, _) = value(rest)?;
    let (_, _, after_begin) = value(validity).filter(|_| tag == SEQUENCE)?;
    let (tag, end, _) = value(after_begin)?;
    moment(tag, end)
}

/// A value of DER: its tag, what it holds, and what follows it.
fn value(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, first) = (*bytes.first()?, *bytes.get(1)?);
    let (header, length) = match first {
        0..=0x7f => (2, usize::from(first)),
        0x81..=0x83 => {
            let digits = bytes.get(2..2 + usize::from(first & 0x7f))?;
            (2 + digits.len(), digits.iter().fold(0, |length: usize, digit| length << 8 | usize::from(*digit)))
        }
        _ => return None,
    };
    let end = header + length;
    Some((tag, bytes.get(header..end)?, &bytes[end..]))
}

/// A moment: with two digits of the year up to 2049 (RFC 5280, 4.1.2.5), or with four.
fn moment(tag: u8, text: &[u8]) -> Option<DateTime<Utc>> {
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let whole = match tag {
        UTC_TIME => format!("{}{text}", if text.get(..2)?.parse::<u8>().ok()? < 50 { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    Some(NaiveDateTime::parse_from_str(&whole, "%Y%m%d%H%M%S").ok()?.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CheckOutcome;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_end_is_judged_by_how_far_off_it_is() {
        let now = at("2026-11-30T12:00:00Z");
        let told = |end: &str| {
            let found = judged(at(end), now);
            (found.outcome, found.told)
        };
        assert_eq!(told("2027-02-28T00:00:00Z").0, CheckOutcome::Fine);
        assert_eq!(told("2026-12-02T12:00:00Z"), (CheckOutcome::Warning, "its certificate ends on 2026-12-02, in 2 days".to_owned()));
        assert_eq!(told("2026-11-29T00:00:00Z"), (CheckOutcome::Failing, "its certificate ended on 2026-11-29".to_owned()));
    }

    /// Short certificates in which only the lengths and the validity are as real ones have them.
    #[test]
    fn the_end_is_read_from_either_form_of_moments() {
        let der = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()][..], content].concat();
        let certificate = |end: Vec<u8>| {
            let validity = der(0x30, &[der(0x17, b"260101000000Z"), end].concat());
            let parts = [der(0xa0, &der(2, &[2])), der(2, &[1]), der(0x30, &[]), der(0x30, &[]), validity];
            der(0x30, &der(0x30, &parts.concat()))
        };
        assert_eq!(end_of(&certificate(der(0x17, b"490101120000Z"))), Some(at("2049-01-01T12:00:00Z")));
        assert_eq!(end_of(&certificate(der(0x17, b"500101120000Z"))), Some(at("1950-01-01T12:00:00Z")));
        assert_eq!(end_of(&certificate(der(0x18, b"20510101120000Z"))), Some(at("2051-01-01T12:00:00Z")));
        let whole = certificate(der(0x17, b"490101120000Z"));
        for length in 0..whole.len() {
            assert_eq!(end_of(&whole[..length]), None, "cut at {length}");
        }
    }
}

//! Time stamps as RFC 3161 has them: the query, the response, and whether the response may be believed.
//!
//! A query holds a hash and a number that nobody can guess. The response holds a CMS message (RFC 5652) in which an authority signs the hash, the
//! number and the time. It is believed where the hash and the number are those of the query, the signature is by a certificate in the message, and
//! that certificate was issued for time stamps, at that time, by whom one trusts.
//!
//! What is not checked: whether a certificate was revoked. `openssl ts -verify` does not either, unless it is given lists.

use super::der::{self, CONTEXT_0, CONTEXT_1, DerReader, DerValue, GENERALIZED_TIME, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE, SET};
use crate::units::{HashFunction, hexadecimal, one_line};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use std::time::Duration;

// Object identifiers, in their encoded form.
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA_384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA_512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

/// Why a time stamp is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// It is none.
    #[error("this is no time stamp of RFC 3161")]
    Form,
    /// The authority refused.
    #[error("the authority refuses: status {status}{}", said(words))]
    Refused {
        /// Its number for it.
        status: u64,
        /// What it says.
        words: String,
    },
    /// It is of other bytes.
    #[error("it is a stamp of something else")]
    Imprint,
    /// It answers another query.
    #[error("it answers another query")]
    Nonce,
    /// It is signed in a way that is not known here.
    #[error("it is signed in a way that is not known here")]
    Algorithm,
    /// Its signature does not hold.
    #[error("its signature does not hold")]
    Signature,
    /// Its certificate does not lead to an authority that is trusted.
    #[error("its certificate is not trusted: {0}")]
    Certificate(String),
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

/// A question for a time stamp.
#[derive(Debug, Clone)]
pub(super) struct StampQuery {
    /// The SHA-256 that is to be stamped.
    hash: [u8; 32],
    nonce: [u8; 8],
}

impl StampQuery {
    /// One of this hash, with a number of the operating system's choice.
    pub(super) fn new(hash: [u8; 32]) -> std::io::Result<Self> {
        let mut nonce = [0; 8];
        rustix::rand::getrandom(&mut nonce, rustix::rand::GetRandomFlags::empty())?;
        // A positive number in its shortest form.
        nonce[0] = nonce[0] & 0x3f | 0x40;
        Ok(Self { hash, nonce })
    }

    /// As it is sent.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let algorithm = der::value(SEQUENCE, &[der::value(OID, SHA_256), der::value(NULL, &[])].concat());
        let imprint = der::value(SEQUENCE, &[algorithm, der::value(OCTET_STRING, &self.hash)].concat());
        let certificates = der::value(der::BOOLEAN, &[0xff]);
        der::value(SEQUENCE, &[der::value(INTEGER, &[1]), imprint, der::value(INTEGER, &self.nonce), certificates].concat())
    }

    /// The stamp in an answer to it.
    pub(super) fn answered(&self, answer: &[u8]) -> Result<(), StampError> {
        let stamp = TimeStamp::read(answer)?;
        stamp.is_of(&self.hash)?;
        if stamp.nonce == Some(&self.nonce[..]) { Ok(()) } else { Err(StampError::Nonce) }
    }
}

/// A response that was read.
#[derive(Debug)]
pub(super) struct TimeStamp<'a> {
    /// What was signed.
    info: &'a [u8],
    function: &'a [u8],
    imprint: &'a [u8],
    nonce: Option<&'a [u8]>,
    /// When, by the authority.
    pub(super) time: chrono::DateTime<chrono::Utc>,
    certificates: Vec<DerValue<'a>>,
    signer: StampSigner<'a>,
}

/// Who signed, and how.
#[derive(Debug)]
struct StampSigner<'a> {
    /// The issuer and the number of the certificate; `None` where it is named by its key.
    certificate: Option<&'a [u8]>,
    function: &'a [u8],
    attributes: DerValue<'a>,
    signature: &'a [u8],
}

impl<'a> TimeStamp<'a> {
    /// The stamp in a response.
    ///
    /// # Errors
    /// Where it is none, or the authority refused.
    pub(super) fn read(response: &'a [u8]) -> Result<Self, StampError> {
        let mut reader = DerReader::new(response);
        let mut whole = reader.expect(SEQUENCE).filter(|_| reader.is_at_end()).ok_or(StampError::Form)?.inside();
        let mut status = whole.expect(SEQUENCE).ok_or(StampError::Form)?.inside();
        let number = status.expect(INTEGER).and_then(|number| small(number.content)).ok_or(StampError::Form)?;
        // 0 is granted, 1 granted with changes.
        if number > 1 {
            let mut texts = status.optional(SEQUENCE).map_or(DerReader::new(&[]), DerValue::inside);
            let words = texts.next().filter(|text| text.tag == der::UTF8_STRING).map(|text| String::from_utf8_lossy(text.content));
            let words: String = one_line(&words.unwrap_or_default()).chars().take(200).collect();
            return Err(StampError::Refused { status: number, words });
        }
        Self::token(whole).ok_or(StampError::Form)
    }

    fn token(mut response: DerReader<'a>) -> Option<Self> {
        let mut content = response.expect(SEQUENCE).filter(|_| response.is_at_end())?.inside();
        content.expect(OID).filter(|kind| kind.content == SIGNED_DATA)?;
        let mut signed = content.expect(CONTEXT_0)?.inside().expect(SEQUENCE)?.inside();
        signed.expect(INTEGER)?;
        signed.expect(SET)?;
        let mut inner = signed.expect(SEQUENCE)?.inside();
        inner.expect(OID).filter(|kind| kind.content == TST_INFO)?;
        let info = inner.expect(CONTEXT_0)?.inside().expect(OCTET_STRING)?.content;
        let mut certificates = Vec::new();
        let mut listed = signed.optional(CONTEXT_0).map_or(DerReader::new(&[]), DerValue::inside);
        while let Some(certificate) = listed.next() {
            certificates.push(certificate);
        }
        signed.optional(CONTEXT_1);
        let mut signers = signed.expect(SET)?.inside();
        // RFC 3161: one signer, the authority.
        let signer = StampSigner::read(signers.expect(SEQUENCE).filter(|_| signers.is_at_end())?)?;
        let mut fields = DerReader::new(info).expect(SEQUENCE)?.inside();
        fields.expect(INTEGER)?;
        fields.expect(OID)?;
        let mut imprint = fields.expect(SEQUENCE)?.inside();
        let function = imprint.expect(SEQUENCE)?.inside().expect(OID)?.content;
        let imprint = imprint.expect(OCTET_STRING)?.content;
        fields.expect(INTEGER)?;
        let time = moment(fields.expect(GENERALIZED_TIME)?.content)?;
        fields.optional(SEQUENCE);
        fields.optional(der::BOOLEAN);
        let nonce = fields.optional(INTEGER).map(|nonce| nonce.content);
        Some(Self { info, function, imprint, nonce, time, certificates, signer })
    }

    /// Sees that it is of this SHA-256.
    pub(super) fn is_of(&self, hash: &[u8; 32]) -> Result<(), StampError> {
        if self.function == SHA_256 && self.imprint == hash { Ok(()) } else { Err(StampError::Imprint) }
    }

    /// Sees that its signature holds and is by whom one of these authorities has certified for time stamps.
    pub(super) fn certified(&self, trusted: &Authorities) -> Result<(), StampError> {
        let StampSigner { function, attributes, signature, .. } = self.signer;
        let function = hash_function(function).ok_or(StampError::Algorithm)?;
        let attribute = |kind: &[u8]| attribute(attributes, kind);
        let right = attribute(CONTENT_TYPE).is_some_and(|kind| kind.content == TST_INFO)
            && attribute(MESSAGE_DIGEST).is_some_and(|digest| digest.content == function.of(self.info));
        if !right {
            return Err(StampError::Signature);
        }
        // What is signed is the attributes as a set, whatever tag they have where they stand.
        let signed = der::value(SET, attributes.content);
        let mut why = StampError::Signature;
        for found in self.certificates.iter().filter(|found| self.signer.is_by(found)) {
            let certificate = CertificateDer::from(found.whole);
            let end = webpki::EndEntityCert::try_from(&certificate).map_err(|error| StampError::Certificate(error.to_string()))?;
            let holds = algorithms(function).iter().any(|algorithm| end.verify_signature(*algorithm, &signed, signature).is_ok());
            if !holds || !names(attribute(SIGNING_CERTIFICATE_V2), found.whole) {
                continue;
            }
            let between: Vec<CertificateDer<'_>> = self.certificates.iter().map(|found| CertificateDer::from(found.whole)).collect();
            let then = UnixTime::since_unix_epoch(Duration::from_secs(self.time.timestamp().try_into().unwrap_or(0)));
            let usage = webpki::KeyUsage::required(TIME_STAMPING);
            let anchors = &trusted.0;
            match end.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, anchors, &between, then, usage, None, None) {
                Ok(_) => return Ok(()),
                Err(error) => why = StampError::Certificate(error.to_string()),
            }
        }
        Err(why)
    }
}

impl<'a> StampSigner<'a> {
    fn read(info: DerValue<'a>) -> Option<Self> {
        let mut fields = info.inside();
        fields.expect(INTEGER)?;
        let named = fields.next()?;
        let function = fields.expect(SEQUENCE)?.inside().expect(OID)?.content;
        let attributes = fields.expect(CONTEXT_0)?;
        fields.expect(SEQUENCE)?;
        let signature = fields.expect(OCTET_STRING)?.content;
        let certificate = (named.tag == SEQUENCE).then_some(named.content);
        Some(Self { certificate, function, attributes, signature })
    }

    /// True of a certificate that may be the signer's: the one that is named, or any where it is named by its key alone.
    fn is_by(&self, certificate: &DerValue<'_>) -> bool {
        let Some(named) = self.certificate else { return true };
        let own = || {
            let mut fields = certificate.inside().expect(SEQUENCE)?.inside();
            fields.optional(CONTEXT_0);
            let number = fields.expect(INTEGER)?.whole;
            fields.expect(SEQUENCE)?;
            let issuer = fields.expect(SEQUENCE)?.whole;
            Some([issuer, number].concat())
        };
        own().is_some_and(|own| own == named)
    }
}

/// Whose certificates are trusted.
#[derive(Debug)]
pub struct Authorities(Vec<TrustAnchor<'static>>);

impl Authorities {
    /// Those of a file of PEM; `None` where it holds none, or one that cannot be read.
    pub fn from_pem(text: &[u8]) -> Option<Self> {
        let anchors = CertificateDer::pem_slice_iter(text).map(|certificate| {
            let certificate = certificate.ok()?;
            webpki::anchor_from_trusted_cert(&certificate).ok().map(|anchor| anchor.to_owned())
        });
        let anchors: Vec<TrustAnchor<'static>> = anchors.collect::<Option<_>>()?;
        (!anchors.is_empty()).then_some(Self(anchors))
    }
}

/// The value of an attribute, where there is one.
fn attribute<'a>(attributes: DerValue<'a>, kind: &[u8]) -> Option<DerValue<'a>> {
    let mut all = attributes.inside();
    while let Some(each) = all.next() {
        let mut fields = each.inside();
        if fields.expect(OID)?.content == kind {
            return fields.expect(SET)?.inside().next();
        }
    }
    None
}

/// True where the attribute that names the signer's certificate by its hash (RFC 5035) names this one, or is not there: RFC 3161 alone names it by
/// SHA-1, which proves nothing.
fn names(attribute: Option<DerValue<'_>>, certificate: &[u8]) -> bool {
    let Some(attribute) = attribute else { return true };
    let named = || {
        let mut first = attribute.inside().expect(SEQUENCE)?.inside().expect(SEQUENCE)?.inside();
        let function = match first.optional(SEQUENCE) {
            Some(algorithm) => hash_function(algorithm.inside().expect(OID)?.content)?,
            None => HashFunction::Sha256,
        };
        Some(first.expect(OCTET_STRING)?.content == function.of(certificate))
    };
    named().unwrap_or(false)
}

fn hash_function(oid: &[u8]) -> Option<HashFunction> {
    match oid {
        SHA_256 => Some(HashFunction::Sha256),
        SHA_384 => Some(HashFunction::Sha384),
        SHA_512 => Some(HashFunction::Sha512),
        _ => None,
    }
}

/// Those that sign with this hash; a certificate's key fits some of them.
fn algorithms(function: HashFunction) -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    use webpki::ring;
    match function {
        HashFunction::Sha256 => vec![
            ring::RSA_PKCS1_2048_8192_SHA256,
            ring::ECDSA_P256_SHA256,
            ring::ECDSA_P384_SHA256,
            ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        ],
        HashFunction::Sha384 => vec![
            ring::RSA_PKCS1_2048_8192_SHA384,
            ring::ECDSA_P256_SHA384,
            ring::ECDSA_P384_SHA384,
            ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        ],
        HashFunction::Sha512 => vec![ring::RSA_PKCS1_2048_8192_SHA512, ring::ED25519, ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
    }
}

/// A number of one byte.
fn small(content: &[u8]) -> Option<u64> {
    match content {
        [number] if *number < 0x80 => Some(u64::from(*number)),
        _ => None,
    }
}

/// `20261130054645Z`, or with a fraction of the second.
fn moment(text: &[u8]) -> Option<chrono::DateTime<chrono::Utc>> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let digits = text.split('.').next().filter(|digits| digits.len() == 14 && digits.bytes().all(|digit| digit.is_ascii_digit()))?;
    let form = if text.len() == digits.len() { "%Y%m%d%H%M%S" } else { "%Y%m%d%H%M%S%.f" };
    chrono::NaiveDateTime::parse_from_str(text, form).ok().map(|time| time.and_utc())
}

/// What a hash in hexadecimal is in bytes; `None` for any other text.
pub(super) fn bytes_of(hash: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let pairs = hash.as_bytes().as_chunks::<2>().0;
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    (hexadecimal(&bytes) == hash).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_written_as_the_standard_has_it() {
        let query = StampQuery { hash: [0xab; 32], nonce: [0x41, 2, 3, 4, 5, 6, 7, 8] };
        let bytes = query.bytes();
        // As `openssl ts -query -sha256 -cert` writes one.
        let head = [0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09];
        assert!(bytes.starts_with(&head), "{bytes:02x?}");
        assert!(bytes.ends_with(&[0x02, 0x08, 0x41, 2, 3, 4, 5, 6, 7, 8, 0x01, 0x01, 0xff]), "{bytes:02x?}");
        let other = StampQuery::new([0; 32]).unwrap();
        assert!(other.nonce != StampQuery::new([0; 32]).unwrap().nonce && (0x40..0x80).contains(&other.nonce[0]));
    }

    #[test]
    fn what_is_no_stamp_is_told_and_a_refusal_is_told_in_its_words() {
        for other in [&b""[..], b"hello", &[0x30, 0], &[0x30, 3, 2, 1, 0]] {
            assert_eq!(TimeStamp::read(other).unwrap_err(), StampError::Form);
        }
        let words = der::value(SEQUENCE, &der::value(der::UTF8_STRING, b"no such\npolicy"));
        let status = der::value(SEQUENCE, &[der::value(INTEGER, &[2]), words].concat());
        let refused = TimeStamp::read(&der::value(SEQUENCE, &status)).unwrap_err();
        assert!(refused.to_string().starts_with("the authority refuses: status 2: no such"), "{refused}");
    }

    #[test]
    fn a_moment_is_read_with_and_without_a_fraction() {
        let told = |text: &str| moment(text.as_bytes()).map(|time| time.to_rfc3339());
        assert_eq!(told("20261130054645Z").as_deref(), Some("2026-11-30T05:46:45+00:00"));
        assert_eq!(told("20261130054645.25Z").as_deref(), Some("2026-11-30T05:46:45.250+00:00"));
        for other in ["", "Z", "20261130054645", "2026113005464Z", "20261330054645Z", "20261130054645+0100"] {
            assert_eq!(told(other), None, "{other}");
        }
    }

    #[test]
    fn a_hash_is_64_digits_in_lower_case() {
        assert_eq!(bytes_of(&"ab".repeat(32)), Some([0xab; 32]));
        for other in ["AB".repeat(32), "ab".repeat(31), "ab".repeat(33), "zz".repeat(32), String::new()] {
            assert_eq!(bytes_of(&other), None);
        }
    }
}

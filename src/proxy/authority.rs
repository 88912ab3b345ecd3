//! The local authority, which signs a certificate for whatever name a proxy stands for, when it is asked for it.
//!
//! It lives in a folder, `ca.pem` and `ca.key`, made once and never overwritten, or in memory for as long as the proxy runs. Its name is
//! told by its key, so that a stored one can sign without its certificate being read as one; that the two belong together is proven by
//! verifying what it signs. The key leaves the folder for nothing but signing.

use crate::model::TlsProblem;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The certificate's file, for all to read.
const CERTIFICATE: &str = "ca.pem";
/// The key's file, for its owner alone.
const KEY: &str = "ca.key";
const DAY: Duration = Duration::from_secs(86_400);
/// How long the authority itself is valid.
const LIFE: Duration = Duration::from_secs(3650 * 86_400);
/// Certificates that are kept; whoever asks for more names makes the oldest be signed anew.
const KEPT: usize = 1024;

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file of it cannot be read or written.
    #[error("the authority's file {path} cannot be used: {source}\n\nhint: make one with `lifeboat proxy ca --dir DIR`")]
    File {
        /// Which.
        path: PathBuf,
        /// The operating system's words.
        source: io::Error,
    },
    /// The folder holds something else.
    #[error(
        "{folder} holds no authority that can sign: {problem}\n\nhint: name another folder, or move its ca.pem and ca.key away and make a new \
         one with `lifeboat proxy ca`"
    )]
    Unfit {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A key or a certificate could not be made.
    #[error("no certificate could be made: {0}")]
    Signing(String),
}

/// Whether an authority was made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was.
    Made,
    /// It was there.
    Found,
}

/// See the head of this file.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Signs what nobody shall trust.
    stranger: Issuer<'static, KeyPair>,
    pem: String,
    leaves: Mutex<Leaves>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

/// Certificates by name and by what is wrong with them, and the order in which they came.
#[derive(Default)]
struct Leaves {
    signed: HashMap<Leaf, Arc<CertifiedKey>>,
    order: VecDeque<Leaf>,
}

type Leaf = (Vec<String>, Option<TlsProblem>);

impl Authority {
    /// One that nobody trusts yet and that ends with the process.
    ///
    /// # Errors
    /// Where the system has no randomness for a key.
    pub fn in_memory() -> Result<Self, AuthorityError> {
        let key = KeyPair::generate().map_err(signing)?;
        let pem = params(&key)?.self_signed(&key).map_err(signing)?.pem();
        Self::of(key, pem)
    }

    /// The one in this folder.
    ///
    /// # Errors
    /// Where there is none, or it cannot sign what its certificate vouches for.
    pub fn load(folder: &Path) -> Result<Self, AuthorityError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|source| AuthorityError::File { path, source })
        };
        let (pem, key) = (read(CERTIFICATE)?, read(KEY)?);
        let unfit = |problem: String| AuthorityError::Unfit { folder: folder.to_owned(), problem };
        // The library's own words could quote what it read.
        let key = KeyPair::from_pem(&key).map_err(|_| unfit(format!("{KEY} is not a private key in PEM")))?;
        let authority = Self::of(key, pem)?;
        authority.prove().map_err(unfit)?;
        Ok(authority)
    }

    /// The one in this folder, made where there is none.
    ///
    /// # Errors
    /// As [`Authority::load`], and where the folder cannot be written.
    pub fn make(folder: &Path) -> Result<(Self, Origin), AuthorityError> {
        if folder.join(KEY).exists() || folder.join(CERTIFICATE).exists() {
            return Ok((Self::load(folder)?, Origin::Found));
        }
        let made = Self::in_memory()?;
        let write = |name: &str, mode: u32, text: &str| {
            let path = folder.join(name);
            let mut file = fs::OpenOptions::new();
            // Two that make one at the same time must not make half of each.
            let written = file.write(true).create_new(true).mode(mode).open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|source| AuthorityError::File { path, source })
        };
        let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        created.map_err(|source| AuthorityError::File { path: folder.to_owned(), source })?;
        match write(KEY, 0o600, &made.issuer.key().serialize_pem()) {
            Err(AuthorityError::File { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {
                return Ok((Self::load(folder)?, Origin::Found));
            }
            written => written?,
        }
        write(CERTIFICATE, 0o644, &made.pem)?;
        Ok((made, Origin::Made))
    }

    /// Where the certificate of an authority in this folder is.
    pub fn certificate(folder: &Path) -> PathBuf {
        folder.join(CERTIFICATE)
    }

    fn of(key: KeyPair, pem: String) -> Result<Self, AuthorityError> {
        let stranger = KeyPair::generate().map_err(signing)?;
        let stranger = Issuer::new(params(&stranger)?, stranger);
        Ok(Self { issuer: Issuer::new(params(&key)?, key), stranger, pem, leaves: Mutex::default() })
    }

    /// The certificate to trust, in PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// That whoever trusts the certificate trusts what is signed.
    fn prove(&self) -> Result<(), String> {
        let certificate = CertificateDer::from_pem_slice(self.pem.as_bytes());
        let certificate = certificate.map_err(|_| format!("{CERTIFICATE} is not a certificate in PEM"))?;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate).map_err(|error| error.to_string())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider()));
        let verifier = verifier.build().map_err(|error| error.to_string())?;
        let leaf = self.sign(&["localhost".to_owned()], None).map_err(|error| error.to_string())?;
        let name = ServerName::try_from("localhost").map_err(|error| error.to_string())?;
        let proven = verifier.verify_server_cert(&leaf.cert[0], &leaf.cert[1..], &name, &[], UnixTime::now());
        proven.map(|_| ()).map_err(|error| format!("{KEY} and {CERTIFICATE} do not belong together, or are not valid now ({error})"))
    }

    /// A certificate with its key for these names.
    ///
    /// # Errors
    /// Where one of them cannot stand in a certificate.
    pub(super) fn leaf(&self, names: &[String], problem: Option<TlsProblem>) -> Result<Arc<CertifiedKey>, AuthorityError> {
        let wanted = (names.to_vec(), problem);
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = leaves.signed.get(&wanted) {
            return Ok(leaf.clone());
        }
        let leaf = Arc::new(self.sign(names, problem)?);
        if leaves.order.len() == KEPT
            && let Some(oldest) = leaves.order.pop_front()
        {
            leaves.signed.remove(&oldest);
        }
        leaves.order.push_back(wanted.clone());
        leaves.signed.insert(wanted, leaf.clone());
        Ok(leaf)
    }

    fn sign(&self, names: &[String], problem: Option<TlsProblem>) -> Result<CertifiedKey, AuthorityError> {
        let key = KeyPair::generate().map_err(signing)?;
        let others = ["wrong-name.invalid".to_owned()];
        let names = if problem == Some(TlsProblem::WrongName) { &others[..] } else { names };
        let mut params = CertificateParams::new(names).map_err(signing)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        // The name in full is among the alternative ones; this one may have 64 letters at most.
        let short: String = names.first().map_or("lifeboat", String::as_str).chars().take(64).collect();
        params.distinguished_name.push(DnType::CommonName, short);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let now = now();
        // Clocks differ; and no client takes a certificate for years.
        let (from, to) = if problem == Some(TlsProblem::Expired) { (now - DAY * 30, now - DAY) } else { (now - DAY, now + DAY * 90) };
        valid(&mut params, from, to);
        let issuer = if problem == Some(TlsProblem::Untrusted) { &self.stranger } else { &self.issuer };
        let certificate = params.signed_by(&key, issuer).map_err(signing)?;
        let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        CertifiedKey::from_der(vec![certificate.der().clone()], secret, &ring::default_provider()).map_err(signing)
    }
}

fn signing(error: impl std::error::Error) -> AuthorityError {
    AuthorityError::Signing(error.to_string())
}

/// The authority's own certificate; its name is told by its key.
fn params(key: &KeyPair) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::new(Vec::new()).map_err(signing)?;
    let id: String = params.key_identifier(key).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("Lifeboat fault proxy {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = now();
    valid(&mut params, now - DAY, now + LIFE);
    Ok(params)
}

/// Since 1970; certificates are the one thing here that speaks of days.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().max(DAY * 60)
}

/// From when to when a certificate is valid.
fn valid(params: &mut CertificateParams, from: Duration, to: Duration) {
    let date = |since_1970: Duration| date_time_ymd(1970, 1, 1) + Duration::from_secs(since_1970.as_secs());
    (params.not_before, params.not_after) = (date(from), date(to));
}

//! The local authority, which signs a certificate for the names that its proxies stand for, when it is asked for it, and for no other.
//!
//! It lives in a folder, `ca.pem` and `ca.key`, or in memory for as long as the proxy runs. Its certificate names the hosts that it may stand
//! for (X.509 name constraints), besides this machine's own loopback: anyone who has its key can deceive those who trust it about these and
//! nobody else. In a folder these hosts are told once; in memory they grow with the proxies that are created, and the certificate with them.
//!
//! Its name is told by its key, so that a stored one can sign without its certificate being read as one; what that allows, and that the two
//! belong together, is proven by verifying what is signed. The key leaves the folder for nothing but signing.

use crate::host::private;
use crate::model::TlsProblem;
use crate::units::Explained;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The certificate's file, for all to read.
const CERTIFICATE: &str = "ca.pem";
/// The key's file, for its owner alone.
const KEY: &str = "ca.key";
const DAY: Duration = Duration::from_secs(86_400);
/// How long the authority itself is valid.
const LIFE: Duration = Duration::from_secs(365 * 86_400);
/// How long what it signs is; half of it in use.
const LEAF_LIFE: Duration = Duration::from_secs(60 * 86_400);
/// What a certificate with a wrong name is for: a name that nobody can have (RFC 6761).
const WRONG_NAME: &str = "wrong-name.invalid";
/// A name that no authority of ours may sign for.
const STRANGE_NAME: &str = "any-host.invalid";
/// Certificates that are kept; anyone who asks for more names makes the oldest be signed anew.
const KEPT: usize = 1024;

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file of it cannot be read or written.
    #[error("the authority's file {path} cannot be used: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        source: io::Error,
    },
    /// The folder holds something else.
    #[error("{folder} has no authority that can sign: {problem}")]
    Unfit {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Others could sign with it.
    #[error("{} may be {what} by others, who could then pose as its hosts to everybody who trusts it", path.display())]
    Loose {
        /// The key's file or its folder.
        path: PathBuf,
        /// `read`, `written`.
        what: &'static str,
        /// Its mode, as it should be.
        mode: &'static str,
    },
    /// Its certificate does not name this host.
    #[error("the local authority may not sign for {host}")]
    Beyond {
        /// The host.
        host: String,
    },
    /// A certificate that named this host would be refused by every client that reads it, for every other host as well.
    #[error("no certificate can name `{host}`")]
    Unnameable {
        /// The host.
        host: String,
    },
    /// A key or a certificate could not be made.
    #[error("no certificate could be made: {0}")]
    Signing(String),
}

impl Explained for AuthorityError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::File { .. } => "make one with `lifeboat proxy ca --dir DIR`".into(),
            Self::Unfit { .. } => {
                "name another folder, or renew it with `lifeboat proxy ca --renew` and give its ca.pem to everybody who must trust it"
                    .into()
            }
            Self::Loose { path, mode, .. } => format!("chmod {mode} {}", path.display()).into(),
            Self::Beyond { host } => format!(
                "renew it with all its hosts: `lifeboat proxy ca --renew`, in the project's folder or with `--host {host}`; then give its \
                 ca.pem to everybody who must trust it"
            )
            .into(),
            Self::Unnameable { .. } => "write the whole name of a host, or an address, for example `api.openai.com`".into(),
            Self::Signing(_) => return None,
        })
    }
}

/// Whether an authority was made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorityOrigin {
    /// It was.
    Made,
    /// It was there.
    Found,
    /// It was there, and another is in its place.
    Renewed,
}

/// Local certificate authority, which signs for the hosts that proxies stand for.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Signs what nobody shall trust.
    stranger: Issuer<'static, KeyPair>,
    reach: Reach,
    leaves: Mutex<Leaves>,
}

/// For whom it may sign.
enum Reach {
    /// For those that it was told of so far.
    Growing(Mutex<Grown>),
    /// For those that this certificate names.
    Told(String),
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

/// Hosts, and the certificate that names them.
struct Grown {
    hosts: BTreeSet<String>,
    pem: String,
}

/// Certificates by name and by what is wrong with them, and the order in which they came.
#[derive(Default)]
struct Leaves {
    signed: HashMap<Leaf, (Arc<CertifiedKey>, Duration)>,
    order: VecDeque<Leaf>,
}

type Leaf = (Vec<String>, Option<TlsProblem>);

impl Authority {
    /// One that nobody trusts yet and that ends with the process. It may sign for loopback, and for whom `admit` is told of.
    ///
    /// # Errors
    /// Where the system has no randomness for a key.
    pub fn in_memory() -> Result<Self, AuthorityError> {
        let (key, hosts) = (KeyPair::generate().map_err(signing)?, BTreeSet::new());
        let pem = certificate(&key, &hosts)?;
        Self::of(key, Reach::Growing(Mutex::new(Grown { hosts, pem })))
    }

    /// The one in this folder.
    ///
    /// # Errors
    /// Where there is none, others could use it, it may stand for any host, or it cannot sign what its certificate vouches for.
    pub fn load(folder: &Path) -> Result<Self, AuthorityError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|source| AuthorityError::File { path, source })
        };
        let key_file = folder.join(KEY);
        only_for_its_owner(&key_file, 0o077, "600")?;
        only_for_its_owner(folder, 0o022, "700")?;
        let (pem, key) = (read(CERTIFICATE)?, read(KEY)?);
        let unfit = |problem: String| AuthorityError::Unfit { folder: folder.to_owned(), problem };
        // The library's own words could quote what it read.
        let key = KeyPair::from_pem(&key).map_err(|_| unfit(format!("{KEY} is not a private key in PEM")))?;
        let authority = Self::of(key, Reach::Told(pem))?;
        authority
            .proves(&authority.pem(), "localhost")
            .map_err(|error| unfit(format!("{KEY} and {CERTIFICATE} do not belong together, or are not valid now ({error})")))?;
        if authority.proves(&authority.pem(), STRANGE_NAME).is_ok() {
            return Err(unfit(format!("{CERTIFICATE} names no hosts, so its key could pose as any")));
        }
        Ok(authority)
    }

    /// The one in this folder, made for these hosts where there is none, or anew where that is asked for.
    ///
    /// # Errors
    /// As [`Authority::load`]; where the folder cannot be written or is a link; where the one that is there may not sign for one of the hosts,
    /// or none could.
    pub fn make(folder: &Path, hosts: &BTreeSet<String>, renew: bool) -> Result<(Self, AuthorityOrigin), AuthorityError> {
        let is_there = [KEY, CERTIFICATE].iter().any(|name| folder.join(name).symlink_metadata().is_ok());
        if is_there && !renew {
            return Self::found(folder, hosts);
        }
        let key = KeyPair::generate().map_err(signing)?;
        let pem = certificate(&key, hosts)?;
        let made = Self::of(key, Reach::Told(pem.clone()))?;
        // Nothing is written that nobody can verify. Each alone, so that the one at fault is named.
        hosts.iter().try_for_each(|host| made.vouching(&BTreeSet::from([host.clone()]), host).map(drop))?;
        let key = made.issuer.key().serialize_pem();
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| AuthorityError::File { path, source }
        };
        private::folder(folder).map_err(failed(folder))?;
        only_for_its_owner(folder, 0o022, "700")?;
        let (key_file, certificate) = (folder.join(KEY), folder.join(CERTIFICATE));
        let written = if is_there {
            private::write(&key_file, key.as_bytes())
        } else {
            // Two that make one at the same time must not make half of each.
            match private::create_new(&key_file) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Self::found(folder, hosts),
                opened => opened.and_then(|mut file| file.write_all(key.as_bytes())),
            }
        };
        let written = written.map_err(failed(&key_file));
        let written = written.and_then(|()| private::write(&certificate, pem.as_bytes()).map_err(failed(&certificate)));
        if written.is_err() && !is_there {
            // A full disk leaves no half of one; where even this fails, loading it tells so.
            let _ = fs::remove_file(&key_file);
        }
        written?;
        // For all to read, whom the folder lets in.
        fs::set_permissions(&certificate, Permissions::from_mode(0o644)).map_err(failed(&certificate))?;
        Ok((made, if is_there { AuthorityOrigin::Renewed } else { AuthorityOrigin::Made }))
    }

    fn found(folder: &Path, hosts: &BTreeSet<String>) -> Result<(Self, AuthorityOrigin), AuthorityError> {
        let found = Self::load(folder)?;
        hosts.iter().try_for_each(|host| found.admit(host))?;
        Ok((found, AuthorityOrigin::Found))
    }

    /// Where the certificate of an authority in this folder is.
    pub fn certificate(folder: &Path) -> PathBuf {
        folder.join(CERTIFICATE)
    }

    fn of(key: KeyPair, reach: Reach) -> Result<Self, AuthorityError> {
        let stranger = KeyPair::generate().map_err(signing)?;
        let stranger = Issuer::new(params(&stranger, None)?, stranger);
        Ok(Self { issuer: Issuer::new(params(&key, None)?, key), stranger, reach, leaves: Mutex::default() })
    }

    /// The certificate to trust, in PEM. In memory it is another after a host was admitted.
    pub fn pem(&self) -> String {
        match &self.reach {
            Reach::Told(pem) => pem.clone(),
            Reach::Growing(grown) => grown.lock().unwrap_or_else(PoisonError::into_inner).pem.clone(),
        }
    }

    /// Sees that it may sign for a host, which one in memory then may.
    ///
    /// # Errors
    /// Where its certificate does not name the host, or none could. Then it is as it was.
    pub(super) fn admit(&self, host: &str) -> Result<(), AuthorityError> {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        let grown = match &self.reach {
            Reach::Told(pem) => return self.proves(pem, &host).map_err(|_| AuthorityError::Beyond { host }),
            Reach::Growing(grown) => grown,
        };
        let mut grown = grown.lock().unwrap_or_else(PoisonError::into_inner);
        if self.proves(&grown.pem, &host).is_ok() {
            return Ok(());
        }
        let mut hosts = grown.hosts.clone();
        hosts.insert(host.clone());
        let pem = self.vouching(&hosts, &host)?;
        *grown = Grown { hosts, pem };
        Ok(())
    }

    /// A certificate for these hosts, the newest of which it was proven to name beside what it named before: one name that cannot stand in it
    /// spoils it for all.
    fn vouching(&self, hosts: &BTreeSet<String>, newest: &str) -> Result<String, AuthorityError> {
        let pem = certificate(self.issuer.key(), hosts)?;
        let proven = ["localhost", newest].into_iter().try_for_each(|name| self.proves(&pem, name));
        proven.map(|()| pem).map_err(|_| AuthorityError::Unnameable { host: newest.to_owned() })
    }

    /// That a client that trusts this certificate trusts what is signed for this name.
    fn proves(&self, pem: &str, name: &str) -> Result<(), String> {
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes());
        let certificate = certificate.map_err(|_| format!("{CERTIFICATE} is not a certificate in PEM"))?;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate).map_err(|error| error.to_string())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider()));
        let verifier = verifier.build().map_err(|error| error.to_string())?;
        let leaf = self.sign(&[name.to_owned()], None).map_err(|error| error.to_string())?;
        let name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
        let proven = verifier.verify_server_cert(&leaf.cert[0], &leaf.cert[1..], &name, &[], UnixTime::now());
        proven.map(|_| ()).map_err(|error| error.to_string())
    }

    /// A certificate with its key for these names.
    ///
    /// # Errors
    /// Where one of them cannot stand in a certificate, or is one that it may not sign for.
    pub(super) fn leaf(&self, names: &[String], problem: Option<TlsProblem>) -> Result<Arc<CertifiedKey>, AuthorityError> {
        let wanted = (names.to_vec(), problem);
        let now = now();
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        let known = leaves.signed.get(&wanted);
        if let Some((leaf, _)) = known.filter(|(_, signed)| now.saturating_sub(*signed) < LEAF_LIFE / 2) {
            return Ok(leaf.clone());
        }
        if known.is_none() {
            let pem = self.pem();
            names.iter().try_for_each(|name| self.proves(&pem, name).map_err(|_| AuthorityError::Beyond { host: name.clone() }))?;
            if leaves.order.len() == KEPT
                && let Some(oldest) = leaves.order.pop_front()
            {
                leaves.signed.remove(&oldest);
            }
            leaves.order.push_back(wanted.clone());
        }
        let leaf = Arc::new(self.sign(names, problem)?);
        leaves.signed.insert(wanted, (leaf.clone(), now));
        Ok(leaf)
    }

    fn sign(&self, names: &[String], problem: Option<TlsProblem>) -> Result<CertifiedKey, AuthorityError> {
        let key = KeyPair::generate().map_err(signing)?;
        let others = [WRONG_NAME.to_owned()];
        let names = if problem == Some(TlsProblem::WrongName) { &others[..] } else { names };
        let mut params = CertificateParams::new(names).map_err(signing)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        // The name in full is among the alternative ones; this one may have 64 letters at most. An address is no name: OpenSSL would take it
        // for one, which the authority does not name.
        let name = names.iter().find(|name| name.parse::<IpAddr>().is_err());
        let short: String = name.map_or("lifeboat", String::as_str).chars().take(64).collect();
        params.distinguished_name.push(DnType::CommonName, short);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let now = now();
        // Clocks differ; and no client takes a certificate for years.
        let (from, to) = if problem == Some(TlsProblem::Expired) { (now - DAY * 30, now - DAY) } else { (now - DAY, now + LEAF_LIFE) };
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

/// The authority's own certificate, for these hosts or, of one whose certificate is never shown, for none; its name is told by its key.
fn params(key: &KeyPair, hosts: Option<&BTreeSet<String>>) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::new(Vec::new()).map_err(signing)?;
    let id: String = params.key_identifier(key).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("Lifeboat fault proxy {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = hosts.map(constraints);
    let now = now();
    valid(&mut params, now - DAY, now + LIFE);
    Ok(params)
}

/// The same in PEM, for these hosts.
fn certificate(key: &KeyPair, hosts: &BTreeSet<String>) -> Result<String, AuthorityError> {
    Ok(params(key, Some(hosts))?.self_signed(key).map_err(signing)?.pem())
}

/// These hosts with what lies below their names, and loopback. Of both kinds at least one is named, since a kind of which none is would be free.
fn constraints(hosts: &BTreeSet<String>) -> NameConstraints {
    let own = ["localhost".to_owned(), WRONG_NAME.to_owned()];
    let subtree = |host: &String| match host.parse::<IpAddr>() {
        Ok(address) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, if address.is_ipv4() { 32 } else { 128 })),
        Err(_) => GeneralSubtree::DnsName(host.clone()),
    };
    let mut permitted: Vec<GeneralSubtree> = own.iter().chain(hosts).map(subtree).collect();
    permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(Ipv4Addr::LOCALHOST.into(), 8)));
    permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(Ipv6Addr::LOCALHOST.into(), 128)));
    NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() }
}

/// Others may do nothing with it that these bits stand for.
fn only_for_its_owner(path: &Path, bits: u32, mode: &'static str) -> Result<(), AuthorityError> {
    let about = fs::metadata(path).map_err(|source| AuthorityError::File { path: path.to_owned(), source })?;
    let loose = about.permissions().mode() & bits;
    let what = if loose & 0o022 == 0 { "read" } else { "written" };
    if loose == 0 { Ok(()) } else { Err(AuthorityError::Loose { path: path.to_owned(), what, mode }) }
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

//! A proxy as it will be: a request for one that has passed every check that can be made before it listens, so that what is refused costs
//! nothing that is there.
//!
//! What this file does not do: take a port that the request names. The proxy that is to be replaced may have it.

use super::bounds::Wanted;
use super::hold::Phase;
use super::keeper::RawProxy;
use super::listener::{Door, open_door, resolve};
use super::playable::Playable;
use super::registry::{ApiError, Footing};
use super::secures::Secures;
use super::upstream::{Answers, Upstream};
use super::way::Way;
use crate::fault::{RawToxic, check_name};
use crate::model::Dialect;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    /// Where it listens, as it was asked for.
    pub(super) listen: String,
    pub(super) upstream: String,
    /// The upstream, read.
    pub(super) leads: Upstream,
    pub(super) way: Arc<Way>,
    pub(super) dialect: Dialect,
    pub(super) ends_tls: bool,
    pub(super) hosts: Option<Vec<String>>,
    pub(super) answers: Vec<Answers>,
    pub(super) phase: Phase,
    pub(super) toxics: Vec<RawToxic>,
    address: SocketAddr,
    /// Open already where any free port will do.
    door: Option<Door>,
}

impl Draft {
    /// # Errors
    /// Where the request is incomplete or wrong, or asks for what may not be.
    pub(super) async fn of(raw: RawProxy, footing: &Footing) -> Result<Self, ApiError> {
        let name = raw.name.filter(|name| !name.is_empty()).ok_or_else(|| ApiError::missing("name"))?;
        check_name(&name).map_err(|problem| ApiError::bad_request(format!("bad request body: invalid name: {problem}")))?;
        let upstream = raw.upstream.filter(|upstream| !upstream.is_empty()).ok_or_else(|| ApiError::missing("upstream"))?;
        let dialect = raw.dialect.as_deref().unwrap_or("tcp");
        let unknown = || ApiError::bad_request(format!("dialect `{dialect}` is not one of {}", Dialect::WORDS.join(", ")));
        let dialect = Dialect::from_word(dialect).ok_or_else(unknown)?;
        let ends_tls = raw.tls.unwrap_or(false);
        if ends_tls && dialect == Dialect::Tcp {
            return Err(ApiError::bad_request("a proxy that terminates TLS must know what is inside, and this one sees only bytes")
                .with_hint("create it with a dialect, for example \"http\"; or without `tls`, and TLS passes through it as it is"));
        }
        let hosts = raw.hosts;
        footing.bounds.allow(&Wanted { name: &name, upstream: &upstream, dialect, tls: ends_tls, hosts: hosts.as_deref() })?;
        let way = Way::of(&footing.ways);
        let leads = Upstream::parse(&upstream, dialect, footing, &way).map_err(ApiError::bad_request)?;
        let answers = answers(hosts.as_deref(), &leads)?;
        let phase = if raw.enabled.unwrap_or(true) { Phase::Enabled } else { Phase::Disabled };
        let listen = raw.listen.unwrap_or_default();
        let address = resolve(&listen).await?;
        footing.bounds.listener(&name, address).await?;
        let (manner, has_forward) = (footing.manner, footing.forward.is_some());
        check_toxics(&Playable { proxy: &name, manner, dialect, ends_tls, has_forward }, &raw.toxics)?;
        let secures = Secures { hosts: hosts.as_deref(), address: ends_tls.then_some(address), dialect };
        secures.admitted(footing.trust.authority(), &answers)?;
        // A free port is nobody's, and only the one that is taken tells whether the way leads back here.
        let door = if address.port() == 0 { Some(open_door(address, phase)?) } else { None };
        way.lead(door.as_ref().map_or(address, Door::address), leads.address()).await.map_err(led_back)?;
        Ok(Self { name, listen, upstream, leads, way, dialect, ends_tls, hosts, answers, phase, toxics: raw.toxics, address, door })
    }

    /// The listener, which takes connections where the proxy is enabled.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub(super) fn door(&mut self) -> Result<Door, ApiError> {
        self.door.take().map_or_else(|| open_door(self.address, self.phase), Ok)
    }
}

fn check_toxics(playable: &Playable<'_>, raws: &[RawToxic]) -> Result<(), ApiError> {
    let mut names = BTreeSet::new();
    for raw in raws {
        if !names.insert(playable.read(raw)?.name) {
            return Err(ApiError::conflict("toxic already exists"));
        }
    }
    Ok(())
}

/// Who a proxy answers for: these hosts, or its upstream.
pub(super) fn answers(hosts: Option<&[String]>, upstream: &Upstream) -> Result<Vec<Answers>, ApiError> {
    match hosts {
        Some(hosts) => hosts.iter().map(|host| Answers::parse(host).map_err(ApiError::bad_request)).collect(),
        None => Ok(vec![upstream.address().answers()]),
    }
}

/// What is said where the way leads back here.
pub(super) fn led_back(error: String) -> ApiError {
    ApiError::bad_request(error).with_hint("name the provider's own address as the upstream")
}

//! Where a hop's host is: its name's addresses.

use super::check::HopFinding;
use crate::model::{HopCheck, HopReason};
use crate::units::counted;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long a name may take.
const WITHIN: Duration = Duration::from_secs(5);

/// Host and port of a base URL, and whether it is asked with TLS; `None` where it is no URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HopHost {
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) has_tls: bool,
}

impl HopHost {
    pub(super) fn of(base_url: &str) -> Option<Self> {
        let (scheme, rest) = base_url.split_once("://")?;
        let has_tls = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
        let usual = if has_tls { 443 } else { 80 };
        let (name, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (name, port) = rest.split_once(']')?;
                (name, port.strip_prefix(':'))
            }
            None => authority.rsplit_once(':').map_or((authority, None), |(name, port)| (name, Some(port))),
        };
        let port = port.map_or(Some(usual), |port| port.parse().ok())?;
        (!name.is_empty()).then(|| Self { name: name.to_owned(), port, has_tls })
    }

    /// Looks its name up; the addresses that it leads to.
    pub(super) async fn look_up(&self) -> (HopFinding, Vec<SocketAddr>) {
        if let Ok(address) = self.name.parse::<IpAddr>() {
            return (HopFinding::fine(HopCheck::Name, "an address, and no name"), vec![SocketAddr::new(address, self.port)]);
        }
        let unknown = |why: String| {
            let told = format!("the name {} has no address: {why}", self.name);
            (HopFinding::failing(HopCheck::Name, HopReason::NameUnknown, told), Vec::new())
        };
        match tokio::time::timeout(WITHIN, tokio::net::lookup_host((self.name.as_str(), self.port))).await {
            Ok(Ok(found)) => {
                let found: BTreeSet<SocketAddr> = found.collect();
                if found.is_empty() {
                    return unknown("none was found".to_owned());
                }
                let told = format!("{} has {}", self.name, addresses(found.len()));
                (HopFinding::fine(HopCheck::Name, told), found.into_iter().collect())
            }
            Ok(Err(error)) => unknown(error.to_string().to_lowercase()),
            Err(_) => unknown(format!("no answer within {} s", WITHIN.as_secs())),
        }
    }
}

fn addresses(count: usize) -> String {
    if count == 1 { "1 address".to_owned() } else { counted(count as u64, "address").replace("addresss", "addresses") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_from_a_base_url() {
        let of = |url: &str| HopHost::of(url).map(|host| (host.name, host.port, host.has_tls));
        assert_eq!(of("https://api.openai.com/v1"), Some(("api.openai.com".into(), 443, true)));
        assert_eq!(of("http://user:pass@127.0.0.1:8080"), Some(("127.0.0.1".into(), 8080, false)));
        assert_eq!(of("https://[::1]:8443/x"), Some(("::1".into(), 8443, true)));
        for none in ["", "tcp://x", "https://", "http://x:port/"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}

//! Who may call a server: programs, and no web page, whatever its browser was made to say.
//!
//! A page whose own name is made to lead here (DNS rebinding) sends that name as `Host`. A page that asks another origin sends `Origin`
//! with whatever could change something. And to addresses of this host a browser adds `Sec-Fetch-…`, which no page can take away. Programs
//! send none of this, and name the server by an address, as `localhost`, or by a name that its owner has told it. (Node's `fetch` sends
//! `Sec-Fetch-Mode: cors` and nothing else of it; a browser says with it where the page is from.)
//!
//! The port in `Host` says nothing: a name that leads here is as good at every port, and tunnels change it.
//!
//! What this file does not do: tell one program from another. Tokens do.

use hyper::header::{HOST, HeaderName, ORIGIN};
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Uri};
use std::net::{IpAddr, SocketAddr};

/// Rule of who may call a server: programs only, and by its own names.
#[derive(Debug, Clone)]
pub struct Callers {
    listen: IpAddr,
    names: Vec<String>,
    /// What to set so that another name is known.
    setting: &'static str,
}

/// Refusal of a request: why, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerRefusal {
    /// What is wrong.
    pub error: String,
    /// What to do.
    pub hint: String,
}

impl Callers {
    /// Of a server that listens here, which is also known by these names. `setting` is what adds one, for hints.
    pub fn of(listen: SocketAddr, names: impl IntoIterator<Item = String>, setting: &'static str) -> Self {
        // Who listens everywhere may be told to be called so, and nobody is.
        let is_somebody = |name: &String| !name.is_empty() && !name.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified());
        let names = names.into_iter().map(|name| plain(&name)).filter(is_somebody).collect();
        Self { listen: listen.ip().to_canonical(), names, setting }
    }

    /// Why a request with this head is refused; `None` where it may pass. `reached` is the address that its connection came to.
    pub fn refuse(&self, uri: &Uri, headers: &HeaderMap, reached: IpAddr) -> Option<CallerRefusal> {
        let of_page = |name: &&HeaderName| **name == ORIGIN || name.as_str().starts_with("sec-fetch-") && !is_nodes(headers, name);
        let fetched = headers.keys().find(of_page);
        if let Some(name) = fetched {
            return Some(CallerRefusal {
                error: format!("requests from web pages are refused, and this one has the header `{name}`"),
                hint: "call it from a program that sends neither `Origin` nor `Sec-Fetch-…`".to_owned(),
            });
        }
        self.refuse_host(uri, headers, reached)
    }

    /// Why a request is refused for the names that it calls this server by; `None` where they are its own. For servers that answer browsers and
    /// look at `Origin` and `Sec-Fetch-…` themselves.
    pub fn refuse_host(&self, uri: &Uri, headers: &HeaderMap, reached: IpAddr) -> Option<CallerRefusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            let error = "a request must have one `Host`, and this one has none or several".to_owned();
            return Some(CallerRefusal { error, hint: "send `Host: localhost`, or the address that is called".to_owned() });
        };
        let host = host.to_str().unwrap_or_default();
        // A target with an authority of its own (absolute form, HTTP/2) must pass as well.
        let named = [Some(host), uri.authority().map(Authority::as_str)];
        let stranger = named.into_iter().flatten().find(|host| !self.are_called(host, reached.to_canonical()))?;
        Some(CallerRefusal {
            error: format!("this server is not known as `{}`", shown(stranger)),
            hint: format!("use its address or `localhost`, or allow the name with {}", self.setting),
        })
    }

    fn are_called(&self, host: &str, reached: IpAddr) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        if authority.as_str().contains('@') {
            return false;
        }
        let name = plain(authority.host());
        if name == "localhost" || self.names.contains(&name) {
            return true;
        }
        let Ok(address) = name.parse::<IpAddr>() else { return false };
        // What is unspecified is nobody's address: browsers take 0.0.0.0 to this host and do not think it is near.
        let is_own = !address.is_unspecified() && (address == self.listen || address == reached);
        address.is_loopback() || is_own
    }
}

/// True of what Node's `fetch` says of itself. Where a browser sent the rest as well, that is found.
fn is_nodes(headers: &HeaderMap, name: &HeaderName) -> bool {
    name == "sec-fetch-mode" && headers.get_all(name).iter().all(|mode| mode == "cors")
}

/// As hosts are compared: in small letters, without a last dot and without brackets; addresses in their usual form.
fn plain(host: &str) -> String {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    host.parse::<IpAddr>().map_or_else(|_| host.to_owned(), |address| address.to_canonical().to_string())
}

/// At most so much of what a stranger wrote as is needed to know it again.
fn shown(host: &str) -> String {
    host.chars().filter(|letter| !letter.is_control()).take(80).collect()
}

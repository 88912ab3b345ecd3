//! Requests to others: the one place where an HTTP client is made.
//!
//! No client follows a redirect. Where an answer says so, reqwest would send headers that it does not know for secrets (`x-api-key`) and the
//! whole body of a 307 to any other host; who is asked is decided by the files of the project, not by a server.
//!
//! What this room does not do: send anything. Traffic and proxies have clients of their own (hyper), which follow nothing either.

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{ClientBuilder, NoProxy, Proxy, Url};

/// Whether requests go through the proxy that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, less `NO_PROXY`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxies {
    /// Never: it stands there for other reasons, and must see neither keys nor faults.
    Ignored,
    /// Except to this host itself: what a drill starts and what it breaks is asked directly.
    Obeyed,
}

/// A client in the making.
pub fn client(proxies: Proxies) -> ClientBuilder {
    let agent = concat!("lifeboat/", env!("CARGO_PKG_VERSION"));
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).user_agent(agent).no_proxy();
    if proxies == Proxies::Ignored {
        return builder;
    }
    let set =
        |name: &str| [name.to_lowercase(), name.to_owned()].iter().find_map(|name| std::env::var(name).ok().filter(|url| !url.is_empty()));
    let here = format!("localhost,127.0.0.0/8,::1,{}", set("NO_PROXY").unwrap_or_default());
    let proxy = |name: &str| set(name).or_else(|| set("ALL_PROXY"));
    let through = [proxy("HTTP_PROXY").map(Proxy::http), proxy("HTTPS_PROXY").map(Proxy::https)];
    // One that cannot be read is no proxy.
    let through = through.into_iter().flatten().filter_map(Result::ok);
    through.fold(builder, |builder, proxy| builder.proxy(proxy.no_proxy(NoProxy::from_string(&here))))
}

/// What is said of an answer that sends on to somewhere else: by its host alone, since the rest may hold a token. `None` for any other.
pub fn sends_on(status: u16, headers: &HeaderMap, asked: &Url) -> Option<String> {
    if !(300..400).contains(&status) {
        return None;
    }
    let there = headers.get(LOCATION).and_then(|there| asked.join(there.to_str().ok()?).ok())?;
    let origin = there.origin().ascii_serialization();
    let place = if there.origin() == asked.origin() { format!("another path of {origin}") } else { origin };
    Some(format!("it redirects to {place}, and nothing was sent there\n\nhint: write that address into the file, if it is the right one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_an_answer_sends_on_to_is_told_without_its_path() {
        let asked = Url::parse("https://gw.example/v1/switch").unwrap();
        let told = |status, there: Option<&str>| {
            let headers = there.map(|there| (LOCATION, there.parse().unwrap())).into_iter().collect();
            sends_on(status, &headers, &asked)
        };
        assert_eq!((told(200, Some("https://x/")), told(304, None)), (None, None));
        assert!(told(307, Some("http://evil.example:81/token")).unwrap().starts_with("it redirects to http://evil.example:81, and"));
        assert!(told(302, Some("/login?t=1")).unwrap().starts_with("it redirects to another path of https://gw.example, and"));
    }
}

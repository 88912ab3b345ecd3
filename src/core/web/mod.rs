//! Requests to others: the one place where an HTTP client is made.
//!
//! No client follows a redirect. Where an answer says so, reqwest would send headers that it does not know for secrets (`x-api-key`) and the
//! whole body of a 307 to any other host; who is asked is decided by the files of the project, not by a server.
//!
//! What this room does not do: send anything. Traffic and proxies have clients of their own (hyper), which follow nothing either.

mod ask;
mod exchange;
mod get;
mod post;

pub use ask::ask;
pub use exchange::ByteQuestion;
pub use get::get_bytes;
pub use post::post_json;

use crate::redact::is_like_nothing;
use crate::units::Problem;
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{ClientBuilder, NoProxy, Proxy, Url};

/// What requests are for, which decides whether they go through the proxy that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`,
/// less `NO_PROXY`).
///
/// The rule: only what a person wrote down to be asked or told in the world outside goes through it. That proxy stands there for other reasons;
/// it may even be our own forward proxy, set there for a gateway, and then it is what a drill breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A fault proxy's control API: asked directly. A fault that is injected through somebody else is healed through them too, or not at all.
    Faults,
    /// Stores and issuers of credentials: asked directly. Nobody between sees a key, and a credential can be put back while proxies are broken.
    Secrets,
    /// Steps of runbooks, readiness and messages to contacts: through the environment's proxy, as the team's own tools reach them, except to this
    /// host itself, for what a drill starts and what it breaks is asked directly.
    Steps,
    /// What a person sends of a report, to the address that they type: as [`Purpose::Steps`].
    Reports,
    /// Providers that are asked outside of drills, to compare them or to see whether they are there: as [`Purpose::Steps`], for that is how the
    /// team's programs reach them.
    Providers,
    /// Who says who people are: as [`Purpose::Steps`], for it is as far away.
    SignIn,
}

/// A client in the making.
pub fn client(purpose: Purpose) -> ClientBuilder {
    client_in(purpose, |name| std::env::var(name).ok())
}

/// The same with an environment of its own.
fn client_in(purpose: Purpose, variable: impl Fn(&str) -> Option<String>) -> ClientBuilder {
    let agent = concat!("lifeboat/", env!("CARGO_PKG_VERSION"));
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).user_agent(agent).no_proxy();
    match purpose {
        Purpose::Faults | Purpose::Secrets => return builder,
        Purpose::Steps | Purpose::Reports | Purpose::Providers | Purpose::SignIn => {}
    }
    let set = |name: &str| [name.to_lowercase(), name.to_owned()].iter().find_map(|name| variable(name).filter(|url| !url.is_empty()));
    let here = format!("localhost,127.0.0.0/8,::1,{}", set("NO_PROXY").unwrap_or_default());
    let proxy = |name: &str| set(name).or_else(|| set("ALL_PROXY"));
    let through = [proxy("HTTP_PROXY").map(Proxy::http), proxy("HTTPS_PROXY").map(Proxy::https)];
    // One that cannot be read is no proxy.
    let through = through.into_iter().flatten().filter_map(Result::ok);
    through.fold(builder, |builder, proxy| builder.proxy(proxy.no_proxy(NoProxy::from_string(&here))))
}

/// What is said of an answer that sends on to somewhere else: by its host alone, since the rest may hold a token. `None` for any other.
pub fn sends_on(status: u16, headers: &HeaderMap, asked: &Url) -> Option<Problem> {
    if !(300..400).contains(&status) {
        return None;
    }
    let there = headers.get(LOCATION).and_then(|there| asked.join(there.to_str().ok()?).ok())?;
    let origin = there.origin().ascii_serialization();
    let place = if there.origin() == asked.origin() { format!("another path of {origin}") } else { origin };
    let problem = Problem::new(format!("it redirects to {place}, and nothing was sent there"));
    Some(problem.hint("write that address into the file, if it is the right one"))
}

/// Where an answer sends on to, as it may be shown: the host and the path without parts that look like keys. What a query holds is left out.
pub fn location(headers: &HeaderMap, asked: &Url) -> Option<String> {
    let there = asked.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    let part = |part: &str| if is_like_nothing(part) { "…".to_owned() } else { part.to_owned() };
    let path: Vec<String> = there.path().split('/').map(part).collect();
    let query = if there.query().is_some() { "?…" } else { "" };
    Some(format!("{}{}{query}", there.origin().ascii_serialization(), path.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[test]
    fn where_an_answer_sends_on_to_is_told_without_its_path() {
        let asked = Url::parse("https://gw.example/v1/switch").unwrap();
        let told = |status, there: Option<&str>| {
            let headers = there.map(|there| (LOCATION, there.parse().unwrap())).into_iter().collect();
            sends_on(status, &headers, &asked).map(|problem| problem.message)
        };
        assert_eq!((told(200, Some("https://x/")), told(304, None)), (None, None));
        assert!(told(307, Some("http://evil.example:81/token")).unwrap().starts_with("it redirects to http://evil.example:81, and"));
        assert!(told(302, Some("/login?t=1")).unwrap().starts_with("it redirects to another path of https://gw.example, and"));
    }

    #[test]
    fn where_it_sends_on_to_is_shown_without_what_may_be_a_key() {
        let asked = Url::parse("https://gw.example/v1/switch").unwrap();
        let shown = |there: &str| location(&HeaderMap::from_iter([(LOCATION, there.parse().unwrap())]), &asked).unwrap();
        assert_eq!(shown("/v1/done?token=abc"), "https://gw.example/v1/done?…");
        assert_eq!(shown("https://user:pw@id.example:8443/login#x"), "https://id.example:8443/login");
        assert_eq!(shown("/reset/q8rT5uVw2XyZ1aBcD4eF"), "https://gw.example/reset/…");
        assert_eq!(location(&HeaderMap::new(), &asked), None);
    }

    /// Answers every request; the first lines of those that came.
    async fn listener() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let came = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = vec![0; 4096];
                let count = socket.read(&mut head).await.unwrap_or(0);
                came.lock().unwrap().push(String::from_utf8_lossy(&head[..count]).lines().next().unwrap_or_default().to_owned());
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
            }
        });
        (address, asked)
    }

    #[tokio::test]
    async fn only_what_a_person_wrote_down_for_the_world_outside_goes_through_the_environments_proxy() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let ((proxy, through), (direct, asked)) = (listener().await, listener().await);
        let get = async |purpose, set: &[(&str, &str)], url: &str| {
            let variable = |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
            // Anyone who asks directly finds the host here; anyone who asks a proxy does not look for it.
            let client = client_in(purpose, variable).timeout(Duration::from_secs(20)).resolve("far.example", direct).build().unwrap();
            client.get(url).send().await.unwrap();
        };
        let (proxy, far, here) =
            (format!("http://{proxy}"), format!("http://far.example:{}/x", direct.port()), format!("http://{direct}/y"));
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            for purpose in [Purpose::Faults, Purpose::Secrets, Purpose::Steps] {
                get(purpose, &[(name, &proxy)], &far).await;
                get(purpose, &[(name, &proxy)], &here).await;
            }
        }
        assert_eq!(*through.lock().unwrap(), vec![format!("GET {far} HTTP/1.1"); 4], "steps, and nothing that is on this host");
        get(Purpose::Steps, &[("HTTP_PROXY", &proxy), ("NO_PROXY", "far.example")], &far).await;
        assert_eq!((through.lock().unwrap().len(), asked.lock().unwrap().len()), (4, 21), "NO_PROXY holds");
    }
}

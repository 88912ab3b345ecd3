//! Clients that this host's kernel does not know, as in a container: one that closes is soon seen to have gone.
//!
//! They stand in a network namespace of their own, which takes root and `ip`; without them there is nothing to try here.

use super::*;
use std::process::{Child, Command, Stdio};

/// A namespace, and a line to it.
struct Afar {
    name: String,
    here: [u8; 4],
    there: [u8; 4],
}

fn ip(words: &str) -> bool {
    Command::new("ip").args(words.split(' ')).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

impl Afar {
    fn open() -> Option<Self> {
        let id = std::process::id();
        // From the block for tests of network devices (RFC 2544).
        let address = |last: u32| [198, 18, (id >> 6) as u8, (((id & 63) << 2) + last) as u8];
        let afar = Self { name: format!("lb{id}"), here: address(1), there: address(2) };
        let Self { name, .. } = &afar;
        let [here, there] = [afar.here, afar.there].map(|address| std::net::Ipv4Addr::from(address).to_string());
        let is_there = ip(&format!("netns add {name}"))
            && ip(&format!("link add {name}a type veth peer name {name}b netns {name}"))
            && ip(&format!("addr add {here}/30 dev {name}a"))
            && ip(&format!("link set {name}a up"))
            && ip(&format!("-n {name} addr add {there}/30 dev {name}b"))
            && ip(&format!("-n {name} link set {name}b up"));
        is_there.then_some(afar)
    }

    /// Asks, reads for a second, and closes.
    fn ask(&self, listen: &str, path: &str) -> Child {
        let (host, port) = listen.rsplit_once(':').unwrap();
        let script = format!(
            "exec 3<>/dev/tcp/{host}/{port}; printf 'GET {path} HTTP/1.1\\r\\nhost: {host}\\r\\nauthorization: Bearer t\\r\\n\\r\\n' >&3; timeout 1 cat <&3 >/dev/null; exit 0"
        );
        Command::new("ip").args(["netns", "exec", &self.name, "bash", "-c", &script]).spawn().unwrap()
    }

    /// True while the server at this address has a connection from there that it has not closed.
    fn is_open(&self, listen: &str) -> bool {
        let port: u16 = listen.rsplit_once(':').unwrap().1.parse().unwrap();
        let [own, other] = [self.here, self.there].map(u32::from_ne_bytes);
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        table.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            // Established, or ended by the other side only.
            words[1] == format!("{own:08X}:{port:04X}")
                && words[2].starts_with(&format!("{other:08X}:"))
                && ["01", "08"].contains(&words[3])
        })
    }

    /// How long the server keeps the connection of a client that closes after a second.
    async fn kept(&self, listen: &str, path: &str) -> Duration {
        let mut client = self.ask(listen, path);
        let until = async |open: bool| {
            while self.is_open(listen) != open {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        soon(until(true)).await;
        assert!(tokio::task::spawn_blocking(move || client.wait()).await.unwrap().unwrap().success());
        let began = Instant::now();
        // Without a word the kernel there forgets the connection after a minute.
        soon(until(false)).await;
        began.elapsed()
    }
}

impl Drop for Afar {
    fn drop(&mut self) {
        ip(&format!("netns del {}", self.name));
        ip(&format!("link del {}a", self.name));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_in_another_namespace_that_closes_is_soon_seen_to_have_gone() {
    let Some(afar) = Afar::open() else {
        // On somebody's own machine there may be neither; in the pipeline both are.
        assert!(std::env::var_os("CI").is_none(), "a network namespace takes root and `ip` (iproute2)");
        return;
    };
    let here = std::net::Ipv4Addr::from(afar.here);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let headers = reqwest::header::HeaderMap::from_iter([(reqwest::header::AUTHORIZATION, "Bearer t".parse().unwrap())]);
    let settings = ProxySettings { token: Some("t".into()), ..ProxySettings::at((here, 0).into()) };
    let rig = Rig {
        proxy: Proxy::start_with(settings).await.unwrap(),
        http: reqwest::Client::builder().no_proxy().default_headers(headers).build().unwrap(),
        ..Rig::start("openai").await
    };
    // Readers of events; nothing happens here that they would be sent.
    let kept = afar.kept(&rig.proxy.api().to_string(), "/events").await;
    assert!(kept < Duration::from_secs(1), "{kept:?}");
    let asked = json!({"name": "p", "listen": format!("{here}:0"), "upstream": format!("http://{}", rig.upstream), "dialect": "openai"});
    let (status, created) = rig.call("POST", "/proxies", Some(asked)).await;
    assert_eq!(status, 201, "{created}");
    let listen = created["listen"].as_str().unwrap();
    let mut reader = Reader::open(&rig).await;
    let kept = afar.kept(listen, "/never").await;
    assert!(kept < Duration::from_secs(8), "{kept:?}");
    assert_eq!((rig.provider.asked(), &soon(reader.exchange()).await["cut"]), (1, &json!(true)));
    rig.inject("blackhole", json!({})).await;
    let kept = afar.kept(listen, "/echo").await;
    assert!(kept < Duration::from_secs(1), "{kept:?}");
    assert_eq!(rig.provider.asked(), 1, "it went through");
}

//! The local authority: made once, for these hosts and no other, for its owner alone.

use super::places::{near, secured, stand};
use super::*;
use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

fn hosts(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_is_made_once_and_vouches_for_what_it_signs() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (folder.path().join("deep/own"), folder.path().join("other"));
    let (made, origin) = Authority::make(&own, &hosts(&["api.example"]), false).unwrap();
    assert_eq!(origin, AuthorityOrigin::Made);
    assert_eq!([mode(&own), mode(&own.join("ca.key")), mode(&own.join("ca.pem"))], [0o700, 0o600, 0o644]);
    let (found, origin) = Authority::make(&own, &hosts(&["api.example"]), false).unwrap();
    assert_eq!((origin, found.pem()), (AuthorityOrigin::Found, made.pem()));

    let rig = stand(ProxySettings { authority: Some(own.clone()), ..ProxySettings::at(near()) }, json!({"tls": true})).await;
    assert_eq!(rig.proxy.authority(), made.pem());
    let served = soon(rig.http.get(format!("http://{}/authority", rig.proxy.api())).send()).await.unwrap();
    assert_eq!(soon(served.text()).await.unwrap(), made.pem(), "and no key");
    assert!(secured(&rig, rig.link().await.0, "localhost", "h2").await.is_ok(), "one that was stored signs as well");

    Authority::make(&other, &hosts(&["api.example"]), false).unwrap();
    std::fs::copy(other.join("ca.pem"), own.join("ca.pem")).unwrap();
    for (broken, told) in [(&own, "do not belong together"), (&folder.path().join("none"), "lifeboat proxy ca")] {
        let refused = explained(&Authority::load(broken).unwrap_err());
        assert!(refused.contains(told) && !refused.contains("PRIVATE"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_signs_for_its_hosts_and_for_no_other() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    Authority::make(&own, &hosts(&["api.example", "10.1.2.3"]), false).unwrap();
    let told = ProxySettings { authority: Some(own.clone()), ..ProxySettings::at(near()) };
    let rig = stand(told, json!({"tls": true, "hosts": ["api.example", "eu.api.example:443"]})).await;
    for name in ["localhost", "127.0.0.1", "api.example", "eu.api.example"] {
        assert!(secured(&rig, rig.link().await.0, name, "http/1.1").await.is_ok(), "{name}");
    }
    for name in ["notapi.example", "example", "api.openai.com"] {
        assert!(secured(&rig, rig.link().await.0, name, "http/1.1").await.is_err(), "{name}");
    }
    for more in [json!({"hosts": ["api.openai.com"]}), json!({"hosts": ["10.1.2.4"], "tls": true})] {
        let mut asked = json!({"name": "q", "upstream": "http://127.0.0.1:1", "dialect": "openai"});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, body) = rig.call("POST", "/proxies", Some(asked)).await;
        assert_eq!(status, 400, "{body}");
        assert!(body["hint"].as_str().unwrap().contains("lifeboat proxy ca --renew"), "{body}");
        let (status, body) = rig.call("POST", "/proxies/p", Some(more)).await;
        assert!(status == 400 || body["hosts"] == json!(["api.example"]), "{body}");
    }
    // The inventory grows: it is said, and `--renew` makes another for a year.
    let grown = hosts(&["api.example", "api.openai.com"]);
    let beyond = explained(&Authority::make(&own, &grown, false).unwrap_err());
    assert!(beyond.contains("may not sign for api.openai.com") && beyond.contains("--renew"), "{beyond}");
    let key = std::fs::read(own.join("ca.key")).unwrap();
    let (_, origin) = Authority::make(&own, &grown, true).unwrap();
    assert_eq!((origin, mode(&own.join("ca.key"))), (AuthorityOrigin::Renewed, 0o600));
    assert_ne!(std::fs::read(own.join("ca.key")).unwrap(), key, "nobody can sign with the old key any more");
    assert!(Authority::make(&own, &grown, false).is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory_it_may_sign_for_the_hosts_of_its_proxies() {
    let rig = stand(ProxySettings::at(near()), json!({"tls": true})).await;
    assert!(secured(&rig, rig.link().await.0, "api.example", "http/1.1").await.is_err());
    let before = rig.proxy.authority();
    assert_eq!(rig.call("POST", "/proxies/p", Some(json!({"hosts": ["api.example"]}))).await.0, 200);
    assert_ne!(rig.proxy.authority(), before);
    assert!(secured(&rig, rig.link().await.0, "api.example", "http/1.1").await.is_ok());
    assert!(secured(&rig, rig.link().await.0, "other.example", "http/1.1").await.is_err());
    let (status, body) = rig.call("POST", "/proxies/p", Some(json!({"hosts": ["no name"]}))).await;
    assert_eq!(status, 400, "{body}");
    assert!(secured(&rig, rig.link().await.0, "localhost", "http/1.1").await.is_ok());
}

#[test]
fn one_that_others_could_use_is_refused() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    Authority::make(&own, &hosts(&["api.example"]), false).unwrap();
    for (path, bad, hint) in [
        (own.join("ca.key"), 0o640, "chmod 600 "),
        (own.join("ca.key"), 0o604, "chmod 600 "),
        (own.join("ca.key"), 0o620, "chmod 600 "),
        (own.clone(), 0o770, "chmod 700 "),
        (own.clone(), 0o707, "chmod 700 "),
    ] {
        let good = mode(&path);
        set_mode(&path, bad);
        let refused = explained(&Authority::load(&own).unwrap_err());
        assert!(refused.contains(hint) && refused.contains(path.to_str().unwrap()), "{refused}");
        set_mode(&path, good);
        Authority::load(&own).unwrap();
    }
    // A key of old, with a certificate that names no hosts.
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let id: String = params.key_identifier(&key).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name.push(rcgen::DnType::CommonName, format!("Lifeboat fault proxy {id}"));
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    std::fs::write(own.join("ca.key"), key.serialize_pem()).unwrap();
    std::fs::write(own.join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    let refused = explained(&Authority::load(&own).unwrap_err());
    assert!(refused.contains("names no hosts") && refused.contains("--renew"), "{refused}");
    Authority::make(&own, &hosts(&["api.example"]), true).unwrap();
}

#[test]
fn it_is_not_made_through_a_link() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let (victim, link) = (folder.path().join("victim"), folder.path().join("link"));
    std::fs::create_dir(&victim).unwrap();
    symlink(&victim, &link).unwrap();
    let refused = explained(&Authority::make(&link, &hosts(&["api.example"]), false).unwrap_err());
    assert!(refused.contains("is a symbolic link"), "{refused}");
    let own = folder.path().join("own");
    Authority::make(&own, &hosts(&["api.example"]), false).unwrap();
    for name in ["ca.key", "ca.pem"] {
        std::fs::remove_file(own.join(name)).unwrap();
        symlink(victim.join("new"), own.join(name)).unwrap();
        for renew in [false, true] {
            assert!(Authority::make(&own, &hosts(&["api.example"]), renew).is_err(), "{name}");
        }
        std::fs::remove_file(own.join(name)).unwrap();
        Authority::make(&own, &hosts(&["api.example"]), true).unwrap();
    }
    assert!(std::fs::read_dir(&victim).unwrap().next().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_no_certificate_can_name_spoils_nothing() {
    let rig = stand(ProxySettings::at(near()), json!({"tls": true})).await;
    let before = rig.proxy.authority();
    let long = format!("{}.example", "x".repeat(64));
    // An empty name would stand for all.
    for odd in ["*.example.com", "a..b", "-x.example", "x-.example", "1.2.3", "a.1", ".example.com", ".", ":443", &long] {
        let (status, told) = rig.call("POST", "/proxies/p", Some(json!({"hosts": [odd]}))).await;
        assert!(status == 400 && told["hint"].is_string(), "{odd}: {status} {told}");
        // One that answers for nobody by name may be led there all the same.
        let made = json!({"name": "odd", "upstream": format!("http://{}:80", odd.trim_end_matches(":443")), "dialect": "http"});
        if rig.call("POST", "/proxies", Some(made)).await.0 == 201 {
            rig.call("DELETE", "/proxies/odd", None).await;
        }
        assert!(rig.proxy.authority() == before, "{odd}: the certificate is another");
        assert!(secured(&rig, rig.link().await.0, "localhost", "http/1.1").await.is_ok(), "{odd}");
    }
    let (status, told) = rig.call("POST", "/proxies/p", Some(json!({"hosts": ["api.openai.com"]}))).await;
    assert_eq!(status, 200, "{told}");
    assert!(secured(&rig, rig.link().await.0, "api.openai.com", "http/1.1").await.is_ok());
}

#[test]
fn none_is_made_for_a_host_that_no_certificate_can_name() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    for odd in ["*.example.com", "a..b", "-x.example", "1.2.3", ""] {
        let refused = explained(&Authority::make(&own, &hosts(&["api.example", odd]), false).unwrap_err());
        assert!(refused.contains(&format!("no certificate can name `{odd}`")) && refused.contains("hint: "), "{refused}");
        assert!(!own.exists(), "{odd}");
    }
    Authority::make(&own, &hosts(&["api.example"]), false).unwrap();
    let key = std::fs::read(own.join("ca.key")).unwrap();
    assert!(Authority::make(&own, &hosts(&["a..b"]), true).is_err());
    assert_eq!(std::fs::read(own.join("ca.key")).unwrap(), key, "what was there is there");
}

//! What an inventory, a runbook and a drill name as secret, read and told to the redactor before anything is started that could print it.
//!
//! | what | is learnt where |
//! |---|---|
//! | a key, a token, a password | it has six letters or more |
//! | an address for messages | in a variable: it has a path; elsewhere: its path is long or it has a query. The whole, path and query, each long part |
//! | any URL | it has a password, or values in its query: those |
//! | a variable that a program is given, a header | eight letters or more, under a name that says so (`…_TOKEN`), or like nothing that people write. The whole, and what it holds: after `Bearer`, in `Basic`, of each cookie |
//!
//! Shorter values would blot ordinary words out of a report; so would paths, numbers and names of hosts, regions and models under a name that
//! says nothing of a secret. They stay, and so does whatever the inventory calls its models, providers and regions.
//!
//! What this file does not do: ask a store whose keys this drill has nothing to do with. Whoever needs a key from one reads and learns it there.

use super::secret_name::{says_harmless, says_secret};
use super::{SecretContext, SecretError, key, variable};
use crate::model::{CredentialSource, SecretSource};
use crate::redact::{Redactor, is_like_nothing};
use crate::units::Explained;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Url;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;

/// Shorter keys are no keys.
const KEY: usize = 6;
/// Shorter values of variables could be anybody's words.
const VALUE: usize = 8;
/// A part of an address that is as long as this is no word.
const PART: usize = 16;

/// A secret that could not be read, so that nobody knows it when it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Whose it is, by the name of a credential or a source.
    pub whose: String,
    /// Why not.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Unread {
    /// From the error of reading it.
    pub fn of(whose: impl Into<String>, error: &SecretError) -> Self {
        Self { whose: whose.into(), why: error.to_string(), hint: error.hint().map(Into::into) }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Error for Unread {}

impl Explained for Unread {
    fn hint(&self) -> Option<Cow<'_, str>> {
        self.hint.as_deref().map(Cow::Borrowed)
    }
}

/// Tells the redactor everything of these that stands on this host now. What is there and could not be read is added to `unread`, unless
/// that is said there already.
pub fn learn(sources: &BTreeSet<SecretSource>, site: SecretContext<'_>, redactor: &Redactor, unread: &mut Vec<Unread>) {
    let names = sources.iter().filter_map(|source| if let SecretSource::Ordinary(name) = source { Some(name.as_str()) } else { None });
    let learner = Learner { redactor, ordinary: names.collect() };
    for source in sources {
        match source {
            SecretSource::Key(place) => {
                let new = learn_key(place, site, redactor).filter(|new| unread.iter().all(|known| known.why != new.why));
                unread.extend(new);
            }
            SecretSource::Passed(name) => {
                if let Some(value) = known(name) {
                    learner.value(&format!("the variable {name}"), name, &value);
                }
            }
            SecretSource::Written(name, value) => learner.value(name, name, value),
            SecretSource::Address(text) => learner.address(text, true),
            SecretSource::Url(text) => learner.address(text, false),
            SecretSource::Ordinary(_) => {}
            SecretSource::Prompt(text) => redactor.learn_prompt(text),
        }
    }
}

fn learn_key(place: &str, site: SecretContext<'_>, redactor: &Redactor) -> Option<Unread> {
    let source = CredentialSource::parse(place).filter(|source| source.store().is_none())?;
    match key(&source, site) {
        Ok(value) if value.expose().chars().count() >= KEY => redactor.learn(place, &value),
        // What is not there cannot be printed, and what is so short is no key.
        Ok(_) | Err(SecretError::Absent { .. }) => {}
        Err(error) => return Some(Unread::of(place, &error)),
    }
    None
}

/// Learns what may be a secret, unless the inventory says that it is none.
struct Learner<'a> {
    redactor: &'a Redactor,
    ordinary: BTreeSet<&'a str>,
}

impl Learner<'_> {
    fn text(&self, whose: &str, text: &str, least: usize) {
        if text.chars().count() >= least && !self.ordinary.contains(text) {
            self.redactor.learn(whose, &text.into());
        }
    }

    fn value(&self, whose: &str, name: &str, value: &str) {
        let value = value.trim();
        if value.contains("://") && Url::parse(value).is_ok() {
            return self.parts(value, if says_secret(name) { AddressSecrecy::Hidden } else { AddressSecrecy::Plain });
        }
        if may_be_secret(name, value) {
            self.text(whose, value, VALUE);
        }
        for part in held(name, value) {
            self.text(whose, &part, VALUE);
        }
    }

    /// An address with the environment's values in it, and each of those. Of one that is not secret as a whole, what stands before its host
    /// and in its query.
    fn address(&self, text: &str, is_secret: bool) {
        let names = text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
        for (name, value) in names.filter_map(|name| Some((name, known(name)?))) {
            if value.contains("://") {
                self.parts(&value, if is_secret { AddressSecrecy::Hidden } else { AddressSecrecy::Plain });
            } else if says_secret(name) || !is_plain(&value) && (!says_harmless(name) || is_like_nothing(&value)) {
                self.text(&format!("the variable {name}"), &value, VALUE);
            }
        }
        if let Ok(whole) = crate::units::expand(text, known) {
            let address = if is_secret { AddressSecrecy::Written } else { AddressSecrecy::Plain };
            self.parts(whole.strip_prefix("webhook:").unwrap_or(&whole), address);
        }
    }

    fn parts(&self, text: &str, address: AddressSecrecy) {
        let Ok(url) = Url::parse(text) else { return };
        let whose = format!("an address at {}", url.host_str().unwrap_or("a host"));
        if let Some(password) = url.password() {
            self.text(&whose, password, KEY);
        }
        if url.cannot_be_a_base() {
            return;
        }
        // As it is written, and not as the URL's own form has it: that is how it is printed.
        let rest = crate::model::origin_and_path(text).1.trim_start_matches('/');
        let parts = || rest.split(['/', '?', '&', '=', '#']).filter(|part| !part.contains("${"));
        let long = rest.len() >= PART || url.query().is_some();
        if address == AddressSecrecy::Hidden && rest.len() >= KEY || address == AddressSecrecy::Written && long {
            self.text(&whose, text, VALUE);
            // A word alone could be anybody's.
            if rest.contains(|letter: char| !letter.is_ascii_alphabetic()) {
                self.text(&whose, rest, VALUE);
            }
            parts().for_each(|part| self.text(&whose, part, PART));
        }
        for (_, value) in url.query_pairs() {
            self.text(&whose, &value, if address == AddressSecrecy::Plain { PART } else { VALUE });
        }
    }
}

/// What an address is to those who know it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AddressSecrecy {
    /// Whoever set a variable to it meant to hide it.
    Hidden,
    /// Messages go there; it stands in a file.
    Written,
    /// Anybody's.
    Plain,
}

/// An environment variable that is not empty.
fn known(name: &str) -> Option<String> {
    variable(name).filter(|value| !value.is_empty()).map(|value| value.expose().to_owned())
}

/// Of the whole of a value. Under a name that says what it is, nothing is too plain: there are tokens of digits, and some begin like a path.
fn may_be_secret(name: &str, value: &str) -> bool {
    let length = value.chars().count();
    if length < VALUE || value.contains("${") {
        return false;
    }
    if says_secret(name) {
        return !is_there(value);
    }
    length >= PART && !says_harmless(name) && !is_plain(value) && is_like_nothing(value)
}

/// What a value holds that is printed without the rest of it: what follows the scheme of a header (`Bearer …`), the password in `Basic …`, the
/// value of each cookie.
fn held(name: &str, value: &str) -> Vec<String> {
    let mut held = Vec::new();
    if !says_secret(name) {
        return held;
    }
    let scheme = |text: &str| text.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '-');
    if let Some((first, rest)) = value.split_once(' ').map(|(first, rest)| (first, rest.trim()))
        && scheme(first)
        && !rest.contains(' ')
        && !rest.contains("${")
    {
        held.push(rest.to_owned());
        if first.eq_ignore_ascii_case("basic") {
            let pair = BASE64_STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            held.extend(pair.as_deref().and_then(|pair| Some(pair.split_once(':')?.1.to_owned())));
        }
    }
    if name.to_uppercase().contains("COOKIE") {
        let values = value.split(';').filter_map(|pair| Some(pair.split_once('=')?.1.trim()));
        held.extend(values.filter(|value| !value.contains("${")).map(str::to_owned));
    }
    held
}

/// True for the path of something on this host.
fn is_there(value: &str) -> bool {
    value.starts_with(['/', '.']) && std::fs::symlink_metadata(value).is_ok()
}

/// Paths, numbers and names of hosts.
fn is_plain(value: &str) -> bool {
    let host =
        |value: &str| value.contains('.') && value.split('.').all(|label| !label.is_empty() && label.len() < PART && is_label(label));
    value.starts_with(['/', '.', '~'])
        || value.parse::<f64>().is_ok()
        || value.parse::<std::net::IpAddr>().is_ok()
        || value.parse::<std::net::SocketAddr>().is_ok()
        || host(value.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(value, |(host, _)| host))
}

fn is_label(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Environment, Inventory, StartCommand};
    use std::collections::BTreeMap;

    fn knowing(sources: &[SecretSource], root: &std::path::Path) -> (Redactor, Vec<Unread>) {
        let redactor = Redactor::default();
        let stores = BTreeMap::new();
        let mut unread = Vec::new();
        learn(&sources.iter().cloned().collect(), SecretContext { stores: &stores, root }, &redactor, &mut unread);
        (redactor, unread)
    }

    #[test]
    fn values_that_could_be_words_stay_and_secrets_go() {
        for (name, value, secret) in [
            ("OPENAI_ADMIN_KEY", "sk-admin", true),
            ("DB_PASSWORD", "hunter2!x", true),
            ("DB_PASSWORD", "short", false),
            ("x-api-key", "abcdefgh", true),
            ("DEPLOY", "a1b2c3d4e5f6a7b8c9", true),
            ("AWS_PROFILE", "staging-admin-2-eu", false),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", false),
            ("AWS_REGION", "eu-central-1", false),
            ("KUBECONFIG", "/home/somebody/.kube/config", false),
            ("TOKEN_URL", "12345678", true),
            ("PAGER_TOKEN", "837462918374651029", true),
            ("HOST_TOKEN", "a1b2c3d4e5.f6g7h8i9", true),
            ("PASSPHRASE", "correct horse battery staple77", true),
            ("API_TOKEN", "/jalrXUtnFEMIK7MDENGbPxRfiCY", true),
            ("TLS_KEY", "/proc/self/status", false),
            ("MODEL", "gpt-4o-mini-2024-07-18", false),
            ("to", "gpt-4o-mini-2024-07-18", false),
            ("upstream", "claude-3-5-sonnet-20241022", false),
            ("upstream", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", false),
            ("upstream", "mistralai/Mixtral-8x7B-Instruct-v0.1", false),
            ("upstream", "Meta-Llama-3.1-70B-Instruct", false),
            ("LANE", "blue-eu-west-1-canary2", false),
            ("SINCE", "2026-11-20T14:03:07.5Z", false),
            ("LANE", "a-service-of-ours-in-production-0f9e8d7c6b5a4f3e", true),
            ("DEPLOY", "q8rT5uVw2XyZ1aBc", true),
            ("DEPLOY", "mf2gs3tpnb4xe5lzmf2gs3tp", true),
            ("IMAGE", "registry.example/gateway@sha256:0f9e8d7c6b5a4f3e0f9e8d7c6b5a4f3e", false),
            ("API_KEY_HOST", "gw.staging.example", false),
            ("ANYTHING", "gw.staging.example:8443", false),
            ("MODE", "production", false),
            ("GREETING", "hello to all 22 of you", false),
        ] {
            assert_eq!(may_be_secret(name, value), secret, "{name}={value}");
        }
    }

    #[test]
    fn of_a_value_what_it_holds_is_learnt_as_well_as_the_whole() {
        let written = [
            ("Authorization", "Bearer t0ken-of-the-header"),
            ("Proxy-Authorization", "Basic dXNlcjpwYXNzLXdvcmQtMQ=="),
            ("PASSPHRASE", "correct horse battery staple77"),
            ("COOKIE", "session=a-session-of-mine; csrf=1234567890; next=https://here"),
            ("WEBHOOK_SECRET", "ab://cd efgh"),
            ("X_AUTH", "GenieKey eb243592-faa2"),
        ];
        let sources = written.map(|(name, value)| SecretSource::Written(name.into(), value.into()));
        let (redactor, _) = knowing(&sources, std::path::Path::new("."));
        for secret in [
            "t0ken-of-the-header",
            "dXNlcjpwYXNzLXdvcmQtMQ==",
            "pass-word-1",
            "correct horse battery staple77",
            "a-session-of-mine",
            "1234567890",
            "ab://cd efgh",
            "eb243592-faa2",
        ] {
            assert!(redactor.finds(secret), "{secret}");
        }
        for (_, value) in written {
            assert!(redactor.redact(value).starts_with("[the credential of "), "the whole of {value}");
        }
        for word in ["Bearer", "correct horse", "staple77", "GenieKey"] {
            assert!(!redactor.finds(word), "{word}");
        }
    }

    #[test]
    fn what_the_inventory_calls_its_models_and_providers_is_no_secret() {
        let provider = serde_json::json!({
            "dialect": "openai", "cloud": "cloud-q8rT5uVw2XyZ1aBc", "region": null, "residency": null, "base_url": null, "credential": null,
            "models": {"chat": "ft:gpt-4o:acme::A9bC2dE4fG6h"}, "simulation": crate::model::Simulation::default(),
        });
        let text = serde_json::json!({
            "contacts": {}, "credentials": {}, "stores": {}, "services": {}, "environments": {},
            "providers": {"provider-w3Xy5Zz7Qq9": provider},
        });
        let inventory: Inventory = serde_json::from_value(text).unwrap();
        let names = ["ft:gpt-4o:acme::A9bC2dE4fG6h", "provider-w3Xy5Zz7Qq9", "cloud-q8rT5uVw2XyZ1aBc"];
        let switched = names.map(|name| SecretSource::Written("upstream".into(), name.into()));
        let hook = "https://gw.example/openai/deployments/ft:gpt-4o:acme::A9bC2dE4fG6h/chat";
        let all: Vec<SecretSource> = switched.into_iter().chain([SecretSource::Address(hook.into())]).collect();
        let (blind, _) = knowing(&all, std::path::Path::new("."));
        let (redactor, _) =
            knowing(&[all, SecretSource::of_inventory(&inventory).into_iter().collect()].concat(), std::path::Path::new("."));
        for name in names {
            assert!(blind.finds(name) && !redactor.finds(name), "{name}");
        }
    }

    #[test]
    fn of_an_address_the_parts_that_are_secret_are_learnt() {
        let hook = "webhook:https://hooks.example/services/T0001/B0002/abcdefghijklmnop1234";
        let basic = "https://user:pass-word@gw.example/v1/chat?key=0123456789abcdef0";
        let plain = "https://models.acme.example/v1/projects/a-project-with-a-long-name";
        let sources = [hook, "webhook:http://127.0.0.1:80/hook"].map(|text| SecretSource::Address(text.into()));
        let urls = [basic, plain].map(|text| SecretSource::Url(text.into()));
        let (redactor, _) = knowing(&[sources, urls].concat(), std::path::Path::new("."));
        for secret in [
            "https://hooks.example/services/T0001/B0002/abcdefghijklmnop1234",
            "POST /services/T0001/B0002/abcdefghijklmnop1234 HTTP/1.1",
            "abcdefghijklmnop1234",
            "pass-word",
            "0123456789abcdef0",
        ] {
            assert!(redactor.finds(secret), "{secret}");
        }
        for word in ["hooks.example", "http://127.0.0.1:80/hook", "gw.example", "a-project-with-a-long-name", "services", plain] {
            assert!(!redactor.finds(word), "{word}");
        }
    }

    #[test]
    fn what_is_there_and_cannot_be_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bytes"), [0xff, 0xfe]).unwrap();
        let sources = ["file:bytes", "file:absent", "env:LIFEBOAT_NO_SUCH", "vault:a/b#c"].map(|text| SecretSource::Key(text.into()));
        let (_, unread) = knowing(&sources, folder.path());
        assert_eq!(unread.iter().map(|unread| unread.whose.as_str()).collect::<Vec<_>>(), ["file:bytes"]);
        assert!(unread[0].why.contains("is not UTF-8 text"), "{unread:?}");
    }

    /// Every kind of place that can name a secret, each with a value of its own, is learnt: what `SecretSource` lists is what is searched for.
    #[test]
    fn an_inventory_s_secrets_are_found_wherever_they_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let text = serde_json::json!({
            "contacts": {"c": {"name": "C", "reach": "webhook:https://hooks.example/a-contact-that-is-secret-01"}},
            "mail": {"server": "smtp://127.0.0.1:25", "from": "a@b.c", "user": "a", "password_from": {"file": "mail"}},
            "credentials": {
                "one": {"kind": "api-key", "from": {"file": "one"}, "issuer": {"kind": "openai", "project": "p", "admin": {"file": "admin"}}},
                "two": {"kind": "api-key", "from": {"dotenv": {"path": "env", "name": "TWO"}}, "issuer":
                    {"kind": "iam", "user": "u", "access_key_id": {"file": "id"}, "secret_access_key": {"file": "iam"}}},
                "three": {"kind": "api-key", "from": {"file": "three"}, "issuer":
                    {"kind": "azure", "resource": "r", "token": {"file": "azure"}, "idle": "key1"}},
                "four": {"kind": "api-key", "from": {"file": "four"}, "issuer": {"kind": "google", "account": "a", "token": {"file": "google"}}},
                "five": {"kind": "api-key", "from": {"file": "five"}, "issuer":
                    {"kind": "bedrock", "user": "u", "access_key_id": {"file": "id"}, "secret_access_key": {"file": "bedrock"}}},
            },
            "stores": {
                "v1": {"kind": "vault", "address": "https://v", "login": {"token": {"file": "vault-token"}}},
                "v2": {"kind": "vault", "address": "https://v", "login": {"approle": {"role_id": "r", "secret_id": {"file": "secret-id"}, "mount": "m"}}},
                "v3": {"kind": "vault", "address": "https://v", "login": {"kubernetes": {"role": "r", "token": {"file": "jwt"}, "mount": "m"}}},
                "aws": {"kind": "aws-secrets-manager", "region": "r", "access_key_id": {"file": "id"},
                    "secret_access_key": {"file": "aws-secret"}, "session_token": {"file": "session"}},
                "k8s": {"kind": "kubernetes", "address": "https://k", "token": {"file": "k8s"}},
            },
            "providers": {}, "services": {},
            "environments": {},
        });
        let mut inventory: Inventory = serde_json::from_value(text.clone()).unwrap();
        let env = BTreeMap::from([("A_TOKEN".to_owned(), "start-env-secret".to_owned())]);
        let within = crate::units::Duration::from_secs(1);
        let start = StartCommand { run: vec!["x".into()], env, pass: Vec::new(), ready: "http://h".into(), within, warm_up: 0 };
        let mut environment = Environment { start: Some(start), ..Environment::default() };
        let service = serde_json::json!({"url": "http://a:url-password@h", "key_from": null, "dialect": "openai"});
        environment.services.insert("s".into(), serde_json::from_value(service).unwrap());
        inventory.environments.insert("e".into(), environment);
        let mut names: Vec<String> =
            text.to_string().split("{\"file\":\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
        names.dedup();
        for name in &names {
            std::fs::write(folder.path().join(name), format!("the-secret-of-{name}")).unwrap();
        }
        std::fs::write(folder.path().join("env"), "TWO=the-secret-of-dotenv\n").unwrap();
        let sources: Vec<SecretSource> = SecretSource::of_inventory(&inventory).into_iter().collect();
        let (redactor, unread) = knowing(&sources, folder.path());
        assert_eq!(unread, []);
        // Which access key it is, is no secret.
        let told = names.iter().filter(|name| *name != "id").map(|name| format!("the-secret-of-{name}"));
        let more = ["the-secret-of-dotenv", "a-contact-that-is-secret-01", "start-env-secret", "url-password"].map(str::to_owned);
        let missed: Vec<String> = told.chain(more).filter(|secret| !redactor.finds(secret)).collect();
        assert_eq!(missed, Vec::<String>::new());
        assert!(names.len() >= 15 && !redactor.finds("the-secret-of-id"), "{names:?}");
    }
}

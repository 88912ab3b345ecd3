//! What an answer that will not do, and what the proxies saw of it, say of the cause, and what to type.

use super::Trouble;
use super::reach::AddressFinding;
use crate::drill::sight::Sighted;
use crate::traffic::BadAnswer;
use crate::units::Fingerprint;
use serde_json::Value;
use std::collections::BTreeMap;

/// How a service was asked.
pub(super) struct Case<'a> {
    pub(super) service: &'a str,
    pub(super) environment: &'a str,
    pub(super) url: &'a str,
    /// What was asked for below it.
    pub(super) path: String,
    /// The variable that holds its clients' key.
    pub(super) key: Option<&'a str>,
    pub(super) ca: Option<&'a str>,
    pub(super) model: &'a str,
    /// The service's providers, each with the base URL of its proxy; `None` where nobody but the drill can know its port.
    pub(super) ways: Vec<(&'a str, Option<&'a str>)>,
    /// Where its output is, if the drill has started it.
    pub(super) started: Option<Option<std::path::PathBuf>>,
    /// How long an answer could take.
    pub(super) within: crate::units::Duration,
    /// Whether the proxies can tell who took a request.
    pub(super) is_seen: bool,
}

impl Case<'_> {
    /// It was answered well, and no proxy saw it.
    pub(super) fn bypasses(&self) -> Trouble {
        Trouble::new(format!("{}: 1 of 1 answered, none passed a proxy", self.service), self.point())
    }

    /// Where the gateway's configuration must lead.
    fn point(&self) -> String {
        let known: Vec<String> = self.ways.iter().filter_map(|(name, url)| url.map(|url| format!("at {url} for {name}"))).collect();
        if known.len() == self.ways.len() {
            return format!("point the gateway {}", known.join(", and "));
        }
        let listen = |(place, (name, _)): (usize, &(&str, _))| format!("{name}: {{listen: '127.0.0.1:{}'}}", 25021 + place);
        let proxies: Vec<String> = self.ways.iter().enumerate().map(listen).collect();
        format!(
            "write `proxies: {{{}}}` to the environment `{}`, so that their ports stay, and point the gateway there",
            proxies.join(", "),
            self.environment
        )
    }

    /// A provider was asked with another's key, or refused the key of the gateway for good. What bears no mark may be others'.
    pub(super) fn misled(&self, seen: &[Sighted], keys: &BTreeMap<String, Fingerprint>) -> Option<Trouble> {
        let seen: Vec<&Sighted> = seen.iter().filter(|one| one.id.is_some()).collect();
        // Several may share a key, as far as it is not known otherwise.
        let owner = |key: Option<Fingerprint>, by: &str| {
            let (key, own) = key.zip(keys.get(by).copied())?;
            keys.iter().find(|(_, other)| **other == key && own != key).map(|(name, _)| name.as_str())
        };
        if let Some((asked, owner)) = seen.iter().find_map(|one| Some((*one, owner(one.key, &one.by)?))) {
            let way = |wanted: &str| self.ways.iter().find(|(name, _)| *name == wanted).and_then(|(_, url)| *url).unwrap_or("its proxy");
            return Some(Trouble::new(
                format!("{}: the proxy of {} was asked with the key of {owner}", self.service, asked.by),
                format!("the gateway has the addresses of two providers swapped: point it at {} for {owner}", way(owner)),
            ));
        }
        // A gateway may fetch a new token and ask again.
        let recovered = |place: usize, by: &str| seen[place + 1..].iter().any(|later| later.by == by && later.is_good());
        let refusals = seen.iter().enumerate().filter(|(_, one)| matches!(one.status, 401 | 403));
        let (_, refused) = refusals.into_iter().find(|(place, one)| !recovered(*place, &one.by))?;
        Some(Trouble::new(
            format!("{}: {} refused the key of the gateway with status {}", self.service, refused.by, refused.status),
            format!(
                "give the gateway a key that {} takes, in its own configuration; one that passes on its clients' keys has it from `key_from:`",
                refused.by
            ),
        ))
    }

    /// It was not answered well.
    pub(super) fn failed(&self, bad: &BadAnswer, seen: &[Sighted], found: Option<&AddressFinding>) -> Trouble {
        if let Some(found) = found {
            return self.elsewhere(found);
        }
        match bad.why.strip_prefix("status-").and_then(|rest| rest.get(..3)?.parse::<u16>().ok()) {
            Some(status) => self.refused(status, bad, seen),
            None => self
                .unanswered(bad)
                .or_else(|| self.nonsense(bad))
                .unwrap_or_else(|| Trouble::new(format!("{}: answered badly, {bad}", self.service), self.log())),
        }
    }

    /// Where to look for what it says itself.
    fn log(&self) -> String {
        match &self.started {
            Some(Some(path)) => format!("its output is in {}", path.display()),
            Some(None) => format!("run what `start:` of the environment `{}` runs by hand, and see what it says", self.environment),
            None => format!("see the log of {}", self.service),
        }
    }

    fn binding(&self, key: &str) -> String {
        format!("`{key}` of `{}` under `services:` of the environment `{}`", self.service, self.environment)
    }

    fn elsewhere(&self, found: &AddressFinding) -> Trouble {
        let (service, url) = (self.service, self.url);
        match found {
            AddressFinding::At(other) => Trouble::new(
                format!("{service}: nobody listens at {url}, but somebody does at {other}"),
                format!("write {other} to {}", self.binding("url:")),
            ),
            AddressFinding::Plain => Trouble::new(
                format!("{service}: {url} does not speak TLS, but plain HTTP"),
                format!("write {} to {}", url.replacen("https://", "http://", 1), self.binding("url:")),
            ),
            AddressFinding::Tls => Trouble::new(
                format!("{service}: {url} speaks TLS only"),
                format!("write {} to {}", url.replacen("http://", "https://", 1), self.binding("url:")),
            ),
        }
    }

    /// Nothing came that could be read.
    pub(super) fn unanswered(&self, bad: &BadAnswer) -> Option<Trouble> {
        let (service, url) = (self.service, self.url);
        let correct = format!("start {service}, or correct {}", self.binding("url:"));
        let (problem, hint) = match bad.why.as_ref() {
            "refused" => (format!("nobody listens at {url}"), correct),
            "not-resolved" => (format!("the name in {url} has no address"), format!("correct {}", self.binding("url:"))),
            "unreachable" | "reset" | "not-connected" | "connect-timed-out" => {
                (format!("no connection to {url}: {}", bad.why.replace('-', " ")), correct)
            }
            "certificate-untrusted" => {
                let hint = match self.ca {
                    Some(file) => format!("{file} is not the authority that signed it: write the one that did to {}", self.binding("ca:")),
                    None => format!("write the file of the authority that signed it to {}", self.binding("ca:")),
                };
                (format!("nobody who is trusted here has signed the certificate of {url}"), hint)
            }
            "certificate-expired" => (format!("the certificate of {url} has expired"), format!("renew the certificate of {service}")),
            "certificate-wrong-name" => (
                format!("the certificate of {url} is for another name"),
                format!("write the name that stands in it to {}", self.binding("url:")),
            ),
            "certificate-refused" | "tls-refused" => (
                format!("the TLS handshake with {url} failed"),
                format!("see which versions of TLS {service} takes, or correct {}", self.binding("url:")),
            ),
            "proxy-refused" => (format!("the forward proxy opened no way to {url}"), format!("correct {}", self.binding("proxy:"))),
            "not-http-2" => (format!("{url} speaks no HTTP/2"), "write `http: 1` under `traffic:`, or turn HTTP/2 on there".to_owned()),
            "malformed-head" | "cut-before-headers" => (format!("{url} does not answer as HTTP"), correct),
            "no-answer" | "stalled-after-headers" => (format!("no answer from {url} within {}", self.within), self.log()),
            _ => return None,
        };
        Some(Trouble::new(format!("{service}: {problem}"), hint))
    }

    /// It answers, and not with what was asked for.
    fn nonsense(&self, bad: &BadAnswer) -> Option<Trouble> {
        let service = self.service;
        let (word, said) = (bad.why.split(' ').next().unwrap_or_default(), bad.said.as_deref().unwrap_or_default());
        let told = words(bad).map(|words| format!(": {words}")).unwrap_or_default();
        let (problem, hint) = match word {
            "error-event" => (format!("answered with an error and status 200{told}"), self.log()),
            _ if said.starts_with("{\"error\"") => (format!("answered with an error and status 200{told}"), self.log()),
            "malformed" | "empty" | "wrong-content" | "not-json" | "silently-truncated" if !is_completion(said) => {
                (format!("{} does not answer as a model's API{told}", self.url), format!("correct {}", self.binding("url:")))
            }
            "silently-truncated" => ("its answer ended in the middle, without a reason for its end".to_owned(), self.log()),
            "empty" => ("answered with no words".to_owned(), format!("see that the model {} answers in words", self.model)),
            "wrong-content" => (
                "answered, and not with the words that it was asked for".to_owned(),
                format!("see which model answers as {}, and whether something answers from a cache", self.model),
            ),
            _ => return None,
        };
        Some(Trouble::new(format!("{service}: {problem}"), hint))
    }

    /// It answered with another status than a good one.
    fn refused(&self, status: u16, bad: &BadAnswer, seen: &[Sighted]) -> Trouble {
        let service = self.service;
        let words = words(bad).map(|words| format!(": {words}")).unwrap_or_default();
        let told = format!("status {status}{words}");
        let lower = format!("{} {}", bad.why, bad.said.as_deref().unwrap_or_default()).to_lowercase();
        let of_model = ["model", "deployment"].iter().any(|word| lower.contains(word)) && !lower.contains("html");
        if let Some(one) = seen.iter().find(|one| one.status == 404) {
            return self.misdirected(one, &told);
        }
        let by: Vec<String> = seen.iter().map(|one| answered(&one.by, one.status)).collect();
        let (problem, hint) = match status {
            401 | 403 => (format!("refused the key with {told}"), self.another_key(status)),
            400 | 404 | 422 if of_model => (
                format!("does not know the model {}, {told}", self.model),
                format!("write the name that {service} knows it by to {}", self.binding("model:")),
            ),
            404 | 405 => (format!("there is no {} at {}, {told}", self.path, self.url), format!("correct {}", self.binding("url:"))),
            400 | 422 => (
                format!("refused the request with {told}"),
                format!("write what it wants to {}, or to `headers:` or `model:`", self.binding("body:")),
            ),
            429 => {
                (format!("takes no more requests now, {told}"), format!("wait, raise the limit, or give {service} a key with more room"))
            }
            300..400 => (format!("sends on to another address, {told}"), format!("write that address to {}", self.binding("url:"))),
            _ if by.is_empty() && self.is_seen && !self.ways.is_empty() => (format!("{told}; no proxy was asked"), self.point()),
            _ => {
                let by = if by.is_empty() { String::new() } else { format!("; {}", by.join(", ")) };
                (format!("{told}{by}"), self.log())
            }
        };
        Trouble::new(format!("{service}: {problem}"), hint)
    }

    /// A provider does not know what the gateway asks it for.
    fn misdirected(&self, one: &Sighted, told: &str) -> Trouble {
        let url = self.ways.iter().find(|(name, _)| *name == one.by).and_then(|(_, url)| *url).unwrap_or("its proxy");
        let asked = one.request.as_ref().map(|request| format!(" to {request}")).unwrap_or_default();
        let told = told.strip_prefix("status 404").map_or_else(|| format!("; {told}"), str::to_owned);
        Trouble::new(
            format!("{}: {} answered 404{asked}{told}", self.service, one.by),
            format!("see that the gateway's base URL for {0} is {url}, to its end, and that {0} knows the model", one.by),
        )
    }

    fn another_key(&self, status: u16) -> String {
        let may = if status == 401 { "that it takes".to_owned() } else { format!("that may use {}", self.model) };
        match self.key {
            None if self.started.is_some() => {
                format!("give `${{service.key}}` to what `start:` runs, among its `env:`, as the key that its clients send; {}", self.log())
            }
            Some(variable) => format!("export {variable}=… with a key {may}"),
            None => format!(
                "write `key_from: 'env:NAME'` to `{}` under `services:` of the environment `{}`, and export NAME=… with a key {may}",
                self.service, self.environment
            ),
        }
    }
}

/// How a provider answered, in words.
pub(super) fn answered(name: &str, status: u16) -> String {
    if status == 0 { format!("{name} gave no answer") } else { format!("{name} answered {status}") }
}

/// What an answer says for people: the message of an error, or its first line.
fn words(bad: &BadAnswer) -> Option<String> {
    let said = bad.said.as_ref()?;
    let json: Value = serde_json::from_str(said).unwrap_or_default();
    let message = ["/error/message", "/message", "/detail", "/error"].iter().find_map(|place| json.pointer(place)?.as_str());
    Some(message.map_or_else(|| said.clone(), str::to_owned))
}

/// Whether what was said looks like an answer of a model at all.
fn is_completion(said: &str) -> bool {
    ["\"choices\"", "\"output\"", "\"content\"", "\"data\"", "data:", "\"candidates\""].iter().any(|word| said.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Secret;

    fn case(is_seen: bool) -> Case<'static> {
        Case {
            service: "chat",
            environment: "own",
            url: "http://127.0.0.1:4000/v1",
            path: "/chat/completions".into(),
            key: Some("CLIENT_KEY"),
            ca: None,
            model: "gpt-4o",
            ways: vec![("first", Some("http://127.0.0.1:1/v1")), ("second", Some("http://127.0.0.1:2/v1"))],
            started: None,
            within: crate::units::Duration::from_secs(30),
            is_seen,
        }
    }

    fn key(text: &str) -> Fingerprint {
        Secret::new(text.to_owned()).fingerprint()
    }

    fn seen(id: Option<u64>, by: &str, status: u16, with: &str) -> Sighted {
        Sighted { id, by: by.into(), status, key: (!with.is_empty()).then(|| key(with)), request: None, in_reach: None }
    }

    #[test]
    fn a_gateway_is_misled_only_where_the_drills_own_request_shows_it() {
        let both: &[(&str, &str)] = &[("first", "a"), ("second", "b")];
        let one: &[(&str, &str)] = &[("first", "a")];
        let shared: &[(&str, &str)] = &[("first", "a"), ("second", "a")];
        let (id, none) = (Some(1), None);
        for (what, keys, exchanges, wanted) in [
            ("all is well", both, vec![seen(id, "first", 200, "a")], ""),
            ("swapped", both, vec![seen(id, "second", 401, "a")], "the proxy of second was asked with the key of first"),
            ("swapped, and answered all the same", both, vec![seen(id, "second", 200, "a")], "with the key of first"),
            ("somebody else's request", both, vec![seen(none, "second", 401, "a")], ""),
            ("a shared key of which the inventory gives one", one, vec![seen(id, "second", 200, "a")], ""),
            ("a shared key that it gives twice", shared, vec![seen(id, "second", 200, "a")], ""),
            ("no key", both, vec![seen(id, "first", 200, "")], ""),
            ("refused", both, vec![seen(id, "first", 401, "x")], "first refused the key of the gateway with status 401"),
            ("refused, and the standby answered", both, vec![seen(id, "first", 403, "x"), seen(id, "second", 200, "b")], "with status 403"),
            ("a token that was renewed", both, vec![seen(id, "first", 401, "old"), seen(id, "first", 200, "a")], ""),
            ("a token that was renewed in vain", both, vec![seen(id, "first", 401, "old"), seen(id, "first", 401, "x")], "first refused"),
            ("it was good before", both, vec![seen(id, "first", 200, "a"), seen(id, "first", 401, "x")], "first refused"),
            ("a health check without a key", both, vec![seen(none, "first", 401, ""), seen(id, "second", 200, "b")], ""),
        ] {
            let keys = keys.iter().map(|(name, text)| ((*name).to_owned(), key(text))).collect();
            let told = case(true).misled(&exchanges, &keys).map(|trouble| trouble.problem).unwrap_or_default();
            assert!(told.contains(wanted) && told.is_empty() == wanted.is_empty(), "{what}: {told:?}");
        }
    }

    #[test]
    fn that_no_proxy_was_asked_is_said_only_where_that_can_be_seen() {
        let bad = BadAnswer { why: "status-502".into(), said: None };
        let told = |is_seen| case(is_seen).failed(&bad, &[], None);
        assert!(told(true).problem.ends_with("; no proxy was asked") && told(true).hint.starts_with("point the gateway at"));
        assert_eq!((told(false).problem.as_str(), told(false).hint.as_str()), ("chat: status 502", "see the log of chat"));
    }
}

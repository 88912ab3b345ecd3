//! Addresses as files hold them: URLs, and `HOST:PORT` to listen on. What is wrong with one, and how it was probably meant.
//!
//! What this file does not do: ask whether anybody answers there, or look at one that begins with a variable, which only a drill knows.

/// What a URL may begin with.
const SCHEMES: [&str; 3] = ["http", "https", "tcp"];

/// What is wrong with a URL, and what to write.
pub(super) fn wrong(text: &str) -> Option<(String, String)> {
    if text.starts_with("${") {
        return None;
    }
    let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| SCHEMES.contains(scheme)) else {
        let meant = meant(text).filter(|meant| wrong(meant).is_none());
        let hint = meant.map_or_else(|| usual().into(), |meant| format!("write `{meant}`"));
        return Some((format!("`{text}` is not a URL"), hint));
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return Some(("a URL must not hold a user or a password".into(), "name a credential instead".into()));
    }
    if text.contains(char::is_whitespace) {
        return Some((format!("`{text}` is not a URL: there is a space in it"), "take the space away, or write it as `%20`".into()));
    }
    if host.is_empty() || host.starts_with(':') {
        return Some((format!("`{text}` is not a URL: it names no host"), usual().into()));
    }
    let (name, port) = match host.rsplit_once(':').filter(|(_, port)| !port.contains([']', '}'])) {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    if !is_host(name) {
        return Some((format!("`{text}` is not a URL: `{name}` is not a host"), usual().into()));
    }
    port.and_then(|port| wrong_port(port, &format!("{scheme}://")))
}

/// True where a name may be a host's: one that stands in a text only to be replaced, such as `…` or `<host>`, is none. What a variable stands
/// for is not known.
fn is_host(name: &str) -> bool {
    let mut plain = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("${") {
        plain += before;
        plain.push('x');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    plain += rest;
    let is_letter = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '%' | '[' | ']');
    let labels = plain.strip_suffix('.').unwrap_or(&plain).split('.');
    plain.chars().all(is_letter) && labels.into_iter().all(|label| !label.is_empty())
}

/// Host and port of a URL, the port as its scheme has it where none is written; `None` where only a drill knows them.
pub(super) fn host_and_port(url: &str) -> Option<(&str, u16)> {
    let (scheme, rest) = url.split_once("://").filter(|_| !url.contains("${"))?;
    let host = rest.split(['/', '?', '#']).next()?;
    match host.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((host, port)) => Some((host, port.parse().ok()?)),
        None => Some((host, if scheme == "http" { 80 } else { 443 })),
    }
}

fn usual() -> &'static str {
    "write scheme and host, for example `https://gateway.example/v1`"
}

/// What somebody meant who left the scheme out or mistyped it.
fn meant(text: &str) -> Option<String> {
    if let Some((scheme, rest)) = text.split_once(":/") {
        let scheme = crate::units::closest(scheme, SCHEMES.into_iter())?;
        return Some(format!("{scheme}://{}", rest.trim_start_matches('/')));
    }
    let host = text.split(['/', '?', '#']).next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let is_host = host.contains(['.', ':']) || host == "localhost";
    let is_here = ["localhost", "127.", "[::1]", "0.0.0.0"].iter().any(|here| host.starts_with(here));
    (is_host && !host.is_empty() && host.chars().all(plain)).then(|| format!("{}://{text}", if is_here { "http" } else { "https" }))
}

/// What is wrong with a port; `before` is what stands in front of its host.
fn wrong_port(port: &str, before: &str) -> Option<(String, String)> {
    let good = port.parse::<u16>().is_ok_and(|port| port > 0 || before.is_empty());
    (!good).then(|| (format!("`{port}` is not a port"), format!("write a number from 1 to 65535, for example `{before}127.0.0.1:9201`")))
}

/// What is wrong with an address to listen on, `HOST:PORT`. Port 0 is any that is free.
pub(super) fn wrong_to_listen(text: &str) -> Option<(String, String)> {
    let message = || format!("`{text}` is not an address to listen on");
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !host.contains('/') => wrong_port(port, ""),
        Some(("", port)) if port.parse::<u16>().is_ok() => Some((message(), format!("write `127.0.0.1:{port}`"))),
        None if text.parse::<u16>().is_ok() => Some((message(), format!("write `127.0.0.1:{text}`"))),
        _ => Some((message(), "write host and port, for example `127.0.0.1:9201`".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_or_mended() {
        for good in [
            "https://a/v1",
            "http://127.0.0.1:1",
            "http://[::1]:65535/x",
            "tcp://h:1",
            "http://127.0.0.1:${port}/",
            "${service.url}",
            "https://${param.host}.example:8443/",
            "https://bücher.example./",
        ] {
            assert_eq!(wrong(good), None, "{good}");
        }
        for (bad, hint) in [
            ("localhost:4000/v1", "write `http://localhost:4000/v1`"),
            ("127.0.0.1:4000", "write `http://127.0.0.1:4000`"),
            ("gw.example/v1", "write `https://gw.example/v1`"),
            ("http:/gw/v1", "write `http://gw/v1`"),
            ("htps://gw/v1", "write `https://gw/v1`"),
            ("grpc://gw", usual()),
            ("gateway", usual()),
            ("http://", usual()),
            ("http://:80/", usual()),
            ("https://…", usual()),
            ("https://.../v1", usual()),
            ("http://<host>:8080/v1", usual()),
            ("https://gateway..example", usual()),
            ("http://gw:70000/", "write a number from 1 to 65535, for example `http://127.0.0.1:9201`"),
            ("https://gw:x/", "write a number from 1 to 65535, for example `https://127.0.0.1:9201`"),
        ] {
            assert_eq!(wrong(bad).map(|(_, hint)| hint).as_deref(), Some(hint), "{bad}");
        }
        assert!(wrong("http://a b/").is_some_and(|(message, _)| message.contains("space")));
    }

    #[test]
    fn what_is_listened_on_has_a_host_and_a_port() {
        assert_eq!([wrong_to_listen("127.0.0.1:0"), wrong_to_listen("[::]:9201"), wrong_to_listen("localhost:1")], [None, None, None]);
        for (bad, hint) in [
            ("9201", "write `127.0.0.1:9201`"),
            (":9201", "write `127.0.0.1:9201`"),
            ("127.0.0.1", "write host and port, for example `127.0.0.1:9201`"),
            ("http://127.0.0.1:9201", "write host and port, for example `127.0.0.1:9201`"),
            ("127.0.0.1:99999", "write a number from 1 to 65535, for example `127.0.0.1:9201`"),
        ] {
            assert_eq!(wrong_to_listen(bad).map(|(_, hint)| hint).as_deref(), Some(hint), "{bad}");
        }
    }
}

//! The mail server that takes e-mail to contacts.

use super::CredentialSource;
use serde::{Deserialize, Serialize};

/// A mail server, and as whom it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Where it is.
    pub server: MailServer,
    /// The sender's address.
    pub from: String,
    /// As whom to log in; `None` does not log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where that user's password is found: the environment or a file. There exactly where `user` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_from: Option<CredentialSource>,
    /// A PEM file of authorities, from the project's root, that are trusted beside the web's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// Where a mail server answers, and how. Its text form is `smtp://HOST:PORT` or `smtps://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct MailServer {
    /// A name or an address, IPv6 without brackets.
    pub host: String,
    /// 587 for `smtp`, 465 for `smtps`, unless the text says otherwise (RFC 8314).
    pub port: u16,
    /// True where the connection begins with TLS (`smtps`). Otherwise TLS is begun by STARTTLS.
    pub tls: bool,
}

impl MailServer {
    /// Reads the text form; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (tls, rest) = match text.split_once("://")? {
            ("smtp", rest) => (false, rest),
            ("smtps", rest) => (true, rest),
            _ => return None,
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok().filter(|port| *port > 0)?),
            _ => (rest, if tls { 465 } else { 587 }),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let good = !host.is_empty() && host.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._:".contains(letter));
        good.then(|| Self { host: host.to_owned(), port, tls })
    }

    /// True where nothing leaves this host on the way there.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host == "::1" || self.host.starts_with("127.")
    }
}

impl std::fmt::Display for MailServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        write!(f, "{}://{host}:{}", if self.tls { "smtps" } else { "smtp" }, self.port)
    }
}

impl TryFrom<String> for MailServer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not a mail server"))
    }
}

impl From<MailServer> for String {
    fn from(server: MailServer) -> Self {
        server.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::MailServer;

    #[test]
    fn a_server_is_a_scheme_a_host_and_a_port_with_the_usual_one() {
        for (text, whole, loopback) in [
            ("smtp://mail.example", "smtp://mail.example:587", false),
            ("smtps://mail.example", "smtps://mail.example:465", false),
            ("smtp://127.0.0.1:25", "smtp://127.0.0.1:25", true),
            ("smtp://[::1]:2525", "smtp://[::1]:2525", true),
            ("smtps://[2001:db8::1]", "smtps://[2001:db8::1]:465", false),
        ] {
            let server = MailServer::parse(text).unwrap();
            assert_eq!((server.to_string().as_str(), server.is_loopback()), (whole, loopback), "{text}");
            assert_eq!(MailServer::parse(whole).as_ref(), Some(&server));
        }
        for text in [
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://mail:0",
            "smtp://mail:port",
            "smtp://user@mail.example",
            "smtp://mail/x",
        ] {
            assert_eq!(MailServer::parse(text), None, "{text}");
        }
    }
}

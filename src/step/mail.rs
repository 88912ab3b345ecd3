//! E-mail over SMTP, through the server that the inventory names.
//!
//! TLS is begun by STARTTLS, or stands from the start with `smtps`. Without it nothing is sent to another host: neither a password nor what a
//! team has to say about its outage. What the server said is told by its code alone, because its words may hold the address or the login.

use super::Context;
use super::error::problem_of;
use crate::model::Mail;
use crate::secret::{SecretContext, key};
use crate::units::{Problem, Secret};
use lettre::message::SinglePart;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The whole conversation is given up after this long: servers hold strangers up for some seconds on purpose.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest subject, in characters.
const SUBJECT: usize = 120;

/// What tells programs which letter this is: the same for the same letter, and one thread for all of an execution.
pub(super) struct LetterHead {
    /// Of this letter.
    name: String,
    /// What all letters of the execution answer to. It is never sent: who is told first is another one for each reader.
    thread: String,
}

impl LetterHead {
    /// Of the message with this key.
    pub(super) fn of(key: &str, context: &Context) -> Self {
        Self { name: context.outbox.letter_name(key), thread: context.outbox.id().to_owned() }
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834): whoever is away answers no program.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Sends one message; says who took it.
///
/// # Errors
/// Why it was not taken, in words without an address of anybody, and what to do.
pub(super) async fn send(mail: &Mail, root: &Path, to: &str, text: &str, head: &LetterHead) -> Result<String, Problem> {
    let wrong = |message: &str, hint: &str| Problem::new(message).hint(hint);
    let check = "check `mail: {from: NAME@HOST}` in the inventory";
    let from = address(&mail.from).ok_or_else(|| wrong("the sender's address is not valid", check))?;
    let to = address(to).ok_or_else(|| wrong("the address is not valid", "write `NAME@HOST` and nothing else"))?;
    let id = |name: &str| format!("<{name}@{}>", from.domain());
    let message = lettre::Message::builder()
        .message_id(Some(id(&head.name)))
        .in_reply_to(id(&head.thread))
        .references(id(&head.thread))
        .header(AutoSubmitted)
        .from(from.clone().into())
        .to(to.into())
        .subject(subject(text))
        .singlepart(SinglePart::plain(text.to_owned()))
        .map_err(|error| wrong(&format!("the message cannot be built: {error}"), "check its text"))?;
    let transport = transport(mail, root)?;
    match tokio::time::timeout(PATIENCE, transport.send(message)).await {
        Ok(sent) => sent.map_err(|error| refused(mail, &error))?,
        Err(_) => {
            let (server, within) = (&mail.server, PATIENCE.as_secs());
            let problem = format!("{server} did not answer within {within} s, and may have accepted the message all the same");
            return Err(Problem::new(problem).hint("check that it can be reached from this host"));
        }
    };
    Ok("the mail server accepted it".to_owned())
}

/// Whether everything is there that sending needs, besides the server itself.
///
/// # Errors
/// What is missing, in words.
pub(super) fn ready(mail: &Mail, root: &Path) -> Result<(), Problem> {
    transport(mail, root).map(drop)
}

fn transport(mail: &Mail, root: &Path) -> Result<AsyncSmtpTransport<Tokio1Executor>, Problem> {
    let server = &mail.server;
    let mut tls = TlsParameters::builder(server.host.clone());
    if let Some(file) = &mail.authority {
        let wrong = |problem: String| {
            Problem::new(format!("{file} {problem}")).hint("name the PEM file of the authority under `mail: {authority: …}`")
        };
        let pem = crate::host::bytes_of(&root.join(file), crate::host::CERTIFICATES_MAX)
            .map_err(|error| wrong(format!("cannot be read: {error}")))?;
        tls = tls.add_root_certificate(Certificate::from_pem(&pem).map_err(|_| wrong("is not a PEM file of certificates".into()))?);
    }
    let tls = tls.build_rustls().map_err(|error| Problem::new(format!("TLS cannot be set up: {}", cause(&error))))?;
    let tls = match (server.tls, server.is_loopback()) {
        (true, _) => Tls::Wrapper(tls),
        (false, true) => Tls::Opportunistic(tls),
        (false, false) => Tls::Required(tls),
    };
    // Nothing is dangerous here: TLS is chosen above.
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host).port(server.port).tls(tls).timeout(Some(PATIENCE));
    let Some((user, from)) = mail.user.as_ref().zip(mail.password_from.as_ref()) else { return Ok(builder.build()) };
    let password: Secret = key(from, SecretContext { stores: &BTreeMap::new(), root }).map_err(|error| problem_of(&error))?;
    Ok(builder.credentials(Credentials::new(user.clone(), password.expose().to_owned())).build())
}

fn address(text: &str) -> Option<Address> {
    text.trim().parse().ok()
}

/// The first line, without what could begin another header.
fn subject(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("lifeboat");
    line.chars().filter(|letter| !letter.is_control()).take(SUBJECT).collect()
}

/// What went wrong, and what to do about it.
fn refused(mail: &Mail, error: &Error) -> Problem {
    let server = &mail.server;
    let (problem, hint) = match error.status().map(u16::from) {
        Some(code @ (454 | 530 | 534 | 535 | 538)) => {
            (format!("the mail server refuses the login ({code})"), "check `user:` and `password_from:` under `mail:` in the inventory")
        }
        Some(code @ 400..=499) => (format!("the mail server cannot accept it now ({code})"), "try again later, or look into its log"),
        Some(code) => {
            (format!("the mail server refuses the message ({code})"), "check that `from:` may send there, and that the address is right")
        }
        None if is_tls(error) => (
            format!("there is no secure connection to {server}: {}", cause(error)),
            "name the authority that signs its certificate, `mail: {authority: FILE}`, and the host by the certificate's name",
        ),
        None if error.is_client() => (
            format!("{server} cannot be used: {}", cause(error)),
            "let the server offer STARTTLS and a login by PLAIN or LOGIN, or write `smtps://…`; without TLS nothing is sent to another host",
        ),
        None => (
            format!("{server} cannot be reached: {}", cause(error)),
            "check that `mail: {server: …}` in the inventory can be reached from this host",
        ),
    };
    Problem::new(problem).hint(hint)
}

/// True where the other end's certificate or its TLS was at fault; a handshake's errors come wrapped as those of a connection.
fn is_tls(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(deeper) = source {
        if let Some(wrapped) = deeper.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref)
            && wrapped.is::<rustls::Error>()
        {
            return true;
        }
        source = deeper.source();
    }
    error.is_tls()
}

fn cause(error: &Error) -> String {
    let mut source: &dyn std::error::Error = error;
    while let Some(deeper) = source.source() {
        source = deeper;
    }
    source.to_string()
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn a_subject_is_one_line_and_begins_no_other_header() {
        assert_eq!(subject("\n The primary is down.\r\nBcc: all@acme.example\n"), "The primary is down.");
        assert_eq!(subject("a\u{7}b\rBcc: x"), "abBcc: x");
        assert_eq!(subject(" \n"), "lifeboat");
        assert_eq!(subject(&"é".repeat(500)).chars().count(), 120);
    }
}

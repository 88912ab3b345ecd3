//! The words for what became of a request that was not served, all in one place. A history's `why` is one of them.
//!
//! | word | outcome | what happened |
//! |---|---|---|
//! | `unsendable` | error | the request cannot be put into HTTP |
//! | `no-free-connection` | timeout | as many connections were open as may be, until the deadline |
//! | `not-resolved` | error | the name has no address |
//! | `refused` | error | nobody listens at the address |
//! | `unreachable` | error | no way leads to the address |
//! | `reset` | error | the connection was reset while it was opened |
//! | `not-connected` | error | it could not be opened for another reason |
//! | `no-free-file` | error | this machine may open no more files or ports |
//! | `proxy-refused` | error | the forward proxy opened no tunnel |
//! | `certificate-expired`, `certificate-wrong-name`, `certificate-untrusted`, `certificate-refused` | error | the certificate does not verify; the last is any other reason |
//! | `tls-refused` | error | the handshake failed, or ended early |
//! | `not-http-2` | error | HTTP/2 was asked for, and the handshake did not agree on it, or what was said first is none of its frames |
//! | `connect-timed-out` | timeout | no connection was open by the timeout or the deadline |
//! | `cut-before-headers` | error | the connection ended before the head of the answer |
//! | `head-too-long` | error | the head of the answer is longer than 65,536 bytes or 2,048 fields |
//! | `malformed-head` | error | what came is not HTTP |
//! | `no-answer` | timeout | no head of an answer by the timeout or the deadline |
//! | `status-503`, `status-429 rate_limit_exceeded` | error | another status than the one that is service, and the body's error code where it has one |
//! | `stalled-after-headers` | timeout | after the head no content by the timeout or the deadline |
//! | `stalled-in-stream` | timeout | content came, and its end not by the timeout or the deadline |
//! | `cut` | truncated, or error where no content had come | the connection ended within the body |
//! | `too-long` | error | the body is longer than any that is service |
//! | `encoded br` | error | the body is in a content coding that is not undone here, and which |
//! | `wrong-content` | error | the body is not what was asked for |
//! | `empty` | error | nothing came where something was expected |
//! | `no-terminal-marker`, `no-usage`, `malformed`, `error-event …` | see the room `dialect` | the answer's own flaws |

use rustls::{AlertDescription, CertificateError, PeerMisbehaved};
use std::io::{Error, ErrorKind};

pub(super) const UNSENDABLE: &str = "unsendable";
pub(super) const NO_FREE_CONNECTION: &str = "no-free-connection";
pub(super) const NOT_RESOLVED: &str = "not-resolved";
pub(super) const PROXY_REFUSED: &str = "proxy-refused";
pub(super) const NOT_HTTP_2: &str = "not-http-2";
pub(super) const CUT_BEFORE_HEADERS: &str = "cut-before-headers";
pub(super) const MALFORMED_HEAD: &str = "malformed-head";
pub(super) const HEAD_TOO_LONG: &str = "head-too-long";
pub(super) const CONNECT_TIMED_OUT: &str = "connect-timed-out";
pub(super) const NO_ANSWER: &str = "no-answer";
pub(super) const STALLED_AFTER_HEADERS: &str = "stalled-after-headers";
pub(super) const STALLED_IN_STREAM: &str = "stalled-in-stream";
pub(super) const CUT: &str = "cut";
pub(super) const TOO_LONG: &str = "too-long";
pub(super) const WRONG_CONTENT: &str = "wrong-content";
pub(super) const EMPTY: &str = "empty";

/// For a connection that could not be opened.
pub(super) fn of_connecting(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionRefused => "refused",
        ErrorKind::ConnectionReset => "reset",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "unreachable",
        ErrorKind::TimedOut => CONNECT_TIMED_OUT,
        ErrorKind::AddrNotAvailable => "no-free-file",
        // EMFILE and ENFILE have no kind of their own.
        _ if matches!(error.raw_os_error(), Some(23 | 24)) => "no-free-file",
        _ => "not-connected",
    }
}

/// For a handshake that failed.
pub(super) fn of_handshake(error: &Error) -> &'static str {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(problem)) => match problem {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "certificate-expired",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "certificate-wrong-name",
            CertificateError::UnknownIssuer => "certificate-untrusted",
            _ => "certificate-refused",
        },
        // By a server that says so (RFC 7301, alert 120), and by one that chooses what was not offered.
        Some(rustls::Error::NoApplicationProtocol | rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => NOT_HTTP_2,
        Some(rustls::Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol)) => NOT_HTTP_2,
        _ => "tls-refused",
    }
}

/// For an exchange that ended before the head of its answer.
pub(super) fn of_exchange(error: &hyper::Error) -> &'static str {
    if error.is_parse_too_large() {
        HEAD_TOO_LONG
    } else if error.is_parse() {
        MALFORMED_HEAD
    } else {
        CUT_BEFORE_HEADERS
    }
}

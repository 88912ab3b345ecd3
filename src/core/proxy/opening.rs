//! How a connection begins, and which HTTP that is. Who begins as neither is told in frames of HTTP/2, and that is the end of it: its
//! GOAWAY is what a broken preface gets (RFC 9113, 3.4), and anyone who speaks no HTTP/1.1 can make nothing of an answer in it.

use bytes::{Buf, BytesMut};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How HTTP/2 begins (RFC 9113, 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A first line that is longer is HTTP/1.1's to judge.
const LINE: usize = 64;
/// So many bytes of empty lines are passed over; anyone who sends more of them will send no request.
const EMPTY: usize = 4096;
/// Settings that change nothing, as a server begins, and GOAWAY for a PROTOCOL_ERROR before any stream.
const AWAY: &[u8] = b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01";
/// How long is read on after that: closed with bytes unread, the operating system would take back what was written.
const LINGER: Duration = Duration::from_secs(1);

/// Which HTTP a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    Http1,
    Http2,
    Neither,
}

impl Opening {
    /// Reads until it is known, into `ahead`. Where TLS agreed on HTTP/2 nothing else will do.
    ///
    /// # Errors
    /// The connection's.
    pub(super) async fn read(io: &mut (impl AsyncRead + Unpin), ahead: &mut BytesMut, is_agreed: bool) -> io::Result<Self> {
        let mut passed = 0;
        loop {
            // Empty lines before a request are passed over (RFC 9112, 2.2), and kept nowhere. HTTP/2 knows none.
            let empty = if is_agreed { 0 } else { ahead.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count() };
            ahead.advance(empty);
            passed += empty;
            if passed > EMPTY {
                return Ok(Self::Neither);
            }
            match Self::of(ahead, is_agreed) {
                Some(Self::Http2) if passed > 0 => return Ok(Self::Neither),
                Some(opening) => return Ok(opening),
                None => {}
            }
            if io.read_buf(ahead).await? == 0 {
                return Ok(Self::Http1);
            }
        }
    }

    /// What these first bytes begin; `None` where more must come.
    fn of(bytes: &[u8], is_agreed: bool) -> Option<Self> {
        let same = bytes.iter().zip(PREFACE).take_while(|(came, wanted)| came == wanted).count();
        if same == PREFACE.len() {
            return Some(Self::Http2);
        }
        if same == bytes.len() {
            return None;
        }
        if is_agreed || bytes.starts_with(b"PRI * HTTP/2") {
            return Some(Self::Neither);
        }
        match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) if bytes[..end].windows(5).any(|five| five == b"HTTP/") => Some(Self::Http1),
            Some(_) => Some(Self::Neither),
            None => (bytes.len() >= LINE).then_some(Self::Http1),
        }
    }
}

/// Sends anyone who speaks no HTTP away.
///
/// # Errors
/// The connection's.
pub(super) async fn send_away(io: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    io.write_all(AWAY).await?;
    io.shutdown().await?;
    let rest = async {
        let mut lost = [0; 1024];
        while matches!(io.read(&mut lost).await, Ok(1..)) {}
    };
    // Anyone who goes on sending has had the time to read it.
    let _ = timeout(LINGER, rest).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_told_by_its_first_line_and_what_is_none_by_its_first_line_too() {
        let of = |text: &str| Opening::of(text.as_bytes(), false);
        for http1 in ["GET / HTTP/1.1\r\n", "PRINT / HTTP/1.0\n", "P / HTTP/1.1\r\n", "GET / HTTP/3\r\n", &"x".repeat(LINE)] {
            assert_eq!(of(http1), Some(Opening::Http1), "{http1}");
        }
        assert_eq!(of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0"), Some(Opening::Http2));
        for more in ["", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r", "GET / HT", "PRI * HTTP/1.1"] {
            assert_eq!(of(more), None, "{more}");
        }
        for neither in ["INVALID CONNECTION PREFACE\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX", "hello\n"] {
            assert_eq!(of(neither), Some(Opening::Neither), "{neither}");
        }
        assert_eq!(Opening::of(b"GET / HTTP/1.1\r\n", true), Some(Opening::Neither), "HTTP/2 was agreed upon");
        assert_eq!(Opening::of(b"PRI", true), None);
    }

    #[tokio::test]
    async fn empty_lines_before_a_request_are_passed_over_and_are_not_endless() {
        for (what, count, wanted) in [
            ("GET / HTTP/1.1\r\n", 1, Opening::Http1),
            ("GET / HTTP/1.1\r\n", EMPTY / 2, Opening::Http1),
            ("GET / HTTP/1.1\r\n", EMPTY / 2 + 1, Opening::Neither),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 1, Opening::Neither),
            ("hello\n", 1, Opening::Neither),
            ("", 1, Opening::Http1),
        ] {
            let mut ahead = BytesMut::new();
            let came = format!("{}{what}", "\r\n".repeat(count));
            assert_eq!(Opening::read(&mut came.as_bytes(), &mut ahead, false).await.unwrap(), wanted, "{count} before {what}");
            assert!(wanted != Opening::Http1 || ahead == what, "{ahead:?}");
        }
        let mut ahead = BytesMut::new();
        let mut endless = tokio::io::repeat(b'\n').take(4 << 20);
        assert_eq!(Opening::read(&mut endless, &mut ahead, false).await.unwrap(), Opening::Neither);
        assert!(endless.limit() > 3 << 20 && ahead.capacity() < 64 << 10, "{} left, {} held", endless.limit(), ahead.capacity());
        assert_eq!(Opening::read(&mut &b"\r\n"[..], &mut BytesMut::new(), true).await.unwrap(), Opening::Neither, "HTTP/2 was agreed upon");
    }
}

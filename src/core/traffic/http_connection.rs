//! A connection of HTTP/1.1 as a thread has it that drives many: its socket, what is still to be written, and whose it is.
//!
//! What this file does not do: decide who gets it (the event loop does).

use super::answer_body::BodyDecoder;
use super::port::Ports;
use super::word;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

/// As much of its memory is kept by a connection that is closed.
const LITTLE: usize = 4096;

/// What a connection is doing.
#[derive(Debug, Default)]
pub(super) enum ConnectionState {
    /// There is none.
    #[default]
    None,
    /// It is being opened for this exchange: these addresses are still to be tried.
    Opening { exchange: u32, addresses: VecDeque<SocketAddr> },
    /// This exchange has it.
    Taken(u32),
    /// The rest of a body is passed over.
    Lingering(BodyDecoder),
    /// It waits for a request.
    Idle,
}

/// A connection, or a place for one.
#[derive(Debug, Default)]
pub(super) struct HttpConnection {
    pub(super) state: ConnectionState,
    pub(super) replica: usize,
    /// Differs from that of all connections that had this place before.
    pub(super) generation: u32,
    /// The beginning of an answer whose head is not whole.
    pub(super) held: Vec<u8>,
    stream: Option<TcpStream>,
    /// What of the request is not written yet, and how much of it is.
    unsent: Vec<u8>,
    sent: usize,
    /// Held for as long as it is open: it counts.
    counted: Option<Arc<Ports>>,
}

/// What a read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SocketRead {
    Bytes(usize),
    /// Nothing for now.
    Nothing,
    /// The other side will send no more.
    End,
    /// The connection is broken.
    Broken,
}

impl HttpConnection {
    /// Begins to open it at an address. True where it is open already.
    ///
    /// # Errors
    /// Why not, in a word.
    pub(super) fn begin(&mut self, ports: &Arc<Ports>, address: SocketAddr) -> Result<bool, &'static str> {
        let begun = ports.begin(address).map_err(|error| word::of_connecting(&error))?;
        self.stream = Some(begun.stream);
        self.counted = Some(ports.clone());
        Ok(begun.is_open)
    }

    /// Whether it is open, once it can be written to.
    ///
    /// # Errors
    /// Why it cannot be opened, in a word.
    pub(super) fn opened(&self) -> Result<(), &'static str> {
        match self.stream.as_ref().map(TcpStream::take_error) {
            Some(Ok(None)) => Ok(()),
            Some(Ok(Some(error)) | Err(error)) => Err(word::of_connecting(&error)),
            None => Err(word::NOT_RESOLVED),
        }
    }

    pub(super) fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.stream.as_ref().map(AsFd::as_fd)
    }

    /// Writes a request, as far as it can be; the rest with [`HttpConnection::flush`]. False where the connection is broken.
    pub(super) fn send(&mut self, request: &[u8]) -> bool {
        self.unsent.clear();
        self.sent = 0;
        match self.write(request) {
            Some(written) if written < request.len() => {
                self.unsent.extend_from_slice(&request[written..]);
                true
            }
            written => written.is_some(),
        }
    }

    /// Writes more of it. False where the connection is broken.
    pub(super) fn flush(&mut self) -> bool {
        if self.is_flushed() {
            return true;
        }
        let unsent = std::mem::take(&mut self.unsent);
        let written = self.write(&unsent[self.sent..]);
        self.unsent = unsent;
        self.sent += written.unwrap_or(0);
        written.is_some()
    }

    /// Whether all of the request is written.
    pub(super) fn is_flushed(&self) -> bool {
        self.sent >= self.unsent.len()
    }

    /// How many bytes can be written now; `None` where the connection is broken.
    fn write(&self, bytes: &[u8]) -> Option<usize> {
        let mut stream = self.stream.as_ref()?;
        let mut written = 0;
        while written < bytes.len() {
            match stream.write(&bytes[written..]) {
                Ok(0) => return None,
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return None,
            }
        }
        Some(written)
    }

    pub(super) fn read(&self, into: &mut [u8]) -> SocketRead {
        let Some(mut stream) = self.stream.as_ref() else { return SocketRead::Broken };
        loop {
            return match stream.read(into) {
                Ok(0) => SocketRead::End,
                Ok(count) => SocketRead::Bytes(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => SocketRead::Nothing,
                Err(_) => SocketRead::Broken,
            };
        }
    }

    /// Closes it. What it keeps of its memory, where that is little, is for the next one in its place.
    pub(super) fn close(&mut self) {
        self.stream = None;
        self.counted = None;
        self.state = ConnectionState::None;
        self.generation = self.generation.wrapping_add(1);
        for kept in [&mut self.held, &mut self.unsent] {
            kept.clear();
            kept.shrink_to(LITTLE);
        }
        self.sent = 0;
    }
}

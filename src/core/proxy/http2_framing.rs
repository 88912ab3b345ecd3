//! Whether a connection of HTTP/2 is half-way through a head, as far as its frames tell: a block of headers is open, and nothing else can
//! be said until it is over. hyper waits for its end without limit.
//!
//! What this file does not do: judge frames. What is wrong with them hyper says.

use super::opening::PREFACE;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// Follower of the frames of an HTTP/2 connection. Told of all bytes that come, the preface among them.
#[derive(Debug)]
pub(super) struct Http2Framing {
    /// What is left of a payload, or of the preface.
    left: usize,
    /// The head of a frame, as far as it has come.
    head: [u8; 9],
    filled: usize,
    /// The frame that comes is one of a block of headers.
    is_headers: bool,
    /// More of a block must follow that frame.
    is_open: bool,
    /// No frame has come whole, where settings must.
    is_fresh: bool,
}

impl Http2Framing {
    pub(super) const fn new() -> Self {
        Self { left: PREFACE.len(), head: [0; 9], filled: 0, is_headers: false, is_open: false, is_fresh: true }
    }

    /// Follows what came.
    pub(super) fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let take = self.left.min(bytes.len());
                bytes = &bytes[take..];
                self.left -= take;
                if self.left == 0 {
                    self.end_frame();
                }
                continue;
            }
            let take = (self.head.len() - self.filled).min(bytes.len());
            self.head[self.filled..self.filled + take].copy_from_slice(&bytes[..take]);
            bytes = &bytes[take..];
            self.filled += take;
            if self.filled == self.head.len() {
                let [a, b, c, kind, flags, ..] = self.head;
                self.left = u32::from_be_bytes([0, a, b, c]) as usize;
                self.is_headers = matches!(kind, HEADERS | CONTINUATION);
                if self.is_headers {
                    self.is_open = flags & END_HEADERS == 0;
                }
                if self.left == 0 {
                    self.end_frame();
                }
            }
        }
    }

    fn end_frame(&mut self) {
        // The preface is no frame.
        self.is_fresh &= self.filled == 0;
        self.filled = 0;
        self.is_headers = false;
    }

    /// True where a head has begun and is not over.
    pub(super) const fn is_halfway(&self) -> bool {
        let is_in_head_of_frame = self.filled > 0 && self.filled < self.head.len();
        self.is_fresh || self.is_open || self.is_headers || is_in_head_of_frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        [&[0, 0, u8::try_from(payload.len()).unwrap(), kind, flags, 0, 0, 0, 1], payload].concat()
    }

    #[test]
    fn it_is_half_way_from_the_first_byte_of_a_block_to_its_last_however_the_bytes_are_cut() {
        let steps = [
            (PREFACE.to_vec(), true),
            (frame(4, 0, b""), false),
            (frame(HEADERS, 0, b"abc"), true),
            (frame(CONTINUATION, 0, b""), true),
            (frame(CONTINUATION, END_HEADERS, b"d"), false),
            (frame(0, 0, b"data"), false),
            (frame(HEADERS, END_HEADERS | 1, b"trailers"), false),
            (frame(6, 0, b"12345678"), false),
        ];
        for cut in 1..40 {
            let mut framing = Http2Framing::new();
            for (bytes, is_halfway) in &steps {
                bytes.chunks(cut).for_each(|piece| framing.follow(piece));
                assert_eq!(framing.is_halfway(), *is_halfway, "{bytes:?}");
            }
        }
        let mut framing = Http2Framing::new();
        framing.follow(&[PREFACE, &frame(4, 0, b""), &[0, 0]].concat());
        assert!(framing.is_halfway(), "in the head of a frame");
        framing.follow(&[9, 0, 0, 0, 0, 0, 1, 7]);
        assert!(!framing.is_halfway(), "data may take its time");
        framing.follow(b"12345678");
        framing.follow(&frame(HEADERS, END_HEADERS, b"ab")[..10]);
        assert!(framing.is_halfway(), "within the frame");
    }
}

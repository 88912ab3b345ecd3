//! The contract of a toxic that acts on bytes: what it decides about each chunk of one direction of one connection.
//!
//! A stage is asked about chunks in their order and answers with moments; it holds no bytes, so it can be interrupted at any moment and
//! nothing is lost with it. Whoever asks keeps the order of chunks even where a stage would let a later one pass sooner.

use std::fmt::Debug;

/// A moment that never comes: what is due then waits until the toxic is removed.
pub const NEVER: u64 = u64::MAX;

/// What becomes of a chunk of bytes: a toxic that acts on bytes decides it, and the connection carries it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkFate {
    /// The first `bytes` of it (at least one, at most all) pass at `due`; the stage is asked again about the rest.
    Pass {
        /// How many bytes pass.
        bytes: usize,
        /// When they pass, in nanoseconds.
        due: u64,
    },
    /// It is lost.
    Lose,
    /// The first `bytes` of it pass at once; the rest and everything after it is lost, and the connection is closed.
    Close {
        /// How many bytes pass.
        bytes: usize,
    },
    /// It is held, and the connection is reset at `due`.
    Reset {
        /// When it is reset, in nanoseconds.
        due: u64,
    },
}

/// One toxic at work on one direction of one connection. Moments are nanoseconds of a clock that never goes back.
pub trait ByteStage: Debug + Send {
    /// A chunk of `bytes` (at least one) that came at `at`.
    fn chunk(&mut self, at: u64, bytes: usize) -> ChunkFate;

    /// The end of the stream, which came at `at`: `Pass` (its `bytes` mean nothing) or `Reset`.
    fn end(&mut self, at: u64) -> ChunkFate {
        ChunkFate::Pass { bytes: 0, due: at }
    }

    /// When it closes the connection whatever comes until then.
    fn closes_at(&self) -> Option<u64> {
        None
    }

    /// Bytes that it let through, for a stage that must go on counting when its toxic is changed.
    fn passed(&self) -> u64 {
        0
    }

    /// True where what was lost cannot be made good, so that the connection is closed when the toxic is removed.
    fn leaves_a_gap(&self) -> bool {
        false
    }

    /// How many bytes may wait. A delay needs room for what arrives meanwhile; anything else shall push back on the sender.
    fn room(&self) -> usize {
        64 << 10
    }
}

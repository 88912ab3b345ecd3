//! The contract of a type of toxic: what each file of this room says about its own, and where it acts.
//!
//! Every toxic can be interrupted at any moment; it loses, changes and reorders nothing that its file does not declare. What it needs to
//! know comes in: moments in nanoseconds of a clock that never goes back, the wall's time in seconds since 1970, seeds.

use super::fields::{AttributeReader, Attributes};
use super::{AnswerPiece, ByteStage, ChunkFate, Matched, Play, ToxicError};
use crate::dialect::{Quotas, WireAnswer};
use crate::units::Seed;
use std::fmt::Debug;

/// What a toxic acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Whole connections. It decides nothing beyond its presence.
    Connections,
    /// The bytes of its stream, in every connection.
    Bytes,
    /// Requests: it may answer in the provider's place.
    Requests,
    /// Answers before their first byte: they are held back.
    Heads,
    /// The pieces of answers.
    Answers,
}

/// What a type of toxic does with its attributes.
pub(super) trait Deed: Debug {
    /// Reads the attributes.
    ///
    /// # Errors
    /// Where one is missing or absurd.
    fn read(fields: &mut AttributeReader) -> Result<Self, ToxicError>
    where
        Self: Sized;

    /// The attributes as they are written in JSON.
    fn attributes(&self) -> Attributes {
        Attributes::new()
    }

    /// What it acts on.
    fn on(&self) -> On;

    /// On bytes: at work on one direction of one connection from `now` on. `passed` is what a stage before it, of the same toxic with other
    /// attributes, let through.
    fn stage(&self, _seed: Seed, _now: u64, _passed: u64) -> Box<dyn ByteStage> {
        Box::new(PassThrough)
    }

    /// On requests: what it says to one.
    fn rule(&self, _timed: &TimedRequest<'_>, _memory: &mut ToxicMemory) -> Ruling {
        Ruling::default()
    }

    /// On answers: what becomes of a piece.
    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        Play::pass(piece.bytes.clone())
    }
}

/// A request and the moment at which it came: what a toxic on requests rules on, without a clock of its own.
#[derive(Clone, Copy)]
pub struct TimedRequest<'a> {
    /// The request.
    pub request: &'a dyn Matched,
    /// When it came.
    pub now: u64,
    /// The same in seconds since 1970.
    pub wall: u64,
}

impl Debug for TimedRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TimedRequest").field("path", &self.request.path()).field("now", &self.now).finish_non_exhaustive()
    }
}

/// What a toxic says to a request.
#[derive(Debug, Default)]
pub struct Ruling {
    /// The answer in the provider's place; `None` lets the request pass.
    pub instead: Option<WireAnswer>,
    /// What the answer's headers shall tell, whoever gives it.
    pub quotas: Quotas,
}

impl Ruling {
    /// This answer in the provider's place.
    pub(super) fn instead(answer: WireAnswer) -> Self {
        Self { instead: Some(answer), quotas: Quotas::default() }
    }
}

/// What a toxic on requests remembers from one request to the next. The proxy that plays the toxic keeps one for each, so that the toxic
/// itself stays a value.
#[derive(Debug, Default)]
pub struct ToxicMemory {
    /// When the limits on requests and on tokens are whole again.
    pub(super) whole_at: [u64; 2],
}

/// A type without attributes that decides nothing beyond its presence.
#[derive(Debug)]
pub(super) struct Bare(pub(super) On);

impl Deed for Bare {
    fn read(_fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        Ok(Self(On::Connections))
    }

    fn on(&self) -> On {
        self.0
    }
}

/// Lets everything pass at once.
#[derive(Debug)]
struct PassThrough;

impl ByteStage for PassThrough {
    fn chunk(&mut self, at: u64, bytes: usize) -> ChunkFate {
        ChunkFate::Pass { bytes, due: at }
    }
}

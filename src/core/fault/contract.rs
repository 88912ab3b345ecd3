//! What the file of a fault says: [`fault!`] declares it, and [`FaultEffect`] is what it decides where it acts.
//!
//! Every fault can be interrupted at any moment; it loses, changes and reorders nothing that its file does not declare. What it needs to know
//! comes in: moments in nanoseconds of a clock that never goes back, the wall's time in seconds since 1970, seeds.

use super::{AnswerPiece, ByteStage, ChunkFate, Matched, Play, Stream, ToxicError};
use crate::dialect::{Quotas, WireAnswer};
use crate::model::{FailureMode, Fault, Mistake, Requests, Tokens};
use crate::units::Seed;
use std::fmt::Debug;

/// Declares a fault: the type that holds its settings, and its `KIND`.
///
/// The doc comments are its documentation. In the first braces stand the fields of a [`crate::model::FaultKind`] that are not usual, under
/// `settings` its settings, each a field of the type with the attribute that says how it is written.
macro_rules! fault {
    (
        $(#[doc = $about:literal])+
        $name:ident { $($field:ident: $value:expr),* $(,)? }
        $(settings { $($(#[doc = $told:literal])+ $setting:ident: $type:ty = $attribute:expr),+ $(,)? })?
    ) => {
        $crate::fault::contract::fault!(@type [$(#[doc = $about])+] $name $({ $($(#[doc = $told])+ $setting: $type,)+ })?);

        pub(super) static KIND: $crate::model::FaultKind = $crate::model::FaultKind {
            $($field: $value,)*
            about: concat!($($about),+),
            attributes: &[$($($attribute.about(concat!($($told),+)),)+)?],
            told: |settings| $name::of(settings).map_or_else(String::new, |fault| $crate::fault::contract::FaultEffect::told(&fault)),
            mode: |settings| $name::of(settings).and_then(|fault| $crate::fault::contract::FaultEffect::mode(&fault)),
            mistake: |settings| $name::of(settings).and_then(|fault| $crate::fault::contract::FaultEffect::mistake(&fault)),
            ..$crate::model::FaultKind::UNSAID
        };

        impl $name {
            /// With these settings; `None` where one is missing or of another type.
            #[allow(unused_mut, unused_variables, reason = "there may be no settings")]
            pub(super) fn of(settings: &$crate::model::Settings) -> Option<Self> {
                let mut settings = settings.0.iter();
                Some(Self { $($($setting: $crate::model::SettingValue::of(settings.next()?.as_ref())?,)+)? })
            }

            /// Its settings.
            pub(super) fn settings(&self) -> $crate::model::Settings {
                $crate::model::Settings(vec![$($($crate::model::SettingValue::setting(&self.$setting),)+)?])
            }
        }

        impl From<$name> for $crate::model::Fault {
            fn from(fault: $name) -> Self {
                Self::new(&KIND, fault.settings())
            }
        }
    };
    (@type [$(#[$about:meta])+] $name:ident) => {
        $(#[$about])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name;
    };
    (@type [$(#[$about:meta])+] $name:ident { $($(#[$told:meta])+ $setting:ident: $type:ty,)+ }) => {
        $(#[$about])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name { $($(#[$told])+ pub $setting: $type,)+ }
    };
}
pub(super) use fault;

/// What a fault decides. Each of these has an answer for a fault that has nothing to say there.
pub(super) trait FaultEffect: Debug {
    /// On bytes: the fault at work on one direction of one connection from `now` on. `passed` is what a stage before it, of the same toxic
    /// with other attributes, let through.
    fn stage(&self, _seed: Seed, _now: u64, _passed: u64) -> Box<dyn ByteStage> {
        Box::new(PassThrough)
    }

    /// On requests: what it says to one.
    fn rule(&self, _timed: &TimedRequest<'_>, _memory: &mut ToxicMemory) -> Ruling {
        Ruling::default()
    }

    /// On requests: the provider has answered one that it takes, and bills these tokens.
    fn billed(&self, _tokens: Tokens, _memory: &mut ToxicMemory) {}

    /// On answers: what becomes of a piece.
    fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        Play::pass(piece.bytes.clone())
    }

    /// Which requests it takes where nobody says it; `None` leaves it to what it acts on: inference requests for answers, all for the rest.
    fn requests(&self) -> Option<Requests> {
        None
    }

    /// True where it must see a request's body.
    fn reads_body(&self) -> bool {
        false
    }

    /// How a plain Toxiproxy plays it.
    fn on_plain(&self) -> PlainMeans {
        PlainMeans::None
    }

    /// How its settings follow its word in a plan, with a blank before them.
    fn told(&self) -> String {
        String::new()
    }

    /// As what a provider fails that is broken so; `None` where it is no failure. An outage where its file says nothing else: nobody is served, and
    /// everybody notices.
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::Outage)
    }

    /// What is wrong in a scenario with settings that are each right by themselves.
    fn mistake(&self) -> Option<Mistake> {
        None
    }

    /// The same in the control API.
    fn refused(&self) -> Option<ToxicError> {
        None
    }
}

/// What a plain Toxiproxy, which knows bytes only, is asked for to play a fault.
#[derive(Debug, Clone, PartialEq)]
pub enum PlainMeans {
    /// `enabled: false`.
    Down,
    /// The fault's own toxic, on what comes from the provider.
    Itself,
    /// Another of its toxics, in each of these directions.
    Other(Fault, &'static [Stream]),
    /// It cannot.
    None,
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
    /// How many requests and how many tokens were let through.
    pub(super) used: [u64; 2],
    /// What was billed, in billionths of a dollar.
    pub(super) billed: u64,
}

/// Lets everything pass at once.
#[derive(Debug)]
struct PassThrough;

impl ByteStage for PassThrough {
    fn chunk(&mut self, at: u64, bytes: usize) -> ChunkFate {
        ChunkFate::Pass { bytes, due: at }
    }
}

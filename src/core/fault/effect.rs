//! What a toxic does: one of the faults of the list in `mod.rs`, with its settings.

use super::{AnswerPiece, ByteStage, Effect, PlainMeans, Play, Ruling, TimedRequest, ToxicError, ToxicMemory};
use crate::model::{ActsOn, FaultKind, Requests, Tokens};
use crate::units::Seed;

/// The list of faults: each a module of its own, in whose file it is declared. Everything else about them is found through it.
macro_rules! faults {
    ($($module:ident::$name:ident,)+) => {
        $(mod $module; pub use $module::$name;)+

        /// What a toxic does: a fault with its settings.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "each is told in its own file")]
        pub enum Effect { $($name($name),)+ }

        /// Every kind of fault, in the order in which they are told.
        static KINDS: &[&crate::model::FaultKind] = &[$(&$module::KIND,)+];

        impl Effect {
            /// Of this kind with these settings; `None` where they are not the kind's.
            fn with(kind: &crate::model::FaultKind, settings: &crate::model::Settings) -> Option<Self> {
                $(if std::ptr::eq(kind, &$module::KIND) {
                    return $name::of(settings).map(Self::$name);
                })+
                None
            }

            /// Its kind.
            pub fn of_kind(&self) -> &'static crate::model::FaultKind {
                match self { $(Self::$name(_) => &$module::KIND,)+ }
            }

            /// Its settings.
            fn settings(&self) -> crate::model::Settings {
                match self { $(Self::$name(fault) => fault.settings(),)+ }
            }

            fn effect(&self) -> &dyn contract::FaultEffect {
                match self { $(Self::$name(fault) => fault,)+ }
            }
        }
    };
}
pub(super) use faults;

impl Effect {
    /// The type's name in the control API.
    pub fn kind(&self) -> &'static str {
        self.of_kind().toxic.unwrap_or_default()
    }

    /// What it acts on.
    pub fn acts_on(&self) -> ActsOn {
        self.of_kind().acts_on
    }

    /// True where a plain Toxiproxy has this type.
    pub fn is_shopifys(&self) -> bool {
        self.acts_on() == ActsOn::Bytes
    }

    /// True where it acts on requests and not on bytes, so that the proxy must speak HTTP.
    pub fn needs_http(&self) -> bool {
        self.of_kind().needs_http()
    }

    /// How a plain Toxiproxy plays it.
    pub fn on_plain(&self) -> PlainMeans {
        self.effect().on_plain()
    }

    /// Which requests it takes where nobody says it. An answer that is damaged, slow or empty is a model's; what befalls a connection or a
    /// server, everybody meets.
    pub(super) fn by_nature(&self) -> Requests {
        let usual = || if self.acts_on() == ActsOn::Answers { Requests::Inference } else { Requests::All };
        self.effect().requests().unwrap_or_else(usual)
    }

    /// True where it must see a request's body.
    pub(super) fn reads_body(&self) -> bool {
        self.effect().reads_body()
    }

    /// Why the control API does not take it, though each of its settings is right by itself.
    pub(super) fn refused(&self) -> Option<ToxicError> {
        self.effect().refused()
    }

    /// The toxic at work on one direction of one connection from `now` on. `passed` is what a stage before it, of the same toxic with
    /// other attributes, let through. One that does not act on bytes lets them pass.
    pub fn stage(&self, seed: Seed, now: u64, passed: u64) -> Box<dyn ByteStage> {
        self.effect().stage(seed, now, passed)
    }

    /// What it says to a request; one that does not act on requests lets them pass.
    pub fn rule(&self, timed: &TimedRequest<'_>, memory: &mut ToxicMemory) -> Ruling {
        self.effect().rule(timed, memory)
    }

    /// The provider has answered a request that it takes, and bills these tokens.
    pub fn billed(&self, tokens: Tokens, memory: &mut ToxicMemory) {
        self.effect().billed(tokens, memory);
    }

    /// What becomes of a piece of an answer; one that does not act on answers lets it pass.
    pub(super) fn play(&self, piece: &AnswerPiece<'_>) -> Play {
        self.effect().play(piece)
    }
}

/// Every kind of fault, those that only the control API has among them, in the order in which they are told.
pub fn kinds() -> impl Iterator<Item = &'static FaultKind> + Clone {
    super::KINDS.iter().copied()
}

/// The words of scenarios.
pub fn words() -> impl Iterator<Item = &'static str> + Clone {
    kinds().filter_map(|kind| kind.word)
}

/// The types of the control API.
pub(super) fn toxics() -> impl Iterator<Item = &'static str> + Clone {
    kinds().filter_map(|kind| kind.toxic)
}

/// The kind that a scenario calls so.
pub fn kind_of(word: &str) -> Option<&'static FaultKind> {
    kinds().find(|kind| kind.word == Some(word))
}

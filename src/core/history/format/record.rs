//! How a type of the model and its form on disk belong together.
//!
//! [`record!`] writes both conversions from one list of fields. It takes the model's value apart and puts it together field by field, with
//! nothing left out on either side: a field of the model that is renamed or added does not compile here until somebody says what becomes of
//! the files. A renamed one keeps its name on disk with `#[serde(rename = "…")]`, an added one is left out where it says nothing, so that
//! files which lack it read as they always did.

use super::version::FormatVersion;
use crate::model::{
    Arrivals, AzureSlot, CalendarSource, ComponentImpact, CredentialKind, Criticality, Dialect, DualRun, EscalationUntil, Fault, Gate,
    GatewayKind, HttpVersion, KeptTexts, KeyChange, KeySource, MailServer, NotifySeverity, ProbeDecision, ProofStanding, Repeat,
    RequestKind, Requests, RotationPart, RouteCredentials, RouteResidency, SabotageKind, SabotageReason, SloOn, StartMode, StepEnd,
    StreamEnd, TokenCache, TraceRow, Unreachable, UsageReport, WalkResult,
};
use crate::units::{Amount, ByteRate, Duration, Fingerprint, Money, Rate, Ratio, Seed, WeekHours};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

/// The form on disk of a type `M` of the model.
pub(super) trait Recorded<M>: Sized {
    /// What is written of it.
    fn record(model: &M) -> Self;
    /// What was written, as the model has it.
    fn restore(self) -> M;
}

impl<M, R: Recorded<M>> Recorded<Option<M>> for Option<R> {
    fn record(model: &Option<M>) -> Self {
        model.as_ref().map(R::record)
    }

    fn restore(self) -> Option<M> {
        self.map(R::restore)
    }
}

impl<M, R: Recorded<M>> Recorded<Box<M>> for Box<R> {
    fn record(model: &Box<M>) -> Self {
        Self::new(R::record(model))
    }

    fn restore(self) -> Box<M> {
        Box::new((*self).restore())
    }
}

impl<M, R: Recorded<M>> Recorded<Vec<M>> for Vec<R> {
    fn record(model: &Vec<M>) -> Self {
        model.iter().map(R::record).collect()
    }

    fn restore(self) -> Vec<M> {
        self.into_iter().map(R::restore).collect()
    }
}

impl<M, R: Recorded<M>> Recorded<BTreeMap<String, M>> for BTreeMap<String, R> {
    fn record(model: &BTreeMap<String, M>) -> Self {
        model.iter().map(|(name, each)| (name.clone(), R::record(each))).collect()
    }

    fn restore(self) -> BTreeMap<String, M> {
        self.into_iter().map(|(name, each)| (name, each.restore())).collect()
    }
}

/// Types whose form on disk is the text that users type: quantities, and closed sets of words.
macro_rules! same {
    ($($leaf:ty),+ $(,)?) => {
        $(impl Recorded<Self> for $leaf {
            fn record(model: &Self) -> Self {
                model.clone()
            }

            fn restore(self) -> Self {
                self
            }
        })+
    };
}

same! {
    FormatVersion, String, bool, u8, u16, u32, u64, usize, f64, Value,
    Amount, ByteRate, Duration, Fingerprint, Money, Rate, Ratio, Seed, WeekHours,
    Arrivals, AzureSlot, CalendarSource, ComponentImpact, CredentialKind, Criticality, Dialect, DualRun, EscalationUntil, Fault, Gate, GatewayKind, HttpVersion, KeyChange, KeySource, MailServer, Repeat, RequestKind,
    ProofStanding, SabotageKind, SabotageReason,
    Requests, RotationPart, NotifySeverity, SloOn, StartMode, StepEnd, StreamEnd, TokenCache, Unreachable, UsageReport, WalkResult,
    KeptTexts, ProbeDecision, RouteCredentials, RouteResidency,
}

/// Of a recording that is played a history names the file, and keeps no rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct NoRows;

impl Recorded<Arc<[TraceRow]>> for NoRows {
    fn record(_: &Arc<[TraceRow]>) -> Self {
        Self
    }

    fn restore(self) -> Arc<[TraceRow]> {
        Arc::default()
    }
}

/// What a history does not keep of a model: it is read as nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct NotKept;

impl<M: Default> Recorded<M> for NotKept {
    fn record(_: &M) -> Self {
        Self
    }

    fn restore(self) -> M {
        M::default()
    }
}

/// A struct or an enum as it is on disk, and its conversions. The fields have the model's names; `inner` stands for what is alone in a variant.
macro_rules! record {
    ($(#[$meta:meta])* struct $record:ident of $model:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty),+ $(,)? }) => {
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        $(#[$meta])*
        pub(super) struct $record { $($(#[$field_meta])* pub(super) $field: $type),+ }

        impl $crate::history::format::record::Recorded<$model> for $record {
            fn record(model: &$model) -> Self {
                let $model { $($field),+ } = model;
                Self { $($field: $crate::history::format::record::Recorded::record($field)),+ }
            }

            fn restore(self) -> $model {
                let Self { $($field),+ } = self;
                $model { $($field: $crate::history::format::record::Recorded::restore($field)),+ }
            }
        }
    };
    ($(#[$meta:meta])* enum $record:ident of $model:ident {
        $($(#[$variant_meta:meta])* $variant:ident
            $({ $($(#[$field_meta:meta])* $field:ident: $type:ty),+ $(,)? })?
            $(($inner:ident: $inner_type:ty))?
        ),+ $(,)?
    }) => {
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        $(#[$meta])*
        pub(super) enum $record {
            $($(#[$variant_meta])* $variant $({ $($(#[$field_meta])* $field: $type),+ })? $(($inner_type))?),+
        }

        impl $crate::history::format::record::Recorded<$model> for $record {
            fn record(model: &$model) -> Self {
                match model {
                    $($model::$variant $({ $($field),+ })? $(($inner))? => Self::$variant
                        $({ $($field: $crate::history::format::record::Recorded::record($field)),+ })?
                        $(($crate::history::format::record::Recorded::record($inner)))?),+
                }
            }

            fn restore(self) -> $model {
                match self {
                    $(Self::$variant $({ $($field),+ })? $(($inner))? => $model::$variant
                        $({ $($field: $crate::history::format::record::Recorded::restore($field)),+ })?
                        $(($crate::history::format::record::Recorded::restore($inner)))?),+
                }
            }
        }
    };
}
pub(super) use record;

/// True where a value is what is usual, and is left out.
pub(super) fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Writes and reads a value of the model in its form on disk, for `#[serde(with = "Via::<…Record>")]`.
pub(super) struct Via<R>(PhantomData<R>);

impl<R> Via<R> {
    pub(super) fn serialize<M, S: Serializer>(model: &M, serializer: S) -> Result<S::Ok, S::Error>
    where
        R: Recorded<M> + Serialize,
    {
        R::record(model).serialize(serializer)
    }

    pub(super) fn deserialize<'de, M, D: Deserializer<'de>>(deserializer: D) -> Result<M, D::Error>
    where
        R: Recorded<M> + Deserialize<'de>,
    {
        R::deserialize(deserializer).map(R::restore)
    }
}

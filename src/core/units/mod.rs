//! Quantities and their text forms: durations, days, rates, ratios, money, seeds, fingerprints and what makes them a drill's own, secrets; shares
//! that were counted, and how likely a count is; time zones by their names, hours of the week; texts of others as they may be shown; texts with
//! variables.
//!
//! Every quantity in a file carries its unit in the text (`30s`, `50/s`, `99%`), so that a number without one can be
//! refused instead of guessed. Nothing here knows YAML, clocks or randomness.

mod amount;
mod binomial;
mod closest;
mod count;
mod day;
mod digest;
mod duration;
mod explained;
mod fingerprint;
mod hours;
mod key_file;
mod meant;
mod money;
mod pattern;
mod printable;
mod rate;
mod ratio;
mod salt;
mod seal;
mod secret;
mod seed;
mod sha256;
mod share;
mod tally;
mod template;
mod zone;

pub use amount::Amount;
pub use binomial::Binomial;
pub use closest::closest;
pub use closest::plain;
pub use count::{counted, grouped};
pub use day::Day;
pub use digest::HashFunction;
pub use duration::Duration;
pub use explained::{Explained, Problem, explained, with_causes};
pub use fingerprint::Fingerprint;
pub use hours::WeekHours;
pub use key_file::AccessKey;
pub use money::Money;
pub use pattern::TextPattern;
pub use printable::{is_unprintable, one_line, printable};
pub use rate::{ByteRate, Rate};
pub use ratio::Ratio;
pub use salt::{SEALED_PROMPT, Salt, sealed_prompt};
pub use seal::{TokenHash, authentication_code, hexadecimal, is_signed, signature};
pub use secret::Secret;
pub use seed::Seed;
pub use sha256::{RunningHash, sha256_hex};
pub use share::{reaches, share_of, spare};
pub use tally::Tally;
pub use template::{UnknownVariable, expand};
pub use zone::ZoneName;

/// Why a text is not the quantity that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ParseError {
    /// What is wrong, lowercase, without a full stop.
    pub problem: String,
    /// What to type instead.
    pub hint: String,
}

impl ParseError {
    fn new(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { problem: problem.into(), hint: hint.into() }
    }
}

/// Serialises a quantity as its text form and reads it back the same way. The form is that for people, unless another is named. A schema tells
/// the form by its pattern and in words.
#[macro_export]
macro_rules! text_form {
    ($type:ident, $pattern:literal, $words:literal) => {
        text_form!($type, $pattern, $words, |quantity: &$type| *quantity);
    };
    ($type:ident, $pattern:literal, $words:literal, $typed:expr) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "pattern": $pattern, "description": $words})
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&$typed(self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub use text_form;

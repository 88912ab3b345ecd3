//! Which format a history has: a major and a minor number.
//!
//! A new **minor** version only adds: keys to events, kinds of events, and words of runbooks. A reader leaves out the keys and events that it does not
//! know and judges as well as before; a word that it does not know it refuses, and says that a newer build is needed. A new **major** version changes what is there, so that a reader which does not know it
//! must refuse. What was format 1 had one number only, and was written so.

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The version of a history's format, `2.0` in its first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormatVersion {
    /// Goes up where a reader that does not know it would misread.
    pub major: u16,
    /// Goes up where something was added that may be left out.
    pub minor: u16,
}

/// The format that this build writes. 2.1 added `business` to services, `prometheus` to environments, `overlays` to scenarios, and the event
/// `overlay`. 2.2 added what a night needs: parameters, conditions, waits, people and their words. 2.3 added
/// seals, and what guards a drill. 2.4 added what a standby is held to besides time: where requests may go, who may not use it, what it costs,
/// how much it bears.
pub const FORMAT: FormatVersion = FormatVersion { major: 2, minor: 4 };

/// The oldest major version that it reads. There is none that it forgot.
const OLDEST: u16 = 1;

impl FormatVersion {
    /// The formats that this build reads, in words.
    pub fn readable() -> String {
        format!("formats {OLDEST} to {}.x", FORMAT.major)
    }

    /// True where this build can read it.
    pub const fn is_readable(self) -> bool {
        OLDEST <= self.major && self.major <= FORMAT.major
    }

    /// True where it may hold something that this build leaves out.
    pub fn has_more(self) -> bool {
        self.major == FORMAT.major && self > FORMAT
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The build that wrote a history, as the first event names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenBy {
    /// The version of Lifeboat.
    pub lifeboat: String,
    /// The format.
    pub format: FormatVersion,
}

impl fmt::Display for WrittenBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lifeboat {} in format {}", self.lifeboat, self.format)
    }
}

impl FromStr for FormatVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (major, minor) = text.split_once('.').ok_or(())?;
        Ok(Self { major: major.parse().map_err(|_| ())?, minor: minor.parse().map_err(|_| ())? })
    }
}

impl Serialize for FormatVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FormatVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VersionVisitor)
    }
}

impl schemars::JsonSchema for FormatVersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FormatVersion".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": r"^[0-9]+\.[0-9]+$", "description": "The version of this form, as `2.0`."})
    }
}

struct VersionVisitor;

impl Visitor<'_> for VersionVisitor {
    type Value = FormatVersion;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a version like `2.0`, or 1")
    }

    fn visit_u64<E: serde::de::Error>(self, major: u64) -> Result<FormatVersion, E> {
        let major = u16::try_from(major).map_err(|_| E::custom("no such version"))?;
        Ok(FormatVersion { major, minor: 0 })
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<FormatVersion, E> {
        text.parse().map_err(|()| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

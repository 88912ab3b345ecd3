//! A planned fault: of which kind it is, and its settings.
//!
//! The kinds are declared in the room `fault`, one file each, as a [`FaultKind`]: data that the rooms below it can read from the value in
//! their hands. That room also gives a [`Fault`] its form in a history, and makes the toxic that plays it.
//!
//! What this file does not do: know any kind by its name.

use super::{Dialect, FailureMode, words};
use crate::units::{Duration, Money, Rate};
use std::fmt;

words! {
    /// Why a provider refuses, where a bare status does not tell it.
    Refusal {
        /// Too many requests or tokens a minute.
        RateLimit = "rate-limit",
        /// What was paid for is used up.
        Quota = "quota",
        /// The provider has more to do than it can.
        Overloaded = "overloaded",
        /// The credential was valid once.
        Expired = "expired",
        /// The credential is valid, but not for this.
        Forbidden = "forbidden",
        /// The model is not offered any more.
        ModelWithdrawn = "model-withdrawn",
        /// The prompt is found to be against the rules.
        ContentFilter = "content-filter",
    }
}

words! {
    /// How a provider says when to come back.
    RetryForm {
        /// `retry-after`, in whole seconds.
        Seconds = "seconds",
        /// `retry-after-ms`, in milliseconds.
        Milliseconds = "ms",
        /// `retry-after`, as a moment.
        Date = "date",
        /// In whole seconds and in milliseconds.
        Both = "both",
    }
}

words! {
    /// What is wrong with a TLS handshake.
    TlsProblem {
        /// The certificate's time is over.
        Expired = "expired",
        /// The certificate is for another name.
        WrongName = "wrong-name",
        /// Nobody who is trusted has signed the certificate.
        Untrusted = "untrusted",
        /// The connection ends before the handshake does.
        Cut = "cut",
    }
}

words! {
    /// What becomes of the tokens that came from a provider's cache of prompts.
    CacheFate {
        /// They are told and billed as ever.
        Kept = "kept",
        /// They are told and billed as if they had come from no cache.
        Lost = "lost",
    }
}

/// What a kind of fault acts on: it decides where the proxy asks the fault, and what can be seen of what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActsOn {
    /// Whole connections. The fault decides nothing beyond its presence.
    Connections(Taken),
    /// The bytes of one direction of every connection.
    Bytes,
    /// Requests: the fault may answer in the provider's place.
    Requests,
    /// Answers before their first byte: they are held back.
    Heads,
    /// The pieces of answers.
    Answers,
    /// A credential at its issuer. No proxy plays it.
    Issuer(AtIssuer),
}

/// What becomes of a connection that a fault takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is never accepted.
    Refused,
    /// It is open and carries nothing, so that whoever asked waits.
    Held,
    /// It ends before it carries a request.
    Closed,
}

/// What happens to a credential at its issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtIssuer {
    /// It is taken back, and stays so.
    Revokes,
    /// A new one takes its place by plan; nothing is broken.
    Rotates,
}

/// What a proxy must have before a kind of fault can be played on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A certificate of its own, which it shows in handshakes.
    Certificate,
    /// A forward proxy in front of it, which looks names up.
    ForwardProxy,
}

/// A dialect on which a kind of fault would do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointless {
    /// The dialect.
    pub dialect: Dialect,
    /// Why, as it follows the provider's name.
    pub why: &'static str,
    /// What to do instead.
    pub hint: &'static str,
}

/// A kind of fault as its file in the room `fault` declares it: everything about it that is known before it is played.
#[derive(Debug, Clone, Copy)]
pub struct FaultKind {
    /// Its word in scenarios; `None` for a toxic that only the control API has.
    pub word: Option<&'static str>,
    /// Its type in the control API; `None` where no proxy plays it.
    pub toxic: Option<&'static str>,
    /// What it does, for the documentation: the doc comment of its type.
    pub about: &'static str,
    /// What it acts on.
    pub acts_on: ActsOn,
    /// What a proxy must have to play it.
    pub needs: Option<Needs>,
    /// What it does besides what its word says, in the words of a plan.
    pub besides: Option<&'static str>,
    /// What does the like to single requests, as a scenario has it; empty where it acts on those itself, or nothing does.
    pub on_requests: &'static str,
    /// The dialects on which it would do nothing.
    pub pointless: &'static [Pointless],
    /// Its settings, in the order in which they are told.
    pub attributes: &'static [Attribute],
    /// How its settings follow its word in a plan.
    pub told: fn(&Settings) -> String,
    /// As what a provider fails that is broken so; `None` where it is no failure.
    pub mode: fn(&Settings) -> Option<FailureMode>,
    /// The price of answers under it, in thousandths of the price before; `None` where it leaves the price alone.
    pub dearer: fn(&Settings) -> Option<u64>,
    /// What is wrong with settings that are each right by themselves.
    pub mistake: fn(&Settings) -> Option<Mistake>,
}

impl FaultKind {
    /// What a declaration leaves unsaid.
    pub const UNSAID: Self = Self {
        word: None,
        toxic: None,
        about: "",
        acts_on: ActsOn::Bytes,
        needs: None,
        besides: None,
        on_requests: "",
        pointless: &[],
        attributes: &[],
        told: |_| String::new(),
        mode: |_| None,
        dearer: |_| None,
        mistake: |_| None,
    };

    /// The setting that it is mostly about: the one whose declaration has an example.
    pub fn main(&self) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| !attribute.example.is_empty())
    }

    /// True where it acts on requests and not on bytes, so that the proxy must speak HTTP.
    pub const fn needs_http(&self) -> bool {
        matches!(self.acts_on, ActsOn::Requests | ActsOn::Heads | ActsOn::Answers)
    }
}

/// What is wrong with the settings of a fault, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The setting that it is about; `None` for the fault as a whole.
    pub setting: Option<&'static str>,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub hint: String,
}

/// A setting of a kind of fault as it is declared: from it a scenario, the control API, a history and the documentation are read or written.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Its name in a scenario.
    pub name: &'static str,
    /// Its name in the control API.
    pub on_wire: &'static str,
    /// Its name in a history.
    pub recorded: &'static str,
    /// Which values it can have.
    pub kind: SettingKind,
    /// True where a scenario must say it.
    pub required: bool,
    /// What it is where nobody says it. A required one may have a default for the control API, as Shopify's server has.
    pub default: Option<fn() -> Setting>,
    /// True where a history leaves it out instead of writing that there is none.
    pub left_out: bool,
    /// A value for "write …", where the fault is mostly about this.
    pub example: &'static str,
    /// What the control API says of a wrong value.
    pub hint: &'static str,
    /// What it is, for the documentation: the doc comment of its field.
    pub about: &'static str,
}

impl Attribute {
    /// A setting that may be left out, of one name everywhere.
    pub const fn new(name: &'static str, kind: SettingKind) -> Self {
        let (on_wire, recorded) = (name, name);
        Self { name, on_wire, recorded, kind, required: false, default: None, left_out: false, example: "", hint: "", about: "" }
    }

    /// The same, which a scenario must say.
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same, which is this where nobody says it.
    pub const fn or(self, default: fn() -> Setting) -> Self {
        Self { default: Some(default), ..self }
    }

    /// The same under another name in the control API.
    pub const fn on_wire(self, on_wire: &'static str) -> Self {
        Self { on_wire, ..self }
    }

    /// The same under another name in histories.
    pub const fn recorded(self, recorded: &'static str) -> Self {
        Self { recorded, ..self }
    }

    /// The same, which a history leaves out where there is none.
    pub const fn left_out(self) -> Self {
        Self { left_out: true, ..self }
    }

    /// The same as what the fault is mostly about, with a value that it may have.
    pub const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    /// The same with what the control API says of a wrong value.
    pub const fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    /// The same with what the documentation says of it.
    pub const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }
}

/// Which values a setting can have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SettingKind {
    /// A whole number.
    Whole {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// How many a minute, typed as a rate: 1 to a billion.
    AMinute,
    /// A length of time, which may be zero; in milliseconds in the control API.
    Time,
    /// A length of time above zero, and at least as long as this: what is shorter becomes it. In milliseconds in the control API.
    SomeTime(Duration),
    /// A length of time, which may be zero; in seconds in the control API.
    Seconds,
    /// Events a second.
    Rate,
    /// Bytes a second; in KB in the control API.
    Bytes,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The address of a web page.
    Url,
    /// How many times as much, with up to three digits behind the point; a number in the control API.
    Factor {
        /// The least, in thousandths.
        least: u64,
        /// The most, in thousandths.
        most: u64,
    },
    /// An amount of US dollars; a number of them in the control API.
    Money,
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// A number: of what, its declaration says.
    Whole(u64),
    /// A length of time.
    Time(Duration),
    /// Events a second.
    Rate(Rate),
    /// One of a closed set of words.
    Word(&'static str),
    /// Any text.
    Text(String),
}

/// The settings of a fault, in the order of its kind's attributes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings(pub Vec<Option<Setting>>);

/// A type of Rust that a setting is given as to the code of a fault.
pub trait SettingValue: Sized {
    /// From a setting; `None` where it is none, or of another type.
    fn of(setting: Option<&Setting>) -> Option<Self>;
    /// As a setting.
    fn setting(&self) -> Option<Setting>;
}

macro_rules! setting_values {
    ($($type:ty: $pattern:pat => $value:expr, $from:expr;)+) => {
        $(impl SettingValue for $type {
            fn of(setting: Option<&Setting>) -> Option<Self> {
                match setting? {
                    $pattern => $value,
                    _ => None,
                }
            }

            fn setting(&self) -> Option<Setting> {
                let setting: fn(&Self) -> Setting = $from;
                Some(setting(self))
            }
        })+
    };
}

setting_values! {
    u64: Setting::Whole(number) => Some(*number), |number| Setting::Whole(*number);
    u16: Setting::Whole(number) => Self::try_from(*number).ok(), |number| Setting::Whole(u64::from(*number));
    Duration: Setting::Time(time) => Some(*time), |time| Setting::Time(*time);
    Rate: Setting::Rate(rate) => Some(*rate), |rate| Setting::Rate(*rate);
    String: Setting::Text(text) => Some(text.clone()), |text| Setting::Text(text.clone());
    Refusal: Setting::Word(word) => Self::from_word(word), |word| Setting::Word(word.word());
    RetryForm: Setting::Word(word) => Self::from_word(word), |word| Setting::Word(word.word());
    Money: Setting::Whole(nanos) => Some(Self::from_nanos(*nanos)), |money| Setting::Whole(money.as_nanos());
    CacheFate: Setting::Word(word) => Self::from_word(word), |word| Setting::Word(word.word());
    TlsProblem: Setting::Word(word) => Self::from_word(word), |word| Setting::Word(word.word());
}

impl<T: SettingValue> SettingValue for Option<T> {
    fn of(setting: Option<&Setting>) -> Option<Self> {
        match setting {
            None => Some(None),
            setting => T::of(setting).map(Some),
        }
    }

    fn setting(&self) -> Option<Setting> {
        self.as_ref().and_then(T::setting)
    }
}

/// A fault as a plan holds it: one of a kind, with its settings. In a scenario a map with one key: `{blackhole: {}}`, `{status: {code: 503}}`.
#[derive(Clone)]
pub struct Fault {
    kind: &'static FaultKind,
    settings: Settings,
}

impl Fault {
    /// A fault of this kind.
    pub const fn new(kind: &'static FaultKind, settings: Settings) -> Self {
        Self { kind, settings }
    }

    /// Its kind.
    pub const fn kind(&self) -> &'static FaultKind {
        self.kind
    }

    /// Its settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its word in scenarios; its type in the control API where only that has it.
    pub fn word(&self) -> &'static str {
        self.kind.word.or(self.kind.toxic).unwrap_or_default()
    }

    /// The propagation window, where it is about a credential at its issuer and not about what passes a proxy.
    pub fn of_credential(&self) -> Option<Duration> {
        let ActsOn::Issuer(_) = self.kind.acts_on else { return None };
        let times = self.settings.0.iter().filter_map(|setting| Duration::of(setting.as_ref()));
        Some(times.fold(Duration::ZERO, |_, time| time))
    }

    /// As what a provider fails that is broken so, where it takes every request; `None` where it is no failure.
    pub fn mode(&self) -> Option<FailureMode> {
        (self.kind.mode)(&self.settings)
    }

    /// The price of answers under it, in thousandths of the price before; `None` where it leaves the price alone.
    pub fn dearer(&self) -> Option<u64> {
        (self.kind.dearer)(&self.settings)
    }

    /// True where the provider's key is revoked at its issuer.
    pub fn is_revocation(&self) -> bool {
        self.kind.acts_on == ActsOn::Issuer(AtIssuer::Revokes)
    }

    /// True where a planned rotation of the provider's key begins, and nothing is broken.
    pub fn is_rotation(&self) -> bool {
        self.kind.acts_on == ActsOn::Issuer(AtIssuer::Rotates)
    }

    /// What it does besides what its name says, in the words of a plan.
    pub const fn besides(&self) -> Option<&'static str> {
        self.kind.besides
    }

    /// True where the fault acts on requests and not on bytes, so that the proxy must speak HTTP.
    pub const fn needs_http(&self) -> bool {
        self.kind.needs_http()
    }
}

impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        self.word() == other.word() && self.settings == other.settings
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(self.word()).field(&self.settings.0).finish()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.word(), (self.kind.told)(&self.settings))
    }
}

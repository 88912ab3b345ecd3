//! What is sent of a live drill: its parts as they are now, each with when it last changed, so that whoever missed something gets what is new and
//! nothing else. Everything is written once, however many watch.
//!
//! As server-sent events (HTML standard, section 9.2): an event `part` with a JSON list of name and HTML for each part that changed, and then an event
//! `frame` whose identifier says how far that is.

use super::form_fields::FormFields;
use super::parts::PARTS;
use super::sight::DrillSight;
use bytes::Bytes;

/// A part as it was last made.
#[derive(Debug, Clone)]
struct FramePart {
    html: String,
    /// The number of the frame in which it changed.
    changed: u64,
    /// As an event.
    event: Bytes,
}

/// All parts of a drill at one moment.
#[derive(Debug)]
pub(super) struct LiveFrame {
    /// One run of frames is told from another by it.
    epoch: u64,
    pub(super) number: u64,
    parts: Vec<FramePart>,
    /// What changed since the frame before.
    delta: Bytes,
    /// Nothing follows.
    pub(super) is_last: bool,
}

impl LiveFrame {
    /// The first.
    pub(super) fn first(epoch: u64, sight: &DrillSight) -> Self {
        let parts =
            PARTS.iter().map(|part| FramePart::of(part.name, (part.made)(sight, &FormFields::default()).into_string(), 0)).collect();
        let mut first = Self { epoch, number: 0, parts, delta: Bytes::new(), is_last: sight.end.is_some() };
        first.delta = first.written(None);
        first
    }

    /// The next, at the look of this number; `None` where nothing has changed.
    pub(super) fn next(&self, sight: &DrillSight, look: u64) -> Option<Self> {
        let number = self.number + 1;
        let is_last = sight.end.is_some();
        let mut parts = self.parts.clone();
        for (part, kept) in PARTS.iter().zip(&mut parts).filter(|(part, _)| is_last || look.is_multiple_of(part.every)) {
            let html = (part.made)(sight, &FormFields::default()).into_string();
            if html != kept.html {
                *kept = FramePart::of(part.name, html, number);
            }
        }
        let has_changed = is_last != self.is_last || parts.iter().any(|part| part.changed == number);
        has_changed.then(|| {
            let mut next = Self { epoch: self.epoch, number, parts, delta: Bytes::new(), is_last };
            next.delta = next.written(Some(self.number));
            next
        })
    }

    /// What somebody is to be sent who has the frame of this number, or none.
    pub(super) fn since(&self, seen: Option<u64>) -> Bytes {
        if seen.is_some() && seen == self.number.checked_sub(1) { self.delta.clone() } else { self.written(seen) }
    }

    /// The number of the frame with this identifier, where it is one of this run.
    pub(super) fn seen(&self, id: &str) -> Option<u64> {
        let (epoch, number) = id.split_once('-')?;
        (u64::from_str_radix(epoch, 16).ok()? == self.epoch).then(|| number.parse().ok())?.filter(|number| *number <= self.number)
    }

    fn written(&self, seen: Option<u64>) -> Bytes {
        let changed = self.parts.iter().filter(|part| seen.is_none_or(|seen| part.changed > seen));
        let mut bytes: Vec<u8> = changed.flat_map(|part| part.event.iter().copied()).collect();
        let word = if self.is_last { "end" } else { "more" };
        bytes.extend(format!("event: frame\nid: {:x}-{}\ndata: {word}\n\n", self.epoch, self.number).bytes());
        bytes.into()
    }
}

impl FramePart {
    fn of(name: &str, html: String, changed: u64) -> Self {
        // JSON has no line break outside of its texts, and within it is escaped.
        let event = format!("event: part\ndata: {}\n\n", serde_json::json!([name, html])).into();
        Self { html, changed, event }
    }
}

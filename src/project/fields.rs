//! A map with fixed keys: what it must have, what it may have, and what is said of a key that it does not have.
//!
//! Everything is said once, at the end: a key that other tools use, or that was mistyped, is one mistake, and not also the absence of the key
//! that was meant.

use super::reader::{Read, TreeReader};
use super::source::Spot;
use super::tree::{Key, Node};
use super::vocabulary::{all_of, example, joined, listed, meant, place};
use std::cell::{Cell, RefCell};

/// More keys than this are not looked at one by one: a map that has them was not meant for Lifeboat.
const LOOKED_AT: usize = 500;
/// So many keys are named in one message.
const NAMED: usize = 8;

/// A map with fixed keys. Every key that is asked for is known; what is wrong with the others is reported when [`MapFields::finish`] says that
/// everything was asked for.
pub(super) struct MapFields<'n> {
    pub(super) reader: &'n TreeReader<'n>,
    entries: &'n [(Key, Node)],
    pub(super) spot: Spot,
    what: &'static str,
    known: RefCell<Vec<&'static str>>,
    /// Required, and not there.
    missing: RefCell<Vec<&'static str>>,
    /// Of each of these one must be there, and none is.
    lacking: RefCell<Vec<Vec<&'static str>>>,
    /// How the whole may look, for whoever leaves something out.
    form: Cell<&'static str>,
    is_complete: bool,
}

impl<'n> MapFields<'n> {
    pub(super) fn of(reader: &'n TreeReader<'n>, entries: &'n [(Key, Node)], spot: Spot, what: &'static str) -> Self {
        let (known, missing, lacking) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self { reader, entries, spot, what, known, missing, lacking, form: Cell::new(""), is_complete: false }
    }

    /// How the whole may look, for whoever leaves something out.
    pub(super) fn looks_like(&self, form: &'static str) {
        self.form.set(form);
    }

    /// The key and value as they stand.
    pub(super) fn raw(&self, name: &'static str) -> Option<&'n (Key, Node)> {
        self.know(name);
        self.entries.iter().find(|(key, _)| key.text == name)
    }

    /// The value if the key is there and its value can be read.
    pub(super) fn optional<T>(&self, name: &'static str, read: Read<'_, T>) -> Option<T> {
        let (key, node) = self.raw(name)?;
        self.reader.given(key, node).and_then(|node| read(self.reader, node))
    }

    /// The value; a key that is missing is an error.
    pub(super) fn required<T>(&self, name: &'static str, read: Read<'_, T>) -> Option<T> {
        if self.has_none(&[name]) && !self.missing.borrow().contains(&name) {
            self.missing.borrow_mut().push(name);
        }
        self.optional(name, read)
    }

    /// True where none of these keys is there.
    pub(super) fn has_none(&self, names: &[&str]) -> bool {
        !self.entries.iter().any(|(key, _)| names.contains(&key.text.as_str()))
    }

    /// The one key of `names` that is there. None, or more than one, is an error.
    pub(super) fn exactly_one(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().for_each(|name| self.know(name));
        let there: Vec<&Key> = self.entries.iter().map(|(key, _)| key).filter(|key| names.contains(&key.text.as_str())).collect();
        match there.as_slice() {
            [key] => names.iter().copied().find(|name| *name == key.text),
            [] => {
                self.lacking.borrow_mut().push(names.to_vec());
                None
            }
            [first, second, ..] => {
                let message = format!("{} has `{}` and `{}`, and may have only one of them", self.what, first.text, second.text);
                self.reader.error(second.spot, message, format!("take `{}` or `{}` away", first.text, second.text));
                None
            }
        }
    }

    /// `version: 1`.
    pub(super) fn version(&self) {
        let read = |reader: &TreeReader<'_>, node: &Node| {
            let text = reader.text(node)?;
            if text != "1" {
                reader.error(node.spot, format!("version {text} of this format is not known"), "write `version: 1`");
            }
            Some(())
        };
        self.required("version", &read);
    }

    /// Everything was asked for: every other key is an error.
    pub(super) fn finish(mut self) {
        self.is_complete = true;
    }

    fn know(&self, name: &'static str) {
        // A key may be asked for more than once, and is named once.
        if !self.known.borrow().contains(&name) {
            self.known.borrow_mut().push(name);
        }
    }

    /// Reports keys that nobody asked for. Returns those that cannot be meant for another, and what is still missing after those that can.
    fn strangers(&self) -> (Vec<&'n Key>, Vec<&'static str>, Vec<Vec<&'static str>>) {
        let known = self.known.borrow();
        let free: Vec<&'static str> = known.iter().copied().filter(|name| self.has_none(&[name])).collect();
        let (mut missing, mut lacking) = (self.missing.borrow().clone(), self.lacking.borrow().clone());
        let mut rest = Vec::new();
        for (key, _) in self.entries.iter().filter(|(key, _)| !known.contains(&key.text.as_str())).take(LOOKED_AT) {
            let meant = meant(&key.text, free.iter().copied()).or_else(|| meant(&key.text, known.iter().copied()));
            let is_needed = meant.is_some_and(|meant| missing.contains(&meant) || lacking.iter().any(|names| names.contains(&meant)));
            if !self.is_complete && !is_needed {
                continue;
            }
            self.reader.stray(&key.text);
            let Some(meant) = meant else {
                rest.push(key);
                continue;
            };
            self.reader.stray(meant);
            missing.retain(|name| *name != meant);
            lacking.retain(|names| !names.contains(&meant));
            self.reader.error(key.spot, format!("`{}` is not a key of {}", key.text, self.what), format!("did you mean `{meant}`?"));
        }
        (rest, missing, lacking)
    }

    fn report(&self) {
        let (rest, missing, mut lacking) = self.strangers();
        let known = self.known.borrow();
        let (placed, unknown): (Vec<_>, Vec<_>) =
            rest.into_iter().map(|key| (key, place(&key.text, &known))).partition(|(_, at)| at.is_some());
        for (key, at) in placed {
            self.reader.error(key.spot, format!("`{}` is not a key of {}", key.text, self.what), at.unwrap_or_default());
        }
        if let Some((first, _)) = unknown.first() {
            let message = match unknown.len() {
                1 => format!("`{}` is not a key of {}", first.text, self.what),
                count => {
                    let named = unknown.iter().take(NAMED).map(|(key, _)| format!("`{}`", key.text));
                    let more = (count > NAMED).then(|| format!("{} more", count - NAMED));
                    format!("{} are not keys of {}", joined(named.chain(more), "and"), self.what)
                }
            };
            let hint = match lacking.first().filter(|_| unknown.len() == 1) {
                // Most likely it stands for one of them.
                Some(names) => format!("write one of {}", listed(names.iter().copied())),
                None if known.is_empty() => "take it away: there is nothing to set".into(),
                None => format!("it may have {}", listed(known.iter().copied())),
            };
            self.reader.error(first.spot, message, hint);
            if unknown.len() == 1 {
                lacking.clear();
            }
        }
        for names in lacking {
            let usual = if names.contains(&"run") { "run" } else { names[0] };
            let message = format!("{} needs one of {}", self.what, listed(names.iter().copied()));
            self.reader.error(self.spot, message, format!("write for example `{usual}: {}`", example(usual)));
        }
        if !missing.is_empty() {
            let hint = match self.form.get() {
                "" => format!("add {}", joined(missing.iter().map(|name| format!("`{name}: {}`", example(name))), "and")),
                form => format!("write for example `{form}`"),
            };
            self.reader.error(self.spot, format!("{} needs {}", self.what, all_of(missing.iter().copied())), hint);
        }
    }
}

/// What a reader calls a map, and the keys that it asked for.
#[cfg(test)]
type AskedKeys = (&'static str, Vec<&'static str>);

#[cfg(test)]
thread_local! {
    static ASKED: RefCell<Option<Vec<AskedKeys>>> = const { RefCell::new(None) };
}

/// Every map with fixed keys that is read meanwhile: what it is called, and the keys that its reader asks for.
#[cfg(test)]
pub(super) fn asked_for(read: impl FnOnce()) -> Vec<AskedKeys> {
    ASKED.set(Some(Vec::new()));
    read();
    ASKED.take().unwrap_or_default()
}

impl Drop for MapFields<'_> {
    fn drop(&mut self) {
        #[cfg(test)]
        ASKED.with_borrow_mut(|asked| asked.iter_mut().for_each(|asked| asked.push((self.what, self.known.borrow().clone()))));
        self.report();
    }
}

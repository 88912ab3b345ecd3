//! A search for secrets in what a drill left behind: files and outputs, in every form that a secret takes on its way there.
//!
//! Forms: plain, base64 of either alphabet at each of the three places where a group may begin, base32 at each of its five, percent-encoded,
//! hexadecimal, JSON-escaped, and a half of any of them, which is what a boundary between two chunks of an output leaves whole. The text is also
//! searched without what may stand between any two letters: ends of lines with their indentation, what drives a terminal, the empty halves of
//! UTF-16; and so with the texts of its JSON lines put together, for secrets that are cut more often.
//!
//! What it does not find: a secret that was compressed, encrypted, or written backwards.

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Halves of shorter forms could be anybody's words.
const SHORTEST_HALF: usize = 8;

/// The secrets that a drill knew, and the forms in which they are looked for.
pub(crate) struct Leaks {
    /// Whose, how it stands there.
    forms: Vec<(String, &'static str)>,
    machine: AhoCorasick,
}

/// A secret that was found. Its text is not in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Leak {
    /// Whose.
    pub(crate) whose: String,
    /// How it stands there.
    pub(crate) form: &'static str,
    /// Where.
    pub(crate) place: String,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret of {}, {}, in {}", self.whose, self.form, self.place)
    }
}

impl Leaks {
    /// Of these secrets, each with its owner.
    pub(crate) fn of(secrets: &BTreeMap<String, String>) -> Self {
        Self::of_pairs(secrets.iter().map(|(whose, secret)| (whose.as_str(), secret.as_str())))
    }

    /// The same, where one has several.
    pub(crate) fn of_pairs<'s>(secrets: impl Iterator<Item = (&'s str, &'s str)>) -> Self {
        let (mut forms, mut patterns) = (Vec::new(), Vec::new());
        let mut add = |whose: &str, form, pattern: &[u8]| {
            forms.push((whose.to_owned(), form));
            patterns.push(pattern.to_vec());
        };
        for (whose, secret) in secrets {
            assert!(secret.len() >= SHORTEST_HALF, "the secret of {whose} is too short to be looked for");
            for (form, text) in encodings(secret) {
                let bytes = text.into_bytes();
                let (first, last) = bytes.split_at(bytes.len() / 2);
                // Half of an address is anybody's: of a webhook's the path is the secret, and known as one of its own.
                if first.len() >= SHORTEST_HALF && !secret.contains("://") {
                    add(whose, form.1, first);
                    add(whose, form.1, last);
                }
                add(whose, form.0, &bytes);
            }
        }
        Self { forms, machine: AhoCorasick::new(patterns).unwrap() }
    }

    /// Everything that is found in these bytes.
    pub(crate) fn in_bytes(&self, place: &str, bytes: &[u8]) -> Vec<Leak> {
        let lossy = String::from_utf8_lossy(bytes);
        let mut texts = vec![bytes.to_vec(), joined(bytes)];
        if drives(bytes) {
            texts.push(joined(shown(&lossy).as_bytes()));
        }
        let mut said = String::new();
        for line in lossy.lines().filter(|line| line.starts_with('{')) {
            if let Ok(value) = serde_json::from_str::<Value>(line) {
                strings(&value, &mut said);
            }
        }
        if !said.is_empty() {
            texts.push(joined(said.as_bytes()));
            if drives(said.as_bytes()) {
                texts.push(joined(shown(&said).as_bytes()));
            }
            texts.push(said.into_bytes());
        }
        let found = texts.iter().flat_map(|text| self.machine.find_overlapping_iter(text));
        let found = found.map(|found| &self.forms[found.pattern().as_usize()]);
        let mut found: Vec<Leak> = found.map(|(whose, form)| Leak { whose: whose.clone(), form, place: place.to_owned() }).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Everything that is found in the files below a folder, and in their names.
    pub(crate) fn below(&self, folder: &Path) -> Vec<Leak> {
        let mut found = Vec::new();
        for path in files_below(folder) {
            let place = path.display().to_string();
            found.extend(self.in_bytes("a file's name", place.as_bytes()));
            found.extend(self.in_bytes(&place, &std::fs::read(&path).unwrap_or_default()));
        }
        found
    }
}

/// Every file below a folder. What ends while it is looked at is no longer there.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map_while(Result::ok);
    let mut found = Vec::new();
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files_below(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

/// The forms of a secret; each with its name, and the name of its half.
fn encodings(secret: &str) -> Vec<((&'static str, &'static str), String)> {
    let bytes = secret.as_bytes();
    let hex = |upper: bool| bytes.iter().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect::<String>();
    let percent = |all: bool| -> String {
        let plain = |byte: u8| !all && (byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
        bytes.iter().map(|byte| if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }).collect()
    };
    let json = serde_json::to_string(secret).unwrap();
    let escapes: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let mut forms = vec![
        (("plain", "half of it"), secret.to_owned()),
        (("in hexadecimal", "half of it in hexadecimal"), hex(false)),
        (("in hexadecimal", "half of it in hexadecimal"), hex(true)),
        (("percent-encoded", "half of it percent-encoded"), percent(false)),
        (("percent-encoded", "half of it percent-encoded"), percent(false).replace("%2F", "%2f")),
        (("percent-encoded", "half of it percent-encoded"), percent(true)),
        (("percent-encoded", "half of it percent-encoded"), form_urlencoded::byte_serialize(bytes).collect()),
        (("JSON-escaped", "half of it JSON-escaped"), json[1..json.len() - 1].to_owned()),
        (("JSON-escaped", "half of it JSON-escaped"), escapes),
    ];
    for before in 0..3 {
        let mut padded = vec![0; before];
        padded.extend_from_slice(bytes);
        // Letters that the bytes around it have a part in are left out.
        let (start, end) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
        for encoded in [BASE64_STANDARD_NO_PAD.encode(&padded), BASE64_URL_SAFE_NO_PAD.encode(&padded)] {
            forms.push((("in base64", "half of it in base64"), encoded[start..end].to_owned()));
        }
    }
    for before in 0..5 {
        let base32 = base32(&[&vec![0; before], bytes].concat());
        let (start, end) = ((before * 8).div_ceil(5), (before + bytes.len()) * 8 / 5);
        for encoded in [base32.clone(), base32.to_lowercase()] {
            forms.push((("in base32", "half of it in base32"), encoded[start..end].to_owned()));
        }
    }
    // Where nothing needs escaping, a form is the plain one, and is told as that.
    let mut seen = std::collections::BTreeSet::new();
    forms.retain(|(_, text)| seen.insert(text.clone()));
    forms
}

/// RFC 4648, 6, without padding.
fn base32(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1)).collect();
    let letter = |five: &[u8]| {
        let value = five.iter().fold(0, |value, bit| value << 1 | usize::from(*bit)) << (5 - five.len());
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[value])
    };
    bits.chunks(5).map(letter).collect()
}

/// The texts in a JSON value, one after the other.
fn strings(value: &Value, into: &mut String) {
    match value {
        Value::String(text) => into.push_str(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
        Value::Object(fields) => fields.values().for_each(|item| strings(item, into)),
        _ => {}
    }
}

/// Without what stands between two letters only: the ends of lines with the white space around them, and zero bytes (UTF-16).
fn joined(bytes: &[u8]) -> Vec<u8> {
    let mut kept: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut begins = false;
    for byte in bytes.iter().copied().filter(|byte| *byte != 0) {
        match byte {
            b'\r' | b'\n' => {
                kept.truncate(kept.trim_ascii_end().len());
                begins = true;
            }
            b' ' | b'\t' if begins => {}
            _ => {
                kept.push(byte);
                begins = false;
            }
        }
    }
    kept
}

/// Whether a text holds anything that drives a terminal: ESC, or a control letter of eight bits, which UTF-8 writes behind 0xC2.
fn drives(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte < 0x20 && !b"\t\r\n\0".contains(byte)) || bytes.windows(2).any(|pair| pair[0] == 0xc2 && pair[1] < 0xa0)
}

/// What a terminal shows: without control sequences and strings (ECMA-48, 5.4 and 5.6), and without other control letters.
fn shown(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        let introduced = match letter {
            '\u{1b}' => rest.next(),
            '\u{80}'..='\u{9f}' => char::from_u32(letter as u32 - 0x40),
            _ => {
                kept.extend((!letter.is_control() || letter == '\n' || letter == '\r').then_some(letter));
                continue;
            }
        };
        match introduced {
            Some('[') => drop(rest.find(|letter| ('@'..='~').contains(letter))),
            // A string: the title, the clipboard. It ends with BEL or ST.
            Some(']' | 'P' | 'X' | '^' | '_') => {
                while let Some(letter) = rest.next() {
                    if letter == '\u{1b}' {
                        rest.next();
                    }
                    if ['\u{7}', '\u{9c}', '\u{1b}'].contains(&letter) {
                        break;
                    }
                }
            }
            // A sequence of two or three letters.
            Some(' '..='/') => drop(rest.next()),
            _ => {}
        }
    }
    kept
}

//! The environment, files and .env files.
//!
//! A process cannot change the environment of the programs that use a key, nor safely its own: such a value is read only. A file holds its key
//! on its first line, or is the key: JSON of any number of lines, as issuers hand key files out, which counts as one line.

use super::rewrite::{bytes, replace};
use super::{Ability, Pending, SecretError, Store, Version, VersionedSecret, dotenv, still};
use crate::units::Secret;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The value of an environment variable that holds a secret, without white space around it; `None` where it is not set.
pub fn variable(name: &str) -> Option<Secret> {
    std::env::var(name).ok().map(Secret::new).map(Secret::trimmed)
}

/// One of the places on this host.
#[derive(Debug)]
pub(super) struct Local {
    place: String,
    from: LocalSource,
}

/// A source on this host.
#[derive(Debug)]
pub(super) enum LocalSource {
    /// An environment variable.
    Env(String),
    /// A file, by its first line or as JSON.
    File(PathBuf),
    /// A variable of a .env file.
    Dotenv(PathBuf, String),
}

impl Local {
    pub(super) fn new(place: String, from: LocalSource) -> Self {
        Self { place, from }
    }

    /// The value now.
    pub(super) fn value(&self) -> Result<Secret, SecretError> {
        let found = match &self.from {
            LocalSource::Env(name) => variable(name),
            LocalSource::File(path) => {
                let text = self.text(path)?;
                let value = text.map(|text| Secret::new(text[..end_of_key(&text)].replace(['\r', '\n'], "").trim().to_owned()));
                if value.as_ref().is_some_and(|value| value.expose().starts_with('{') && !is_json(value.expose())) {
                    return Err(SecretError::Malformed {
                        place: self.place.clone(),
                        problem: format!("{} starts like JSON but is not valid JSON", path.display()),
                        hint: "write the whole key file there again, or a key on its first line".to_owned(),
                    });
                }
                value
            }
            LocalSource::Dotenv(path, name) => {
                self.text(path)?.and_then(|text| dotenv::value(&text, name)).map(|value| Secret::new(value.trim().to_owned()))
            }
        };
        found.filter(|value| !value.is_empty()).ok_or_else(|| self.absent())
    }

    fn absent(&self) -> SecretError {
        let (problem, hint) = match &self.from {
            LocalSource::Env(name) => {
                (format!("the environment variable {name} is not set"), format!("export {name}=… before you start Lifeboat"))
            }
            LocalSource::File(path) => {
                (format!("{} does not exist or is empty", path.display()), "write the key on its first line".to_owned())
            }
            LocalSource::Dotenv(path, name) => (format!("{} has no value of {name}", path.display()), format!("add a line {name}=… to it")),
        };
        SecretError::Absent { place: self.place.clone(), problem, hint }
    }

    /// A file as text; `None` where it is not there.
    fn text(&self, path: &Path) -> Result<Option<Zeroizing<String>>, SecretError> {
        let Some(mut bytes) = bytes(path, &self.place)? else { return Ok(None) };
        match String::from_utf8(std::mem::take(&mut *bytes)) {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                Err(SecretError::Malformed {
                    place: self.place.clone(),
                    problem: format!("{} is not UTF-8 text", path.display()),
                    hint: "keep keys in text files".to_owned(),
                })
            }
        }
    }

    fn put(&self, value: &Secret) -> Result<(), SecretError> {
        if value.expose().trim() != value.expose() || value.is_empty() || value.expose().contains(['\n', '\r', '\0']) {
            return Err(SecretError::Malformed {
                place: self.place.clone(),
                problem: "the new value is empty, has more than one line, or white space around it".to_owned(),
                hint: "give one line, as keys have".to_owned(),
            });
        }
        match &self.from {
            LocalSource::Env(_) => Err(SecretError::Cannot { place: self.place.clone(), what: READ_ONLY.0, hint: READ_ONLY.1 }),
            LocalSource::File(path) => {
                let old = self.text(path)?.unwrap_or_default();
                let end = end_of_key(&old);
                let mut new = Zeroizing::new(String::with_capacity(value.expose().len() + old.len()));
                new.push_str(value.expose());
                new.push_str(&old[end..]);
                replace(path, new.as_bytes(), &self.place)
            }
            LocalSource::Dotenv(path, name) => {
                let old = self.text(path)?.unwrap_or_default();
                replace(path, dotenv::with_value(&old, name, value.expose()).as_bytes(), &self.place)
            }
        }
    }
}

/// Where the key of a file ends: with the whole JSON, or with the first line.
fn end_of_key(text: &str) -> usize {
    if text.trim_start().starts_with('{') && is_json(text) { text.trim_end().len() } else { text.find(['\r', '\n']).unwrap_or(text.len()) }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

const READ_ONLY: (&str, &str) =
    ("be changed: no program can change another's environment", "keep the key in a .env file or a store, and restart what reads it");

impl Store for Local {
    fn place(&self) -> &str {
        &self.place
    }

    fn abilities(&self) -> &'static [Ability] {
        if matches!(self.from, LocalSource::Env(_)) { &[] } else { &[Ability::Write] }
    }

    fn read(&self) -> Pending<'_, VersionedSecret> {
        Box::pin(async { self.value().map(VersionedSecret::unnumbered) })
    }

    fn write<'a>(&'a self, value: &'a Secret, over: Option<&'a Version>) -> Pending<'a, Version> {
        Box::pin(async move {
            still(self, over).await?;
            self.put(value)?;
            Ok(VersionedSecret::unnumbered(value.clone()).version)
        })
    }
}

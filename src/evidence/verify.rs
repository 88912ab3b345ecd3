//! A folder held against its manifest, and its history against its seals.
//!
//! What counts: which files there are, that each is a file, its size and its bytes, and the order of a history's lines. What does not: modes, owners,
//! times. Nothing is written, no link is followed, and no file is taken into memory whole.
//!
//! What this file does not do: judge a history again (`exercise` does, and says whether the verdict is its own), or check signatures and witnesses.

use super::chain::{self, BreakCause, Chain, ChainBreak};
use super::check::{Check, CheckState};
use super::listing::{self, ENTRIES, ListedKind, Listing};
use super::manifest::{self, FileRole, HistoryFacts, LATER, ListedFile, Manifest, ManifestError, ReadManifest};
use crate::run_folder::{FileNature, RunFile, form_in, is_running};
use crate::units::{Explained, counted, grouped};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// So many files that the manifest does not list are named one by one.
const NAMED: usize = 50;
/// The first format whose histories have seals.
const SEALED_SINCE: (u32, u32) = (2, 3);

/// What a folder's manifest and seals say of it.
#[derive(Debug)]
pub struct VerifiedFolder {
    /// Its manifest, where it can be read.
    pub manifest: Option<ReadManifest>,
    /// What each look showed.
    pub checks: Vec<Check>,
    /// Its history, as its seals tell it.
    pub chain: Option<Chain>,
    /// The drills of a series, by the names of their folders.
    pub trials: Vec<String>,
}

/// What all looks together say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Integrity {
    /// Everything is as it was, but for what people wrote where they are to write.
    Intact,
    /// It cannot be told here.
    Unknown,
    /// Something was changed, cut, added, reordered, or is missing.
    Broken,
}

impl Integrity {
    /// What these say together.
    pub fn of(checks: &[Check]) -> Self {
        let of = |check: &Check| match check.state {
            CheckState::Intact | CheckState::Unsigned | CheckState::Edited => Self::Intact,
            CheckState::Unknown => Self::Unknown,
            CheckState::Changed | CheckState::Missing => Self::Broken,
        };
        checks.iter().map(of).max().unwrap_or(Self::Unknown)
    }

    /// In one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Unknown => "unknown",
            Self::Broken => "changed",
        }
    }
}

/// Why there is nothing to verify.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is not there, or no folder.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// As named.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// It holds neither a manifest nor a history.
    #[error("{} holds neither a manifest nor a history", path.display())]
    Other {
        /// As named.
        path: PathBuf,
    },
}

impl Explained for VerifyError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("name the folder of a drill, for example one below `drills/`"))
    }
}

/// Holds a folder against its manifest and its history against its seals. Of a series each drill is told as well, with its folder's name before it.
///
/// # Errors
/// Where there is nothing to verify.
pub fn folder(folder: &Path) -> Result<VerifiedFolder, VerifyError> {
    let unreadable = |source| VerifyError::Unreadable { path: folder.to_owned(), source };
    if !std::fs::metadata(folder).map_err(unreadable)?.is_dir() {
        return Err(unreadable(std::io::ErrorKind::NotADirectory.into()));
    }
    let stands = |file: RunFile| listing::entry(folder, &file.name()).is_some();
    let stands_history = stands(RunFile::History) || stands(RunFile::CompressedHistory);
    if !stands(RunFile::Manifest) && !stands_history && !stands(RunFile::Repeats) {
        return Err(VerifyError::Other { path: folder.to_owned() });
    }
    if is_running(folder) {
        let check = Check::new("run", CheckState::Unknown, "it still runs; its manifest is made at its end");
        return Ok(VerifiedFolder { manifest: None, checks: vec![check], chain: None, trials: Vec::new() });
    }
    let mut trials = manifest::trials_of(folder).map_err(unreadable)?;
    let read = Manifest::read(folder);
    if let Ok(read) = &read {
        let own = format!("/{}", RunFile::Manifest.name());
        let listed = read.manifest.files.iter().filter_map(|file| file.name.strip_suffix(&own)).filter(|name| manifest::is_trial(name));
        trials.extend(listed.filter(|name| listing::entry(folder, name) == Some(ListedKind::Folder)).map(str::to_owned));
        trials.sort();
        trials.dedup();
    }
    let mut verified = VerifiedFolder { manifest: None, checks: Vec::new(), chain: None, trials };
    match read {
        Ok(read) => verified.against(folder, read).map_err(unreadable)?,
        Err(error) => verified.without_manifest(folder, &error),
    }
    verified.after_it(folder);
    Ok(verified)
}

impl VerifiedFolder {
    fn put(&mut self, what: impl Into<String>, state: CheckState, detail: impl Into<String>) {
        self.checks.push(Check::new(what, state, detail));
    }

    /// Everything that a manifest speaks of, and what it does not.
    fn against(&mut self, folder: &Path, read: ReadManifest) -> std::io::Result<()> {
        let manifest = &read.manifest;
        let name = RunFile::Manifest.name();
        if read.is_sealed {
            let (count, version) = (counted(manifest.files.len() as u64, "file"), &manifest.lifeboat.version);
            let host = manifest.host.as_ref().map_or_else(String::new, |host| format!(" on {host}"));
            self.put(name, CheckState::Intact, format!("written by Lifeboat {version}{host}; it lists {count}"));
        } else {
            self.put(name, CheckState::Changed, "it was changed after it was written: its last line does not fit the rest of it");
        }
        // A manifest has the facts of one history, however many stand there by the names of histories.
        let history = manifest.files.iter().find(|listed| is_history(&listed.name)).filter(|_| manifest.history.is_some());
        let repacked = history.and_then(|listed| self.repacked(folder, listed, manifest.history.as_ref()));
        for listed in &manifest.files {
            if is_history(&listed.name) && history.is_none_or(|history| history == listed) {
                if repacked.is_none() || listing::entry(folder, &listed.name).is_some() {
                    self.listed_history(folder, listed, manifest.history.as_ref());
                }
            } else {
                let (state, detail) = state_of(folder, listed);
                self.put(&*listed.name, state, detail);
            }
        }
        if manifest.history.is_some() && history.is_none() {
            self.put(RunFile::History.name(), CheckState::Changed, "the manifest speaks of a history and lists none");
        }
        for copy in manifest.inputs.iter().filter_map(|input| input.copy.as_ref()) {
            if manifest.file(copy).is_none() {
                self.put(&**copy, CheckState::Changed, "the manifest calls it an input's copy and does not list it");
            }
        }
        for input in manifest.inputs.iter().filter(|input| !input.redacted) {
            let of_copy = input.copy.as_ref().and_then(|copy| manifest.file(copy));
            if of_copy.is_some_and(|copy| copy.sha256 != input.sha256) {
                self.put(&*input.path, CheckState::Changed, "its copy is not what was read, and nothing was taken out of it");
            }
        }
        self.unlisted(folder, manifest, repacked)?;
        self.manifest = Some(read);
        Ok(())
    }

    /// The history in the form that the manifest does not list, where somebody has packed or unpacked it and its lines are the same.
    fn repacked(&mut self, folder: &Path, listed: &ListedFile, facts: Option<&HistoryFacts>) -> Option<RunFile> {
        let other = if listed.name == RunFile::History.name() { RunFile::CompressedHistory } else { RunFile::History };
        // Only of one that was written to its end its head stands for all of it.
        let facts = facts.filter(|facts| facts.complete)?;
        let Some(ListedKind::File(_)) = listing::entry(folder, &other.name()) else { return None };
        let chain = chain::of_file(&other.within(folder), None).ok()?;
        if !chain.breaks.is_empty() || recorded(&chain) != *facts {
            return None;
        }
        let done = if other == RunFile::History { "unpacked" } else { "packed" };
        self.put(other.name(), CheckState::Intact, format!("{}: the lines of `{}`, {done}", fits(&chain), listed.name));
        self.chain = Some(chain);
        Some(other)
    }

    /// What stands in the folder and not in its manifest, but for a history that is known to be the one that it lists.
    fn unlisted(&mut self, folder: &Path, manifest: &Manifest, known: Option<RunFile>) -> std::io::Result<()> {
        let undo = RunFile::Undo.name();
        let trials = self.trials.clone();
        let has_own = |name: &str| name == undo || trials.iter().any(|trial| trial == name);
        let listing = Listing::of(folder, &has_own)?;
        let own = RunFile::Manifest.name();
        let mut added = 0;
        for (name, kind) in &listing.entries {
            let is_known = known.is_some_and(|known| known.name() == *name);
            if *name == own
                || is_known
                || manifest.file(name).is_some()
                || LATER.contains(&name.as_str()) && matches!(kind, ListedKind::File(_))
            {
                continue;
            }
            let known = RunFile::of_name(name).filter(|_| matches!(kind, ListedKind::File(_)));
            match known.map(|file| (file.nature(), manifest::role_of(name))) {
                Some((FileNature::Secret, _)) => {
                    self.put(&**name, CheckState::Unsigned, "no manifest lists it: it may hold a key, and never leaves this host");
                }
                Some((FileNature::Scratch, _)) => {
                    self.put(&**name, CheckState::Unsigned, "no manifest lists it: it is of use only while a run is not over");
                }
                Some((_, Some(FileRole::People))) => {
                    self.put(&**name, CheckState::Edited, "written after the manifest, where people write");
                }
                _ => {
                    added += 1;
                    if added <= NAMED {
                        let detail = format!("added: the manifest does not list it; it is {}", kind.words());
                        self.put(name.escape_debug().to_string(), CheckState::Changed, detail);
                    }
                }
            }
        }
        for trial in &trials {
            let name = format!("{trial}/{own}");
            if manifest.file(&name).is_none() {
                self.put(name, CheckState::Changed, "added: the manifest does not list this drill");
            }
        }
        if added > NAMED {
            self.put(
                "folder",
                CheckState::Changed,
                format!("{} more that the manifest does not list", counted((added - NAMED) as u64, "file")),
            );
        }
        if listing.is_cut {
            self.put(
                "folder",
                CheckState::Changed,
                format!("it holds more than {ENTRIES} files; those beyond were only looked for by their names"),
            );
        }
        Ok(())
    }

    /// A history that the manifest lists.
    fn listed_history(&mut self, folder: &Path, listed: &ListedFile, facts: Option<&HistoryFacts>) {
        let name = &*listed.name;
        let Some(chain) = self.history(folder, name, facts.and_then(|facts| facts.head.as_deref()), Some(listed)) else {
            return;
        };
        let is_same = chain.sha256 == listed.sha256 && chain.bytes == listed.bytes;
        let recorded = recorded(&chain);
        let breaks = chain.breaks.clone();
        for each in &breaks {
            self.put(name, CheckState::Changed, told(each));
        }
        if chain.more_breaks > 0 {
            self.put(name, CheckState::Changed, format!("and {} more", counted(chain.more_breaks, "place")));
        }
        if is_same && breaks.is_empty() && facts == Some(&recorded) {
            let (lines, seals) = (counted(chain.lines, "line"), counted(chain.seals, "seal"));
            let end = if recorded.complete { "" } else { "; it was not written to its end" };
            self.put(name, CheckState::Intact, format!("{lines}, {seals}, all of which fit{end}"));
        } else if is_same {
            self.put(name, CheckState::Changed, "it is the file that the manifest lists, and not what the manifest says of its lines");
        } else if let Some(facts) = facts {
            self.put(name, CheckState::Changed, length_told(&chain, facts, breaks.is_empty()));
        } else {
            self.put(name, CheckState::Changed, "it is not the file that the manifest lists");
        }
        self.chain = Some(chain);
    }

    /// Reads the history of this name; what is no history there is told.
    fn history(&mut self, folder: &Path, name: &str, head: Option<&str>, listed: Option<&ListedFile>) -> Option<Chain> {
        match listing::entry(folder, name) {
            Some(ListedKind::File(_)) => {}
            None => {
                self.put(name, CheckState::Missing, "it is not there");
                return None;
            }
            Some(other) => {
                self.put(name, CheckState::Changed, format!("it is {}", other.words()));
                return None;
            }
        }
        let path = folder.join(name);
        match chain::of_file(&path, head) {
            Ok(chain) => Some(chain),
            Err(error) => {
                // What cannot be unpacked may be known to be another file all the same.
                let is_other = listed.is_some_and(|listed| listing::hash_of(&path).is_ok_and(|(sha256, _)| sha256 != listed.sha256));
                match is_other {
                    true => self.put(name, CheckState::Changed, format!("it is not the file that the manifest lists: {error}")),
                    false => self.put(name, CheckState::Unknown, format!("it cannot be read: {error}")),
                }
                None
            }
        }
    }

    /// What can be told of a folder without a manifest: its history, by its seals.
    fn without_manifest(&mut self, folder: &Path, error: &ManifestError) {
        let name = RunFile::Manifest.name();
        let is_absent = matches!(error, ManifestError::Absent { .. });
        let is_file = matches!(listing::entry(folder, &name), Some(ListedKind::File(_)));
        let state = match error {
            ManifestError::Other { .. } => CheckState::Changed,
            // Something else stands in its place.
            ManifestError::Unreadable { .. } if !is_file => CheckState::Changed,
            _ => CheckState::Unknown,
        };
        if !is_absent {
            self.put(&*name, state, crate::units::explained(error).replace("\n\nhint: ", "; "));
        }
        let history = RunFile::of_history(form_in(folder)).name();
        if listing::entry(folder, &history).is_none() {
            if is_absent {
                self.put(name, CheckState::Missing, "there is none; a series that was run to its end has one");
            }
            return;
        }
        let Some(chain) = self.history(folder, &history, None, None) else { return };
        for each in &chain.breaks {
            self.checks.push(Check::new(&*history, CheckState::Changed, told(each)));
        }
        let older = chain.format.as_deref().and_then(version).is_some_and(|format| format < SEALED_SINCE);
        if older && chain.seals == 0 {
            let format = chain.format.as_deref().unwrap_or_default();
            self.put(
                &*history,
                CheckState::Unknown,
                format!("its format, {format}, is older than seals and manifests: nothing can be told of it"),
            );
        } else if chain.is_finished {
            if is_absent {
                let detail = "there is none, and the history was written to its end: a drill that ends leaves one";
                self.put(&*name, CheckState::Missing, detail);
            }
            if chain.breaks.is_empty() {
                self.put(
                    &*history,
                    CheckState::Unknown,
                    format!("{}; without a manifest it cannot be told whether all of it was made again", fits(&chain)),
                );
            }
        } else {
            self.put(&*history, CheckState::Unknown, unfinished(&chain));
            if is_absent {
                self.put(&*name, CheckState::Unknown, "there is none: it is made when a drill has ended");
            }
        }
        self.chain = Some(chain);
    }

    /// What was taken back of a drill after its manifest was made, by its own seals.
    fn after_it(&mut self, folder: &Path) {
        let undo = RunFile::Undo.name();
        let place = RunFile::Undo.within(folder);
        match listing::entry(folder, &undo) {
            None => {}
            Some(ListedKind::Folder) => match self::folder(&place) {
                Ok(within) => {
                    self.put(
                        format!("{undo}/"),
                        CheckState::Unsigned,
                        "what was taken back later; this folder's manifest does not list it",
                    );
                    let named = within.checks.into_iter().map(|check| Check { what: format!("{undo}/{}", check.what), ..check });
                    self.checks.extend(named);
                }
                Err(_) => self.put(format!("{undo}/"), CheckState::Changed, "added: it is no folder of what was taken back"),
            },
            Some(other) => self.put(undo, CheckState::Changed, format!("added: it is {}", other.words())),
        }
    }
}

/// Whether this is the name of a folder's own history.
fn is_history(name: &str) -> bool {
    RunFile::of_name(name).is_some_and(RunFile::is_history)
}

/// What a manifest says of a history.
fn recorded(chain: &Chain) -> HistoryFacts {
    HistoryFacts { lines: chain.lines, head: chain.head.clone(), complete: chain.is_complete() }
}

/// How a listed file is.
fn state_of(folder: &Path, listed: &ListedFile) -> (CheckState, String) {
    let changed = |detail: String| match listed.role {
        FileRole::People => (CheckState::Edited, format!("{detail}; people write in it")),
        FileRole::Record | FileRole::Derived => (CheckState::Changed, detail),
    };
    match listing::entry(folder, &listed.name) {
        None => (CheckState::Missing, "it is not there".to_owned()),
        // Its size alone tells that it is another; a hostile one could be read for days.
        Some(ListedKind::File(bytes)) if bytes != listed.bytes => {
            changed(format!("it has {} instead of {}", counted(bytes, "byte"), counted(listed.bytes, "byte")))
        }
        Some(ListedKind::File(_)) => match listing::hash_of(&folder.join(&listed.name)) {
            Ok((sha256, _)) if sha256 == listed.sha256 => {
                (CheckState::Intact, format!("{}, sha256 {sha256}", counted(listed.bytes, "byte")))
            }
            Ok(_) => changed("its bytes are others".to_owned()),
            Err(error) => (CheckState::Unknown, format!("it cannot be read: {error}")),
        },
        Some(other) => (CheckState::Changed, format!("it is {} instead of a file", other.words())),
    }
}

/// Where a history does not fit its seals, and what explains it.
fn told(each: &ChainBreak) -> String {
    let ChainBreak { first, seal, cause } = *each;
    let place = match first.saturating_sub(1) {
        0 => format!("between its start and the seal on line {seal}"),
        before => format!("between the seal on line {before} and that on line {seal}"),
    };
    match cause {
        BreakCause::Changed => format!("{place}: a line was changed, or cut out"),
        BreakCause::Added(line) => format!("{place}: line {line} was put in; without it all is as it was"),
        BreakCause::Swapped(one, two) => format!("{place}: lines {one} and {two} were reordered; the other way round all is as it was"),
        BreakCause::Reordered(line) => {
            format!("{place}: lines were reordered or put in; line {line} tells of an earlier moment than the one above it")
        }
        BreakCause::Seal => format!("the seal on line {seal} was changed; the lines are as they were"),
        BreakCause::LostSeal(line) => format!("{place}: line {line} was a seal, and can no longer be read as one"),
        BreakCause::SealCut(line) => format!("{place}: the seal that stood before line {line} was cut out; the lines are as they were"),
        BreakCause::Moment => format!("the seal on line {seal} was changed: its moment is not that of the line before it"),
    }
}

/// What the length of a history that is another than the manifest's says.
fn length_told(chain: &Chain, facts: &HistoryFacts, fits: bool) -> String {
    let torn = chain.tail.torn > 0;
    let (now, then) = (chain.lines, facts.lines);
    if let (Some(line), true) = (chain.sought, fits) {
        let torn = if torn { ", the last of them torn" } else { "" };
        let more = counted((now - line).max(1), "line");
        return format!("{more} added after its end, which was line {line}{torn}");
    }
    if now < then {
        let cut = counted(then - now, "line");
        let middle = if torn { ", in the middle of one" } else { "" };
        return match fits {
            true => format!("cut at its end: {cut} fewer{middle}; it had {}", grouped(then)),
            false => format!("{cut} fewer than the manifest has{middle}"),
        };
    }
    if now > then {
        return format!("{} more than the manifest has", counted(now - then, "line"));
    }
    match (fits, torn) {
        (true, true) => "cut in the middle of its last line".to_owned(),
        (true, false) => "made again: its seals fit, and its end is not the one that the manifest has".to_owned(),
        (false, _) => format!("it has {}, as many as the manifest has, and is not the file that it lists", counted(now, "line")),
    }
}

fn fits(chain: &Chain) -> String {
    format!("{}, {}, all of which fit", counted(chain.lines, "line"), counted(chain.seals, "seal"))
}

/// What can be told of a history that nobody has ended and no manifest lists.
fn unfinished(chain: &Chain) -> String {
    let mut text = match chain.breaks.is_empty() {
        true => fits(chain),
        false => counted(chain.lines, "line"),
    };
    match (chain.tail.lines, chain.tail.torn) {
        (0, 0) => {}
        (lines, 0) => text += &format!("; the last {} under no seal", counted(lines, "line")),
        (0, torn) => text += &format!("; its last line is torn after {}", counted(torn, "byte")),
        (lines, torn) => {
            text += &format!("; the last {} under no seal, and then one torn after {}", counted(lines, "line"), counted(torn, "byte"));
        }
    }
    if let Some(line) = chain.tail.backwards {
        text += &format!("; line {line} tells of an earlier moment than the one above it");
    }
    text + "; it was not written to its end: the drill was killed, or its end was cut off, which without a manifest nobody can tell apart"
}

fn version(format: &str) -> Option<(u32, u32)> {
    let (major, minor) = format.split_once('.').unwrap_or((format, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

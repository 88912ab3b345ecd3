//! The files of a run's folder, each with what it is to others: whoever copies, bundles, signs or cleans a folder asks here.

use crate::model::HistoryForm;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// What a file of a run's folder is to whoever copies or cleans the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileNature {
    /// What happened, and what was judged of it: it is kept, and may be given to others.
    Evidence,
    /// It holds a key, or what names keys: it never leaves the host.
    Secret,
    /// It is of use only while the run is not over.
    Scratch,
}

/// A file that a drill or an execution writes into its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunFile {
    /// What happened, a line an event.
    History,
    /// The same lines, compressed; of the two a run has one.
    CompressedHistory,
    /// The verdict on it.
    Verdict,
    /// The report of it, as Markdown.
    Report,
    /// The same as a page.
    Page,
    /// The picture in it.
    Picture,
    /// What is to be looked into, which people complete.
    Findings,
    /// What people said after a runbook was walked.
    Review,
    /// The draft that is made of it.
    ReviewDraft,
    /// What it changes of the runbook, as a patch.
    RunbookPatch,
    /// What every file of the folder was when the drill was over, by its hash.
    Manifest,
    /// The folder of the files that the drill was planned from, as they were, without secrets.
    Inputs,
    /// The signed statement of how the drill ended.
    TestResult,
    /// The signed statement of what it measured.
    Measurement,
    /// A witness's statement of when the history began: a time stamp of its first line.
    PlanStamp,
    /// The same of the whole history: a time stamp of its last seal.
    HeadStamp,
    /// What several drills of one scenario were planned to be, and what may be said of them; their folders are beside it.
    Repeats,
    /// The certificate of the authority that the fault proxies were signed by.
    Authority,
    /// What the system under test printed, without secrets.
    SystemLog,
    /// What the generator of the workload with this place printed, without secrets.
    TrafficLog(usize),
    /// The folder of what was taken back of a drill that was killed, with a history of its own.
    Undo,
    /// The texts of the files that an execution's runbook was read from, so that a later change can be shown.
    RunbookTexts,
    /// That somebody else wants to go on with an execution that still runs.
    TakeOver,
    /// By which the history of an execution that may go on names keys.
    Salt,
    /// What another process must know to take back what a drill did. No secret.
    UndoNotes,
    /// What a drill has at a standing proxy while it runs. No secret.
    Standing,
    /// Where an execution that runs is reached by others on its host.
    Listening,
    /// The old value that the step with this place, from 0, switched.
    OldValue(usize),
    /// The old text of the file that the step with this place, from 0, wrote into.
    OldText(usize),
    /// What the store with this number, from 1, held before a drill wrote into it.
    OldStoreValue(usize),
}

/// Those whose names are fixed.
const FIXED: [RunFile; 27] = [
    RunFile::Manifest,
    RunFile::Inputs,
    RunFile::TestResult,
    RunFile::Measurement,
    RunFile::PlanStamp,
    RunFile::HeadStamp,
    RunFile::Standing,
    RunFile::Listening,
    RunFile::Authority,
    RunFile::History,
    RunFile::CompressedHistory,
    RunFile::Verdict,
    RunFile::Report,
    RunFile::Page,
    RunFile::Picture,
    RunFile::Findings,
    RunFile::Review,
    RunFile::ReviewDraft,
    RunFile::RunbookPatch,
    RunFile::Repeats,
    RunFile::SystemLog,
    RunFile::TrafficLog(0),
    RunFile::Undo,
    RunFile::RunbookTexts,
    RunFile::TakeOver,
    RunFile::Salt,
    RunFile::UndoNotes,
];

impl RunFile {
    /// The history, as it is kept in this form.
    pub const fn of_history(form: HistoryForm) -> Self {
        match form {
            HistoryForm::Plain => Self::History,
            HistoryForm::Compressed => Self::CompressedHistory,
        }
    }

    /// Whether it is the history, in either form.
    pub const fn is_history(self) -> bool {
        matches!(self, Self::History | Self::CompressedHistory)
    }

    /// Its name within the folder.
    pub fn name(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::TestResult => "test-result.sigstore.json",
            Self::Measurement => "measurement.sigstore.json",
            Self::PlanStamp => "plan.tsr",
            Self::HeadStamp => "head.tsr",
            Self::History => HistoryForm::Plain.file(),
            Self::CompressedHistory => HistoryForm::Compressed.file(),
            Self::Verdict => "verdict.json",
            Self::Report => "report.md",
            Self::Page => "report.html",
            Self::Picture => "report.svg",
            Self::Findings => "findings.yaml",
            Self::Review => "review.yaml",
            Self::ReviewDraft => "review.md",
            Self::RunbookPatch => "runbook.patch",
            Self::Repeats => "repeats.json",
            Self::Authority => "authority.pem",
            Self::SystemLog => "system.log",
            Self::TrafficLog(0) => "k6.log",
            Self::Undo => "undo",
            Self::RunbookTexts => "runbook.json",
            Self::TakeOver => "take-over.json",
            Self::Salt => "salt",
            Self::UndoNotes => "undo.json",
            Self::Standing => "standing.json",
            Self::Listening => "listening.json",
            Self::Manifest => "manifest.json",
            Self::Inputs => "inputs",
            Self::TrafficLog(workload) => return Cow::Owned(format!("k6-{workload}.log")),
            Self::OldValue(step) => return Cow::Owned(format!("before-step-{}", step + 1)),
            Self::OldText(step) => return Cow::Owned(format!("before-text-{}", step + 1)),
            Self::OldStoreValue(number) => return Cow::Owned(format!("before-store-{number}.json")),
        })
    }

    /// The file with this name; `None` for one that no run writes.
    pub fn of_name(name: &str) -> Option<Self> {
        let number = |prefix: &str, suffix: &str| name.strip_prefix(prefix)?.strip_suffix(suffix)?.parse::<usize>().ok();
        let numbered = || {
            let value = number("before-step-", "").and_then(|step| step.checked_sub(1)).map(Self::OldValue);
            let value = value.or_else(|| number("before-text-", "").and_then(|step| step.checked_sub(1)).map(Self::OldText));
            let store = || number("before-store-", ".json").map(Self::OldStoreValue);
            value.or_else(store).or_else(|| number("k6-", ".log").map(Self::TrafficLog))
        };
        FIXED.into_iter().find(|file| file.name() == name).or_else(numbered).filter(|file| file.name() == name)
    }

    /// What it is to others.
    pub const fn nature(self) -> FileNature {
        match self {
            Self::History
            | Self::CompressedHistory
            | Self::Manifest
            | Self::Inputs
            | Self::TestResult
            | Self::Measurement
            | Self::PlanStamp
            | Self::HeadStamp
            | Self::Verdict
            | Self::Report
            | Self::Page
            | Self::Picture
            | Self::Findings
            | Self::Review
            | Self::ReviewDraft
            | Self::RunbookPatch
            | Self::Repeats
            | Self::Authority
            | Self::SystemLog
            | Self::TrafficLog(_)
            | Self::Undo
            | Self::RunbookTexts => FileNature::Evidence,
            Self::Salt | Self::OldValue(_) | Self::OldText(_) | Self::OldStoreValue(_) => FileNature::Secret,
            Self::UndoNotes | Self::TakeOver | Self::Standing | Self::Listening => FileNature::Scratch,
        }
    }

    /// Where it is in a folder.
    pub fn within(self, folder: &Path) -> PathBuf {
        folder.join(&*self.name())
    }
}

/// The files of a run in a folder, in the order of their names. What somebody else put there is not among them, nor is what was begun and never
/// got its name: a folder that is given to others is made of what this lists, and of nothing else.
pub fn files_of(folder: &Path) -> Vec<RunFile> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<RunFile> = entries.filter_map(|entry| RunFile::of_name(entry.file_name().to_str()?)).collect();
    files.sort_by_key(|file| file.name());
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_known_by_its_name_and_nothing_else_is() {
        let numbered =
            [RunFile::TrafficLog(2), RunFile::OldValue(0), RunFile::OldValue(11), RunFile::OldText(3), RunFile::OldStoreValue(1)];
        for file in FIXED.into_iter().chain(numbered) {
            assert_eq!(RunFile::of_name(&file.name()), Some(file));
        }
        assert_eq!((RunFile::OldValue(0).name(), RunFile::OldStoreValue(1).name()), ("before-step-1".into(), "before-store-1.json".into()));
        for name in [
            "",
            "history.json",
            "history.zst",
            "before-step-0",
            "before-step-01",
            "before-store-1",
            "k6-.log",
            "k6-0.log",
            ".salt.00",
            "notes.txt",
        ] {
            assert_eq!(RunFile::of_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_folder_lists_what_may_be_given_to_others_apart_from_what_holds_keys() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["history.jsonl", "report.md", "before-step-2", "before-store-1.json", "salt", "undo.json", "notes.txt", ".report.md.0a"]
        {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let of = |nature: FileNature| files_of(folder.path()).into_iter().filter(|file| file.nature() == nature).collect::<Vec<_>>();
        assert_eq!(of(FileNature::Evidence), [RunFile::History, RunFile::Report]);
        assert_eq!(of(FileNature::Secret), [RunFile::OldValue(1), RunFile::OldStoreValue(1), RunFile::Salt]);
        assert_eq!(of(FileNature::Scratch), [RunFile::UndoNotes]);
    }
}

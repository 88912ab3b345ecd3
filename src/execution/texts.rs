//! The texts of a runbook's files, kept beside the history, so that it can be shown what somebody has changed since.

use crate::host::private;
use crate::model::{ExecutionPlan, SourceFile};
use crate::project::Project;
use crate::run_folder::RunFile;
use similar::TextDiff;
use std::collections::BTreeMap;
use std::path::Path;

/// What a project says by now, where that is not what was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunbookChange {
    /// What has changed, with its verb.
    pub what: String,
    /// The difference of the runbook's texts, unified; empty where the earlier text was not kept, or something else has changed.
    pub difference: String,
}

/// Keeps the texts of a runbook's files, so that a later change of them can be shown. A file that is another already is left out.
pub(super) fn keep_texts(sources: &[SourceFile], root: &Path, folder: &Path) -> std::io::Result<()> {
    let kept: BTreeMap<&str, String> = sources
        .iter()
        .filter_map(|source| {
            let (text, named) = Project::text(root, &source.path)?;
            (named == *source).then_some((source.path.as_str(), text))
        })
        .collect();
    private::write(&RunFile::RunbookTexts.within(folder), &serde_json::to_vec_pretty(&kept)?)
}

/// What has changed in them since, unified; empty where the earlier texts were not kept.
pub(super) fn difference(plan: &ExecutionPlan, root: &Path, folder: &Path) -> String {
    let bytes = private::read_own(&RunFile::RunbookTexts.within(folder)).unwrap_or_default();
    let kept: BTreeMap<String, String> = serde_json::from_slice(&bytes).unwrap_or_default();
    let of = |source: &SourceFile| {
        let earlier = kept.get(&source.path)?;
        let (now, named) = Project::text(root, &source.path).map_or_else(Default::default, |(text, named)| (text, Some(named)));
        if named.as_ref() == Some(source) {
            return None;
        }
        let difference = TextDiff::from_lines(earlier, &now);
        let (before, after) = (format!("{} (as it was started)", source.path), format!("{} (now)", source.path));
        Some(difference.unified_diff().context_radius(3).header(&before, &after).to_string())
    };
    plan.sources.iter().filter_map(of).collect()
}

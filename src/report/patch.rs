//! What changes in files, as `patch` and `git apply` take it.

use similar::TextDiff;

/// A unified difference between two texts of a file, which is named from the folder that the patch is applied in; empty where they are the same.
pub fn patch(path: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let difference = TextDiff::from_lines(before, after);
    difference.unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")).to_string()
}

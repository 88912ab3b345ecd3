//! What is recorded of the drills that have walked a runbook before it is walked for real.

/// A drill that walked the runbook which is walked now, in this version or an older one; or that none did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunbookDrilled {
    /// SHA-256 of the runbook's steps as they are recorded, in hexadecimal: what makes a version.
    pub steps: String,
    /// The name of the drill's folder; `None` where no drill has walked this runbook in any version.
    pub drill: Option<String>,
    /// When it began, RFC 3339.
    pub started: Option<String>,
    /// Its verdict, in a word.
    pub verdict: Option<String>,
    /// Nanoseconds from the fault to the cutover: the last moment before it.
    pub cutover_lo: Option<i64>,
    /// The same: the first moment after it; `None` where it was not seen.
    pub cutover_hi: Option<i64>,
    /// True where it walked these very steps.
    pub same: bool,
    /// How many more drills walked these steps, older than those that are told.
    pub more: u64,
}

//! Exit codes, and which error has which.

use crate::execution::ExecutionError;
use crate::exercise::{ExerciseError, JudgeError};
use crate::scheduler::LateProblem;
use crate::units::printable;
use crate::verdict::Decision;

/// Shown under every help.
pub(super) const TABLE: &str = "Exit codes: 0 every objective met · 1 an objective missed · 2 usage, or a file that does not validate · \
3 inconclusive or void · 4 stopped for safety, or health after it not proven · 70 a fault of Lifeboat's own. Of several drills the worst counts: 70, then 4, 2, 1, 3, 0.";

/// How a command ended. Where several drills were run, the worst counts, which is the last in the order here: the table in `--help` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Every objective was met, or there was nothing to judge.
    Met,
    /// Inconclusive or void, or the drill could not begin.
    Inconclusive,
    /// An objective was missed.
    Missed,
    /// Usage, or a file that does not validate.
    Usage,
    /// Stopped for safety: a guard, a person, a history that could not be written. Or it is not proven that everything is well again.
    Safety,
    /// A fault of Lifeboat's own.
    Own,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Met => 0,
            Self::Missed => 1,
            Self::Usage => 2,
            Self::Inconclusive => 3,
            Self::Safety => 4,
            Self::Own => 70,
        }
    }

    pub(super) fn of(error: &anyhow::Error) -> Self {
        if let Some(error) = error.downcast_ref::<ExecutionError>() {
            return if matches!(error, ExecutionError::Thread(_)) { Self::Own } else { Self::Usage };
        }
        match error.downcast_ref::<ExerciseError>() {
            Some(ExerciseError::Judge(_) | ExerciseError::Thread(_)) => Self::Own,
            Some(ExerciseError::Write { .. } | ExerciseError::Journal { .. } | ExerciseError::NotPermitted(_)) => Self::Safety,
            Some(ExerciseError::Stopped(_) | ExerciseError::Locked(_)) => Self::Safety,
            Some(ExerciseError::Folder { .. } | ExerciseError::Taken { .. } | ExerciseError::Evidence(_)) => Self::Usage,
            None if error.is::<crate::execution::DoorbellError>() => Self::Usage,
            None if error.is::<JudgeError>() || error.is::<crate::project::ProjectError>() => Self::Usage,
            None if error.is::<crate::exercise::ReviewProblem>() || error.is::<crate::exercise::ProofFileError>() => Self::Usage,
            None if error.is::<crate::store::StoreError>() || error.is::<crate::store::AssignError>() => Self::Usage,
            None if error.is::<crate::evidence::VerifyError>() => Self::Usage,
            None if error.is::<crate::permission::trust::TrustError>() => Self::Usage,
            None if error.is::<crate::serve::ServeError>() || error.is::<crate::serve::TokenError>() => Self::Usage,
            None if error.is::<crate::permission::NotPermitted>() => Self::Safety,
            None if matches!(error.downcast_ref(), Some(LateProblem::Unknown { .. } | LateProblem::NotAsked { .. })) => Self::Usage,
            None if error.is::<crate::lab::LabError>() => Self::Inconclusive,
            None if error.is::<crate::permission::LeverError>() => Self::Inconclusive,
            None => Self::Own,
        }
    }
}

impl From<Decision> for Exit {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Met => Self::Met,
            Decision::Missed => Self::Missed,
            Decision::Inconclusive | Decision::Void => Self::Inconclusive,
            Decision::InvalidPlan => Self::Usage,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A panic anywhere is a fault of Lifeboat's own: it is said so, and the process ends, which ends every embedded fault with it; those on
/// standing proxies end with their leases.
pub(super) fn own_faults_exit_with_70() {
    std::panic::set_hook(Box::new(|panic| {
        // Its words may hold what somebody else chose.
        let words = format!("{panic}\n{}", std::backtrace::Backtrace::capture());
        let text = format!("error: this is a bug in Lifeboat; please report it with what follows\n{}\n", printable(&words));
        crate::console::last_words(text.as_bytes());
        std::process::exit(i32::from(Exit::Own.code()));
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_says_which_exit_code_of_several_drills_counts() {
        let mut all = [Exit::Met, Exit::Inconclusive, Exit::Missed, Exit::Usage, Exit::Safety, Exit::Own];
        all.sort_by(|left, right| right.cmp(left));
        let codes: Vec<String> = all.iter().map(|exit| exit.code().to_string()).collect();
        let said = TABLE.split_once("the worst counts: ").unwrap().1.trim_end_matches('.').replace("then ", "");
        assert_eq!(said, codes.join(", "));
    }
}

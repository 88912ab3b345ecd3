//! What permits a drill to begin: its environment's hours and freezes, and the approvals that a protected environment demands. Whoever runs drills
//! asks here, with a terminal or without one; [`run`](super::run) asks by itself before each drill, so that nobody can leave it out.

use super::orders::PlannedDrill;
use super::plan_hash::plan_hash;
use crate::permission::{Approval, ApprovalProblem, ApprovalSubject, NotPermitted, Timetable, approval, named_files, takes};
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};

/// What is to be approved of a drill.
///
/// # Errors
/// Where a file that its plan names cannot be read.
pub fn approval_subject(planned: &PlannedDrill) -> Result<ApprovalSubject<'_>, ApprovalProblem> {
    let plan = &planned.plan;
    let files = named_files(plan, &planned.root, planned.files.iter().map(|read| &read.file));
    let files = files.map_err(|problem| ApprovalProblem::Unhashed { why: crate::units::with_causes(&problem) })?;
    Ok(ApprovalSubject {
        environment_name: &plan.environment_name,
        environment: &plan.environment,
        scenario: &plan.scenario.name,
        plan: plan_hash(plan),
        files,
        root: &planned.root,
    })
}

/// Whether a drill may begin at a moment, as far as hours and freezes go: all of it must fit.
///
/// # Errors
/// What stands in its way, and when it fits next.
pub async fn time_permits(planned: &PlannedDrill, now: DateTime<Utc>) -> Result<(), NotPermitted> {
    Timetable::of(&planned.plan, &planned.root).await?.permits(now, takes(&planned.plan))
}

/// Whether it may begin at a moment, its approvals included.
///
/// # Errors
/// Why not.
pub async fn permits(planned: &PlannedDrill, now: DateTime<Utc>) -> Result<(), NotPermitted> {
    time_permits(planned, now).await?;
    if approval::needed(&planned.plan.environment).is_some() {
        approval::are_enough(&approval_subject(planned)?, &planned.approvals, now)?;
    }
    Ok(())
}

/// The files of a folder that approve a drill as it stands now, and why the last of the others does not. None where nobody need approve it.
pub fn approvals_in(folder: &Path, drill: &PlannedDrill, now: DateTime<Utc>) -> (Vec<PathBuf>, Option<ApprovalProblem>) {
    if approval::needed(&drill.plan.environment).is_none() {
        return (Vec::new(), None);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    let (mut good, mut problem) = (Vec::new(), None);
    for file in files {
        match take_approvals(&mut [drill.clone()], &[&file], now) {
            Ok(()) => good.push(file),
            Err(error) => problem = Some(error),
        }
    }
    (good, problem)
}

/// Takes the approvals of files into the drills that they approve. One file may approve one of several drills.
///
/// # Errors
/// The first file that approves none of those that need it, and why.
pub fn take_approvals(drills: &mut [PlannedDrill], files: &[impl AsRef<Path>], now: DateTime<Utc>) -> Result<(), ApprovalProblem> {
    let mut taken: Vec<Vec<Approval>> = vec![Vec::new(); drills.len()];
    {
        let is_protected = |drill: &&PlannedDrill| approval::needed(&drill.plan.environment).is_some();
        let places: Vec<usize> = (0..drills.len()).filter(|place| is_protected(&&drills[*place])).collect();
        let subjects = places.iter().map(|place| approval_subject(&drills[*place])).collect::<Result<Vec<_>, _>>()?;
        for file in files {
            let mut problem = None;
            let mut counts = false;
            for (place, subject) in places.iter().zip(&subjects) {
                match approval::read(file.as_ref(), subject, now) {
                    Ok(approval) => {
                        taken[*place].push(approval);
                        counts = true;
                    }
                    Err(error) => problem = problem.or(Some(error)),
                }
            }
            if let Some(problem) = problem.filter(|_| !counts) {
                return Err(problem);
            }
        }
    }
    for (drill, approvals) in drills.iter_mut().zip(taken) {
        drill.approvals.extend(approvals);
    }
    Ok(())
}

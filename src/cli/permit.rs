//! What must permit drills before the first of them begins, asked and told on the terminal: hours, freezes, and approvals. `--yes` answers none of it.

use super::terminal::note;
use super::{Exit, say};
use crate::exercise::{PlannedDrill, approval_subject, permits, take_approvals, time_permits};
use crate::history::ApprovalWay;
use crate::host;
use crate::permission::{Approval, ApprovalProblem, ApprovalSubject, NotPermitted, approval};
use crate::units::{Explained, explained};
use chrono::Utc;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

/// How it ends where something does not permit one of the drills, which was said; `None` where all may begin. The approvals are taken into them.
pub(super) fn refused(drills: &mut [PlannedDrill], files: &[PathBuf]) -> anyhow::Result<Option<Exit>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for drill in drills.iter() {
        if let Err(refused) = runtime.block_on(time_permits(drill, Utc::now())) {
            return Ok(Some(told(&refused)));
        }
    }
    let protected = |drill: &PlannedDrill| approval::needed(&drill.plan.environment).is_some();
    if !files.is_empty() && !drills.iter().any(protected) {
        note("no environment of these drills is protected, so that no approval is needed");
    }
    if let Err(problem) = take_approvals(drills, files, Utc::now()) {
        return Ok(Some(told(&problem)));
    }
    for drill in drills.iter_mut().filter(|drill| protected(drill)) {
        if let Err(problem) = completed(drill) {
            return Ok(Some(told(&problem)));
        }
        for approval in &drill.approvals {
            note(&format!("{}: approved by {}", drill.plan.scenario.name, approval.record.told()));
        }
    }
    // Whatever was typed took time.
    for drill in drills.iter() {
        if let Err(refused) = runtime.block_on(permits(drill, Utc::now())) {
            return Ok(Some(told(&refused)));
        }
    }
    Ok(None)
}

fn told(refused: &impl Explained) -> Exit {
    say(&format!("error: {}", explained(refused)));
    Exit::Safety
}

/// Has typed at the terminal what files leave open.
fn completed(drill: &mut PlannedDrill) -> Result<(), NotPermitted> {
    loop {
        let subject = approval_subject(drill)?;
        let missing = match approval::are_enough(&subject, &drill.approvals, Utc::now()) {
            Ok(()) => return Ok(()),
            Err(missing @ ApprovalProblem::Missing { .. }) if std::io::stdin().is_terminal() => missing,
            Err(problem) => return Err(problem.into()),
        };
        let ApprovalProblem::Missing { needed, given, .. } = &missing else { return Err(missing.into()) };
        // Who has a key signs with it: others alone are asked here.
        let can_type = typists(&subject, &drill.approvals);
        let is_open = approval::needed(subject.environment).is_some_and(|needed| needed.of.is_empty());
        if !is_open && can_type.len() < needed - given {
            return Err(missing.into());
        }
        let Some(approval) = asked(&subject, &can_type)? else { return Err(missing.into()) };
        drill.approvals.push(approval);
    }
}

/// Approvers who approve at the terminal, and have not.
fn typists(subject: &ApprovalSubject<'_>, given: &[Approval]) -> Vec<String> {
    let of = approval::needed(subject.environment).map(|needed| needed.of).unwrap_or_default();
    let typists = of.into_iter().filter(|(_, how)| *how == ApprovalWay::Typed).map(|(who, _)| who);
    typists.filter(|who| !given.iter().any(|approval| approval.record.who == *who)).collect()
}

/// Somebody's approval, typed; `None` where nobody answers.
fn asked(subject: &ApprovalSubject<'_>, who_may: &[String]) -> Result<Option<Approval>, ApprovalProblem> {
    let name = subject.environment_name;
    say(&format!("the environment `{name}` is protected, and `{}` needs an approval (plan {})", subject.scenario, &subject.plan[..16]));
    let who = match who_may {
        [] => host::user(),
        names => {
            say(&format!("Who approves? [{}]", names.join("/")));
            let Some(who) = line() else { return Ok(None) };
            match names.iter().find(|name| **name == who) {
                Some(name) => name.clone(),
                None => {
                    let has_key =
                        approval::needed(subject.environment).is_some_and(|needed| needed.of.iter().any(|(name, _)| *name == who));
                    let (file, of, environment) = ("the approval".to_owned(), names.to_vec(), name.to_owned());
                    return Err(if has_key {
                        ApprovalProblem::SignsOnly { who }
                    } else {
                        ApprovalProblem::UnknownApprover { file, who, environment, of }
                    });
                }
            }
        }
    };
    say(&format!("To approve it, type the environment's name in full. [{name}]"));
    let Some(words) = line() else { return Ok(None) };
    approval::typed(subject, &who, &words).map(Some)
}

fn line() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    matches!(read, Ok(1..)).then(|| line.trim().to_owned())
}

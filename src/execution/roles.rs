//! Who has which role: contacts, as the runbook says, and whoever is named when it starts.

use crate::history::{Event, RoleTaken, Stamped};
use crate::journal::Recorder;
use crate::model::{RoleHolder, Runbook};
use crate::step::{Attendance, Context, Question, Reply, put_aside};

/// What stands for a role until somebody is named.
pub(super) const NOT_NAMED: &str = "nobody yet";

/// Who has a role as far as the runbook and the history say.
pub(super) fn holder<'a>(role: &str, declared: &'a RoleHolder, past: &'a [Stamped]) -> Option<&'a str> {
    let named = past.iter().rev().find_map(|stamped| match &stamped.event {
        Event::RoleTaken(taken) if taken.role == role => Some(taken.holder.as_str()),
        _ => None,
    });
    match declared {
        RoleHolder::Contact(name) => Some(name),
        RoleHolder::Asked => named,
    }
}

/// Asks who has each role that is open, and gives its variable the name. Returns the role that nobody was named for, where that is so.
pub(super) async fn fill(runbook: &Runbook, past: &[Stamped], context: &mut Context, recorder: &Recorder) -> Option<String> {
    for (role, declared) in &runbook.roles {
        if holder(role, declared, past).is_some() {
            continue;
        }
        if matches!(context.attendance, Attendance::Unattended) {
            return Some(role.clone());
        }
        let reply = Reply::Text { pattern: None, default: None };
        let question = Question { reply, ..Question::of_words(format!("Who is {role}?"), &[]) };
        let Some(answer) = put_aside(question, &context.attendance, context.board.as_ref()).await else { return Some(role.clone()) };
        let holder = context.presentable(answer.word());
        context.variables.set(format!("role.{role}"), holder.as_str());
        let taken = RoleTaken { role: role.clone(), holder, speaker: answer.speaker };
        recorder.record_durably(Event::RoleTaken(taken)).await.ok()?;
    }
    None
}

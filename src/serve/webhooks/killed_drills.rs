//! Drills of which nobody told how they ended, because the process that ran them was killed: told by whoever comes after.

use crate::model::NoticeKind;
use crate::schedule::{CutoverBounds, Notice, NoticeSubject};
use crate::scheduler::occasion_of;
use crate::store::{DrillEntry, DrillState, DrillStore, StoreError};
use chrono::{DateTime, TimeDelta, Utc};

/// So long whoever ran a drill has to tell how it ended.
const ITS_OWN: TimeDelta = TimeDelta::minutes(2);

/// The notices that are wanting at a moment.
pub(super) async fn notices(store: &DrillStore, now: DateTime<Utc>) -> Result<Vec<Notice>, StoreError> {
    let mut found = Vec::new();
    for id in store.drills_without_end().await? {
        let Some(entry) = store.drill(&id).await? else { continue };
        let is_left = match entry.state {
            DrillState::Running => false,
            DrillState::Interrupted => true,
            DrillState::Over => entry.ended.is_none_or(|ended| now - ended > ITS_OWN),
        };
        if is_left {
            let mut notice = notice(&entry, now);
            if let Some((schedule, due)) = occasion_of(store, &id).await {
                (notice.about.schedule, notice.about.due) = (Some(schedule), Some(due));
            }
            found.push(notice);
        }
    }
    Ok(found)
}

fn notice(entry: &DrillEntry, now: DateTime<Utc>) -> Notice {
    let about = NoticeSubject {
        drill: Some(entry.id.clone()),
        service: Some(entry.service.clone()),
        scenario: Some(entry.scenario.clone()),
        environment: Some(entry.environment.clone()),
        verdict: entry.verdict.map(|verdict| verdict.to_string()),
        cutover: entry.cutover.map(|cutover| CutoverBounds::of_nanos(cutover.lo, cutover.hi)),
        objective_ms: entry.objective.and_then(|objective| i64::try_from(objective.std().as_millis()).ok()),
        reason: (entry.state == DrillState::Interrupted).then(|| "interrupted".to_owned()),
        ..NoticeSubject::default()
    };
    let name = format!("{} on {}", entry.scenario, entry.environment);
    let told = match entry.state {
        DrillState::Interrupted => {
            format!("{name} was interrupted: the process that ran it was killed. `lifeboat heal` takes back what it left.")
        }
        _ => format!("{name}: {}.", entry.outcome()),
    };
    Notice::of_drill(NoticeKind::Verdict, about, "", told, entry.ended.unwrap_or(now))
}

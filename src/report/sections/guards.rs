//! The guards of a drill: when each would have stopped it, what those heard that ask others, and what the one that tripped saw.
//!
//! What this file does not do: say that the drill was stopped (`words/stopped`).

use crate::history::{Event, GuardEvidence, GuardSays, GuardSeen};
use crate::report::digest::Digest;
use crate::report::model::{Grade, Quantity, ReportStatus, ReportTable, Section, SectionKind, TableCell, TableRow, Text};

/// The section; nothing where the scenario has no guard.
pub(in crate::report) fn section(digest: &Digest) -> Option<Section> {
    let guards = &digest.started.as_ref()?.plan.scenario.abort_when;
    if guards.is_empty() {
        return None;
    }
    let rows = guards.iter().zip(0_u32..).map(|(guard, place)| {
        let tripped = tripped(digest, place, guards.len() == 1);
        let (word, grade) = if tripped.is_some() { ("stopped the drill", Grade::Bad) } else { ("held", Grade::Good) };
        let heard = heard(digest, place);
        let told = tripped.and_then(|(_, evidence)| evidence).map(|evidence| seen(digest, evidence)).or(heard).unwrap_or_default();
        let at = tripped.map(|(at, evidence)| since(digest, evidence.map_or(at, |evidence| evidence.at)));
        let when = at.map_or(TableCell::BLANK, |at| TableCell::of(format!("{:.2} s", at as f64 / 1e9), Some(Quantity::Nanoseconds(at))));
        TableRow {
            key: None,
            status: Some(ReportStatus { word: word.to_owned(), grade }),
            cells: vec![Text::outside(guard.to_string()).into(), word.into(), when, told.into()],
        }
    });
    let table = ReportTable { columns: vec!["stops the drill when", "ended", "at", "seen"], rows: rows.collect() };
    Some(Section::new(SectionKind::Guards, "Guards").with(table))
}

/// When the guard at this place tripped, and what it saw. Of one alone older histories do not say which it was.
fn tripped(digest: &Digest, place: u32, is_only: bool) -> Option<(u64, Option<&GuardEvidence>)> {
    digest.notable.iter().find_map(|stamped| match &stamped.event {
        Event::GuardTripped(guarded) => match &guarded.evidence {
            Some(evidence) if evidence.place == Some(place) => Some((stamped.t, Some(evidence))),
            None if is_only && !guarded.guard.contains("the environment allows") => Some((stamped.t, None)),
            _ => None,
        },
        _ => None,
    })
}

/// Nanoseconds since the traffic began.
fn since(digest: &Digest, moment: u64) -> i64 {
    i64::try_from(moment).unwrap_or(i64::MAX).saturating_sub(i64::try_from(digest.zero()).unwrap_or(0))
}

/// What a guard that tripped saw.
fn seen(digest: &Digest, evidence: &GuardEvidence) -> Text {
    let lasted = evidence.at.saturating_sub(evidence.since) as f64 / 1e9;
    let from = since(digest, evidence.since) as f64 / 1e9;
    let text = Text::outside(&evidence.value).then(", held against ").then(Text::outside(&evidence.threshold)).then("; from ");
    text.then(Text::outside(&evidence.from)).then(format!("; so since {from:.2} s, for {lasted:.2} s"))
}

/// What a guard heard that asks others: how often it changed, and the last of it.
fn heard(digest: &Digest, place: u32) -> Option<Text> {
    let all: Vec<&GuardSeen> = digest
        .notable
        .iter()
        .filter_map(|stamped| if let Event::GuardSeen(seen) = &stamped.event { Some(seen) } else { None })
        .filter(|seen| seen.guard == place)
        .collect();
    let last = all.last()?;
    let from = digest.started.as_ref().and_then(|started| started.plan.scenario.abort_when.get(place as usize));
    let is_service = from.is_some_and(|guard| guard.service().is_some());
    let says = match last.says {
        _ if is_service => "",
        GuardSays::Go => "did not say stop",
        GuardSays::Stop => "said stop",
        GuardSays::Unknown => "could not be asked",
    };
    let changes = match all.len() {
        1 => "from the beginning".to_owned(),
        count => format!("after {} changes", count - 1),
    };
    let told = if is_service { String::new() } else { format!("{says}, {changes}: ") };
    Some(Text::own(told).then(Text::outside(&last.detail)))
}

//! What the verdict of a drill does not claim.

use super::subject::Subject;
use crate::history::{Event, Stamped};
use crate::report::digest::Digest;
use crate::report::model::{Block, Section, SectionKind, Text};
use crate::report::words::nature::nameless;
use crate::report::words::wording::{capital, seconds_up};
use crate::units::{counted, grouped};
use crate::verdict::Verdict;

/// The section.
pub(in crate::report) fn section(verdict: &Verdict, digest: &Digest, subjects: &[Subject<'_>]) -> Section {
    let mut points: Vec<Text> = resolution(subjects);
    let modelled = |stamped: &Stamped| if let Event::ReactionModelled(reaction) = &stamped.event { reaction.length } else { 0 };
    let modelled: u64 = digest.notable.iter().map(modelled).sum();
    if modelled > 0 {
        let length = modelled as f64 / 1e9;
        points.push(format!("No people took part: {length:.2} s of their reactions were modelled, and none was measured.").into());
    }
    if !verdict.evidence.attempts_seen && !nameless(verdict) {
        points.push("No proxy saw who served, so a cutover could not be told from a restore.".into());
    }
    let caveats = subjects.first().into_iter().flat_map(|subject| &subject.verdict.caveats);
    points.extend(caveats.map(|caveat| Text::outside(capital(&caveat.text)).then(".")));
    points.extend(subjects.iter().map(evidence));
    Section::new(SectionKind::Limits, "What this does not claim").with(Block::List(points))
}

/// Of whom a sentence tells, where there are several.
fn of(subject: &Subject<'_>) -> Text {
    subject.name().map(|name| Text::own(" of ").then(Text::outside(name))).unwrap_or_default()
}

/// How wide an interval can be, and that one drill is one sample.
fn resolution(subjects: &[Subject<'_>]) -> Vec<Text> {
    let mut widest = Text::default();
    for subject in subjects.iter().filter(|subject| subject.verdict.measures.is_some()) {
        let pause = if widest.is_empty() { "" } else { ", " };
        widest = widest.then(format!("{pause}{}", seconds_up(subject.verdict.resolution.0))).then(of(subject));
    }
    if widest.is_empty() {
        return Vec::new();
    }
    let interval = Text::own(
        "A time such as `2.86 to 3.04 s` is an interval: at its start service was proven bad, and at its end proven good. Requests were so far apart, and an answer may take so long, that such an interval can be ",
    );
    let interval = interval.then(widest).then(" wide; it is wider only where service came and went between two requests.");
    vec![interval, "One drill is one sample: an objective that was met once may be missed the next time.".into()]
}

/// How much was judged.
fn evidence(subject: &Subject<'_>) -> Text {
    let evidence = &subject.verdict.evidence;
    let rest = format!(
        " were judged, {} before the fault and {} during it. Requests of other kinds and sizes may do better or worse.",
        grouped(evidence.baseline),
        grouped(evidence.during_fault)
    );
    Text::own(counted(evidence.requests, "request")).then(of(subject)).then(rest)
}

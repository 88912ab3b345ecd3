//! That what a drill did was taken back: each heal as it was read back, that users were served well at the end, each step that was undone.
//!
//! What this file does not do: say when the service came back (`waterfall`, `objectives`).

use crate::history::{Event, HealthState, StepEnd};
use crate::report::digest::Digest;
use crate::report::model::{Block, Fact, Section, SectionKind, Text};
use crate::units::counted;

/// The section; nothing where nothing was broken.
pub(in crate::report) fn section(digest: &Digest) -> Option<Section> {
    let (mut faults, mut healed, mut expired) = (0_u64, 0_u64, 0_u64);
    let (mut undone, mut failed) = (0_u64, 0_u64);
    for stamped in &digest.notable {
        match &stamped.event {
            Event::FaultRequested(fault) if !digest.of_credential(fault.fault) && !fault.what.is_rotation() => faults += 1,
            Event::FaultHealed(fault) if !digest.of_credential(fault.fault) && !digest.rotates(fault.fault) => {
                healed += 1;
                expired += u64::from(fault.expired);
            }
            Event::StepUndone(step) if step.end == StepEnd::Done => undone += 1,
            Event::StepUndone(_) => failed += 1,
            _ => {}
        }
    }
    let mut facts: Vec<Fact> = Vec::new();
    if faults > 0 {
        let by_itself = if expired > 0 { format!("; {expired} of them by itself, when its lease ran out") } else { String::new() };
        let told = match faults.checked_sub(healed) {
            Some(0) | None if faults == 1 => format!("the fault; its proxy was read back, and it is gone{by_itself}"),
            Some(0) | None => format!("{}; their proxies were read back, and they are gone{by_itself}", counted(faults, "fault")),
            Some(left) => format!("{healed} of {}; nobody saw the end of {left}{by_itself}", counted(faults, "fault")),
        };
        facts.push(Fact::of("healed", told));
    }
    let health = digest.notable.iter().filter_map(|stamped| if let Event::Health(seen) = &stamped.event { Some(seen) } else { None });
    for seen in health {
        let label = if seen.state == HealthState::Proven { "well again" } else { "not known to be well" };
        facts.push(Fact::of(label, Text::outside(&seen.detail)));
    }
    if undone + failed > 0 {
        let told = if failed == 0 {
            counted(undone, "step")
        } else {
            format!("{undone} of {}; see the runbook", counted(undone + failed, "step"))
        };
        facts.push(Fact::of("undone", told));
    }
    (!facts.is_empty()).then(|| Section::new(SectionKind::Restoration, "What was taken back").with(Block::Facts(facts)))
}

//! Whether a walk can go on with a mended runbook: not where something would be forgotten that was done and can be taken back. Pure.

use super::walk_state::WalkState;
use crate::model::{Action, Runbook, Step};

/// Why a walk cannot go on with another runbook; `None` where it can.
pub fn cannot_mend(state: &WalkState, mended: &Runbook) -> Option<String> {
    let places = state.runbook().places_in(mended);
    let done = state.to_undo().into_iter().chain(state.left().iter().copied()).map(|place| (place, "was done and can be undone"));
    let unknown = state.unknown().into_iter().map(|place| (place, "was started, and it is not known how it ended"));
    done.chain(unknown).find_map(|(place, how)| {
        let step = state.runbook().steps.get(place)?;
        match places[place].map(|now| &mended.steps[now]) {
            None => Some(format!("`{}` {how}, and the mended runbook has no step of this name", step.name)),
            Some(now) => forgotten(step, now).map(|what| format!("`{}` {how}, and {what}", step.name)),
        }
    })
}

/// What is known of a step, and would not be known of the one that takes its place.
fn forgotten(step: &Step, now: &Step) -> Option<&'static str> {
    let puts_back = |step: &Step| matches!(step.undo, Some(Action::SwitchBack(_)));
    match (&step.undo, &now.undo) {
        (Some(_), None) => Some("the mended one cannot be undone"),
        (Some(Action::SwitchBack(before)), Some(Action::SwitchBack(after))) => {
            (before.within != after.within || before.key != after.key).then_some("the mended one switches another value")
        }
        _ if puts_back(step) != puts_back(now) => Some("the mended one is undone in another way, which does not know the old value"),
        _ => None,
    }
}

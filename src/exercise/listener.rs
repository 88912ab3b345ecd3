//! Whether anybody sends alerts where an environment's drills listen for them: by the drills that listened there.

use super::earlier::{DrillFilter, earlier_drills};
use crate::history::{Event, Reader};
use crate::model::Environment;
use crate::run_folder::{HistoryInput, history_in};
use crate::units::Problem;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// So many drills are looked at, the newest.
const LOOKED_AT: usize = 3;

/// That the last drills in an environment of this name listened for alerts and heard none; `None` where they did, or none listened.
pub fn unheard(name: &str, environment: &Environment, drills: &Path) -> Option<Problem> {
    let alerts = environment.alerts.as_ref()?;
    let filter = DrillFilter { environment: Some(name.to_owned()), ..DrillFilter::default() };
    let found = earlier_drills(drills, &filter, LOOKED_AT).drills;
    let listened = found.iter().filter(|drill| {
        let started = drill.started.as_ref();
        started.is_some_and(|started| started.plan.environment.alerts.as_ref().is_some_and(|then| then.listen == alerts.listen))
    });
    let heard: Vec<bool> = listened.map(|drill| has_heard(&drills.join(&drill.name))).collect();
    if heard.is_empty() || heard.contains(&true) {
        return None;
    }
    let which = if heard.len() == 1 { "the last drill".to_owned() } else { format!("the last {} drills", heard.len()) };
    let problem = format!("{which} in `{name}` listened on {} for alerts, and nobody sent any", alerts.listen);
    Some(
        Problem::new(problem).hint(format!(
            "point a webhook of Alertmanager at http://{}/, or take `alerts:` out of `{name}` in the inventory",
            alerts.listen
        )),
    )
}

fn has_heard(folder: &Path) -> bool {
    let Ok(file) = File::open(history_in(folder)) else { return false };
    let mut reader = Reader::new(BufReader::new(HistoryInput::new(file)));
    while let Ok(Some(stamped)) = reader.next_event() {
        if matches!(stamped.event, Event::AlertReceived(_) | Event::AlertsLeftOut(_)) {
            return true;
        }
    }
    false
}

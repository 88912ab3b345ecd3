//! The preflight: whatever the plan needs is tried once before the baseline, and told by name, with what to type, where it will not do.
//!
//! ```text
//!  ground   on this host, before anything is opened: variables, files, programs
//!  (rig)    stores, the control API, the proxies and their ports, the system under test
//!  asking   one marked request through each way to each service, and who of the providers saw it
//!  answer   what an answer that will not do, and what the proxies saw of it, say of the cause (pure)
//!  surroundings  this host and an environment, without a scenario
//!  reach    what is found out about an address where nobody answers as expected
//! ```
//!
//! What can be found together is told together; what only follows from something else that was found is not. `lifeboat doctor` prints
//! everything that was tried ([`examine`]); a drill tells only what is wrong.
//!
//! What this does not do: measure. A service that is slow, or fails now and then, the baseline tells.

mod answer;
mod asking;
mod examine;
pub(super) mod ground;
mod reach;
mod surroundings;

pub(super) use asking::{awaited, services, unasked, warm_up};
pub use examine::{Examined, examine};
pub(super) use reach::providers;
pub use surroundings::{AskedFor, environment as surroundings_of, host as surroundings_of_host};

use super::DrillStop;
pub use super::trouble::Trouble;
use crate::history::StopReason;

/// The result of one preflight check: what was found, or what is wrong.
pub type PreflightCheck = Result<String, Trouble>;

/// Everything that was tried so far.
#[derive(Debug, Default)]
pub(super) struct Preflight(Vec<PreflightCheck>);

impl From<DrillStop> for Trouble {
    fn from(DrillStop { detail, hint, .. }: DrillStop) -> Self {
        Self { problem: detail, hint: hint.unwrap_or_else(|| "fix that, and run it again".to_owned()) }
    }
}

impl Preflight {
    pub(super) fn tried(&mut self, tried: PreflightCheck) {
        // What several need, a variable or a store, is told once.
        if !self.0.contains(&tried) {
            self.0.push(tried);
        }
    }

    pub(super) fn well(&mut self, what: impl Into<String>) {
        self.tried(Ok(what.into()));
    }

    pub(super) fn wrong(&mut self, trouble: Trouble) {
        self.tried(Err(trouble));
    }

    /// What comes of a step that cannot go on without this; its failure is one more trouble.
    pub(super) fn need<T>(&mut self, step: Result<T, DrillStop>) -> Result<Option<T>, DrillStop> {
        match step {
            Ok(done) => Ok(Some(done)),
            Err(stop) if stop.reason == StopReason::Environment => {
                self.wrong(stop.into());
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }

    pub(super) fn troubles(&self) -> impl Iterator<Item = &Trouble> {
        self.0.iter().filter_map(|tried| tried.as_ref().err())
    }

    pub(super) fn is_well(&self) -> bool {
        self.troubles().next().is_none()
    }

    /// An error where anything is wrong so far.
    pub(super) fn so_far(&self) -> Result<(), DrillStop> {
        let troubles: Vec<&Trouble> = self.troubles().collect();
        match troubles.as_slice() {
            [] => Ok(()),
            [only] => Err((*only).clone().into()),
            several => {
                let list = |each: fn(&Trouble) -> &str| {
                    let lines = several.iter().enumerate().map(|(place, trouble)| format!("{}. {}", place + 1, each(trouble)));
                    lines.collect::<Vec<_>>().join("\n  ")
                };
                let (problems, hints) = (list(|trouble| &trouble.problem), list(|trouble| &trouble.hint));
                Err(DrillStop::environment(format!("{} things are wrong:\n  {problems}", several.len())).with_hint(hints))
            }
        }
    }

    /// The stop that comes of everything that is wrong.
    pub(super) fn stop(&self) -> DrillStop {
        self.so_far().err().unwrap_or_else(|| DrillStop::environment("the preflight failed"))
    }

    /// A stop with everything else that is wrong.
    pub(super) fn with(&mut self, stop: DrillStop) -> DrillStop {
        match self.need::<()>(Err(stop)) {
            Ok(_) => self.stop(),
            Err(stop) => stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_together_is_told_together_and_once() {
        let mut preflight = Preflight::default();
        preflight.well("A is set");
        assert_eq!(preflight.so_far(), Ok(()));
        preflight.wrong(Trouble::new("B is not set", "export B=…"));
        preflight.wrong(Trouble::new("B is not set", "export B=…"));
        assert_eq!(preflight.so_far(), Err(DrillStop::environment("B is not set").with_hint("export B=…")));
        let both = preflight.with(DrillStop::environment("nobody listens at c").with_hint("start it"));
        let wanted = DrillStop::environment("2 things are wrong:\n  1. B is not set\n  2. nobody listens at c");
        assert_eq!(both, wanted.with_hint("1. export B=…\n  2. start it"));
        let person = DrillStop::new(StopReason::Person, "stopped by a person");
        assert_eq!(preflight.with(person.clone()), person);
    }
}

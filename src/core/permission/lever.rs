//! The levers of a drill: whoever pulls one of them stops the drill, and none begins until it is lifted.

use super::lever_call::LeverCall;
use super::lever_file::LeverFile;
use super::pulled_lever::PulledLever;
use crate::model::Environment;
use std::path::Path;
use std::time::Duration;

/// How often a running drill looks at files.
const LOOK: Duration = Duration::from_millis(250);
/// How often it asks an address.
const ASK: Duration = Duration::from_secs(1);
/// A folder that does not answer for so long is on a server that is gone: it may hold a lever.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many answers in a row may fail before an address that a person named counts as pulled: a lever that cannot be asked stops nothing.
const FAILURES: u32 = 10;

/// What may stop a drill: the lever of its project, that of its user, and those of its environment.
#[derive(Debug, Clone, Default)]
pub struct Levers {
    files: Vec<LeverFile>,
    calls: Vec<LeverCall>,
}

impl Levers {
    /// Those of a drill in an environment of this name of a project.
    pub fn of(root: &Path, name: &str, environment: &Environment) -> Self {
        let named = environment.lever.as_ref().and_then(|lever| lever.file.as_deref());
        let named = named.map(|file| LeverFile::of_environment(root, file, name));
        let files = [Some(LeverFile::of_project(root)), LeverFile::of_user(), named].into_iter().flatten().collect();
        Self { files, calls: LeverCall::of(name, environment) }
    }

    /// The first that is pulled now. An address that a person named and that does not say counts as pulled.
    pub async fn pulled(&self) -> Option<PulledLever> {
        if let Some(pulled) = look(self.files.clone()).await {
            return Some(pulled);
        }
        for call in &self.calls {
            match call.ask().await {
                Ok(pulled @ Some(_)) => return pulled,
                Err(pulled) if call.must_answer => return Some(*pulled),
                Ok(None) | Err(_) => {}
            }
        }
        None
    }

    /// Ends with the first that is pulled.
    pub async fn watch(self) -> PulledLever {
        let Self { files, calls } = self;
        let mut asking = tokio::task::JoinSet::new();
        for call in calls {
            asking.spawn(asked(call));
        }
        let looking = async {
            let mut looks = tokio::time::interval(LOOK);
            // A machine that slept has nothing to catch up with.
            looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                looks.tick().await;
                if let Some(pulled) = look(files.clone()).await {
                    return pulled;
                }
            }
        };
        tokio::select! {
            pulled = looking => pulled,
            Some(Ok(pulled)) = asking.join_next() => pulled,
        }
    }
}

/// Looks at files, of which one may lie on a server that does not answer.
async fn look(files: Vec<LeverFile>) -> Option<PulledLever> {
    if files.is_empty() {
        return None;
    }
    let places: Vec<String> = files.iter().map(|file| file.path.display().to_string()).collect();
    let lifted_by = files[0].lifted_by.clone();
    let looked = tokio::task::spawn_blocking(move || files.iter().find_map(LeverFile::pulled));
    match tokio::time::timeout(PATIENCE, looked).await {
        Ok(pulled) => pulled.unwrap_or(None),
        Err(_) => {
            let trouble = Some(format!("cannot be looked at (no answer for {} s)", PATIENCE.as_secs()));
            Some(PulledLever { place: places.join(", "), note: None, trouble, lifted_by })
        }
    }
}

/// Ends with the lever at an address, once it is pulled.
async fn asked(call: LeverCall) -> PulledLever {
    let mut failures = 0;
    loop {
        tokio::time::sleep(ASK).await;
        match call.ask().await {
            Ok(Some(pulled)) => return pulled,
            Ok(None) => failures = 0,
            Err(_) if !call.must_answer => {}
            Err(_) if failures + 1 < FAILURES => failures += 1,
            Err(pulled) => return *pulled,
        }
    }
}

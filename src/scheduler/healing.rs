//! What killed drills have left at standing proxies, healed: by whoever starts next at a terminal, and by the scheduler that finds a replica gone.
//!
//! Nothing is taken from a drill that runs: whoever heals holds the lock on the proxy meanwhile.
//!
//! What this file does not do: find drills that were killed (`execution`), ask anybody, or take back what a runbook did.

use crate::control::{Control, ControlError};
use crate::execution::Leftover;
use crate::exercise::lock_wishes_of_proxy;
use crate::model::{ControlBinding, Environment, LocksBinding};
use crate::permission::{HeldLocks, LockOrder, LockRefusal, LockTable, held_by, lock_all};
use crate::project::Project;
use crate::units::{Duration, Explained, one_line};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// Why something is not healed.
#[derive(Debug, thiserror::Error)]
pub enum HealProblem {
    /// Another drill may run there.
    #[error("nothing is healed at {control} while another drill may run there: {refusal}")]
    Held {
        /// The control API.
        control: String,
        /// Who holds its lock.
        refusal: Box<LockRefusal>,
    },
    /// The server does not do it.
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl Explained for HealProblem {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Held { refusal, .. } => refusal.hint(),
            Self::Control(error) => error.hint(),
        }
    }
}

/// How somebody heals: in which projects, how long they wait for a lock, and where locks are besides folders.
#[derive(Debug, Clone, Default)]
pub struct HealOrder {
    /// The projects' roots; never empty.
    pub roots: Vec<PathBuf>,
    /// How long it waits for a drill that may run; `None` does not wait.
    pub wait: Option<Duration>,
    /// Where drills on other hosts keep their locks.
    pub locks: Option<Arc<dyn LockTable>>,
}

impl HealOrder {
    /// Heals what a killed drill left at its standing proxy; what was done, in words.
    ///
    /// # Errors
    /// Where another drill may run there, or the server does not do it.
    pub async fn leftover(&self, left: &Leftover, tell: impl FnMut(String)) -> Result<Vec<String>, HealProblem> {
        let Some(note) = &left.standing else { return Ok(Vec::new()) };
        let root = left.entry.as_ref().map(|(_, entry)| entry.root.clone());
        let root = root.or_else(|| self.roots.iter().find(|root| left.folder.starts_with(root)).cloned());
        let root = root.unwrap_or_else(|| self.roots[0].clone());
        let environment = environment_of(&root, &note.control);
        let _held = self.alone(&note.control, environment.as_ref(), &root, tell).await?;
        Ok(left.heal().await?)
    }

    /// Heals proxies by their names; what was done, in words.
    ///
    /// # Errors
    /// Where another drill may run there, or the server does not do it.
    pub async fn strays(
        &self,
        binding: &ControlBinding,
        environment: &Environment,
        names: impl Iterator<Item = &String>,
        tell: impl FnMut(String),
    ) -> Result<Vec<String>, HealProblem> {
        let _held = self.alone(&binding.url, Some(environment), &self.roots[0], tell).await?;
        let control = connected(binding).await?;
        let mut done = Vec::new();
        for name in names {
            control.heal_proxy(name).await?;
            done.push(format!("{}: healed", one_line(name)));
        }
        Ok(done)
    }

    /// The lock on a standing proxy, so that nothing is taken from a drill that runs.
    async fn alone(
        &self,
        control: &str,
        environment: Option<&Environment>,
        root: &Path,
        tell: impl FnMut(String),
    ) -> Result<HeldLocks, HealProblem> {
        let wishes = lock_wishes_of_proxy(control, environment, root, self.locks.as_ref());
        let lease = environment.and_then(|environment| environment.locks.as_ref()?.lease).unwrap_or(LocksBinding::LEASE);
        let order = LockOrder { wishes, drill: "lifeboat heal".to_owned(), lease, wait: self.wait };
        let (_sender, stop) = watch::channel(false);
        let held = lock_all(order, stop, tell).await;
        held.map_err(|refusal| HealProblem::Held { control: control.to_owned(), refusal: Box::new(refusal) })
    }
}

/// The proxies of these names at a standing server that are not as they should be, where no drill holds its lock, and what is in force there. Empty
/// where it cannot be asked: whether it can be used at all is for a drill to find out.
pub async fn stray_faults(binding: &ControlBinding, environment: &Environment, root: &Path, names: &[String]) -> BTreeMap<String, String> {
    let wishes = lock_wishes_of_proxy(&binding.url, Some(environment), root, None);
    // What a drill does that runs is its own affair; who wants the proxy is told by its lock.
    if wishes.iter().any(|wish| held_by(wish).is_some()) {
        return BTreeMap::new();
    }
    let found = match connected(binding).await {
        Ok(control) => control.found().await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let faulty = found.into_iter().filter(|proxy| names.contains(&proxy.name) && !proxy.is_well());
    faulty.map(|proxy| (proxy.name.clone(), proxy.faults())).collect()
}

/// The environment of a project that uses this control API: it says where locks are kept.
fn environment_of(root: &Path, control: &str) -> Option<Environment> {
    let (project, _) = Project::open(root);
    let uses = |environment: &Environment| environment.control.as_ref().is_some_and(|binding| binding.url == control);
    project.inventory.environments.into_values().find(uses)
}

async fn connected(binding: &ControlBinding) -> Result<Control, ControlError> {
    let token = binding.token_from.as_ref().and_then(|variable| std::env::var(variable).ok());
    Control::connect_with(&binding.url, token.as_deref().map(str::trim)).await
}

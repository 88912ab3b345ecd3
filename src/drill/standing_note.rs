//! What a drill has at a standing proxy, written into its folder before it is there and taken away once it is gone: whoever finds it in the folder of
//! a drill that runs no more knows what to heal.
//!
//! Of a proxy that the drill made it says where it listens and leads, so that one that somebody made later under the same name is not taken for it.
//! No secret: the token is named by its variable.

use crate::control::{Control, ControlError, FoundProxy};
use crate::host::private;
use crate::model::ControlBinding;
use crate::run_folder::RunFile;
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, Result};
use std::path::Path;

/// The note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingNote {
    /// The control API.
    pub control: String,
    /// The environment variable that holds its token.
    pub token_from: Option<String>,
    /// The proxies on which it may have put faults.
    pub proxies: Vec<String>,
    /// Those that it has made.
    pub made: Vec<MadeProxy>,
}

/// A proxy that a drill made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeProxy {
    /// Its name.
    pub name: String,
    /// Where it leads.
    pub upstream: String,
    /// Where it listens; `None` where the drill was killed before it knew.
    pub listen: Option<String>,
}

impl StandingNote {
    /// Of a drill that is about to use this control API for proxies with these upstreams; those that are there already it does not make.
    pub(super) fn before(binding: &ControlBinding, wanted: Vec<(String, String)>, there: &[FoundProxy]) -> Self {
        let is_there = |name: &str| there.iter().any(|proxy| proxy.name == name);
        let made = wanted.iter().filter(|(name, _)| !is_there(name));
        let made = made.map(|(name, upstream)| MadeProxy { name: name.clone(), upstream: upstream.clone(), listen: None }).collect();
        let proxies = wanted.into_iter().map(|(name, _)| name).collect();
        Self { control: binding.url.clone(), token_from: binding.token_from.clone(), proxies, made }
    }

    /// Writes it; it is on the disk when this returns.
    pub(super) fn keep(&self, folder: &Path) -> Result<()> {
        private::write(&RunFile::Standing.within(folder), &serde_json::to_vec_pretty(self)?)
    }

    /// That of a drill's folder; `None` where it has nothing at a standing proxy.
    ///
    /// # Errors
    /// Where it is there and cannot be read, or somebody else may have written it.
    pub fn of(folder: &Path) -> Result<Option<Self>> {
        match private::read_own(&RunFile::Standing.within(folder)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes it away: nothing of the drill is there any more.
    ///
    /// # Errors
    /// Where that cannot be done.
    pub fn forget(folder: &Path) -> Result<()> {
        match std::fs::remove_file(RunFile::Standing.within(folder)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes away what the drill has left there: its faults, and the proxies that it made. What was done, in words; none where nothing was left.
    ///
    /// # Errors
    /// Where the server refuses, or still shows one. What was done before stays done.
    pub async fn heal(&self, control: &Control) -> std::result::Result<Vec<String>, ControlError> {
        let mut done = Vec::new();
        for proxy in control.found().await?.iter().filter(|proxy| self.proxies.contains(&proxy.name)) {
            if self.made.iter().any(|made| made.is(proxy)) {
                control.remove(&proxy.name).await?;
                let faults = if proxy.toxics.is_empty() { String::new() } else { format!(" with {}", proxy.toxics.join(", ")) };
                done.push(format!("{}: removed{faults}, for the drill had made it", proxy.name));
            } else if !proxy.is_well() {
                control.heal_proxy(&proxy.name).await?;
                done.push(proxy.healed());
            }
        }
        Ok(done)
    }
}

impl MadeProxy {
    /// Whether this is the one, and not another of the same name.
    fn is(&self, proxy: &FoundProxy) -> bool {
        // A plain Toxiproxy shows an upstream without its scheme.
        let bare = |url: &str| url.rsplit("://").next().unwrap_or_default().trim_end_matches('/').to_owned();
        let leads = bare(&self.upstream) == bare(&proxy.upstream);
        self.name == proxy.name && leads && self.listen.as_ref().is_none_or(|listen| *listen == proxy.listen)
    }
}

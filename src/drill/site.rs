//! What a rig is built from, and the keys that only the lab of a drill accepts.

use crate::journal::{HostTime, Recorder};
use crate::model::{DrillPlan, SecretSource};
use crate::traffic::Budget;
use crate::units::{Secret, Seed};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

/// Any free port of this host.
pub(super) const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What a rig is built from: the plan with its seed, the paths, and the recorder of its events.
pub(super) struct RigSite<'a> {
    pub(super) plan: &'a DrillPlan,
    pub(super) seed: Seed,
    pub(super) tag: u32,
    pub(super) root: &'a Path,
    pub(super) supervisor: &'a Path,
    pub(super) folder: &'a Path,
    /// Whether that is still there when the drill has ended.
    pub(super) stays: bool,
    pub(super) recorder: &'a Recorder,
    pub(super) http: &'a reqwest::Client,
    pub(super) budget: &'a Arc<Budget>,
    /// What the inventory names as secret besides the plan.
    pub(super) secrets: &'a BTreeSet<SecretSource>,
}

/// A key that only the lab of this drill accepts.
pub fn lab_key(seed: Seed, whose: &str) -> Secret {
    let key = Secret::new(format!("sk-lab-{}", seed.derive(&format!("key of {whose}"))));
    crate::lab::keylog::made(whose, &key);
    key
}

/// A key that nobody takes, for a copy that is broken on purpose.
pub(super) fn wrong_key(seed: Seed, whose: &str) -> Secret {
    lab_key(seed, &format!("nobody, in the place of {whose}"))
}

/// Tells this drill's requests from those of any other, even one with the same seed.
pub(super) fn tag(seed: Seed, id: &str) -> u32 {
    let mixed = seed.derive(id).derive(&HostTime::now().0.to_string()).0;
    (mixed >> 32) as u32
}

//! What comes before the traffic, in its order: what can be tried before anything is opened, the rig, and the preflight's requests. A drill and
//! `lifeboat doctor` both prepare like this.

use super::DrillStop;
use super::files;
use super::guard;
use super::load::filled;
use super::names::ResolvedNames;
use super::preflight::{self, Preflight, ground};
use super::rig::Rig;
use super::site::RigSite;

/// What can be tried before anything is opened, then what nobody else could miss.
pub(super) async fn open(site: &RigSite<'_>, preflight: &mut Preflight) -> Result<(Rig, ResolvedNames), DrillStop> {
    preflight.need(files::enough(site.plan))?;
    preflight.need(filled(site.plan, site.seed))?;
    ground::look(site, preflight);
    Rig::open(site, preflight).await
}

/// Everything else that a drill needs, until the traffic could begin.
pub(super) async fn connect(rig: &mut Rig, names: ResolvedNames, site: &RigSite<'_>, preflight: &mut Preflight) -> Result<(), DrillStop> {
    rig.connect(site, names, preflight).await?;
    if let Some(start) = &site.plan.environment.start {
        preflight::warm_up(rig, site, start.warm_up).await?;
    }
    guard::first_look(rig, site, preflight).await
}

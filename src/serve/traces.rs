//! A trace of each drill, sent to the team's collector of OpenTelemetry over HTTP once the drill has ended: where the inventory says
//! (`serve: {otlp: …}`), else where OpenTelemetry's own environment variables say.
//!
//! What this file does not do: make the trace (`report`), or keep it until a collector takes it: `lifeboat report DRILL --otlp` sends it again.

use crate::model::ServePolicy;
use crate::project::Project;
use crate::report::{DrillContext, drill, otlp};
use crate::scheduler::EndedDrill;
use crate::units::with_causes;
use crate::web::post_json;
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;

/// The collector's path for traces.
const PATH: &str = "/v1/traces";
/// The pauses between tries.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(10), Duration::from_secs(60)];

/// Sends the trace of a drill, if anybody wants it; what cannot be sent is told in the log. `stop` ends the tries.
pub(super) async fn send(root: &Path, ended: &EndedDrill, stop: &watch::Receiver<bool>) {
    let Ok(finished) = &ended.finished else { return };
    let variable = |name: &str| std::env::var(name).ok();
    let Some((address, path)) = collector(&Project::open(root).0.inventory.serve, variable) else { return };
    let judged = &finished.judged;
    let report = drill(&judged.verdict, &judged.digest, &judged.hash, &DrillContext::default());
    let name = finished.folder.display();
    let trace = match otlp(&report) {
        Ok(trace) => trace,
        Err(problem) => return tracing::warn!("{name} has no trace: {}", with_causes(&problem)),
    };
    for pause in PAUSES.into_iter().map(Some).chain([None]) {
        let Err(problem) = post_json(&address, path, None, trace.clone()).await else { return };
        tracing::warn!("the trace of {name} cannot be sent: {}", with_causes(&problem));
        let Some(pause) = pause.filter(|_| !*stop.borrow()) else { return };
        let mut stop = stop.clone();
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}

/// The collector's address, and the path that is put after it; `None` where nobody wants traces.
fn collector(serving: &ServePolicy, variable: impl Fn(&str) -> Option<String>) -> Option<(String, &'static str)> {
    let named = |name: &str| variable(name).filter(|url| !url.is_empty());
    let whole = || Some((named("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")?, ""));
    let base = || Some((named("OTEL_EXPORTER_OTLP_ENDPOINT")?, PATH));
    serving.otlp.clone().map(|url| (url, PATH)).or_else(whole).or_else(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inventory_comes_before_the_environment_and_traces_before_everything() {
        let of = |set: &[(&str, &str)], otlp: Option<&str>| {
            let serving = ServePolicy { otlp: otlp.map(str::to_owned), ..ServePolicy::default() };
            collector(&serving, |name| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned()))
        };
        let (base, traces) = (("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b/t"));
        assert_eq!(of(&[], None), None);
        assert_eq!(of(&[base], None), Some(("http://a".to_owned(), PATH)));
        assert_eq!(of(&[base, traces], None), Some(("http://b/t".to_owned(), "")));
        assert_eq!(of(&[base, traces], Some("http://c")), Some(("http://c".to_owned(), PATH)));
        assert_eq!(of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")], None), None);
    }
}

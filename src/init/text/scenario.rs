//! Three scenarios: the primary stops answering, the primary refuses, the primary's key is revoked.

use super::super::beginning::BegunProject;
use super::{DrillTimes, RUNBOOK, modeline};
use crate::model::Dialect;
use crate::units::Duration;

/// What goes wrong in one.
struct FirstScenario {
    name: &'static str,
    about: &'static str,
    title: &'static str,
    fault: &'static str,
}

/// Their paths from the project's root, the first one to try first, and their texts.
pub(in crate::init) fn texts(begun: &BegunProject) -> Vec<(String, String)> {
    let is_bytes = begun.primary().dialect == Dialect::Tcp;
    let all = [
        FirstScenario {
            name: "primary-is-silent",
            about: "the primary takes connections and requests, and answers nothing. The slowest way to fail, since every timeout is paid in full",
            title: "The primary stops answering",
            // Where others share the load, who waited for this one is known only if each request is seen.
            fault: if begun.sharing > 1 && !begun.is_plain() { "{stall: {}}" } else { "{blackhole: {}}" },
        },
        FirstScenario {
            name: "primary-refuses",
            about: if is_bytes {
                "the primary is down: nobody listens there any more"
            } else {
                "the primary answers 429 and says to come back later, as it does when a quota is used up"
            },
            title: "The primary refuses requests",
            fault: if is_bytes { "{refuse: {}}" } else { "{status: {code: 429, retry_after: 30s}}" },
        },
        FirstScenario {
            name: "primary-key-revoked",
            about: if is_bytes {
                "the primary closes every connection as it comes"
            } else {
                "the primary does not take the gateway's key any more, as after a leak. Most gateways do not try again where they are not allowed"
            },
            title: "The primary's key is revoked",
            fault: match begun.primary().dialect {
                Dialect::Tcp => "{reset: {}}",
                Dialect::Http => "{status: {code: 401}}",
                _ => "{credential-revoked: {}}",
            },
        },
    ];
    all.iter().map(|each| (format!("scenarios/{}.yaml", each.name), text(begun, each))).collect()
}

fn text(begun: &BegunProject, told: &FirstScenario) -> String {
    let times = DrillTimes::of(begun);
    let request = match begun.primary().dialect {
        Dialect::Http => "request: http, path: /, expect: {status: 200}",
        Dialect::Tcp => "request: tcp, send: \"PING\\r\\n\", expect: PONG",
        _ => "request: chat-stream",
    };
    let (primary, service, rto) = (&begun.primary().name, &begun.service, begun.rto.typed());
    let objectives = if begun.has_other() {
        String::new()
    } else {
        "# There is nobody to move to: service is good again when the primary is.\nobjectives: {gate: restore}\n".to_owned()
    };
    let guard = if begun.has_other() {
        let patience = begun.rto.plus(Duration::from_secs(5)).typed();
        format!(
            "# For safety: heal and stop where hardly anybody is served for this long.\nabort_when: {{success_below: 5%, for: {patience}}}\n"
        )
    } else {
        String::new()
    };
    format!(
        "{}# A drill: {}.\n# `lifeboat run scenarios/{}.yaml`\n\
         version: 1\nscenario: {}\ntitle: {}\nservice: {service}\nrunbook: {RUNBOOK}\n\
         traffic: {{rate: 10/s, {request}}}\n\
         timeline:                         # zero is the moment of the first fault\n  \
           baseline: {}\n  \
           faults:\n    \
             - {{at: 0s, on: {primary}, fault: {}, for: {}}}      # the RTO of {rto}, the hold of {}, and one to spare\n  \
           watch: {}\n{objectives}{guard}",
        modeline("scenario"),
        told.about,
        told.name,
        told.name,
        told.title,
        times.baseline.typed(),
        told.fault,
        times.fault.typed(),
        times.hold.typed(),
        times.watch.typed(),
    )
}

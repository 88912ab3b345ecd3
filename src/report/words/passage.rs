//! Where requests went, and who refused what, in words.

use super::wording::seconds_up;
use crate::units::{counted, grouped};
use crate::verdict::{LeakedKey, Millis, OutsideArea, ProbedDecision, ProbedParity, Residency};

/// `requests go to eu only`.
pub(in crate::report) fn permitted(residency: &Residency) -> String {
    format!("requests go to {} only", residency.permitted.join(" or "))
}

/// What was seen of it, as a clause.
pub(in crate::report) fn where_to(residency: &Residency) -> String {
    let mut told: Vec<String> = residency.outside.iter().map(area).collect();
    if residency.unseen > 0 {
        let were = if residency.unseen == 1 { "was" } else { "were" };
        told.push(format!("{} {were} answered past the proxies", counted(residency.unseen, "request")));
    }
    if residency.is_blind {
        told.push("the proxies did not see all".into());
    }
    if told.is_empty() { format!("all {} that reached a provider stayed there", grouped(residency.attempts)) } else { told.join("; ") }
}

/// `12 requests reached openai-us (us), the first, request 204, 3.120 s after the fault`.
fn area(area: &OutsideArea) -> String {
    let OutsideArea { provider, residency, attempts, connections, nameless, first_request, first } = area;
    let place = residency.as_ref().map_or_else(|| "no residency told".to_owned(), Clone::clone);
    let mut counts: Vec<String> = Vec::new();
    for (count, what) in [(*attempts, "request"), (*connections, "connection"), (*nameless, "request without a mark")] {
        if count > 0 {
            counts.push(counted(count, what));
        }
    }
    format!("{} reached {provider} ({place}){}", counts.join(" and "), since(*first_request, *first))
}

/// `, the first, request 204, 3.120 s after the fault`.
fn since(request: Option<u64>, first: Option<Millis>) -> String {
    let request = request.map_or_else(String::new, |id| format!(", request {}", crate::history::number_of(id)));
    let when = first.map_or_else(String::new, |first| match first.0 {
        before if before < 0 => format!(", {} before the fault", seconds_up(-before)),
        after => format!(", {} after the fault", seconds_up(after)),
    });
    if request.is_empty() && when.is_empty() { String::new() } else { format!(", the first{request}{when}") }
}

/// What is wrong with the probes, else how many there are, as a clause.
pub(in crate::report) fn decided(probes: &[ProbedParity]) -> String {
    let apart: Vec<String> = probes.iter().filter(|probe| probe.verdict == crate::verdict::Decision::Missed).map(apart).collect();
    if !apart.is_empty() {
        return apart.join("; ");
    }
    let open: Vec<String> = probes.iter().filter(|probe| probe.verdict != crate::verdict::Decision::Met).map(open).collect();
    if open.is_empty() { format!("{} decided alike", counted(probes.len() as u64, "probe")) } else { open.join("; ") }
}

fn apart(probe: &ProbedParity) -> String {
    format!("`{}`: {} before the fault, and {} during it", probe.name, side(&probe.primary), side(&probe.standby))
}

fn open(probe: &ProbedParity) -> String {
    let why = match (probe.primary.is_empty(), probe.standby.is_empty()) {
        (true, true) => "nobody decided".to_owned(),
        (true, false) => "the primary decided nothing".to_owned(),
        (false, true) => "no standby decided anything".to_owned(),
        (false, false) => {
            format!("both sides {}, and {} is expected", side(&probe.primary), probe.expected.map_or("nothing", |e| e.word()))
        }
    };
    format!("`{}`: {why}", probe.name)
}

/// `refused by azure (403) 3 times`.
pub(in crate::report) fn side(made: &[ProbedDecision]) -> String {
    let one = |made: &ProbedDecision| {
        let by = made.by.as_deref().unwrap_or("the gateway itself");
        format!("{} by {by} ({}) {}", made.decision, made.status, counted(made.times, "time"))
    };
    if made.is_empty() { "not decided".into() } else { made.iter().map(one).collect::<Vec<_>>().join(" and ") }
}

/// `The primary's key reached openai-eu: 40 requests carried it, the first, request 17, 1.2 s after the fault.`
pub(in crate::report) fn leak(leak: &LeakedKey) -> String {
    let LeakedKey { key, of, of_primary, to, requests, first_request, first } = leak;
    let whose = if *of_primary { format!("The primary's key (that of {of}, {key})") } else { format!("The key of {of} ({key})") };
    format!("{whose} reached {to}: {} carried it{}.", counted(*requests, "request"), since(*first_request, *first))
}

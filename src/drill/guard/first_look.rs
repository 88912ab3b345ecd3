//! What guards ask outside is asked once before a drill breaks anything. Who already says stop does not let it begin; what cannot be asked could
//! not stop it either, and is told of before it would have to.

use super::outside::{context, heard};
use super::service::Prober;
use super::stop_of;
use crate::drill::DrillStop;
use crate::drill::preflight::Preflight;
use crate::drill::rig::Rig;
use crate::drill::site::RigSite;
use crate::drill::trouble::Trouble;
use crate::history::{Event, GuardEvidence, GuardSays, GuardSeen, Guarded};
use crate::model::{Guard, GuardWatch, OutsideGuard, ServiceGuard, Unreachable};

/// Each guard that asks anybody.
///
/// # Errors
/// Where one says stop, or cannot be asked.
pub(in crate::drill) async fn first_look(rig: &Rig, site: &RigSite<'_>, preflight: &mut Preflight) -> Result<(), DrillStop> {
    for (guard, place) in site.plan.scenario.abort_when.iter().zip(0_u32..) {
        let (says, told) = match &guard.watches {
            GuardWatch::Outside(outside) => heard(outside, &context(rig, site)).await,
            GuardWatch::Service(service) => match Prober::of(service, place, rig, site) {
                Some(prober) => probed(&prober, service).await,
                None => continue,
            },
            GuardWatch::Success(_) | GuardWatch::Latency(_) | GuardWatch::Spend(_) => continue,
        };
        let told = rig.redactor.redact(&told);
        site.recorder.record(Event::GuardSeen(GuardSeen { guard: place, says, detail: told.clone() })).await;
        match (says, &guard.watches) {
            (GuardSays::Go, GuardWatch::Service(_)) => preflight.well(format!("{told}; a guard watches it")),
            (GuardSays::Go, _) => preflight.well(format!("the guard on {} does not say stop: it {told}", guard.source())),
            (GuardSays::Unknown, GuardWatch::Outside(outside)) if outside.unreachable == Unreachable::Go => {
                preflight.wrong(unheard(outside, &told));
            }
            _ => return Err(already(guard, place, &told, site.recorder.clock().now())),
        }
    }
    preflight.so_far()
}

/// One good answer is enough; one or two bad ones may be bad luck.
async fn probed(prober: &Prober, service: &ServiceGuard) -> (GuardSays, String) {
    let (name, mut last) = (&service.probe.service_name, String::new());
    for number in 0..ServiceGuard::FIRST {
        match prober.probe(number).await {
            Some(Ok(())) => return (GuardSays::Go, format!("{name} answers well")),
            Some(Err(bad)) => last = bad,
            None => return (GuardSays::Unknown, format!("{name} may not be asked: nothing more may be spent")),
        }
        tokio::time::sleep(service.every.std().min(std::time::Duration::from_millis(300))).await;
    }
    (GuardSays::Stop, format!("{name} answered none of {} probes well, the last with {last}", ServiceGuard::FIRST))
}

/// What cannot be looked at.
fn unheard(outside: &OutsideGuard, told: &str) -> Trouble {
    Trouble::new(
        format!("a guard cannot look at {}: it {told}", outside.place()),
        "see that it answers from this host; `unreachable: stop` would take no answer for a stop, and no drill would begin either",
    )
}

/// It says stop before anything is broken.
fn already(guard: &Guard, place: u32, told: &str, now: u64) -> DrillStop {
    let (detail, threshold) = match &guard.watches {
        GuardWatch::Service(service) => {
            (format!("a service that a guard watches is not well before anything is broken: {told}"), service.limit.below.to_string())
        }
        GuardWatch::Outside(outside) => {
            let expects = outside.asked.expects.to_string();
            (format!("a guard says stop before anything is broken: {} {told}", outside.place()), expects)
        }
        _ => (told.to_owned(), String::new()),
    };
    let evidence = GuardEvidence { place: Some(place), value: told.to_owned(), threshold, since: now, at: now, from: guard.source() };
    stop_of(guard, Guarded { guard: detail, evidence: Some(evidence) })
}

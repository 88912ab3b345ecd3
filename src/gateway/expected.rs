//! What a drill expects of a gateway: how its fault looks to the gateway, what users were promised, and the reference gateway as a setup.

use super::failure_shape::{FailureKinds, FailureShape};
use super::reckon::Expected;
use super::setting_name::{REFERENCE_COOLDOWN, REFERENCE_FAILURES, REFERENCE_RETRIES, REFERENCE_TIMEOUT};
use super::setup::{Comeback, GatewayHop, GatewaySetup, GatewayTiming, NamedSetting};
use crate::fault::Effect;
use crate::model::{ActsOn, Dialect, Fault, GatewayKind, GatewaySettings, NamedWorkload, Objectives, Service, SloOn, Taken};

/// How a fault looks to whoever asks the provider; `None` for one after which nothing can be predicted: answers that are slow, short or wrong.
pub fn shape_of(fault: &Fault) -> Option<FailureShape> {
    match (fault.kind().acts_on, Effect::of(fault)) {
        (ActsOn::Connections(Taken::Refused), _) => Some(FailureShape::Refused),
        (ActsOn::Connections(Taken::Held), _) => Some(FailureShape::NoAnswer),
        (ActsOn::Connections(Taken::Closed), _) => Some(FailureShape::Cut),
        (_, Some(Effect::Stall(stall))) if stall.hold.is_none_or(|hold| hold.as_secs_f64() >= 30.0) => Some(FailureShape::NoAnswer),
        (_, Some(Effect::Status(status))) => Some(FailureShape::Status(status.code)),
        (_, Some(Effect::CredentialRevoked(_))) => Some(FailureShape::Status(401)),
        _ => None,
    }
}

/// What users of a service were promised, at a rate of requests a second.
pub fn expected(objectives: &Objectives, rate: f64, streamed: bool) -> Expected {
    Expected { slo: objectives.slo, hold: objectives.hold, success: objectives.success.get(), rate, streamed }
}

/// The same of a workload of a drill.
pub fn expected_of(named: &NamedWorkload) -> Expected {
    let streamed = named.workload.request.is_streamed() || named.objectives.slo_on == SloOn::Proof;
    expected(&named.objectives, named.workload.rate.as_per_second(), streamed)
}

/// The reference gateway before a service's providers.
pub fn of_reference(settings: &GatewaySettings, service: &Service) -> GatewaySetup {
    let mut setup = GatewaySetup::new(GatewayKind::Reference);
    let hop = |name: &String| GatewayHop {
        name: name.clone(),
        dialect: Dialect::OpenAi,
        base_url: None,
        model: None,
        region: None,
        key: None,
        line: 0,
    };
    setup.hops = service.providers.iter().map(hop).collect();
    setup.sharing = service.primaries().len();
    setup.timing = GatewayTiming {
        attempts: Some(NamedSetting::usual(REFERENCE_RETRIES, settings.retries + 1)),
        timeout: Some(NamedSetting::usual(REFERENCE_TIMEOUT, settings.try_timeout)),
        // Each replica has breakers of its own, and a share of the requests.
        failures: Some(NamedSetting::usual(REFERENCE_FAILURES, settings.breaker.failures.saturating_mul(settings.replicas.max(1)))),
        cooldown: Some(NamedSetting::usual(REFERENCE_COOLDOWN, settings.breaker.cooldown)),
        comeback: Comeback::OneRequest,
        passes_on: Some(NamedSetting::usual("providers", FailureKinds::all())),
        counts: Some(NamedSetting::usual(REFERENCE_FAILURES, FailureKinds::all())),
        ..GatewayTiming::default()
    };
    setup
}

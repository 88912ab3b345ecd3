//! Which setting of which gateway would mend a finding, as a table, and the value that follows from what was measured.
//!
//! Each setting is written as the gateway's own documentation has it. What the table does not claim: that this value is right everywhere. It is
//! where to begin, from this drill's numbers, and the next drill shows whether it helps.

use crate::gateway::setting_name::{
    ENVOY_EJECTION, ENVOY_EJECTION_MAX, ENVOY_RETRIES, ENVOY_RETRY_ON, ENVOY_TRY_TIMEOUT, HAPROXY_ERROR_LIMIT, HAPROXY_RETRIES,
    HAPROXY_RETRY_ON, HAPROXY_RISE, HAPROXY_TIMEOUT, LITELLM_COOLDOWN, LITELLM_FALLBACKS, LITELLM_RETRIES, LITELLM_TIMEOUT,
    NGINX_FAIL_TIMEOUT, NGINX_NEXT, NGINX_READ_TIMEOUT, NGINX_TRIES, PORTKEY_CODES, PORTKEY_RETRIES, PORTKEY_TIMEOUT, REFERENCE_COOLDOWN,
    REFERENCE_RETRIES, REFERENCE_TIMEOUT,
};
use crate::model::{FindingId, GatewayKind};
use crate::report::model::{Suggestion, Text};
use crate::report::words::wording::span;
use crate::units::Duration;
use FindingId::{DeadPrimaryAsked, FailbackMissed, RequestsLost, RetryAfterIgnored, RetryStorm, RtoMissed};
use GatewayKind::{Envoy, HaProxy, Kong, LiteLlm, Nginx, Portkey, Reference};
use KnobUnit::{Millis, Seconds, Typed, Whole};
use KnobValue::{Cooldown, Fixed, TryTimeout};

/// What was measured, as far as a setting follows from it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gauge {
    /// How long a try may take before it is given up: twice what all but the slowest answers before the fault took, and no longer than users may
    /// wait.
    pub(super) try_timeout: Option<Duration>,
    /// How long a provider that failed is to be left alone: half of the time that its return may take.
    pub(super) cooldown: Option<Duration>,
}

impl Gauge {
    /// From the slowest hundredth of the answers before the fault, the service level, and the objective for failback.
    pub(super) fn of(slowest: Option<Duration>, slo: Duration, failback: Option<Duration>) -> Self {
        const STEP: u64 = 500_000_000;
        let round = |length: u64| length.div_ceil(STEP).max(1) * STEP;
        let within = |length: u64| Duration::from_nanos(round(length).min((slo.as_nanos() / 2).max(1_000_000)));
        let try_timeout = slowest.map(|slowest| within(slowest.as_nanos().saturating_mul(2)));
        let usual = Duration::from_secs(30);
        let cooldown = failback.map_or(usual, |limit| Duration::from_secs((limit.as_nanos() / 2_000_000_000).max(1)).min(usual));
        Self { try_timeout, cooldown: Some(cooldown) }
    }
}

/// How a value is made.
#[derive(Debug, Clone, Copy)]
enum KnobValue {
    /// Always this.
    Fixed(&'static str),
    /// The time limit of a try, in seconds with a unit, in plain seconds, or in milliseconds.
    TryTimeout(KnobUnit),
    /// The time for which a provider is left alone, likewise.
    Cooldown(KnobUnit),
}

/// How a gateway writes lengths of time.
#[derive(Debug, Clone, Copy)]
enum KnobUnit {
    /// `2.5s`.
    Typed,
    /// `2500ms`, where fractions are not taken.
    Whole,
    /// `2.5`.
    Seconds,
    /// `2500`.
    Millis,
}

impl KnobValue {
    fn written(self, gauge: &Gauge) -> Option<String> {
        let (length, unit) = match self {
            Self::Fixed(value) => return Some(value.to_owned()),
            Self::TryTimeout(unit) => (gauge.try_timeout?, unit),
            Self::Cooldown(unit) => (gauge.cooldown?, unit),
        };
        let seconds = length.as_secs_f64();
        Some(match unit {
            KnobUnit::Typed => format!("{seconds}s"),
            KnobUnit::Whole => format!("{}ms", length.as_nanos() / 1_000_000),
            KnobUnit::Seconds => format!("{seconds}"),
            KnobUnit::Millis => (length.as_nanos() / 1_000_000).to_string(),
        })
    }
}

/// A setting that mends a finding.
struct Knob {
    gateway: GatewayKind,
    finding: FindingId,
    setting: &'static str,
    value: KnobValue,
    /// What it does, as a sentence about the setting, from its verb on.
    does: &'static str,
}

const fn knob(gateway: GatewayKind, finding: FindingId, setting: &'static str, value: KnobValue, does: &'static str) -> Knob {
    Knob { gateway, finding, setting, value, does }
}

/// All of them. A finding about time takes the settings of `rto-missed`; see [`kin`].
const KNOBS: &[Knob] = &[
    knob(
        LiteLlm,
        DeadPrimaryAsked,
        LITELLM_COOLDOWN,
        Cooldown(Seconds),
        "takes a deployment that failed out of every pick for so many seconds; set `router_settings.allowed_fails` too, without which a group of one deployment is hardly ever cooled down",
    ),
    knob(LiteLlm, RtoMissed, LITELLM_TIMEOUT, TryTimeout(Seconds), "ends a try at a silent deployment; by default it lasts minutes"),
    knob(
        LiteLlm,
        RequestsLost,
        LITELLM_FALLBACKS,
        Fixed("[{\"PRIMARY\": [\"STANDBY\"]}]"),
        "names the group that is asked once the retries are used up",
    ),
    knob(LiteLlm, RetryStorm, LITELLM_RETRIES, Fixed("0"), "is how often the same group is tried again before a fallback is"),
    knob(
        LiteLlm,
        RetryAfterIgnored,
        LITELLM_COOLDOWN,
        Cooldown(Seconds),
        "is how long a deployment rests; its `Retry-After` sets that only in groups of several deployments",
    ),
    knob(
        LiteLlm,
        FailbackMissed,
        LITELLM_COOLDOWN,
        Cooldown(Seconds),
        "is how long a deployment rests; a large `Retry-After` sets it higher, without a cap",
    ),
    knob(
        Portkey,
        DeadPrimaryAsked,
        PORTKEY_TIMEOUT,
        TryTimeout(Millis),
        "is what each request pays for a silent first target: the gateway remembers no failed target, so each request asks it first",
    ),
    knob(Portkey, RtoMissed, PORTKEY_TIMEOUT, TryTimeout(Millis), "ends a try at a silent target; without it there is no limit"),
    knob(
        Portkey,
        RequestsLost,
        PORTKEY_CODES,
        Fixed("[401, 403, 408, 429, 500, 502, 503, 504, 529]"),
        "lists the statuses after which the next target is asked; without the list every one that is not 2xx is",
    ),
    knob(Portkey, RetryStorm, PORTKEY_RETRIES, Fixed("1"), "is how often the same target is tried again before the next one is"),
    knob(
        Portkey,
        RetryAfterIgnored,
        "retry.use_retry_after_header",
        Fixed("true"),
        "makes retries wait for as long as the provider says, up to a minute",
    ),
    knob(
        Envoy,
        DeadPrimaryAsked,
        ENVOY_EJECTION,
        Cooldown(Typed),
        "takes a host that failed `consecutive_5xx` times in a row out for so long; `max_ejection_percent` must let it",
    ),
    knob(Envoy, RtoMissed, ENVOY_TRY_TIMEOUT, TryTimeout(Typed), "ends a try at a silent host, so that another can be asked"),
    knob(
        Envoy,
        RequestsLost,
        ENVOY_RETRY_ON,
        Fixed("5xx,reset,connect-failure,retriable-status-codes"),
        "lists after what another host is asked; add 429 to `retriable_status_codes`",
    ),
    knob(Envoy, RetryStorm, ENVOY_RETRIES, Fixed("1"), "is how often a request is tried again"),
    knob(
        Envoy,
        RetryAfterIgnored,
        "retry_policy.rate_limited_retry_back_off.reset_headers",
        Fixed("[{name: Retry-After, format: SECONDS}]"),
        "makes retries wait for as long as the provider says",
    ),
    knob(Envoy, FailbackMissed, ENVOY_EJECTION_MAX, Cooldown(Typed), "caps the ejection time, which grows with each ejection in a row"),
    knob(
        HaProxy,
        DeadPrimaryAsked,
        HAPROXY_ERROR_LIMIT,
        Fixed("mark-down"),
        "takes a server out after so many failed requests, without waiting for its next health check",
    ),
    knob(HaProxy, RtoMissed, HAPROXY_TIMEOUT, TryTimeout(Whole), "ends a try at a silent server"),
    knob(
        HaProxy,
        RequestsLost,
        HAPROXY_RETRY_ON,
        Fixed("all-retryable-errors"),
        "lists after what a request is tried again; `option redispatch 1` sends each retry to another server",
    ),
    knob(HaProxy, RetryStorm, HAPROXY_RETRIES, Fixed("1"), "is how often a request is tried again"),
    knob(HaProxy, FailbackMissed, HAPROXY_RISE, Fixed("2"), "is how many health checks in a row must pass before a server is used again"),
    knob(Nginx, DeadPrimaryAsked, "server … max_fails=1 fail_timeout", Cooldown(Typed), "takes a server that failed out for so long"),
    knob(Nginx, RtoMissed, NGINX_READ_TIMEOUT, TryTimeout(Whole), "ends a try at a silent server; by default it lasts 60 s"),
    knob(
        Nginx,
        RequestsLost,
        NGINX_NEXT,
        Fixed("error timeout http_429 http_500 http_502 http_503 http_504 non_idempotent"),
        "lists after what the next server is asked; a POST that was sent is only passed on with `non_idempotent`",
    ),
    knob(Nginx, RetryStorm, NGINX_TRIES, Fixed("2"), "is how many servers one request may be tried at"),
    knob(Nginx, FailbackMissed, NGINX_FAIL_TIMEOUT, Cooldown(Typed), "is how long a server that failed is left out"),
    knob(
        Kong,
        DeadPrimaryAsked,
        "config.balancer.fail_timeout",
        Cooldown(Millis),
        "takes a target that failed `config.balancer.max_fails` times out for so long",
    ),
    knob(Kong, RtoMissed, "config.balancer.read_timeout", TryTimeout(Millis), "ends a try at a silent target; by default it lasts 60 s"),
    knob(
        Kong,
        RequestsLost,
        "config.balancer.failover_criteria",
        Fixed("[error, timeout, http_429, http_500, http_502, http_503, http_504, non_idempotent]"),
        "lists after what the next target is asked",
    ),
    knob(Kong, RetryStorm, "config.balancer.retries", Fixed("1"), "is how often a request is tried again"),
    knob(Kong, FailbackMissed, "config.balancer.fail_timeout", Cooldown(Millis), "is how long a target that failed is left out"),
    knob(
        Reference,
        DeadPrimaryAsked,
        REFERENCE_COOLDOWN,
        Cooldown(Typed),
        "is how long a provider is left alone before one request tries it again",
    ),
    knob(Reference, RtoMissed, REFERENCE_TIMEOUT, TryTimeout(Typed), "is how long a try may take before the next provider is asked"),
    knob(Reference, RetryStorm, REFERENCE_RETRIES, Fixed("0"), "is how often the same provider is tried again"),
    knob(
        Reference,
        FailbackMissed,
        REFERENCE_COOLDOWN,
        Cooldown(Typed),
        "is how long a provider is left alone before one request tries it again",
    ),
];

/// Findings that the same setting mends.
const fn kin(finding: FindingId) -> FindingId {
    match finding {
        FindingId::NearMissRto | FindingId::LateAnswers => RtoMissed,
        FindingId::NearMissLost | FindingId::RotationLostRequests | FindingId::RotationWithoutFallback => RequestsLost,
        FindingId::NearMissFailback => FailbackMissed,
        other => other,
    }
}

/// What would mend a finding: by a setting where the gateway is known and has one, else in general.
pub(super) fn suggestion(gateway: Option<GatewayKind>, finding: FindingId, gauge: &Gauge) -> Option<Suggestion> {
    let known = gateway.and_then(|gateway| KNOBS.iter().find(|knob| knob.gateway == gateway && knob.finding == kin(finding)));
    if let Some((knob, value)) = known.and_then(|knob| Some((knob, knob.value.written(gauge)?))) {
        let why = match knob.value {
            KnobValue::TryTimeout(_) => {
                gauge.try_timeout.map(|_| "; the value is twice what the slowest answers before the fault took, within what users may wait")
            }
            KnobValue::Cooldown(_) => Some("; the value leaves time for the way back"),
            KnobValue::Fixed(_) => None,
        };
        let text = format!("Set `{}` to `{value}`: it {}{}.", knob.setting, knob.does, why.unwrap_or_default());
        return Some(Suggestion {
            gateway: Some(knob.gateway.word().to_owned()),
            setting: Some(knob.setting.to_owned()),
            value: Some(value),
            text: Text::own(text),
        });
    }
    let text = general(finding, gauge)?;
    Some(Suggestion { gateway: None, setting: None, value: None, text: Text::own(text) })
}

/// What to do where no setting is known.
fn general(finding: FindingId, gauge: &Gauge) -> Option<String> {
    let limit = gauge.try_timeout.map(|limit| format!(", {} for example", span(limit))).unwrap_or_default();
    Some(match finding {
        FindingId::RtoMissed | FindingId::NearMissRto | FindingId::LateAnswers => {
            format!("Let the gateway give up a silent try sooner{limit}, and let it remember which provider failed.")
        }
        FindingId::DeadPrimaryAsked => "Let the gateway leave a provider alone for a while once it has failed (a circuit breaker, a cooldown).".into(),
        FindingId::Relapse => "Find out what failed then, at which provider; a gateway that tries the broken one again should do so with one request, not with all.".into(),
        FindingId::RequestsLost | FindingId::NearMissLost => {
            "Let the gateway ask the next provider for each way in which a request can fail here, and clients try once more.".into()
        }
        FindingId::TruncatedStreams => {
            "Let clients check that an answer is whole (its last event, its usage) and ask again where it is not: no gateway takes back what it has begun to send.".into()
        }
        FindingId::DuplicateAnswers => "Let requests carry an idempotency key, or let the gateway try again only what was certainly not executed.".into(),
        FindingId::RetryStorm => "Let only one place retry, the gateway or the client, and cap it: each retry is load on a provider that is ill.".into(),
        FindingId::RetryAfterIgnored => "Let the gateway leave a provider alone for as long as its `Retry-After` says.".into(),
        FindingId::StandbyTooSmall => "Buy the standby's capacity, share the load among more standbys, or shed what can wait before it arrives there.".into(),
        FindingId::StandbyOverloaded => "Ask the standby's provider for the capacity, or shed load before it arrives there.".into(),
        FindingId::StandbySlow => "Measure the standby before it is needed: another region, a smaller model or provisioned capacity may serve users sooner.".into(),
        FindingId::FailbackMissed | FindingId::NearMissFailback => "Let the gateway try a healed provider again sooner.".into(),
        FindingId::FailbackHurt => "Let the primary take its share back step by step, with one request first.".into(),
        FindingId::BudgetExceeded => {
            "Let the alert on cost look more often, or fire at a smaller part of the budget; a ceiling at the provider is the last resort.".into()
        }
        FindingId::BudgetGoneUnnoticed => {
            "Let an alert fire on what answers cost, by the tokens that they report and today's prices: the provider's invoice comes too late.".into()
        }
        FindingId::StandbyDearer => "Add a cheaper standby, or accept the raised price: moving all traffic costs more than it saves.".into(),
        FindingId::WritesLost => "Acknowledge a request only once it is kept where the standby sees it.".into(),
        FindingId::OthersTouched => "Aim the fault at the drill's own requests (`match:`), or drill where nobody else is.".into(),
        FindingId::AlertNeverCame => "See why the alert did not fire: its threshold, its window, or the way to the people it wakes.".into(),
        FindingId::NotTakenBack => {
            "See what it left behind; `undo_on_failure: true` at the step runs its undo also when it has failed.".into()
        }
        FindingId::AlertBeforeFault => {
            "See what it told of, mend that or the rule, and drill again; compare the clocks of both hosts where it fired only shortly before.".into()
        }
        FindingId::AlertsNotHeard => "Free the place that `alerts:` of the environment names, or name another.".into(),
        FindingId::StepFailed | FindingId::UndoFailed => "Mend the step, and rehearse it: `lifeboat execute --rehearse`.".into(),
        FindingId::StepOverran => "Find out what took so long, or change what is expected.".into(),
        FindingId::HealNotConfirmed | FindingId::LeaseExpired => "See that nothing is broken any more: `lifeboat heal` removes every fault from a standing proxy.".into(),
        FindingId::OldKeyUsed | FindingId::RotationMissed | FindingId::NearMissRotation => {
            "See which replica reads its key only when it starts, and restart it as a step of the runbook.".into()
        }
        FindingId::KeyStillAccepted | FindingId::OldKeyNotRevoked => "Revoke the old key at its issuer, and ask the provider again.".into(),
        FindingId::TokensNotRenewed => "Let the gateway drop its tokens when it reads its keys again.".into(),
        FindingId::NewKeyRefused | FindingId::NewKeyNotStored => "See which key the store holds, and that it is the one that was created.".into(),
        FindingId::RotationLostRequests | FindingId::RotationWithoutFallback => {
            "Let the gateway ask the next provider where a key is refused (401, 403).".into()
        }
        FindingId::LeftOpen => "Close it by hand, where it is, once the outage is over.".into(),
        FindingId::ContactNotTold => "See that the contact can be reached, and by a second way.".into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_follows_from_what_was_measured() {
        let seconds = Duration::from_secs;
        let gauge = Gauge::of(Some(Duration::from_millis(420)), seconds(8), Some(seconds(20)));
        let said = |gateway, finding| suggestion(Some(gateway), finding, &gauge).unwrap();
        assert_eq!(said(LiteLlm, RtoMissed).value.as_deref(), Some("1"));
        assert_eq!(said(Portkey, FindingId::NearMissRto).value.as_deref(), Some("1000"));
        assert_eq!(
            (said(Envoy, DeadPrimaryAsked).value.as_deref(), said(Kong, DeadPrimaryAsked).value.as_deref()),
            (Some("10s"), Some("10000"))
        );
        let slow = Gauge::of(Some(seconds(9)), seconds(8), None);
        assert_eq!(
            (slow.try_timeout, slow.cooldown),
            (Some(seconds(4)), Some(seconds(30))),
            "a try that lasts for all that users wait leaves no time"
        );
    }

    #[test]
    fn without_a_gateway_or_a_measure_the_advice_is_general() {
        let unknown = suggestion(None, RtoMissed, &Gauge::default()).unwrap();
        assert_eq!((unknown.gateway, unknown.setting, unknown.value), (None, None, None));
        let unmeasured = suggestion(Some(LiteLlm), RtoMissed, &Gauge::default()).unwrap();
        assert_eq!(unmeasured.setting, None, "no value without a baseline");
        assert!(suggestion(Some(GatewayKind::Other), DeadPrimaryAsked, &Gauge::default()).unwrap().setting.is_none());
        assert!(suggestion(None, FindingId::ProxyClock, &Gauge::default()).is_none());
    }

    #[test]
    fn each_gateway_that_has_settings_has_one_for_the_dead_primary_and_for_time() {
        for gateway in [LiteLlm, Portkey, Envoy, HaProxy, Nginx, Kong, Reference] {
            for finding in [DeadPrimaryAsked, RtoMissed, RetryStorm] {
                assert_eq!(
                    KNOBS.iter().filter(|knob| (knob.gateway, knob.finding) == (gateway, finding)).count(),
                    1,
                    "{gateway} {finding}"
                );
            }
        }
    }
}

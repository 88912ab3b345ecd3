//! Which setting would halve the time to cut over, or bound it: each is tried on a copy of the setup, and reckoned again.

use super::failure_shape::{FailureKinds, FailureShape};
use super::reckon::{Expected, reckon};
use super::setting_name::{
    ENVOY_CONSECUTIVE, ENVOY_EJECTION, ENVOY_RETRY_ON, ENVOY_TRY_TIMEOUT, HAPROXY_ERROR_LIMIT, HAPROXY_TIMEOUT, LITELLM_COOLDOWN,
    LITELLM_FALLBACKS, LITELLM_POLICY, LITELLM_TIMEOUT, NGINX_FAIL_TIMEOUT, NGINX_MAX_FAILS, NGINX_NEXT, NGINX_READ_TIMEOUT, PORTKEY_CODES,
    PORTKEY_TIMEOUT, REFERENCE_COOLDOWN, REFERENCE_TIMEOUT,
};
use super::setup::{GatewaySetup, NamedSetting};
use crate::model::{GatewayKind, PredictedChange};
use crate::units::Duration;

/// Shares of what a setting is now that are tried, the largest first.
const SHARES: [u64; 7] = [50, 45, 40, 30, 20, 10, 5];

/// A changed setup, and what was changed.
type ChangedSetting = (GatewaySetup, PredictedChange);

/// What to change so that the time to cut over is no longer than `goal`, or has a limit where there is no goal; and the time that it then takes.
pub fn mending(
    setup: &GatewaySetup,
    shape: FailureShape,
    expected: &Expected,
    goal: Option<Duration>,
) -> Option<(Vec<PredictedChange>, Option<Duration>)> {
    let reaches = |setup: &GatewaySetup| reckon(setup, shape, expected).cutover.filter(|cutover| goal.is_none_or(|goal| *cutover <= goal));
    let single = candidates(setup, shape, expected);
    if let Some((then, change)) = single.iter().find_map(|(setup, change)| Some((reaches(setup)?, change.clone()))) {
        return Some((vec![change], Some(then)));
    }
    let pairs = single.iter().flat_map(|(setup, first)| {
        candidates(setup, shape, expected).into_iter().map(move |(setup, second)| (setup, first.clone(), second))
    });
    let mut pairs = pairs.filter(|(_, first, second)| first.setting != second.setting);
    pairs.find_map(|(setup, first, second)| Some((vec![first, second], Some(reaches(&setup)?))))
}

/// Each setting that could be changed, in the order in which people would.
fn candidates(setup: &GatewaySetup, shape: FailureShape, expected: &Expected) -> Vec<ChangedSetting> {
    [
        timeouts(setup, expected),
        attempts(setup),
        failures(setup),
        passing(setup, shape),
        rest(setup, expected),
        breaker(setup, shape, expected),
    ]
    .concat()
}

fn change<T>(setting: &NamedSetting<T>, value: String) -> PredictedChange {
    PredictedChange { setting: setting.name.clone(), line: setting.line.map(|line| line as u64), value }
}

/// A length of time as this gateway takes it.
pub(super) fn written(kind: GatewayKind, length: Duration) -> String {
    match kind {
        GatewayKind::LiteLlm => format!("{}", length.as_secs_f64()),
        GatewayKind::Portkey => (length.as_nanos() / 1_000_000).to_string(),
        GatewayKind::Envoy => format!("{}s", length.as_secs_f64()),
        GatewayKind::HaProxy | GatewayKind::Nginx => format!("{}ms", length.as_nanos() / 1_000_000),
        _ => length.typed(),
    }
}

/// Rounded to what people write: tenths of a second from a second on, else hundredths.
fn round(length: Duration) -> Duration {
    let step = if length >= Duration::from_secs(1) { 100_000_000 } else { 10_000_000 };
    Duration::from_nanos((length.as_nanos() / step * step).max(10_000_000))
}

fn timeouts(setup: &GatewaySetup, expected: &Expected) -> Vec<ChangedSetting> {
    let timing = &setup.timing;
    let streams = timing.stream_timeout.is_some() && expected.streamed;
    let name = match setup.kind {
        GatewayKind::LiteLlm => LITELLM_TIMEOUT,
        GatewayKind::Portkey => PORTKEY_TIMEOUT,
        GatewayKind::Envoy => ENVOY_TRY_TIMEOUT,
        GatewayKind::HaProxy => HAPROXY_TIMEOUT,
        GatewayKind::Nginx => NGINX_READ_TIMEOUT,
        _ => REFERENCE_TIMEOUT,
    };
    let now = if streams { timing.stream_timeout.clone() } else { timing.timeout.clone() };
    let setting = now.unwrap_or_else(|| NamedSetting::usual(name, expected.slo));
    // Half of what users wait is left to whoever answers.
    let within = Duration::from_nanos(expected.slo.as_nanos() / 2);
    let mut tried: Vec<Duration> = SHARES.iter().map(|share| round(Duration::from_nanos(setting.value.as_nanos() / 100 * share))).collect();
    tried.extend([round(within), round(Duration::from_nanos(within.as_nanos() / 2))]);
    tried.retain(|tried| *tried < setting.value || timing.timeout.is_none());
    tried.sort_by_key(|tried| std::cmp::Reverse(*tried));
    let with = |value: Duration| {
        let mut changed = setup.clone();
        let new = Some(NamedSetting { value, ..setting.clone() });
        if streams {
            changed.timing.stream_timeout = new;
        } else {
            changed.timing.timeout = new;
        }
        (changed, change(&setting, written(setup.kind, value)))
    };
    tried.into_iter().map(with).collect()
}

fn attempts(setup: &GatewaySetup) -> Vec<ChangedSetting> {
    let Some(setting) = setup.timing.attempts.as_ref().filter(|attempts| attempts.value > 1 && setup.kind != GatewayKind::Nginx) else {
        return Vec::new();
    };
    let with = |value: u32| {
        let mut changed = setup.clone();
        changed.timing.attempts = Some(NamedSetting { value, ..setting.clone() });
        // In files it is how often it is tried again.
        (changed, change(setting, (value - 1).to_string()))
    };
    (1..setting.value).rev().map(with).collect()
}

fn failures(setup: &GatewaySetup) -> Vec<ChangedSetting> {
    let Some(setting) = setup.timing.failures.as_ref().filter(|failures| failures.value > 1 && setup.timing.failures_for.is_empty()) else {
        return Vec::new();
    };
    let with = |value: u32| {
        let mut changed = setup.clone();
        changed.timing.failures = Some(NamedSetting { value, ..setting.clone() });
        let written = if setup.kind == GatewayKind::LiteLlm { value - 1 } else { value };
        (changed, change(setting, written.to_string()))
    };
    [setting.value / 2, 1].into_iter().filter(|value| *value > 0).map(with).collect()
}

/// Letting a request that fails go on to the next provider.
fn passing(setup: &GatewaySetup, shape: FailureShape) -> Vec<ChangedSetting> {
    let timing = &setup.timing;
    if timing.passes_on.as_ref().is_some_and(|on| on.value.holds(shape)) {
        return Vec::new();
    }
    let (name, value) = match setup.kind {
        GatewayKind::Nginx => (NGINX_NEXT, "error timeout http_429 http_500 http_502 http_503 http_504 non_idempotent"),
        GatewayKind::Envoy if timing.passes_on.is_some() => (ENVOY_RETRY_ON, "5xx,reset,connect-failure,retriable-status-codes"),
        GatewayKind::Portkey => (PORTKEY_CODES, "[401, 403, 408, 429, 500, 502, 503, 504, 529]"),
        GatewayKind::LiteLlm if setup.hops.len() > 1 => (LITELLM_FALLBACKS, "[{GROUP: [STANDBY]}]"),
        _ => return Vec::new(),
    };
    let mut changed = setup.clone();
    changed.timing.passes_on = Some(NamedSetting::usual(name, FailureKinds::all()));
    let line = timing.passes_on.as_ref().and_then(|on| on.line).map(|line| line as u64);
    vec![(changed, PredictedChange { setting: name.to_owned(), line, value: value.to_owned() })]
}

/// Leaving a provider alone until service has held.
fn rest(setup: &GatewaySetup, expected: &Expected) -> Vec<ChangedSetting> {
    let Some(setting) = setup.timing.cooldown.as_ref().filter(|rests| rests.value < expected.hold && setup.kind != GatewayKind::HaProxy)
    else {
        return Vec::new();
    };
    let mut changed = setup.clone();
    let value = expected.hold.times(2);
    changed.timing.cooldown = Some(NamedSetting { value, ..setting.clone() });
    vec![(changed, change(setting, written(setup.kind, value)))]
}

/// Leaving a provider alone at all.
fn breaker(setup: &GatewaySetup, shape: FailureShape, expected: &Expected) -> Vec<ChangedSetting> {
    let timing = &setup.timing;
    let counts = timing.counts.as_ref().is_some_and(|counts| counts.value.holds(shape));
    if timing.failures.is_some() && counts {
        return Vec::new();
    }
    let (name, value, rests) = match setup.kind {
        GatewayKind::LiteLlm => (
            LITELLM_POLICY,
            "{TimeoutErrorAllowedFails: 2, InternalServerErrorAllowedFails: 2, ServiceUnavailableErrorAllowedFails: 2}",
            LITELLM_COOLDOWN,
        ),
        GatewayKind::Envoy => (ENVOY_CONSECUTIVE, "3", ENVOY_EJECTION),
        GatewayKind::HaProxy => (HAPROXY_ERROR_LIMIT, "observe layer7 error-limit 3 on-error mark-down", HAPROXY_ERROR_LIMIT),
        GatewayKind::Nginx => (NGINX_MAX_FAILS, "3", NGINX_FAIL_TIMEOUT),
        GatewayKind::Reference => (super::setting_name::REFERENCE_FAILURES, "3", REFERENCE_COOLDOWN),
        _ => return Vec::new(),
    };
    let mut changed = setup.clone();
    changed.timing.failures = Some(NamedSetting::usual(name, 3));
    changed.timing.counts_share = false;
    changed.timing.counts = Some(NamedSetting::usual(name, FailureKinds::all()));
    let rested = timing.cooldown.as_ref().map_or(Duration::ZERO, |rests| rests.value).max(expected.hold.times(2));
    changed.timing.cooldown = Some(NamedSetting::usual(rests, rested));
    let line = timing.failures.as_ref().and_then(|failures| failures.line).map(|line| line as u64);
    vec![(changed, PredictedChange { setting: name.to_owned(), line, value: value.to_owned() })]
}

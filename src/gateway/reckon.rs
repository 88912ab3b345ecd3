//! How long a cutover takes at most, as a sum over a gateway's settings (see `README.md`).
//!
//! What this file does not do: look for settings that would mend it (`change`).

use super::failure_shape::FailureShape;
use super::setup::{Comeback, GatewaySetup, LastWait, NamedSetting};
use crate::model::PredictionTerm;
use crate::units::Duration;
use std::fmt::Display;

/// LiteLLM counts failures against a minute's requests: more than half of them must have failed, which takes so long at the worst, when the
/// fault begins in the middle of a minute.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

/// What users expect, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// The longest that a good answer may take.
    pub slo: Duration,
    /// How long service must hold before it counts as recovered.
    pub hold: Duration,
    /// The share of requests that must be good meanwhile, from 0 to 1.
    pub success: f64,
    /// Requests a second.
    pub rate: f64,
    /// True where answers are streamed.
    pub streamed: bool,
}

/// What was reckoned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reckoned {
    /// `None` where nothing bounds it.
    pub(super) cutover: Option<Duration>,
    pub(super) because: String,
    pub(super) wait: Option<Duration>,
    pub(super) passed_on: bool,
    pub(super) terms: Vec<PredictionTerm>,
}

/// What one request goes through that meets the broken provider.
struct Meeting {
    /// Until another is asked, or until it fails; `None` where nothing ends it.
    wait: Option<Duration>,
    /// Of that, until the first failure is noticed.
    first: Option<Duration>,
    sum: Vec<String>,
    passed_on: bool,
}

/// The longest time to cut over when the first provider fails in this way.
pub(super) fn reckon(setup: &GatewaySetup, shape: FailureShape, expected: &Expected) -> Reckoned {
    let mut terms = Vec::new();
    let meeting = meeting(setup, shape, expected, &mut terms);
    let gap = Duration::from(std::time::Duration::from_secs_f64(1.0 / expected.rate.clamp(1e-6, 1e6)));
    let done = |cutover, because, terms| Reckoned { cutover, because, wait: meeting.wait, passed_on: meeting.passed_on, terms };
    if setup.hops.len() < 2 && setup.sharing < 2 {
        return done(None, "there is nobody else to ask".to_owned(), terms);
    }
    // Everybody who meets it is passed on, and served in time: users are never without service.
    if let Some(wait) = meeting.wait.filter(|wait| meeting.passed_on && *wait < expected.slo) {
        let sum = [meeting.sum.clone(), vec![format!("{} until the next request", rounded(gap))]].concat();
        let cutover = wait.plus(gap);
        return done(Some(cutover), format!("{} = {}", sum.join(" + "), rounded(cutover)), terms);
    }
    let (noticed, by_health) = noticed(setup, shape, &meeting, gap, &mut terms);
    let pays = match meeting.wait {
        Some(wait) if meeting.passed_on => format!(
            "each request that meets the provider waits {} for it, longer than the {} that a good answer may take",
            rounded(wait),
            expected.slo
        ),
        Some(wait) => format!("each request that meets the provider fails after {}", rounded(wait)),
        None => "nothing ends a request that meets the provider".to_owned(),
    };
    let Some((noticed, sum)) = noticed else {
        return done(None, format!("{pays}, and nothing leaves the provider alone"), terms);
    };
    match relapse(setup, shape, expected, by_health) {
        Some(relapse) => done(None, format!("{pays}; {relapse}"), terms),
        None => done(Some(noticed), format!("{sum} = {}", rounded(noticed)), terms),
    }
}

/// Where it comes back to a provider that is still broken before service has held, why.
fn relapse(setup: &GatewaySetup, shape: FailureShape, expected: &Expected, by_health: bool) -> Option<String> {
    let timing = &setup.timing;
    let rests = timing.cooldown.as_ref().filter(|_| !by_health)?;
    let returns = match timing.comeback {
        Comeback::Health => !timing.health_notices.holds(shape),
        Comeback::All => true,
        Comeback::OneRequest => 1.0 / (rests.value.as_secs_f64() * expected.rate).max(1.0) > 1.0 - expected.success,
    };
    let at = rests.line.map(|line| format!(" on line {line}")).unwrap_or_default();
    (returns && rests.value < expected.hold).then(|| {
        format!("after {} (`{}`{at}) it asks the provider again, before service has held for {}", rests.value, rests.name, expected.hold)
    })
}

/// One request that meets the broken provider.
fn meeting(setup: &GatewaySetup, shape: FailureShape, expected: &Expected, terms: &mut Vec<PredictionTerm>) -> Meeting {
    let timing = &setup.timing;
    let waiting = match shape {
        FailureShape::Unreachable => timing.connect.as_ref().or(timing.timeout.as_ref()),
        FailureShape::NoAnswer => timing.stream_timeout.as_ref().filter(|_| expected.streamed).or(timing.timeout.as_ref()),
        FailureShape::Refused | FailureShape::Cut | FailureShape::Status(_) => None,
    };
    let waits_for_it = matches!(shape, FailureShape::Unreachable | FailureShape::NoAnswer);
    let is_retried = timing.retries_on.as_ref().is_none_or(|on| on.value.holds(shape));
    let own = timing.attempts_for.iter().find(|(kinds, _)| kinds.holds(shape)).map(|(_, setting)| setting);
    let attempts = own.or(timing.attempts.as_ref()).filter(|_| is_retried || own.is_some());
    let count = attempts.map_or(1, |attempts| attempts.value.max(1));
    let mut passed_on = timing.passes_on.as_ref().is_some_and(|on| on.value.holds(shape));
    let waits: Vec<Duration> = match (timing.waits_on.as_ref().is_none_or(|on| on.holds(shape)), timing.last_wait) {
        (false, _) => Vec::new(),
        (true, LastWait::None) => timing.waits.iter().take(count as usize - 1).copied().collect(),
        (true, LastWait::AfterRetries) => timing.waits.iter().take(if count > 1 { count as usize } else { 0 }).copied().collect(),
        (true, LastWait::BeforeNext) => timing.waits.iter().take(count as usize - usize::from(!passed_on)).copied().collect(),
    };
    let pause = waits.iter().fold(Duration::ZERO, |sum, wait| sum.plus(*wait));
    terms.extend(attempts.map(|attempts| term(attempts, format!("{count} {}", if count == 1 { "attempt" } else { "attempts" }))));
    terms.extend(waiting.map(|setting| term(setting, setting.value)));
    if let Some(backoff) = timing.backoff.as_ref().filter(|_| !waits.is_empty()) {
        terms.push(term(backoff, format!("{pause} in all, at most")));
    }
    let mut sum = Vec::new();
    let each = match (waits_for_it, waiting) {
        (true, Some(setting)) => Some(setting.value),
        (true, None) => None,
        (false, _) => Some(Duration::ZERO),
    };
    let mut wait = each.map(|each| each.times(count).plus(pause));
    if let Some(each) = each.filter(|each| *each > Duration::ZERO) {
        sum.push(if count == 1 { each.to_string() } else { format!("{count} × {each}") });
    }
    if pause > Duration::ZERO {
        sum.push(format!("{pause} between attempts"));
    }
    if let Some(limit) = timing.limit.as_ref().filter(|limit| wait.is_none_or(|wait| wait >= limit.value)) {
        terms.push(term(limit, limit.value));
        (wait, passed_on, sum) = (Some(limit.value), false, vec![limit.value.to_string()]);
    }
    if let Some(within) = timing.pass_within.as_ref() {
        terms.push(term(within, within.value));
        passed_on &= wait.is_some_and(|wait| wait < within.value);
    }
    if let Some(on) = timing.passes_on.as_ref() {
        terms.push(term(on, if passed_on { "passes it on" } else { "does not pass it on" }));
    }
    Meeting { wait, first: each.or_else(|| timing.limit.as_ref().map(|limit| limit.value)), sum, passed_on }
}

/// When the provider is left alone at the latest, and whether by health checks; the sum in words.
fn noticed(
    setup: &GatewaySetup,
    shape: FailureShape,
    meeting: &Meeting,
    gap: Duration,
    terms: &mut Vec<PredictionTerm>,
) -> (Option<(Duration, String)>, bool) {
    let timing = &setup.timing;
    let own = timing.failures_for.iter().find(|(kinds, _)| kinds.holds(shape)).map(|(_, setting)| setting);
    let counts = own.is_some() || timing.counts.as_ref().is_some_and(|counts| counts.value.holds(shape));
    let failures = own.or(timing.failures.as_ref()).filter(|_| counts);
    // Of those who share the load only some ask the broken one.
    let between = gap.times(setup.sharing.max(1) as u32);
    let by_traffic = failures.zip(meeting.first).and_then(|(failures, first)| {
        let asked = between.times(failures.value);
        if timing.window.as_ref().is_some_and(|window| asked > window.value) {
            return None;
        }
        terms.push(term(failures, format!("{} failures", failures.value)));
        terms.extend(timing.cooldown.as_ref().map(|rests| term(rests, rests.value)));
        let share = timing.counts_share && own.is_none();
        let collected = if share { asked.max(HALF_A_MINUTE) } else { asked };
        let how = if share {
            format!("{HALF_A_MINUTE} until more than half of a minute's requests have failed")
        } else {
            format!("{} until {} requests have met it", rounded(asked), failures.value)
        };
        let first_told = (first > Duration::ZERO).then(|| first.to_string());
        Some((first.plus(collected), first_told.into_iter().chain([how]).collect::<Vec<_>>().join(" + ")))
    });
    let asks = timing.health_every.as_ref().zip(timing.health_failures.as_ref()).filter(|_| timing.health_notices.holds(shape));
    let by_health = asks.map(|(every, failures)| {
        let last = timing.health_timeout.as_ref().map_or(every.value, |timeout| timeout.value).max(every.value);
        terms.push(term(every, every.value));
        terms.push(term(failures, format!("{} failed checks", failures.value)));
        (
            every.value.plus(last.times(failures.value)),
            format!("{} until the next health check + {} × {last} until it has failed", every.value, failures.value),
        )
    });
    match (by_traffic, by_health) {
        (Some(traffic), Some(health)) if health.0 < traffic.0 => (Some(health), true),
        (None, health) => (health, true),
        (traffic, _) => (traffic, false),
    }
}

fn term<T>(setting: &NamedSetting<T>, value: impl Display) -> PredictionTerm {
    PredictionTerm { name: setting.name.clone(), value: value.to_string(), line: setting.line.map(|line| line as u64) }
}

/// To the millisecond: a longer number is no better.
fn rounded(length: Duration) -> Duration {
    let millis = length.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(millis)
}

//! `wait_until`: a condition on the drill's live traffic, on a probe of the runbook's own, on somebody's answer, or an alert; outside a drill what
//! is named for that.

use super::http::in_words;
use super::last_seen::LastSeen;
use super::{Context, Output, StepError, inquire};
use crate::history::Live;
use crate::model::{Condition, Goal, HttpProbe};
use crate::units::counted;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// How often the live view is looked at even when nothing new came: windows slide by themselves.
const LOOK: Duration = Duration::from_millis(100);

/// Waits for the condition that starts a runbook; says what was seen.
///
/// # Errors
/// See [`StepError`].
pub async fn detected(condition: &Condition, context: &Context) -> Result<String, StepError> {
    wait(condition, context, &LastSeen::default()).await.map(|output| output.shown)
}

/// Whether anybody answers at an address at all; says who listened, or what went wrong.
///
/// # Errors
/// In words, without the address's path.
pub async fn answers(url: &str) -> Result<String, String> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let parsed = reqwest::Url::parse(url).map_err(|error| format!("it is not a URL: {error}"))?;
    let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = parsed.port_or_known_default().unwrap_or(80);
    let connecting = tokio::net::TcpStream::connect((host.as_str(), port));
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok(_)) => Ok(format!("{host}:{port} accepts connections")),
        Ok(Err(error)) => Err(format!("{host}:{port} accepts no connections: {error}")),
        Err(_) => Err(format!("{host}:{port} does not answer")),
    }
}

pub(super) async fn wait(condition: &Condition, context: &Context, last: &LastSeen) -> Result<Output, StepError> {
    let condition = condition.here(context.live.borrow().in_drill());
    match (&condition.goal, &condition.request) {
        (Goal::Asked(inquiry), _) => inquire::inquire(inquiry, context, last).await,
        (goal, Some(probe)) => probing(probe, goal, context, last).await.map(Output::of),
        (goal, None) => watching(goal, context, last).await.map(Output::of),
    }
}

async fn watching(goal: &Goal, context: &Context, last: &LastSeen) -> Result<String, StepError> {
    let mut live = context.live.clone();
    loop {
        {
            let live = live.borrow_and_update();
            if live.meets(goal, context.clock.now()) {
                let arrived = goal.alert().is_some();
                return Ok(format!("{goal}: {}", if arrived { "received" } else { "seen in the traffic" }));
            }
            if let Some(name) = goal.alert() {
                last.keep(other_alerts(name, &live));
            }
        }
        tokio::select! {
            changed = live.changed() => changed.map_err(|_| StepError::failed("the drill has ended"))?,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// What came in place of the alert that is waited for.
fn other_alerts(name: &str, live: &Live) -> String {
    let alike = crate::units::closest(name, live.alerts.keys().map(String::as_str)).filter(|alike| *alike != name);
    match (alike, live.alerts.get(name), live.alerts.len()) {
        (Some(alike), None, _) => format!("an alert `{alike}` came; this waits for `{name}`"),
        (_, None, 0) => "no alert came".to_owned(),
        (_, None, others) => format!("{} of other names came", counted(others as u64, "alert")),
        (_, Some(alert), _) if alert.firing.is_empty() => "it is over".to_owned(),
        (_, Some(_), _) => "it still fires".to_owned(),
    }
}

async fn probing(probe: &HttpProbe, goal: &Goal, context: &Context, last: &LastSeen) -> Result<String, StepError> {
    let url = context.expand(&probe.to)?;
    let expanded = probe.headers.iter().map(|(name, value)| Ok((name, context.expand(value)?)));
    let headers = expanded.collect::<Result<Vec<(&String, String)>, StepError>>()?;
    let mut every = tokio::time::interval(probe.every.std());
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let began = Instant::now();
    let mut seen = ProbeTally::default();
    last.keep("no probe was answered".to_owned());
    loop {
        every.tick().await;
        let answer = tokio::time::timeout(probe.timeout.std(), asked(context.http.get(&url), &headers).send()).await;
        let (good, ended) = match answer {
            Ok(Ok(response)) => (response.status().is_success(), format!("was answered with {}", response.status().as_u16())),
            Ok(Err(error)) => (false, format!("failed: {}", in_words(&error.without_url()))),
            Err(_) => (false, format!("had no answer within {}", probe.timeout)),
        };
        seen.take(good, Instant::now());
        last.keep(format!("the last of {} {ended}", counted(seen.probes, "probe")));
        if seen.meets(goal, began, Instant::now()) {
            return Ok(format!("{goal}: seen in {} probes", seen.probes));
        }
    }
}

fn asked(request: reqwest::RequestBuilder, headers: &[(&String, String)]) -> reqwest::RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(name.as_str(), value.as_str()))
}

/// The count of probes so far, and of those in a row.
#[derive(Default)]
struct ProbeTally {
    probes: u64,
    good_in_a_row: u32,
    bad_in_a_row: u32,
    recent: VecDeque<(Instant, bool)>,
}

impl ProbeTally {
    fn take(&mut self, good: bool, at: Instant) {
        self.probes += 1;
        (self.good_in_a_row, self.bad_in_a_row) = if good { (self.good_in_a_row + 1, 0) } else { (0, self.bad_in_a_row + 1) };
        self.recent.push_back((at, good));
    }

    fn meets(&mut self, goal: &Goal, began: Instant, now: Instant) -> bool {
        match goal {
            Goal::Fails(count) => self.bad_in_a_row >= *count,
            Goal::Succeeds(count) => self.good_in_a_row >= *count,
            Goal::Success { ratio, over } => {
                while self.recent.front().is_some_and(|(at, _)| now.duration_since(*at) > over.std()) {
                    self.recent.pop_front();
                }
                let good = self.recent.iter().filter(|(_, good)| *good).count();
                now.duration_since(began) >= over.std() && good as f64 >= ratio.get() * self.recent.len() as f64 && !self.recent.is_empty()
            }
            // A probe does not know who answered it, only the proxies do; and alerts come by themselves.
            Goal::ServedBy { .. } | Goal::Latency { .. } | Goal::Spend(_) | Goal::Alert(_) | Goal::Resolved(_) | Goal::Asked(_) => false,
        }
    }
}

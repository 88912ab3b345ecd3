//! When a drill is stopped for safety: what a guard watches, from which value on that is too much, and for how long.
//!
//! A guard looks at a **window** that ends now (`over`), and trips once the value has been beyond its threshold for `for` without a break. With a
//! second threshold (`clears_at`) a break is not the first better moment, but a value that is well again: until then it counts as beyond.
//! Without one, the window is all of `for`, so that a guard is about the requests of that time taken together.
//!
//! What this file does not do: look. `history` folds the drill's own traffic, `drill` asks others.

use super::{Inquiry, InquirySource, NamedWorkload, origin_and_path, words};
use crate::units::{Duration, Money, Ratio};
use serde::Serialize;
use std::fmt;

/// The most guards that a scenario may have.
pub const GUARDS_MAX: usize = 20;
/// The longest window: so much of the traffic is known in detail while it runs.
const WINDOW_MAX: Duration = Duration::from_secs(60);
/// The shortest window that nobody asked for.
const WINDOW_MIN: Duration = Duration::from_secs(1);

/// When a drill is stopped for safety: it heals, takes back, and ends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guard {
    /// What it watches.
    pub watches: GuardWatch,
    /// For how long without a break that must be too much (`for` in YAML).
    pub length: Duration,
}

/// What a guard watches, and what is too much.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuardWatch {
    /// The share of the drill's requests that are answered well, of any workload.
    Success(SuccessLimit),
    /// A percentile of the drill's latencies, of any workload.
    Latency(PercentileLimit),
    /// What the drill may have spent.
    Spend(Money),
    /// Another service, by requests of the guard's own.
    Service(Box<ServiceGuard>),
    /// Somebody outside who may say stop: a URL, or a query of a Prometheus.
    Outside(Box<OutsideGuard>),
}

/// A share that may not fall too low.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SuccessLimit {
    /// Less than this is too little (`success_below` in YAML).
    pub below: Ratio,
    /// From here on it is well again; `None` where that is `below` itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clears_at: Option<Ratio>,
    /// The window that is looked at, where it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<Duration>,
}

/// A percentile of latencies that may not rise too high. What was not answered was not answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PercentileLimit {
    /// The percentile as a share: `p95` is 95%.
    pub share: Ratio,
    /// More than this is too much.
    pub above: Duration,
    /// Down from here it is well again; `None` where that is `above` itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clears_at: Option<Duration>,
    /// The window that is looked at, where it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<Duration>,
}

/// Another service of the inventory, which the drill does not break.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceGuard {
    /// Who is asked for what. The name is the service's.
    pub probe: NamedWorkload,
    /// How often.
    pub every: Duration,
    /// A probe that takes longer was not answered.
    pub timeout: Duration,
    /// How well it must be answered.
    pub limit: SuccessLimit,
}

words! {
    /// What counts where a guard's source does not answer.
    Unreachable {
        /// It says nothing.
        Go = "go",
        /// It says stop.
        Stop = "stop",
    }
}

/// Somebody outside who may say stop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutsideGuard {
    /// Who is asked, and what the answer is while it says stop.
    pub asked: Inquiry,
    /// So long without stop it is well again; zero where the first other answer does.
    pub clears_after: Duration,
    /// What counts where nobody answers.
    pub unreachable: Unreachable,
}

impl Guard {
    /// The usual one: fewer than this share of requests were good over this time.
    pub const fn success(below: Ratio, length: Duration) -> Self {
        Self { watches: GuardWatch::Success(SuccessLimit { below, clears_at: None, over: None }), length }
    }

    /// The time that is looked at, ending now; zero where a guard looks at single answers.
    pub fn window(&self) -> Duration {
        let (over, has_second) = match &self.watches {
            GuardWatch::Success(limit) => (limit.over, limit.clears_at.is_some()),
            GuardWatch::Latency(limit) => (limit.over, limit.clears_at.is_some()),
            GuardWatch::Service(service) => (service.limit.over, service.limit.clears_at.is_some()),
            GuardWatch::Spend(_) | GuardWatch::Outside(_) => return Duration::ZERO,
        };
        // A service is seen only as often as it is asked.
        let least = if let GuardWatch::Service(service) = &self.watches { service.every.times(3).max(WINDOW_MIN) } else { WINDOW_MIN };
        let usual = if has_second { Duration::from_nanos(self.length.as_nanos() / 4).max(least) } else { self.length };
        over.unwrap_or(usual).min(self.length).min(WINDOW_MAX)
    }

    /// The latencies that it counts.
    pub fn latencies(&self) -> impl Iterator<Item = Duration> {
        let limit = if let GuardWatch::Latency(limit) = &self.watches { Some(limit) } else { None };
        limit.into_iter().flat_map(|limit| std::iter::once(limit.above).chain(limit.clears_at))
    }

    /// True where it looks at the drill's own traffic.
    pub const fn looks_at_traffic(&self) -> bool {
        matches!(self.watches, GuardWatch::Success(_) | GuardWatch::Latency(_))
    }

    /// The service that it asks itself.
    pub fn service(&self) -> Option<&ServiceGuard> {
        if let GuardWatch::Service(service) = &self.watches { Some(service) } else { None }
    }

    /// Whom it asks outside.
    pub fn outside(&self) -> Option<&OutsideGuard> {
        if let GuardWatch::Outside(outside) = &self.watches { Some(outside) } else { None }
    }

    /// Where what it sees comes from, without what could be a secret in an address.
    pub fn source(&self) -> String {
        match &self.watches {
            GuardWatch::Success(_) | GuardWatch::Latency(_) => "the drill's own traffic".to_owned(),
            GuardWatch::Spend(_) => "the drill's own requests, at their prices".to_owned(),
            GuardWatch::Service(service) => format!("probes of {}", service.probe.service_name),
            GuardWatch::Outside(outside) => outside.place(),
        }
    }

    /// The most probes that it may send in this time.
    pub fn probes(&self, within: Duration) -> u64 {
        self.service().map_or(0, |service| within.as_nanos().div_ceil(service.every.as_nanos().max(1)) + ServiceGuard::FIRST)
    }
}

impl ServiceGuard {
    /// So many probes are sent before a drill's traffic begins, at the most.
    pub const FIRST: u64 = 3;
}

impl OutsideGuard {
    /// Who is asked: an address without its query, which may hold a token.
    pub fn place(&self) -> String {
        match &self.asked.of {
            InquirySource::Http(call) => bare(&call.url),
            InquirySource::Promql { query, prometheus } => {
                let place = prometheus.as_deref().map_or_else(|| "Prometheus".to_owned(), |url| format!("the Prometheus at {}", bare(url)));
                format!("the query `{query}` of {place}")
            }
            other => other.word().to_owned(),
        }
    }

    /// The sentence that is true while it says stop, without its end: `https://status.example/stop said "stop"`.
    fn claim(&self, is_told: bool) -> String {
        let place = self.place();
        match &self.asked.of {
            InquirySource::Http(call) => {
                let status = call.expect_status.map(|status| format!("with {status}"));
                let said = (self.asked.expects != super::InquiryGoal::Good).then(|| self.asked.expects.to_string());
                let how = status.into_iter().chain(said).collect::<Vec<_>>().join(" and ");
                format!("{place} {} {how}", if is_told { "answered" } else { "answers" })
            }
            _ => format!("{place} {} something", if is_told { "returned" } else { "returns" }),
        }
    }

    /// What is said once it has said stop for too long.
    pub fn told(&self) -> String {
        self.claim(true)
    }
}

/// An address without user, query and fragment.
fn bare(url: &str) -> String {
    let (origin, path) = origin_and_path(url);
    let origin = match (origin.split_once("://"), origin.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => origin.to_owned(),
    };
    format!("{origin}{path}").split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// `p95` for 95%.
fn percentile(share: Ratio) -> String {
    format!("p{}", share.to_string().trim_end_matches('%'))
}

impl SuccessLimit {
    fn clears(&self) -> String {
        self.clears_at.map(|at| format!(", until {at} are again")).unwrap_or_default()
    }
}

impl PercentileLimit {
    /// `p95`.
    pub fn percentile(&self) -> String {
        percentile(self.share)
    }
}

/// What must be the case for a drill to be stopped, as the end of a sentence that begins with "stops when".
impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = &self.length;
        match &self.watches {
            GuardWatch::Success(limit) => {
                write!(f, "fewer than {} of requests are good for {length}{}", limit.below, limit.clears())
            }
            GuardWatch::Latency(limit) => {
                write!(f, "{} is above {} for {length}", limit.percentile(), limit.above)?;
                limit.clears_at.map_or(Ok(()), |at| write!(f, ", until it is below {at} again"))
            }
            GuardWatch::Spend(most) => write!(f, "more than {most} could be spent"),
            GuardWatch::Service(service) => {
                let ServiceGuard { probe, every, limit, .. } = &**service;
                let (name, below) = (&probe.service_name, limit.below);
                write!(f, "fewer than {below} of the probes of {name}, one every {every}, are good for {length}{}", limit.clears())
            }
            GuardWatch::Outside(outside) => {
                write!(f, "{}", outside.claim(false))?;
                if *length > Duration::ZERO {
                    write!(f, " for {length}")?;
                }
                if outside.unreachable == Unreachable::Stop {
                    f.write_str(", or does not answer")?;
                }
                write!(f, " (asked every {})", outside.asked.every)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HttpCall, InquiryGoal};

    fn outside(of: InquirySource, expects: InquiryGoal) -> OutsideGuard {
        let (every, timeout) = (Duration::from_secs(5), Duration::from_secs(2));
        let asked = Inquiry { of, json: None, expects, in_a_row: 1, every, timeout };
        OutsideGuard { asked, clears_after: Duration::ZERO, unreachable: Unreachable::Go }
    }

    #[test]
    fn an_address_is_told_without_what_could_be_a_secret() {
        let url = "https://me:secret@status.example:8443/stop?token=secret#x".to_owned();
        let call =
            HttpCall { method: "GET".into(), url, headers: Default::default(), body: None, expect_status: Some(200), expect_text: None };
        let guard = outside(InquirySource::Http(call), InquiryGoal::Contains("stop".into()));
        assert_eq!(guard.told(), "https://status.example:8443/stop answered with 200 and with `stop`");
        let query = InquirySource::Promql { query: "up > 1".into(), prometheus: None };
        let whole = Guard { watches: GuardWatch::Outside(Box::new(outside(query, InquiryGoal::Something))), length: Duration::ZERO };
        assert_eq!(whole.to_string(), "the query `up > 1` of Prometheus returns something (asked every 5 s)");
    }

    #[test]
    fn a_window_is_all_of_the_time_unless_there_is_a_second_threshold() {
        let seconds = Duration::from_secs;
        let guard = |length, clears_at, over| Guard {
            watches: GuardWatch::Success(SuccessLimit { below: Ratio::new(0.5).unwrap(), clears_at, over }),
            length: seconds(length),
        };
        let second = Ratio::new(0.7);
        for (length, clears_at, over, wanted) in [
            (20, None, None, 20),
            (300, None, None, 60),
            (20, second, None, 5),
            (2, second, None, 1),
            (20, second, Some(seconds(2)), 2),
            (20, None, Some(seconds(30)), 20),
        ] {
            assert_eq!(guard(length, clears_at, over).window(), seconds(wanted), "{length} {clears_at:?} {over:?}");
        }
    }
}

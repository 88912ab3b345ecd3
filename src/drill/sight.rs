//! What the fault proxies see of a drill: events for its history, and while it prepares, who took the requests of its preflight.

use super::{DrillStop, files as limits};
use crate::api::{ExchangeRecord, ProxyEvent};
use crate::control::{Control, EventReader};
use crate::history::{Carried, Event, Remark, RemarkAbout, Served, SightGap, workload_of};
use crate::journal::Recorder;
use crate::step::Keyring;
use crate::traffic::{Budget, WARMING};
use crate::units::Fingerprint;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;

/// So many exchanges are kept of the preflight's requests, and as many of those without a mark: the newest.
const MOST: usize = 256;

/// A summary of what the fault proxies saw so far, small however long a drill takes.
///
/// Of requests without a mark only those that ask a model count. What else passes the proxies is others' affair: health checks that the gateway
/// sends by itself, with or without a key.
#[derive(Debug, Default)]
pub(super) struct SightSummary {
    /// Of the preflight's requests.
    asked: Newest,
    /// Without a mark. Some gateways pass none on, and others than the drill may use this one.
    unmarked: Newest,
    /// How many exchanges there were of each workload's own requests, by its place.
    own: BTreeMap<usize, u64>,
    /// Of the drill's own requests at each provider where a fault is limited to some: how many it may not take, and how many it may.
    reach: BTreeMap<String, [u64; 2]>,
    /// How often a provider answered requests of a workload badly, by its name and the status; 0 where no answer came.
    bad: BTreeMap<usize, BTreeMap<(String, u16), u64>>,
}

/// The newest of a row, each with a number that it keeps.
#[derive(Debug, Default)]
struct Newest {
    kept: VecDeque<Sighted>,
    /// How many came before those that are kept.
    gone: u64,
}

/// One exchange with a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sighted {
    /// The number in its mark; `None` where it has none.
    pub(super) id: Option<u64>,
    /// The provider, by the proxy that saw it.
    pub(super) by: String,
    /// HTTP status; 0 where no answer came.
    pub(super) status: u16,
    /// The credential that it bore.
    pub(super) key: Option<Fingerprint>,
    /// Method and path, where it has no mark.
    pub(super) request: Option<String>,
    /// Whether the faults that are limited to some requests may take it, where there are any.
    pub(super) in_reach: Option<bool>,
}

impl Sighted {
    pub(super) const fn is_good(&self) -> bool {
        self.status < 400 && self.status != 0
    }
}

impl Newest {
    fn push(&mut self, one: Sighted) {
        if self.kept.len() == MOST {
            self.kept.pop_front();
            self.gone += 1;
        }
        self.kept.push_back(one);
    }

    /// How many there were so far.
    fn count(&self) -> u64 {
        self.gone + self.kept.len() as u64
    }

    /// Those after the first `since`, as far as they are kept.
    fn after(&self, since: u64) -> impl Iterator<Item = &Sighted> {
        self.kept.iter().skip(since.saturating_sub(self.gone) as usize)
    }
}

impl SightSummary {
    /// How many model requests without a mark there were.
    pub(super) fn unmarked(&self) -> u64 {
        self.unmarked.count()
    }

    /// Who was asked with this mark, in the order in which their answers ended.
    pub(super) fn of(&self, id: u64) -> Vec<Sighted> {
        self.asked.after(0).filter(|one| one.id == Some(id)).cloned().collect()
    }

    /// Who was asked for a model without a mark, after the first so many.
    pub(super) fn unmarked_after(&self, since: u64) -> Vec<Sighted> {
        self.unmarked.after(since).cloned().collect()
    }

    /// Whether any exchange may have been one of this workload's own requests.
    pub(super) fn has_any_of(&self, place: usize) -> bool {
        self.unmarked() > 0 || self.own.contains_key(&place)
    }

    /// Whether there was any of this drill's, or one that may have been.
    pub(super) fn has_any(&self) -> bool {
        self.unmarked() > 0 || !self.own.is_empty()
    }

    /// Of the drill's own requests at a provider: how many the faults that are limited to some may not take, and how many they may.
    pub(super) fn in_reach_at(&self, provider: &str) -> [u64; 2] {
        self.reach.get(provider).copied().unwrap_or_default()
    }

    /// By whom and how the own requests of a workload were answered badly most often, and how often.
    pub(super) fn worst_of(&self, place: usize) -> Option<(&str, u16, u64)> {
        let ((name, status), count) = self.bad.get(&place)?.iter().max_by_key(|(_, count)| **count)?;
        Some((name, *status, *count))
    }

    pub(super) fn note(&mut self, seen: &ExchangeRecord, tag: u32) {
        let (by, request) = (&seen.proxy, &seen.request);
        let sighted =
            |id| Sighted { id, by: by.clone(), status: seen.status, key: seen.key, request: request.clone(), in_reach: seen.in_reach };
        match (seen.drill, seen.id) {
            (Some(drill), Some(id)) if drill == tag => {
                let place = workload_of(id);
                *self.own.entry(place).or_default() += 1;
                if let Some(in_reach) = seen.in_reach {
                    self.reach.entry(seen.proxy.clone()).or_default()[usize::from(in_reach)] += 1;
                }
                if seen.status >= 400 || seen.status == 0 {
                    *self.bad.entry(place).or_default().entry((seen.proxy.clone(), seen.status)).or_default() += 1;
                }
            }
            (Some(drill), Some(id)) if drill == !tag => self.asked.push(sighted(Some(id))),
            (None, _) if seen.posts => self.unmarked.push(sighted(None)),
            _ => {}
        }
    }
}

/// Records what the proxies see as events, as far as it belongs to this drill.
pub(super) struct SightFollower {
    pub(super) control: Arc<Control>,
    pub(super) tag: u32,
    pub(super) recorder: Recorder,
    pub(super) budget: Arc<Budget>,
    /// With their credentials. On a standing proxy there are others.
    pub(super) providers: BTreeMap<String, String>,
    pub(super) keyring: Keyring,
    pub(super) hindered: watch::Sender<Option<DrillStop>>,
    /// Whether the proxy is the drill's own.
    pub(super) is_embedded: bool,
    /// What is told of it while the drill runs.
    pub(super) sight: watch::Sender<SightSummary>,
}

impl SightFollower {
    pub(super) async fn follow(self, mut sight: EventReader) {
        let clock = self.recorder.clock();
        // A stream of events that is cut ends the sight; requests it would have told of stay without a server, and the verdict says so.
        while let Ok(Some(event)) = sight.next().await {
            match event {
                ProxyEvent::Exchange(seen) => {
                    let beside = if seen.drill == Some(!self.tag) { WARMING } else { 0 };
                    let own = seen.id.filter(|_| beside != 0 || seen.drill == Some(self.tag));
                    // Failed attempts cost nothing; those that broke off cost as much as whole ones.
                    let is_billed = seen.status < 400 && seen.posts;
                    if let Some(id) = own {
                        self.budget.saw(id | beside, &seen.proxy, is_billed, !seen.cut);
                    } else if seen.drill.is_none() && is_billed && self.is_embedded {
                        self.budget.saw_nameless(&seen.proxy);
                    }
                    if self.providers.contains_key(&seen.proxy) {
                        self.sight.send_modify(|sight| sight.note(&seen, self.tag));
                    }
                    if seen.drill.is_some_and(|drill| drill != self.tag) {
                        continue;
                    }
                    let revoked = self.providers.get(&seen.proxy).is_some_and(|of| self.keyring.refused(of, seen.key, seen.status));
                    let served = Served {
                        id: seen.drill.and(seen.id),
                        by: seen.proxy.into(),
                        at: clock.at(self.control.offset().near(seen.at)),
                        took: seen.took,
                        status: seen.status,
                        key: seen.key,
                        cut: seen.cut,
                        touched: seen.touched || revoked,
                        request: seen.request.filter(|_| seen.drill.is_none()),
                        tenant: seen.tenant,
                        tokens: seen.tokens,
                    };
                    self.recorder.record(Event::Served(served)).await;
                }
                ProxyEvent::Connection(seen) if self.providers.contains_key(&seen.proxy) => {
                    let carried = Carried {
                        by: seen.proxy.into(),
                        at: clock.at(self.control.offset().near(seen.at)),
                        took: seen.took,
                        up: seen.up,
                        down: seen.down,
                        cut: seen.cut,
                        touched: seen.touched,
                    };
                    self.recorder.record(Event::Carried(carried)).await;
                }
                ProxyEvent::Full { waited } => {
                    self.hindered.send_if_modified(|why| why.is_none() && why.replace(limits::waited(waited)).is_none());
                }
                ProxyEvent::Gap { missed } => self.recorder.record(Event::SightGap(SightGap { missed })).await,
                _ => {}
            }
        }
        self.cut().await;
    }

    /// The stream of events has ended while the drill runs. Where the proxy is the drill's own, it is gone with it.
    async fn cut(&self) {
        if self.hindered.borrow().is_some() {
            return;
        }
        let text = "the fault proxy no longer reports what it sees: its stream of events was cut".to_owned();
        self.recorder.record(Event::Remark(Remark { about: RemarkAbout::Sight, text })).await;
        if self.is_embedded {
            let stop = DrillStop::environment("the drill's own fault proxy has stopped");
            self.hindered.send_replace(Some(stop.with_hint("run it again with `LIFEBOAT_LOG=warn` to see why")));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::api::ServerTime;
    use crate::history::request_id;

    const TAG: u32 = 7;

    /// An exchange with this mark, if any, that asks for a model or only looks.
    pub(in crate::drill) fn exchange(by: &str, mark: Option<(u32, u64)>, status: u16, posts: bool) -> ExchangeRecord {
        let (drill, id) = mark.unzip();
        let (proxy, request) = (by.to_owned(), mark.is_none().then(|| if posts { "POST /v1" } else { "GET /v1/models" }.to_owned()));
        ExchangeRecord {
            proxy,
            drill,
            id,
            at: ServerTime(0),
            took: 1,
            status,
            key: None,
            cut: false,
            touched: false,
            stream: false,
            posts,
            request,
            in_reach: None,
            tenant: None,
            tokens: None,
        }
    }

    #[test]
    fn of_what_passes_only_what_asks_a_model_or_bears_a_mark_is_noted() {
        let (second, third) = (request_id(1, 3), request_id(2, 0));
        // What passes; how often the preflight's request 5 is seen, unmarked ones, and whether there is any of the workloads 0 to 2.
        for (mark, status, posts, wanted) in [
            (Some((!TAG, 5)), 200, true, (1, 0, [false; 3])),
            (Some((!TAG, 6)), 200, true, (0, 0, [false; 3])),
            (None, 200, true, (0, 1, [true; 3])),
            (None, 401, true, (0, 1, [true; 3])),
            (None, 401, false, (0, 0, [false; 3])),
            (None, 200, false, (0, 0, [false; 3])),
            (Some((TAG, 5)), 200, true, (0, 0, [true, false, false])),
            (Some((TAG, second)), 429, true, (0, 0, [false, true, false])),
            (Some((TAG, third)), 200, false, (0, 0, [false, false, true])),
            (Some((TAG + 1, 5)), 200, true, (0, 0, [false; 3])),
        ] {
            let mut sight = SightSummary::default();
            sight.note(&exchange("first", mark, status, posts), TAG);
            let of = [0, 1, 2].map(|place| sight.has_any_of(place));
            assert_eq!((sight.of(5).len(), sight.unmarked(), of), wanted, "{mark:?} {status} {posts}");
        }
    }

    #[test]
    fn what_was_answered_badly_is_its_own_workloads() {
        let mut sight = SightSummary::default();
        for (place, status, times) in [(0, 200, 9), (0, 503, 2), (0, 0, 1), (1, 429, 40)] {
            (0..times).for_each(|number| sight.note(&exchange("first", Some((TAG, request_id(place, number))), status, true), TAG));
        }
        let worst = [0, 1, 2].map(|place| sight.worst_of(place));
        assert_eq!(worst, [Some(("first", 503, 2)), Some(("first", 429, 40)), None]);
    }

    #[test]
    fn the_newest_are_kept_however_many_there_were() {
        let mut sight = SightSummary::default();
        let unmarked = |sight: &mut SightSummary, count: usize, status| {
            (0..count).for_each(|_| sight.note(&exchange("first", None, status, true), TAG));
        };
        unmarked(&mut sight, 10 * MOST, 200);
        let before = sight.unmarked();
        assert_eq!((before, sight.unmarked_after(before).len()), (10 * MOST as u64, 0));
        unmarked(&mut sight, 2, 503);
        let after = sight.unmarked_after(before);
        assert!(after.len() == 2 && after.iter().all(|one| one.status == 503), "{after:?}");
        (0..10 * MOST as u64).for_each(|id| sight.note(&exchange("second", Some((!TAG, id)), 200, true), TAG));
        unmarked(&mut sight, 10 * MOST, 200);
        assert_eq!((sight.of(10 * MOST as u64 - 1).len(), sight.of(0).len()), (1, 0));
        assert_eq!((sight.unmarked_after(0).len(), sight.asked.kept.len()), (MOST, MOST));
    }
}

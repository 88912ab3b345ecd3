//! What the fault proxies see of a drill: events for its history, and while it prepares, who took the requests of its preflight.

use super::files as limits;
use crate::history::{Carried, Event, Remark, RemarkAbout, Served, SightGap};
use crate::journal::Recorder;
use crate::step::Keyring;
use crate::toxiproxy::{Control, Events, Exchange, SightEvent};
use crate::traffic::{Budget, WARMING};
use crate::units::Fingerprint;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// Of requests before the baseline so many exchanges are kept.
const MOST: usize = 256;

/// What was seen so far, in short.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// Exchanges of the preflight's requests, and those without a mark.
    pub(super) before: Vec<Sighted>,
    /// How many exchanges there were of the drill's own requests, and of those without a mark.
    pub(super) exchanges: u64,
    /// How often a provider answered a request of the drill badly, by its name and the status; 0 where no answer came.
    pub(super) bad: BTreeMap<(String, u16), u64>,
}

/// One exchange with a provider before the baseline.
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
}

impl Sight {
    fn note(&mut self, seen: &Exchange, tag: u32) {
        let is_own = seen.drill == Some(tag);
        if is_own || seen.drill.is_none() {
            self.exchanges += 1;
        }
        if is_own && (seen.status >= 400 || seen.status == 0) {
            *self.bad.entry((seen.proxy.clone(), seen.status)).or_default() += 1;
        }
        if (seen.drill == Some(!tag) || seen.drill.is_none()) && self.before.len() < MOST {
            let id = seen.id.filter(|_| seen.drill.is_some());
            let request = seen.request.clone();
            self.before.push(Sighted { id, by: seen.proxy.clone(), status: seen.status, key: seen.key, request });
        }
    }
}

/// Makes events of what the proxies see, as far as it belongs to this drill.
pub(super) struct Follower {
    pub(super) control: Arc<Control>,
    pub(super) tag: u32,
    pub(super) recorder: Recorder,
    pub(super) budget: Arc<Budget>,
    /// With their credentials. On a standing proxy there are others.
    pub(super) providers: BTreeMap<String, String>,
    pub(super) keyring: Keyring,
    pub(super) hindered: watch::Sender<Option<String>>,
    /// Whether the proxy is the drill's own.
    pub(super) is_embedded: bool,
    /// What is told of it while the drill runs.
    pub(super) sight: watch::Sender<Sight>,
}

impl Follower {
    pub(super) async fn follow(self, mut sight: Events) {
        let clock = self.recorder.clock();
        // A stream of events that is cut ends the sight; requests it would have told of stay without a server, and the verdict says so.
        while let Ok(Some(event)) = sight.next().await {
            match event {
                SightEvent::Exchange(seen) => {
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
                    };
                    self.recorder.record(Event::Served(served)).await;
                }
                SightEvent::Connection(seen) if self.providers.contains_key(&seen.proxy) => {
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
                SightEvent::Full { waited } => {
                    self.hindered.send_if_modified(|why| why.is_none() && why.replace(limits::waited(waited)).is_none());
                }
                SightEvent::Gap { missed } => self.recorder.record(Event::SightGap(SightGap { missed })).await,
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
            self.hindered.send_replace(Some(
                "the drill's own fault proxy has stopped\n\nhint: run it again with `LIFEBOAT_LOG=warn` to see why".to_owned(),
            ));
        }
    }
}

//! Requests and what was tried for each, gathered in the order in which a history tells of them, and packed while it is read.
//!
//! Events come when requests end; what belongs together here is what was due together, a block of requests with their attempts. Blocks of which
//! something was told of late are open, and written like any array. The others are packed, with who answered, which follows from a block's own
//! attempts. A block is opened again where something more is told of it, so that no order of events changes what comes out: only how much memory
//! and time it takes.
//!
//! What this file does not do: read events (`fold`).

use super::event::Outcome;
use super::evidence::Shadow;
use super::judged_request::{Attempt, By, JudgedRequest};
use super::judged_requests::{
    ANSWERED, AttemptNumbers, Attempts, BLOCK, COMPLETED, FLAGS, JudgedRequests, REACHED, RequestNumbers, TOUCHED, code,
};
use super::packed_rows::{PackedRows, ordered, signed_again};
use std::collections::VecDeque;

/// So many blocks are open at first: requests that are under way together.
const OPEN: usize = 128;
/// How far a request may run ahead of those that ended before it; a number beyond that is damage, not a request.
pub(super) const AHEAD: usize = 10_000_000;

/// Requests that the generator never planned: a place in the schedule of which no event tells.
const MISSING: JudgedRequest = JudgedRequest { due: i64::MIN, sent: 0, proof: 0, done: 0, by: By::Nobody, outcome: Outcome::Unsent };

/// An attempt as a proxy saw it.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeenAttempt {
    pub(super) at: i64,
    pub(super) took: i64,
    pub(super) provider: u16,
    pub(super) completed: bool,
    pub(super) touched: bool,
    pub(super) reached: bool,
    /// True where an answer began well, whole or not.
    pub(super) answered: bool,
}

/// All requests of a workload in the making.
#[derive(Debug)]
pub(super) struct TrafficLog {
    blocks: Vec<LoggedBlock>,
    /// The places of those that are open, in the order in which they were opened.
    open: VecDeque<usize>,
    most_open: usize,
    /// How many were opened again.
    reopened: usize,
    /// One more than the largest number of a request that was told of.
    len: usize,
    /// Of how many numbers below that something was told.
    told: usize,
    /// Attempts for requests that are too far ahead to be ones.
    far: Vec<(u64, SeenAttempt)>,
    /// The provider that is asked beside the one that answers.
    shadow: Option<u16>,
}

#[derive(Debug)]
enum LoggedBlock {
    /// Nothing was told of it yet.
    Empty,
    Open(Box<OpenBlock>),
    Packed(Box<(PackedRows<5>, PackedRows<4>)>),
}

#[derive(Debug)]
struct OpenBlock {
    /// Always [`BLOCK`] of them.
    requests: Vec<RequestNumbers>,
    attempts: Vec<AttemptNumbers>,
}

/// What is known of all requests in the end.
pub(super) struct LoggedTraffic {
    pub(super) requests: JudgedRequests,
    pub(super) attempts: Attempts,
    pub(super) shadows: Vec<Shadow>,
    /// True where proxies saw any attempt.
    pub(super) attempts_seen: bool,
    /// True where of every number something was told.
    pub(super) whole: bool,
}

impl TrafficLog {
    pub(super) const fn new(shadow: Option<u16>) -> Self {
        Self { blocks: Vec::new(), open: VecDeque::new(), most_open: OPEN, reopened: 0, len: 0, told: 0, far: Vec::new(), shadow }
    }

    /// One more than the largest number of a request that was told of.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The request with this number ended.
    pub(super) fn end(&mut self, number: u64, request: &JudgedRequest) {
        let Ok(place) = usize::try_from(number) else { return };
        if place >= self.len {
            if place - self.len > AHEAD {
                return;
            }
            self.len = place + 1;
        }
        let slot = &mut self.open(place / BLOCK).requests[place % BLOCK];
        let is_new = slot[0] == ordered(MISSING.due);
        *slot = request.numbers();
        self.told += usize::from(is_new && request.due != MISSING.due);
    }

    /// An attempt for the request with this number.
    pub(super) fn attempt(&mut self, number: u64, seen: SeenAttempt) {
        let Some(place) = usize::try_from(number).ok().filter(|place| *place <= self.len + AHEAD) else {
            self.far.push((number, seen));
            return;
        };
        let took = if self.shadow.is_some() { seen.took } else { 0 };
        let flags = [(seen.completed, COMPLETED), (seen.reached, REACHED), (seen.touched, TOUCHED), (seen.answered, ANSWERED)];
        let flags = flags.iter().map(|(is, flag)| u64::from(*is) * flag).sum::<u64>();
        let row = [(place % BLOCK) as u64, ordered(seen.at), ordered(took), (u64::from(seen.provider) << FLAGS) | flags];
        self.open(place / BLOCK).attempts.push(row);
    }

    /// The block at this place, to be written.
    fn open(&mut self, block: usize) -> &mut OpenBlock {
        if self.blocks.len() <= block {
            self.blocks.resize_with(block + 1, || LoggedBlock::Empty);
        }
        if !matches!(self.blocks[block], LoggedBlock::Open(_)) {
            self.reopen(block);
        }
        match &mut self.blocks[block] {
            LoggedBlock::Open(open) => open,
            LoggedBlock::Empty | LoggedBlock::Packed(_) => unreachable!("it was opened"),
        }
    }

    fn reopen(&mut self, block: usize) {
        while self.open.len() >= self.most_open
            && let Some(oldest) = self.open.pop_front()
        {
            self.pack(oldest);
        }
        self.open.push_back(block);
        let opened = match std::mem::replace(&mut self.blocks[block], LoggedBlock::Empty) {
            LoggedBlock::Packed(packed) => {
                self.reopened += 1;
                OpenBlock { requests: packed.0.iter().collect(), attempts: packed.1.iter().collect() }
            }
            _ => OpenBlock { requests: vec![MISSING.numbers(); BLOCK], attempts: Vec::new() },
        };
        self.blocks[block] = LoggedBlock::Open(Box::new(opened));
        // Requests that end in a wilder order than is usual: more are under way together.
        if self.reopened > 2 * self.blocks.len() + OPEN {
            (self.most_open, self.reopened) = (self.most_open.saturating_mul(2), 0);
        }
    }

    fn pack(&mut self, block: usize) {
        let LoggedBlock::Open(open) = &mut self.blocks[block] else { return };
        open.attribute(self.shadow);
        let packed = (PackedRows::pack(&open.requests), PackedRows::pack(&open.attempts));
        self.blocks[block] = LoggedBlock::Packed(Box::new(packed));
    }

    /// What was gathered.
    pub(super) fn finish(mut self) -> LoggedTraffic {
        for (number, seen) in std::mem::take(&mut self.far) {
            if number < self.len as u64 {
                self.attempt(number, seen);
            } else {
                self.far.push((number, seen));
            }
        }
        for block in std::mem::take(&mut self.open) {
            self.pack(block);
        }
        let shadows = self.shadow.map_or_else(Vec::new, |shadow| self.take_shadows(shadow));
        let whole = self.told == self.len;
        let (mut requests, mut attempts) = (Vec::new(), Vec::new());
        let nothing = || (PackedRows::pack(&vec![MISSING.numbers(); BLOCK]), PackedRows::pack(&[]));
        let blocks = self.blocks.into_iter().chain(std::iter::repeat_with(|| LoggedBlock::Empty));
        for (block, logged) in blocks.take(self.len.div_ceil(BLOCK)).enumerate() {
            let (mut own, mut tried) = if let LoggedBlock::Packed(packed) = logged { *packed } else { nothing() };
            let last = self.len - block * BLOCK;
            if last < BLOCK {
                own = PackedRows::pack(&own.iter().take(last).collect::<Vec<_>>());
                tried = PackedRows::pack(&tried.iter().filter(|row| row[0] < last as u64).collect::<Vec<_>>());
            }
            requests.push(own);
            attempts.push(tried);
        }
        let (requests, attempts) = (JudgedRequests::of_blocks(requests), Attempts::of_blocks(attempts));
        let attempts_seen = !attempts.is_empty();
        let all = LoggedTraffic { requests, attempts, shadows, attempts_seen, whole };
        if whole { all } else { all.without_missing() }
    }

    /// Takes out what was asked only to compare.
    fn take_shadows(&mut self, shadow: u16) -> Vec<Shadow> {
        let mut shadows = Vec::new();
        for (block, logged) in self.blocks.iter_mut().enumerate() {
            let LoggedBlock::Packed(packed) = logged else { continue };
            let rows: Vec<AttemptNumbers> = packed.1.iter().collect();
            let mut kept = Vec::with_capacity(rows.len());
            for group in rows.chunk_by(|left, right| left[0] == right[0]) {
                let first = place_of_shadow(group, shadow);
                kept.extend(group.iter().enumerate().filter(|(place, _)| Some(*place) != first).map(|(_, row)| *row));
                let request = u32::try_from(block * BLOCK + group[0][0] as usize);
                shadows.extend(first.zip(request.ok()).map(|(first, request)| told_of_shadow(group, first, request)));
            }
            packed.1 = PackedRows::pack(&kept);
        }
        shadows
    }
}

impl OpenBlock {
    /// Joins the proxies' sight to the requests: who answered is the one provider that completed an attempt, preferring attempts that no fault
    /// touched; where several did, or where an answer came (or might still have come) that no proxy saw, it is unknown.
    fn attribute(&mut self, shadow: Option<u16>) {
        self.attempts.sort_by_key(|row| (row[0], row[1]));
        for request in &mut self.requests {
            let may_have_come = [Outcome::Ok as u64, Outcome::Unknown as u64].contains(&(request[4] & 7));
            request[4] = (code(if may_have_come { By::Unknown } else { By::Nobody }) << 3) | (request[4] & 7);
        }
        for group in self.attempts.chunk_by(|left, right| left[0] == right[0]) {
            let beside = shadow.and_then(|shadow| place_of_shadow(group, shadow));
            let seen = || group.iter().enumerate().filter(|(place, _)| Some(*place) != beside).map(|(_, row)| row[3]);
            let Some(by) = completed_by(seen(), 0).or_else(|| completed_by(seen(), TOUCHED)) else { continue };
            let request = &mut self.requests[group[0][0] as usize];
            request[4] = (code(by) << 3) | (request[4] & 7);
        }
    }
}

fn completed_by(seen: impl Iterator<Item = u64>, touched: u64) -> Option<By> {
    let mut who = seen.filter(|seen| seen & COMPLETED > 0 && seen & TOUCHED <= touched).map(|seen| seen >> FLAGS);
    let first = who.next()?;
    Some(if who.all(|other| other == first) { By::Provider(first as u16) } else { By::Unknown })
}

/// Which of a request's attempts was only asked to compare: one at the shadow's provider, where others beside it tell that it was not the way to an
/// answer. Of several there it is the first that was not read to its end: some gateways hang up on what they mirror.
fn place_of_shadow(group: &[AttemptNumbers], shadow: u16) -> Option<usize> {
    let own = || group.iter().enumerate().filter(|(_, row)| row[3] >> FLAGS == u64::from(shadow)).map(|(place, _)| place);
    let first = own().find(|place| own().count() > 1 && group[*place][3] & COMPLETED == 0).or_else(|| own().next());
    first.filter(|_| group.len() > 1)
}

fn told_of_shadow(group: &[AttemptNumbers], first: usize, request: u32) -> Shadow {
    let [_, _, took, provider] = group[first];
    let beside = group.iter().enumerate().find(|(place, row)| *place != first && row[3] & COMPLETED > 0);
    Shadow {
        request,
        provider: (provider >> FLAGS) as u16,
        took: signed_again(took),
        answered: provider & ANSWERED > 0,
        completed: provider & COMPLETED > 0,
        beside: beside.map(|(_, row)| signed_again(row[2])),
    }
}

impl LoggedTraffic {
    /// Without the places that no event told of: in a finished drill there are none, in a killed one those that were in flight.
    fn without_missing(mut self) -> Self {
        let mut moved = vec![u32::MAX; self.requests.len()];
        let mut kept = 0;
        for (place, request) in self.requests.iter().enumerate().filter(|(_, request)| request.due != MISSING.due) {
            moved[place] = kept;
            kept += u32::from(request.due != MISSING.due);
        }
        let of = |place: u32| moved.get(place as usize).copied().filter(|place| *place != u32::MAX);
        self.requests = self.requests.iter().filter(|request| request.due != MISSING.due).collect();
        self.attempts = self.attempts.iter().filter_map(|attempt| Some(Attempt { request: of(attempt.request)?, ..attempt })).collect();
        self.shadows = self.shadows.iter().filter_map(|shadow| Some(Shadow { request: of(shadow.request)?, ..*shadow })).collect();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// A request that ended, with its outcome, or an attempt: at which provider, and whether it was completed and touched.
    #[derive(Debug, Clone, Copy)]
    enum Told {
        Ended(u64, Outcome),
        Tried(u64, u16, bool, bool),
    }

    fn told() -> impl Strategy<Value = Told> {
        let number = prop_oneof![8 => 0_u64..3_000, 1 => 9_000_u64..9_100, 1 => Just(40_000_000)];
        let outcome = prop::sample::select(vec![Outcome::Ok, Outcome::Ok, Outcome::Error, Outcome::Unknown]);
        let ended = (number.clone(), outcome).prop_map(|(number, outcome)| Told::Ended(number, outcome));
        let tried = (number, 0_u16..3, any::<bool>(), any::<bool>());
        prop_oneof![ended, tried.prop_map(|(number, provider, completed, touched)| Told::Tried(number, provider, completed, touched))]
    }

    fn request(number: u64, outcome: Outcome) -> JudgedRequest {
        let due = number as i64 * 1_000;
        JudgedRequest { due, sent: due + 3, proof: due + 70, done: due + 90, by: By::Nobody, outcome }
    }

    /// The same with every event kept until the end.
    fn plainly(all: &[Told], shadow: Option<u16>) -> (Vec<JudgedRequest>, Vec<(u32, i64, u16)>, usize) {
        let (mut ended, mut tried) = (BTreeMap::new(), BTreeMap::<u64, Vec<(i64, u16, bool, bool)>>::new());
        let mut len = 0;
        for (at, event) in (0..).zip(all) {
            match *event {
                Told::Ended(number, outcome) if number < len + AHEAD as u64 => {
                    ended.insert(number, outcome);
                    len = len.max(number + 1);
                }
                Told::Ended(..) => {}
                Told::Tried(number, provider, completed, touched) => {
                    tried.entry(number).or_default().push((at, provider, completed, touched));
                }
            }
        }
        let (mut requests, mut attempts, mut shadows) = (Vec::new(), Vec::new(), 0);
        for (place, (number, outcome)) in (0..).zip(ended) {
            let mut own = tried.get(&number).cloned().unwrap_or_default();
            let beside = own.iter().position(|(_, provider, completed, _)| {
                Some(*provider) == shadow && (!completed || own.iter().filter(|(_, other, ..)| Some(*other) == shadow).count() == 1)
            });
            let beside = beside.or_else(|| own.iter().position(|(_, provider, ..)| Some(*provider) == shadow)).filter(|_| own.len() > 1);
            if let Some(beside) = beside {
                own.remove(beside);
                shadows += 1;
            }
            let mut by: Vec<u16> = own.iter().filter(|(_, _, completed, touched)| *completed && !touched).map(|own| own.1).collect();
            if by.is_empty() {
                by = own.iter().filter(|own| own.2).map(|own| own.1).collect();
            }
            by.dedup();
            let by = match (by.as_slice(), outcome) {
                ([only], _) => By::Provider(*only),
                ([], Outcome::Error) => By::Nobody,
                _ => By::Unknown,
            };
            requests.push(JudgedRequest { by, ..request(number, outcome) });
            attempts.extend(own.iter().map(|(at, provider, ..)| (place, *at, *provider)));
        }
        (requests, attempts, shadows)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn no_order_of_events_and_no_packing_changes_what_comes_out(
            all in prop::collection::vec(told(), 0..400), most_open in 1_usize..4, shadow in prop::option::of(Just(2_u16)),
        ) {
            let mut log = TrafficLog::new(shadow);
            log.most_open = most_open;
            for (at, event) in (0..).zip(&all) {
                match *event {
                    Told::Ended(number, outcome) => log.end(number, &request(number, outcome)),
                    Told::Tried(number, provider, completed, touched) => {
                        log.attempt(number, SeenAttempt { at, took: 5, provider, completed, touched, reached: true, answered: completed });
                    }
                }
            }
            let whole = log.told == log.len;
            let logged = log.finish();
            let (requests, attempts, shadows) = plainly(&all, shadow);
            prop_assert_eq!(logged.requests.iter().collect::<Vec<_>>(), requests);
            let tried: Vec<_> = logged.attempts.iter().map(|attempt| (attempt.request, attempt.at, attempt.provider)).collect();
            prop_assert_eq!(tried, attempts);
            prop_assert!(logged.shadows.len() >= shadows && (whole || logged.shadows.len() == shadows));
            prop_assert_eq!(logged.whole, whole);
        }
    }

    #[test]
    fn requests_that_end_in_a_wild_order_keep_more_blocks_open() {
        let mut log = TrafficLog::new(None);
        log.most_open = 2;
        for number in (0..20_u64).flat_map(|turn| (0..60).map(move |block| block * BLOCK as u64 + turn)) {
            log.end(number, &request(number, Outcome::Ok));
        }
        assert!(log.most_open > 2 && log.open.len() <= log.most_open, "{}", log.most_open);
        assert_eq!(log.told, 1_200);
    }
}

//! One direction of one connection: the toxics on its bytes, in their order, and what waits in them.
//!
//! ```text
//!  push ──► station ──► station ──► ready ──► the socket
//!           (toxic,     (toxic,
//!            queue)      queue)
//! ```
//!
//! Each station stamps what reaches it with the moment at which it may go on, never earlier than what came before it, so order is kept. A
//! toxic that is removed gives what waits in it to the next station at once; one that is changed plans what waits in it anew.
//!
//! What this file does not do: sockets, timers, clocks. Moments are nanoseconds of the host's clock, and come in.

use super::fault_set::ActiveToxic;
use crate::fault::{ByteStage, ChunkFate, NEVER};
use crate::units::Seed;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// What is read at once where no toxic is in the way.
const CLEAR_ROOM: usize = 64 << 10;

/// What travels in a lane: bytes, or the end of the stream.
#[derive(Debug)]
enum LaneLoad {
    Bytes(Bytes),
    End,
    /// The end that a toxic made.
    Close,
}

/// Something that waits at a station until it is due.
#[derive(Debug)]
struct LaneItem {
    arrived: u64,
    due: u64,
    load: LaneLoad,
}

/// One toxic in a lane, with the queue of what it holds back.
#[derive(Debug)]
struct ToxicStation {
    active: Arc<ActiveToxic>,
    stage: Box<dyn ByteStage>,
    queue: VecDeque<LaneItem>,
    /// The due of what came last: nothing later may pass sooner.
    last_due: u64,
    reset_at: Option<u64>,
    /// It closed the stream: whatever still comes is lost.
    is_shut: bool,
    has_acted: bool,
}

/// How a toxic on bytes ends the whole connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ForcedEnd {
    /// It is reset.
    Reset,
    /// It is closed; everything that may still pass has passed.
    Close,
}

/// Lane of one direction of a connection: a chain of toxics with queues, which keeps the order of bytes.
#[derive(Debug, Default)]
pub(super) struct ConnectionLane {
    stations: Vec<ToxicStation>,
    ready: VecDeque<Bytes>,
    waiting: usize,
    /// Bytes in `ready`.
    prepared: usize,
    end: Option<LaneLoad>,
    doom: Option<ForcedEnd>,
}

impl ToxicStation {
    fn new(active: Arc<ActiveToxic>, connection: u64, now: u64) -> Self {
        let stage = active.toxic.effect.stage(seed(&active, connection), now, 0);
        Self { active, stage, queue: VecDeque::new(), last_due: 0, reset_at: None, is_shut: false, has_acted: false }
    }

    /// Takes what came at `at`; hands back how many bytes of it are lost.
    fn take(&mut self, at: u64, load: LaneLoad) -> usize {
        if self.is_shut {
            return load.len();
        }
        let mut bytes = match load {
            LaneLoad::Bytes(bytes) => bytes,
            LaneLoad::Close => {
                self.wait(at, at, LaneLoad::Close);
                return 0;
            }
            LaneLoad::End => {
                let verdict = self.stage.end(at);
                self.has_acted |= !matches!(verdict, ChunkFate::Pass { due, .. } if due == at);
                match verdict {
                    ChunkFate::Pass { due, .. } => self.wait(at, due, LaneLoad::End),
                    ChunkFate::Reset { due } => self.hold(at, due, LaneLoad::End),
                    ChunkFate::Lose | ChunkFate::Close { .. } => {}
                }
                return 0;
            }
        };
        while !bytes.is_empty() {
            let verdict = self.stage.chunk(at, bytes.len());
            // What passes whole and at once was not touched.
            self.has_acted |= verdict != ChunkFate::Pass { bytes: bytes.len(), due: at };
            match verdict {
                ChunkFate::Pass { bytes: count, due } => {
                    let piece = bytes.split_to(count.clamp(1, bytes.len()));
                    self.wait(at, due, LaneLoad::Bytes(piece));
                }
                ChunkFate::Lose => return bytes.len(),
                ChunkFate::Reset { due } => {
                    self.hold(at, due, LaneLoad::Bytes(bytes));
                    return 0;
                }
                ChunkFate::Close { bytes: count } => {
                    let piece = bytes.split_to(count.min(bytes.len()));
                    if !piece.is_empty() {
                        self.wait(at, at, LaneLoad::Bytes(piece));
                    }
                    self.shut(at);
                    return bytes.len();
                }
            }
        }
        0
    }

    fn wait(&mut self, arrived: u64, due: u64, load: LaneLoad) {
        self.last_due = due.max(self.last_due);
        self.queue.push_back(LaneItem { arrived, due: self.last_due, load });
    }

    fn hold(&mut self, arrived: u64, due: u64, load: LaneLoad) {
        self.reset_at = Some(self.reset_at.map_or(due, |earlier| earlier.min(due)));
        self.wait(arrived, NEVER, load);
    }

    fn shut(&mut self, at: u64) {
        self.is_shut = true;
        self.has_acted = true;
        self.wait(at, at, LaneLoad::Close);
    }

    /// The same toxic with other attributes.
    fn change(&mut self, active: Arc<ActiveToxic>, connection: u64, now: u64) -> usize {
        self.stage = active.toxic.effect.stage(seed(&active, connection), now, self.stage.passed());
        self.active = active;
        self.last_due = 0;
        self.reset_at = None;
        let was_shut = std::mem::take(&mut self.is_shut);
        let waited = std::mem::take(&mut self.queue);
        let lost = waited.into_iter().map(|item| self.take(item.arrived, item.load)).sum();
        self.is_shut |= was_shut;
        lost
    }

    /// The next moment at which something happens here by itself.
    fn next(&self) -> u64 {
        let closes_at = if self.is_shut { None } else { self.stage.closes_at() };
        let front = self.queue.front().map(|item| item.due);
        [front, self.reset_at, closes_at].into_iter().flatten().min().unwrap_or(NEVER)
    }
}

impl LaneLoad {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::End | Self::Close => 0,
        }
    }
}

impl ConnectionLane {
    /// True where bytes may go straight through.
    pub(super) fn is_clear(&self) -> bool {
        self.stations.is_empty() && self.ready.is_empty() && self.end.is_none() && self.doom.is_none()
    }

    /// How many more bytes may come.
    pub(super) fn room(&self) -> usize {
        if self.doom.is_some() {
            return 0;
        }
        let room = self.stations.iter().map(|station| station.stage.room()).max();
        match room {
            // Without a toxic the socket's own buffers are enough.
            None if self.prepared > 0 => 0,
            None => CLEAR_ROOM,
            Some(room) => room.saturating_sub(self.waiting + self.prepared),
        }
    }

    /// Takes bytes that came now; there must be [`ConnectionLane::room`] for them.
    pub(super) fn push(&mut self, bytes: Bytes, now: u64) {
        self.waiting += bytes.len();
        self.feed(0, now, LaneLoad::Bytes(bytes));
        self.advance(now);
    }

    /// Takes the end of the stream, which came now.
    pub(super) fn push_end(&mut self, now: u64) {
        self.feed(0, now, LaneLoad::End);
        self.advance(now);
    }

    /// Moves on what is due.
    pub(super) fn advance(&mut self, now: u64) {
        for place in 0..self.stations.len() {
            let station = &mut self.stations[place];
            if let Some(at) = station.reset_at.filter(|at| *at <= now) {
                tracing::trace!(at, toxic = %station.active.toxic.name, "a reset is due");
                self.doom.get_or_insert(ForcedEnd::Reset);
            }
            if !station.is_shut && station.stage.closes_at().is_some_and(|at| at <= now) {
                station.shut(now);
            }
            while let Some(item) = self.stations[place].queue.pop_front_if(|item| item.due <= now) {
                // What leaves one station at its due reaches the next one then, however late this task was woken.
                self.feed(place + 1, item.due.max(item.arrived), item.load);
            }
        }
    }

    fn feed(&mut self, place: usize, at: u64, load: LaneLoad) {
        if let Some(station) = self.stations.get_mut(place) {
            let lost = station.take(at, load);
            self.waiting -= lost;
            return;
        }
        match load {
            LaneLoad::Bytes(bytes) => {
                self.waiting -= bytes.len();
                // What comes after a closed end was let go by a toxic that is removed: it is lost with the connection.
                if self.end.is_none() {
                    self.prepared += bytes.len();
                    self.ready.push_back(bytes);
                }
            }
            end => {
                self.end.get_or_insert(end);
            }
        }
    }

    /// What may be written now; nothing more once the connection is doomed, for it would come after a gap.
    pub(super) fn front(&self) -> Option<&Bytes> {
        self.ready.front().filter(|_| self.doom.is_none())
    }

    /// So much of what may be written now was written.
    pub(super) fn written(&mut self, count: usize) {
        self.prepared -= count;
        if let Some(front) = self.ready.front_mut() {
            let _ = front.split_to(count);
            if front.is_empty() {
                self.ready.pop_front();
            }
        }
    }

    /// True where everything came out, and the end after it.
    pub(super) fn is_over(&self) -> bool {
        self.end.is_some() && self.ready.is_empty() && self.doom.is_none()
    }

    /// True where something waits that is not ready, be it the connection's end.
    pub(super) fn is_waiting(&self) -> bool {
        self.doom.is_some() || self.waiting > 0 || self.stations.iter().any(|station| !station.queue.is_empty())
    }

    /// The next moment at which something happens by itself.
    pub(super) fn next(&self) -> u64 {
        self.stations.iter().map(ToxicStation::next).min().unwrap_or(NEVER)
    }

    /// How a toxic ends the connection, once it does.
    pub(super) fn doom(&self) -> Option<ForcedEnd> {
        let is_closed = matches!(self.end, Some(LaneLoad::Close)) && self.ready.is_empty();
        self.doom.or(is_closed.then_some(ForcedEnd::Close))
    }

    /// The toxics that acted on bytes since this was last asked.
    pub(super) fn acted(&mut self) -> impl Iterator<Item = &Arc<ActiveToxic>> {
        self.stations.iter_mut().filter_map(|station| std::mem::take(&mut station.has_acted).then_some(&station.active))
    }

    /// From now on these toxics act, in this order.
    pub(super) fn reshape(&mut self, toxics: &[Arc<ActiveToxic>], connection: u64, now: u64) {
        let is_kept = |station: &ToxicStation, active: &Arc<ActiveToxic>| station.active.toxic.name == active.toxic.name;
        for active in toxics {
            match self.stations.iter().position(|station| is_kept(station, active)) {
                Some(old) if Arc::ptr_eq(&self.stations[old].active, active) => {}
                Some(old) => self.waiting -= self.stations[old].change(active.clone(), connection, now),
                // A new toxic is always the last of its proxy.
                None => self.stations.push(ToxicStation::new(active.clone(), connection, now)),
            }
        }
        // From the last: what waits there came first.
        for place in (0..self.stations.len()).rev() {
            if toxics.iter().any(|active| is_kept(&self.stations[place], active)) {
                continue;
            }
            let station = self.stations.remove(place);
            if station.stage.leaves_a_gap() {
                self.doom.get_or_insert(ForcedEnd::Close);
            }
            for item in station.queue {
                self.feed(place, now, item.load);
            }
        }
        self.advance(now);
    }
}

/// Each connection draws for itself.
fn seed(active: &ActiveToxic, connection: u64) -> Seed {
    Seed(active.toxic.seed().0 ^ connection.rotate_left(32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Bandwidth, Effect, Latency, LimitData, ResetPeer, SlowClose, Timeout, Toxic};
    use crate::units::Duration;

    fn toxic(name: &str, effect: Effect) -> Arc<ActiveToxic> {
        ActiveToxic::new(Toxic::of(name, effect))
    }

    fn late(nanos: u64) -> Effect {
        Effect::Latency(Latency { latency: Duration::from_nanos(nanos), jitter: Duration::ZERO })
    }

    fn out(lane: &mut ConnectionLane) -> String {
        let mut came = Vec::new();
        while let Some(front) = lane.front().cloned() {
            came.extend_from_slice(&front);
            lane.written(front.len());
        }
        String::from_utf8(came).unwrap()
    }

    #[test]
    fn toxics_act_one_after_the_other() {
        let slow = Effect::Bandwidth(Bandwidth { bytes_per_second: 1_000_000_000 });
        let (first, second) = (toxic("late", late(1000)), toxic("slow", slow));
        let mut lane = ConnectionLane::default();
        lane.reshape(&[first, second], 1, 0);
        lane.push("abcd".into(), 0);
        assert_eq!((lane.next(), out(&mut lane)), (1000, String::new()));
        lane.advance(1000);
        assert_eq!(lane.next(), 1004, "the ceiling counts from when the latency let go");
        lane.advance(1003);
        assert_eq!(out(&mut lane), "");
        lane.advance(1004);
        assert_eq!((out(&mut lane), lane.next()), ("abcd".into(), NEVER));
    }

    #[test]
    fn a_limit_before_a_latency_counts_what_came_and_after_it_what_left() {
        let (limit, latency) = (toxic("limit", Effect::LimitData(LimitData { bytes: 3 })), toxic("late", late(10)));
        let mut lane = ConnectionLane::default();
        lane.reshape(&[limit.clone(), latency.clone()], 1, 0);
        lane.push("abcdef".into(), 0);
        lane.advance(9);
        assert!(lane.doom().is_none() && lane.front().is_none());
        lane.advance(10);
        assert!(lane.doom().is_none(), "three bytes are still to be written");
        assert_eq!(out(&mut lane), "abc");
        assert_eq!(lane.doom(), Some(ForcedEnd::Close));
        let mut lane = ConnectionLane::default();
        lane.reshape(&[latency, limit], 1, 0);
        lane.push("ab".into(), 0);
        lane.push("cdef".into(), 5);
        lane.advance(10);
        assert_eq!((out(&mut lane), lane.doom().is_none()), ("ab".into(), true));
        lane.advance(15);
        assert_eq!((out(&mut lane), lane.doom().is_some()), ("c".into(), true));
    }

    #[test]
    fn what_waits_in_removed_toxics_goes_on_in_order() {
        let toxics = [toxic("a", late(1_000_000)), toxic("b", late(10)), toxic("c", late(1_000_000))];
        let mut lane = ConnectionLane::default();
        lane.reshape(&toxics[..2], 1, 0);
        lane.push("1".into(), 0);
        lane.advance(1_000_000);
        lane.push("2".into(), 1_000_001);
        lane.reshape(&toxics[2..], 1, 1_000_002);
        lane.push("3".into(), 1_000_003);
        lane.push_end(1_000_004);
        assert_eq!(out(&mut lane), "", "what was on its way meets the new toxic");
        assert!(lane.is_waiting() && !lane.is_over());
        lane.reshape(&[], 1, 1_000_005);
        assert_eq!(out(&mut lane), "123");
        assert!(lane.is_over() && !lane.is_waiting() && lane.doom().is_none());
    }

    #[test]
    fn a_changed_toxic_plans_what_waits_anew() {
        let mut lane = ConnectionLane::default();
        lane.reshape(&[toxic("a", late(1_000_000))], 1, 0);
        lane.push("1".into(), 0);
        lane.reshape(&[toxic("a", late(50))], 1, 20);
        assert_eq!(lane.next(), 50);
        lane.reshape(&[toxic("a", Effect::Bandwidth(Bandwidth { bytes_per_second: 0 }))], 1, 30);
        assert_eq!((lane.next(), lane.room()), (NEVER, (64 << 10) - 1));
        lane.reshape(&[], 1, 40);
        assert_eq!(out(&mut lane), "1");
    }

    #[test]
    fn a_reset_holds_what_came_and_lets_it_go_when_it_is_removed_in_time() {
        let reset = toxic("r", Effect::ResetPeer(ResetPeer { timeout: Duration::from_nanos(100) }));
        let mut lane = ConnectionLane::default();
        lane.reshape(std::slice::from_ref(&reset), 1, 0);
        lane.advance(1_000);
        assert!(lane.doom().is_none(), "nothing came yet");
        lane.push("ab".into(), 1_000);
        assert_eq!(lane.next(), 1_100);
        lane.reshape(&[], 1, 1_050);
        assert_eq!((out(&mut lane), lane.doom().is_none()), ("ab".into(), true));
        lane.reshape(&[reset], 1, 2_000);
        lane.push_end(2_000);
        lane.advance(2_100);
        assert_eq!(lane.doom(), Some(ForcedEnd::Reset));
    }

    #[test]
    fn a_timeout_loses_closes_in_its_time_and_closes_when_it_is_removed() {
        let timeout = |nanos| toxic("t", Effect::Timeout(Timeout { timeout: Duration::from_nanos(nanos) }));
        let mut lane = ConnectionLane::default();
        lane.reshape(&[timeout(500)], 1, 0);
        lane.push("ab".into(), 1);
        assert_eq!((lane.acted().count(), lane.is_waiting(), lane.next()), (1, false, 500));
        lane.advance(500);
        assert_eq!(lane.doom(), Some(ForcedEnd::Close));
        let mut lane = ConnectionLane::default();
        lane.reshape(&[timeout(0)], 1, 0);
        assert_eq!(lane.next(), NEVER);
        lane.push("lost".into(), 5);
        lane.reshape(&[], 1, 9);
        assert_eq!(lane.doom(), Some(ForcedEnd::Close));
        assert!(!lane.is_clear() && lane.room() == 0, "nothing passes behind the gap");
    }

    #[test]
    fn a_slow_close_delays_only_the_end_and_is_interruptible() {
        let slow = toxic("s", Effect::SlowClose(SlowClose { delay: Duration::from_nanos(70) }));
        let mut lane = ConnectionLane::default();
        lane.reshape(&[slow], 1, 0);
        lane.push("ab".into(), 1);
        lane.push_end(2);
        assert_eq!((out(&mut lane), lane.is_over(), lane.next()), ("ab".into(), false, 72));
        lane.reshape(&[], 1, 3);
        assert!(lane.is_over() && lane.doom().is_none());
    }

    #[test]
    fn a_limit_goes_on_counting_when_it_is_changed() {
        let limit = |bytes| toxic("l", Effect::LimitData(LimitData { bytes }));
        let mut lane = ConnectionLane::default();
        lane.reshape(&[limit(100)], 1, 0);
        lane.push("abcd".into(), 0);
        lane.reshape(&[limit(5)], 1, 1);
        lane.push("efgh".into(), 1);
        assert_eq!((out(&mut lane), lane.doom().is_some()), ("abcde".into(), true));
    }
}

//! What the requests of one thread wait for by the clock: deadlines, the levels at which they are overdue, timeouts of their parts; and how
//! long the rest of a body is passed over.

use super::Levels;
use super::wait_line::WaitLine;
use crate::model::Timeouts;
use crate::units::Duration;

/// A part of a request that may have a timeout of its own. A request is in one of them at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangePart {
    /// A connection is opened for it.
    Connect,
    /// It is sent, and the head of its answer is not there.
    FirstByte,
    /// A piece of the answer has come.
    Idle,
}

/// The waits of requests and connections, each by its place.
#[derive(Debug)]
pub(super) struct RequestWaits {
    deadline: u64,
    deadlines: WaitLine,
    levels: Vec<(u64, WaitLine)>,
    parts: [Option<(u64, WaitLine)>; 3],
    lingers: WaitLine,
}

impl RequestWaits {
    pub(super) fn new(deadline: Duration, levels: &Levels, timeouts: Timeouts) -> Self {
        let part = |timeout: Option<Duration>| timeout.map(|timeout| (timeout.as_nanos(), WaitLine::default()));
        Self {
            deadline: deadline.as_nanos(),
            deadlines: WaitLine::default(),
            levels: levels.below(deadline).map(|after| (after, WaitLine::default())).collect(),
            parts: [timeouts.connect, timeouts.first_byte, timeouts.idle].map(part),
            lingers: WaitLine::default(),
        }
    }

    /// A request is due then.
    pub(super) fn begin(&mut self, place: u32, due: u64) {
        self.deadlines.begin(place, due + self.deadline);
        for (after, line) in &mut self.levels {
            line.begin(place, due + *after);
        }
    }

    /// A request has ended.
    pub(super) fn end(&mut self, place: u32) {
        self.deadlines.end(place);
        for (_, line) in &mut self.levels {
            line.end(place);
        }
        self.end_parts(place);
    }

    /// A part of a request begins now.
    pub(super) fn begin_part(&mut self, part: ExchangePart, place: u32, now: u64) {
        if let Some((timeout, line)) = &mut self.parts[part as usize] {
            line.begin(place, now + *timeout);
        }
    }

    /// The part of a request that it is in has ended.
    pub(super) fn end_parts(&mut self, place: u32) {
        for (_, line) in self.parts.iter_mut().flatten() {
            line.end(place);
        }
    }

    /// The rest of a body is passed over on a connection until then, unless it is already.
    pub(super) fn linger(&mut self, connection: u32, until: u64) {
        if !self.lingers.has(connection) {
            self.lingers.begin(connection, until);
        }
    }

    pub(super) fn end_linger(&mut self, connection: u32) {
        self.lingers.end(connection);
    }

    /// When the next wait ends.
    pub(super) fn next(&self) -> Option<u64> {
        let levels = self.levels.iter().map(|(_, line)| line);
        let parts = self.parts.iter().flatten().map(|(_, line)| line);
        [&self.deadlines, &self.lingers].into_iter().chain(levels).chain(parts).filter_map(WaitLine::next).min()
    }

    /// A request whose deadline has come.
    pub(super) fn take_deadline(&mut self, now: u64) -> Option<u32> {
        self.deadlines.take(now)
    }

    /// A request that is older than a level, and the level.
    pub(super) fn take_level(&mut self, now: u64) -> Option<(u32, u64)> {
        self.levels.iter_mut().find_map(|(after, line)| Some((line.take(now)?, *after)))
    }

    /// A request of which a part took too long.
    pub(super) fn take_part(&mut self, now: u64) -> Option<u32> {
        self.parts.iter_mut().flatten().find_map(|(_, line)| line.take(now))
    }

    /// A connection on which a body did not end.
    pub(super) fn take_linger(&mut self, now: u64) -> Option<u32> {
        self.lingers.take(now)
    }
}

//! HAProxy's timers of a session → when a request began, and how long it took.
//!
//! `%t`, `%T`, `%Tl` and `%Ts` tell when a *connection* was accepted, and of a later request on it when the answer before was over. From
//! there to a request's first byte run the handshakes (`%Th`) and the idle time (`%Ti`), which on a kept connection is as long as a client
//! had nothing to ask. `%Tq` is these two and the time in which the request came in (`%TR`); `%Ta` counts from the request's first byte to
//! the end of the answer, and `%Tt` from the accepting (HAProxy's configuration manual, 8.4, "Timing events"). `%tr`, `%trg` and `%trl`
//! are moments of the request itself.

use super::moment::SECOND;

const MILLI: i64 = 1_000_000;

/// A timer of an HAProxy session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionTimer {
    /// When it was accepted.
    Accepted,
    /// The milliseconds of that moment, where it is told in seconds.
    Millis,
    /// `%Th`.
    Handshake,
    /// `%Ti`.
    Idle,
    /// `%Tq`.
    Asked,
    /// `%TR`.
    Received,
    /// `%Ta`.
    Active,
    /// `%Tt`.
    Total,
}

/// The timers of one line, in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct SessionTimes {
    pub(super) accepted: Option<i64>,
    pub(super) millis: Option<i64>,
    pub(super) handshake: Option<i64>,
    pub(super) idle: Option<i64>,
    pub(super) asked: Option<i64>,
    pub(super) received: Option<i64>,
    pub(super) active: Option<i64>,
    pub(super) total: Option<i64>,
}

/// The beginning of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RequestStart {
    /// The latest moment at which it may have.
    pub(super) at: i64,
    /// How much earlier it may have.
    pub(super) doubt: i64,
}

impl SessionTimes {
    pub(super) const fn take(&mut self, timer: SessionTimer, value: Option<i64>) {
        match timer {
            SessionTimer::Accepted => self.accepted = value,
            SessionTimer::Millis => self.millis = value,
            SessionTimer::Handshake => self.handshake = value,
            SessionTimer::Idle => self.idle = value,
            SessionTimer::Asked => self.asked = value,
            SessionTimer::Received => self.received = value,
            SessionTimer::Active => self.active = value,
            SessionTimer::Total => self.total = value,
        }
    }

    /// From the accepting to the request's first byte, where the line tells.
    fn before(&self) -> Option<i64> {
        let apart = |whole: Option<i64>, part: Option<i64>| whole.zip(part).map(|(whole, part)| (whole - part).max(0));
        let both = self.handshake.zip(self.idle).map(|(handshake, idle)| handshake + idle);
        both.or_else(|| apart(self.asked, self.received)).or_else(|| apart(self.total, self.active))
    }

    /// When the request began, where its own moment is not told.
    pub(super) fn began(&self) -> Option<RequestStart> {
        let accepted = self.accepted?;
        let accepted = self.millis.filter(|_| accepted % SECOND == 0).map_or(accepted, |millis| accepted + millis);
        Some(match (self.before(), self.asked) {
            (Some(before), _) => RequestStart { at: accepted + before, doubt: 0 },
            (None, Some(asked)) => RequestStart { at: accepted + asked, doubt: asked },
            (None, None) => RequestStart { at: accepted, doubt: 0 },
        })
    }

    /// From the request's beginning, as [`SessionTimes::began`] has it, to the end of its answer.
    pub(super) fn took(&self) -> Option<i64> {
        let before = self.before().or(self.asked.filter(|_| self.accepted.is_some())).unwrap_or(0);
        self.active.or_else(|| self.total.map(|total| (total - before).max(0)))
    }

    /// Of the format: true where it tells connections' moments, and not how long after them a request came.
    pub(super) fn is_of_connections(has: impl Fn(SessionTimer) -> bool, has_own_moment: bool) -> bool {
        let both = |left, right| has(left) && has(right);
        let told = both(SessionTimer::Handshake, SessionTimer::Idle)
            || has(SessionTimer::Asked)
            || both(SessionTimer::Total, SessionTimer::Active);
        !told && (has(SessionTimer::Accepted) && !has_own_moment || has(SessionTimer::Total) && !has(SessionTimer::Active))
    }

    /// How coarse the moment of accepting is, given how coarse its own field is.
    pub(super) const fn grain(&self, of_accepted: i64) -> i64 {
        if self.millis.is_some() && of_accepted > MILLI { MILLI } else { of_accepted }
    }
}

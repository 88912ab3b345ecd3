//! What reached a simulated provider: a bounded record, oldest entries dropped first.

use crate::dialect::Mark;
use crate::journal::HostTime;
use crate::units::Fingerprint;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

/// Entries that are kept, some 100 bytes each: a drill's memory must not grow with its requests.
const KEPT: usize = 4_096;

/// One request for a model as it reached a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRecord {
    /// When its headers had arrived.
    pub at: HostTime,
    /// Whose it is; `None` where it had no mark.
    pub mark: Option<Mark>,
    /// The credential that it carried; that of the empty text where it carried none.
    pub key: Fingerprint,
    /// The model or deployment that it asked for; empty where it named none.
    pub model: String,
    /// True where it asked for a stream.
    pub streamed: bool,
    /// The answer's status; 0 until there is one, and for ever where the client hung up before.
    pub status: u16,
}

/// Log of the requests that reached one provider, bounded.
#[derive(Debug, Default)]
pub(super) struct AttemptLog(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    /// The number of the oldest entry that is kept.
    first: u64,
    entries: VecDeque<AttemptRecord>,
}

impl AttemptLog {
    /// Takes an attempt in and gives its number.
    pub(super) fn begin(&self, record: AttemptRecord) -> u64 {
        let mut ring = self.lock();
        if ring.entries.len() == KEPT {
            ring.entries.pop_front();
            ring.first += 1;
        }
        ring.entries.push_back(record);
        ring.first + ring.entries.len() as u64 - 1
    }

    /// Says how it was answered.
    pub(super) fn answered(&self, number: u64, status: u16) {
        let mut ring = self.lock();
        let place = number.checked_sub(ring.first).and_then(|place| usize::try_from(place).ok());
        if let Some(entry) = place.and_then(|place| ring.entries.get_mut(place)) {
            entry.status = status;
        }
    }

    /// All that is kept, in the order of arrival.
    pub(super) fn all(&self) -> Vec<AttemptRecord> {
        self.lock().entries.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().expect("nothing panics while it holds the record")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_and_late_answers_find_their_entry() {
        let attempts = AttemptLog::default();
        let record =
            |at| AttemptRecord { at: HostTime(at), mark: None, key: Fingerprint(0), model: String::new(), streamed: false, status: 0 };
        for at in 0..KEPT as u64 + 5 {
            assert_eq!(attempts.begin(record(at)), at);
        }
        attempts.answered(0, 500);
        attempts.answered(7, 200);
        let all = attempts.all();
        assert_eq!((all.len(), all[0].at, all[0].status), (KEPT, HostTime(5), 0));
        assert_eq!((all[2].at, all[2].status), (HostTime(7), 200));
    }
}

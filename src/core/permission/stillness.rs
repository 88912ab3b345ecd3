//! For how long locks of others have stood as they stand, as this process has seen it: by its own clock, over all its tries. Whoever tries again and
//! again without waiting (a daemon does) notices a holder that is gone as whoever waits does.

use super::lock_table::LockEntry;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many locks are remembered; with more of them it is looked anew.
const MOST: usize = 1_024;

/// A lock as it was seen first.
struct Sight {
    generation: u64,
    text: Vec<u8>,
    since: Instant,
}

static SEEN: LazyLock<Mutex<HashMap<String, Sight>>> = LazyLock::new(Mutex::default);

/// For how long the lock at this place has been known to stand like this; nothing where it is seen like this for the first time.
pub(super) fn stands_for(place: String, entry: &LockEntry) -> Duration {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sight) = seen.get(&place).filter(|sight| sight.generation == entry.generation && sight.text == entry.text) {
        return sight.since.elapsed();
    }
    if seen.len() >= MOST {
        seen.clear();
    }
    seen.insert(place, Sight { generation: entry.generation, text: entry.text.clone(), since: Instant::now() });
    Duration::ZERO
}

//! The wall clock, read against the host's monotonic clock.
//!
//! Two clocks cannot be read at once: a thread that is put aside between the two readings is wrong about their offset, by as long as that
//! lasts. So the wall is read between two readings of the host's clock, several times; where the two lie closest together, the wall was
//! read within that bracket, and half of its width is the largest error.

use super::HostTime;
use rustix::time::{ClockId, clock_gettime};

/// How often both are read, unless a bracket is as narrow as it needs to be before that.
const TRIES: u32 = 32;
/// Nanoseconds. A narrower bracket would tell nobody more.
const NARROW: u64 = 1_000;

/// A reading of the wall clock and the host's clock at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wall {
    host: HostTime,
    /// Nanoseconds since 1970.
    shown: i64,
    error: u64,
}

impl Wall {
    /// Now.
    pub fn read() -> Self {
        let wall = || {
            let time = clock_gettime(ClockId::Realtime);
            time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
        };
        Self::tightest(HostTime::now, wall)
    }

    /// The reading with the narrowest bracket.
    fn tightest(mut host: impl FnMut() -> HostTime, mut wall: impl FnMut() -> i64) -> Self {
        let mut bracket = || {
            let (before, shown, after) = (host(), wall(), host());
            let width = after.since(before);
            Self { host: HostTime(before.0 + width / 2), shown, error: width.div_ceil(2) }
        };
        let mut best = bracket();
        for _ in 1..TRIES {
            if best.error <= NARROW / 2 {
                break;
            }
            let next = bracket();
            best = if next.error < best.error { next } else { best };
        }
        best
    }

    /// What the wall's clock shows at a moment of the host's, in nanoseconds since 1970, as long as nobody sets it.
    pub fn at(self, host: HostTime) -> i64 {
        let apart = i128::from(host.0) - i128::from(self.host.0);
        i64::try_from(i128::from(self.shown) + apart).unwrap_or(i64::MAX)
    }

    /// The largest error of that, in nanoseconds.
    pub const fn error(self) -> u64 {
        self.error
    }

    /// The same as a person reads it, RFC 3339 to the millisecond.
    pub fn told_at(self, host: HostTime) -> String {
        let moment = chrono::DateTime::from_timestamp_nanos(self.at(host)).with_timezone(&chrono::Local);
        moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// A wall that shows the host's time and a billion; each reading of a clock takes as long as `pauses` says in turn, and 20 ns after them.
    fn read(pauses: &[u64]) -> (Wall, u32) {
        let (now, index) = (Cell::new(5_000), Cell::new(0_usize));
        let next = || {
            now.set(now.get() + pauses.get(index.get()).copied().unwrap_or(20));
            index.set(index.get() + 1);
            now.get()
        };
        let wall = Wall::tightest(|| HostTime(next()), || i64::try_from(next()).unwrap() + 1_000_000_000);
        (wall, u32::try_from(index.get()).unwrap() / 3)
    }

    #[test]
    fn whoever_is_put_aside_between_two_clocks_reads_them_again() {
        const LONG: u64 = 12_800_000;
        // Before the first reading, after it, after the wall's, and several times one after the other.
        for (pauses, tries) in
            [(vec![LONG], 1), (vec![20, LONG], 2), (vec![20, 20, LONG], 2), ([20, LONG, LONG].repeat(9), 10), ([20, 900, 20].repeat(40), 1)]
        {
            let (wall, read) = read(&pauses);
            let off = (wall.at(HostTime(0)) - 1_000_000_000).unsigned_abs();
            assert!(off <= wall.error() && wall.error() <= 500, "{off} ns off, {} said", wall.error());
            assert_eq!(read, tries, "{pauses:?}");
        }
        // Where nothing else is to be had, it says how unsure it is.
        let (wall, tries) = read(&[20, 3_000_000, 20].repeat(40));
        let off = (wall.at(HostTime(0)) - 1_000_000_000).unsigned_abs();
        assert!(tries == TRIES && off <= wall.error() && (1_500_000..1_600_000).contains(&wall.error()), "{off} {wall:?}");
    }

    #[test]
    fn it_shows_what_the_host_s_wall_shows() {
        let (wall, now) = (Wall::read(), std::time::SystemTime::now());
        let shown = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
        // A machine that stops for a minute between two lines is none to drill on.
        assert!(u128::try_from(wall.at(HostTime::now())).unwrap().abs_diff(shown) < 60_000_000_000);
        assert!(wall.told_at(HostTime::now()).starts_with("20"), "{}", wall.told_at(HostTime::now()));
    }
}

//! Scales: time from left to right, with round numbers on it, and logarithms of lengths of time.

use super::frame::PictureFrame;
use crate::report::model::DrillPicture;

/// Seconds between two marks on an axis of time.
const STEPS: [f64; 24] = [
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    2_419_200.0,
];

/// Time since the traffic began, along the panels.
#[derive(Debug, Clone)]
pub(super) struct TimeAxis {
    left: f64,
    width: f64,
    end_ns: f64,
    zero_ns: f64,
    /// Marks: where, and what stands there.
    pub(super) ticks: Vec<(f64, String)>,
}

impl TimeAxis {
    /// For a time of this length; its numbers count from `zero_ns`.
    pub(super) fn new(frame: &PictureFrame, end_ns: u64, zero_ns: u64) -> Self {
        let (left, width) = (frame.left, frame.edge() - frame.left);
        let mut axis = Self { left, width, end_ns: end_ns.max(1) as f64, zero_ns: zero_ns as f64, ticks: Vec::new() };
        let most = if frame.roomy { 12.0 } else { 6.0 };
        let seconds = axis.end_ns / 1e9;
        let step = STEPS.into_iter().find(|step| seconds / step <= most).unwrap_or(seconds / most);
        let first = (-axis.zero_ns / 1e9 / step).ceil() as i64;
        let last = ((axis.end_ns - axis.zero_ns) / 1e9 / step).floor() as i64;
        let tick = |place: i64| (axis.x_f(axis.zero_ns + place as f64 * step * 1e9), told(place as f64 * step, step));
        axis.ticks = (first..=last).map(tick).collect();
        axis
    }

    fn x_f(&self, ns: f64) -> f64 {
        self.left + (ns / self.end_ns).clamp(0.0, 1.0) * self.width
    }

    /// Where a moment is, in nanoseconds since the traffic began; what lies beyond is at the edge.
    pub(super) fn x(&self, ns: u64) -> f64 {
        self.x_f(ns as f64)
    }

    /// The same for what may lie before.
    pub(super) fn x_signed(&self, ns: i64) -> f64 {
        self.x_f(ns as f64)
    }

    /// Where a column begins, and behind the last where that ends.
    pub(super) fn edge(&self, picture: &DrillPicture, column: usize) -> f64 {
        self.x(moment(picture, column))
    }

    /// Whether a moment is on it.
    pub(super) fn holds(&self, ns: u64) -> bool {
        ns as f64 <= self.end_ns
    }
}

/// When a column begins, and behind the last when that ends, in nanoseconds since the traffic began.
pub(super) fn moment(picture: &DrillPicture, column: usize) -> u64 {
    if column >= picture.columns { picture.end_ns } else { picture.column_ns.saturating_mul(column as u64).min(picture.end_ns) }
}

/// A moment at a mark, in the unit that the distance of marks asks for.
fn told(seconds: f64, step: f64) -> String {
    let sign = if seconds < 0.0 { "\u{2212}" } else { "" };
    let amount = seconds.abs();
    match step {
        _ if amount == 0.0 => "0".to_owned(),
        ..1.0 => format!("{sign}{amount:.1} s"),
        1.0..60.0 => format!("{sign}{amount:.0} s"),
        60.0..3_600.0 => format!("{sign}{:.0} min", amount / 60.0),
        3_600.0..86_400.0 => format!("{sign}{:.0} h", amount / 3_600.0),
        _ => format!("{sign}{:.0} d", amount / 86_400.0),
    }
}

/// The smallest round number that is not below: 1, 2, 3, 4, 5, 6 or 8, times a power of ten.
pub(super) fn round_up(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|round| *round >= value * 0.999_999).unwrap_or(power * 10.0)
}

/// Lengths of time by their logarithm, upwards between two heights.
#[derive(Debug, Clone)]
pub(super) struct LogScale {
    low: f64,
    high: f64,
    top: f64,
    bottom: f64,
}

impl LogScale {
    /// Wide enough for all of these nanoseconds; `None` where there is none.
    pub(super) fn of(lengths: impl Iterator<Item = u64> + Clone, top: f64, bottom: f64) -> Option<Self> {
        let logs = lengths.map(|ns| (ns.max(1_000) as f64).log10());
        let (low, high) = (logs.clone().fold(f64::INFINITY, f64::min), logs.fold(f64::NEG_INFINITY, f64::max));
        // At least a decade, with a little air.
        let (low, high) = ((low - 0.08) * 1.0, high + 0.08);
        let air = ((1.0 - (high - low)) / 2.0).max(0.0);
        low.is_finite().then_some(Self { low: low - air, high: high + air, top, bottom })
    }

    /// Where a length is.
    pub(super) fn y(&self, ns: u64) -> f64 {
        let share = ((ns.max(1_000) as f64).log10() - self.low) / (self.high - self.low);
        self.bottom - share.clamp(0.0, 1.0) * (self.bottom - self.top)
    }

    /// Round lengths on it: powers of ten, and where there are few of these, twice and five times as much.
    pub(super) fn ticks(&self) -> Vec<(u64, String)> {
        let of = |factors: &[u64]| -> Vec<u64> {
            let powers = (3..18).map(|power| 10_u64.pow(power));
            let all = powers.flat_map(|power| factors.iter().map(move |factor| factor * power));
            all.filter(|ns| (self.low..=self.high).contains(&(*ns as f64).log10())).collect()
        };
        let few = of(&[1]);
        let shown = match few.len() {
            0 | 1 => of(&[1, 2, 5]),
            2 => of(&[1, 3]),
            _ => few,
        };
        shown.into_iter().map(|ns| (ns, short(ns))).collect()
    }
}

/// A round length in one unit.
pub(super) fn short(ns: u64) -> String {
    match ns {
        ..1_000_000 => format!("{} µs", ns / 1_000),
        1_000_000..1_000_000_000 => format!("{} ms", ns / 1_000_000),
        1_000_000_000..600_000_000_000 => format!("{} s", ns / 1_000_000_000),
        _ => format!("{} min", ns / 60_000_000_000),
    }
}

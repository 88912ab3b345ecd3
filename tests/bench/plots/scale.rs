//! Scales of a plot: from values to places, and the round values that are marked.

/// How values lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spacing {
    /// From zero on.
    Even,
    /// By their logarithm.
    Logarithmic,
}

/// Values between two places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    spacing: Spacing,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Wide enough for these values, of which none is below zero; with a little air at its ends.
    pub(super) fn of(spacing: Spacing, values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let most = values.clone().fold(f64::MIN_POSITIVE, f64::max);
        let (low, high) = match spacing {
            Spacing::Even => (0.0, most * 1.06),
            Spacing::Logarithmic => {
                let least = values.filter(|value| *value > 0.0).fold(most, f64::min);
                (least.log10() - 0.08, most.log10() + 0.08)
            }
        };
        Self { spacing, low, high, from, to }
    }

    /// Where a value is.
    pub(super) fn place(&self, value: f64) -> f64 {
        let at = match self.spacing {
            Spacing::Even => value,
            Spacing::Logarithmic => value.max(f64::MIN_POSITIVE).log10(),
        };
        self.from + ((at - self.low) / (self.high - self.low)).clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Values that are marked, and whether their number stands there.
    pub(super) fn ticks(&self) -> Vec<(f64, bool)> {
        match self.spacing {
            Spacing::Even => {
                let rough = self.high / 5.0;
                let power = 10_f64.powf(rough.log10().floor());
                let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough).unwrap_or(rough);
                (0..).map(|place| f64::from(place) * step).take_while(|value| *value <= self.high).map(|value| (value, true)).collect()
            }
            Spacing::Logarithmic => {
                let decades = self.high - self.low;
                // Where there are few decades, what lies between them has its number as well.
                let told = |factor: u32| factor == 1 || decades < 3.2 && (factor == 2 || factor == 5);
                let (first, last) = (self.low.floor() as i32, self.high.ceil() as i32);
                let all = (first..=last).flat_map(|power| (1..10).map(move |factor| (power, factor)));
                all.map(|(power, factor)| (f64::from(factor) * 10_f64.powi(power), told(factor)))
                    .filter(|(value, _)| (self.low..=self.high).contains(&value.log10()))
                    .collect()
            }
        }
    }
}

/// A round value: `200k`, `5`, `0.05`.
pub(super) fn told(value: f64) -> String {
    match value {
        1e6.. => format!("{}M", value / 1e6),
        1e3.. => format!("{}k", value / 1e3),
        _ => format!("{}", (value * 1e6).round() / 1e6),
    }
}

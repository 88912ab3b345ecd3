//! How much two measurements differ, in words, and whether that is more than noise.

use super::wording::{between, seconds_down, seconds_up};
use crate::report::model::{Grade, ReportStatus};
use crate::units::{counted, grouped};
use crate::verdict::{Contrast, CountOf, Interval, longer_by};

/// What a comparison says of one measurement.
pub(in crate::report) struct ContrastWords {
    /// How the first does against the second; less is better of everything that is compared.
    pub(in crate::report) status: ReportStatus,
    /// The same in a few words.
    pub(in crate::report) words: String,
}

/// Of two times.
pub(in crate::report) fn of_times(contrast: Contrast, times: Option<(Interval, Interval)>) -> ContrastWords {
    let words = match (contrast, times) {
        (Contrast::Smaller, Some((first, second))) => format!("yes: sooner by {}", by(longer_by(second, first))),
        (Contrast::Larger, Some((first, second))) => format!("yes: later by {}", by(longer_by(first, second))),
        (Contrast::Alike, _) => "no: the two overlap".to_owned(),
        _ => "not known".to_owned(),
    };
    ContrastWords { status: status(contrast, ["sooner", "later"]), words }
}

/// Of two counts; `chance` is what chance alone makes of them.
pub(in crate::report) fn of_counts(contrast: Contrast, chance: Option<f64>) -> ContrastWords {
    let chance = chance.map(probability).unwrap_or_default();
    let words = match contrast {
        Contrast::Smaller => format!("yes: fewer ({chance})"),
        Contrast::Larger => format!("yes: more ({chance})"),
        Contrast::Alike => format!("no ({chance})"),
        Contrast::Unknown => "not known".to_owned(),
    };
    ContrastWords { status: status(contrast, ["fewer", "more"]), words }
}

/// Of two percentiles.
pub(in crate::report) fn of_percentiles(contrast: Contrast, times: Option<(Interval, Interval)>) -> ContrastWords {
    let of = of_times(contrast, times);
    let words = of.words.replace("sooner by", "less by").replace("later by", "more by");
    ContrastWords { status: status(contrast, ["less", "more"]), words }
}

fn status(contrast: Contrast, [smaller, larger]: [&str; 2]) -> ReportStatus {
    let (word, grade) = match contrast {
        Contrast::Smaller => (smaller, Grade::Good),
        Contrast::Larger => (larger, Grade::Bad),
        Contrast::Alike => ("no difference shown", Grade::Neutral),
        Contrast::Unknown => ("not known", Grade::Open),
    };
    ReportStatus { word: word.to_owned(), grade }
}

/// `4.77 to 5.15 s`, or `more than 5.87 s` where nobody saw the end.
pub(in crate::report) fn by((least, most): (Option<i64>, Option<i64>)) -> String {
    match (least.map(|least| least.max(0)), most) {
        (Some(least), Some(most)) if most < 1_000_000_000 => {
            format!("{} to {} ms", grouped(whole_ms(least)), grouped(whole_ms(most + 999_999)))
        }
        (Some(least), Some(most)) => format!("{} to {}", seconds_down(least).trim_end_matches(" s"), seconds_up(most)),
        (Some(least), None) => format!("more than {}", seconds_down(least)),
        (None, Some(most)) => format!("at most {}", seconds_up(most)),
        (None, None) => "an unknown time".to_owned(),
    }
}

fn whole_ms(nanoseconds: i64) -> u64 {
    u64::try_from(nanoseconds / 1_000_000).unwrap_or(0)
}

/// `3 of 951 requests`.
pub(in crate::report) fn share(count: CountOf) -> String {
    format!("{} of {}", grouped(count.count), counted(count.of, "request"))
}

/// A percentile: `48 to 52 ms`, or `at least 48 ms` where there are too few to tell more.
pub(in crate::report) fn percentile(interval: Interval) -> String {
    let ms = |nanoseconds: i64| grouped(whole_ms(nanoseconds));
    match interval.hi {
        // Either end is what the histogram knows it as.
        Some(hi) if whole_ms(interval.lo) == whole_ms(hi) => format!("{} ms", ms(hi)),
        Some(hi) => format!("{} to {} ms", ms(interval.lo), ms(hi)),
        None => format!("at least {} ms", ms(interval.lo)),
    }
}

/// `p = 0.041`, as statistics write it.
pub(in crate::report) fn probability(chance: f64) -> String {
    if chance < 0.001 {
        "p < 0.001".to_owned()
    } else {
        format!("p = {}", format!("{chance:.3}").trim_end_matches('0').trim_end_matches('.'))
    }
}

/// How two times of one kind compare, as the end of a sentence that told the first.
pub(in crate::report) fn sentence(contrast: Contrast, second: Interval) -> String {
    let said = match contrast {
        Contrast::Smaller => "sooner, beyond what one probe can hide",
        Contrast::Larger => "later, beyond what one probe can hide",
        Contrast::Alike => "the two overlap, so no difference is shown",
        Contrast::Unknown => "neither tells when, so nothing can be said of the difference",
    };
    format!("{}: {said}", between(second))
}

//! What is left of a hop's limits, by the headers of its answers. Pure.

use super::check::HopFinding;
use crate::dialect::ToldQuota;
use crate::model::{HopCheck, HopReason};
use crate::units::{Duration, grouped};

/// Below this share of a limit there is little room for the traffic of a failover.
const LOW: f64 = 0.1;

/// What these limits say.
pub(super) fn look(told: &[ToldQuota]) -> HopFinding {
    if told.is_empty() {
        return HopFinding::unlooked(HopCheck::Quota, "its answers tell nothing of its limits");
    }
    let spent = told.iter().find(|quota| quota.remaining == 0);
    if let Some(quota) = spent {
        let when = quota
            .reset
            .filter(|reset| *reset > Duration::ZERO)
            .map_or_else(String::new, |reset| format!("; all are there again in {reset}"));
        return HopFinding::warning(HopCheck::Quota, HopReason::LowHeadroom, format!("none of its {} are left{when}", words(quota.name)));
    }
    let low = told.iter().filter_map(|quota| Some((quota, quota.share_left()?))).min_by(|(_, one), (_, other)| one.total_cmp(other));
    if let Some((quota, share)) = low.filter(|(_, share)| *share < LOW) {
        let told = format!("{} left, {:.0} %", left(quota), (share * 100.0).floor());
        return HopFinding::warning(HopCheck::Quota, HopReason::LowHeadroom, told);
    }
    HopFinding::fine(HopCheck::Quota, format!("{} left", told.iter().map(left).collect::<Vec<_>>().join(" and ")))
}

fn words(name: &str) -> String {
    name.replace('-', " ")
}

fn left(quota: &ToldQuota) -> String {
    let of = quota.limit.map_or_else(String::new, |limit| format!(" of {}", grouped(limit)));
    format!("{}{of} {}", grouped(quota.remaining), words(quota.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CheckOutcome;

    #[test]
    fn little_that_is_left_is_told() {
        let quota = |name, limit, remaining, seconds| ToldQuota { name, limit, remaining, reset: Some(Duration::from_secs(seconds)) };
        for (all, outcome, told) in [
            (vec![], CheckOutcome::NotLookedAt, "its answers tell nothing of its limits"),
            (
                vec![quota("requests", Some(10_000), 9_999, 8), quota("tokens", Some(200), 180, 0)],
                CheckOutcome::Fine,
                "9,999 of 10,000 requests and 180 of 200 tokens left",
            ),
            (
                vec![quota("requests", Some(50), 40, 8), quota("input-tokens", Some(200), 19, 3)],
                CheckOutcome::Warning,
                "19 of 200 input tokens left, 9 %",
            ),
            (vec![quota("tokens", None, 0, 3)], CheckOutcome::Warning, "none of its tokens are left; all are there again in 3 s"),
            (vec![quota("tokens", None, 5, 0)], CheckOutcome::Fine, "5 tokens left"),
        ] {
            let found = look(&all);
            assert_eq!((found.outcome, found.told.as_str()), (outcome, told));
        }
    }
}

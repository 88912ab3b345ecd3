//! Which days come of what the inventory says of a provider: the end of its contract, the day until which notice can be given, the last day of its
//! model. Pure.

use super::check::HopFinding;
use crate::model::{CheckOutcome, DayStanding, HopCheck, HopReason, Provider};
use crate::units::{Day, counted};

/// The gravest of a provider's days.
pub(super) fn look(provider: &Provider, today: Day) -> HopFinding {
    let (ends, retires) = (provider.contract.as_ref().and_then(|contract| contract.ends), provider.retires.get(provider.chat_model()));
    let notice = provider.contract.as_ref().and_then(|contract| contract.notice_by());
    let fine = |told: String| HopFinding::fine(HopCheck::Contract, told);
    let found: Vec<HopFinding> = [
        ends.map(|day| dated(day, today, HopReason::ContractEnds, "its contract", ("ended", "ends"))),
        retires.map(|day| {
            dated(*day, today, HopReason::ModelRetires, &format!("its model {}", provider.chat_model()), ("was retired", "is retired"))
        }),
        notice.map(|day| match DayStanding::of(day, today) {
            DayStanding::Soon(days) => {
                let told = format!("notice can be given until {day}, {}", ahead(days));
                HopFinding::warning(HopCheck::Contract, HopReason::ContractEnds, told)
            }
            DayStanding::Past | DayStanding::Later => fine(String::new()),
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    let of = |outcome: CheckOutcome| found.iter().find(|found| found.outcome == outcome).cloned();
    let told = || fine(found.iter().map(|found| found.told.as_str()).filter(|told| !told.is_empty()).collect::<Vec<_>>().join("; "));
    if found.is_empty() {
        return HopFinding::unlooked(HopCheck::Contract, "the inventory states no end of its contract or its model");
    }
    of(CheckOutcome::Failing).or_else(|| of(CheckOutcome::Warning)).unwrap_or_else(told)
}

fn dated(day: Day, today: Day, reason: HopReason, what: &str, (past, now): (&str, &str)) -> HopFinding {
    match DayStanding::of(day, today) {
        DayStanding::Past => HopFinding::failing(HopCheck::Contract, reason, format!("{what} {past} on {day}")),
        DayStanding::Soon(days) => HopFinding::warning(HopCheck::Contract, reason, format!("{what} {now} on {day}, {}", ahead(days))),
        DayStanding::Later => HopFinding::fine(HopCheck::Contract, format!("{what} {now} on {day}")),
    }
}

fn ahead(days: u64) -> String {
    if days == 0 { "today".to_owned() } else { format!("in {}", counted(days, "day")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Contract, Dialect, Simulation};

    #[test]
    fn the_gravest_day_is_told() {
        let look = |ends: &str, notice: &str, retires: &str| {
            let contract = Contract { ends: ends.parse().ok(), notice: notice.parse().ok(), ..Contract::default() };
            let provider = Provider {
                dialect: Dialect::OpenAi,
                cloud: None,
                region: None,
                residency: None,
                base_url: None,
                credential: None,
                models: [("chat".to_owned(), "m".to_owned())].into(),
                price: None,
                simulation: Simulation::default(),
                contract: Some(Box::new(contract)),
                retires: retires.parse().ok().map(|day| ("m".to_owned(), day)).into_iter().collect(),
            };
            let found = super::look(&provider, "2026-11-30".parse().unwrap());
            (found.outcome, found.told)
        };
        let fine = "its contract ends on 2028-01-01; its model m is retired on 2028-02-01".to_owned();
        assert_eq!(look("2028-01-01", "", "2028-02-01"), (CheckOutcome::Fine, fine));
        assert_eq!(
            look("2028-01-01", "", "2026-12-01"),
            (CheckOutcome::Warning, "its model m is retired on 2026-12-01, in 1 day".to_owned())
        );
        assert_eq!(look("2026-11-29", "", "2026-12-01"), (CheckOutcome::Failing, "its contract ended on 2026-11-29".to_owned()));
        let notice = "notice can be given until 2026-12-31, in 31 days".to_owned();
        assert_eq!(look("2027-03-31", "90d", ""), (CheckOutcome::Warning, notice));
        assert_eq!(look("", "", "").0, CheckOutcome::NotLookedAt);
    }
}

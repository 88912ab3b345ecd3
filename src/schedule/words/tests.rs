//! What the rules in words mean, and what is said of those that mean nothing.

use super::*;

fn days(text: &str) -> DueDays {
    let DuePattern::Days { days, .. } = read(text).unwrap_or_else(|error| panic!("{text}: {error:?}")).pattern else { panic!() };
    days
}

fn within(span: DueSpan, days: &[DayOfSpan]) -> DueDays {
    DueDays::Within { span, days: days.to_vec() }
}

#[test]
fn a_rule_may_be_said_in_several_ways() {
    let tuesday = |nth| DayOfSpan::OfWeek { nth, day: 1 };
    for text in [
        "second Tuesday of every quarter, 10:00 Europe/Berlin",
        "every quarter, second Tuesday, 10:00 Europe/Berlin",
        "the 2nd tue of each quarter at 10:00",
        "Every quarter on the second Tuesday at 10:00",
    ] {
        assert_eq!(days(text), within(DueSpan::Quarters, &[tuesday(2)]), "{text}");
    }
    assert_eq!(
        days("second Tuesday of February, May, August and November, 10:00"),
        within(DueSpan::Months(vec![2, 5, 8, 11]), &[tuesday(2)])
    );
    assert_eq!(
        days("last Friday of every month, 16:00"),
        within(DueSpan::Months((1..=12).collect()), &[DayOfSpan::OfWeek { nth: -1, day: 4 }])
    );
    assert_eq!(days("first weekday of every quarter 09:00"), within(DueSpan::Quarters, &[DayOfSpan::Working(1)]));
    assert_eq!(days("last working day of every month 09:00"), within(DueSpan::Months((1..=12).collect()), &[DayOfSpan::Working(-1)]));
    assert_eq!(days("15th of every month, 07:00"), within(DueSpan::Months((1..=12).collect()), &[DayOfSpan::Any(15)]));
    assert_eq!(
        days("every month, day 1 and 15, 07:00"),
        within(DueSpan::Months((1..=12).collect()), &[DayOfSpan::Any(1), DayOfSpan::Any(15)])
    );
    assert_eq!(days("15th of May, August and December, 07:00"), within(DueSpan::Months(vec![5, 8, 12]), &[DayOfSpan::Any(15)]));
    assert_eq!(days("last day of June and December, 07:00"), within(DueSpan::Months(vec![6, 12]), &[DayOfSpan::Any(-1)]));
    assert_eq!(days("first Monday of every half-year 07:00"), within(DueSpan::Halves, &[DayOfSpan::OfWeek { nth: 1, day: 0 }]));
    let both = [DayOfSpan::OfWeek { nth: 1, day: 0 }, DayOfSpan::OfWeek { nth: 3, day: 0 }, DayOfSpan::OfWeek { nth: -1, day: 3 }];
    assert_eq!(days("first and third Monday and last Thursday of every month, 07:00"), within(DueSpan::Months((1..=12).collect()), &both));
    for text in ["1 March and 1 September, 10:00", "March 1, September 1, 10:00", "every year on 1 March and the 1st of September at 10:00"]
    {
        assert_eq!(days(text), DueDays::Dates(vec![(3, 1), (9, 1)]), "{text}");
    }
    assert_eq!(days("every day 07:00"), days("daily at 07:00"));
    assert_eq!(days("every weekday, 07:00"), weekly(1, vec![0, 1, 2, 3, 4], DueDays::FIRST_WEEK));
    assert_eq!(days("every Monday, Wed and friday 09:30"), weekly(1, vec![0, 2, 4], DueDays::FIRST_WEEK));
    assert_eq!(days("every 2 weeks on Wednesday, 08:00"), weekly(2, vec![2], DueDays::FIRST_WEEK));
    assert_eq!(days("every other week on Wednesday, 08:00"), weekly(2, vec![2], DueDays::FIRST_WEEK));
    assert_eq!(days("every 6 weeks on Tuesday and Thursday from 2026-01-07, 08:00"), weekly(6, vec![1, 3], 20_460));
}

#[test]
fn times_and_zone_stand_at_the_end() {
    let rule = read("every Monday, 16:00 and 9:30 America/New_York").unwrap();
    let DuePattern::Days { at, .. } = rule.pattern else { panic!() };
    assert_eq!((at, rule.text.as_str(), rule.zone.unwrap().as_str()), (vec![570, 960], "every Monday, 16:00 and 9:30", "America/New_York"));
    assert_eq!(read("every day 07:00").unwrap().zone, None);
    assert_eq!(read("every day 07:00 +02:00").unwrap().zone.unwrap().as_str(), "+02:00");
}

#[test]
fn what_is_not_understood_is_told_with_what_was_meant() {
    for (text, problem, hint) in [
        ("second Tusday of every quarter, 10:00", "`tusday` is not understood", "did you mean `Tuesday`?"),
        ("second Tuesday of every quater, 10:00", "`quater` is not understood", "did you mean `quarter`?"),
        ("secnd Tuesday of every quarter, 10:00", "`secnd` is not understood", "did you mean `second`?"),
        ("second Tusday of every quarter", "`tusday` is not understood", "did you mean `Tuesday`?"),
        ("second Tuesday of every quarter", "does not say at which time", "write for example"),
        ("every Monday 9am", "`9am` is not a time of the day", "by 24 hours"),
        ("every Monday 25:00 UTC", "`25:00` is not a time of the day", "`09:30`"),
        ("every Monday 10:5 UTC", "`10:5` is not a time of the day", "`09:30`"),
        ("every Monday 10:00 Europe/Berln", "`Europe/Berln` is not a time zone", "did you mean `Europe/Berlin`?"),
        ("30 February, 10:00", "there is no 30 February", "`last day of February`"),
        ("1 March and 1 Septmber, 10:00", "`septmber` is not understood", "did you mean `September`?"),
        ("10:00 UTC", "does not say on which days", "write for example"),
        ("every full moon, 10:00", "`full` is not understood", "write for example"),
        ("every Monday of May, 10:00", "`of` is not understood at its place", "write for example"),
        ("second Tuesday, 10:00", "does not say on which days", "write for example"),
        ("every 0 weeks on Monday, 10:00", "`every 0 weeks` is no rule", "from 1 to 104"),
        ("every 2 weeks on Monday from tomorrow, 10:00", "`tomorrow` is not a date", "`from 2026-01-07`"),
        ("0 10 8-14 2,5,8,11 2", "is five fields of cron", "write `cron: \"0 10"),
        ("0 10 * * 1", "is five fields of cron", "write `cron: \"0 10 * * 1\"`"),
        ("", "does not say at which time", "write for example"),
    ] {
        let error = read(text).err().unwrap_or_else(|| panic!("{text}"));
        assert!(error.problem.contains(problem) && error.hint.contains(hint), "{text}: {error:?}");
    }
}

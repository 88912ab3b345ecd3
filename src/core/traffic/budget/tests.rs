//! What a budget bears, at its edges.

use super::*;
use crate::history::request_id;
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// A request costs so many billionths of a dollar at each of these, for its single token.
fn prices(each: &[(&str, u64)]) -> Prices {
    // A price is for a million tokens.
    let price = |input: u64| Price { input: Money::from_nanos(input * 1_000_000), output: Money::ZERO, source: String::new() };
    Prices {
        known: each.iter().map(|(name, nanos)| ((*name).to_owned(), price(*nanos))).collect(),
        reached: each.iter().map(|(name, _)| (*name).to_owned()).collect(),
        most: Tokens { input: 1, output: 0 },
    }
}

fn budget(ceiling: u64, each: &[(&str, u64)]) -> Budget {
    Budget::new(Some(Money::from_nanos(ceiling)), None, vec![prices(each)])
}

const TWO: &[(&str, u64)] = &[("cheap", 10), ("dear", 40)];

#[test]
fn what_is_on_its_way_is_charged_at_every_provider_once_and_then_as_it_was_seen() {
    let budget = budget(100, TWO);
    assert!(budget.begin(0) && budget.begin(1), "two at 50 are just what there is");
    assert_eq!(budget.charged(), Money::from_nanos(100));
    assert!(!budget.begin(2));
    assert!(budget.emptied().borrow().as_ref().unwrap().contains("0.0000001 USD"));
    budget.saw(0, "cheap", true, true);
    assert_eq!(budget.charged(), Money::from_nanos(100), "who knows what it still asks");
    budget.end(0, Spent::Something(None));
    assert_eq!(budget.charged(), Money::from_nanos(60));
    // Attempts are seen after the answer, too.
    budget.end(1, Spent::Something(None));
    assert_eq!(budget.charged(), Money::from_nanos(50), "at the dearest until it is seen");
    budget.saw(1, "cheap", true, true);
    assert_eq!(budget.charged(), Money::from_nanos(20));
    assert!(budget.begin(2), "once those on their way have come back cheaply");
}

#[test]
fn what_no_proxy_saw_stays_charged_at_the_dearest_or_for_the_tokens_that_its_answer_reports() {
    let budget = budget(100, TWO);
    assert!(budget.begin(0) && budget.begin(1));
    budget.end(0, Spent::Something(None));
    assert_eq!(budget.charged(), Money::from_nanos(90));
    budget.end(1, Spent::Something(Some(Tokens { input: 0, output: 9 })));
    assert_eq!(budget.charged(), Money::from_nanos(40), "what comes back is free here");
    assert!(budget.begin(2));
    budget.end(2, Spent::Refused);
    assert_eq!(budget.charged(), Money::from_nanos(80), "what the service refused may have been asked before");
    assert!(!budget.begin(3), "and 50 more are too much");
}

#[test]
fn what_was_never_sent_and_what_was_seen_to_fail_costs_nothing() {
    let budget = budget(100, TWO);
    assert!(budget.begin(0) && budget.begin(1));
    budget.end(0, Spent::Nothing);
    assert_eq!(budget.charged(), Money::from_nanos(50));
    budget.saw(1, "dear", false, false);
    budget.end(1, Spent::Refused);
    assert_eq!(budget.charged(), Money::ZERO);
    // An attempt that broke off is billed, and the next is another.
    assert!(budget.begin(2));
    budget.saw(2, "dear", true, false);
    assert_eq!(budget.charged(), Money::from_nanos(80), "40, and whatever it asks then");
    budget.saw(2, "cheap", true, true);
    budget.end(2, Spent::Something(Some(Tokens { input: 1, output: 0 })));
    assert_eq!(budget.charged(), Money::from_nanos(50));
    // What nobody began is somebody's all the same.
    budget.saw(WARMING | 7, "cheap", true, true);
    assert_eq!(budget.charged(), Money::from_nanos(60));
    budget.saw(request_id(9, 0), "cheap", true, true);
    assert_eq!(budget.charged(), Money::from_nanos(60), "of a workload that is none");
}

#[test]
fn an_answer_with_more_tokens_than_a_request_can_have_makes_all_of_them_dearer() {
    let budget = budget(1000, TWO);
    assert!(budget.begin(0) && budget.begin(1));
    budget.end(0, Spent::Something(Some(Tokens { input: 3, output: 0 })));
    assert_eq!(budget.charged(), Money::from_nanos(3 * 40 + 3 * 50));
    budget.end(1, Spent::Something(None));
    assert_eq!(budget.charged(), Money::from_nanos(2 * 3 * 40));
    budget.saw(1, "cheap", true, true);
    assert_eq!(budget.charged(), Money::from_nanos(3 * 40 + 3 * 10));
}

#[test]
fn workloads_share_a_ceiling_and_each_pays_its_own_price() {
    let budget = Budget::new(Some(Money::from_nanos(100)), None, vec![prices(&[("one", 10)]), prices(&[("one", 60)])]);
    let second = |number| request_id(1, number);
    assert!(budget.begin(second(0)) && budget.begin(0) && !budget.begin(second(1)), "60 and 10 leave no room for 60");
    assert!(budget.begin(1) && budget.begin(2) && budget.begin(3) && !budget.begin(4), "and room for three of 10");
    budget.end(second(0), Spent::Something(None));
    assert_eq!(budget.charged(), Money::from_nanos(100));
}

#[test]
fn requests_are_counted_and_without_limits_everything_goes() {
    let few = Budget::new(None, Some(2), vec![Prices::default(); 2]);
    assert!(few.begin(0) && few.begin(request_id(1, 0)) && !few.begin(1));
    let driven = Budget::new(None, Some(2), vec![Prices::default()]);
    driven.sent(0, Spent::Something(None));
    driven.sent(1, Spent::Something(None));
    assert!(driven.emptied().borrow().is_none());
    driven.sent(2, Spent::Something(None));
    assert!(driven.emptied().borrow().is_some());
    let free = Budget::new(None, None, vec![Prices::default()]);
    assert!((0..1000).all(|id| free.begin(id)));
}

#[test]
fn a_rehearsal_costs_money_and_is_none_of_the_requests_that_are_counted() {
    let both = Budget::new(Some(Money::from_nanos(120)), Some(2), vec![prices(TWO)]);
    assert!(both.begin_beside(WARMING) && both.begin(0), "50 each");
    both.end(WARMING, Spent::Nothing);
    both.end(0, Spent::Nothing);
    assert!(both.begin(1) && !both.begin(2), "two are two");
    assert!(both.begin_beside(WARMING | 1));
    assert!(!both.begin_beside(WARMING | 2), "100 are on their way, and 50 more are too much");
}

/// What a GET is thought to cost is nothing; at these prices a short chat costs something.
#[test]
fn a_workload_that_was_thought_free_pays_for_what_the_proxies_see_and_ends_at_the_ceiling() {
    let (input, _) = request_tokens(&Expect::default());
    let looks = || Prices { most: Tokens::default(), ..prices(&[("one", 10)]) };
    let ceiling = 100 * 10 * input;
    let new = || Budget::new(Some(Money::from_nanos(ceiling)), None, vec![prices(&[("other", 10)]), looks()]);
    let id = |number| request_id(1, number);
    let sent = |budget: &Budget, seen: &dyn Fn(u64)| {
        (0..1_000).find(|number| {
            let begun = budget.begin(id(*number));
            if begun {
                seen(*number);
                budget.end(id(*number), Spent::Something(None));
            }
            !begun
        })
    };
    let budget = new();
    assert_eq!(sent(&budget, &|_| ()), None, "nobody saw that they ask anybody");
    assert_eq!(
        sent(&budget, &|number| budget.saw(id(number), "one", false, true)),
        None,
        "nor do those ask that are refused, or ask no model"
    );
    assert_eq!(budget.charged(), Money::ZERO);
    assert_eq!(sent(&budget, &|number| budget.saw(id(number), "one", true, true)), Some(100));
    assert!(budget.emptied().borrow().is_some());
    assert_eq!(budget.charged(), Money::from_nanos(ceiling));
    // Those that a gateway asks without the mark are the same.
    let budget = new();
    budget.saw_nameless("other");
    assert_eq!(budget.charged(), Money::ZERO, "of a provider that it does not reach");
    assert_eq!(sent(&budget, &|_| budget.saw_nameless("one")), Some(100));
    // And what is on its way is kept back for.
    let budget = new();
    budget.saw_nameless("one");
    assert_eq!((0..1_000).find(|number| !budget.begin(id(*number))), Some(99));
    // An attempt that is seen after the answer is charged all the same.
    let budget = new();
    assert!(budget.begin(id(0)));
    budget.end(id(0), Spent::Something(None));
    budget.saw(id(0), "one", true, true);
    assert_eq!(budget.charged(), Money::from_nanos(10 * input));
    let none = Budget::new(Some(Money::from_nanos(ceiling)), None, vec![prices(&[("one", 10)])]);
    none.saw_nameless("one");
    assert_eq!(none.charged(), Money::ZERO, "whoever's it is, it is none of the drill's, whose requests all bear marks");
}

#[test]
fn of_whoever_does_not_ask_what_may_be_on_its_way_is_held_back() {
    let budget = budget(400, TWO);
    budget.stands(0, 4);
    // Its attempts are seen before it tells of them.
    budget.saw(0, "cheap", true, true);
    budget.sent(0, Spent::Something(None));
    assert_eq!(budget.charged(), Money::from_nanos(210));
    budget.sent(1, Spent::Nothing);
    for id in 2..5 {
        budget.sent(id, Spent::Something(None));
    }
    assert_eq!(budget.charged(), Money::from_nanos(330));
    assert!(budget.emptied().borrow().is_none());
    budget.sent(5, Spent::Something(None));
    assert!(budget.emptied().borrow().is_some(), "370, and one more may cost 50");
}

/// A provider counts what it bills; the budget sees some of that, late and out of order. Whatever happens, the bill stays below the ceiling.
#[test]
fn no_bill_exceeds_the_ceiling_whatever_is_seen_of_it() {
    for seed in 0..300 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let workloads: Vec<Prices> = (0..random.random_range(1..4))
            .map(|_| prices(&[("cheap", random.random_range(0..20)), ("dear", random.random_range(0..90))]))
            .collect();
        let ceiling = random.random_range(0..5000);
        let budget = Budget::new(Some(Money::from_nanos(ceiling)), None, workloads.clone());
        let is_proxied: Vec<bool> = workloads.iter().map(|_| random.random_bool(0.5)).collect();
        let mut bill: u64 = 0;
        let mut open: Vec<(u64, usize)> = Vec::new();
        let mut late: Vec<(u64, &str, bool, bool)> = Vec::new();
        for number in 0..2000 {
            let workload = random.random_range(0..workloads.len());
            let id = request_id(workload, number);
            if budget.begin(id) {
                open.push((id, workload));
            }
            if open.len() > random.random_range(0..10) {
                let (id, workload) = open.swap_remove(random.random_range(0..open.len()));
                let cost = |provider: &str| workloads[workload].known[provider].of(1, 0).as_nanos();
                let mut attempts = Vec::new();
                // A gateway asks one after the other, each at most once; each may refuse, break off, or answer.
                let served = ["cheap", "dear"].into_iter().any(|provider| {
                    let whole = random.random_bool(0.6);
                    let billed = whole || random.random_bool(0.5);
                    attempts.push((id, provider, billed, whole));
                    bill += if billed { cost(provider) } else { 0 };
                    whole
                });
                // Behind no proxy only one attempt can be billed: what its gateway asks twice there nobody sees.
                if !is_proxied[workload] {
                    bill -= attempts
                        .iter()
                        .rev()
                        .skip(1)
                        .filter(|(.., billed, _)| *billed)
                        .map(|(_, provider, ..)| cost(provider))
                        .sum::<u64>();
                } else {
                    let seen_late = *[0, 0, attempts.len()].choose(&mut random).unwrap();
                    let kept = attempts.split_off(attempts.len() - seen_late);
                    attempts.drain(..).for_each(|(id, provider, billed, whole)| budget.saw(id, provider, billed, whole));
                    late.extend(kept);
                }
                let tokens = random.random_bool(0.3).then_some(Tokens { input: 1, output: 0 });
                budget.end(id, if served { Spent::Something(tokens) } else { Spent::Something(None) });
            }
            if late.len() > 3 {
                late.drain(..).for_each(|(id, provider, billed, whole)| budget.saw(id, provider, billed, whole));
            }
            let ahead: u64 = late
                .iter()
                .filter(|(.., billed, _)| *billed)
                .map(|(id, provider, ..)| workloads[workload_of(*id)].known[*provider].of(1, 0).as_nanos())
                .sum();
            assert!(bill <= ceiling + ahead, "seed {seed}: {bill} were billed under a ceiling of {ceiling}, {ahead} not seen yet");
        }
    }
}

#[test]
fn the_lower_one_of_two_ceilings_counts_and_it_is_told_whose_it_was() {
    let spent = |environment: Option<u64>, guard: Option<u64>| {
        let budget =
            Budget::new(environment.map(Money::from_nanos), None, vec![prices(&[("one", 10)])]).guarded(guard.map(Money::from_nanos));
        let sent = (0..100).take_while(|id| budget.begin(*id)).count();
        let told = budget.emptied().borrow().clone().unwrap_or_default();
        (sent, budget.is_guarded_out(), told.contains("spend_above"))
    };
    assert_eq!(spent(Some(50), None), (5, false, false));
    assert_eq!(spent(Some(50), Some(30)), (3, true, true));
    assert_eq!(spent(Some(50), Some(70)), (5, false, false));
    assert_eq!(spent(None, Some(30)), (3, true, true));
    assert_eq!(spent(None, None), (100, false, false));
}

//! What a drill cost, as an estimate: requests that users did not get and what those stand for, what providers bill, and what a month on the
//! standby would.
//!
//! Everything here is said with what it rests on. What this file does not do: claim a sum that nobody stated or listed.

use super::dual_run;
use super::subject::Subject;
use crate::model::{Business, DrillPlan, NamedWorkload};
use crate::price::most_tokens;
use crate::report::digest::{AFTER, BEFORE, BilledParts, DURING, Digest, LossTally};
use crate::report::model::{Block, Paragraph, ParagraphKind, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::report::words::wording::span;
use crate::units::{Money, counted, grouped};
use crate::verdict::{BillPart, ProviderBill, Verdict};
use std::collections::BTreeMap;

/// A month has so many seconds: a twelfth of a year.
pub(super) const MONTH: f64 = 365.25 / 12.0 * 86_400.0;

/// The section; `None` where nothing is known but what the traffic's section tells anyway.
pub(super) fn section(verdict: &Verdict, digest: &Digest, subjects: &[Subject<'_>]) -> Option<Section> {
    let plan = &digest.started.as_ref()?.plan;
    let spend = if verdict.evidence.attempts_seen || digest.spend.billed().next().is_some() { spend(plan, digest) } else { None };
    let month = month(plan, digest);
    let unused: Vec<Text> = unused(plan, digest).into_iter().collect();
    let worth = worth(digest, subjects);
    let dual = dual_run::told(digest, subjects);
    if spend.is_none() && month.is_empty() && worth.is_empty() && dual.is_empty() {
        return None;
    }
    let points: Vec<Text> = losses(digest, subjects).into_iter().chain(worth).chain(unused).chain(dual).chain(month).collect();
    let mut blocks = vec![Block::List(points)];
    blocks.extend(spend.map(Block::from));
    blocks.push(Paragraph { kind: ParagraphKind::Plain, lines: assumptions(plan, digest, reported(verdict)) }.into());
    Some(Section { blocks, ..Section::new(SectionKind::Cost, "What it cost, as an estimate") })
}

/// The workloads that are judged, with what became of their requests.
/// Nothing where no fault was in force.
fn told<'a>(digest: &'a Digest, subjects: &'a [Subject<'_>]) -> impl Iterator<Item = (&'a Subject<'a>, &'a NamedWorkload, &'a LossTally)> {
    subjects.iter().filter_map(|subject| {
        let named = subject.workload.named.as_ref()?;
        let place = digest.flows.iter().position(|flow| flow.named.as_ref().is_some_and(|other| other.name == named.name))?;
        let [_, since] = digest.spend.losses.get(&place)?;
        Some((subject, named, since))
    })
}

fn whose(subject: &Subject<'_>) -> Text {
    subject.name().map(|name| Text::own(" of ").then(Text::outside(name))).unwrap_or_default()
}

/// Requests lost and late, since the fault.
fn losses(digest: &Digest, subjects: &[Subject<'_>]) -> Vec<Text> {
    let each = told(digest, subjects).map(|(subject, _, tally)| {
        let lost = match tally.lost() {
            0 => "none was lost".to_owned(),
            lost => {
                let kinds: Vec<String> = tally.lost.iter().map(|(word, count)| format!("{} {word}", grouped(*count))).collect();
                let kinds = if kinds.len() > 1 {
                    format!(" ({})", kinds.join(", "))
                } else {
                    format!(" ({})", tally.lost.keys().next().unwrap_or(&""))
                };
                format!("{} {} lost{kinds}", grouped(lost), if lost == 1 { "was" } else { "were" })
            }
        };
        let late = match tally.late {
            0 => String::new(),
            late => format!(", and {} {} answered late", grouped(late), if late == 1 { "was" } else { "were" }),
        };
        Text::own(format!("From the fault on, of {}", counted(tally.due, "request"))).then(whose(subject)).then(format!(" {lost}{late}."))
    });
    each.collect()
}

/// What those stand for, where the service says what its requests are worth.
fn worth(digest: &Digest, subjects: &[Subject<'_>]) -> Vec<Text> {
    told(digest, subjects)
        .filter_map(|(subject, named, tally)| Some((subject, named.service.business?, tally)))
        .flat_map(|(subject, business, tally)| {
            let gone = tally.lost() + tally.abandoned;
            let counted_ones = Text::own(sum_of(tally, &business)).then(whose(subject));
            let orders = business.requests_per_order.map(|per_order| {
                let orders = gone as f64 / per_order as f64;
                let value = business.order_value.map(|value| format!(", {} at {value} each", value.times(orders))).unwrap_or_default();
                let each = format!(" At {} an order, they stand for {}{value}.", counted(per_order, "request"), decimal(orders, "order"));
                counted_ones.clone().then(".").then(each)
            });
            let revenue = business.revenue_per_request.map(|each| {
                let sum = each.times(gone as f64);
                counted_ones.clone().then(format!(", {sum} at {each} each."))
            });
            let plain =
                (business.requests_per_order.is_none() && business.revenue_per_request.is_none()).then(|| counted_ones.clone().then("."));
            orders.into_iter().chain(revenue).chain(plain)
        })
        .collect()
}

/// Which requests are counted as gone.
fn sum_of(tally: &LossTally, business: &Business) -> String {
    match business.abandon_after {
        Some(patience) => format!(
            "{} lost or answered after more than {}, when users are taken to be gone",
            counted(tally.lost() + tally.abandoned, "request"),
            span(patience)
        ),
        None => format!("{} lost", counted(tally.lost(), "request")),
    }
}

/// `2.2 orders`.
fn decimal(number: f64, what: &str) -> String {
    let text = format!("{number:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "1" { format!("1 {what}") } else { format!("{text} {what}s") }
}

/// The most that one answer of a provider to a workload may cost; `None` where no price is known or nothing bounds it.
fn each_at_most(plan: &DrillPlan, workload: usize, provider: &str) -> Option<Money> {
    let (_, named) = plan.workloads.iter().enumerate().find(|(place, _)| *place == workload)?;
    let tokens = most_tokens(named, plan)?;
    if tokens.input == 0 && tokens.output == 0 {
        return Some(Money::ZERO);
    }
    Some(plan.prices.get(provider)?.of(tokens.input, tokens.output))
}

/// Billed answers by provider and part of the drill, with the most that they cost.
fn spend(plan: &DrillPlan, digest: &Digest) -> Option<ReportTable> {
    let mut sums: BTreeMap<&str, (BilledParts, Option<[Money; 3]>)> = BTreeMap::new();
    for (workload, provider, counts) in digest.spend.billed() {
        let (all, money) = sums.entry(provider).or_insert(([0; 3], Some([Money::ZERO; 3])));
        let each = each_at_most(plan, workload, provider);
        *money = money.zip(each).map(|(money, each)| std::array::from_fn(|part| money[part].plus(each.times(counts[part]))));
        *all = std::array::from_fn(|part| all[part] + counts[part]);
    }
    sums.values().any(|(_, money)| money.is_some_and(|money| money.iter().any(|sum| *sum > Money::ZERO))).then_some(())?;
    let mut names: Vec<&str> = digest.providers.iter().map(String::as_str).filter(|name| sums.contains_key(name)).collect();
    names.extend(sums.keys().filter(|name| !digest.providers.iter().any(|known| known == **name)));
    let row = |name: &str| {
        let (counts, money) = sums[name];
        let cell = |part: usize| -> TableCell {
            let sum = money.map_or_else(|| "price not known".to_owned(), |money| format!("{:.4}", money[part]));
            if counts[part] == 0 { "none".into() } else { format!("{}: {sum}", counted(counts[part], "answer")).into() }
        };
        TableRow::of([Text::outside(name).into(), cell(BEFORE), cell(DURING), cell(AFTER)])
    };
    let columns = vec!["answers billed, at most", "before the fault", "during it", "after the heal"];
    Some(ReportTable { columns, rows: names.into_iter().map(row).collect() })
}

/// Answers that providers bill and no user got whole.
fn unused(plan: &DrillPlan, digest: &Digest) -> Option<Text> {
    let (mut count, mut money) = (0, Some(Money::ZERO));
    for place in 0..digest.flows.len() {
        let own = || digest.spend.billed().filter(move |(workload, ..)| *workload == place);
        let billed: u64 = own().flat_map(|(_, _, counts)| counts).sum();
        let answered = digest.spend.losses.get(&place).map_or(0, |parts| parts.iter().map(|tally| tally.answered).sum());
        let spare = billed.saturating_sub(answered);
        if spare > 0 {
            count += spare;
            // Whose they were is not told here: the dearest counts.
            let each: Option<Vec<Money>> = own().map(|(_, provider, _)| each_at_most(plan, place, provider)).collect();
            money = money.zip(each.and_then(|each| each.into_iter().max())).map(|(sum, each)| sum.plus(each.times(spare)));
        }
    }
    let money = money.filter(|sum| *sum > Money::ZERO).map(|sum| format!(", {sum:.4} at most")).unwrap_or_default();
    let what = if count == 1 { "answer that a provider began" } else { "answers that providers began" };
    let told = format!("{} {what} reached no user whole; the tokens are billed all the same{money}.", grouped(count));
    (count > 0).then(|| told.into())
}

/// What a month at the rate of each judged workload would cost with each of its providers.
fn month(plan: &DrillPlan, digest: &Digest) -> Vec<Text> {
    let mut told = Vec::new();
    for (place, named) in plan.workloads.iter().enumerate().filter(|(_, named)| named.judged) {
        let total = plan.scenario.timeline.total();
        let seconds = total.as_nanos() as f64 / 1e9;
        let rate = named.workload.requests(total) / seconds;
        let requests = rate * MONTH;
        let mut bills: Vec<(&String, Money)> = Vec::new();
        for name in &named.service.providers {
            let each = each_at_most(plan, place, name).filter(|each| *each > Money::ZERO);
            bills.extend(each.map(|each| (name, each.times(requests as u64))));
        }
        if bills.len() < 2 || !rate.is_finite() || rate <= 0.0 {
            continue;
        }
        let of = if digest.has_several_workloads() { Text::own(" of ").then(Text::outside(&named.name)) } else { Text::default() };
        let mut text = Text::own("A month at this drill's rate").then(of).then(format!(" ({rate:.1} a second) would cost at most "));
        for (index, (name, sum)) in bills.iter().enumerate() {
            let pause = if index == 0 { "" } else { ", " };
            text = text.then(format!("{pause}{} with ", whole(*sum))).then(Text::outside(name));
        }
        told.push(text.then("."));
    }
    told
}

/// `1,234 USD`, rounded up; below ten dollars with cents.
pub(super) fn whole(sum: Money) -> String {
    let dollars = sum.as_nanos().div_ceil(1_000_000_000);
    if dollars < 10 { format!("{sum:.2}") } else { format!("{} USD", grouped(dollars)) }
}

/// What answers cost before the fault and during it, by the tokens that they reported; `None` where they reported none, or not all is known.
fn reported(verdict: &Verdict) -> Option<[Money; 2]> {
    let spend = verdict.measures.as_ref()?.spend.as_ref().filter(|spend| spend.at_least > Money::ZERO)?;
    let sum =
        |part: fn(&ProviderBill) -> BillPart| spend.bills.iter().try_fold(Money::ZERO, |sum, bill| Some(sum.plus(part(bill).at_most?)));
    Some([sum(|bill| bill.before)?, sum(|bill| bill.during)?])
}

/// What the sums rest on.
fn assumptions(plan: &DrillPlan, digest: &Digest, reported: Option<[Money; 2]>) -> Vec<Text> {
    let mut lines: Vec<Text> = vec!["An estimate. What it rests on:".into()];
    let bounds: Vec<String> = plan
        .workloads
        .iter()
        .filter_map(|named| most_tokens(named, plan))
        .filter(|tokens| tokens.input + tokens.output > 0)
        .map(|tokens| format!("{} in and {} out", grouped(tokens.input), grouped(tokens.output)))
        .collect();
    if let Some(first) = bounds.first().filter(|_| !plan.prices.is_empty()) {
        let several = if bounds.iter().any(|bound| bound != first) { " (other workloads have bounds of their own)" } else { "" };
        let most = format!("the most tokens that it may have: {first}{several}");
        lines.push(match reported {
            None => format!("Answers' own token counts were not recorded, so each is taken to have {most}.").into(),
            Some([before, during]) => format!(
                "Each answer is taken to have {most}. By the tokens that they reported, answers cost {before:.4} before the fault and {during:.4} during it."
            )
            .into(),
        });
    }
    let mut sources: Vec<&str> = plan.prices.values().map(|price| price.source.as_str()).filter(|source| !source.is_empty()).collect();
    sources.sort_unstable();
    sources.dedup();
    if !sources.is_empty() {
        lines.push(Text::own("Prices: ").then(Text::outside(sources.join("; "))).then(", as on the day of the drill."));
    }
    if plan.environment.embedded && digest.spend.billed().next().is_some() {
        lines.push("The providers of this drill were simulated: nobody sends a bill for it.".into());
    }
    if digest.flows.iter().any(|flow| flow.named.as_ref().is_some_and(|named| named.service.business.is_some())) {
        lines.push(
            "What requests are worth is what the inventory says (`business:`); the drill's own requests are taken for those of users."
                .into(),
        );
    }
    lines
}

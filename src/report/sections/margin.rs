//! The margin at the old price and at the new one: what an answer cost at each provider before the first fault and under the faults, what users pay
//! for a request where the service says so, what a month of each would come to, and when the budget was gone.
//!
//! It stands in a report where a fault changes what answers cost, or where a budget was promised. All sums come from the bill in the verdict, which
//! counts the tokens that answers reported.

use super::cost::{MONTH, whole};
use super::subject::Subject;
use crate::model::FailureMode;
use crate::report::model::{Block, Paragraph, ParagraphKind, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::report::words::spending::course;
use crate::units::{Amount, Money, grouped};
use crate::verdict::{BillPart, SpendMeasure};

/// The section about one workload; nothing where the drill is not about money, or nobody saw a bill.
pub(super) fn section(subject: &Subject<'_>) -> Option<Section> {
    let measures = subject.verdict.measures.as_ref()?;
    let plan = &subject.digest.started.as_ref()?.plan;
    let is_raised = plan.scenario.timeline.faults.iter().any(|planned| planned.fault.mode() == Some(FailureMode::Price));
    let budget = subject.verdict.terms.spend;
    let spend = measures.spend.as_ref().filter(|_| is_raised || budget.is_some())?;
    let revenue = subject.workload.named.as_ref().and_then(|named| named.service.business?.revenue_per_request);
    let name = subject.name().map(|name| Text::own(" of ").then(Text::outside(name))).unwrap_or_default();
    let mut blocks = vec![Block::List(course(subject.digest, spend, budget))];
    blocks.extend(table(subject, spend, revenue.filter(|each| each.currency() == "USD")).map(Block::from));
    blocks.push(Paragraph { kind: ParagraphKind::Plain, lines: notes(revenue) }.into());
    let title = Text::own(if is_raised { "Margin at the old and the new price" } else { "Margin, and the budget" }).then(name);
    Some(Section { blocks, ..Section::new(SectionKind::Margin, title) })
}

/// A row for each provider and price.
fn table(subject: &Subject<'_>, spend: &SpendMeasure, revenue: Option<Amount>) -> Option<ReportTable> {
    let a_month = requests_a_month(subject);
    let row = |provider: &str, when: &'static str, part: BillPart| {
        let each = part.each()?;
        let margin: TableCell = revenue.map_or_else(|| "not stated".into(), |revenue| margin(revenue, each).into());
        let month = a_month.map_or_else(|| "not known".to_owned(), |requests| whole(each.times(requests)));
        let count = format!("{} of them", grouped(part.answers));
        Some(TableRow::of([Text::outside(provider).into(), when.into(), format!("{each:.6} ({count})").into(), margin, month.into()]))
    };
    let each = spend.bills.iter().flat_map(|bill| {
        let when = if bill.during.raised > 0 { "at the new price" } else { "under the faults" };
        [row(&bill.provider, "before", bill.before), row(&bill.provider, when, bill.during)]
    });
    let rows: Vec<TableRow> = each.flatten().collect();
    let columns = vec!["provider", "when", "an answer cost", "margin of a request", "a month at this drill's rate"];
    (!rows.is_empty()).then_some(ReportTable { columns, rows })
}

/// What is left of what users pay.
fn margin(revenue: Amount, cost: Money) -> String {
    let (revenue, cost) = (revenue.value(), cost.as_nanos() as f64 / 1e9);
    let left = revenue - cost;
    let share = if revenue > 0.0 { format!(", {:.1}%", left / revenue * 100.0) } else { String::new() };
    let sign = if left < 0.0 { "-" } else { "" };
    format!("{sign}{:.6} USD{share}", left.abs())
}

/// How many requests the workload would send in a month.
fn requests_a_month(subject: &Subject<'_>) -> Option<u64> {
    let (named, plan) = (subject.workload.named.as_ref()?, &subject.digest.started.as_ref()?.plan);
    let total = plan.scenario.timeline.total();
    let rate = named.workload.requests(total) / total.as_secs_f64();
    (rate.is_finite() && rate > 0.0).then_some((rate * MONTH) as u64)
}

/// What the sums rest on.
fn notes(revenue: Option<Amount>) -> Vec<Text> {
    let mut lines: Vec<Text> = vec![
        "An answer is what a provider billed, by the tokens that it reported, or at most where it reported none; a request that took several tries cost as many.".into(),
    ];
    match revenue {
        None => lines.push(
            "What a request earns is not stated: `business: {revenue_per_request: 0.04 USD}` of the service in the inventory.".into(),
        ),
        Some(revenue) if revenue.currency() != "USD" => lines.push(
            Text::own("A request earns ")
                .then(Text::outside(revenue.to_string()))
                .then(", and prices are in USD: nothing is converted here, so no margin is told."),
        ),
        Some(revenue) => {
            lines.push(Text::own("A request earns ").then(Text::outside(revenue.to_string())).then(", as the inventory says."));
        }
    }
    lines
}

//! The report of candidate providers that were asked the same prompts: side by side, what of their order is shown, how their answers differ, and what
//! changed since another comparison.
//!
//! What this file does not do: compute anything (`evaluation` does), or word who is ahead (`words/candidates`).

use super::candidates_tables::{changes, differences, failures, order, other_numbers, times};
use crate::evaluation::{Comparison, MeasuredTimes};
use crate::report::model::{
    Block, Fact, Grade, IntervalPlot, Paragraph, PlottedInterval, Quantity, Report, ReportIdentity, ReportKind, ReportStatus, Section,
    SectionKind, Text,
};
use crate::report::words::candidates::{ended, headline, orders, row};
use crate::units::counted;

/// The whole report.
pub fn candidates(comparison: &Comparison) -> Report {
    let mut opening: Vec<Block> = headline(comparison).into_iter().map(|line| Paragraph::key(line).into()).collect();
    let orders = orders(comparison);
    if !orders.is_empty() {
        opening.push(Block::List(orders.into_iter().map(Text::outside).collect()));
    }
    opening.push(Paragraph::plain(ended(comparison)).into());
    opening.extend(advice(comparison).map(|line| Paragraph::advice(line).into()));
    opening.extend(plot(comparison).map(Block::Intervals));
    let side = Section::new(SectionKind::Candidates, "Side by side").with(other_numbers(comparison)).with(times(comparison));
    let mut sections = vec![side];
    sections.extend(changes(comparison));
    sections.extend(order(comparison));
    sections.extend(differences(comparison));
    sections.extend(failures(comparison));
    sections.extend([limits(comparison), identity(comparison)]);
    let head = &comparison.head;
    let names: Vec<&str> = comparison.candidates.iter().map(|candidate| candidate.who.name.as_str()).collect();
    let identity = ReportIdentity {
        run: Some(head.id.clone()),
        environment: Some(head.environment.clone()),
        seed: Some(head.seed.to_string()),
        lifeboat: Some(head.lifeboat.clone()),
        started_at: Some(head.started_at.clone()),
        ..ReportIdentity::default()
    };
    let title = Text::outside(row(&names));
    Report { kind: ReportKind::Candidates, identity, title, status: status(comparison), opening, sections }
}

/// What is told on a terminal at its end: the report without how it was measured.
pub fn candidates_summary(comparison: &Comparison) -> Report {
    let mut report = candidates(comparison);
    report.opening.retain(|block| !matches!(block, Block::Intervals(_)));
    report.sections.retain(|section| !matches!(section.kind, SectionKind::Limits | SectionKind::Identity | SectionKind::Comparison));
    report
}

fn status(comparison: &Comparison) -> ReportStatus {
    let (word, grade) = match () {
        () if comparison.has_regressed() => ("worse than before", Grade::Bad),
        () if !comparison.says_something() => ("nothing concluded", Grade::Open),
        () if !comparison.silent().is_empty() => ("not all answered", Grade::Open),
        () if comparison.order.iter().any(|pair| pair.shown) => ("order shown", Grade::Good),
        () if comparison.candidates.len() == 1 => ("measured", Grade::Neutral),
        () => ("no difference shown", Grade::Neutral),
    };
    ReportStatus { word: word.to_owned(), grade }
}

/// What to do next.
fn advice(comparison: &Comparison) -> Option<String> {
    let head = &comparison.head;
    if !comparison.says_something() {
        return Some("See which failures stand below, and try one candidate by itself with `lifeboat ready`.".to_owned());
    }
    let open = comparison.order.iter().any(|pair| !pair.shown && head.until.contains(&pair.measure));
    let right = comparison.candidates.iter().filter_map(|candidate| candidate.quality).map(|share| share.of).max();
    match right {
        Some(prompts) if open && prompts < 500 => Some(format!(
            "{} can show large differences of quality only: some 200 tell 80 % from 95 %, while 92 % and 95 % take thousands. More prompts help; \
             more rounds do not, since a prompt that is asked again is the same prompt.",
            counted(prompts, "prompt")
        )),
        _ => None,
    }
}

/// Medians of the time to the first token with what bounds them, on one axis.
fn plot(comparison: &Comparison) -> Option<IntervalPlot> {
    let interval = |times: MeasuredTimes| {
        let nanos = |milliseconds: f64| (milliseconds * 1e6) as i64;
        Some(Quantity::Between { lo_ns: nanos(times.p50.lo?), hi_ns: Some(nanos(times.p50.hi?)) })
    };
    let rows: Vec<PlottedInterval> = comparison
        .candidates
        .iter()
        .map(|candidate| {
            let interval = candidate.first_token_ms.and_then(interval);
            let word = if interval.is_some() { "measured" } else { "not measured" };
            let status = ReportStatus { word: word.to_owned(), grade: Grade::Neutral };
            PlottedInterval { label: Text::outside(&candidate.who.name), interval, status }
        })
        .collect();
    rows.iter().any(|row| row.interval.is_some()).then(|| IntervalPlot {
        caption: "Median time to the first token, between its bounds".into(),
        objective_ns: None,
        rows,
    })
}

/// What all this does not say.
fn limits(comparison: &Comparison) -> Section {
    let mut said: Vec<Text> = [
        "Each prompt was asked of all candidates right after each other, in a drawn order, so that the hour of the day is fair to all; it is still this \
         hour of this day.",
        "\"Shown\" holds for all pairs and measures together: the probability that anything is called shown which is not so is at most 5 %, \
         although it was looked at after every prompt. It says who is ahead more often than not for prompts like these, not by how much.",
        "Of quality and refusals a prompt counts once, however often it was asked. Times and costs compare prompts that both answered.",
        "Brackets are 95 % bounds: exact for shares (Clopper and Pearson) and for percentiles (order statistics); where one end is missing, too few \
         answers were seen for it.",
        "Costs are list prices or those of the inventory, without discounts and caches; a month has 30.4 days.",
        "A refusal is what the provider calls one. A model that declines in words of its own is known by what the prompt expects.",
    ]
    .map(Text::own)
    .into();
    if comparison.head.expecting < comparison.head.prompts {
        let none = comparison.head.prompts - comparison.head.expecting;
        said.push(format!("{} of {} expect nothing, and say nothing of quality.", none, counted(comparison.head.prompts, "prompt")).into());
    }
    if comparison.head.unscored > 0 {
        let answers = counted(comparison.head.unscored, "answer");
        said.push(format!("{answers} could not be scored: a command ended with neither 0 nor 1.").into());
    }
    let unpriced: Vec<&str> = comparison
        .candidates
        .iter()
        .filter(|candidate| candidate.who.input_price.is_none())
        .map(|candidate| candidate.who.name.as_str())
        .collect();
    if !unpriced.is_empty() {
        said.push(format!("No price is known of {}: say it in the inventory, as `price: {{input: …, output: …}}`.", row(&unpriced)).into());
    }
    Section::new(SectionKind::Limits, "What this does not claim").with(Block::List(said))
}

/// Which comparison it was.
fn identity(comparison: &Comparison) -> Section {
    let head = &comparison.head;
    let price = |price: Option<crate::units::Money>| price.map_or_else(|| "unknown".to_owned(), |price| price.to_string());
    let mut facts = vec![
        Fact::of("comparison", Text::outside(&head.id)),
        Fact::of("began", head.started_at.as_str()),
        Fact::of("took", format!("{:.0} s", head.seconds)),
        Fact::of("environment", Text::outside(&head.environment)),
        Fact::of("seed", head.seed.to_string()),
        Fact::of("prompts", Text::own(format!("{}, from ", head.prompts)).then(Text::outside(head.files.join(", ")))),
        Fact::of("spent", format!("{:.4}", head.spent)),
    ];
    for candidate in &comparison.candidates {
        let who = &candidate.who;
        let source = who.price_source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
        let about = format!(
            "{} in the dialect {}{}; a million tokens cost {} in, {} out{source}",
            who.model,
            who.dialect,
            who.region.as_ref().map(|region| format!(", {region}")).unwrap_or_default(),
            price(who.input_price),
            price(who.output_price)
        );
        facts.push(Fact::of(Text::outside(&who.name), Text::outside(about)));
    }
    facts.push(Fact::of("Lifeboat", head.lifeboat.as_str()));
    Section::new(SectionKind::Identity, "Identity").with(Block::Facts(facts))
}

//! Blocks of a section, and sections within sections.

use super::phrase::{badge, text};
use super::place::PagePlace;
use super::{finding, table, waterfall};
use crate::report::model::{Block, DrillPicture, Fact, IntervalPlot, Paragraph, ParagraphKind, Section};
use crate::report::render::svg::{inline, inline_intervals};
use maud::{Markup, PreEscaped, html};
use std::collections::BTreeMap;

/// A section's heading and what stands below it.
pub(super) fn section(section: &Section, place: &PagePlace<'_>) -> Markup {
    let blocks: Vec<&Block> = section.blocks.iter().collect();
    html! {
        (heading(section, place))
        (self::blocks(&blocks, place))
    }
}

fn heading(section: &Section, place: &PagePlace<'_>) -> Markup {
    let words = html! {
        (text(&section.title))
        @if let Some(status) = &section.status { " " (badge(status)) }
    };
    let id = format!("{}-title", place.id);
    match place.level {
        2 => html! { h2 id=(id) { (words) } },
        3 => html! { h3 id=(id) { (words) } },
        4 => html! { h4 id=(id) { (words) } },
        _ => html! { h5 id=(id) { (words) } },
    }
}

/// Blocks, in order.
pub(super) fn blocks(blocks: &[&Block], place: &PagePlace<'_>) -> Markup {
    let inner: Vec<&Section> =
        blocks.iter().filter_map(|block| if let Block::Section(section) = block { Some(section) } else { None }).collect();
    let mut ids = ids(&inner, &format!("{}-", place.id)).into_iter();
    html! {
        @for (number, block) in blocks.iter().enumerate() {
            @match block {
                Block::Paragraph(paragraph) => { (sentences(paragraph)) }
                Block::List(points) => { ul { @for point in points { li { (text(point)) } } } }
                Block::Table(rows) => { (table::table(rows, place)) }
                Block::Facts(facts) => { (labelled(facts)) }
                Block::Picture(shown) => { (picture(shown, &format!("{}-picture-{number}", place.id))) }
                Block::Waterfall(stages) => { (waterfall::waterfall(stages, place)) }
                Block::Findings(findings) => { (finding::cards(findings)) }
                Block::Intervals(plot) => { (intervals(plot, &format!("{}-intervals-{number}", place.id))) }
                Block::Section(inner) => {
                    @let id = ids.next().unwrap_or_default();
                    section.within id=(id) { (section(inner, &PagePlace::of(&id, place.level + 1, &inner.title))) }
                }
            }
        }
    }
}

fn sentences(paragraph: &Paragraph) -> Markup {
    let class = match paragraph.kind {
        ParagraphKind::Plain => "plain",
        ParagraphKind::Key => "key",
        ParagraphKind::Advice => "advice",
    };
    html! {
        @for line in &paragraph.lines { p class=(class) { (text(line)) } }
    }
}

fn labelled(facts: &[Fact]) -> Markup {
    html! {
        dl {
            @for fact in facts {
                div {
                    dt { (text(&fact.label)) }
                    dd { (text(&fact.text)) }
                }
            }
        }
    }
}

/// The picture, and its words for everybody who would rather read them.
fn picture(shown: &DrillPicture, id: &str) -> Markup {
    html! {
        figure.picture {
            (PreEscaped(inline(shown, id)))
            @if !shown.words.is_empty() {
                figcaption {
                    details {
                        summary { "The picture in words" }
                        @for line in &shown.words { p { (text(line)) } }
                    }
                }
            }
        }
    }
}

/// Intervals below each other.
fn intervals(plot: &IntervalPlot, id: &str) -> Markup {
    html! { figure.picture { (PreEscaped(inline_intervals(plot, id))) } }
}

/// An identifier for each of these sections, unique in the page where `within` is.
pub(super) fn ids(sections: &[&Section], within: &str) -> Vec<String> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let id = |section: &&Section| {
        let (word, count) = (section.kind.word(), seen.entry(section.kind.word()).or_default());
        *count += 1;
        let number = if *count > 1 { format!("-{count}") } else { String::new() };
        format!("{within}{word}{number}")
    };
    sections.iter().map(id).collect()
}

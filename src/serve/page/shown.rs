//! Texts within pages: what was written outside reads as the text that it is, in its own direction of writing, and no longer than there is room for.
//!
//! What this file does not do: know what a text is about.

use crate::report::{Grade, ReportStatus, badge};
use crate::units::{Duration, one_line};
use crate::verdict::{Decision, Interval};
use maud::{Markup, html};

/// Letters of a name in a list.
pub(super) const NAME: usize = 80;

/// The first letters of a text, in one line; what was left out is told by an ellipsis.
pub(super) fn short(text: &str, most: usize) -> String {
    // What is shown of a letter may be longer than it, never what is read of the text.
    let begin: String = text.chars().take(most + 1).collect();
    let cut = begin.chars().count() > most;
    let kept: String = begin.chars().take(most).collect();
    one_line(&kept) + if cut { "…" } else { "" }
}

/// A name that somebody else chose.
pub(super) fn name(text: &str) -> Markup {
    html! { bdi { (short(text, NAME)) } }
}

/// Sentences that somebody else wrote, each line as one.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        bdi {
            @for (place, line) in text.trim_end().lines().take(200).enumerate() {
                @if place > 0 { br; }
                (coded(&short(line, 4_000)))
            }
        }
    }
}

/// A line with what stands between two backticks as what is typed.
fn coded(line: &str) -> Markup {
    let pieces: Vec<&str> = line.split('`').collect();
    let is_code = |place: usize| place % 2 == 1 && place + 1 < pieces.len();
    html! {
        @for (place, piece) in pieces.iter().enumerate() {
            @if is_code(place) { code { (piece) } } @else { @if place % 2 == 1 { "`" } (piece) }
        }
    }
}

/// How something ended, in its word, with a mark and a colour.
pub(super) fn status(word: &str, grade: Grade) -> Markup {
    badge(&ReportStatus { word: word.to_owned(), grade })
}

/// `3.08 to 3.29 s`, rounded outwards, as reports have it.
pub(super) fn interval(interval: Interval) -> String {
    let hundredths = |ns: f64| ns / 100.0;
    let low = hundredths((interval.lo as f64 / 1e7).floor());
    match interval.hi {
        Some(hi) => format!("{low:.2} to {:.2} s", hundredths((hi as f64 / 1e7).ceil())),
        None if interval.lo <= 0 => "not seen".to_owned(),
        None => format!("more than {low:.2} s"),
    }
}

/// A cutover that was measured, in words: where what was promised was kept without one, none was needed.
pub(super) fn cutover(measured: Interval, verdict: Option<Decision>) -> String {
    if measured.hi.is_none() && verdict == Some(Decision::Met) { "none needed".to_owned() } else { interval(measured) }
}

/// A measured interval beside what was promised, as a bar with a line; for eyes alone, since the numbers stand beside it.
pub(super) fn against(measured: Interval, promised: Duration, verdict: Option<Decision>) -> Markup {
    const WIDTH: f64 = 200.0;
    let objective = promised.nanos().max(1);
    let end = (measured.hi.unwrap_or(measured.lo).max(objective) as f64 * 1.15).max(1.0);
    let x = |ns: i64| (ns.max(0) as f64 / end * WIDTH).min(WIDTH);
    let (from, until) = (x(measured.lo), measured.hi.map_or(WIDTH, x));
    // What was promised may be another recovery than the cutover, and kept without one.
    let late = verdict != Some(Decision::Met) && measured.hi.is_none_or(|hi| hi > objective);
    html! {
        svg class=(if late { "against late" } else { "against" }) viewBox="0 0 200 14" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.ground x="0" y="5" width="200" height="4" {}
            rect.took x="0" y="4" width=(format!("{from:.1}")) height="6" {}
            rect.interval x=(format!("{from:.1}")) y="2" width=(format!("{:.1}", (until - from).max(2.0))) height="10" {}
            path.budget d=(format!("M{:.1} 0V14", x(objective))) {}
        }
    }
}

/// `1 drill`, `2 drills`.
pub(super) fn many(count: usize, what: &str) -> String {
    crate::units::counted(count as u64, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_no_markup_and_ends_somewhere() {
        let hostile = format!("<img src=x onerror=alert(1)>\u{202e}\u{1b}[31m\n{}", "x".repeat(5_000));
        let shown = name(&hostile).into_string();
        assert!(shown.starts_with("<bdi>&lt;img") && shown.contains("\\u{202e}") && shown.ends_with("…</bdi>"), "{shown}");
        assert!(shown.chars().count() < 200);
        assert_eq!(short("chat", 4), "chat");
        assert_eq!(short("chats", 4), "chat…");
        assert_eq!(prose("a\n<b>").into_string(), "<bdi>a<br>&lt;b&gt;</bdi>");
        assert_eq!(prose("set `a: <b>` to `c").into_string(), "<bdi>set <code>a: &lt;b&gt;</code> to `c</bdi>");
    }

    #[test]
    fn an_interval_is_rounded_outwards() {
        assert_eq!(interval(Interval { lo: 3_081_000_000, hi: Some(3_289_000_000) }), "3.08 to 3.29 s");
        assert_eq!(interval(Interval { lo: 30_000_000_000, hi: None }), "more than 30.00 s");
        assert_eq!(interval(Interval { lo: 0, hi: None }), "not seen");
        let bar = against(Interval { lo: 1_000_000_000, hi: Some(2_000_000_000) }, Duration::from_secs(30), None).into_string();
        assert!(bar.contains("class=\"against\"") && !bar.contains("style"), "{bar}");
        assert!(against(Interval { lo: 0, hi: None }, Duration::from_secs(30), None).into_string().contains("late"));
    }
}

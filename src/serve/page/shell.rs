//! What every page has around its own: head, navigation, foot.

use maud::{DOCTYPE, Markup, html};

/// The parts of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) enum PagePart {
    /// What is due, overdue, and how the last drills went.
    Overview,
    /// Drills: past ones, and those that run.
    Drills,
    /// Schedules, and the year.
    Schedules,
    /// What was drilled and what was not.
    Coverage,
    /// What is to be mended.
    Findings,
    /// Services and providers.
    Inventory,
    /// Runbooks.
    Runbooks,
}

/// A whole page.
pub(in crate::serve) fn shell(_part: PagePart, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Lifeboat" }
            }
            body { main #main { h1 { (title) } (body) } }
        }
    }
}

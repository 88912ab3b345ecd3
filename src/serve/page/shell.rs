//! What every page has around its own: head, navigation, who is signed in, a lever that is pulled, foot.
//!
//! Who calls and whether a lever is pulled is asked once for each request (`around`), and read here: no page has to pass it on.
//!
//! What this file does not do: ask anything.

use super::asset::STYLE_PATH;
use super::shown::short;
use crate::permission::PulledLever;
use crate::serve::Caller;
use maud::{DOCTYPE, Markup, html};
use std::sync::Arc;

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
    /// None of these: sign-in, tokens, problems.
    Elsewhere,
}

/// The navigation in its order.
const PARTS: [(PagePart, &str, &str); 7] = [
    (PagePart::Overview, "/", "Overview"),
    (PagePart::Drills, "/drills", "Drills"),
    (PagePart::Schedules, "/schedules", "Schedules"),
    (PagePart::Coverage, "/coverage", "Coverage"),
    (PagePart::Findings, "/findings", "Findings"),
    (PagePart::Inventory, "/inventory", "Inventory"),
    (PagePart::Runbooks, "/runbooks", "Runbooks"),
];

/// What every page of one request shows around its own.
#[derive(Debug, Clone, Default)]
pub(super) struct PageFrame {
    /// Who is signed in; `None` where nobody is.
    pub(super) caller: Option<Caller>,
    /// The lever that stops all drills.
    pub(super) pulled: Option<PulledLever>,
    /// The name of the project's folder.
    pub(super) project: String,
}

tokio::task_local! {
    /// That of the request that is answered.
    pub(super) static FRAME: Arc<PageFrame>;
}

/// A whole page.
pub(in crate::serve) fn shell(part: PagePart, title: &str, body: &Markup) -> Markup {
    let frame = FRAME.try_with(Arc::clone).unwrap_or_default();
    framed(&frame, part, title, body)
}

/// A whole page with this around it.
fn framed(frame: &PageFrame, part: PagePart, title: &str, body: &Markup) -> Markup {
    let project = if frame.project.is_empty() { String::new() } else { format!(" · {}", crate::units::one_line(&frame.project)) };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="same-origin";
                title { (crate::units::one_line(title).chars().take(120).collect::<String>()) (project) " · Lifeboat" }
                link rel="stylesheet" href=(*STYLE_PATH);
                link rel="icon" type="image/svg+xml" href=(ICON);
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (head(frame, part))
                (lever(frame.pulled.as_ref()))
                main #main tabindex="-1" { h1 { bdi { (short(title, 200)) } } (body) }
                (foot(frame))
            }
        }
    }
}

/// A life ring, so that the tab is found among others.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='5' fill='none' \
                    stroke='%23c8321f' stroke-width='4'/%3E%3Cpath d='M8 1v4M8 11v4M1 8h4M11 8h4' stroke='%23fff' stroke-width='2.4'/%3E%3C/svg%3E";

fn head(frame: &PageFrame, part: PagePart) -> Markup {
    html! {
        header.top {
            div.bar {
                a.brand href="/" {
                    svg viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
                        circle cx="8" cy="8" r="5" {}
                        path d="M8 1v4M8 11v4M1 8h4M11 8h4" {}
                    }
                    "Lifeboat"
                }
                @if !frame.project.is_empty() { span.project { bdi { (short(&frame.project, 60)) } } }
                (who(frame.caller.as_ref()))
            }
            nav aria-label="Main" {
                ul {
                    @for (each, path, name) in PARTS {
                        li { a href=(path) aria-current=[(each == part).then_some("page")] { (name) } }
                    }
                }
            }
        }
    }
}

/// Who is signed in. On this machine alone nobody has to be.
fn who(caller: Option<&Caller>) -> Markup {
    html! {
        p.who {
            @match caller {
                Some(caller) if caller.name == "loopback" => "On this machine, not signed in",
                Some(caller) => { "Signed in as " a href="/tokens" { bdi { (short(&caller.name, 40)) } } }
                None => { a href="/sign-in" { "Sign in" } }
            }
        }
    }
}

/// That no drill runs as long as somebody says so.
fn lever(pulled: Option<&PulledLever>) -> Markup {
    html! {
        @if let Some(pulled) = pulled {
            div.lever role="status" {
                p { strong { "All drills are stopped." } " No drill begins as long as the lever is pulled." }
                @match &pulled.note {
                    Some(note) => p {
                        bdi { (short(&note.by, 80)) } " pulled it at " bdi { (short(&note.since, 40)) } ": " bdi { (short(&note.reason, 400)) }
                    },
                    None => p { bdi { (short(&pulled.to_string(), 400)) } },
                }
                p { "To lift it: " code { (short(&pulled.lifted_by, 200)) } }
            }
        }
    }
}

fn foot(frame: &PageFrame) -> Markup {
    html! {
        footer {
            p {
                "Lifeboat " (env!("CARGO_PKG_VERSION")) ". Times are UTC unless a zone stands beside them. This page loads nothing from elsewhere, and reads without script."
            }
            @if frame.caller.is_some() {
                nav aria-label="More" {
                    ul {
                        li { a href="/ledger" { "Control ledger" } }
                        li { a href="/ready" { "Readiness" } }
                        li { a href="/trends" { "Trends" } }
                        li { a href="/compare" { "Compare drills" } }
                        li { a href="/audit" { "Audit log" } }
                        li { a href="/tokens" { "Tokens" } }
                        li { a href="/api/v1/openapi.json" { "HTTP API" } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::LeverNote;

    #[test]
    fn the_current_part_is_marked_once_and_nothing_of_a_title_is_markup() {
        let page = shell(PagePart::Drills, "<script>alert(1)</script>\u{202e}x", &html! { p { "body" } }).into_string();
        assert_eq!(page.matches("aria-current=\"page\"").count(), 1);
        assert!(page.contains("<a href=\"/drills\" aria-current=\"page\">Drills</a>"), "{page}");
        assert!(!page.contains("<script") && !page.contains('\u{202e}') && page.contains("\\u{202e}x"), "{page}");
        assert_eq!(page.matches("<h1").count(), 1);
    }

    #[test]
    fn a_pulled_lever_is_told_on_every_page_with_what_lifts_it() {
        let note = LeverNote { lever: 1, by: "ada@ops-1".into(), since: "2026-11-20T14:03:07Z".into(), reason: "<b>launch</b>".into() };
        let pulled = PulledLever { place: "p".into(), note: Some(note), trouble: None, lifted_by: "lifeboat resume".into() };
        let frame = PageFrame { pulled: Some(pulled), ..PageFrame::default() };
        let page = framed(&frame, PagePart::Overview, "Overview", &html! {}).into_string();
        assert!(page.contains("All drills are stopped") && page.contains("lifeboat resume") && page.contains("&lt;b&gt;launch"), "{page}");
        assert!(!framed(&PageFrame::default(), PagePart::Overview, "Overview", &html! {}).into_string().contains("All drills"));
    }
}

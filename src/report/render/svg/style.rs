//! Colours and patterns: each provider and each way to end has a pattern that is told from the others without colour.

use super::ink::Ink;
use crate::report::model::SeriesEnding;

/// The style sheet of all pictures, for a page that holds any. Light and dark; paper is always light.
pub(in crate::report) const STYLE: &str = concat!(
    ".lb-pic{--lb-ink:#1b2129;--lb-soft:#515b67;--lb-rule:#d5dae0;--lb-paper:#fff;--lb-shade:#1b2129;--lb-target:#7a2e00;--lb-found:#0b3d2e;",
    "--lb-a0:#2f6fb5;--lb-b0:#2f6fb5;--lb-a1:#cfe9df;--lb-b1:#14775a;--lb-a2:#e6dcf3;--lb-b2:#6a46a3;--lb-a3:#f0e6c4;--lb-b3:#7d6100;",
    "--lb-a4:#d9e3ea;--lb-b4:#46606f;--lb-late:#ffd98f;--lb-late2:#9a5a00;--lb-error:#a51d2d;--lb-time:#f6c9c0;--lb-time2:#a51d2d;",
    "--lb-cut:#a51d2d;--lb-cut2:#fff;--lb-none:#fff;--lb-none2:#515b67;",
    "font:12px/1.2 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;color:var(--lb-ink)}",
    "@media screen and (prefers-color-scheme:dark){.lb-pic{--lb-ink:#e8ecf1;--lb-soft:#a9b4c0;--lb-rule:#3a434e;--lb-paper:#14181d;--lb-shade:#e8ecf1;",
    "--lb-target:#ffb184;--lb-found:#8fe3c0;--lb-a0:#4c8fd9;--lb-b0:#4c8fd9;--lb-a1:#1d4a3c;--lb-b1:#63d0a6;--lb-a2:#3c3058;--lb-b2:#b99cec;",
    "--lb-a3:#4a3f16;--lb-b3:#e0c35a;--lb-a4:#2d3b45;--lb-b4:#9db8c8;--lb-late:#6b4708;--lb-late2:#ffc861;--lb-error:#ff6b6b;--lb-time:#5a2429;",
    "--lb-time2:#ff8d85;--lb-cut:#ff6b6b;--lb-cut2:#14181d;--lb-none:#14181d;--lb-none2:#a9b4c0}}",
    ".lb-picture svg{display:block;width:100%;height:auto}",
    ".lb-picture .lb-narrow{display:none}@media (max-width:620px){.lb-picture .lb-narrow{display:block}.lb-picture .lb-wide{display:none}}",
    ".lb-narrow{font-size:11px}",
    ".lb-pic text{fill:var(--lb-ink)}.lb-pic .lb-soft{fill:var(--lb-soft)}.lb-pic .lb-head{font-weight:600}",
    ".lb-paper{fill:var(--lb-paper)}.lb-rule{stroke:var(--lb-rule);stroke-width:1;fill:none}.lb-base{stroke:var(--lb-soft);stroke-width:1;fill:none}",
    ".lb-shade{fill:var(--lb-shade);fill-opacity:.07}.lb-edge{stroke:var(--lb-soft);stroke-width:1;stroke-dasharray:2 3;fill:none}",
    ".lb-hair{stroke:var(--lb-soft);stroke-width:1;stroke-dasharray:1 3;fill:none}",
    ".lb-area{stroke:var(--lb-paper);stroke-width:.4}.lb-swatch{stroke:var(--lb-soft);stroke-width:1}",
    ".lb-pic .lb-on{font-weight:600}.lb-plate{fill:var(--lb-paper);fill-opacity:.92}",
    ".lb-case{stroke:var(--lb-paper);stroke-width:4;stroke-opacity:.85;fill:none}.lb-target{stroke:var(--lb-target);stroke-width:1.6;stroke-dasharray:7 3 1.5 3;fill:none}.lb-pic .lb-targettext{fill:var(--lb-target);font-weight:600;",
    "paint-order:stroke;stroke:var(--lb-paper);stroke-width:4px}",
    ".lb-found{stroke:var(--lb-ink);stroke-width:1.4;fill:none}.lb-foundfill{fill:var(--lb-ink)}.lb-foundband{fill:var(--lb-ink);fill-opacity:.28}",
    ".lb-pic .lb-foundtext{font-weight:700;paint-order:stroke;stroke:var(--lb-paper);stroke-width:4px}",
    ".lb-thin{stroke:var(--lb-ink);stroke-width:1;fill:none}",
    ".lb-p50{stroke:var(--lb-b0);stroke-width:2.2;fill:none}.lb-p95{stroke:var(--lb-ink);stroke-width:1.5;stroke-dasharray:5 2;fill:none}",
    ".lb-p99{stroke:var(--lb-soft);stroke-width:1.5;stroke-dasharray:1.5 2;fill:none}.lb-over{stroke:var(--lb-b2);stroke-width:1.6;fill:none}",
    ".lb-bar{stroke:var(--lb-ink);stroke-width:1;fill:var(--lb-rule)}.lb-barbad{stroke:var(--lb-ink);stroke-width:1;fill:var(--lb-error)}",
    ".lb-baropen{stroke:var(--lb-ink);stroke-width:1;stroke-dasharray:3 2;fill:var(--lb-paper)}",
    ".lb-phase{stroke:var(--lb-soft);stroke-width:1;fill:none}.lb-mark{fill:var(--lb-ink);stroke:var(--lb-ink);stroke-width:1;stroke-linejoin:round}",
    ".lb-markopen{fill:var(--lb-paper);stroke:var(--lb-ink);stroke-width:1.4}",
    // What patterns are made of. Classes, because a page of a server takes no style within an element.
    ".lb-ga0{fill:var(--lb-a0)}.lb-ga1{fill:var(--lb-a1)}.lb-ga2{fill:var(--lb-a2)}.lb-ga3{fill:var(--lb-a3)}.lb-ga4{fill:var(--lb-a4)}",
    ".lb-glate{fill:var(--lb-late)}.lb-gerror{fill:var(--lb-error)}.lb-gtime{fill:var(--lb-time)}.lb-gcut{fill:var(--lb-cut)}.lb-gnone{fill:var(--lb-none)}",
    ".lb-f{fill:none;stroke-linecap:round}.lb-fb1{stroke:var(--lb-b1)}.lb-fb2{stroke:var(--lb-b2)}.lb-fb3{stroke:var(--lb-b3)}.lb-fb4{stroke:var(--lb-b4)}",
    ".lb-flate2{stroke:var(--lb-late2)}.lb-ftime2{stroke:var(--lb-time2)}.lb-fcut2{stroke:var(--lb-cut2)}.lb-fnone2{stroke:var(--lb-none2)}",
    ".lb-fink{stroke:var(--lb-ink)}",
);

/// What a pattern is made of.
struct Pattern {
    name: &'static str,
    /// The variable of its ground.
    ground: &'static str,
    /// The variable of what is drawn on it.
    figure: &'static str,
    path: &'static str,
    width: f64,
}

const fn pattern(name: &'static str, ground: &'static str, figure: &'static str, path: &'static str, width: f64) -> Pattern {
    Pattern { name, ground, figure, path, width }
}

/// Each on a tile of 8 by 8.
const PATTERNS: [Pattern; 13] = [
    pattern("s0", "a0", "b0", "", 0.0),
    pattern("s1", "a1", "b1", "M-2 2L2 -2M0 8L8 0M6 10L10 6", 1.6),
    pattern("s2", "a2", "b2", "M2 2h.01M6 6h.01", 2.4),
    pattern("s3", "a3", "b3", "M2 0V8M6 0V8", 1.2),
    pattern("s4", "a4", "b4", "M0 2H8M0 6H8", 1.2),
    pattern("good", "a4", "b4", "M4 4h.01", 2.0),
    pattern("late", "late", "late2", "M-2 6L2 10M0 0L8 8M6 -2L10 2", 1.6),
    pattern("error", "error", "error", "", 0.0),
    pattern("timeout", "time", "time2", "M0 0L8 8M0 8L8 0M-1 1L1 -1M7 9L9 7", 1.5),
    pattern("truncated", "cut", "cut2", "M2 2h.01M6 6h.01", 2.2),
    pattern("unsent", "none", "none2", "M0 4H4M4 0H8", 1.2),
    pattern("unknown", "none", "none2", "M2 2h.01M6 6h.01", 1.4),
    pattern("fault", "none", "ink", "M-2 6L2 10M0 0L8 8M6 -2L10 2", 1.3),
];

/// All patterns, named for this drawing.
pub(super) fn patterns(ink: &mut Ink, id: &str) {
    ink.open("defs", &[]);
    for Pattern { name, ground, figure, path, width } in PATTERNS {
        ink.open("pattern", &[("id", &format!("{id}-{name}")), ("width", &8), ("height", &8), ("patternUnits", &"userSpaceOnUse")]);
        ink.empty("rect", &[("width", &8), ("height", &8), ("class", &format!("lb-g{ground}"))]);
        if !path.is_empty() {
            ink.empty("path", &[("d", &path), ("class", &format!("lb-f lb-f{figure}")), ("stroke-width", &width)]);
        }
        ink.close("pattern");
    }
    ink.close("defs");
}

/// The pattern of what ended so.
pub(super) fn pattern_of(ending: SeriesEnding) -> &'static str {
    match ending {
        SeriesEnding::Provider(place) => ["s0", "s1", "s2", "s3", "s4"][if place < 5 { place } else { 1 + (place - 1) % 4 }],
        SeriesEnding::Good => "good",
        SeriesEnding::Late => "late",
        SeriesEnding::Error => "error",
        SeriesEnding::Timeout => "timeout",
        SeriesEnding::Truncated => "truncated",
        SeriesEnding::Unsent => "unsent",
        SeriesEnding::Unknown => "unknown",
    }
}

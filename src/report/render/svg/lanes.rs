//! What happened meanwhile, in lanes below each other: spans as bars, moments as marks, each with its name beside it.

use super::ink::{N, fitted, wide};
use super::sheet::Sheet;
use crate::report::model::{DrillPicture, Grade, MarkKind, PictureMark, PictureSpan, SpanKind};
use std::fmt::Display;

/// Lanes of one kind at most; what finds no place there is counted.
const LANES: usize = 9;
/// The height of a bar.
const BAR: f64 = 11.0;

/// What stands in a lane.
struct Item<'a> {
    from: f64,
    until: f64,
    name: String,
    shape: Shape<'a>,
}

enum Shape<'a> {
    Span(&'a PictureSpan),
    Mark(&'a PictureMark),
}

/// Faults, above the requests that they hurt.
pub(super) fn faults(sheet: &mut Sheet<'_>, picture: &DrillPicture) {
    let faults = spans(sheet, picture, SpanKind::Fault);
    lanes(sheet, "fault", faults);
}

/// Phases of the drill, in one line.
pub(super) fn phases(sheet: &mut Sheet<'_>, picture: &DrillPicture) {
    let phases: Vec<&PictureSpan> = picture.spans.iter().filter(|span| span.kind == SpanKind::Phase).collect();
    if phases.is_empty() {
        return;
    }
    let frame = sheet.frame;
    sheet.y += frame.line();
    let y = sheet.y - 6.0;
    if frame.roomy {
        sheet.beside(y, "phase");
    }
    for phase in phases {
        let (from, until) = ends(sheet, phase);
        sheet.ink.path("lb-phase", &format!("M{} {y}H{}M{} {}v8M{} {}v8", N(from), N(until), N(from), N(y - 4.0), N(until), N(y - 4.0)));
        let name = phase.name.plain();
        if wide(&name, frame.em) + 12.0 < until - from {
            sheet.ink.text("lb-soft lb-on", (from + until) / 2.0, y + frame.em * 0.35, "middle", &name);
        }
    }
    sheet.y += 4.0;
}

/// Everything else, below the requests.
pub(super) fn others(sheet: &mut Sheet<'_>, picture: &DrillPicture) {
    let together = |sheet: &Sheet<'_>, kinds: &[MarkKind], kind: Option<SpanKind>| {
        let mut items = marks(sheet, picture, kinds);
        items.extend(kind.into_iter().flat_map(|kind| spans(sheet, picture, kind)));
        items.sort_by(|one, other| one.from.total_cmp(&other.from));
        items
    };
    let groups: [(&str, &[MarkKind], Option<SpanKind>); 6] = [
        ("alerts", &[MarkKind::Alert], None),
        ("runbook", &[MarkKind::Runbook], Some(SpanKind::Step)),
        ("keys", &[MarkKind::Key], None),
        ("gateway", &[MarkKind::Gateway], Some(SpanKind::Breaker)),
        ("guard", &[MarkKind::Stop], Some(SpanKind::Guard)),
        ("notes", &[MarkKind::Note], None),
    ];
    for (heading, kinds, kind) in groups {
        let items = together(sheet, kinds, kind);
        lanes(sheet, heading, items);
    }
}

fn ends(sheet: &Sheet<'_>, span: &PictureSpan) -> (f64, f64) {
    let from = sheet.axis.x(span.from_ns);
    (from, span.until_ns.map_or(sheet.frame.edge(), |until| sheet.axis.x(until)).max(from))
}

fn spans<'a>(sheet: &Sheet<'_>, picture: &'a DrillPicture, kind: SpanKind) -> Vec<Item<'a>> {
    let item = |span: &'a PictureSpan| {
        let (from, until) = ends(sheet, span);
        Item { from, until: until.max(from + 3.0), name: span.name.plain().replace('`', ""), shape: Shape::Span(span) }
    };
    picture.spans.iter().filter(|span| span.kind == kind).map(item).collect()
}

fn marks<'a>(sheet: &Sheet<'_>, picture: &'a DrillPicture, kinds: &[MarkKind]) -> Vec<Item<'a>> {
    let item = |mark: &'a PictureMark| {
        let x = sheet.axis.x(mark.at_ns);
        Item { from: x - 5.0, until: x + 5.0, name: mark.name.plain().replace('`', ""), shape: Shape::Mark(mark) }
    };
    picture.marks.iter().filter(|mark| kinds.contains(&mark.kind)).map(item).collect()
}

/// Where the name of an item stands.
struct Label {
    text: String,
    x: f64,
    anchor: &'static str,
    class: &'static str,
}

/// Items below each other wherever they or their names would touch.
fn lanes(sheet: &mut Sheet<'_>, heading: &str, items: Vec<Item<'_>>) {
    let frame = sheet.frame;
    let high = frame.line();
    // Of each lane how far it is taken.
    let mut taken: Vec<f64> = Vec::new();
    let (mut hidden, top) = (0, sheet.y);
    // The names that were drawn last, each once: what repeats needs no second name.
    let mut told: Vec<String> = Vec::new();
    for item in &items {
        let mut label = label(sheet, item);
        let repeats = told.contains(&item.name);
        if repeats {
            label.text.clear();
        }
        let width = wide(&label.text, frame.em);
        let (from, until) = match label.anchor {
            "end" => (item.from.min(label.x - width), item.until),
            "start" => (item.from, item.until.max(label.x + if repeats { 0.0 } else { width })),
            _ => (item.from, item.until),
        };
        let free = taken.iter().position(|end| *end + 4.0 <= from);
        let lane = free.or_else(|| {
            (taken.len() < LANES).then(|| {
                taken.push(0.0);
                taken.len() - 1
            })
        });
        let Some(lane) = lane else {
            hidden += 1;
            continue;
        };
        taken[lane] = until;
        told.push(item.name.clone());
        draw(sheet, item, &label, top + high * lane as f64 + high / 2.0);
    }
    if frame.roomy && !taken.is_empty() {
        sheet.beside(top + high / 2.0, heading);
    }
    sheet.y += high * taken.len() as f64;
    if hidden > 0 {
        sheet.y += high;
        sheet.ink.text("lb-soft", frame.left, sheet.y - 5.0, "start", &format!("and {hidden} more"));
    }
}

fn label(sheet: &Sheet<'_>, item: &Item<'_>) -> Label {
    let frame = sheet.frame;
    let full = wide(&item.name, frame.em);
    let (before, after) = (item.from - 5.0 - frame.left, frame.edge() - item.until - 5.0);
    if full + 12.0 <= item.until - item.from {
        return Label { text: item.name.clone(), x: (item.from + item.until) / 2.0, anchor: "middle", class: "lb-on" };
    }
    if full <= after || after >= before {
        return Label { text: fitted(&item.name, after, frame.em), x: item.until + 5.0, anchor: "start", class: "lb-beside" };
    }
    Label { text: fitted(&item.name, before, frame.em), x: item.from - 5.0, anchor: "end", class: "lb-beside" }
}

fn draw(sheet: &mut Sheet<'_>, item: &Item<'_>, label: &Label, middle: f64) {
    match item.shape {
        Shape::Span(span) => bar(sheet, item, span, middle - BAR / 2.0),
        Shape::Mark(mark) => symbol(sheet, mark.kind, (item.from + item.until) / 2.0, middle),
    }
    if !label.text.is_empty() {
        sheet.ink.text(label.class, label.x, middle + sheet.frame.em * 0.35, label.anchor, &label.text);
    }
}

fn bar(sheet: &mut Sheet<'_>, item: &Item<'_>, span: &PictureSpan, y: f64) {
    let (x, width) = (N(item.from), N((item.until - item.from).max(3.0)));
    let fill = match span.kind {
        SpanKind::Fault => sheet.pattern("fault"),
        SpanKind::Breaker => sheet.pattern("s3"),
        _ => String::new(),
    };
    let class = match span.grade {
        _ if !fill.is_empty() => "lb-swatch",
        Grade::Bad => "lb-barbad",
        Grade::Open => "lb-baropen",
        Grade::Good | Grade::Neutral => "lb-bar",
    };
    let mut attributes: Vec<(&str, &dyn Display)> = vec![("class", &class), ("x", &x), ("y", &N(0.0)), ("width", &width), ("height", &BAR)];
    let y = N(y);
    attributes[2].1 = &y;
    if !fill.is_empty() {
        attributes.push(("fill", &fill));
    }
    sheet.ink.empty("rect", &attributes);
}

/// A form for each kind of moment.
fn symbol(sheet: &mut Sheet<'_>, kind: MarkKind, x: f64, y: f64) {
    let (x, y) = (N(x), N(y));
    let (class, path) = match kind {
        MarkKind::Alert => ("lb-mark", format!("M{x} {y}m0 -5.5l5.5 10h-11z")),
        MarkKind::Runbook => ("lb-mark", format!("M{x} {y}m-4 -5l9 5l-9 5z")),
        MarkKind::Gateway => ("lb-markopen", format!("M{x} {y}m0 -5l5 5l-5 5l-5 -5z")),
        MarkKind::Key => ("lb-mark", format!("M{x} {y}m0 -5l5 5l-5 5l-5 -5z")),
        MarkKind::Note => ("lb-markopen", format!("M{x} {y}m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z")),
        MarkKind::Stop => ("lb-mark", format!("M{x} {y}m-4.5 -4.5h9v9h-9z")),
    };
    sheet.ink.path(class, &path);
}

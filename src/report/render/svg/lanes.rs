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
    /// Those of the same share a lane, and one name.
    lane: Option<&'a str>,
    shape: LaneShape<'a>,
}

enum LaneShape<'a> {
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
            sheet.plate((from + until) / 2.0, y, &name);
        }
    }
    sheet.y += 4.0;
}

/// Everything else, below the requests.
pub(super) fn others(sheet: &mut Sheet<'_>, picture: &DrillPicture) {
    let all = |sheet: &Sheet<'_>, kinds: &[MarkKind], kind: Option<SpanKind>| {
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
        let items = all(sheet, kinds, kind);
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
        let name = span.name.plain().replace('`', "");
        Item { from, until: until.max(from + 3.0), name, lane: span.lane.as_deref(), shape: LaneShape::Span(span) }
    };
    picture.spans.iter().filter(|span| span.kind == kind).map(item).collect()
}

fn marks<'a>(sheet: &Sheet<'_>, picture: &'a DrillPicture, kinds: &[MarkKind]) -> Vec<Item<'a>> {
    let item = |mark: &'a PictureMark| {
        let x = sheet.axis.x(mark.at_ns);
        let name = mark.name.plain().replace('`', "");
        Item { from: x - 5.0, until: x + 5.0, name, lane: mark.lane.as_deref(), shape: LaneShape::Mark(mark) }
    };
    picture.marks.iter().filter(|mark| kinds.contains(&mark.kind)).map(item).collect()
}

/// Where the name of an item stands.
struct Label {
    text: String,
    x: f64,
    anchor: &'static str,
}

/// Items below each other wherever they or their names would touch.
fn lanes(sheet: &mut Sheet<'_>, heading: &str, items: Vec<Item<'_>>) {
    let high = sheet.frame.line();
    let top = sheet.y;
    let (shared, single): (Vec<Item<'_>>, Vec<Item<'_>>) = items.into_iter().partition(|item| item.lane.is_some());
    let middle = |lane: usize| top + high * lane as f64 + high / 2.0;
    // Of each lane how far it is taken.
    let mut taken: Vec<f64> = Vec::new();
    let mut hidden = 0;
    // What repeats needs no second name.
    let mut told: Vec<&str> = Vec::new();
    for item in &single {
        let mut label = label(sheet, item);
        if told.contains(&item.name.as_str()) {
            label.text.clear();
        }
        let (from, until) = label.with(item, sheet.frame.em);
        let free = taken.iter().position(|end| *end + 4.0 <= from).unwrap_or(taken.len());
        if free >= LANES {
            hidden += 1;
            continue;
        }
        taken.resize(taken.len().max(free + 1), 0.0);
        taken[free] = until;
        told.push(&item.name);
        draw(sheet, item, &label, middle(free));
    }
    let mut lanes = taken.len();
    let mut names: Vec<&str> = shared.iter().filter_map(|item| item.lane).collect();
    names.dedup();
    names.sort_unstable();
    names.dedup();
    hidden += names.len().saturating_sub(LANES);
    for name in names.into_iter().take(LANES) {
        let of: Vec<&Item<'_>> = shared.iter().filter(|item| item.lane == Some(name)).collect();
        together(sheet, &of, middle(lanes));
        lanes += 1;
    }
    if sheet.frame.roomy && lanes > 0 {
        sheet.beside(middle(0), heading);
    }
    sheet.y += high * lanes as f64;
    if hidden > 0 {
        sheet.y += high;
        sheet.ink.text("lb-soft", sheet.frame.left, sheet.y - 5.0, "start", &format!("and {hidden} more"));
    }
}

/// Items that share a lane; the first one's name stands before them or behind them, whichever has more room.
fn together(sheet: &mut Sheet<'_>, items: &[&Item<'_>], middle: f64) {
    let frame = sheet.frame;
    let (from, until) = items.iter().fold((f64::INFINITY, 0.0_f64), |(from, until), item| (from.min(item.from), until.max(item.until)));
    let (before, after) = (from - 5.0 - frame.left, frame.edge() - until - 5.0);
    let Some(first) = items.first() else { return };
    let none = Label { text: String::new(), x: 0.0, anchor: "start" };
    items.iter().for_each(|item| draw(sheet, item, &none, middle));
    let (x, anchor, room) = if after >= before { (until + 5.0, "start", after) } else { (from - 5.0, "end", before) };
    let text = fitted(&first.name, room, frame.em);
    sheet.ink.text("lb-name", x, middle + frame.em * 0.35, anchor, &text);
}

impl Label {
    /// From where to where an item reaches with its name.
    fn with(&self, item: &Item<'_>, em: f64) -> (f64, f64) {
        let width = if self.text.is_empty() { 0.0 } else { wide(&self.text, em) };
        match self.anchor {
            "end" => (item.from.min(self.x - width), item.until),
            "start" if width > 0.0 => (item.from, item.until.max(self.x + width)),
            _ => (item.from, item.until),
        }
    }
}

fn label(sheet: &Sheet<'_>, item: &Item<'_>) -> Label {
    let frame = sheet.frame;
    let full = wide(&item.name, frame.em);
    let (before, after) = (item.from - 5.0 - frame.left, frame.edge() - item.until - 5.0);
    if full + 12.0 <= item.until - item.from {
        return Label { text: item.name.clone(), x: (item.from + item.until) / 2.0, anchor: "middle" };
    }
    if full <= after || after >= before {
        return Label { text: fitted(&item.name, after, frame.em), x: item.until + 5.0, anchor: "start" };
    }
    Label { text: fitted(&item.name, before, frame.em), x: item.from - 5.0, anchor: "end" }
}

fn draw(sheet: &mut Sheet<'_>, item: &Item<'_>, label: &Label, middle: f64) {
    match item.shape {
        LaneShape::Span(span) => bar(sheet, item, span, middle - BAR / 2.0),
        LaneShape::Mark(mark) => symbol(sheet, mark.kind, (item.from + item.until) / 2.0, middle),
    }
    if !label.text.is_empty() {
        match label.anchor {
            "middle" => sheet.plate(label.x, middle, &label.text),
            anchor => sheet.ink.text("lb-name", label.x, middle + sheet.frame.em * 0.35, anchor, &label.text),
        }
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

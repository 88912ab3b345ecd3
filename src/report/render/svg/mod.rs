//! The pictures of a report as SVG, drawn by hand: for a page (`inline`), and by themselves beside the Markdown (`svg`).
//!
//! Each is drawn twice for a page, for wide and for narrow screens; the style sheet shows one of them. Nothing is told by colour alone: who served and
//! how it ended has a pattern of its own, and stands beside what it names.
//!
//! `picture` puts the panels of a drill below each other: `legend`, `lanes`, `requests` with `bracket`, `latency`, `overlay`; `intervals` is the other
//! picture. They draw on a `sheet`, with `ink`, along the `axis` of time; `style` has colours and patterns.

mod axis;
mod bracket;
mod frame;
mod ink;
mod intervals;
mod lanes;
mod latency;
mod legend;
mod overlay;
mod picture;
mod requests;
mod sheet;
mod style;

pub(in crate::report) use style::STYLE;

use self::frame::{Drawing, PictureFrame};
use self::ink::{Ink, N};
use crate::report::model::{Block, DrillPicture, IntervalPlot, Report};

/// The picture of a drill within a page; `id` begins every name in it, so that it must be the page's only one. The page holds [`STYLE`].
pub(in crate::report) fn inline(picture: &DrillPicture, id: &str) -> String {
    let about = picture.about.as_ref().map(|name| format!(": {name}")).unwrap_or_default();
    let title = format!("The drill over time{about}");
    let words: Vec<String> = picture.words.iter().map(|sentence| sentence.plain().replace('`', "")).collect();
    both(id, &title, &words.join(" "), |frame, id| picture::drawn(picture, frame, id))
}

/// The picture of a drill within a page that is no report: what a report shows in the end, while the drill runs. `id` begins every name in it, so that
/// it must be the page's only one. The page has [`picture_style`].
pub fn picture_within(picture: &DrillPicture, id: &str) -> String {
    inline(picture, id)
}

/// The style sheet of pictures, for a page that is no report.
pub const fn picture_style() -> &'static str {
    STYLE
}

/// The intervals of several drills within a page, like [`inline`].
pub(in crate::report) fn inline_intervals(plot: &IntervalPlot, id: &str) -> String {
    let words = intervals::words(plot);
    both(id, &plot.caption.plain().replace('`', ""), &words, |frame, _| intervals::drawn(plot, frame))
}

fn both(id: &str, title: &str, words: &str, draw: impl Fn(&PictureFrame, &str) -> Drawing) -> String {
    let mut ink = Ink::default();
    ink.open("div", &[("class", &"lb-picture")]);
    for (name, frame) in [("wide", PictureFrame::WIDE), ("narrow", PictureFrame::NARROW)] {
        let id = format!("{id}-{name}");
        let drawing = draw(&frame, &id);
        let (view, class) = (format!("0 0 {} {}", N(frame.width), N(drawing.height)), format!("lb-pic lb-{name}"));
        let label = format!("{id}-t {id}-d");
        ink.open("svg", &[("class", &class), ("viewBox", &view), ("role", &"img"), ("aria-labelledby", &label)]);
        described(&mut ink, &id, title, words);
        ink.raw(&drawing.body);
        ink.close("svg");
    }
    ink.close("div");
    ink.done()
}

fn described(ink: &mut Ink, id: &str, title: &str, words: &str) {
    ink.leaf("title", &[("id", &format!("{id}-t"))], title);
    ink.leaf("desc", &[("id", &format!("{id}-d"))], words);
}

/// The pictures of a report by themselves, one below the other; `None` where it has none. The bytes of a file.
pub fn svg(report: &Report) -> Option<String> {
    let pictures = pictures(report);
    let frame = PictureFrame::WIDE;
    let (mut body, mut y) = (Ink::default(), 0.0);
    let mut words: Vec<String> = Vec::new();
    for (place, picture) in pictures.iter().enumerate() {
        if let Some(name) = &picture.about {
            body.text("lb-head", 12.0, y + 22.0, "start", &ink::fitted(&format!("Workload {name}"), frame.width - 24.0, 15.0));
            y += 30.0;
        }
        let Drawing { body: drawn, height } = picture::drawn(picture, &frame, &format!("p{place}"));
        body.open("g", &[("transform", &format!("translate(0 {})", N(y)))]);
        body.raw(&drawn);
        body.close("g");
        y += height + 8.0;
        words.extend(picture.words.iter().map(|sentence| sentence.plain().replace('`', "")));
    }
    (!pictures.is_empty()).then(|| {
        let mut ink = Ink::default();
        let (width, height) = (N(frame.width), N(y));
        let attributes: [(&str, &dyn std::fmt::Display); 7] = [
            ("xmlns", &"http://www.w3.org/2000/svg"),
            ("class", &"lb-pic"),
            ("width", &width),
            ("height", &height),
            ("viewBox", &format!("0 0 {width} {height}")),
            ("role", &"img"),
            ("aria-labelledby", &"p-t p-d"),
        ];
        ink.open("svg", &attributes);
        described(&mut ink, "p", &format!("{}: {}", report.title.plain().replace('`', ""), report.status.word), &words.join(" "));
        ink.leaf("style", &[], STYLE);
        ink.rect("lb-paper", 0.0, 0.0, frame.width, y);
        ink.raw(&body.done());
        ink.close("svg");
        ink.done() + "\n"
    })
}

/// Every picture of a report, in order.
fn pictures(report: &Report) -> Vec<&DrillPicture> {
    let mut blocks: Vec<&Block> = report.sections.iter().rev().flat_map(|section| section.blocks.iter().rev()).collect();
    blocks.extend(report.opening.iter().rev());
    let mut found: Vec<&DrillPicture> = Vec::new();
    while let Some(block) = blocks.pop() {
        match block {
            Block::Picture(picture) => found.push(picture),
            Block::Section(section) => blocks.extend(section.blocks.iter().rev()),
            _ => {}
        }
    }
    found
}

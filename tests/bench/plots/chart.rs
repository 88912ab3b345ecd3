//! A plot of some series as SVG: two axes with their units, a line and marks of its own shape for each series, its name at its end, and
//! from the least to the most of each value's rounds. Light or dark, as whoever looks has it; nothing is told by colour alone.

use super::scale::{Scale, Spacing, told};
use std::fmt::Write;

/// A plot.
pub(super) struct Chart {
    /// The name of its file.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// What stands below: how it was measured.
    pub(super) note: String,
    /// What an axis shows, with its unit.
    pub(super) x: (&'static str, Spacing),
    pub(super) y: (&'static str, Spacing),
    pub(super) series: Vec<Series>,
}

/// A line of it.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<ChartPoint>,
}

/// A value, with the least and the most of its rounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChartPoint {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    /// False where what `x` says was not reached: the mark is hollow.
    pub(super) is_reached: bool,
}

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 700.0;
const TOP: f64 = 76.0;
const BOTTOM: f64 = 380.0;
/// Letters of a line of the note.
const LETTERS: usize = 118;
/// Between the names of two series.
const APART: f64 = 15.0;

const STYLE: &str = "\
svg{--ink:#1b2129;--soft:#515b67;--rule:#d5dae0;--fine:#edf0f3;--paper:#fff;--s0:#0b6e4f;--s1:#9a4d00;--s2:#6a46a3;--s3:#a51d2d;--s4:#2f6fb5;\
font:12px/1.2 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\
@media (prefers-color-scheme:dark){svg{--ink:#e8ecf1;--soft:#a9b4c0;--rule:#3a434e;--fine:#232a32;--paper:#14181d;--s0:#63d0a6;--s1:#f0b060;\
--s2:#b99cec;--s3:#ff8d85;--s4:#6fb0f5}}\
text{fill:var(--ink)}.soft{fill:var(--soft)}.title{font-size:15px;font-weight:600}.paper{fill:var(--paper)}.rule{stroke:var(--rule)}\
.fine{stroke:var(--fine)}.axis{stroke:var(--soft)}path,line{fill:none}.line{stroke-width:1.8;stroke-linejoin:round}.ours{stroke-width:2.6}\
.name{font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:3px}.whisker{stroke-width:1.2}.mark{stroke-width:1.6}\
.c0{stroke:var(--s0)}.c1{stroke:var(--s1)}.c2{stroke:var(--s2)}.c3{stroke:var(--s3)}.c4{stroke:var(--s4)}\
.f0{fill:var(--s0)}.f1{fill:var(--s1)}.f2{fill:var(--s2)}.f3{fill:var(--s3)}.f4{fill:var(--s4)}.hollow{fill:var(--paper)}";

/// Strokes of lines, in the order of colours; ours is the first.
const DASHES: [&str; 5] = ["", "7 3", "2 3", "9 3 2 3", "4 2"];

impl Chart {
    /// The file.
    pub(super) fn svg(&self) -> String {
        let all = || self.series.iter().flat_map(|series| series.points.iter());
        let x = Scale::of(self.x.1, all().map(|point| point.x), LEFT, RIGHT);
        let y = Scale::of(self.y.1, all().flat_map(|point| [point.low, point.y, point.high]), BOTTOM, TOP);
        let mut drawn = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-labelledby=\"t d\"><title id=\"t\">{}</title><desc id=\"d\">{}</desc><style>{STYLE}</style>\
             <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>",
            escaped(self.title),
            escaped(&self.spoken())
        );
        text(&mut drawn, "title", 16.0, 26.0, "start", self.title);
        self.axes(&mut drawn, &x, &y);
        let colours = self.colours();
        let names = self.names(&y);
        for (series, (colour, name_y)) in self.series.iter().zip(colours.iter().zip(names)) {
            line(&mut drawn, series, *colour, &x, &y);
            let end = series.points.last().map_or(RIGHT, |point| x.place(point.x));
            text(&mut drawn, &format!("name f{colour}"), end + 10.0, name_y + 4.0, "start", &series.name);
        }
        for (place, line) in lines(&self.note).iter().enumerate() {
            text(&mut drawn, "soft", 16.0, BOTTOM + 66.0 + 15.0 * place as f64, "start", line);
        }
        drawn + "</svg>\n"
    }

    /// Ours has the first colour, the others those that follow.
    fn colours(&self) -> Vec<usize> {
        let mut next = 0;
        let mut of = |series: &Series| {
            if series.name == crate::proxy::OURS {
                return 0;
            }
            next += 1;
            next % DASHES.len()
        };
        self.series.iter().map(&mut of).collect()
    }

    /// How far down the name of each series stands: at the end of its line, but never on another name.
    fn names(&self, y: &Scale) -> Vec<f64> {
        let at = |series: &Series| series.points.last().map_or(TOP, |point| y.place(point.y));
        let mut order: Vec<usize> = (0..self.series.len()).collect();
        order.sort_by(|left, right| at(&self.series[*left]).total_cmp(&at(&self.series[*right])));
        let (mut places, mut above) = (vec![0.0; self.series.len()], f64::NEG_INFINITY);
        for series in order {
            above = at(&self.series[series]).max(above + APART);
            places[series] = above;
        }
        places
    }

    fn axes(&self, drawn: &mut String, x: &Scale, y: &Scale) {
        for (value, is_told) in x.ticks() {
            let at = x.place(value);
            stroke(drawn, if is_told { "rule" } else { "fine" }, (at, TOP), (at, BOTTOM));
            if is_told {
                text(drawn, "soft", at, BOTTOM + 18.0, "middle", &told(value));
            }
        }
        for (value, is_told) in y.ticks() {
            let at = y.place(value);
            stroke(drawn, if is_told { "rule" } else { "fine" }, (LEFT, at), (RIGHT, at));
            if is_told {
                text(drawn, "soft", LEFT - 8.0, at + 4.0, "end", &told(value));
            }
        }
        stroke(drawn, "axis", (LEFT, BOTTOM), (RIGHT, BOTTOM));
        stroke(drawn, "axis", (LEFT, TOP), (LEFT, BOTTOM));
        text(drawn, "", (LEFT + RIGHT) / 2.0, BOTTOM + 40.0, "middle", self.x.0);
        text(drawn, "", 16.0, TOP - 20.0, "start", self.y.0);
    }

    /// For who does not see it: the ends of each line.
    fn spoken(&self) -> String {
        let of = |series: &Series| -> Option<String> {
            let (first, last) = (series.points.first()?, series.points.last()?);
            let end = |point: &ChartPoint| format!("{} at {}", crate::baseline::short(point.y), told(point.x));
            Some(format!("{}: {} to {}", series.name, end(first), end(last)))
        };
        let ends: Vec<String> = self.series.iter().filter_map(of).collect();
        format!("{} against {}. {}. {}", self.y.0, self.x.0, ends.join("; "), self.note)
    }
}

fn line(drawn: &mut String, series: &Series, colour: usize, x: &Scale, y: &Scale) {
    let at = |point: &ChartPoint| (x.place(point.x), y.place(point.y));
    let path: String = series
        .points
        .iter()
        .enumerate()
        .map(|(place, point)| format!("{}{:.1} {:.1}", if place == 0 { "M" } else { "L" }, at(point).0, at(point).1))
        .collect();
    let class = if colour == 0 { "line ours" } else { "line" };
    let _ = write!(drawn, "<path class=\"{class} c{colour}\" stroke-dasharray=\"{}\" d=\"{path}\"/>", DASHES[colour]);
    for point in &series.points {
        let (px, py) = at(point);
        let (low, high) = (y.place(point.low), y.place(point.high));
        if (low - high).abs() > 2.0 {
            let _ = write!(
                drawn,
                "<path class=\"whisker c{colour}\" d=\"M{px:.1} {low:.1}V{high:.1}M{0:.1} {low:.1}h6M{0:.1} {high:.1}h6\"/>",
                px - 3.0
            );
        }
        let fill = if point.is_reached { format!("f{colour}") } else { "hollow".to_owned() };
        let _ = write!(drawn, "<path class=\"mark c{colour} {fill}\" d=\"{}\"/>", mark(colour, px, py));
    }
}

/// The shape of a series' marks.
fn mark(colour: usize, x: f64, y: f64) -> String {
    match colour {
        0 => format!("M{:.1} {y:.1}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", x - 4.0),
        1 => format!("M{:.1} {:.1}h7v7h-7z", x - 3.5, y - 3.5),
        2 => format!("M{x:.1} {:.1}l4.5 8h-9z", y - 5.0),
        3 => format!("M{x:.1} {:.1}l4.5 5l-4.5 5l-4.5 -5z", y - 5.0),
        _ => format!("M{:.1} {:.1}h9l-4.5 8z", x - 4.5, y - 3.5),
    }
}

fn stroke(drawn: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) {
    let _ = write!(drawn, "<path class=\"{class}\" d=\"M{:.1} {:.1}L{:.1} {:.1}\"/>", from.0, from.1, to.0, to.1);
}

fn text(drawn: &mut String, class: &str, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = write!(drawn, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escaped(text));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Broken between words.
fn lines(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for word in text.split_whitespace() {
        let last = all.last_mut().expect("there is one at least");
        if last.len() + word.len() >= LETTERS {
            all.push(word.to_owned());
        } else {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    all
}

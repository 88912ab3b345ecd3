//! What a picture is drawn on: how wide it is and how large its letters are.

use super::axis::TimeAxis;
use super::ink::Ink;

/// The measures of a drawing, in its units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// The whole width.
    pub(super) width: f64,
    /// Where panels begin.
    pub(super) left: f64,
    /// What is kept free beside them.
    pub(super) right: f64,
    /// The size of letters.
    pub(super) em: f64,
    /// The height of the largest panel.
    pub(super) tall: f64,
    /// Whether there is room for headings beside panels.
    pub(super) roomy: bool,
}

impl Frame {
    /// For a page, and for paper.
    pub(super) const WIDE: Self = Self { width: 960.0, left: 74.0, right: 46.0, em: 12.0, tall: 190.0, roomy: true };
    /// For a telephone.
    pub(super) const NARROW: Self = Self { width: 360.0, left: 40.0, right: 30.0, em: 11.0, tall: 150.0, roomy: false };

    /// Where panels end.
    pub(super) fn edge(&self) -> f64 {
        self.width - self.right
    }

    /// The height of a line of text.
    pub(super) fn line(&self) -> f64 {
        self.em + 5.0
    }
}

/// A drawing in the making.
pub(super) struct Sheet<'a> {
    pub(super) frame: &'a Frame,
    pub(super) axis: &'a TimeAxis,
    /// What begins every name in it.
    pub(super) id: &'a str,
    pub(super) ink: Ink,
    /// How far down it is filled.
    pub(super) y: f64,
}

impl Sheet<'_> {
    /// A heading of a panel, at the left above it.
    pub(super) fn heading(&mut self, text: &str) {
        self.y += self.frame.line();
        let text = super::ink::fitted(text, self.frame.edge() - self.frame.left, self.frame.em);
        self.ink.text("lb-head", self.frame.left, self.y - 4.0, "start", &text);
    }

    /// A word beside a scale.
    pub(super) fn beside(&mut self, y: f64, text: &str) {
        self.ink.text("lb-soft", self.frame.left - 6.0, y + self.frame.em * 0.35, "end", text);
    }

    /// A name on what it names, readable on any pattern.
    pub(super) fn plate(&mut self, middle: f64, y: f64, text: &str) {
        let (em, width) = (self.frame.em, super::ink::wide(text, self.frame.em) * 1.1 + 6.0);
        self.ink.rect("lb-plate", middle - width / 2.0, y - em * 0.62, width, em * 1.24);
        self.ink.text("lb-on", middle, y + em * 0.35, "middle", text);
    }

    /// A line of what was promised, clear of whatever is behind it.
    pub(super) fn target(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.ink.line("lb-case", from, to);
        self.ink.line("lb-target", from, to);
    }

    /// What a pattern is called here.
    pub(super) fn pattern(&self, name: &str) -> String {
        format!("url(#{}-{name})", self.id)
    }
}

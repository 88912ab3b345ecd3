//! What a picture is drawn on, and how far it is filled.

use super::axis::TimeAxis;
use super::frame::PictureFrame;
use super::ink::Ink;

/// A drawing in the making.
pub(super) struct Sheet<'a> {
    pub(super) frame: &'a PictureFrame,
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

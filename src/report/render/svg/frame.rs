//! The measures of a drawing: how wide it is, how large its letters are, and what came of it.

/// The measures of a drawing, in its units.
#[derive(Debug, Clone, Copy)]
pub(super) struct PictureFrame {
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

impl PictureFrame {
    /// For a page, and for paper.
    pub(super) const WIDE: Self = Self { width: 960.0, left: 74.0, right: 46.0, em: 12.0, tall: 190.0, roomy: true };
    /// For a telephone.
    pub(super) const NARROW: Self = Self { width: 360.0, left: 50.0, right: 30.0, em: 11.0, tall: 150.0, roomy: false };

    /// Where panels end.
    pub(super) fn edge(&self) -> f64 {
        self.width - self.right
    }

    /// The height of a line of text.
    pub(super) fn line(&self) -> f64 {
        self.em + 5.0
    }
}

/// What was drawn on a frame, and how high it is.
pub(super) struct Drawing {
    pub(super) body: String,
    pub(super) height: f64,
}

//! What is in a form for whoever sends it.

use maud::Markup;

/// For whom forms are made. What goes to everybody has nothing of anybody: the script adds it.
#[derive(Debug, Clone, Default)]
pub(super) struct FormFields {
    /// The hidden field that shows a form to be ours; `None` where the script adds it.
    pub(super) csrf: Option<Markup>,
    /// Whether it is known who answers.
    pub(super) is_known: bool,
}

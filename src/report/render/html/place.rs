//! Where in a page blocks stand.

use crate::report::model::Text;

/// Where blocks stand.
pub(super) struct PagePlace<'a> {
    /// The identifier of the section around them.
    pub(super) id: &'a str,
    /// The level of its heading.
    pub(super) level: usize,
    /// Its heading, by which what has none of its own is called.
    pub(super) title: &'a Text,
}

impl<'a> PagePlace<'a> {
    pub(super) const fn of(id: &'a str, level: usize, title: &'a Text) -> Self {
        Self { id, level, title }
    }
}

//! A report as bytes: a file a format. It decides how things look and never what is said.

pub(in crate::report) mod markdown;
pub(in crate::report) mod screen;
pub(in crate::report) mod terminal;

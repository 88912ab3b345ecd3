//! A report as bytes: a file a format. It decides how things look and never what is said.

pub(in crate::report) mod bars;
mod findings_table;
pub(in crate::report) mod gist;
pub(in crate::report) mod grafana;
pub(in crate::report) mod html;
pub(in crate::report) mod json;
pub(in crate::report) mod junit;
pub(in crate::report) mod markdown;
mod markdown_tables;
mod markdown_text;
pub(in crate::report) mod oscal;
pub(in crate::report) mod otlp;
pub(in crate::report) mod screen;
pub(in crate::report) mod short;
pub(in crate::report) mod svg;
pub(in crate::report) mod terminal;
mod waterfall;

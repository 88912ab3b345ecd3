//! Sentences about a verdict, each file about one subject: the same for report, terminal and `verdict.json`.

pub(in crate::report) mod advice;
pub(in crate::report) mod because;
pub(in crate::report) mod candidates;
pub(in crate::report) mod credential;
pub(in crate::report) mod difference;
pub(in crate::report) mod headline;
pub(in crate::report) mod nature;
pub(in crate::report) mod open;
pub(in crate::report) mod passage;
pub(in crate::report) mod picture;
pub(in crate::report) mod recovery;
pub(in crate::report) mod repeats;
pub(in crate::report) mod rescue;
pub(in crate::report) mod scattered;
pub(in crate::report) mod share;
pub(in crate::report) mod spending;
pub(in crate::report) mod stability;
pub(in crate::report) mod stopped;
pub(in crate::report) mod wall_clock;
pub(in crate::report) mod wording;

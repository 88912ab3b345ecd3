//! What stands beside a drill's history in its report: what people wrote into its folder, and what other drills showed.
//!
//! A report is a pure function of verdict, history and this.

/// What a drill's report takes from elsewhere than its history. By default nothing.
#[derive(Debug, Clone, Default)]
pub struct DrillContext {}

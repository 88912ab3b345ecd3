//! A drill's own events → the evidence of a verdict.

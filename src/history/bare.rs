//! A bare history → the evidence of a verdict.

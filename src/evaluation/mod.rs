//! Answers held against what was expected of them: prompts with expectations, scores, and what the counts support (pure).
//!
//! What this room does not do: ask anybody (`compare` does).

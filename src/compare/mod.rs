//! Candidates side by side: the team's own prompts asked of several providers in turn, until the order is known or the budget is spent.
//!
//! What this room does not do: score or count (`evaluation` does), or break anything.

//! What is kept of the team's own texts in histories, where somebody asks for it.

use super::words;

words! {
    /// What is kept of the team's own texts.
    KeptTexts {
        /// Prompts and expected answers, as they were written.
        Prompts = "prompts",
    }
}

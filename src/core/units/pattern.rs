//! What an answer must look like.

use std::fmt;

/// A regular expression that a whole text fits or not. Its size is bounded, and so is the time that it takes.
#[derive(Debug, Clone)]
pub struct TextPattern(regex::Regex);

/// The largest that a pattern may become, in bytes.
const LARGEST: usize = 1 << 20;

impl TextPattern {
    /// Of this expression.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn new(text: &str) -> Result<Self, String> {
        let whole = format!("^(?:{text})$");
        // The expression by itself first: one that closes the group would pass in it.
        let built = regex::RegexBuilder::new(text).size_limit(LARGEST).build();
        let built = built.and_then(|_| regex::RegexBuilder::new(&whole).size_limit(LARGEST).build());
        built.map(Self).map_err(|error| {
            let text = error.to_string();
            let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it cannot be read");
            last.trim().trim_start_matches("error: ").to_owned()
        })
    }

    /// True where the whole text is like it.
    pub fn fits(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_start_matches("^(?:").trim_end_matches(")$"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_text_fits_and_a_part_does_not() {
        let name = TextPattern::new("[a-z]+|x-1").unwrap();
        assert!(name.fits("alice") && name.fits("x-1") && !name.fits("alice 1") && !name.fits("a\nb"));
        assert_eq!(name.to_string(), "[a-z]+|x-1");
        assert!(TextPattern::new("a)(b").is_err() && TextPattern::new("[a").is_err());
        assert!(TextPattern::new("[a").unwrap_err().contains("unclosed"));
    }
}

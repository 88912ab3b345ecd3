//! The word of a list that somebody meant who mistyped it.

/// The word of a list that was probably mistyped.
pub fn closest<'w>(word: &str, words: impl Iterator<Item = &'w str> + Clone) -> Option<&'w str> {
    // A comparison costs the product of both lengths; nobody mistypes a hundred letters.
    const LONGEST: usize = 64;
    const CANDIDATES_MAX: usize = 300;
    if word.len() > LONGEST {
        return None;
    }
    let word = plain(word);
    let nearest = words
        .clone()
        .take(CANDIDATES_MAX)
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance);
    if let Some((..=1, only)) = nearest.filter(|_| word.chars().count() > 2) {
        return Some(only);
    }
    // `azure` for `azure-swedencentral`, as long as it can only be one.
    let mut longer = words.take(CANDIDATES_MAX).filter(|candidate| word.len() >= 3 && plain(candidate).starts_with(&word));
    if let (Some(only), None) = (longer.next(), longer.next()) {
        return Some(only);
    }
    nearest.filter(|(distance, _)| *distance <= (word.chars().count() / 3).max(1)).map(|(_, candidate)| candidate)
}

/// A word in small letters with `-`, as two spellings of it are compared.
pub fn plain(word: &str) -> String {
    word.to_lowercase().replace(['_', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_in_the_wrong_place_weighs_less_than_a_beginning() {
        assert_eq!(closest("rot", ["rotation", "rto", "success"].into_iter()), Some("rto"));
        assert_eq!(closest("azure", ["azure-swedencentral", "openai-eu"].into_iter()), Some("azure-swedencentral"));
        assert_eq!(closest("wacth", ["baseline", "watch"].into_iter()), Some("watch"));
        assert_eq!(closest("colour", ["title", "service"].into_iter()), None);
    }
}

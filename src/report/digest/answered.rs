//! Who answered a request, from what the proxies saw of it, until the request itself is told of.
//!
//! What this file does not do: say who served in a verdict; `history` does that, by the same rule and from the whole history.

use super::id_map::IdMap;

/// Requests that are kept at most: some seconds of the heaviest traffic.
const MOST: usize = 500_000;

/// Of each request the one provider that answered it whole.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct AnsweredTally(IdMap<Answer>);

#[derive(Debug, Clone, Copy, Default)]
struct Answer {
    /// The provider's place; `None` where several answered.
    provider: Option<u16>,
    touched: bool,
}

impl AnsweredTally {
    /// The request with this id was answered whole by this provider. What no fault touched is preferred.
    pub(in crate::report) fn by(&mut self, id: u64, provider: u16, touched: bool) {
        let answer = Answer { provider: Some(provider), touched };
        let (known, is_new) = self.0.of(id);
        match (known.touched, touched) {
            _ if is_new => *known = answer,
            (true, false) => *known = answer,
            (false, true) => {}
            _ if known.provider != Some(provider) => known.provider = None,
            _ => {}
        }
        // What was told of already is never asked for again.
        if self.0.len() > MOST {
            self.0.pop_first();
        }
    }

    /// Who answered it, where that is known; it is forgotten.
    pub(in crate::report) fn take(&mut self, id: u64) -> Option<u16> {
        self.0.remove(id).and_then(|answer| answer.provider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_answered_is_the_only_one_that_no_fault_touched() {
        let mut answered = AnsweredTally::default();
        for (id, provider, touched) in
            [(1, 0, true), (1, 1, false), (2, 1, false), (2, 0, true), (3, 0, false), (3, 1, false), (4, 2, true)]
        {
            answered.by(id, provider, touched);
        }
        let who: Vec<Option<u16>> = (0..6).map(|id| answered.take(id)).collect();
        assert_eq!(who, [None, Some(1), Some(1), None, Some(2), None]);
        assert_eq!(answered.take(1), None, "it is told once");
    }
}

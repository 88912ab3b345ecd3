//! Requests as they are judged, packed: a drill of ten million is judged in little memory. Also what was tried for each, in the same blocks.
//!
//! Both are read as if they were slices, each value made when it is asked for. What this file does not do: gather them (`traffic_log`).

use super::event::Outcome;
use super::judged_request::{Attempt, By, JudgedRequest};
use super::packed_rows::{PackedRows, ordered, signed_again};
use std::ops::Range;

/// So many requests are packed together.
pub(super) const BLOCK: usize = 1024;

/// Due, then from due: sent, done; from proof to done; who answered, and the outcome in its lowest three bits.
pub(super) type RequestNumbers = [u64; 5];

/// The request's place in its block, when, how long it took, and the provider with what is true of it.
pub(super) type AttemptNumbers = [u64; 4];

/// Of an attempt: the provider answered it whole.
pub(super) const COMPLETED: u64 = 1;
/// It reached a provider.
pub(super) const REACHED: u64 = 2;
/// A fault touched it.
pub(super) const TOUCHED: u64 = 4;
/// An answer began well, whole or not.
pub(super) const ANSWERED: u64 = 8;
/// The bits of the provider's place lie above these.
pub(super) const FLAGS: u32 = 4;

impl JudgedRequest {
    #[inline]
    pub(super) fn numbers(&self) -> RequestNumbers {
        let from_due = |moment: i64| ordered(moment.wrapping_sub(self.due));
        let by = (code(self.by) << 3) | self.outcome as u64;
        [ordered(self.due), from_due(self.sent), from_due(self.done), ordered(self.done.wrapping_sub(self.proof)), by]
    }

    #[inline]
    pub(super) fn of_numbers([due, sent, done, proof, by]: RequestNumbers) -> Self {
        let due = signed_again(due);
        let done = due.wrapping_add(signed_again(done));
        Self {
            due,
            sent: due.wrapping_add(signed_again(sent)),
            proof: done.wrapping_sub(signed_again(proof)),
            done,
            by: match by >> 3 {
                0 => By::Nobody,
                1 => By::Unknown,
                place => By::Provider((place - 2) as u16),
            },
            outcome: Outcome::ALL[(by & 7) as usize % Outcome::ALL.len()],
        }
    }
}

/// Who answered, as a number above the outcome's bits.
pub(super) const fn code(by: By) -> u64 {
    match by {
        By::Nobody => 0,
        By::Unknown => 1,
        By::Provider(place) => place as u64 + 2,
    }
}

/// Requests in the order of their due times.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JudgedRequests {
    /// All of [`BLOCK`] requests but the last.
    blocks: Vec<PackedRows<5>>,
    len: usize,
}

impl JudgedRequests {
    pub(super) fn of_blocks(blocks: Vec<PackedRows<5>>) -> Self {
        let len = blocks.iter().map(PackedRows::len).sum();
        Self { blocks, len }
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True where there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The request at this place, which there is.
    #[inline]
    pub fn at(&self, place: usize) -> JudgedRequest {
        JudgedRequest::of_numbers(self.blocks[place / BLOCK].row(place % BLOCK))
    }

    /// When that one was due.
    #[inline]
    pub fn due(&self, place: usize) -> i64 {
        signed_again(self.blocks[place / BLOCK].number(0, place % BLOCK))
    }

    /// All of them.
    pub const fn all(&self) -> RequestSlice<'_> {
        RequestSlice { of: self, from: 0, to: self.len }
    }

    /// Those at these places, which there are.
    pub fn slice(&self, places: Range<usize>) -> RequestSlice<'_> {
        self.all().slice(places)
    }

    /// All of them, one after the other.
    #[inline]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = JudgedRequest> + ExactSizeIterator + Clone + '_ {
        self.all().iter()
    }

    /// The place of the first that is due at this moment or later.
    pub fn first_due(&self, moment: i64) -> usize {
        let block = self.blocks.partition_point(|block| signed_again(block.number(0, 0)) < moment).saturating_sub(1);
        let (mut from, mut to) = (block * BLOCK, self.len.min((block + 1) * BLOCK));
        while from < to {
            let middle = from.midpoint(to);
            if self.due(middle) < moment { from = middle + 1 } else { to = middle }
        }
        from
    }
}

impl FromIterator<JudgedRequest> for JudgedRequests {
    fn from_iter<I: IntoIterator<Item = JudgedRequest>>(requests: I) -> Self {
        let mut rows = Vec::with_capacity(BLOCK);
        let mut blocks = Vec::new();
        for request in requests {
            rows.push(request.numbers());
            if rows.len() == BLOCK {
                blocks.push(PackedRows::pack(&rows));
                rows.clear();
            }
        }
        if !rows.is_empty() {
            blocks.push(PackedRows::pack(&rows));
        }
        Self::of_blocks(blocks)
    }
}

/// Requests that follow each other.
#[derive(Debug, Clone, Copy)]
pub struct RequestSlice<'r> {
    of: &'r JudgedRequests,
    from: usize,
    to: usize,
}

impl<'r> RequestSlice<'r> {
    /// How many.
    pub const fn len(self) -> usize {
        self.to - self.from
    }

    /// True where there is none.
    pub const fn is_empty(self) -> bool {
        self.to == self.from
    }

    /// The one at this place among them, which there is.
    #[inline]
    pub fn at(self, place: usize) -> JudgedRequest {
        assert!(place < self.len(), "a place of one of them");
        self.of.at(self.from + place)
    }

    /// When that one was due.
    #[inline]
    pub fn due(self, place: usize) -> i64 {
        assert!(place < self.len(), "a place of one of them");
        self.of.due(self.from + place)
    }

    /// Those at these places, which there are.
    #[must_use]
    pub fn slice(self, places: Range<usize>) -> Self {
        assert!(places.start <= places.end && places.end <= self.len(), "places of theirs");
        Self { of: self.of, from: self.from + places.start, to: self.from + places.end }
    }

    /// Those from this place on.
    #[must_use]
    pub fn since(self, place: usize) -> Self {
        self.slice(place..self.len())
    }

    /// The place among them of the first that is due at this moment or later.
    pub fn first_due(self, moment: i64) -> usize {
        self.of.first_due(moment).clamp(self.from, self.to) - self.from
    }

    /// The first; `None` where there is none.
    pub fn first(self) -> Option<JudgedRequest> {
        (!self.is_empty()).then(|| self.at(0))
    }

    /// One after the other.
    #[inline]
    pub fn iter(self) -> impl DoubleEndedIterator<Item = JudgedRequest> + ExactSizeIterator + Clone + 'r {
        let of = self.of;
        (self.from..self.to).map(|place| of.at(place))
    }
}

/// What was tried for requests, in the order of the requests, then of dispatch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attempts {
    /// Those of the requests of each block.
    blocks: Vec<PackedRows<4>>,
    len: usize,
}

impl Attempts {
    pub(super) fn of_blocks(blocks: Vec<PackedRows<4>>) -> Self {
        let len = blocks.iter().map(PackedRows::len).sum();
        Self { blocks, len }
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True where there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Attempt> {
        self.blocks.iter().enumerate().flat_map(|(block, rows)| rows.iter().map(move |row| attempt(block, row)))
    }

    /// Those of the requests at these places.
    #[inline]
    pub fn within(&self, places: Range<usize>) -> impl Iterator<Item = Attempt> {
        let from = self.blocks.len().min(places.start / BLOCK);
        let blocks = self.blocks.iter().enumerate().skip(from).take_while({
            let end = places.end;
            move |(block, _)| block * BLOCK < end
        });
        let all = blocks.flat_map(|(block, rows)| rows.iter().map(move |row| attempt(block, row)));
        all.filter(move |attempt| places.contains(&(attempt.request as usize)))
    }

    /// Those of the request at this place.
    #[inline]
    pub fn of(&self, place: usize) -> RequestAttempts<'_> {
        let (block, wanted) = (place / BLOCK, (place % BLOCK) as u64);
        let Some(rows) = self.blocks.get(block) else { return RequestAttempts { rows: None, block, from: 0, to: 0 } };
        let (mut from, mut to) = (0, rows.len());
        // Where each request has one, it stands at its request's own place.
        let own = place % BLOCK;
        if own < to && rows.number(0, own) == wanted && (own == 0 || rows.number(0, own - 1) < wanted) {
            (from, to) = (own, own);
        }
        while from < to {
            let middle = from.midpoint(to);
            if rows.number(0, middle) < wanted { from = middle + 1 } else { to = middle }
        }
        let mut end = from;
        while end < rows.len() && rows.number(0, end) == wanted {
            end += 1;
        }
        RequestAttempts { rows: Some(rows), block, from, to: end }
    }
}

impl FromIterator<Attempt> for Attempts {
    /// In the order of their requests.
    fn from_iter<I: IntoIterator<Item = Attempt>>(attempts: I) -> Self {
        let (mut blocks, mut rows): (Vec<PackedRows<4>>, Vec<AttemptNumbers>) = (Vec::new(), Vec::new());
        for attempt in attempts {
            let block = attempt.request as usize / BLOCK;
            while blocks.len() < block {
                blocks.push(PackedRows::pack(&rows));
                rows.clear();
            }
            let flags = if attempt.completed { COMPLETED } else { 0 } | if attempt.reached { REACHED } else { 0 };
            let provider = (u64::from(attempt.provider) << FLAGS) | flags;
            rows.push([(attempt.request as usize % BLOCK) as u64, ordered(attempt.at), 0, provider]);
        }
        if !rows.is_empty() {
            blocks.push(PackedRows::pack(&rows));
        }
        Self::of_blocks(blocks)
    }
}

#[inline]
fn attempt(block: usize, [request, at, _, provider]: AttemptNumbers) -> Attempt {
    Attempt {
        at: signed_again(at),
        request: u32::try_from(block * BLOCK + request as usize).unwrap_or(u32::MAX),
        provider: (provider >> FLAGS) as u16,
        completed: provider & COMPLETED > 0,
        reached: provider & REACHED > 0,
    }
}

/// The attempts of one request, in the order of dispatch.
#[derive(Debug, Clone, Copy)]
pub struct RequestAttempts<'a> {
    rows: Option<&'a PackedRows<4>>,
    block: usize,
    from: usize,
    to: usize,
}

impl<'a> RequestAttempts<'a> {
    /// True where there is none.
    pub const fn is_empty(self) -> bool {
        self.from == self.to
    }

    /// One after the other.
    #[inline]
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Attempt> + Clone + 'a {
        let rows = self.rows;
        (self.from..self.to).filter_map(move |row| Some(attempt(self.block, rows?.row(row))))
    }

    /// The first; `None` where there is none.
    #[inline]
    pub fn first(self) -> Option<Attempt> {
        self.iter().next()
    }

    /// The last; `None` where there is none.
    pub fn last(self) -> Option<Attempt> {
        self.iter().next_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_request() -> impl Strategy<Value = JudgedRequest> {
        let by = prop_oneof![Just(By::Nobody), Just(By::Unknown), any::<u16>().prop_map(By::Provider)];
        let outcome = prop::sample::select(Outcome::ALL.to_vec());
        let moment = prop_oneof![any::<i64>(), -1_000_000_i64..1_000_000];
        (prop::array::uniform4(moment), by, outcome).prop_map(|([due, sent, proof, done], by, outcome)| JudgedRequest {
            due,
            sent,
            proof,
            done,
            by,
            outcome,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn requests_are_read_as_they_were_told(mut told in prop::collection::vec(any_request(), 0..2_500), moment: i64) {
            told.sort_by_key(|request| request.due);
            let packed: JudgedRequests = told.iter().copied().collect();
            prop_assert_eq!(packed.len(), told.len());
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), told.clone());
            for moment in [moment, moment % 1_000_000, i64::MIN, i64::MAX] {
                prop_assert_eq!(packed.first_due(moment), told.partition_point(|request| request.due < moment));
            }
            let half = told.len() / 2;
            prop_assert_eq!(packed.all().since(half).iter().rev().collect::<Vec<_>>(), told[half..].iter().rev().copied().collect::<Vec<_>>());
        }

        #[test]
        fn attempts_are_found_by_their_request(counts in prop::collection::vec(0_usize..4, 0..2_500), provider: u16) {
            let of = |request: usize, count: usize| (0..count).map(move |number| Attempt {
                at: (request * 100 + number) as i64, request: request as u32, provider, completed: number % 2 == 0, reached: number % 3 == 0,
            });
            let told: Vec<Attempt> = counts.iter().enumerate().flat_map(|(request, count)| of(request, *count)).collect();
            let packed: Attempts = told.iter().copied().collect();
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), told.clone());
            for (request, count) in counts.iter().enumerate().chain([(counts.len() + 5_000, &0)]) {
                prop_assert_eq!(packed.of(request).iter().collect::<Vec<_>>(), of(request, *count).collect::<Vec<_>>());
            }
            let (from, to) = (counts.len() / 3, counts.len() * 2 / 3);
            let within: Vec<Attempt> = told.iter().filter(|attempt| (from..to).contains(&(attempt.request as usize))).copied().collect();
            prop_assert_eq!(packed.within(from..to).collect::<Vec<_>>(), within);
        }
    }
}

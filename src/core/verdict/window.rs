//! The requests that are looked at, and for each whether it conforms.

use crate::history::{By, Evidence, JudgedRequest, Outcome, RequestSlice};
use crate::model::{Objectives, SloOn};

/// Kleene's three truths: what a request shows may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tri {
    No,
    Maybe,
    Yes,
}

/// Requests due in `[from, to)`, a slice of those that are sorted by due time, and how each of them reads.
pub(super) struct RequestWindow<'e> {
    pub(super) evidence: &'e Evidence,
    /// The place of the first of them among all requests.
    pub(super) first: usize,
    pub(super) requests: RequestSlice<'e>,
    pub(super) reads: Vec<Tri>,
    pub(super) to: i64,
}

impl<'e> RequestWindow<'e> {
    pub(super) fn new(evidence: &'e Evidence, from: i64, to: i64, conforms: impl Fn(&JudgedRequest) -> Tri) -> Self {
        let (first, last) = places(evidence, from, to);
        let requests = evidence.requests.slice(first..last);
        Self { evidence, first, requests, reads: requests.iter().map(|request| conforms(&request)).collect(), to }
    }
}

/// First place due at or after `from`, and first place due at or after `to`.
pub(super) fn places(evidence: &Evidence, from: i64, to: i64) -> (usize, usize) {
    let first = evidence.requests.first_due(from);
    (first, evidence.requests.first_due(to).max(first))
}

/// The moment of an answer that the service level is held against, from when it was due.
pub(super) const fn latency(objectives: &Objectives, request: &JudgedRequest) -> i64 {
    match objectives.slo_on {
        SloOn::Done => request.done - request.due,
        SloOn::Proof => request.proof - request.due,
    }
}

/// Whether users were well served.
pub(super) fn good(objectives: &Objectives, request: &JudgedRequest) -> Tri {
    match request.outcome {
        Outcome::Ok
            if request.done - request.due <= objectives.deadline.nanos() && latency(objectives, request) <= objectives.slo.nanos() =>
        {
            Tri::Yes
        }
        Outcome::Unknown => Tri::Maybe,
        _ => Tri::No,
    }
}

/// Whether they were well served by one of these providers.
pub(super) fn good_by(objectives: &Objectives, request: &JudgedRequest, providers: &[u16]) -> Tri {
    match (good(objectives, request), request.by) {
        (Tri::No, _) => Tri::No,
        (good, By::Provider(place)) if providers.contains(&place) => good,
        (_, By::Provider(_)) => Tri::No,
        (_, By::Nobody) => Tri::No,
        _ => Tri::Maybe,
    }
}

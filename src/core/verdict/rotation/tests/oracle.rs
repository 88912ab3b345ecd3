//! What the fold finds of exchanges that end in another order than they began, against an oracle that looks at all of them at once.

use crate::history::{Event, Rotation, SETTLED, Stamped};
use crate::rotation_story::{MS, NEW, OLD, Story, WRONG, ZERO, emergency, rotation, served, token};
use crate::units::Fingerprint;
use proptest::prelude::*;

const OLD_TOKEN: Fingerprint = Fingerprint(0x701d);
const NEW_TOKEN: Fingerprint = Fingerprint(0x72e0);
const DEAD: u64 = ZERO.1 + 2_000 * MS;

/// One exchange with the primary.
#[derive(Debug, Clone, Copy)]
struct Exchange {
    /// Its request's number; `None` where it bore none.
    id: Option<u64>,
    at: u64,
    took: u64,
    status: u16,
    key: Fingerprint,
}

impl Exchange {
    fn is(&self, key: Fingerprint) -> bool {
        self.key == key || (self.key == OLD_TOKEN && key == OLD) || (self.key == NEW_TOKEN && key == NEW)
    }
}

fn exchanges() -> impl Strategy<Value = Vec<Exchange>> {
    let key = prop_oneof![4 => Just(OLD), 6 => Just(NEW), 1 => Just(WRONG), 1 => Just(OLD_TOKEN), 1 => Just(NEW_TOKEN)];
    let status = prop_oneof![4 => Just(200_u16), 3 => Just(401_u16), 1 => Just(403_u16), 1 => Just(500_u16), 1 => Just(0_u16)];
    let id = proptest::option::weighted(0.95, 0_u64..1_000);
    // Few moments, so that two exchanges often begin at once; they last up to five seconds, so that many end in another order.
    let one = (id, 10_000_u64..14_000, 0_u64..5_000, status, key);
    let one = one.prop_map(|(id, at, took, status, key)| Exchange { id, at: at / 10 * 10 * MS, took: took * MS, status, key });
    proptest::collection::vec(one, 0..200)
}

/// A drill of three replicas whose only exchanges are these.
fn told(exchanges: &[Exchange], tokens_at: u64) -> Rotation {
    let story = emergency().but(|story: &mut Story| (story.until, story.replicas) = (0, vec![Vec::new(); 3]));
    let mut events: Vec<(u64, Event)> = story.events().into_iter().map(|stamped| (stamped.t, stamped.event)).collect();
    events.extend(exchanges.iter().map(|one| served(one.id, "primary", one.at, one.took, one.status, one.key)));
    events.extend([(OLD_TOKEN, OLD), (NEW_TOKEN, NEW)].map(|(name, from)| (tokens_at, token(name, from, 11_000).1)));
    events.sort_by_key(|(t, _)| *t);
    let events: Vec<Stamped> = events.into_iter().map(|(t, event)| Stamped { t, event }).collect();
    rotation(&story.started(), &events)
}

fn at(moment: u64) -> i64 {
    i64::try_from(moment).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_fold_finds_what_the_oracle_finds(exchanges in exchanges(), tokens_at in 0_u64..60_000) {
        let rotation = told(&exchanges, tokens_at * MS);
        prop_assert_eq!(rotation.replicas.len(), 3);
        for (place, bearing) in rotation.everywhere().enumerate() {
            let replica = |id: Option<u64>| id.map_or(3, |id| (id % 3) as usize);
            let own: Vec<&Exchange> = exchanges.iter().filter(|one| replica(one.id) == place).collect();
            let with = |key: Fingerprint| own.iter().filter(move |one| one.is(key));
            let last_old = with(OLD).map(|one| one.at).max();
            let since: Vec<u64> = with(NEW).map(|one| one.at).filter(|at| Some(*at) > last_old).collect();
            prop_assert_eq!(bearing.moved, since.iter().min().map(|first| at(*first)));
            prop_assert_eq!(bearing.since, since.len().min(SETTLED));
            for (borne, key) in [(&bearing.old, OLD), (&bearing.new, NEW), (&bearing.other, WRONG)] {
                let refused = || with(key).filter(|one| matches!(one.status, 401 | 403));
                let answered = || with(key).filter(|one| one.status == 200);
                prop_assert_eq!(borne.exchanges, with(key).count() as u64);
                prop_assert_eq!(borne.first, with(key).map(|one| at(one.at)).min());
                prop_assert_eq!(borne.last, with(key).map(|one| at(one.at)).max());
                prop_assert_eq!(borne.refused, refused().count() as u64);
                prop_assert_eq!(borne.first_refused.map(|edge| edge.lo), refused().map(|one| at(one.at)).min());
                prop_assert_eq!(borne.first_refused.map(|edge| edge.hi), refused().map(|one| at(one.at + one.took)).min());
                prop_assert_eq!(borne.last_refused.map(|edge| edge.hi), refused().map(|one| at(one.at + one.took)).max());
                prop_assert_eq!(borne.answered, answered().count() as u64);
                prop_assert_eq!(borne.last_answered, answered().map(|one| at(one.at)).max());
                let late = || answered().filter(|one| one.at > DEAD);
                prop_assert_eq!(borne.late, late().filter(|one| one.key == key).count() as u64);
                prop_assert_eq!(borne.late_tokens, late().filter(|one| one.key != key).count() as u64);
                prop_assert_eq!(borne.last_token, with(key).filter(|one| one.key != key).map(|one| at(one.at)).max());
            }
        }
    }
}

#[test]
fn beyond_what_is_kept_a_replica_is_never_said_to_have_moved_too_early() {
    // 5,000 quick requests with the new key, and one with the old in their midst that outlasts them all.
    let with = |at: u64, took: u64, key: Fingerprint| Exchange { id: Some(0), at: at * MS, took: took * MS, status: 200, key };
    let mut exchanges: Vec<Exchange> = (0..5_000).map(|place| with(11_000 + place, 1, NEW)).collect();
    exchanges.push(with(15_000, 20_000, OLD));
    let bearing = &told(&exchanges, 0).replicas[0];
    let moved = bearing.moved.expect("twenty and more came after it");
    assert!((at(15_001 * MS)..=at(15_999 * MS)).contains(&moved), "{moved}");
    assert_eq!(bearing.since, SETTLED);
    // Where it ends at once, nothing is lost.
    exchanges.pop();
    exchanges.push(with(15_000, 0, OLD));
    assert_eq!(told(&exchanges, 0).replicas[0].moved, Some(at(15_001 * MS)));
}

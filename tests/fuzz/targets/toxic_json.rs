//! Any JSON as a toxic: refused, or read into one that reads the same when it is shown and sent again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lifeboat::fault::{ChunkFate, RawToxic, Toxic};

fuzz_target!(|data: &[u8]| {
    let Ok(raw) = serde_json::from_slice::<RawToxic>(data) else { return };
    let toxic = match Toxic::parse(&raw) {
        Ok(toxic) => toxic,
        Err(error) => {
            let _ = (error.to_string(), error.hint());
            return;
        }
    };
    let shown = RawToxic { attributes: Some(toxic.attributes()), ..raw.clone() };
    let again = Toxic::parse(&shown).expect("what is shown can be sent");
    assert_eq!(toxic, again);
    assert_eq!(toxic.changed(&shown).expect("nothing changes"), toxic);
    let mut stage = toxic.effect.stage(toxic.seed(), 1_000, 0);
    for (at, length) in [(1_000, 1), (2_000, 70_000), (u64::MAX / 2, 9)] {
        if let ChunkFate::Pass { due, .. } = stage.chunk(at, length) {
            assert!(due >= at, "nothing passes before it came");
        }
    }
    let _ = (stage.end(u64::MAX / 2), stage.room(), stage.closes_at());
});

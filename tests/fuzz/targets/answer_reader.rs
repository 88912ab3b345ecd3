//! Any bytes as a provider's answer, in each dialect, whole and streamed: nothing panics, and how the bytes are divided makes no difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lifeboat::dialect::{AnswerReader, Ask, Mark};
use lifeboat::model::Dialect;

fuzz_target!(|data: &[u8]| {
    let [which, cut, answer @ ..] = data else { return };
    let dialects: Vec<Dialect> =
        Dialect::WORDS.iter().filter_map(|word| Dialect::from_word(word)).filter(|dialect| *dialect != Dialect::Tcp).collect();
    let ask = Ask { mark: Mark { drill: 1, id: 2 }, model: "m".into(), streamed: which & 1 == 1 };
    let reader = || AnswerReader::new(dialects[usize::from(which >> 1) % dialects.len()], &ask);
    let mut whole = reader();
    whole.feed(answer);
    let mut divided = reader();
    for piece in answer.chunks(usize::from(*cut).max(1)) {
        divided.feed(piece);
    }
    assert_eq!(whole.has_content(), divided.has_content());
    assert_eq!(format!("{:?}", whole.finish()), format!("{:?}", divided.finish()));
});

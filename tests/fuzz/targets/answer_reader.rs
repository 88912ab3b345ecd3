//! Any bytes as a provider's answer, to every kind of request in each dialect: nothing panics, and how the bytes are divided makes no
//! difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lifeboat::dialect::{AnswerReader, ClientRequest, Mark};
use lifeboat::model::{Dialect, Expect, RequestKind};
use std::sync::Arc;

fuzz_target!(|data: &[u8]| {
    let [which, how, cut, answer @ ..] = data else { return };
    let dialects: Vec<Dialect> =
        Dialect::WORDS.iter().filter_map(|word| Dialect::from_word(word)).filter(|dialect| *dialect != Dialect::Tcp).collect();
    let dialect = dialects[usize::from(*which) % dialects.len()];
    let kinds: Vec<RequestKind> = dialect.kinds().filter_map(RequestKind::from_word).collect();
    let kind = kinds[usize::from(*how) % kinds.len()];
    let expect =
        Expect { model: (how & 128 != 0).then(|| "m".to_owned()), json: how & 64 != 0, tool: (how & 32 != 0).then(|| "tool".to_owned()) };
    let mark = Mark { drill: 1, id: 2 };
    let ask =
        ClientRequest { mark, model: "m".into(), operation: kind.operation(), streamed: kind.is_streamed(), expect: Arc::new(expect) };
    let reader = || AnswerReader::new(dialect, &ask);
    let mut whole = reader();
    whole.feed(answer);
    let mut divided = reader();
    for piece in answer.chunks(usize::from(*cut).max(1)) {
        divided.feed(piece);
    }
    assert_eq!(whole.has_content(), divided.has_content());
    assert_eq!(format!("{:?}", whole.finish()), format!("{:?}", divided.finish()));
});

//! Bedrock's binary event streams: what we write is read back however it is divided, a single changed byte is always noticed, and a proxy
//! that splits any bytes into events loses none of them.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use lifeboat::dialect::{AnswerReader, Boundary, ClientRequest, EventSplitter, Mark, ProviderAnswer, ProviderRequest, wire_request};
use lifeboat::model::{Dialect, Operation};
use std::sync::Arc;

fuzz_target!(|data: &[u8]| {
    let [id, cut, place @ .., change] = data else { return };
    let cut = usize::from(*cut).max(1);
    let operation = if id & 1 == 0 { Operation::Chat } else { Operation::Invoke };
    let mark = Mark { drill: 7, id: u64::from(*id) };
    let ask = ClientRequest { mark, model: "m".into(), operation, streamed: true, expect: Arc::default() };
    let request = wire_request(Dialect::Bedrock, &ask, "k");
    let asked = ProviderRequest::parse(Dialect::Bedrock, operation, &request.body).expect("what we ask is understood");
    let reply = ProviderAnswer::new(Dialect::Bedrock, &asked, "m", "id", 0);
    let mut stream: Vec<u8> = (0..reply.tokens()).flat_map(|place| reply.token_event(place)).collect();
    stream.extend(reply.end_events());
    let read = |stream: &[u8]| {
        let mut reader = AnswerReader::new(Dialect::Bedrock, &ask);
        stream.chunks(cut).for_each(|piece| reader.feed(piece));
        reader.finish()
    };
    assert_eq!(read(&stream), Ok(()));

    if *change != 0 {
        let place = place.iter().fold(0usize, |sum, byte| sum.wrapping_mul(251).wrapping_add(usize::from(*byte))) % stream.len();
        stream[place] ^= change;
        assert!(read(&stream).is_err(), "a changed byte at {place} of {} was not noticed", stream.len());
    }

    for dialect in Dialect::WORDS.iter().filter_map(|word| Dialect::from_word(word)).filter(|dialect| *dialect != Dialect::Tcp) {
        let mut events = EventSplitter::after(Boundary::of(dialect));
        let mut passed = Vec::new();
        for piece in data.chunks(cut) {
            let mut piece = Bytes::copy_from_slice(piece);
            while !piece.is_empty() {
                let before = piece.len();
                match events.next(&mut piece) {
                    Some(event) => passed.extend_from_slice(&event.bytes),
                    None => assert!(piece.is_empty(), "{before} bytes were neither an event nor kept"),
                }
            }
        }
        passed.extend_from_slice(&events.rest());
        assert_eq!(passed, data);
    }
});

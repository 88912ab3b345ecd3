//! Any request as a provider reads it and as a proxy looks at it, in each dialect: first the line of its method and path, then its headers,
//! then its body. Nothing panics; what is understood can be answered, and the answer is one that the traffic's own reader can take.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lifeboat::dialect::{
    AnswerFormat, AnswerReader, ClientRequest, MARK_HEADER, Mark, ProviderAnswer, ProviderRequest, Route, credential, error_code,
    estimated_tokens, find_mark, has_data, head_fault, is_terminal, malformed, with_garbled_text, with_other_model,
};
use lifeboat::model::{Dialect, Operation};
use std::sync::Arc;

fuzz_target!(|data: &[u8]| {
    let [which, request @ ..] = data else { return };
    let dialects: Vec<Dialect> =
        Dialect::WORDS.iter().filter_map(|word| Dialect::from_word(word)).filter(|dialect| *dialect != Dialect::Tcp).collect();
    let dialect = dialects[usize::from(*which) % dialects.len()];
    let end = request.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((request, &b""[..]), |end| (&request[..end], &request[end + 2..]));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let (method, target) = lines.next().unwrap_or_default().split_once(' ').unwrap_or_default();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let headers: Vec<(String, &str)> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| *value);

    let _ = (credential(dialect, header), head_fault(dialect, header), error_code(header, body), find_mark(header(MARK_HEADER), body));
    let route = Route::of(dialect, method, path, query);
    let (operation, asked) = match route {
        Some(Route::Inference { operation, streamed, .. }) => (operation, streamed),
        _ => (Operation::Chat, false),
    };
    let _ = estimated_tokens(dialect, operation, body);
    let format = AnswerFormat { dialect, operation, streamed: asked };
    let _ = (has_data(format, body), is_terminal(format, body), malformed(format, body));
    let _ = (with_other_model(format, body), with_garbled_text(format, body));
    let Ok(demand) = ProviderRequest::parse(dialect, operation, body) else { return };
    let reply = ProviderAnswer::new(dialect, &demand, "m", "id", 0);
    let mark = Mark { drill: 1, id: 2 };
    for streamed in [false, true] {
        let ask = ClientRequest { mark, model: "m".into(), operation, streamed, expect: Arc::default() };
        let mut reader = AnswerReader::new(dialect, &ask);
        if streamed {
            (0..reply.tokens()).for_each(|place| reader.feed(&reply.token_event(place)));
            reader.feed(&reply.end_events());
        } else {
            reader.feed(&reply.whole().body);
        }
        let _ = reader.finish();
    }
});

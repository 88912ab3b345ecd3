//! Answers of every operation, good and bad, cut and divided.

use super::super::answer_format::AnswerFormat;
use super::super::eventstream::frame;
use super::super::samples::{formats, sample_request};
use super::super::{Mark, ProviderAnswer, ProviderRequest, RefusalReason, error_answer, error_event, wire_request};
use super::*;
use proptest::prelude::*;

/// What repeats the canary.
fn talks() -> Vec<AnswerFormat> {
    formats().into_iter().filter(|format| format.operation != Operation::Embeddings).collect()
}

fn streams() -> impl Iterator<Item = AnswerFormat> {
    formats().into_iter().filter(|format| format.streamed)
}

fn reply(format: AnswerFormat, request: &ClientRequest) -> ProviderAnswer {
    let read = ProviderRequest::parse(format.dialect, format.operation, &wire_request(format.dialect, request, "k").body).unwrap();
    ProviderAnswer::new(format.dialect, &read, "gpt-4o", "1", 0)
}

/// An answer event by event; a whole one is one event.
fn events(format: AnswerFormat, request: &ClientRequest) -> Vec<Vec<u8>> {
    let reply = reply(format, request);
    if !format.streamed {
        return vec![reply.whole().body];
    }
    (0..reply.tokens()).map(|index| reply.token_event(index)).chain([reply.end_events()]).collect()
}

fn body(format: AnswerFormat) -> Vec<u8> {
    events(format, &sample_request(format)).concat()
}

fn judged(dialect: Dialect, request: &ClientRequest, body: &[u8]) -> Result<(), Flaw> {
    let mut reader = AnswerReader::new(dialect, request);
    reader.feed(body);
    reader.finish()
}

fn judge(format: AnswerFormat, body: &[u8]) -> Result<(), Flaw> {
    judged(format.dialect, &sample_request(format), body)
}

/// A chat of this dialect.
fn chat(dialect: Dialect, streamed: bool) -> AnswerFormat {
    AnswerFormat { dialect, operation: Operation::Chat, streamed }
}

#[test]
fn whole_answers_are_good_in_every_dialect() {
    for format in formats() {
        assert_eq!(judge(format, &body(format)), Ok(()), "{format:?}");
    }
}

#[test]
fn an_answer_cut_anywhere_is_never_good() {
    for format in formats() {
        let whole = body(format);
        // The blank line at the end of a stream of lines says nothing that was not said.
        let end = whole.trim_ascii_end().len();
        for cut in 0..end.min(6000) {
            assert!(judge(format, &whole[..cut]).is_err(), "{format:?} cut at {cut} of {end}");
        }
    }
}

#[test]
fn a_polite_end_that_a_gateway_invents_does_not_hide_missing_words() {
    for format in streams() {
        let events = events(format, &sample_request(format));
        let without_the_middle = [&events[..3], &events[events.len() - 1..]].concat().concat();
        assert_eq!(judge(format, &without_the_middle), Err(Flaw::Truncated), "{format:?}");
    }
}

#[test]
fn an_answer_that_is_not_the_canary_or_is_withheld_is_not_service() {
    for format in talks() {
        let other = ClientRequest { mark: Mark { drill: 3, id: 100 }, ..sample_request(format) };
        assert_eq!(judged(format.dialect, &other, &body(format)), Err(Flaw::WrongContent), "{format:?}");
        let withheld = reply(format, &sample_request(format)).filtered();
        let bytes = if format.streamed { withheld.end_events() } else { withheld.whole().body };
        assert_eq!(judge(format, &bytes), Err(Flaw::Empty), "{format:?}");
        let refused = error_answer(format.dialect, &RefusalReason::InvalidKey);
        assert!(judge(format, &refused.body).is_err());
    }
}

#[test]
fn an_error_in_the_middle_of_a_stream_is_told_by_its_code() {
    let codes = ["server_is_overloaded", "503", "overloaded_error", "serviceUnavailableException", "UNAVAILABLE"];
    for format in streams() {
        let code = match format.dialect {
            Dialect::OpenAi => codes[0],
            Dialect::AzureOpenAi => codes[1],
            Dialect::Anthropic => codes[2],
            Dialect::Bedrock => codes[3],
            _ => codes[4],
        };
        let wanted = Err(Flaw::ErrorEvent(Some(code.into())));
        let mut events = events(format, &sample_request(format));
        events.insert(4, error_event(format, &RefusalReason::Overloaded));
        assert_eq!(judge(format, &events.concat()), wanted, "{format:?}");
        assert_eq!(judge(format, &error_event(format, &RefusalReason::Overloaded)), wanted, "{format:?}");
    }
    let below = frame(&[(MESSAGE_TYPE, "error"), (":error-code", "InternalFailure")], b"");
    assert_eq!(judge(chat(Dialect::Bedrock, true), &below), Err(Flaw::ErrorEvent(Some("InternalFailure".into()))));
    let list = b"data: [{\"error\":{\"code\":500,\"status\":\"INTERNAL\"}}]\n";
    assert_eq!(judge(chat(Dialect::Vertex, true), list), Err(Flaw::ErrorEvent(Some("INTERNAL".into()))));
}

#[test]
fn an_error_in_place_of_a_whole_answer_is_told_by_its_code() {
    for format in formats().into_iter().filter(|format| !format.streamed && format.dialect != Dialect::Bedrock) {
        let flaw = judge(format, &error_answer(format.dialect, &RefusalReason::ServerError).body).unwrap_err();
        assert!(flaw.code().is_some(), "{format:?}: {flaw:?}");
    }
    let exception = error_answer(Dialect::Bedrock, &RefusalReason::ServerError);
    assert_eq!(judge(chat(Dialect::Bedrock, false), &exception.body), Err(Flaw::Empty), "AWS tells its errors in a header");
}

#[test]
fn flaws_are_told_apart() {
    let stream = |text: &str| judge(chat(Dialect::OpenAi, true), text.as_bytes());
    assert_eq!(stream("data: [DONE]\n\n"), Err(Flaw::Empty));
    assert_eq!(stream("data: {oops\n\n"), Err(Flaw::Malformed));
    assert_eq!(stream("data: {\"choices\":[{\"delta\":{\"content\":\"No.\"}}]}\n\ndata: [DONE]\n\n"), Err(Flaw::WrongContent));
    assert_eq!(judge(chat(Dialect::Anthropic, true), b"data: [DONE]\n\n"), Err(Flaw::Truncated), "nobody's event");
    let long = vec![b'x'; LONGEST + 1];
    for format in formats() {
        if format.streamed {
            assert_eq!(judge(format, &long), Err(Flaw::TooLong));
        } else {
            assert_eq!(judge(format, b""), Err(Flaw::Empty));
            assert_eq!(judge(format, b"{}"), Err(Flaw::Empty));
            assert_eq!(judge(format, b"{"), Err(Flaw::Malformed));
        }
    }
}

#[test]
fn a_frame_with_a_wrong_checksum_is_malformed() {
    for format in streams().filter(|format| format.dialect == Dialect::Bedrock) {
        let mut damaged = body(format);
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        assert_eq!(judge(format, &damaged), Err(Flaw::Malformed));
    }
}

#[test]
fn usage_that_is_missing_is_missed() {
    for format in formats().into_iter().filter(|format| !format.streamed) {
        let word = match (format.operation, format.dialect) {
            (Operation::Embeddings, _) => "prompt_tokens",
            (Operation::Responses | Operation::Invoke, _) | (_, Dialect::Anthropic) => "output_tokens",
            (_, Dialect::Bedrock) => "outputTokens",
            (_, Dialect::Vertex) => "candidatesTokenCount",
            _ => "completion_tokens",
        };
        let text = String::from_utf8(body(format)).unwrap();
        assert_eq!(judge(format, text.replace(word, "other").as_bytes()), Err(Flaw::NoUsage), "{format:?}");
    }
}

/// What clients of the dialects do not read as their answer, and what they read though it looks odd. The whole table with the clients
/// themselves is in `tests/odd_answers.rs`.
#[test]
fn what_no_client_takes_for_its_answer_is_none() {
    let words = canary(sample_request(chat(Dialect::OpenAi, true)).mark);
    let stream = |events: &[String]| events.iter().map(|event| format!("data: {event}\n\n")).collect::<String>();
    let end = r#"{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}],"usageMetadata":{"candidatesTokenCount":8}}"#;
    let thought = format!(r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{words}","thought":true}}]}}}}]}}"#);
    let mut reader = AnswerReader::new(Dialect::Vertex, &sample_request(chat(Dialect::Vertex, true)));
    reader.feed(stream(std::slice::from_ref(&thought)).as_bytes());
    assert!(!reader.has_content(), "what a model thinks is no first token");
    reader.feed(stream(&[end.to_owned()]).as_bytes());
    assert_eq!(reader.finish(), Err(Flaw::Empty));

    let anthropic = String::from_utf8(body(chat(Dialect::Anthropic, true))).unwrap();
    let nameless: String = anthropic.lines().filter(|line| !line.starts_with("event:")).map(|line| format!("{line}\n")).collect();
    assert_eq!(judge(chat(Dialect::Anthropic, true), nameless.as_bytes()), Err(Flaw::Truncated));
    let renamed = anthropic.replace("event: content_block_delta", "event: error");
    assert!(matches!(judge(chat(Dialect::Anthropic, true), renamed.as_bytes()), Err(Flaw::ErrorEvent(_))));

    let reasoned = format!(
        r#"{{"choices":[{{"delta":{{"reasoning_content":"{words}"}},"finish_reason":"stop"}}],"usage":{{"completion_tokens":1}}}}"#
    );
    assert_eq!(judge(chat(Dialect::OpenAi, true), (stream(&[reasoned]) + "data: [DONE]\n\n").as_bytes()), Err(Flaw::Empty));
    let responses = AnswerFormat { operation: Operation::Responses, ..chat(Dialect::OpenAi, true) };
    let reasoned = format!(r#"{{"type":"response.reasoning_text.delta","delta":"{words}"}}"#);
    let done = r#"{"type":"response.completed","response":{"usage":{"output_tokens":1}}}"#.to_owned();
    assert_eq!(judge(responses, stream(&[reasoned, done]).as_bytes()), Err(Flaw::Empty));
    let whole = format!(
        r#"{{"status":"completed","output":[{{"type":"reasoning","content":[{{"type":"reasoning_text","text":"{words}"}}]}}],"usage":{{"output_tokens":1}}}}"#
    );
    assert_eq!(judge(AnswerFormat { streamed: false, ..responses }, whole.as_bytes()), Err(Flaw::Empty));
}

#[test]
fn what_follows_the_terminal_marker_is_nobodys_to_read() {
    for format in streams() {
        let mut reader = AnswerReader::new(format.dialect, &sample_request(format));
        reader.feed(&body(format));
        assert!(reader.is_over(), "{format:?}");
        reader.feed(&error_event(format, &RefusalReason::Overloaded));
        reader.feed(b"event: cost\ndata: $0.000012\n\n");
        assert_eq!(reader.finish(), Ok(()), "{format:?}");
    }
}

#[test]
fn an_end_that_comes_with_every_piece_is_none_until_all_is_said() {
    let text = canary(sample_request(chat(Dialect::Vertex, true)).mark);
    let mut reader = AnswerReader::new(Dialect::Vertex, &sample_request(chat(Dialect::Vertex, true)));
    let mut over = Vec::new();
    for piece in text.split_inclusive(' ') {
        let said = format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{piece}"}}]}},"finishReason":"STOP"}}],"usageMetadata":{{"candidatesTokenCount":1}}}}"#
        );
        reader.feed(format!("data: {said}\r\n\r\n").as_bytes());
        over.push(reader.is_over());
    }
    assert_eq!(over, [false, false, false, false, false, false, false, true]);
    assert_eq!(reader.finish(), Ok(()));
}

#[test]
fn a_service_that_leaves_out_its_marker_or_its_usage_may_be_known_to() {
    let endings = [StreamEnd::Marker, StreamEnd::FinishReason];
    let usages = [UsageReport::Reported, UsageReport::Absent];
    for format in [chat(Dialect::OpenAi, true), chat(Dialect::AzureOpenAi, true), chat(Dialect::Anthropic, true)] {
        let text = String::from_utf8(body(format)).unwrap();
        let (before, _) = text.trim_end().rsplit_once("\n\n").unwrap();
        let cut = before.rsplit_once("\n\n").unwrap().0;
        let cut = cut.rsplit_once("\n\n").unwrap().0.to_owned() + "\n\n";
        let counted = before.to_owned() + "\n\n";
        let uncounted = counted.replace("completion_tokens", "x").replace("\"usage\":{\"output_tokens\"", "\"usage\":{\"x\"");
        for (stream_ends_with, usage) in endings.into_iter().flat_map(|ending| usages.map(|usage| (ending, usage))) {
            let judged = |text: &str| {
                let mut reader = AnswerReader::new(format.dialect, &sample_request(format)).of(Complete { stream_ends_with, usage });
                reader.feed(text.as_bytes());
                reader.finish()
            };
            let marked = stream_ends_with == StreamEnd::Marker;
            let told = |text: &str, counted: bool| {
                let wanted = match (marked, counted || usage == UsageReport::Absent) {
                    (true, _) => Err(Flaw::NoMarker),
                    (false, true) => Ok(()),
                    (false, false) => Err(Flaw::NoUsage),
                };
                assert_eq!(judged(text), wanted, "{format:?} {stream_ends_with} {usage}: {text}");
            };
            told(&counted, true);
            told(&uncounted, false);
            assert!(judged(&cut).is_err_and(|flaw| flaw == Flaw::Truncated), "{format:?}: words are missing");
        }
    }
}

/// The answer to a request of which this is expected, and what is said of it after `change`.
fn expecting(format: AnswerFormat, expect: &Expect, change: impl Fn(String) -> String) -> Result<(), Flaw> {
    let request = ClientRequest { expect: Arc::new(expect.clone()), ..sample_request(format) };
    let bytes = events(format, &request).concat();
    // What is framed has a checksum, and is left as it is.
    let changed = match (format.streamed, format.dialect) {
        (true, Dialect::Bedrock) => bytes,
        _ => change(String::from_utf8(bytes).unwrap()).into_bytes(),
    };
    judged(format.dialect, &request, &changed)
}

#[test]
fn another_model_is_seen_where_one_is_expected() {
    for format in formats() {
        let names_one = !(format.dialect == Dialect::Bedrock && format.operation == Operation::Chat);
        for (name, is_it) in [("gpt-4o", true), ("gpt-4", true), ("gpt-4o-mini", false), ("claude", false)] {
            let expect = Expect { model: Some(name.to_owned()), ..Expect::default() };
            let wanted = if is_it && names_one { Ok(()) } else { Err(Flaw::WrongModel) };
            assert_eq!(expecting(format, &expect, |text| text), wanted, "{format:?} {name}");
        }
    }
}

#[test]
fn what_is_expected_to_be_json_is_json() {
    let expect = Expect { json: true, ..Expect::default() };
    for format in talks() {
        assert_eq!(expecting(format, &expect, |text| text), Ok(()), "{format:?}");
        let text = judged(format.dialect, &ClientRequest { expect: Arc::new(expect.clone()), ..sample_request(format) }, &body(format));
        assert_eq!(text, Err(Flaw::NotJson), "{format:?}: the canary as bare text");
    }
}

#[test]
fn a_tool_that_is_expected_is_called_with_arguments_that_are_json() {
    let expect = Expect { tool: Some("repeat".into()), ..Expect::default() };
    for format in talks() {
        assert_eq!(expecting(format, &expect, |text| text), Ok(()), "{format:?}");
        let asked = ClientRequest { expect: Arc::new(expect.clone()), ..sample_request(format) };
        assert_eq!(judged(format.dialect, &asked, &body(format)), Err(Flaw::BadToolCall), "{format:?}: text and no call");
        let other = Expect { tool: Some("other".into()), ..Expect::default() };
        let asked = ClientRequest { expect: Arc::new(other), ..sample_request(format) };
        let called = events(format, &ClientRequest { expect: Arc::new(expect.clone()), ..sample_request(format) }).concat();
        assert_eq!(judged(format.dialect, &asked, &called), Err(Flaw::BadToolCall), "{format:?}: another tool");
    }
    for dialect in [Dialect::OpenAi, Dialect::AzureOpenAi] {
        for operation in [Operation::Chat, Operation::Responses] {
            let broken =
                expecting(AnswerFormat { dialect, operation, streamed: true }, &expect, |text| text.replacen("{\\\"words", "{words", 1));
            assert_eq!(broken, Err(Flaw::BadToolCall), "{dialect} {operation}");
        }
    }
}

proptest! {
    #[test]
    fn any_division_into_pieces_reads_the_same(
        index in 0usize..100,
        cuts in proptest::collection::vec(0usize..2500, 0..20),
        broken in proptest::option::of(0usize..2500),
    ) {
        let all: Vec<AnswerFormat> = streams().collect();
        let format = all[index % all.len()];
        let mut whole = body(format);
        if let Some(index) = broken {
            let index = index % whole.len();
            whole[index] ^= 0x10;
        }
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
        cuts.sort_unstable();
        let mut reader = AnswerReader::new(format.dialect, &sample_request(format));
        let mut from = 0;
        for cut in cuts.into_iter().chain([whole.len()]) {
            reader.feed(&whole[from..cut]);
            from = cut;
        }
        let read = reader.finish();
        prop_assert_eq!(&read, &judge(format, &whole));
        prop_assert!(broken.is_some() || read == Ok(()));
    }

    #[test]
    fn no_bytes_make_it_panic(
        index in 0usize..100,
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        kept in 0usize..2500,
        expect in any::<[bool; 3]>(),
    ) {
        let all = formats();
        let format = all[index % all.len()];
        let [model, json, tool] = expect;
        let expect = Expect { model: model.then(|| "gpt".to_owned()), json, tool: tool.then(|| "repeat".to_owned()) };
        let request = ClientRequest { expect: Arc::new(expect), ..sample_request(format) };
        let _ = judged(format.dialect, &request, &bytes);
        let mut begun = events(format, &request).concat();
        begun.truncate(kept);
        begun.extend(bytes);
        let _ = judged(format.dialect, &request, &begun);
    }
}

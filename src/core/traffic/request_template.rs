//! Requests of HTTP/1.1 as bytes, written from a template: all that is the same for every request of a workload is there already, and what
//! differs (the mark, the words to repeat, the session, the length) is put in.
//!
//! A template is read off a request that was put together in the long way, and is used only where it writes the same bytes as that for other
//! requests.
//!
//! What this file does not do: say what is asked (the connector does).

use super::connector::{RequestParts, SESSIONS, ServiceConnector};
use crate::dialect::{ClientRequest, Mark, canary};
use hyper::header::CONTENT_LENGTH;
use std::io::Write;

/// The request that a template is read off. Its number is one that stands nowhere else.
const SAMPLE: u64 = 8_765_432_109_876_543;
/// Requests for which it must write what the long way does.
const PROOFS: [u64; 4] = [0, 7, 4_096, 999_999_999_999];

/// A template of the requests with one credential.
#[derive(Debug)]
pub(super) struct RequestTemplate {
    head: Vec<RequestPiece>,
    body: Vec<RequestPiece>,
    /// The mark up to the request's number.
    drill: Vec<u8>,
}

/// A piece of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum RequestPiece {
    Text(Vec<u8>),
    Mark,
    Canary,
    Session,
    /// How long the body is.
    Length,
}

/// Writes a request in the long way, as hyper writes it.
pub(super) fn write_parts(parts: &RequestParts, into: &mut Vec<u8>) {
    write_head(parts, into);
    // A body without bytes is none: its length is not told.
    if !parts.body.is_empty() && !parts.headers.contains_key(CONTENT_LENGTH) {
        into.extend_from_slice(b"content-length: ");
        write_number(parts.body.len() as u64, into);
        into.extend_from_slice(b"\r\n");
    }
    into.extend_from_slice(b"\r\n");
    into.extend_from_slice(&parts.body);
}

fn write_head(parts: &RequestParts, into: &mut Vec<u8>) {
    // Writing into memory cannot fail.
    let _ = write!(into, "{} {} HTTP/1.1\r\n", parts.method, parts.uri);
    for (name, value) in &parts.headers {
        into.extend_from_slice(name.as_str().as_bytes());
        into.extend_from_slice(b": ");
        into.extend_from_slice(value.as_bytes());
        into.extend_from_slice(b"\r\n");
    }
}

fn write_number(number: u64, into: &mut Vec<u8>) {
    let (mut digits, mut first, mut rest) = ([0; 20], 20, number);
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    into.extend_from_slice(&digits[first..]);
}

impl RequestTemplate {
    /// Of requests like this one, with the credential at this place. `None` where there is none that writes the same as the long way.
    pub(super) fn of(connector: &ServiceConnector, like: &ClientRequest, turn: usize) -> Option<Self> {
        let asked = |id| ClientRequest { mark: Mark { id, ..like.mark }, ..like.clone() };
        let sample = asked(SAMPLE);
        let parts = connector.parts(&sample, turn)?;
        let mut head = Vec::new();
        write_head(&parts, &mut head);
        let mut head = pieces(head, sample.mark);
        if !parts.body.is_empty() {
            head.extend([RequestPiece::Text(b"content-length: ".to_vec()), RequestPiece::Length, RequestPiece::Text(b"\r\n".to_vec())]);
        }
        head.push(RequestPiece::Text(b"\r\n".to_vec()));
        let drill = sample.mark.to_string().trim_end_matches(&SAMPLE.to_string()).as_bytes().to_vec();
        let template = Self { head: joined(head), body: pieces(parts.body.to_vec(), sample.mark), drill };
        let is_same = |id: u64| {
            let request = asked(id);
            let (mut long, mut short) = (Vec::new(), Vec::new());
            write_parts(&connector.parts(&request, turn)?, &mut long);
            template.write(&request, &mut short, &mut Vec::new());
            Some(long == short)
        };
        PROOFS.into_iter().all(|id| is_same(id) == Some(true)).then_some(template)
    }

    /// Writes the request with this mark. `scratch` is for the body, whose length stands before it.
    pub(super) fn write(&self, request: &ClientRequest, into: &mut Vec<u8>, scratch: &mut Vec<u8>) {
        scratch.clear();
        self.put(&self.body, request.mark, 0, scratch);
        self.put(&self.head, request.mark, scratch.len(), into);
        into.extend_from_slice(scratch);
    }

    fn put(&self, pieces: &[RequestPiece], mark: Mark, length: usize, into: &mut Vec<u8>) {
        for piece in pieces {
            match piece {
                RequestPiece::Text(text) => into.extend_from_slice(text),
                RequestPiece::Mark => {
                    into.extend_from_slice(&self.drill);
                    write_number(mark.id, into);
                }
                RequestPiece::Canary => into.extend_from_slice(canary(mark).as_bytes()),
                RequestPiece::Session => {
                    into.extend_from_slice(b"lifeboat-");
                    write_number(mark.id % SESSIONS, into);
                }
                RequestPiece::Length => write_number(length as u64, into),
            }
        }
    }
}

/// The sample's text, divided where something of its own stands in it.
fn pieces(text: Vec<u8>, sample: Mark) -> Vec<RequestPiece> {
    let mut all = vec![RequestPiece::Text(text)];
    let session = format!("lifeboat-{}", sample.id % SESSIONS);
    for (own, piece) in [(sample.to_string(), RequestPiece::Mark), (canary(sample), RequestPiece::Canary), (session, RequestPiece::Session)]
    {
        all = all.into_iter().flat_map(|part| divided(part, own.as_bytes(), &piece)).collect();
    }
    joined(all)
}

fn divided(part: RequestPiece, own: &[u8], piece: &RequestPiece) -> Vec<RequestPiece> {
    let RequestPiece::Text(text) = part else { return vec![part] };
    let (mut found, mut rest) = (Vec::new(), text.as_slice());
    while let Some(at) = rest.windows(own.len()).position(|window| window == own) {
        found.extend([RequestPiece::Text(rest[..at].to_vec()), piece.clone()]);
        rest = &rest[at + own.len()..];
    }
    found.push(RequestPiece::Text(rest.to_vec()));
    found
}

/// Neighbouring texts as one, and none that is empty.
fn joined(pieces: Vec<RequestPiece>) -> Vec<RequestPiece> {
    let mut all: Vec<RequestPiece> = Vec::new();
    for piece in pieces {
        match (all.last_mut(), piece) {
            (_, RequestPiece::Text(text)) if text.is_empty() => {}
            (Some(RequestPiece::Text(before)), RequestPiece::Text(text)) => before.extend_from_slice(&text),
            (_, piece) => all.push(piece),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::target::{ClientSettings, Target};
    use super::*;
    use crate::model::{Dialect, Expect, Operation, PlainRequest};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn connector(dialect: Dialect, settings: ClientSettings) -> ServiceConnector {
        let base_url = "http://127.0.0.1:4000/v1".to_owned();
        ServiceConnector::new(Target { base_url, dialect, model: "m".into(), key: "sk-a".into(), replicas: Vec::new() }, settings).unwrap()
    }

    fn like(operation: Operation) -> ClientRequest {
        ClientRequest { operation, ..ClientRequest::chat(Mark { drill: 0x2a, id: 0 }, "m", true) }
    }

    fn settings(plain: Option<&str>) -> ClientSettings {
        let plain = plain.map(|body| PlainRequest { path: "/a?b=c".into(), send: Some(body.into()), ..PlainRequest::default() });
        let headers = vec![("X-Tenant".to_owned(), "anchor".to_owned()), ("user-agent".to_owned(), "lifeboat-7".to_owned())];
        ClientSettings {
            plain,
            headers,
            session: Some("x-session".into()),
            keys: vec!["a".into(), "b".into()],
            ..ClientSettings::default()
        }
    }

    proptest! {
        #[test]
        fn any_request_is_written_as_in_the_long_way(id in any::<u64>(), drill in any::<u32>(), turn in 0usize..2) {
            let asked = |operation| ClientRequest { mark: Mark { drill, id }, ..like(operation) };
            let plains = [Some(""), Some("ping"), None];
            let all = plains.map(|plain| (connector(Dialect::OpenAi, settings(plain)), asked(Operation::Chat)));
            let others = [Dialect::Anthropic, Dialect::Vertex].map(|dialect| (connector(dialect, settings(None)), asked(Operation::Chat)));
            for (connector, request) in all.into_iter().chain(others) {
                let template = RequestTemplate::of(&connector, &request, turn).expect("there is a template of every request");
                let (mut long, mut short) = (Vec::new(), Vec::new());
                write_parts(&connector.parts(&request, turn).unwrap(), &mut long);
                template.write(&request, &mut short, &mut Vec::new());
                prop_assert_eq!(String::from_utf8(long).unwrap(), String::from_utf8(short).unwrap());
            }
        }
    }

    #[test]
    fn what_holds_something_of_the_sample_by_chance_has_no_template() {
        let accident = format!("{} is a word of the sample", canary(Mark { drill: 0x2a, id: SAMPLE }));
        let connector = connector(Dialect::OpenAi, settings(Some(&accident)));
        assert!(RequestTemplate::of(&connector, &like(Operation::Chat), 0).is_none());
    }

    #[test]
    fn what_is_expected_is_asked_for() {
        let connector = connector(Dialect::OpenAi, settings(None));
        let expect = Arc::new(Expect { json: true, ..Expect::default() });
        let request = ClientRequest { expect, ..like(Operation::Chat) };
        assert!(RequestTemplate::of(&connector, &request, 0).is_some());
    }
}

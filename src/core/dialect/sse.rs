//! Server-sent events as clients of models read them (the HTML standard, section 9.2): what their lines say, for any division into chunks.
//!
//! Lines end with LF, CRLF or CR. A blank line ends an event; its `data:` lines are joined by LF, other fields and comments say nothing here
//! but for its name. Where clients and the standard differ, this follows the clients: the last line may lack its end, and a byte order mark
//! is not taken off, so that the line behind it is a field that nobody knows (openai's and anthropic's Python clients lose it as well).
//!
//! What this file does not do: say what the data means, or where a proxy may cut a stream ([`super::stream`] does).

use std::ops::Range;

/// A server-sent event that carries data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SseEvent {
    /// What its `event:` line names.
    pub(super) name: Option<Vec<u8>>,
    /// Its data, as JSON or a marker; the lines joined by LF.
    pub(super) data: Vec<u8>,
}

/// A reader of server-sent events, for any division of a stream into chunks.
#[derive(Debug, Default)]
pub(super) struct SseReader {
    /// The line underway.
    line: Vec<u8>,
    /// The last byte was a CR: an LF after it belongs to the same line end.
    after_cr: bool,
    name: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
}

impl SseReader {
    /// Takes more of the stream; the events that end in it.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<SseEvent> {
        let (mut found, mut rest) = (Vec::new(), bytes);
        if bytes.is_empty() {
            return found;
        }
        if std::mem::take(&mut self.after_cr) && rest.first() == Some(&b'\n') {
            rest = &rest[1..];
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            self.line.extend_from_slice(&rest[..end]);
            let line = std::mem::take(&mut self.line);
            found.extend(self.take_line(&line));
            let is_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            match rest.first() {
                Some(b'\n') if is_cr => rest = &rest[1..],
                None => self.after_cr = is_cr,
                _ => {}
            }
        }
        self.line.extend_from_slice(rest);
        found
    }

    /// The event that the stream ended within, as far as it came.
    pub(super) fn rest(&mut self) -> Option<SseEvent> {
        let line = std::mem::take(&mut self.line);
        let event = self.take_line(&line);
        event.or_else(|| self.dispatch())
    }

    fn take_line(&mut self, line: &[u8]) -> Option<SseEvent> {
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = field(line);
        match field {
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            },
            b"event" => self.name = Some(value.to_vec()),
            _ => {}
        }
        None
    }

    /// An event without data is none.
    fn dispatch(&mut self) -> Option<SseEvent> {
        let name = self.name.take();
        self.data.take().map(|data| SseEvent { name, data })
    }
}

/// A line's field and value, without the one blank that may stand between them; a comment's field is empty.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return (line, b"") };
    let value = &line[colon + 1..];
    (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
}

/// The position of a field in the bytes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SseField {
    /// Its value without the blanks around it.
    pub(super) value: Range<usize>,
    /// Its whole line with its end.
    pub(super) line: Range<usize>,
}

/// The fields of all fields of this name in one event.
pub(super) fn fields(event: &[u8], name: &[u8]) -> Vec<SseField> {
    let (mut found, mut from) = (Vec::new(), 0);
    while from < event.len() {
        let rest = &event[from..];
        let length = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let end = match &rest[length..] {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        };
        let (own, value) = field(&rest[..length]);
        if own == name {
            let start = from + length - value.trim_ascii_start().len();
            found.push(SseField { value: start..start + value.trim_ascii().len(), line: from..from + length + end });
        }
        from += length + end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(chunks: &[&[u8]]) -> Vec<(Option<String>, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut events = SseReader::default();
        let mut found: Vec<SseEvent> = chunks.iter().flat_map(|chunk| events.feed(chunk)).collect();
        found.extend(events.rest());
        found.into_iter().map(|event| (event.name.as_deref().map(text), text(&event.data))).collect()
    }

    /// The examples of the standard, and what clients make of the end.
    #[test]
    fn events_are_read_as_the_standard_has_them() {
        for (stream, wanted) in [
            ("data: YHOO\ndata: +2\ndata: 10\n\n", &[(None, "YHOO\n+2\n10")][..]),
            (
                ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
                &[(None, "first event"), (None, "second event"), (None, " third event")],
            ),
            ("data\n\ndata\ndata\n\n", &[(None, ""), (None, "\n")]),
            ("event: add\rdata: 1\r\revent: add\r\ndata: 2\r\n\r\n", &[(Some("add"), "1"), (Some("add"), "2")]),
            ("event: lonely\n\ndata: x\n\n", &[(None, "x")]),
            ("data: a\n\ndata: [DONE]", &[(None, "a"), (None, "[DONE]")]),
            ("data: a\r\r\ndata: b\n", &[(None, "a"), (None, "b")]),
            ("\u{feff}data: a\ndata: b\n\n", &[(None, "b")]),
        ] {
            let wanted: Vec<_> = wanted.iter().map(|(name, data)| (name.map(str::to_owned), (*data).to_owned())).collect();
            assert_eq!(read(&[stream.as_bytes()]), wanted, "{stream:?}");
        }
    }

    #[test]
    fn a_field_is_found_wherever_its_lines_end() {
        let event = b"event: x\r\ndata:  {\"a\":\rdata: 1} \nid: 4\n\n";
        let found: Vec<_> = fields(event, b"data").into_iter().map(|field| (&event[field.value], &event[field.line])).collect();
        assert_eq!(found, [(&b"{\"a\":"[..], &b"data:  {\"a\":\r"[..]), (b"1}", b"data: 1} \n")]);
        assert_eq!(fields(b"data:", b"data"), [SseField { value: 5..5, line: 0..5 }]);
    }

    proptest! {
        #[test]
        fn any_division_reads_the_same(text in "(data|event|:|a| |\r|\n|\r\n){0,40}", cuts in proptest::collection::vec(0usize..80, 0..6)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let edges: Vec<usize> = [0].into_iter().chain(cuts).chain([bytes.len()]).collect();
            let chunks: Vec<&[u8]> = edges.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read(&[bytes]), read(&chunks));
        }
    }
}

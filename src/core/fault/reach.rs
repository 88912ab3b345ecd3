//! Which requests a toxic may touch at all: its attribute `only`, and what of that a request must show.
//!
//! | attribute | may touch requests |
//! |---|---|
//! | `{"header": "x-lifeboat-drill: *"}` | with this header; `*` at the end of the value stands for any rest |
//! | `{"sessions": 0.05, "by": "x-session", "seed": "2a"}` | of this share of sessions, which the header `by` tells apart (`address`: where the connection comes from) |
//!
//! A session is drawn by its own name and the seed, so that it is taken always or never, on whatever proxy. A request that names no session
//! is of none.

use super::attributes::{AttributeReader, Attributes, bad};
use super::matching::has_header;
use super::toxic_error::ToxicError;
use super::{Matched, bites};
use crate::model::{Only, Sessions};
use crate::redact::{is_secret, is_secret_header};
use crate::units::{Ratio, Seed};
use serde_json::json;

pub(super) fn read(attributes: Attributes) -> Result<Only, ToxicError> {
    let mut fields = AttributeReader::of(attributes);
    let (header, share, by) = (fields.word("header")?, fields.number("sessions", 1.0)?, fields.word("by")?);
    let seed = fields.seed()?;
    fields.end("only")?;
    let no_secret = || bad("only", "a credential is no mark: name a header that says nothing else");
    match (header, share.and_then(Ratio::new), by) {
        (Some(header), None, None) if seed.is_none() => {
            let is_secret = is_secret_header(&header) || is_secret(&header);
            if is_secret { Err(no_secret()) } else { Ok(Only::Header(header)) }
        }
        (None, Some(share), Some(by)) if !by.trim().is_empty() => {
            if is_secret(&by) {
                Err(no_secret())
            } else {
                Ok(Only::Sessions(Sessions { share, by, seed }))
            }
        }
        _ => Err(bad(
            "only",
            "write `{\"header\": \"name: *\"}`, or `sessions`, a share from 0 to 1, with `by`, the header that tells them apart",
        )),
    }
}

pub(super) fn attributes(only: &Only) -> Attributes {
    let told = match only {
        Only::Header(header) => vec![("header", json!(header))],
        Only::Sessions(Sessions { share, by, seed }) => {
            let seed = seed.map(|seed| ("seed", json!(seed.to_string())));
            [("sessions", json!(share.get())), ("by", json!(by))].into_iter().chain(seed).collect()
        }
    };
    told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// True where a toxic of this reach may touch a request; `own` draws its sessions where nothing else does.
pub(super) fn holds(only: &Only, own: Seed, request: &dyn Matched) -> bool {
    match only {
        Only::Header(header) => has_header(header, request),
        Only::Sessions(sessions) => {
            let session = match sessions.header() {
                Some(name) => request.header(name).map(str::trim).filter(|session| !session.is_empty()),
                None => request.address(),
            };
            session.is_some_and(|session| bites(sessions.share.get(), sessions.seed.unwrap_or(own).derive(session), 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::is_inference;
    use crate::fault::Asking;
    use crate::model::{Dialect, Operation};
    use crate::units::Fingerprint;

    struct Of<'a>(Option<&'a str>, Option<&'a str>);

    impl Matched for Of<'_> {
        fn dialect(&self) -> Dialect {
            Dialect::Http
        }
        fn method(&self) -> &str {
            "GET"
        }
        fn path(&self) -> &str {
            "/"
        }
        fn header(&self, name: &str) -> Option<&str> {
            self.0.filter(|_| name.eq_ignore_ascii_case("x-session"))
        }
        fn address(&self) -> Option<&str> {
            self.1
        }
        fn key(&self) -> Option<Fingerprint> {
            None
        }
        fn ask(&self) -> Asking {
            Asking { operation: Operation::Chat, model: None, streamed: false }
        }
        fn body(&self) -> &[u8] {
            b""
        }
        fn is_inference(&self) -> bool {
            is_inference(Dialect::Http, "GET", "/")
        }
    }

    fn of(text: serde_json::Value) -> Result<Only, ToxicError> {
        read(serde_json::from_value(text).unwrap())
    }

    #[test]
    fn it_reads_back_and_nonsense_is_refused() {
        for text in [
            json!({"header": "x-lifeboat-drill: *"}),
            json!({"sessions": 0.05, "by": "x-session"}),
            json!({"sessions": 1.0, "by": "address", "seed": "000000000000002a"}),
        ] {
            assert_eq!(json!(attributes(&of(text.clone()).unwrap())), text);
        }
        for (text, word) in [
            (json!({}), "sessions"),
            (json!({"sessions": 0.05}), "`by`"),
            (json!({"sessions": 1.5, "by": "a"}), "from 0 to 1"),
            (json!({"header": "a: b", "sessions": 0.5, "by": "c"}), "`only`"),
            (json!({"header": "authorization: Bearer x"}), "no mark"),
            (json!({"sessions": 0.5, "by": "authorization"}), "no mark"),
            (json!({"share": 0.5}), "share"),
        ] {
            let told = of(text.clone()).unwrap_err().to_string();
            assert!(told.contains(word), "{text}: {told}");
        }
    }

    #[test]
    fn a_session_is_taken_always_or_never_and_as_many_as_were_asked_for() {
        let only = of(json!({"sessions": 0.05, "by": "x-session", "seed": "7"})).unwrap();
        let takes = |seed, name: &str| holds(&only, Seed(seed), &Of(Some(name), None));
        let names: Vec<String> = (0..2000).map(|number| format!("session-{number}")).collect();
        let taken: Vec<&String> = names.iter().filter(|name| takes(1, name)).collect();
        // Five standard deviations of a binomial with n = 2000 and p = 0.05 are 49.
        assert!(taken.len().abs_diff(100) < 49, "{}", taken.len());
        assert!(taken.iter().all(|name| takes(2, name)), "the toxic's own seed has no part where another was said");
        assert!(!holds(&only, Seed(1), &Of(None, None)) && !holds(&only, Seed(1), &Of(Some(" "), None)), "of no session");
        let by_address = of(json!({"sessions": 0.5, "by": "address"})).unwrap();
        let addresses = (0..400).map(|number| format!("10.0.{}.{}", number / 256, number % 256));
        let count = addresses.filter(|address| holds(&by_address, Seed(3), &Of(None, Some(address)))).count();
        // Five standard deviations of a binomial with n = 400 and p = 0.5 are 50.
        assert!(count.abs_diff(200) < 50, "{count}");
    }
}

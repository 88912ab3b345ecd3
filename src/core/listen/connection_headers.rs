//! Headers that belong to one connection and not to the message on it: a server that forwards the message takes them out.
//!
//! The list is that of RFC 9110, section 7.6.1: `connection` with what it names, and what must go although it is not named there.
//! `proxy-connection` and `keep-alive` are older than that rule and still sent. `proxy-authorization` (section 11.7.2) is meant for the first
//! proxy that is asked. `trailer` is none of them (section 6.6.2), although RFC 2616 said so: what it announces passes with the body.

use hyper::HeaderMap;
use hyper::header::{CONNECTION, HeaderName, HeaderValue, TE};

/// The headers that are removed whether `connection` names them or not.
const OF_CONNECTION: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "transfer-encoding", "upgrade"];
/// What `connection` must not name (section 7.6.1): without these the message would be another one.
const OF_MESSAGE: [&str; 4] = ["", "content-length", "host", "trailer"];

/// True for a header that belongs to one connection even where `connection` does not name it.
pub fn is_of_connection(name: &str) -> bool {
    OF_CONNECTION.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Removes the headers that belong to one connection. Of `te` it leaves `trailers`, which gRPC needs and which is true of every server that forwards
/// trailers.
pub fn strip_connection(headers: &mut HeaderMap) {
    let words = |name: HeaderName| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase()).collect::<Vec<_>>()
    };
    let takes_trailers = words(TE).iter().any(|word| word == "trailers");
    let named = words(CONNECTION);
    for name in named.iter().filter(|name| !OF_MESSAGE.contains(&name.as_str())) {
        headers.remove(name.as_str());
    }
    for name in OF_CONNECTION {
        headers.remove(name);
    }
    if takes_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_connection_goes_and_everything_else_stays() {
        let all = [
            ("connection", "close, X-Named, content-length, trailer"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic eA=="),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("te", "trailers, deflate"),
            ("x-named", "by connection"),
            ("x-other", "stays"),
            ("host", "h"),
            ("content-length", "2"),
            ("trailer", "x-checksum"),
            ("authorization", "Bearer k"),
            ("proxy-authenticate", "stays: whoever answers it must see it"),
        ];
        let mut headers: HeaderMap = all.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect();
        strip_connection(&mut headers);
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["authorization", "content-length", "host", "proxy-authenticate", "te", "trailer", "x-other"]);
        assert_eq!(headers["te"], "trailers");
        assert!(is_of_connection("keep-alive") && is_of_connection("TE") && !is_of_connection("trailer") && !is_of_connection("x-named"));
    }
}

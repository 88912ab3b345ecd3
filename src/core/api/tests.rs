//! The records against what is on the wire: the lines and bodies that servers of this format and plain Toxiproxies write.

use super::*;
use crate::units::Fingerprint;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What is read is written again to the byte.
fn stays<T: Serialize + DeserializeOwned>(text: &str) -> T {
    let record: T = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&record).unwrap(), text);
    record
}

#[test]
fn events_are_read_as_they_are_written() {
    for line in [
        r#"{"hello":{"boot_id":"b","now":7}}"#,
        r#"{"exchange":{"proxy":"p","drill":1,"id":2,"at":3,"took":4,"status":200,"cut":false,"touched":true,"stream":true,"posts":true}}"#,
        r#"{"exchange":{"proxy":"p","at":3,"took":4,"status":0,"cut":true,"touched":false,"stream":false,"posts":false,"request":"GET /v1"}}"#,
        r#"{"connection":{"proxy":"p","at":3,"took":4,"up":5,"down":6,"cut":false,"touched":false}}"#,
        r#"{"fault":{"proxy":"p","toxic":"t","change":"applied","lo":1,"hi":2,"touched":0}}"#,
        r#"{"fault":{"proxy":"p","toxic":"t","change":"expired","lo":1,"hi":2,"touched":9}}"#,
        r#"{"gap":{"missed":3}}"#,
        r#"{"full":{"waited":4}}"#,
    ] {
        stays::<ProxyEvent>(line);
    }
    let borrowed =
        ProxyEvent::Connection(ConnectionRecord { proxy: "p", at: ServerTime(3), took: 4, up: 5, down: 6, cut: false, touched: false });
    assert_eq!(
        serde_json::to_string(&borrowed).unwrap(),
        r#"{"connection":{"proxy":"p","at":3,"took":4,"up":5,"down":6,"cut":false,"touched":false}}"#
    );
    let keyed = json!({"exchange": {"proxy": "p", "at": 3, "took": 4, "status": 200, "cut": false, "touched": false, "stream": false,
                                    "key": Fingerprint(7)}});
    let ProxyEvent::<String>::Exchange(older) = serde_json::from_value(keyed).unwrap() else { panic!("an exchange") };
    assert_eq!((older.posts, older.key, older.request), (true, Some(Fingerprint(7)), None), "of an older proxy");
}

#[test]
fn proxies_and_toxics_are_read_as_they_are_written_by_us_and_by_a_plain_toxiproxy() {
    let ours = concat!(
        r#"{"name":"p","listen":"127.0.0.1:1","upstream":"http://h:1","enabled":true,"dialect":"openai","tls":false,"hosts":["h"],"#,
        r#""toxics":[{"name":"t","type":"latency","stream":"downstream","toxicity":1.0,"attributes":{"jitter":0,"latency":5},"ttl_ms":9,"#,
        r#""applied":{"lo":1,"hi":2},"touched":3}]}"#
    );
    let record: ProxyRecord = stays(ours);
    assert_eq!((record.tls, record.toxics[0].touched), (Some(false), Some(3)));
    let plain = r#"{"name":"p","listen":"127.0.0.1:1","upstream":"h:1","enabled":false,"Logger":{},"toxics":null}"#;
    let record: ProxyRecord = serde_json::from_str(plain).unwrap();
    assert_eq!((record.enabled, record.dialect, record.toxics.len()), (false, None, 0));
    let version: VersionRecord = serde_json::from_str(r#"{"version": "2.12.0"}"#).unwrap();
    assert_eq!(version, VersionRecord { version: "2.12.0".to_owned(), ..VersionRecord::default() });
    stays::<VersionRecord>(r#"{"boot_id":"b","forward":"127.0.0.1:2","lifeboat":"0.1.0","now":7,"version":"2.12.0"}"#);
    let change = ProxyRequest { enabled: Some(false), ..ProxyRequest::default() };
    assert_eq!(serde_json::to_value(change).unwrap(), json!({"enabled": false}), "what stays is not said");
}

#[test]
fn an_error_has_its_hint_beside_the_words_that_clients_of_toxiproxy_know() {
    let error = ApiError::forbidden("not here").with_hint("go there");
    assert_eq!(serde_json::to_string(&error).unwrap(), r#"{"error":"not here","status":403,"hint":"go there"}"#);
    let expired: ApiError = stays(r#"{"error":"toxic not found","status":404,"expired":{"applied":{"lo":1,"hi":2},"touched":3}}"#);
    assert_eq!(expired.expired.unwrap().touched, 3);
    let theirs: ApiError =
        serde_json::from_value::<Value>(json!({"error": "proxy not found", "status": 404})).and_then(serde_json::from_value).unwrap();
    assert_eq!(theirs.hint, None);
}

//! `GET /metrics`: what passed and what was touched, in Prometheus' text format. The names of bytes are Shopify's.

use super::counters::Counter;
use super::proxy_view::ProxyView;
use super::seat::waited;
use crate::fault::Stream;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The counters of all proxies.
pub(super) fn text(proxies: &BTreeMap<String, ProxyView>) -> String {
    let mut text = String::new();
    bytes(&mut text, proxies, "toxiproxy_proxy_received_bytes_total", "Bytes that came from the sender of a direction.", Counter::received);
    bytes(&mut text, proxies, "toxiproxy_proxy_sent_bytes_total", "Bytes that went on to the receiver of a direction.", Counter::sent);
    let name = "lifeboat_connections_waited_total";
    text += &format!(
        "# HELP {name} Connections that waited because no more files may be open.\n# TYPE {name} counter\n{name} {}\n",
        *waited().borrow()
    );
    let name = "lifeboat_toxic_touched_total";
    let touched: Vec<_> = proxies.values().flat_map(|proxy| proxy.record.toxics.iter().map(move |toxic| (&proxy.record, toxic))).collect();
    if touched.iter().any(|(_, toxic)| toxic.touched.is_some()) {
        text += &format!("# HELP {name} Requests that a toxic touched; connections where only bytes are seen.\n# TYPE {name} counter\n");
        for (proxy, toxic) in touched {
            let labels = [("proxy", proxy.name.as_str()), ("stream", &toxic.stream), ("toxic", &toxic.name), ("type", &toxic.kind)];
            line(&mut text, name, &labels, toxic.touched.unwrap_or_default());
        }
    }
    text
}

fn bytes(text: &mut String, proxies: &BTreeMap<String, ProxyView>, name: &str, help: &str, counter: fn(Stream) -> Counter) {
    *text += &format!("# HELP {name} {help}\n# TYPE {name} counter\n");
    for proxy in proxies.values() {
        for stream in [Stream::Downstream, Stream::Upstream] {
            let labels = [
                ("direction", stream.word()),
                ("listener", &proxy.record.listen),
                ("proxy", &proxy.record.name),
                ("upstream", &proxy.record.upstream),
            ];
            line(text, name, &labels, proxy.counters.get(counter(stream)));
        }
    }
}

fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: u64) {
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    // Writing to a string does not fail.
    let _ = writeln!(text, "{name}{{{}}} {value}", labels.join(","));
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

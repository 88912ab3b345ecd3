//! When a drill is stopped for safety: one guard, or a list of them.
//!
//! ```yaml
//! abort_when:
//!   - {success_below: 60%, for: 20s, clears_at: 70%}
//!   - {latency: {p95: 8s}, for: 30s}
//!   - {spend_above: 3 USD}
//!   - {service: checkout, success_below: 90%, every: 2s, for: 20s}
//!   - {url: "https://status.example/stop", says: stop, every: 5s, for: 10s}
//!   - {query: {promql: "sum(rate(orders_failed[1m])) > 2"}, every: 5s, for: 15s}
//! ```
//!
//! What this file does not do: look at names of others (`guarded`).

use super::fields::MapFields;
use super::inquiry::pattern;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use super::vocabulary::listed;
use super::wire;
use crate::model::{
    Criticality, DeclaredObjectives, GUARDS_MAX, Guard, GuardWatch, HttpCall, Inquiry, InquiryGoal, InquirySource, NamedWorkload,
    Objectives, OutsideGuard, PercentileLimit, RequestKind, Service, ServiceGuard, SuccessLimit, Unreachable, Workload,
};
use crate::units::{Duration, Money, Rate, Ratio};

/// What a guard may watch.
const WATCHED: [&str; 5] = ["success_below", "latency", "spend_above", "url", "query"];
/// What may stand beside each of them, and `service` beside a share.
const BESIDES: [(&str, &[&str]); 6] = [
    ("success_below", &["for", "clears_at", "over"]),
    ("service", &["success_below", "for", "clears_at", "over", "every", "timeout", "request", "path"]),
    ("latency", &["for", "clears_at", "over"]),
    ("spend_above", &[]),
    ("url", &["for", "every", "timeout", "says", "matches", "status", "headers", "clears_after", "unreachable"]),
    ("query", &["for", "every", "timeout", "clears_after", "unreachable"]),
];
/// Every key that may stand beside one of them.
const ALL: [&str; 14] = [
    "for",
    "clears_at",
    "clears_after",
    "over",
    "every",
    "timeout",
    "service",
    "request",
    "path",
    "says",
    "matches",
    "status",
    "headers",
    "unreachable",
];

/// Reads `abort_when:`, a map or a list of maps.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<Guard>> {
    let NodeKind::List(items) = &node.kind else { return Some(guard(reader, node).into_iter().collect()) };
    if items.len() > GUARDS_MAX {
        reader.error(
            node.spot,
            format!("{} guards are more than the {GUARDS_MAX} that a drill can have", items.len()),
            "keep those that matter",
        );
        return None;
    }
    let guards = reader.list(node, &guard)?;
    let is_spend = |guard: &&Guard| matches!(guard.watches, GuardWatch::Spend(_));
    if guards.iter().filter(is_spend).count() > 1 {
        reader.error(node.spot, "two guards say what may be spent", "keep the lower `spend_above`");
    }
    Some(guards)
}

fn guard(reader: &TreeReader<'_>, node: &Node) -> Option<Guard> {
    let fields = reader.fields(node, "a guard")?;
    fields.looks_like("{success_below: 50%, for: 20s}");
    let watched = fields.exactly_one(&WATCHED);
    let is_service = fields.raw("service").is_some();
    strays(&fields, if is_service && watched == Some("success_below") { Some("service") } else { watched });
    // A single answer may be enough where somebody says it in words; of a share one while must be looked at.
    let needs_length = matches!(watched, Some("success_below" | "latency"));
    let time = |reader: &TreeReader<'_>, node: &Node| reader.time(node);
    let length = if needs_length { fields.required("for", &time) } else { fields.optional("for", &time).or(Some(Duration::ZERO)) };
    let watches = match watched {
        Some("success_below") => {
            let limit = share(&fields);
            if is_service { limit.and_then(|limit| service(&fields, limit)) } else { limit.map(GuardWatch::Success) }
        }
        Some("latency") => fields.optional("latency", &percentile).and_then(|told| latency(&fields, told)).map(GuardWatch::Latency),
        Some("spend_above") => fields.optional("spend_above", &|reader, node| reader.quantity::<Money>(node)).map(GuardWatch::Spend),
        Some("url") => url(&fields),
        Some(_) => query(&fields),
        None => None,
    };
    fields.finish();
    let guard = Guard { watches: watches?, length: length? };
    windows(reader, node, &guard);
    Some(guard)
}

/// Keys that do not go with what is watched. Every key is asked for here, so that none of them is taken for another.
fn strays(fields: &MapFields<'_>, watched: Option<&'static str>) {
    let all: Vec<_> = ALL.iter().filter_map(|key| Some((*key, fields.raw(key)?))).collect();
    let Some(watched) = watched else { return };
    let may = BESIDES.iter().find(|(name, _)| *name == watched).map_or(&[][..], |(_, may)| *may);
    for (key, (at, _)) in all.into_iter().filter(|(key, _)| *key != watched && !may.contains(key)) {
        let hint = match (key, watched) {
            ("clears_at", "url" | "query") => "write `clears_after: 30s`: so long without stop, and it is over".to_owned(),
            ("clears_after", _) => "write `clears_at:` with the value from which it is well again".to_owned(),
            ("service", _) => "write `service: NAME, success_below: 90%, every: 2s, for: 20s` as a guard of its own".to_owned(),
            _ if may.is_empty() => "take it away".to_owned(),
            _ => format!("beside `{watched}` may stand {}", listed(may.iter().copied())),
        };
        fields.reader.error(at.spot, format!("`{key}` does not go with `{watched}`"), hint);
    }
}

/// A window that is longer than what is looked for.
fn windows(reader: &TreeReader<'_>, node: &Node, guard: &Guard) {
    let over = match &guard.watches {
        GuardWatch::Success(limit) => limit.over,
        GuardWatch::Latency(limit) => limit.over,
        GuardWatch::Service(service) => service.limit.over,
        GuardWatch::Spend(_) | GuardWatch::Outside(_) => None,
    };
    let spot = |key: &'static str| node.at(&[key]).map_or(node.spot, |node| node.spot);
    if let Some(over) = over.filter(|over| *over > guard.window()) {
        let most = guard.window();
        reader.error(
            spot("over"),
            format!("{over} is longer than can be looked at, {most} at the most"),
            format!("write `over: {}`", most.typed()),
        );
    }
    if let Some(service) = guard.service().filter(|service| service.every > guard.window()) {
        let (every, window) = (service.every, guard.window());
        let hint = format!("write `every: {}` or less, or a longer `for:`", window.typed());
        reader.error(spot("every"), format!("a probe every {every} says nothing of a while of {window}"), hint);
    }
}

/// `success_below` with what may stand beside it.
fn share(fields: &MapFields<'_>) -> Option<SuccessLimit> {
    let ratio = |reader: &TreeReader<'_>, node: &Node| reader.quantity::<Ratio>(node);
    let below = fields.optional("success_below", &ratio);
    let clears_at = fields.optional("clears_at", &ratio);
    if let (Some(below), Some(clears), Some((_, node))) = (below, clears_at, fields.raw("clears_at"))
        && clears <= below
    {
        let message = format!("{clears} is not more than {below}, below which the guard counts");
        fields.reader.error(node.spot, message, "write a higher share, or take `clears_at` away");
    }
    let over = fields.optional("over", &|reader, node| reader.time(node));
    below.map(|below| SuccessLimit { below, clears_at, over })
}

/// `{p95: 8s}`.
fn percentile(reader: &TreeReader<'_>, node: &Node) -> Option<(Ratio, Duration)> {
    let hint = "write for example `latency: {p95: 8s}`";
    let NodeKind::Map(entries) = &node.kind else {
        reader.error(node.spot, "this does not say which percentile", hint);
        return None;
    };
    let [(key, value)] = &entries[..] else {
        reader.error(node.spot, format!("a guard looks at one percentile, and here are {}", entries.len()), "write a guard for each");
        return None;
    };
    let share = key.text.strip_prefix('p').and_then(|number| format!("{number}%").parse::<Ratio>().ok());
    let share = share.filter(|share| share.get() > 0.0 && share.get() < 1.0);
    if share.is_none() {
        reader.error(key.spot, format!("`{}` is not a percentile", key.text), hint);
    }
    let above = reader.given(key, value).and_then(|node| reader.time(node));
    share.zip(above)
}

fn latency(fields: &MapFields<'_>, (share, above): (Ratio, Duration)) -> Option<PercentileLimit> {
    let clears_at = fields.optional("clears_at", &|reader, node| reader.time(node));
    if let (Some(clears), Some((_, node))) = (clears_at, fields.raw("clears_at"))
        && clears >= above
    {
        let message = format!("{clears} is not less than {above}, above which the guard counts");
        fields.reader.error(node.spot, message, "write a shorter time, or take `clears_at` away");
    }
    let over = fields.optional("over", &|reader, node| reader.time(node));
    Some(PercentileLimit { share, above, clears_at, over })
}

/// Another service; the inventory says later what it is.
fn service(fields: &MapFields<'_>, limit: SuccessLimit) -> Option<GuardWatch> {
    let name = fields.optional("service", &|reader, node| reader.name(node));
    let time = |name| fields.optional(name, &|reader, node| reader.time(node));
    let every = time("every").unwrap_or(Duration::from_secs(2));
    let timeout = time("timeout").unwrap_or(Duration::from_secs(10));
    let request = fields.optional("request", &|reader, node| reader.word(node, RequestKind::WORDS, RequestKind::from_word));
    let request = request.unwrap_or_else(|| if fields.has_none(&["path"]) { RequestKind::Chat } else { RequestKind::Http });
    if let Some((key, _)) = fields.raw("path").filter(|_| request != RequestKind::Http) {
        fields.reader.error(key.spot, format!("`path` is of plain requests, and this guard asks for `{request}`"), "write `request: http`");
    }
    let rate = Rate::per_second(1.0 / every.as_secs_f64().max(0.001))?;
    let workload = Workload { request, errand: wire::errand(fields, request), ..Workload::steady(rate) };
    let service = Service {
        owner: None,
        criticality: Criticality::Recoverable,
        providers: Vec::new(),
        sharing: 1,
        objectives: DeclaredObjectives::default(),
        runbook: None,
        business: None,
        parity: Vec::new(),
    };
    let name = name?;
    let probe = NamedWorkload {
        name: name.clone(),
        service_name: name,
        service,
        objectives: Objectives::default(),
        residency: Vec::new(),
        judged: false,
        workload,
    };
    Some(GuardWatch::Service(Box::new(ServiceGuard { probe, every, timeout, limit })))
}

/// What both kinds of questions may say.
fn outside(fields: &MapFields<'_>, of: InquirySource, expects: InquiryGoal) -> OutsideGuard {
    let time = |name| fields.optional(name, &|reader, node| reader.time(node));
    let every = time("every").unwrap_or(Duration::from_secs(5));
    let timeout = time("timeout").unwrap_or(Duration::from_secs(5));
    let clears_after = time("clears_after").unwrap_or(Duration::ZERO);
    let unreachable = fields.optional("unreachable", &|reader, node| reader.word(node, Unreachable::WORDS, Unreachable::from_word));
    let asked = Inquiry { of, json: None, expects, in_a_row: 1, every, timeout };
    OutsideGuard { asked, clears_after, unreachable: unreachable.unwrap_or(Unreachable::Go) }
}

fn url(fields: &MapFields<'_>) -> Option<GuardWatch> {
    let url = fields.optional("url", &|reader, node| reader.url(node));
    let says = fields.optional("says", &|reader, node| reader.words(node));
    let matches = fields.optional("matches", &pattern);
    let status = fields.optional("status", &|reader, node| reader.number(node, 100, 599)).and_then(|status| u16::try_from(status).ok());
    let headers = fields.optional("headers", &wire::headers).unwrap_or_default();
    if let (true, Some((key, _))) = (says.is_some(), fields.raw("matches")) {
        fields.reader.error(key.spot, "`says` and `matches` are two ways to say stop, and there may be one", "take one of them away");
    }
    if fields.has_none(&["says", "matches", "status"]) {
        let hint = "add `says: TEXT`, `matches: REGEX` or `status: 503`";
        fields.reader.error(fields.spot, "a guard with `url` does not say how that says stop", hint);
    }
    let expects = match (says, matches) {
        (Some(text), _) => InquiryGoal::Contains(text),
        (None, Some(pattern)) => InquiryGoal::Matches(pattern),
        (None, None) => InquiryGoal::Good,
    };
    let call = HttpCall { method: "GET".into(), url: url?, headers, body: None, expect_status: status, expect_text: None };
    Some(GuardWatch::Outside(Box::new(outside(fields, InquirySource::Http(call), expects))))
}

fn query(fields: &MapFields<'_>) -> Option<GuardWatch> {
    let of = fields.optional("query", &|reader, node| {
        let fields = reader.fields(node, "a query of a guard")?;
        let query = fields.required("promql", &|reader, node| reader.words(node));
        let prometheus = fields.optional("prometheus", &|reader, node| reader.url(node));
        fields.finish();
        let query = query?;
        // What compares with `bool` returns a 0 too, and returning anything is what says stop.
        if query.split_whitespace().any(|word| word == "bool" || word.starts_with("bool(")) {
            let hint = "take `bool` away: a comparison without it returns nothing while it does not hold";
            reader.error(node.spot, "with `bool` this query always returns something, and that says stop", hint);
        }
        Some(InquirySource::Promql { query, prometheus })
    });
    Some(GuardWatch::Outside(Box::new(outside(fields, of?, InquiryGoal::Something))))
}

//! What a runbook waits for: `{fails: 3 in a row}`, `{success: 99% over 5s}`, `{served_by: standby over 2s}`, `{alert: NAME}`, or somebody's
//! answer (`inquiry`); and beside what only a drill's traffic can show, what counts `outside` one.

use super::inquiry::{self, SOURCES};
use super::reader::TreeReader;
use super::tree::Node;
use super::wire;
use crate::model::{Condition, Goal, HttpProbe, ProviderSelector};
use crate::units::{Duration, Money, ParseError, Ratio};

/// What may be seen of the traffic, or of a probe, or come by itself; then who may be asked.
const GOALS: [&str; 14] = [
    "fails",
    "succeeds",
    "success",
    "served_by",
    "latency",
    "spend",
    "alert",
    "resolved",
    "run",
    "http",
    "promql",
    "dns",
    "tcp",
    "kubernetes",
];
/// Those of them that are only of the traffic.
const OF_TRAFFIC: [&str; 6] = ["success", "served_by", "latency", "spend", "alert", "resolved"];

/// Reads one condition.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Condition> {
    let fields = reader.fields(node, "a condition")?;
    let request = fields.optional("request", &probe);
    let asks = SOURCES.iter().any(|source| fields.raw(source).is_some());
    if !asks {
        inquiry::none_of_it(&fields);
    }
    let goal = match if asks { fields.exactly_one(&SOURCES) } else { fields.exactly_one(&GOALS) } {
        Some(word) if asks => {
            for key in OF_TRAFFIC.into_iter().chain(["request"]) {
                if let Some((key, _)) = fields.raw(key) {
                    let message = format!("`{}` is of the traffic, and `{word}` asks somebody", key.text);
                    reader.error(key.spot, message, format!("take `{}` or `{word}` away, or write two steps", key.text));
                }
            }
            inquiry::read(&fields, word).map(|inquiry| Goal::Asked(Box::new(inquiry)))
        }
        Some("fails") => fields.optional("fails", &in_a_row).map(Goal::Fails),
        Some("succeeds") => fields.optional("succeeds", &in_a_row).map(Goal::Succeeds),
        Some("success") => fields.optional("success", &success),
        Some("served_by") => fields.optional("served_by", &served_by),
        Some("latency") => fields.optional("latency", &latency),
        Some("spend") => fields.optional("spend", &|reader, node| reader.quantity::<Money>(node)).map(Goal::Spend),
        Some("alert") => fields.optional("alert", &|reader, node| reader.words(node)).map(Goal::Alert),
        Some(_) => fields.optional("resolved", &|reader, node| reader.words(node)).map(Goal::Resolved),
        None => None,
    };
    let asked_for = fields.raw("request").zip(goal.as_ref()).filter(|_| !asks);
    if let Some(((key, _), goal)) = asked_for {
        if goal.alert().is_some() {
            reader.error(key.spot, "an alert arrives by itself, and no request asks for it", "take `request` away");
        } else if matches!(goal, Goal::Spend(_)) {
            reader.error(key.spot, "a spend is that of the drill's traffic, not of a probe", "take `request` away");
        } else if matches!(goal, Goal::Latency { .. }) {
            let hint = "take `request` away; a probe's own `timeout` bounds its latency";
            reader.error(key.spot, "a latency is that of the drill's traffic, not of a probe", hint);
        }
    }
    let outside = fields.optional("outside", &outside).map(Box::new);
    let asks = request.is_some() || matches!(goal, Some(Goal::Asked(_)));
    if let Some((key, _)) = fields.raw("outside").filter(|_| asks) {
        reader.error(key.spot, "this is asked outside a drill as well", "take `outside` away");
    }
    fields.finish();
    Some(Condition { request, goal: goal?, outside })
}

/// What counts where there is no drill's traffic.
pub(super) fn outside(reader: &TreeReader<'_>, node: &Node) -> Option<Condition> {
    let condition = read(reader, node)?;
    if condition.looks_at_traffic() || condition.outside.is_some() {
        let hint = "name what counts without it: `outside: {request: {to: \"https://gateway.example/health\"}, succeeds: 3 in a row}`";
        reader.error(node.spot, "this looks at a drill's traffic, and outside a drill there is none", hint);
    }
    Some(condition)
}

fn probe(reader: &TreeReader<'_>, node: &Node) -> Option<HttpProbe> {
    let fields = reader.fields(node, "a request")?;
    let to = fields.required("to", &|reader, node| reader.url(node));
    let every = fields.optional("every", &|reader, node| reader.time(node)).unwrap_or(Duration::from_secs(1));
    let timeout = fields.optional("timeout", &|reader, node| reader.time(node)).unwrap_or(Duration::from_secs(2));
    let headers = fields.optional("headers", &wire::headers).unwrap_or_default();
    fields.finish();
    Some(HttpProbe { to: to?, every, timeout, headers })
}

/// `3 in a row`.
pub(super) fn in_a_row(reader: &TreeReader<'_>, node: &Node) -> Option<u32> {
    let text = reader.text(node)?;
    let count = text.split_once(' ').filter(|(_, rest)| rest.split_whitespace().eq(["in", "a", "row"]));
    let count = count.and_then(|(count, _)| count.parse::<u32>().ok()).filter(|count| *count > 0);
    if count.is_none() {
        reader.error(node.spot, format!("`{text}` does not say how many in a row"), "write a count such as `3 in a row`");
    }
    count
}

/// `99% over 5s`.
fn success(reader: &TreeReader<'_>, node: &Node) -> Option<Goal> {
    let read = |text: &str| text.parse::<Ratio>().map_err(|error| error.problem);
    let (ratio, over) = over(reader, node, "99% over 5s", read, |text| Ratio::meant(text).map(|ratio| ratio.to_string()))?;
    Some(Goal::Success { ratio, over })
}

/// `p95 below 2s over 10s`.
fn latency(reader: &TreeReader<'_>, node: &Node) -> Option<Goal> {
    /// The quantile and the bound, as they are read or as they were meant.
    fn parts(text: &str, duration: impl Fn(&str) -> Option<Duration>) -> Option<(Ratio, Duration)> {
        let (share, below) = text.split_once(" below ")?;
        let share = format!("{}%", share.trim().strip_prefix('p')?).parse::<Ratio>().ok()?;
        Some((share, duration(below.trim())?)).filter(|(share, below)| share.get() > 0.0 && *below > Duration::ZERO)
    }
    let read = |text: &str| parts(text, |below| below.parse().ok()).ok_or_else(|| format!("`{text}` is not a latency"));
    let meant = |text: &str| {
        let (share, below) = parts(text, Duration::meant)?;
        Some(format!("p{} below {}", share.to_string().trim_end_matches('%'), below.typed()))
    };
    let ((share, below), over) = over(reader, node, "p95 below 2s over 10s", read, meant)?;
    Some(Goal::Latency { share, below, over })
}

/// `standby over 2s`.
fn served_by(reader: &TreeReader<'_>, node: &Node) -> Option<Goal> {
    let meant = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty() && !text.contains(char::is_whitespace));
    let (who, over) = over(reader, node, "standby over 2s", |text| Ok(text.to_owned()), meant)?;
    Some(Goal::ServedBy { who: who_of(reader, &who, node)?, over })
}

/// `primary`, `standby` or a provider's name.
pub(super) fn who(reader: &TreeReader<'_>, node: &Node) -> Option<ProviderSelector> {
    who_of(reader, &reader.text(node)?, node)
}

fn who_of(reader: &TreeReader<'_>, text: &str, node: &Node) -> Option<ProviderSelector> {
    Some(match text {
        "primary" => ProviderSelector::Primary,
        "standby" => ProviderSelector::Standby,
        name => ProviderSelector::Provider(reader.is_name(name, node.spot).then(|| name.to_owned())?),
    })
}

/// `WHAT over DURATION`. `read` takes the first part or says what is wrong with it, and `meant` writes it as it was probably meant: the hint is
/// the whole condition, for the whole is underlined.
fn over<T>(
    reader: &TreeReader<'_>,
    node: &Node,
    example: &str,
    read: impl Fn(&str) -> Result<T, String>,
    meant: impl Fn(&str) -> Option<String>,
) -> Option<(T, Duration)> {
    let text = reader.text(node)?;
    let (what, length) = text.split_once(" over ").map_or((text.trim(), None), |(what, length)| (what.trim(), Some(length.trim())));
    let problem = match (read(what), length.map(str::parse::<Duration>)) {
        (Ok(what), Some(Ok(length))) if length > Duration::ZERO => return Some((what, length)),
        (_, None) => format!("`{text}` does not say over how long"),
        (Err(problem), _) | (_, Some(Err(ParseError { problem, .. }))) => problem,
        (_, Some(Ok(_))) => format!("`{text}` looks at no time at all"),
    };
    let usual = example.rsplit_once(" over ").map_or("5s", |(_, length)| length);
    let length = length.and_then(Duration::meant).filter(|length| *length > Duration::ZERO);
    let length = length.map_or_else(|| usual.to_owned(), Duration::typed);
    let hint = meant(what).map_or_else(|| format!("write `{example}`"), |what| format!("write `{what} over {length}`"));
    reader.error(node.spot, problem, hint);
    None
}

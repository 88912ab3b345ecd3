//! Traffic: one workload, or several with a name each.

use super::fields::MapFields;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use super::{asked, load_steps, objective, wire};
use crate::model::{Arrivals, Bursts, DeclaredObjectives, Engine, Expect, Ramp, RampPoint, RequestKind, Tokens, WORKLOADS_MAX, Workload};
use crate::units::{Duration, Rate};

/// A workload as it was read from a scenario, with what the model does not keep.
#[derive(Debug, Clone)]
pub(super) struct RawWorkload {
    /// Empty where the traffic is one workload without a name.
    pub(super) name: String,
    /// Where it stands in the scenario.
    pub(super) path: Vec<String>,
    /// The service that it asks, where that is said.
    pub(super) service: Option<String>,
    /// Its own objectives.
    pub(super) objectives: DeclaredObjectives,
    /// False for pure load.
    pub(super) judged: bool,
    /// With placeholders where the document has errors.
    pub(super) workload: Workload,
    /// The recording that it plays, which is not yet in `workload`.
    pub(super) played: Option<Played>,
    /// False where `max_in_flight` is to be derived from rate and deadline.
    pub(super) bound_given: bool,
}

/// A recording that is to be played.
#[derive(Debug, Clone)]
pub(super) struct Played {
    /// As written: a path from the project's root.
    pub(super) file: String,
    pub(super) speed: f64,
    pub(super) repeat: bool,
}

impl RawWorkload {
    /// Stands for traffic that could not be read.
    pub(super) fn placeholder() -> Option<Self> {
        let path = vec!["traffic".into()];
        let workload = Workload::steady(Rate::per_second(1.0)?);
        let (name, objectives) = (String::new(), DeclaredObjectives::default());
        Some(Self { name, path, service: None, objectives, judged: true, workload, played: None, bound_given: false })
    }

    /// Where it says how fast requests come.
    pub(super) fn pace(&self) -> Vec<&str> {
        self.at(&[if self.played.is_some() { "trace" } else { "rate" }])
    }

    /// The path of one of its values.
    pub(super) fn at<'a>(&'a self, keys: &[&'a str]) -> Vec<&'a str> {
        self.path.iter().map(String::as_str).chain(keys.iter().copied()).collect()
    }
}

/// Reads `traffic:`, a map or a list of maps. Never empty where it is there.
pub(super) fn traffic(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<RawWorkload>> {
    let NodeKind::List(items) = &node.kind else {
        let fields = reader.fields(node, "the traffic")?;
        let told = workload(&fields)?;
        fields.finish();
        return Some(vec![told]);
    };
    if items.len() > WORKLOADS_MAX {
        let message = format!("{} workloads are more than the {WORKLOADS_MAX} that a drill can have", items.len());
        reader.error(node.spot, message, "let one workload stand for several that are alike");
        return None;
    }
    let read = reader.list(node, &|reader, node| Some(named(reader, node)))?;
    let mut told: Vec<RawWorkload> = Vec::new();
    for (index, (read, node)) in read.into_iter().zip(items).enumerate() {
        let Some(mut read) = read else { continue };
        read.path.push(index.to_string());
        let spot = |key: &str| node.at(&[key]).map_or(node.spot, |node| node.spot);
        if !read.name.is_empty() && told.iter().any(|other| other.name == read.name) {
            reader.error(spot("workload"), format!("another workload is called `{}` already", read.name), "give each a name of its own");
        }
        if index == 0 && !read.judged {
            let hint = "put a workload first that is judged: its verdict leads";
            reader.error(spot("judged"), "the first workload is the instrument, and this one is not judged", hint);
        }
        told.push(read);
    }
    (!told.is_empty()).then_some(told)
}

fn named(reader: &TreeReader<'_>, node: &Node) -> Option<RawWorkload> {
    let fields = reader.fields(node, "a workload")?;
    let name = fields.required("workload", &|reader, node| reader.name(node)).unwrap_or_default();
    let service = fields.optional("service", &|reader, node| reader.name(node));
    let objectives = fields.optional("objectives", &objective::read).unwrap_or_default();
    let judged = fields.optional("judged", &|reader, node| reader.truth(node)).unwrap_or(true);
    let told = workload(&fields)?;
    fields.finish();
    Some(RawWorkload { name, service, objectives, judged, ..told })
}

/// What every workload may say.
fn workload(fields: &MapFields<'_>) -> Option<RawWorkload> {
    let mut told = RawWorkload::placeholder()?;
    pace(fields, &mut told);
    let arrivals = fields.optional("arrivals", &|reader, node| reader.word(node, Arrivals::WORDS, Arrivals::from_word));
    if let (Some(Arrivals::Trace), Some((_, node))) = (arrivals, fields.raw("arrivals")) {
        fields.reader.error(node.spot, "this does not say which trace", "write `trace: traces/conversations.csv` instead");
    }
    let request = fields.optional("request", &|reader, node| reader.word(node, RequestKind::WORDS, RequestKind::from_word));
    let request = request.unwrap_or(RequestKind::Chat);
    // A plain request's expectations are read with its errand.
    let expect = if request.is_plain() { Expect::default() } else { fields.optional("expect", &asked::expect).unwrap_or_default() };
    let max_in_flight = fields.optional("max_in_flight", &|reader, node| reader.count(node, 1));
    let engine = fields.optional("engine", &|reader, node| reader.word(node, Engine::WORDS, Engine::from_word)).unwrap_or(Engine::Own);
    let script = fields.optional("script", &|reader, node| reader.words(node));
    script_of(fields, engine, script.is_some(), !told.workload.ramp.is_empty());
    let max_tokens = fields.optional("max_tokens", &tokens);
    if script.is_none() && !request.is_plain() {
        refuse(
            fields,
            "max_tokens",
            "how long its own chats are the traffic knows",
            "leave it out; it is for `request: http`, `tcp` and scripts of k6",
        );
    }
    let usual = if script.is_some() { Arrivals::Constant } else { Arrivals::Jittered };
    told.workload = Workload {
        script,
        bursts: fields.optional("bursts", &bursts),
        arrivals: arrivals.unwrap_or(usual),
        request,
        expect,
        max_in_flight: max_in_flight.unwrap_or(1),
        max_tokens,
        errand: wire::errand(fields, request),
        wire: wire::read(fields),
        steps: fields.optional("steps", &load_steps::read),
        ..told.workload
    };
    told.bound_given = max_in_flight.is_some();
    not_in_steps(fields, &told);
    Some(told)
}

/// A climb in steps sets the rate itself.
fn not_in_steps(fields: &MapFields<'_>, told: &RawWorkload) {
    let changes =
        !told.workload.ramp.is_empty() || fields.raw("bursts").is_some() || told.played.is_some() || told.workload.script.is_some();
    if changes {
        refuse(
            fields,
            "steps",
            "steps change the rate, and so does something else here",
            "write one steady `rate`, without bursts, trace or script",
        );
    }
}

/// An error at a key that stands there and should not.
fn refuse(fields: &MapFields<'_>, key: &'static str, message: &str, hint: &str) {
    if let Some((key, _)) = fields.raw(key) {
        fields.reader.error(key.spot, message, hint);
    }
}

/// When requests are due: by a rate, or as a recording says.
fn pace(fields: &MapFields<'_>, told: &mut RawWorkload) {
    told.played = played(fields);
    if told.played.is_none() && fields.has_none(&["trace"]) {
        if let Some((rate, ramp)) = fields.required("rate", &rate) {
            (told.workload.rate, told.workload.ramp) = (rate, ramp);
        }
    } else {
        for key in ["rate", "arrivals", "bursts"] {
            if let Some((key, _)) = fields.raw(key) {
                let message = format!("a trace says itself when requests are due, and here is `{}` beside it", key.text);
                fields.reader.error(key.spot, message, "take one of the two away; `speed: 2x` plays a trace faster");
            }
        }
    }
}

/// What an engine and a script have to do with each other, and what a script decides itself.
fn script_of(fields: &MapFields<'_>, engine: Engine, has_script: bool, has_ramp: bool) {
    match (engine, has_script) {
        (Engine::K6, false) => {
            refuse(fields, "engine", "k6 needs a script", "add `script: scenarios/traffic/k6.js`, or one of your own like it");
        }
        (Engine::Own, true) => refuse(fields, "script", "a script is for k6 to run", "add `engine: k6`"),
        _ => {}
    }
    if engine == Engine::K6 {
        for key in ["arrivals", "bursts", "trace"] {
            refuse(fields, key, "when requests are due is the script's business", "leave it out; `rate` is what the script must keep");
        }
        if has_ramp {
            refuse(fields, "rate", "when requests are due is the script's business", "write one rate, the lowest that the script keeps");
        }
    }
}

/// `{input: 2000, output: 4000}`: the most tokens of one request.
fn tokens(reader: &TreeReader<'_>, node: &Node) -> Option<Tokens> {
    /// More than any model takes or gives.
    const MOST: u64 = 100_000_000;
    let fields = reader.fields(node, "the most tokens of a request")?;
    let input = fields.required("input", &|reader, node| reader.number(node, 0, MOST));
    let output = fields.required("output", &|reader, node| reader.number(node, 0, MOST));
    fields.finish();
    Some(Tokens { input: input?, output: output? })
}

/// `50/s`, or the points of a ramp.
fn rate(reader: &TreeReader<'_>, node: &Node) -> Option<(Rate, Ramp)> {
    const POINTS_MAX: usize = 100;
    let NodeKind::List(items) = &node.kind else { return Some((reader.quantity::<Rate>(node)?, Ramp::default())) };
    let points = reader.list(node, &|reader, node| Some(point(reader, node)))?;
    let points = points.into_iter().collect::<Option<Vec<RampPoint>>>()?;
    if points.len() > POINTS_MAX {
        reader.error(node.spot, format!("a ramp has at most {POINTS_MAX} points"), "leave out those on a straight line, or play a trace");
        return None;
    }
    let spot = |place: usize| items[place].at(&["at"]).map_or(items[place].spot, |node| node.spot);
    if points[0].at != Duration::ZERO {
        reader.error(spot(0), "a ramp begins with the traffic", "write `at: 0s` at its first point");
        return None;
    }
    if let Some(place) = points.windows(2).position(|pair| pair[1].at < pair[0].at) {
        let message = format!("this point comes after one at {}", points[place].at);
        reader.error(spot(place + 1), message, "write the points in the order of their moments");
        return None;
    }
    Some((points[0].rate, if points.len() > 1 { Ramp(points) } else { Ramp::default() }))
}

fn point(reader: &TreeReader<'_>, node: &Node) -> Option<RampPoint> {
    let fields = reader.fields(node, "a point of a ramp")?;
    let at = fields.required("at", &|reader, node| reader.quantity::<Duration>(node));
    let rate = fields.required("rate", &|reader, node| reader.quantity::<Rate>(node));
    fields.finish();
    Some(RampPoint { at: at?, rate: rate? })
}

fn bursts(reader: &TreeReader<'_>, node: &Node) -> Option<Bursts> {
    let fields = reader.fields(node, "a map of bursts")?;
    let every = fields.required("every", &|reader, node| reader.time(node));
    let of = fields.required("of", &|reader, node| reader.count(node, 1));
    let within = fields.optional("within", &|reader, node| reader.quantity::<Duration>(node)).unwrap_or(Duration::ZERO);
    if let (Some(every), Some((_, node))) = (every.filter(|every| within >= *every), fields.raw("within")) {
        let message = format!("bursts of {within} every {every} run into each other");
        reader.error(node.spot, message, "write a shorter `within`, or a steady rate");
    }
    fields.finish();
    Some(Bursts { every: every?, of: of?, within })
}

/// `trace: …` with what belongs to it.
fn played(fields: &MapFields<'_>) -> Option<Played> {
    let file = fields.optional("trace", &|reader, node| reader.words(node));
    let speed = fields.optional("speed", &speed);
    let repeat = fields.optional("repeat", &|reader, node| reader.truth(node));
    if fields.has_none(&["trace"]) {
        for key in ["speed", "repeat"] {
            if let Some((key, _)) = fields.raw(key) {
                fields.reader.error(key.spot, format!("`{}` says how a trace is played, and there is none", key.text), "add `trace: …`");
            }
        }
    }
    Some(Played { file: file?, speed: speed.unwrap_or(1.0), repeat: repeat.unwrap_or(false) })
}

/// `2x`.
fn speed(reader: &TreeReader<'_>, node: &Node) -> Option<f64> {
    let text = reader.text(node)?;
    let times = text.strip_suffix('x').and_then(|times| times.parse::<f64>().ok()).filter(|times| (0.001..=1000.0).contains(times));
    if times.is_none() {
        reader.error(node.spot, format!("`{text}` is not a speed"), "write how many times as fast, from `0.001x` to `1000x`");
    }
    times
}

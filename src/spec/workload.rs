//! Traffic: one workload, or several with a name each.

use super::objective;
use super::reader::{Fields, Reader};
use super::tree::{Kind, Node};
use crate::model::{Arrivals, Engine, Objectives, RequestKind, WORKLOADS_MAX, Workload};
use crate::units::Rate;

/// A workload as it was read, and what the model does not keep.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// Empty where the traffic is one workload without a name.
    pub(super) name: String,
    /// Where it stands in the scenario.
    pub(super) path: Vec<String>,
    /// The service that it asks, where that is said.
    pub(super) service: Option<String>,
    /// Its own objectives.
    pub(super) objectives: Objectives,
    /// False for pure load.
    pub(super) judged: bool,
    /// With placeholders where the document has errors.
    pub(super) workload: Workload,
    /// False where `max_in_flight` is to be derived from rate and deadline.
    pub(super) bound_given: bool,
}

impl Told {
    /// Stands for traffic that could not be read.
    pub(super) fn placeholder() -> Option<Self> {
        let workload = Workload {
            rate: Rate::per_second(1.0)?,
            arrivals: Arrivals::Jittered,
            request: RequestKind::Chat,
            script: None,
            max_in_flight: 1,
        };
        Some(Self::of(workload, vec!["traffic".into()], false))
    }

    fn of(workload: Workload, path: Vec<String>, bound_given: bool) -> Self {
        Self { name: String::new(), path, service: None, objectives: Objectives::default(), judged: true, workload, bound_given }
    }

    /// The path of one of its values.
    pub(super) fn at<'a>(&'a self, keys: &[&'a str]) -> Vec<&'a str> {
        self.path.iter().map(String::as_str).chain(keys.iter().copied()).collect()
    }
}

/// Reads `traffic:`, a map or a list of maps. Never empty where it is there.
pub(super) fn traffic(reader: &Reader<'_>, node: &Node) -> Option<Vec<Told>> {
    let Kind::List(items) = &node.kind else {
        let fields = reader.fields(node, "a traffic")?;
        let (workload, bound_given) = workload(reader, node, &fields)?;
        fields.finish();
        return Some(vec![Told::of(workload, vec!["traffic".into()], bound_given)]);
    };
    if items.len() > WORKLOADS_MAX {
        let message = format!("{} workloads are more than the {WORKLOADS_MAX} that a drill can have", items.len());
        reader.error(node.spot, message, "let one workload stand for several that are alike");
        return None;
    }
    let read = reader.list(node, &|reader, node| Some(named(reader, node)))?;
    let mut told: Vec<Told> = Vec::new();
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

fn named(reader: &Reader<'_>, node: &Node) -> Option<Told> {
    let fields = reader.fields(node, "a workload")?;
    let name = fields.required("workload", &|reader, node| reader.name(node)).unwrap_or_default();
    let service = fields.optional("service", &|reader, node| reader.name(node));
    let objectives = fields.optional("objectives", &objective::read).unwrap_or_default();
    let judged = fields.optional("judged", &|reader, node| reader.truth(node)).unwrap_or(true);
    let (workload, bound_given) = workload(reader, node, &fields)?;
    fields.finish();
    Some(Told { name, service, objectives, judged, ..Told::of(workload, vec!["traffic".into()], bound_given) })
}

/// What every workload may say.
fn workload(reader: &Reader<'_>, node: &Node, fields: &Fields<'_>) -> Option<(Workload, bool)> {
    let rate = fields.required("rate", &|reader, node| reader.quantity::<Rate>(node));
    let arrivals = fields.optional("arrivals", &|reader, node| reader.word(node, Arrivals::WORDS, Arrivals::from_word));
    let request = fields.optional("request", &|reader, node| reader.word(node, RequestKind::WORDS, RequestKind::from_word));
    let max_in_flight = fields.optional("max_in_flight", &|reader, node| reader.count(node, 1));
    let engine = fields.optional("engine", &|reader, node| reader.word(node, Engine::WORDS, Engine::from_word)).unwrap_or(Engine::Own);
    let script = fields.optional("script", &|reader, node| reader.words(node));
    let spot = |key: &str| node.at(&[key]).map_or(node.spot, |node| node.spot);
    match (engine, &script) {
        (Engine::K6, None) => {
            reader.error(spot("engine"), "k6 needs a script", "add `script: scenarios/traffic/k6.js`, or one of your own like it");
        }
        (Engine::Own, Some(_)) => {
            reader.error(spot("script"), "a script is for k6 to run", "add `engine: k6`");
        }
        _ => {}
    }
    if engine == Engine::K6 && arrivals.is_some() {
        reader.error(
            spot("arrivals"),
            "when requests are due is the script's business",
            "leave `arrivals` out; `rate` is what the script must keep",
        );
    }
    let usual = if script.is_some() { Arrivals::Constant } else { Arrivals::Jittered };
    let workload = Workload {
        script,
        rate: rate.or_else(|| Rate::per_second(1.0))?,
        arrivals: arrivals.unwrap_or(usual),
        request: request.unwrap_or(RequestKind::Chat),
        max_in_flight: max_in_flight.unwrap_or(1),
    };
    Some((workload, max_in_flight.is_some()))
}

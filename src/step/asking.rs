//! Asking somebody once: a program, a web server, a Prometheus, the resolver, a port, a cluster.
//!
//! Whoever cannot be asked is told of in the same words as whoever answers badly: the next try may find it mended. What no later try can mend,
//! such as a query that Prometheus cannot parse, is an error.

use super::http::in_words;
use super::seen::{Seen, missed, same, short};
use super::{Context, StepError, command};
use crate::model::{Command, HttpCall, Inquiry, InquiryGoal, InquirySource, KubernetesObject};
use crate::process::RunOptions;
use crate::secret::{SecretContext, SecretError, cluster};
use crate::web;
use serde_json::Value;
use std::net::IpAddr;

/// An answer is read up to here.
const LONGEST: usize = 1 << 20;

/// Asks once. `expects` has its variables filled in.
pub(super) async fn ask(inquiry: &Inquiry, expects: &InquiryGoal, context: &Context) -> Result<Seen, StepError> {
    match &inquiry.of {
        InquirySource::Run(program) => run(inquiry, expects, program, context).await,
        InquirySource::Http(call) => http(inquiry, expects, call, context).await,
        InquirySource::Promql { query, prometheus } => {
            let usual = "${prometheus.url}".to_owned();
            promql(expects, &context.expand(query)?, &context.expand(prometheus.as_ref().unwrap_or(&usual))?, context).await
        }
        InquirySource::Dns(name) => Ok(dns(inquiry, expects, &context.expand(name)?).await),
        InquirySource::Tcp(address) => {
            let address = context.expand(address)?;
            Ok(match tokio::net::TcpStream::connect(&address).await {
                Ok(_) => Seen::good(inquiry, true, "was accepted", address),
                Err(error) => Seen::nobody(inquiry, format!("was not accepted: {error}")),
            })
        }
        InquirySource::Kubernetes { store, object } => Ok(kubernetes(inquiry, expects, (store, object), context).await),
    }
}

async fn run(inquiry: &Inquiry, expects: &InquiryGoal, command: &Command, context: &Context) -> Result<Seen, StepError> {
    let program = command::program(command, context)?;
    // A supervisor tells in its own words that it could not start a program; these are plainer.
    if let Some(name) = program.argv.first()
        && let Err(error) = crate::process::can_start(name, &program.folder)
    {
        return Ok(Seen::unasked(format!("failed: {error}")));
    }
    let finished = match program.run(RunOptions::new(&context.redactor)).await {
        Ok(finished) => finished,
        Err(error) => return Ok(Seen::unasked(format!("failed: {error}"))),
    };
    let printed = finished.stdout.value();
    let ended = |is_done: bool| {
        if is_done {
            return "ended as it should".to_owned();
        }
        let failure = finished.failure(String::new()).to_string();
        let said = short(&finished.said());
        let failure = failure.trim().split_once(" ended ").map_or_else(|| failure.clone(), |(_, how)| format!("ended {how}"));
        if said.is_empty() { failure } else { format!("{failure}: {said}") }
    };
    Ok(match expects {
        InquiryGoal::Exits(code) => {
            let holds = finished.is_done(&[*code]);
            let told = if holds { format!("ended with exit code {code}") } else { format!("{}, not {code}", ended(false)) };
            Seen::good(inquiry, holds, told, printed.trim_end_matches(['\n', '\r']))
        }
        InquiryGoal::Good | InquiryGoal::Bad if inquiry.json.is_none() => {
            let is_done = finished.is_done(&command.exit_codes);
            Seen::good(inquiry, is_done, ended(is_done), printed.trim_end_matches(['\n', '\r']))
        }
        _ if !finished.is_done(&command.exit_codes) => Seen { holds: false, ..Seen::good(inquiry, false, ended(false), "") },
        _ => Seen::text(inquiry, expects, "printed", &printed),
    })
}

async fn http(inquiry: &Inquiry, expects: &InquiryGoal, call: &HttpCall, context: &Context) -> Result<Seen, StepError> {
    let method = reqwest::Method::from_bytes(call.method.as_bytes());
    let method = method.map_err(|_| StepError::failed(format!("`{}` is not a method", call.method)))?;
    let mut request = context.http.request(method, context.expand(&call.url)?);
    for (name, value) in &call.headers {
        request = request.header(name, context.expand(value)?);
    }
    if let Some(body) = &call.body {
        request = request.body(context.expand(body)?);
    }
    let contains = call.expect_text.as_ref().map(|text| context.expand(text)).transpose()?;
    let (status, body) = match sent(request).await {
        Ok(answer) => answer,
        Err(problem) => return Ok(Seen::nobody(inquiry, format!("failed: {problem}"))),
    };
    let is_good = call.expect_status.map_or((200..300).contains(&status), |wanted| status == wanted);
    let missing = contains.filter(|text| is_good && !body.contains(text.as_str()));
    if let (false, InquiryGoal::Good | InquiryGoal::Bad) | (true, InquiryGoal::Bad) = (is_good && missing.is_none(), expects) {
        return Ok(Seen::good(inquiry, is_good && missing.is_none(), answered(status, missing.as_deref()), body));
    }
    if !is_good || missing.is_some() {
        // A server that is in trouble itself says nothing of what it was asked for.
        let told = Seen::good(inquiry, false, answered(status, missing.as_deref()), "");
        return Ok(Seen { holds: false, answered: status < 500, ..told });
    }
    match (expects, &inquiry.json) {
        (InquiryGoal::Good, None) => Ok(Seen::good(inquiry, true, answered(status, None), body)),
        _ => Ok(Seen::text(inquiry, expects, "was answered with", &body)),
    }
}

fn answered(status: u16, missing: Option<&str>) -> String {
    match missing {
        Some(text) => format!("was answered with {status}, without `{text}`"),
        None => format!("was answered with {status}"),
    }
}

/// The status and the body of an answer; one that sends on to elsewhere is as good as none.
async fn sent(request: reqwest::RequestBuilder) -> Result<(u16, String), String> {
    let mut response = request.send().await.map_err(|error| in_words(&error.without_url()))?;
    if let Some(elsewhere) = web::sends_on(response.status().as_u16(), response.headers(), response.url()) {
        return Err(elsewhere.message);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| in_words(&error.without_url()))? {
        if body.len() + chunk.len() > LONGEST {
            return Err("its answer is longer than 1 MiB".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status().as_u16(), String::from_utf8_lossy(&body).into_owned()))
}

async fn promql(expects: &InquiryGoal, query: &str, base: &str, context: &Context) -> Result<Seen, StepError> {
    let place = format!("{}/api/v1/query", base.trim_end_matches('/'));
    let place = reqwest::Url::parse_with_params(&place, [("query", query)])
        .map_err(|_| StepError::failed("the address of the Prometheus is not a URL"))?;
    let mut request = context.http.get(place);
    // The token is for the environment's own Prometheus, and for nobody else.
    let is_own = context.variables.get("prometheus.url").is_some_and(|own| own.trim_end_matches('/') == base.trim_end_matches('/'));
    if let Some(token) = context.variables.get("prometheus.token").filter(|_| is_own) {
        request = request.bearer_auth(token);
    }
    let (status, body) = match sent(request).await {
        Ok(answer) => answer,
        Err(problem) => return Ok(Seen::unasked(format!("failed: {problem}"))),
    };
    let answer: Value = serde_json::from_str(&body).unwrap_or_default();
    if answer["errorType"] == "bad_data" {
        let problem = short(answer["error"].as_str().unwrap_or_default());
        return Err(StepError::failed(format!("Prometheus cannot read the query `{}`: {problem}", short(query))));
    }
    let unasked = |told: String| Ok(Seen::unasked(told));
    match (status, answer["data"]["resultType"].as_str()) {
        (401 | 403, _) => unasked(format!("was refused with {status}: its token is missing or wrong (`token_from`)")),
        (200..300, Some("vector" | "scalar")) => Ok(series(expects, &answer["data"])),
        (200..300, Some(other)) => Err(StepError::failed(format!("the query `{}` gives a {other} and not a value now", short(query)))),
        (_, _) if answer["error"].is_string() => unasked(format!("failed: {}", short(answer["error"].as_str().unwrap_or_default()))),
        _ => unasked(format!("was answered with {status}, not as a Prometheus does")),
    }
}

/// What a query returned. A comparison holds where it does for every series, and for none where there is none.
fn series(expects: &InquiryGoal, data: &Value) -> Seen {
    let value_of = |value: &Value| value[1].as_str().unwrap_or_default().to_owned();
    let all: Vec<(String, String)> = match data["result"].as_array() {
        Some(result) if data["resultType"] == "vector" => {
            result.iter().map(|one| (one["metric"].to_string(), value_of(&one["value"]))).collect()
        }
        _ => vec![(String::new(), value_of(&data["result"]))],
    };
    let is_as_wanted = |value: &str| {
        let number = value.parse::<f64>().unwrap_or(f64::NAN);
        match expects {
            InquiryGoal::Above(bound) => number > *bound,
            InquiryGoal::Below(bound) => number < *bound,
            InquiryGoal::Is(text) => same(value, text),
            InquiryGoal::IsNot(text) => !same(value, text),
            _ => true,
        }
    };
    let other = all.iter().find(|(_, value)| !is_as_wanted(value));
    let holds = if *expects == InquiryGoal::Nothing { all.is_empty() } else { !all.is_empty() && other.is_none() };
    let told = match (&all[..], other) {
        ([], _) => "returned nothing".to_owned(),
        (_, None) if *expects == InquiryGoal::Nothing => format!("returned {}, not nothing", counted(&all)),
        (_, None) => format!("returned {}", counted(&all)),
        ([(_, value)], Some(_)) => format!("returned {value}, {}", missed(expects, value)),
        (_, Some((labels, value))) => {
            format!("returned {} series, and {} is {value}, {}", all.len(), short(labels), missed(expects, value))
        }
    };
    let value = if let [(_, value)] = &all[..] { value.clone() } else { data["result"].to_string() };
    Seen { holds, answered: true, told, value }
}

fn counted(all: &[(String, String)]) -> String {
    if let [(_, value)] = all { value.clone() } else { format!("{} series", all.len()) }
}

async fn dns(inquiry: &Inquiry, expects: &InquiryGoal, name: &str) -> Seen {
    let found = match tokio::net::lookup_host((name, 0)).await {
        Ok(found) => found,
        Err(error) => return Seen::nobody(inquiry, format!("found no address: {error}")),
    };
    let mut all: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    all.sort_unstable();
    all.dedup();
    let list = all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let is = |text: &str, address: &IpAddr| text.parse::<IpAddr>().is_ok_and(|wanted| wanted == *address);
    let (holds, missed) = match expects {
        InquiryGoal::Contains(text) => (all.iter().any(|address| is(text, address)), format!(", not {text}")),
        InquiryGoal::Is(text) => (!all.is_empty() && all.iter().all(|address| is(text, address)), format!(", not {text} alone")),
        InquiryGoal::Bad => (all.is_empty(), String::new()),
        _ => (!all.is_empty(), String::new()),
    };
    let told = format!("found {}{}", if list.is_empty() { "no address" } else { &list }, if holds { "" } else { &missed });
    Seen { holds, answered: true, told, value: list }
}

async fn kubernetes(inquiry: &Inquiry, expects: &InquiryGoal, (store, object): (&str, &KubernetesObject), context: &Context) -> Seen {
    let site = SecretContext { stores: &context.stores, root: &context.folder };
    let read = match cluster(store, site) {
        Ok(cluster) => cluster.object(object).await,
        Err(error) => Err(error),
    };
    let body = match read {
        Ok(body) => body,
        Err(SecretError::Refused { why, .. }) => return Seen::unasked(format!("was refused: {why}")),
        Err(error) => return Seen::unasked(format!("failed: {error}")),
    };
    // Whatever it says of itself is said of what it was before.
    let (generation, observed) = (body["metadata"]["generation"].as_u64(), body["status"]["observedGeneration"].as_u64());
    if let (Some(generation), Some(observed)) = (generation, observed)
        && observed < generation
    {
        return Seen { holds: false, ..Seen::good(inquiry, false, "found that its last change is not seen yet", "") };
    }
    match expects {
        InquiryGoal::Condition(wanted) => condition(&body, wanted),
        InquiryGoal::Good if inquiry.json.is_none() => Seen::good(inquiry, true, "found it", body.to_string()),
        _ => Seen::text(inquiry, expects, "found", &body.to_string()),
    }
}

/// `Available`, or `Available=False`.
fn condition(body: &Value, wanted: &str) -> Seen {
    let (kind, status) = wanted.split_once('=').unwrap_or((wanted, "True"));
    let all = body["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let seen = |holds, told: String, value: &str| Seen { holds, answered: true, told, value: value.to_owned() };
    let Some(one) = all.iter().find(|one| one["type"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(kind))) else {
        let names: Vec<&str> = all.iter().filter_map(|one| one["type"].as_str()).collect();
        let there = if names.is_empty() { "no conditions".to_owned() } else { format!("only {}", names.join(", ")) };
        return seen(false, format!("found {there}, and not {kind}"), "");
    };
    let now = one["status"].as_str().unwrap_or_default();
    let why = [&one["reason"], &one["message"]].into_iter().find_map(|text| text.as_str().filter(|text| !text.is_empty()));
    let why = why.map_or_else(String::new, |why| format!(" ({})", short(why)));
    seen(now.eq_ignore_ascii_case(status), format!("found {kind} {now}{why}"), now)
}

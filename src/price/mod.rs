//! What a drill may cost: list prices of models, and the most that its traffic can spend.
//!
//! Prices are those that the inventory states (`price:` of a provider), else public list prices as the crate `genai-prices` has them. They
//! are estimates: discounts, caches and taxes are not in them. What a request costs is bounded from above, by the longest prompt and the
//! longest answer that the traffic asks for, so that a ceiling is never passed unseen.
//!
//! What this room does not do: count what was spent (`traffic` does, live), or ask people (`cli` does).

use crate::dialect::{ClientRequest, Mark, request_tokens, wire_request, with_parameters};
use crate::model::{Bound, Dialect, DrillPlan, Guard, NamedWorkload, Operation, Price, Provider, ServiceGuard, Tokens, of_body};
use crate::units::Money;
use genai_prices::{Calculator, PriceRequest, Usage, UsageKey, calculate};
use std::time::SystemTime;

/// The bill of one provider: the most that a drill can spend with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The provider.
    pub provider: String,
    /// Requests, if it answered all of them.
    pub requests: u64,
    /// What they cost then; `None` where no price is known.
    pub most: Option<Money>,
    /// How many of them may cost anything, and are not in `most`.
    pub unbounded: u64,
}

/// Whose models a dialect's are in public lists.
const fn list_of(dialect: Dialect) -> Option<&'static str> {
    Some(match dialect {
        Dialect::OpenAi => "openai",
        Dialect::AzureOpenAi => "azure",
        Dialect::Anthropic => "anthropic",
        Dialect::Bedrock => "aws",
        Dialect::Vertex => "google",
        Dialect::Http | Dialect::Tcp => return None,
    })
}

/// The list price of a model on a day; `None` where there is none.
pub fn list_price(dialect: Dialect, model: &str, day: SystemTime) -> Option<Price> {
    let provider = list_of(dialect)?;
    // Of a thousand tokens, since above some length of a prompt tokens cost more.
    let million = |key: UsageKey| {
        let usage = Usage::from([(key, 1e3)]);
        let request = PriceRequest::new(model, &usage).with_provider_id(provider).with_timestamp(day);
        Money::from_dollars(calculate(&request).ok()?.total_price * 1e3)
    };
    let source = format!("public list price of {provider} {model}");
    Some(Price { input: million(UsageKey::INPUT_TOKENS)?, output: million(UsageKey::OUTPUT_TOKENS)?, source })
}

/// What a provider's chat model costs on a day: as the inventory states it, else its list price.
pub fn price_of(provider: &Provider, day: SystemTime) -> Option<Price> {
    let stated = provider.price.clone().map(|price| Price { source: "the inventory".into(), ..price });
    stated.or_else(|| list_price(provider.dialect, provider.chat_model(), day))
}

/// The longest prompt that a model takes, in tokens, as public lists have it; `None` where they do not.
pub fn context_window(dialect: Dialect, model: &str) -> Option<u64> {
    let provider = Calculator::bundled().find_provider(Some(list_of(dialect)?), None).ok()??;
    provider.models().find(|known| known.id() == model)?.context_window()
}

/// Writes into a plan the price of each of its providers on a day, and the most tokens of each workload's requests, as far as they are known.
pub fn price(plan: &mut DrillPlan, day: SystemTime) {
    let known = |(name, provider): (&String, &Provider)| Some((name.clone(), price_of(provider, day)?));
    plan.prices = plan.providers.iter().filter_map(known).collect();
    let most = |each: &NamedWorkload| Some((each.name.clone(), most_tokens(each, plan)?));
    plan.most_tokens = plan.workloads.iter().filter_map(most).collect();
}

/// The most tokens that one request of a workload can have; `None` where there is no bound.
pub fn most_tokens(each: &NamedWorkload, plan: &DrillPlan) -> Option<Tokens> {
    if !plan.is_bounded(each) {
        return None;
    }
    let own = plan.environment.services.get(&each.service_name).map(|service| &service.body).filter(|own| !own.is_empty());
    let bound = match each.workload.bound() {
        Bound::Own => {
            let (input, output) = request_tokens(&each.workload.expect);
            Tokens { input, output }
        }
        Bound::Tokens(tokens) if each.workload.script.is_some() && tokens == Tokens::OF_SHIPPED_SCRIPT => tokens,
        Bound::Tokens(tokens) => return Some(tokens),
        Bound::Unknown => return None,
    };
    // What the environment merges into every body may bound it otherwise, or no more.
    own.map_or(Some(bound), |own| {
        let dialect = plan.environment.dialect_of(&each.service_name);
        let asked = ClientRequest {
            operation: each.workload.request.operation(),
            ..ClientRequest::chat(Mark { drill: 0, id: 0 }, "", each.workload.request.is_streamed())
        };
        let body = with_parameters(wire_request(dialect, &asked, "").body, own);
        let path = if asked.operation == Operation::Embeddings { "/embeddings" } else { "" };
        let told = of_body(path, &String::from_utf8_lossy(&body))?;
        Some(Tokens { input: bound.input.max(told.input), output: told.output })
    })
}

/// The most that a drill can spend with each provider of its services, if each request is asked of it once.
pub fn bills(plan: &DrillPlan) -> Vec<Bill> {
    let all = |index, each: &NamedWorkload| {
        let warm_up =
            plan.environment.start.as_ref().filter(|_| index == plan.workloads.lead()).map_or(0, |start| u64::from(start.warm_up));
        plan.requests_of(&each.workload) + rehearsals(plan, index, each) + warm_up
    };
    let total = plan.scenario.timeline.total();
    billed(plan, all, guards(plan, |guard| guard.probes(total)))
}

/// What guards ask other services, each so often.
fn guards(plan: &DrillPlan, count: impl Fn(&Guard) -> u64) -> impl Iterator<Item = (&NamedWorkload, u64)> {
    plan.scenario.abort_when.iter().filter_map(move |guard| Some((&guard.service()?.probe, count(guard))))
}

/// The bills of the rehearsals before a drill alone.
pub fn bills_before(plan: &DrillPlan) -> Vec<Bill> {
    billed(plan, |index, each| rehearsals(plan, index, each), guards(plan, |_| ServiceGuard::FIRST))
}

fn rehearsals(plan: &DrillPlan, index: usize, each: &NamedWorkload) -> u64 {
    if plan.rehearsed().contains(&index) { plan.rehearsals_of(&each.service_name) } else { 0 }
}

/// What so many requests of each workload can cost.
fn billed<'p>(
    plan: &'p DrillPlan,
    requests: impl Fn(usize, &NamedWorkload) -> u64,
    guards: impl Iterator<Item = (&'p NamedWorkload, u64)>,
) -> Vec<Bill> {
    let mut bills: Vec<Bill> = Vec::new();
    let workloads = plan.workloads.iter().enumerate().map(|(index, each)| (each, requests(index, each)));
    for (each, requests) in workloads.chain(guards) {
        let tokens = most_tokens(each, plan);
        for name in &each.service.providers {
            let most = match tokens {
                // What asks no model costs nothing, whatever models cost.
                Some(Tokens { input: 0, output: 0 }) => Some(Money::ZERO),
                tokens => {
                    let Tokens { input, output } = tokens.unwrap_or_default();
                    plan.prices.get(name).map(|price| price.of(input, output).times(requests))
                }
            };
            let unbounded = if tokens.is_none() { requests } else { 0 };
            match bills.iter_mut().find(|bill| bill.provider == *name) {
                Some(bill) => {
                    bill.requests += requests;
                    bill.unbounded += unbounded;
                    bill.most = bill.most.zip(most).map(|(sum, more)| sum.plus(more));
                }
                None => bills.push(Bill { provider: name.clone(), requests, most, unbounded }),
            }
        }
    }
    bills
}

/// The lowest ceiling with which a drill does not stop as it begins: the cost of what a k6 may have on its way at once, at each provider, and of
/// one request more. What is not known counts as nothing.
pub fn least(plan: &DrillPlan) -> Money {
    let (mut standing, mut dearest) = (Money::ZERO, Money::ZERO);
    for each in &plan.workloads {
        let Tokens { input, output } = most_tokens(each, plan).unwrap_or_default();
        let known = each.service.providers.iter().filter_map(|name| plan.prices.get(name));
        let one = known.map(|price| price.of(input, output)).fold(Money::ZERO, Money::plus);
        dearest = dearest.max(one);
        if each.workload.script.is_some() {
            standing = standing.plus(one.times(each.on_the_way()));
        }
    }
    standing.plus(dearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    /// What bounds a request is told by the model's form and priced by the wire's: both must know the same limits.
    #[test]
    fn the_traffics_own_limits_are_those_of_the_wire() {
        use crate::model::{RequestKind, merge_all, stays_bounded};
        use serde_json::{Value, json};
        let requests = [RequestKind::Chat, RequestKind::Responses, RequestKind::Invoke, RequestKind::Embeddings];
        let dialects = [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex];
        let patches = [
            json!({"max_tokens": null}),
            json!({"max_output_tokens": null}),
            json!({"inferenceConfig": {"maxTokens": null}}),
            json!({"generationConfig": {"maxOutputTokens": null}}),
            json!({"max_tokens": null, "max_completion_tokens": 64}),
            json!({"temperature": 0}),
            json!({"n": "many"}),
        ];
        for (request, dialect) in requests.into_iter().flat_map(|request| dialects.map(|dialect| (request, dialect))) {
            let operation = request.operation();
            for patch in patches.iter().filter(|_| dialect.has(operation)) {
                let body: std::collections::BTreeMap<String, Value> = serde_json::from_value(patch.clone()).unwrap();
                let asked = ClientRequest { operation, ..ClientRequest::chat(Mark { drill: 0, id: 0 }, "", false) };
                let mut wire: serde_json::Map<String, Value> = serde_json::from_slice(&wire_request(dialect, &asked, "").body).unwrap();
                merge_all(&mut wire, &body);
                let path = if operation == Operation::Embeddings { "/embeddings" } else { "" };
                let by_wire = of_body(path, &Value::Object(wire).to_string()).is_some();
                let by_model = stays_bounded(dialect, operation, &body);
                assert_eq!(by_model, by_wire, "{dialect} {request} {patch}");
            }
        }
    }

    #[test]
    fn every_dialect_has_list_prices() {
        let day = UNIX_EPOCH + Duration::from_secs(1_795_000_000);
        for (dialect, model) in [
            (Dialect::OpenAi, "gpt-4o"),
            (Dialect::AzureOpenAi, "gpt-4o"),
            (Dialect::Anthropic, "claude-sonnet-4-5"),
            (Dialect::Bedrock, "anthropic.claude-sonnet-4-5-20250929-v1:0"),
            (Dialect::Vertex, "gemini-2.5-flash"),
        ] {
            let price = list_price(dialect, model, day).unwrap_or_else(|| panic!("{dialect} {model}"));
            assert!(Money::ZERO < price.input && price.input < price.output, "{dialect} {model}: {price:?}");
        }
        assert_eq!(list_price(Dialect::OpenAi, "no-such-model", day), None);
        assert_eq!(list_price(Dialect::Http, "gpt-4o", day), None);
    }
}

//! A drill never spends more than its environment allows, and asks before it spends anything.

use crate::support::Project;
use lifeboat::units::Money;

#[test]
fn a_drill_stops_before_its_ceiling_with_everything_healed() {
    let project = Project::quick();
    let gateway = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}";
    // At list prices some 130 requests of this traffic: the fault is in force by then.
    project.environment("poor", &format!("{gateway}, allow: {{max_spend: 0.10 USD}}"));
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "poor", "--seed", "7", "--out", "drill"]);
    run.exits_with(4).says("stopped: ").says("the 0.10 USD that the environment allows");
    let events = project.stopped_cleanly("drill", "guard");
    assert!(events.iter().any(|event| event.get("fault_confirmed").is_some()), "the ceiling came before the fault");
    let plan = &events[0]["started"]["plan"];
    let price = |provider: &str| {
        let million = |way: &str| plan["prices"][provider][way].as_str().unwrap().parse::<Money>().unwrap().as_nanos();
        // As many tokens as the traffic's requests have at most.
        let (input, output) = lifeboat::dialect::request_tokens(&lifeboat::model::Expect::default());
        (million("input") * input + million("output") * output).div_ceil(1_000_000)
    };
    let billed = |provider: &str| {
        let seen = events.iter().filter(|event| event["served"]["by"] == provider);
        seen.filter(|event| event["served"]["status"].as_u64().unwrap_or(200) < 400).count() as u64
    };
    let spent: u64 = ["first", "second"].iter().map(|provider| price(provider) * billed(provider)).sum();
    // Near it, since at most what is in flight is held back for; never beyond.
    assert!((50_000_000..=100_000_000).contains(&spent), "{spent} billionths of a dollar");
    project.lifeboat(&["report", "drill"]).says("at list prices");
}

#[test]
fn money_is_only_spent_where_somebody_agreed() {
    let project = Project::quick();
    project.edit("runbooks/inventory.yaml", "dialect: azure-openai", "dialect: azure-openai\n    base_url: https://acme.example");
    project.edit("runbooks/inventory.yaml", "second: {dialect: openai,", "second: {dialect: openai, base_url: \"https://other.example\",");
    let text = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    let staging = |allow: &str| {
        let place = format!("  staging: {{services: {{chat: {{url: \"http://127.0.0.1:1/v1\"}}}}{allow}}}\n");
        project.write("runbooks/inventory.yaml", &(text.clone() + &place));
    };
    staging("");
    let run = ["run", "scenarios/quick.yaml", "--env", "staging"];
    project.lifeboat(&run).exits_with(2).says("will send a bill").says("--yes");
    project.lifeboat(&[&run[..], &["--dry-run"]].concat()).exits_with(0).says("spends      up to 0.").says("with second");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--dry-run"]).exits_with(0).says("spends      nothing; at list prices up to");
    staging(", allow: {max_requests: 10}");
    project.lifeboat(&run).exits_with(2).says("500 requests are more than the 10").says("max_requests");
    staging(", allow: {max_spend: 5 EUR}");
    project.lifeboat(&run).exits_with(2).says("USD");
    staging(", allow: {max_spend: 5 USD}");
    project.edit("runbooks/inventory.yaml", "dialect: azure-openai", "dialect: azure-openai\n    models: {chat: home-made}");
    project.lifeboat(&run).exits_with(2).says("nobody knows what `first` costs").says("price: {input:");
    project.edit(
        "runbooks/inventory.yaml",
        "models: {chat: home-made}",
        "models: {chat: home-made}\n    price: {input: 2 USD, output: 4 USD}",
    );
    project.lifeboat(&[&run[..], &["--dry-run"]].concat()).exits_with(0).says("with first").says("stops at 5.00 USD");
}

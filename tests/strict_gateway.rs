//! A gateway that wants things of its clients and leaves things out of its answers: what a drill says before its baseline, what it sends once it is
//! told, and that it still knows each request again behind a gateway that passes no header on.

use crate::support::{Project, Run};
use serde_json::Value;

/// What the environment says of the service, beside its address.
const WANTS: &str = "model: chat-large, headers_from: {x-gateway-token: 'env:STRICT_TOKEN'}, \
                     body: {max_tokens: null, max_completion_tokens: 64, temperature: null}";
const ENDS: &str = "stream_ends_with: finish_reason, usage: absent";

fn drill(project: &Project, said: &str) -> Run {
    let script = format!("{}/tests/clients/strict_gateway.py", env!("CARGO_MANIFEST_DIR"));
    let upstream = |name: &str| {
        let up = name.to_uppercase();
        format!("{up}_HOST: '${{proxy.{name}.host}}', {up}_PORT: '${{proxy.{name}.port}}', {up}_KEY: '${{credential.{name}}}'")
    };
    let settings = format!(
        "start: {{run: [python3, '{script}', '${{port}}'], pass: [STRICT_TOKEN], env: {{{}, {}}}, ready: 'http://127.0.0.1:${{port}}/'}}, \
         services: {{chat: {{url: 'http://127.0.0.1:${{port}}/v1', {said}}}}}",
        upstream("first"),
        upstream("second")
    );
    project.environment("strict", &settings);
    let mut command = project.command(&["run", "scenarios/quick.yaml", "--env", "strict", "--seed", "2a", "--out", "drill"]);
    project.run(command.env("STRICT_TOKEN", "token-of-the-strict"))
}

fn is_faulty(events: &[Value]) -> bool {
    events.iter().any(|event| event.get("fault_requested").is_some())
}

#[test]
fn what_a_gateway_refuses_is_shown_by_its_own_words() {
    let project = Project::quick();
    let run = drill(&project, "headers_from: {x-gateway-token: 'env:STRICT_TOKEN'}, model: chat-large");
    run.exits_with(3).says("chat: refused the request with status 400: Unsupported parameters: ['max_tokens', 'temperature']");
    run.says("hint: write what it wants to `body:` of `chat`");
    assert!(!project.events("drill").iter().any(|event| event.get("request").is_some()));
}

#[test]
fn what_a_gateway_leaves_out_is_found_before_the_baseline_with_what_to_write() {
    let project = Project::quick();
    drill(&project, WANTS).exits_with(3).says("write `stream_ends_with: finish_reason` and `usage: absent` to `chat`");
    let events = project.events("drill");
    assert!(!is_faulty(&events) && !events.iter().any(|event| event["phase"]["name"] == "baseline"));
}

#[test]
fn a_gateway_gets_what_it_wants_and_each_request_is_known_behind_it() {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "rate: 50/s", "rate: 20/s");
    let run = drill(&project, &format!("{WANTS}, {ENDS}"));
    let events = project.events("drill");
    assert!(is_faulty(&events), "{run:?}");
    let requests: Vec<&Value> = events.iter().filter_map(|event| event.get("request")).collect();
    let good = requests.iter().filter(|request| request["outcome"] == "ok").count();
    assert!(good * 10 > requests.len() * 8, "{good} of {}: {run:?}", requests.len());
    for name in ["first", "second"] {
        let known =
            events.iter().filter_map(|event| event.get("served")).filter(|served| served["by"] == name && served["id"].is_u64()).count();
        assert!(known > 10, "{known} by {name}");
    }
}

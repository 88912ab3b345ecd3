//! `lifeboat compare`: candidates side by side, on prompts of a team's own. Against three real servers on this host (the lab's provider, LiteLLM, and an
//! npm package's), and in the lab, where the truth is known.

use super::support::{Project, Run, node, python, wait_for};
use lifeboat::lab::SimulatedProvider;
use lifeboat::model::{Dialect, Provider, Simulation};
use lifeboat::units::{Duration, Ratio, Seed};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Two simulated candidates: one is always right, the other in most cases, begins later and costs more.
const LAB: &str = "\
version: 1
providers:
  good: {dialect: openai, models: {chat: m}, price: {input: 1 USD, output: 2 USD}, simulation: {first_token_p50: 4ms, tail_share: 0%, tokens: 2000/s}}
  poor:
    dialect: anthropic
    models: {chat: m}
    price: {input: 2 USD, output: 4 USD}
    simulation: {first_token_p50: 25ms, tail_share: 0%, tokens: 2000/s, right: 60%}
services:
  chat: {providers: [good, poor]}
environments:
  lab: {embedded: true}
  real: {allow: {asks: [good]}, services: {chat: {url: 'http://127.0.0.1:1/v1'}}}
";

/// So many prompts, each with its answer in it, and one that expects nothing.
fn prompts(count: usize) -> String {
    let line = |number: usize| {
        let prompt = format!("Our secret customer {number} asks for his code. Answer with: code {number}");
        json!({"id": format!("p{number}"), "prompt": prompt, "expect": [{"equals": format!("code {number}")}], "max_tokens": 40})
            .to_string()
    };
    (0..count).map(|number| line(number) + "\n").collect::<String>()
        + "{\"id\": \"free\", \"prompt\": \"Say anything.\", \"max_tokens\": 20}\n"
}

fn lab() -> Project {
    let project = Project::empty();
    project.write("runbooks/inventory.yaml", LAB).write("prompts/codes.jsonl", &prompts(80));
    project
}

/// The folder of the last comparison.
fn last(project: &Project) -> PathBuf {
    let entries = std::fs::read_dir(project.path("drills/comparisons")).unwrap();
    entries.map(|entry| entry.unwrap().path()).max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap()
}

fn comparison(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("comparison.json")).unwrap()).unwrap()
}

fn everything(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

/// Whether it is shown that one is ahead of the other by a measure.
fn shown(comparison: &Value, measure: &str, better: &str) -> bool {
    let order = comparison["order"].as_array().unwrap();
    order.iter().any(|pair| pair["measure"] == measure && pair["better"] == better && pair["shown"] == true)
}

#[test]
fn what_is_true_in_the_lab_is_shown_and_no_prompt_is_written() {
    let project = lab();
    let arguments = ["compare", "good", "poor", "--prompts", "prompts/codes.jsonl", "--until", "quality", "--volume", "100000/day"];
    let run = project.lifeboat(&[&arguments[..], &["--seed", "2a"]].concat());
    run.exits_with(0).says("good is right more often").says("costs less").says("than poor.").says("a month");
    let folder = last(&project);
    let told = comparison(&folder);
    for measure in ["quality", "cost", "first-token"] {
        assert!(shown(&told, measure, "good"), "{measure}: {told:#}");
    }
    let [good, poor] = told["candidates"].as_array().unwrap().as_slice() else { panic!("{told:#}") };
    assert_eq!((&good["quality"]["hits"], &good["availability"]["lo"].is_f64()), (&good["quality"]["of"], &true));
    let share = poor["quality"]["hits"].as_f64().unwrap() / poor["quality"]["of"].as_f64().unwrap();
    // 60 % of at least 30 prompts: beyond these bounds it is no 60 %.
    assert!((0.3..0.9).contains(&share), "{share}");
    // It was known before all prompts were asked: an answer that is known costs no more.
    assert_eq!(told["comparison"]["ended"], "order known", "{told:#}");
    let said = everything(&folder) + &run.stdout + &run.stderr;
    assert!(!said.contains("secret customer") && !said.contains("code 7"), "a prompt or an answer was written");
    // The same can be rendered again, and as a table; the page is one file that loads nothing.
    let name = folder.strip_prefix(project.path(".")).unwrap_or(&folder).display().to_string();
    project.lifeboat(&["report", &name, "--format", "md"]).exits_with(0).says("Side by side");
    assert!(std::fs::read_to_string(folder.join("report.html")).unwrap().contains("default-src 'none'"));
    let csv = project.lifeboat(&[
        "compare",
        "good",
        "poor",
        "--prompts",
        "prompts/codes.jsonl",
        "--limit",
        "3",
        "--format",
        "csv",
        "--keep",
        "prompts",
    ]);
    csv.exits_with(0);
    assert!(csv.stdout.starts_with("candidate,dialect,model") && csv.stdout.lines().count() == 3, "{}", csv.stdout);
    assert!(everything(&last(&project)).contains("secret customer"), "they were asked for");
    let schema: Value = serde_json::from_str(&project.lifeboat(&["schema", "comparison"]).stdout).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema).unwrap().iter_errors(&told).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn what_got_worse_since_the_last_one_is_a_regression() {
    let project = lab();
    let compare = |more: &[&str]| -> Run {
        let arguments = ["compare", "good", "poor", "--prompts", "prompts/codes.jsonl", "--until", "--seed", "7", "--at-once", "16"];
        project.lifeboat(&[&arguments[..], more].concat())
    };
    compare(&["--against", "last"]).exits_with(2).says("there is no comparison of these candidates before this one");
    compare(&["--out", "drills/comparisons/first"]).exits_with(0);
    // What the machine is busy with may make times worse, and nothing else: the models answer as they did.
    let is_worse = |told: &Value, measure: &str| {
        let changes = told["changes"].as_array().unwrap();
        changes.iter().any(|change| change["change"] == "worse" && (measure.is_empty() || change["measure"] == measure))
    };
    let same = compare(&["--against", "drills/comparisons/first", "--format", "junit"]);
    let told = comparison(&last(&project));
    assert!(!is_worse(&told, "quality") && !is_worse(&told, "cost"), "{:#}", told["changes"]);
    same.exits_with(i32::from(is_worse(&told, ""))).says("good quality");
    // The good one is no longer, and dearer.
    project.edit("runbooks/inventory.yaml", "tokens: 2000/s}}\n  poor", "tokens: 2000/s, right: 50%}}\n  poor");
    project.edit("runbooks/inventory.yaml", "price: {input: 1 USD, output: 2 USD}", "price: {input: 3 USD, output: 6 USD}");
    let worse = compare(&["--against", "last", "--format", "junit"]);
    worse.exits_with(1).says("<failure");
    let told = comparison(&last(&project));
    assert!(is_worse(&told, "quality") && is_worse(&told, "cost"), "{:#}", told["changes"]);
    assert!(std::fs::read_to_string(last(&project).join("report.md")).unwrap().contains("Worse than before: "));
}

#[test]
fn commands_score_once_they_are_trusted() {
    let project = lab();
    // It is right where the answer has as many words as it says, and by half where it has another.
    let script = "#!/bin/sh\nread -r line\ncase \"$line\" in *'\"text\":\"one two\"'*) echo '{\"pass\": true, \"score\": 1}';; *) echo '{\"score\": 0.5}'; exit 1;; esac\n";
    project.write("score.sh", script);
    std::fs::set_permissions(project.path("score.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let line = |id: &str, words: &str| {
        json!({"id": id, "prompt": format!("Answer with: {words}"), "expect": [{"command": ["./score.sh"]}]}).to_string() + "\n"
    };
    project.write("prompts/scored.jsonl", &(line("a", "one two") + &line("b", "three") + &line("c", "one two")));
    let arguments = ["compare", "good", "poor", "--prompts", "prompts/scored.jsonl"];
    let untrusted = project.run(project.command(&arguments).env_remove("LIFEBOAT_TRUSTED"));
    untrusted.exits_with(2).says("score in scored.jsonl: ./score.sh");
    project.run(project.command(&["trust", "."]).env_remove("LIFEBOAT_TRUSTED")).exits_with(0).says("./score.sh");
    project.run(project.command(&arguments).env_remove("LIFEBOAT_TRUSTED")).exits_with(0);
    let good = &comparison(&last(&project))["candidates"][0];
    assert_eq!((&good["quality"]["hits"], &good["quality"]["of"]), (&json!(2), &json!(3)), "{good:#}");
    assert!((good["score"].as_f64().unwrap() - 2.5 / 3.0).abs() < 1e-9, "{good:#}");
    project.write("prompts/gone.jsonl", "{\"prompt\": \"a\", \"expect\": {\"command\": [\"./none.sh\"]}}\n");
    let gone = project.lifeboat(&["compare", "good", "poor", "--prompts", "prompts/gone.jsonl"]);
    gone.exits_with(2).says("prompts/gone.jsonl:1: `./none.sh` cannot be started");
}

#[test]
fn ctrl_c_ends_it_with_what_is_known() {
    let project = lab();
    project.edit("runbooks/inventory.yaml", "first_token_p50: 4ms", "first_token_p50: 400ms");
    let arguments = ["compare", "good", "poor", "--prompts", "prompts/codes.jsonl", "--rounds", "50", "--until"];
    let mut compare = project.start(&arguments);
    // Its folder is made before anybody is asked.
    wait_for("the comparison's folder", || project.path("drills/comparisons").is_dir().then_some(()));
    compare.signal(2).until("stopping: what is known so far is told");
    compare.finish().exits_with(4).says("Somebody stopped it");
    assert_eq!(comparison(&last(&project))["comparison"]["ended"], "stopped");
}

/// What is said before anybody is asked.
#[test]
fn nobody_is_asked_who_may_not_be_or_without_prompts_that_can_be_read() {
    let project = lab();
    project.write("prompts/bad.jsonl", "{\"prompt\": \"a\"}\n{\"promt\": \"b\"}\n");
    let compare = |more: &[&str]| project.lifeboat(&[&["compare"][..], more, &["--prompts", "prompts/codes.jsonl"]].concat());
    compare(&["good", "poore"]).exits_with(2).says("there is no provider `poore` in the inventory").says("did you mean `poor`?");
    compare(&["good"]).exits_with(2).says("there is nothing to compare it with");
    compare(&["good", "good"]).exits_with(2).says("`good` is named twice");
    compare(&["good", "poor", "--env", "real"])
        .exits_with(2)
        .says("`poor` may not be asked in the environment `real`")
        .says("allow: {asks: [poor]}");
    let bad = project.lifeboat(&["compare", "good", "poor", "--prompts", "prompts/bad.jsonl"]);
    bad.exits_with(2).says("prompts/bad.jsonl:2: unknown key `promt`").says("did you mean `prompt`?");
    // One that is not there answers nothing, and that is told.
    project.edit("runbooks/inventory.yaml", "asks: [good]", "asks: [good, poor]");
    project.edit("runbooks/inventory.yaml", "good: {dialect: openai,", "good: {dialect: openai, base_url: 'http://127.0.0.1:1/v1',");
    project.edit("runbooks/inventory.yaml", "    dialect: anthropic\n", "    dialect: anthropic\n    base_url: 'http://127.0.0.1:1'\n");
    let silent = compare(&["good", "poor", "--env", "real", "--limit", "2", "--out", "silent"]);
    silent.exits_with(3).says("good and poor answered nothing.").says("no-answer");
    // A real provider: what it may cost is told, and nobody can be asked.
    project.edit("runbooks/inventory.yaml", "http://127.0.0.1:1/v1", "https://api.example/v1");
    project.edit("runbooks/inventory.yaml", "asks: [good, poor]", "asks: [good, poor], max_spend: 0.50 USD");
    let billed = compare(&["good", "poor", "--env", "real"]);
    billed
        .exits_with(2)
        .says("real providers will be asked, and will send a bill")
        .says("for 81 requests")
        .says("stops at 0.50 USD")
        .says("--yes");
    assert!(!project.path("drills").exists(), "nothing was begun");
}

/// A program that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether somebody listens at a URL.
fn answers(url: &str) -> bool {
    let address = url.trim_start_matches("http://").split('/').next().and_then(|address| address.parse::<SocketAddr>().ok());
    address.is_some_and(|address| std::net::TcpStream::connect(address).is_ok())
}

/// A LiteLLM proxy whose model always says `Paris`.
fn litellm(site: &Project) -> (Server, String) {
    let programs = python("litellm", "scenarios/gateways/litellm/requirements.txt");
    site.write(
        "litellm.yaml",
        "model_list:\n  - model_name: mock\n    litellm_params: {model: openai/mock, api_key: none, mock_response: Paris}\n\
         litellm_settings: {telemetry: false}\ngeneral_settings: {master_key: sk-of-litellm}\n",
    );
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(programs.join("litellm"));
    command.args(["--config", "litellm.yaml", "--host", "127.0.0.1", "--port", &port.to_string()]).current_dir(site.path("."));
    command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True").env("NO_PROXY", "*").stdout(Stdio::null()).stderr(Stdio::null());
    (Server(command.spawn().unwrap()), format!("http://127.0.0.1:{port}/v1"))
}

/// An npm package's server, which knows the capital of France and calls a tool, and otherwise says that it does not know.
fn aimock(site: &Project) -> (Server, String) {
    let modules = node("aimock", &["@copilotkit/aimock@1.43.0"]);
    site.write(
        "fixtures.json",
        &json!({"fixtures": [
            {"match": {"userMessage": "France"}, "response": {"content": "The capital of France is Paris."}},
            {"match": {"userMessage": "weather"}, "response": {"toolCalls": [{"name": "weather", "arguments": "{\"city\":\"Rome\"}"}]}},
            {"match": {}, "response": {"content": "I do not know."}},
        ]})
        .to_string(),
    );
    let said = site.path("aimock.txt");
    let mut command = Command::new("node");
    command.arg(modules.join("@copilotkit/aimock/dist/cli.js")).args(["-p", "0", "-f", "fixtures.json"]).current_dir(site.path("."));
    command.stdout(std::fs::File::create(&said).unwrap()).stderr(Stdio::null());
    let server = Server(command.spawn().unwrap());
    let url = wait_for("the address of the npm package's server", || {
        let text = std::fs::read_to_string(&said).ok()?;
        Some(text.split_once("listening on ")?.1.lines().next()?.to_owned())
    });
    (server, format!("{url}/v1"))
}

/// The lab's provider in this process, which answers as it is told, and one prompt of ten wrongly.
fn simulated() -> SimulatedProvider {
    let simulation = Simulation {
        first_token_p50: Duration::from_millis(20),
        first_token_p95: Duration::from_millis(30),
        tail_share: Ratio::new(0.0).unwrap(),
        right: Ratio::new(0.9).unwrap(),
        ..Simulation::default()
    };
    let provider = Provider {
        dialect: Dialect::OpenAi,
        cloud: None,
        region: None,
        residency: None,
        base_url: None,
        credential: None,
        models: BTreeMap::new(),
        price: None,
        contract: None,
        retires: BTreeMap::new(),
        simulation,
    };
    SimulatedProvider::start("lab", &provider, "sk-of-the-lab".into(), Seed(1), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap()
}

#[test]
fn three_real_servers_are_held_side_by_side() {
    // The servers' own files, with their key, lie elsewhere.
    let (project, site) = (Project::empty(), Project::empty().unsearched());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let within = runtime.enter();
    let (_first, litellm) = litellm(&site);
    let (_second, aimock) = aimock(&site);
    let simulated = simulated();
    let inventory = format!(
        "version: 1\ncredentials:\n  lab-key: {{kind: api-key, from: 'env:LAB_KEY'}}\n  litellm-key: {{kind: api-key, from: 'env:LITELLM_KEY'}}\n\
         providers:\n  lab: {{dialect: openai, base_url: '{}', credential: lab-key, models: {{chat: m}}, price: {{input: 1 USD, output: 2 USD}}}}\n  \
         litellm: {{dialect: openai, base_url: '{litellm}', credential: litellm-key, models: {{chat: mock}}, price: {{input: 1 USD, output: 2 USD}}}}\n  \
         aimock: {{dialect: openai, base_url: '{aimock}', models: {{chat: mock}}, price: {{input: 1 USD, output: 2 USD}}}}\n\
         services:\n  chat: {{providers: [lab]}}\nenvironments:\n  own: {{allow: {{asks: [lab, litellm, aimock]}}, services: {{chat: {{url: '{litellm}'}}}}}}\n",
        simulated.base_url()
    );
    project.write("runbooks/inventory.yaml", &inventory);
    // Two prompts of three have another answer than `Paris`, which LiteLLM's model always gives.
    let capital = |number: usize| match number % 3 {
        0 => ("France", "Paris"),
        1 => ("Italy", "Rome"),
        _ => ("Spain", "Madrid"),
    };
    let line = |number: usize| {
        let (country, city) = capital(number);
        let prompt = format!("{number}: what is the capital of {country}? Answer with: {city}");
        json!({"id": format!("p{number}"), "prompt": prompt, "expect": [{"contains": city}], "max_tokens": 30}).to_string() + "\n"
    };
    let tool = json!({"id": "tool", "prompt": "The weather in Rome, please. Answer with: {\"city\": \"Rome\"}", "tools": [{"name": "weather"}],
        "expect": [{"tool": {"name": "weather", "arguments": {"city": "Rome"}}}]});
    project.write("prompts.jsonl", &((0..60).map(line).collect::<String>() + &tool.to_string() + "\n"));
    wait_for("LiteLLM", || answers(&litellm).then_some(()));
    let arguments =
        ["compare", "lab", "litellm", "aimock", "--env", "own", "--prompts", "prompts.jsonl", "--until", "--volume", "1000/day"];
    let run = project.run(project.command(&arguments).env("LAB_KEY", "sk-of-the-lab").env("LITELLM_KEY", "sk-of-litellm"));
    run.exits_with(0).says("quality: lab before litellm and aimock; nothing is shown between aimock and litellm");
    let told = comparison(&last(&project));
    let of = |name: &str| told["candidates"].as_array().unwrap().iter().find(|each| each["who"]["name"] == name).unwrap().clone();
    for name in ["lab", "litellm", "aimock"] {
        let candidate = of(name);
        assert_eq!((&candidate["availability"]["hits"], &candidate["quality"]["of"]), (&json!(61), &json!(61)), "{candidate:#}");
        assert!(candidate["first_token_ms"]["p50"]["lo"].is_f64() && candidate["input_tokens"].is_f64(), "{candidate:#}");
        assert!(candidate["month"].is_string(), "{candidate:#}");
    }
    // LiteLLM's and the package's know France alone; the package calls the tool too.
    assert_eq!((&of("litellm")["quality"]["hits"], &of("aimock")["quality"]["hits"]), (&json!(20), &json!(21)));
    let right = of("lab")["quality"]["hits"].as_u64().unwrap();
    // 90 % of 61: fewer than 47 come once in ten thousand seeds, and this one is fixed.
    assert!((47..=61).contains(&right), "{right}");
    assert!(shown(&told, "quality", "lab"), "{:#}", told["order"]);
    let pair = |better: &str, worse: &str| {
        let order = told["order"].as_array().unwrap();
        order.iter().any(|pair| pair["measure"] == "quality" && pair["better"] == better && pair["worse"] == worse && pair["shown"] == true)
    };
    assert!(!pair("aimock", "litellm"), "one prompt of 61 shows nothing");
    assert_eq!(told["comparison"]["spent"].as_str().map(|spent| spent.ends_with(" USD")), Some(true));
    println!("{}", run.stdout);
    drop(within);
    runtime.block_on(simulated.stop());
}

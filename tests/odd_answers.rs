//! Odd answers that providers and gateways really send: what the providers' own clients give their users of each, and what the traffic says.
//!
//! Python plays the provider and each client; then the traffic's own client asks the same provider the same. An answer is service exactly where
//! the client gave its user the words, but for the rows below, which are stricter on purpose.

use crate::support::{Project, client};
use lifeboat::dialect::{ClientRequest, Mark, canary, prompt};
use lifeboat::journal::Clock;
use lifeboat::model::{Complete, Dialect, StreamEnd, UsageReport};
use lifeboat::traffic::{Client, ClientSettings, Target};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

const MARK: Mark = Mark { drill: 3, id: 99 };

/// Taken by clients, which would take half of it as well, or do not count. (`nullusage` is raised by anthropic's gathering of a stream, and read
/// by its plain one.)
const STRICTER: &str = "\
anthropic nostop: no-terminal-marker
anthropic nullusage: ok
gemini nocandidatescount: no-usage
openai lastnodone: no-terminal-marker
openai nodone: no-terminal-marker
openai nousage: no-usage
openai-whole wnofinish: silently-truncated
";

fn asked(port: &str, name: &str, variant: &str, complete: Complete) -> Client {
    let (dialect, path) = match name {
        "anthropic" => (Dialect::Anthropic, ""),
        "gemini" => (Dialect::Vertex, "/v1beta"),
        _ => (Dialect::OpenAi, "/v1"),
    };
    let base_url = format!("http://127.0.0.1:{port}/v/{variant}{path}");
    let target = Target { base_url, dialect, model: "gpt-4o".into(), key: "k".into(), replicas: Vec::new() };
    Client::with(target, ClientSettings { complete, ..ClientSettings::default() }).unwrap()
}

async fn word(client: &Client, streamed: bool) -> String {
    let ask = ClientRequest::chat(MARK, "gpt-4o", streamed);
    match client.rehearse(&ask, Clock::start(), Duration::from_secs(10)).await.1 {
        Ok(()) => "ok".to_owned(),
        Err(bad) => bad.why.into_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_service_where_the_providers_own_client_gives_it_to_its_user() {
    let project = Project::empty();
    let mut command = client("odd_answers.py", &project);
    let mut python = command.arg(prompt(MARK, &Default::default())).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(python.stdout.take().unwrap()).lines().map(Result::unwrap);
    let port = lines.next().expect("the provider's port");
    let (mut stricter, mut taken, mut seen) = (String::new(), BTreeMap::new(), 0);
    for line in lines.take_while(|line| line != "end") {
        let [name, variant, text] = line.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
        let text: Option<String> = serde_json::from_str(text).unwrap();
        let is_taken = text.is_some_and(|text| text.contains(&canary(MARK)));
        let word = word(&asked(&port, name, variant, Complete::default()), name != "openai-whole").await;
        if is_taken != (word == "ok") {
            stricter += &format!("{name} {variant}: {word}\n");
        }
        taken.insert(format!("{name} {variant}"), word);
        seen += 1;
    }
    let mut sorted: Vec<&str> = stricter.lines().collect();
    sorted.sort_unstable();
    assert_eq!(sorted.join("\n") + "\n", STRICTER);
    // What is known of a service is no flaw of it.
    let known = Complete { stream_ends_with: StreamEnd::FinishReason, usage: UsageReport::Absent };
    for variant in ["nodone", "nousage", "lastnodone", "plain"] {
        assert_eq!(word(&asked(&port, "openai", variant, known), true).await, "ok", "{variant}");
    }
    assert_eq!(word(&asked(&port, "anthropic", "nostop", known), true).await, "ok");
    assert_eq!(word(&asked(&port, "openai", "nofinish", known), true).await, "ok", "its marker is there");
    assert_eq!(taken["anthropic thinkonly"], "empty");
    assert!(seen > 100, "{seen} answers");
    drop(python.stdin.take());
    assert!(python.wait().unwrap().success());
}

//! The words of a file and those that people write in their place: what other tools call the same thing, what was mistyped, where a key
//! belongs that stands elsewhere, and how a value looks that is missing.
//!
//! What this file does not do: say which words a place takes. Whoever reads the place says that, and a word from here is only suggested where
//! the place takes it.

use crate::units::{closest, plain};

/// What other tools call a thing, in small letters with `-`, and our words for it: the first that the place takes is meant.
const THEIRS: &[(&str, &[&str])] = &[
    // Steps, as in Ansible, GitHub Actions, Chaos Toolkit, Rundeck.
    ("exec", &["run"]),
    ("execute", &["run"]),
    ("shell", &["run"]),
    ("sh", &["run"]),
    ("bash", &["run"]),
    ("cmd", &["command", "run"]),
    ("command", &["run"]),
    ("script", &["run"]),
    ("process", &["run"]),
    ("action", &["run"]),
    ("args", &["command", "run"]),
    ("sleep", &["pause"]),
    ("wait", &["pause"]),
    ("delay", &["pause", "latency"]),
    ("wait-for", &["wait_until"]),
    ("until", &["wait_until"]),
    ("assert", &["wait_until"]),
    ("verify", &["wait_until"]),
    ("check", &["wait_until"]),
    ("probe", &["wait_until"]),
    ("curl", &["http"]),
    ("request", &["http"]),
    ("uri", &["url", "http"]),
    ("url", &["base_url", "address", "http"]),
    ("webhook", &["http"]),
    ("approve", &["confirm"]),
    ("approval", &["confirm"]),
    ("manual", &["confirm", "by-hand"]),
    ("ask", &["confirm"]),
    ("prompt", &["confirm"]),
    ("question", &["confirm"]),
    ("slack", &["notify"]),
    ("message", &["notify"]),
    ("page", &["notify"]),
    ("email", &["notify"]),
    ("pagerduty", &["notify"]),
    ("alert", &["notify"]),
    ("patch", &["switch"]),
    ("kubectl", &["switch"]),
    ("set", &["switch"]),
    ("rollout", &["canary"]),
    ("group", &["parallel"]),
    ("uses", &["include"]),
    ("import", &["include"]),
    ("call", &["include"]),
    ("rollback", &["undo"]),
    ("cleanup", &["undo"]),
    ("if", &["when"]),
    ("register", &["output"]),
    ("retry", &["retries"]),
    ("max-attempts", &["retries"]),
    ("continue-on-error", &["on_failure"]),
    ("on-error", &["on_failure"]),
    ("cwd", &["folder"]),
    ("working-directory", &["folder"]),
    ("env-from", &["pass"]),
    // Timelines and faults, as in Toxiproxy, Chaos Mesh, Litmus, Envoy.
    ("duration", &["for", "hold", "expected", "timeout"]),
    ("length", &["for"]),
    ("target", &["on", "to", "of"]),
    ("provider", &["on", "providers", "of"]),
    ("upstream", &["on", "base_url"]),
    ("toxic", &["fault"]),
    ("type", &["kind", "fault", "dialect", "form"]),
    ("start-at", &["at"]),
    ("offset", &["at"]),
    ("warmup", &["baseline", "warm_up"]),
    ("warm-up", &["baseline", "warm_up"]),
    ("steady-state", &["baseline"]),
    ("cooldown", &["watch"]),
    ("recovery", &["watch"]),
    ("experiments", &["faults"]),
    ("reset-peer", &["reset"]),
    ("timeout", &["blackhole", "deadline"]),
    ("down", &["refuse"]),
    ("unreachable", &["refuse", "blackhole"]),
    ("packet-loss", &["blackhole"]),
    ("loss", &["blackhole"]),
    ("partition", &["blackhole"]),
    ("hang", &["stall"]),
    ("freeze", &["stall"]),
    ("slow", &["latency"]),
    ("abort", &["status", "stop"]),
    ("error", &["status"]),
    ("http-error", &["status"]),
    ("503", &["status"]),
    ("500", &["status"]),
    ("429", &["rate-limit"]),
    ("throttle", &["rate-limit", "bandwidth"]),
    ("limit-data", &["cut"]),
    ("slow-close", &["latency"]),
    ("dns", &["dns-failure"]),
    ("certificate", &["tls"]),
    ("http-status", &["code", "status"]),
    ("status-code", &["code", "status"]),
    ("percentage", &["probability"]),
    ("toxicity", &["probability"]),
    // Traffic, as in k6, Locust, wrk, Vegeta.
    ("rps", &["rate", "max_rate"]),
    ("qps", &["rate", "max_rate"]),
    ("average-order-value", &["order_value"]),
    ("aov", &["order_value"]),
    ("basket", &["order_value"]),
    ("query", &["promql"]),
    ("expr", &["promql"]),
    ("title", &["as"]),
    ("overlays", &["overlay"]),
    ("requests-per-second", &["rate", "max_rate"]),
    ("throughput", &["rate"]),
    ("constant-arrival-rate", &["constant"]),
    ("steady", &["constant"]),
    ("uniform", &["constant"]),
    ("random", &["poisson", "jittered"]),
    ("stages", &["rate"]),
    ("max-vus", &["max_in_flight"]),
    ("chat-completion", &["chat"]),
    ("chat-completions", &["chat"]),
    ("completion", &["chat"]),
    ("completions", &["chat"]),
    ("streaming", &["chat-stream"]),
    ("stream", &["chat-stream"]),
    ("embedding", &["embeddings"]),
    ("get", &["http"]),
    ("post", &["http"]),
    // Objectives.
    ("thresholds", &["objectives"]),
    ("slos", &["objectives"]),
    ("sla", &["objectives", "slo"]),
    ("recovery-time", &["rto"]),
    ("max-downtime", &["rto"]),
    ("availability", &["success"]),
    ("success-rate", &["success"]),
    ("error-rate", &["success"]),
    ("latency", &["slo"]),
    ("ttft", &["first_token"]),
    ("time-to-first-token", &["first_token"]),
    ("data-loss", &["rpo"]),
    ("hold", &["stable_for"]),
    // Inventories, as in LiteLLM, Portkey, Kubernetes.
    ("model-list", &["providers"]),
    ("upstreams", &["providers"]),
    ("targets", &["providers"]),
    ("backends", &["providers"]),
    ("tokens", &["secrets", "credentials"]),
    ("keys", &["credentials"]),
    ("people", &["contacts"]),
    ("teams", &["contacts"]),
    ("api-base", &["base_url"]),
    ("endpoint", &["base_url", "address", "url"]),
    ("host", &["base_url", "url", "listen"]),
    ("api-key", &["credential", "key_from"]),
    ("key", &["credential", "key_from"]),
    ("model", &["models"]),
    ("fallbacks", &["providers", "standbys"]),
    ("fallback", &["providers", "standbys"]),
    ("primary", &["providers", "share"]),
    ("standby", &["providers", "standbys"]),
    ("port", &["listen"]),
    ("bind", &["listen"]),
    ("openai-compatible", &["openai"]),
    ("litellm", &["openai"]),
    ("vllm", &["openai"]),
    ("ollama", &["openai"]),
    ("azure", &["azure-openai"]),
    ("aws", &["bedrock", "aws-secretsmanager"]),
    ("gemini", &["vertex"]),
    ("google", &["vertex"]),
    ("claude", &["anthropic"]),
    ("hashicorp-vault", &["vault"]),
    ("k8s", &["kubernetes"]),
    ("secretsmanager", &["aws-secretsmanager"]),
    ("exec-plugin", &["command"]),
    ("critical", &["single-point-of-failure"]),
    ("high", &["single-point-of-failure"]),
    ("spof", &["single-point-of-failure"]),
    ("tier-1", &["single-point-of-failure"]),
    ("medium", &["recoverable"]),
    ("low", &["optional"]),
    ("tier", &["criticality"]),
    ("priority", &["criticality"]),
    ("severity", &["criticality"]),
    // Schedules, as in Kubernetes, GitHub Actions, Airflow.
    ("timezone", &["zone"]),
    ("time-zone", &["zone"]),
    ("tz", &["zone"]),
    ("crontab", &["cron"]),
    ("env", &["environment"]),
    ("rrule", &["when"]),
    ("concurrency-policy", &["overlap"]),
    ("concurrency", &["overlap", "max_in_flight"]),
    ("starting-deadline-seconds", &["window"]),
    ("misfire", &["if_missed"]),
    ("catchup", &["if_missed"]),
    ("catch-up", &["if_missed"]),
    ("forbid", &["skip"]),
    ("queue", &["wait"]),
    // Contracts.
    ("license", &["licence"]),
    ("expires", &["ends"]),
    ("expiry", &["ends"]),
    ("end-date", &["ends"]),
    ("notice-period", &["notice"]),
    ("termination", &["exit_clause"]),
    ("exit", &["exit_clause"]),
    ("pricing", &["price"]),
    ("revocable", &["revocable_by"]),
    ("portability", &["data_export"]),
    ("deprecations", &["retires"]),
    ("end-of-life", &["retires"]),
    ("vendor", &["provider"]),
    ("us", &["customer"]),
    // Words of closed lists.
    ("automatic", &["on-detection"]),
    ("auto", &["on-detection"]),
    ("immediately", &["with-the-fault"]),
    ("ignore", &["continue"]),
    ("fail", &["stop"]),
    ("token", &["api-key", "oauth-token", "token_from"]),
    ("bearer", &["oauth-token", "api-key"]),
];

/// Keys that people write one level too high, and the key that they stand under.
const UNDER: &[(&str, &[&str])] = &[
    ("timeline", &["baseline", "faults", "watch"]),
    (
        "traffic",
        &["rate", "arrivals", "request", "max_in_flight", "engine", "script", "trace", "bursts", "connections", "timeouts", "max_tokens"],
    ),
    (
        "objectives",
        &["rto", "rpo", "slo", "deadline", "success", "stable_for", "failback", "gate", "residency", "max_consecutive_bad", "lag_max"],
    ),
    ("allow", &["max_rate", "max_spend", "max_requests", "max_duration", "faults_on", "revoke", "hours", "freezes"]),
    ("approvals", &["needed"]),
    ("simulation", &["first_token_p50", "first_token_p95", "tail_share", "tail_p50", "credential_life", "limits"]),
    ("gateway", &["breaker", "try_timeout", "replicas", "token_cache", "credentials"]),
    ("fault", &["probability", "only", "match", "shape", "retry_after"]),
];

/// The outermost keys of files that a person may indent by mistake.
const OUTERMOST: [&str; 8] = ["objectives", "timeline", "traffic", "abort_when", "steps", "escalate", "environments", "services"];

/// What people write where `true` or `false` is meant.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "1" | "enabled" => Some(true),
        "false" | "no" | "n" | "off" | "0" | "disabled" => Some(false),
        _ => None,
    }
}

/// The word of a list that was probably meant: by another tool's name for it, or mistyped.
pub(super) fn meant<'w>(word: &str, words: impl Iterator<Item = &'w str> + Clone) -> Option<&'w str> {
    let plain = plain(word);
    let ours = THEIRS.iter().find(|(theirs, _)| *theirs == plain).map_or(&[][..], |(_, ours)| ours);
    ours.iter().find_map(|ours| words.clone().find(|word| word == ours)).or_else(|| closest(word, words))
}

/// Where a key belongs that does not belong where it stands. `known` are the keys that may stand there.
pub(super) fn place(key: &str, known: &[&str]) -> Option<String> {
    let above = UNDER.iter().find(|(above, below)| known.contains(above) && below.contains(&key)).map(|(above, _)| above);
    match above {
        Some(above) => Some(format!("it belongs under `{above}:`, indented more than that")),
        None if OUTERMOST.contains(&key) => Some(format!("write `{key}:` at the beginning of its line, without indentation")),
        None => None,
    }
}

/// A value such as the key may have.
pub(super) fn example(key: &str) -> &'static str {
    match key {
        "version" => "1",
        "timeout" | "rto" => "30s",
        "for" | "hold" => "20s",
        "after" => "10s",
        "rate" => "50/s",
        "faults" => "[{at: 0s, on: PROVIDER, fault: {blackhole: {}}, for: 20s}]",
        "fault" => "{blackhole: {}}",
        "on" => "PROVIDER",
        "run" => "[./switch.sh, \"${standby}\"]",
        "start" => "on-detection",
        "dialect" => "openai",
        "url" => "\"https://gateway.example/v1\"",
        "address" => "\"https://vault.example:8200\"",
        "as" => "checkout p95",
        "from" => "\"env:NAME\"",
        "message" => "\"…\"",
        "ready" => "\"http://127.0.0.1:${port}/health\"",
        "success_below" => "5%",
        "schedule" => "NAME",
        "scenarios" => "[scenarios/outage.yaml]",
        "environment" => "staging",
        "when" => "second Tuesday of every quarter, 10:00 Europe/Berlin",
        _ => "…",
    }
}

/// The hint for a word that is not in a list: the one that was probably meant, else the whole list.
pub(super) fn pick<'w>(word: &str, words: impl Iterator<Item = &'w str> + Clone) -> String {
    match meant(word, words.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("write {}", listed(words)),
    }
}

/// `a`, `b` or `c`.
pub(super) fn listed<'w>(words: impl Iterator<Item = &'w str>) -> String {
    joined(words.map(|word| format!("`{word}`")), "or")
}

/// `a`, `b` and `c`.
pub(super) fn all_of<'w>(words: impl Iterator<Item = &'w str>) -> String {
    joined(words.map(|word| format!("`{word}`")), "and")
}

/// The texts as a sentence names them.
pub(super) fn joined(texts: impl Iterator<Item = String>, last: &str) -> String {
    let texts: Vec<String> = texts.collect();
    match texts.as_slice() {
        [] => "nothing".into(),
        [one] => one.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_tools_word_is_understood_where_the_place_takes_ours() {
        let steps = ["wait_until", "http", "run", "confirm", "pause", "notify"];
        for (theirs, ours) in
            [("exec", "run"), ("Shell", "run"), ("wait_for", "wait_until"), ("curl", "http"), ("sleep", "pause"), ("slack", "notify")]
        {
            assert_eq!(meant(theirs, steps.into_iter()), Some(ours), "{theirs}");
        }
        assert_eq!(meant("slack", ["webhook", "contact"].into_iter()), None);
        assert_eq!(meant("duration", ["at", "on", "for"].into_iter()), Some("for"));
    }

    #[test]
    fn each_of_their_words_is_there_once_and_in_its_plain_form() {
        for (place, (theirs, _)) in THEIRS.iter().enumerate() {
            assert_eq!(plain(theirs), *theirs);
            assert!(THEIRS[..place].iter().all(|(other, _)| other != theirs), "`{theirs}` is there twice");
        }
    }
}

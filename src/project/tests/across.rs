//! Mistakes that show only across files, and several at once, word for word.

use super::{Files, INVENTORY_PATH, RUNBOOK_PATH, SCENARIO_PATH, gets};

#[test]
fn two_that_listen_at_one_address_are_found() {
    let allow = "    allow: {faults_on: [openai-eu], max_rate: 20/s}\n";
    let said = |more: &str| {
        let files = Files::new();
        files.spoil(INVENTORY_PATH, allow, &format!("{allow}{more}"));
        files.check()
    };
    let both = |one: &str, other: &str| {
        said(&format!("    proxies: {{azure-swedencentral: {{listen: \"{one}\"}}, openai-eu: {{listen: \"{other}\"}}}}\n"))
    };
    let same = "error: the proxy of `azure-swedencentral` and the proxy of `openai-eu` of `staging` would listen at the same address\n";
    for (one, other) in
        [("127.0.0.1:9201", "127.0.0.1:9201"), ("localhost:1", "127.0.0.1:1"), ("0.0.0.0:1", "127.0.0.1:1"), ("[::1]:1", "[::]:1")]
    {
        assert!(both(one, other).starts_with(same), "{one} {other}: {}", both(one, other));
    }
    for (one, other) in [("127.0.0.1:1", "127.0.0.1:2"), ("127.0.0.1:1", "127.0.0.2:1"), ("127.0.0.1:0", "127.0.0.1:0")] {
        assert_eq!(both(one, other), "", "{one} {other}");
    }
    let beside = |more: &str| said(&format!("    proxies: {{openai-eu: {{listen: \"127.0.0.1:9201\"}}}}\n{more}"));
    assert!(
        beside("    alerts: {listen: \"127.0.0.1:9201\"}\n").contains("the proxy of `openai-eu` and the receiver of alerts of `staging`")
    );
    assert!(
        beside("    control: {url: \"http://localhost:9201\"}\n").contains("the proxy of `openai-eu` and the control API of `staging`")
    );
}

#[test]
fn a_provider_that_is_its_own_proxy_is_found() {
    let answers = |url: &str, listen: &str| {
        let files = Files::new();
        let proxies = format!(
            "environments:\n  staging:\n    proxies: {{azure-swedencentral: {{listen: \"{listen}\"}}, openai-eu: {{listen: \"127.0.0.1:2\"}}}}\n"
        );
        files.spoil(INVENTORY_PATH, "environments:\n  staging:\n", &proxies);
        files.spoil(INVENTORY_PATH, "https://a.example", url);
        files.check()
    };
    for (url, listen) in
        [("http://127.0.0.1:9201/v1", "127.0.0.1:9201"), ("http://localhost:1", "0.0.0.0:1"), ("http://p.example", "p.example:80")]
    {
        let said = answers(url, listen);
        assert!(said.starts_with("error: this is where its own proxy listens in `staging`, which would ask itself\n"), "{url}: {said}");
        assert!(said.contains("= hint: write where the provider itself answers"), "{url}: {said}");
    }
    assert!(
        answers("http://127.0.0.1:2", "127.0.0.1:1").starts_with("warning: this is where the proxy of `openai-eu` listens in `staging`")
    );
    for (url, listen) in [("http://127.0.0.1:9101", "127.0.0.1:9201"), ("https://a.example:9201", "0.0.0.0:9201")] {
        assert_eq!(answers(url, listen), "", "{url}");
    }
}

#[test]
fn a_missing_runbook_is_found() {
    gets(
        SCENARIO_PATH,
        "runbook: runbooks/switch.yaml",
        "runbook: runbooks/swich.yaml",
        r#"
error: the runbook `runbooks/swich.yaml` does not exist
  --> scenarios/outage.yaml:4:10
   |
 4 | runbook: runbooks/swich.yaml
   |          ^^^^^^^^^^^^^^^^^^^
   = hint: did you mean `runbooks/switch.yaml`?
"#,
    );
}

#[test]
fn a_standby_that_is_the_primary_is_found() {
    gets(
        INVENTORY_PATH,
        "providers: [azure-swedencentral, openai-eu]",
        "providers: [azure-swedencentral, azure-swedencentral]",
        r#"
error: the standby `azure-swedencentral` is the primary
   --> runbooks/inventory.yaml:14:38
    |
 14 |     providers: [azure-swedencentral, azure-swedencentral]
    |                                      ^^^^^^^^^^^^^^^^^^^
    = hint: name a different provider, or take it away
"#,
    );
}

#[test]
fn traffic_too_thin_for_the_rto_is_told_the_rate_that_would_do() {
    let files = Files::new();
    files.spoil(SCENARIO_PATH, "rate: 50/s", "rate: 0.1/s");
    files.spoil(SCENARIO_PATH, "baseline: 8s", "baseline: 4m");
    let said = r#"
error: a hold of 8 s proves little; the least is 5 gaps between requests, which is 1 min 15 s
   --> runbooks/inventory.yaml:16:64
    |
 16 |     objectives: {rto: 10s, slo: {first_token: 2s}, stable_for: 8s}
    |                                                                ^^
    = hint: write `stable_for: 1m15s`

error: too few requests to measure an RTO of 10 s: a gap of 15 s and the service level of 2 s leave nothing of it
  --> scenarios/outage.yaml:5:17
   |
 5 | traffic: {rate: 0.1/s}
   |                 ^^^^^
   = hint: write `rate: 1/s`, or a longer RTO
"#;
    assert_eq!(files.check(), said.trim_start());
}

#[test]
fn a_service_level_as_long_as_the_rto_resolves_nothing() {
    gets(
        INVENTORY_PATH,
        "slo: {first_token: 2s}",
        "slo: {first_token: 12s}",
        r#"
error: a service level of 12 s leaves nothing of an RTO of 10 s
   --> runbooks/inventory.yaml:16:33
    |
 16 |     objectives: {rto: 10s, slo: {first_token: 12s}, stable_for: 8s}
    |                                 ^
    = hint: write a service level well below 10 s, for example `slo: {first_token: 2.5s}`
"#,
    );
}

#[test]
fn a_fault_shorter_than_rto_and_hold_is_found() {
    gets(
        SCENARIO_PATH,
        "for: 20s",
        "for: 12s",
        r#"
error: the primary is broken for 12 s, shorter than the RTO of 10 s and the hold of 8 s together
  --> scenarios/outage.yaml:9:70
   |
 9 |     - {at: 0s, on: azure-swedencentral, fault: {blackhole: {}}, for: 12s}
   |                                                                      ^^^
   = hint: write `for: 18s` or longer
"#,
    );
}

#[test]
fn a_hold_that_is_too_short_is_found() {
    gets(
        INVENTORY_PATH,
        "stable_for: 8s",
        "stable_for: 2s",
        r#"
error: a hold of 2 s proves little; the least is 5 s
   --> runbooks/inventory.yaml:16:64
    |
 16 |     objectives: {rto: 10s, slo: {first_token: 2s}, stable_for: 2s}
    |                                                                ^^
    = hint: write `stable_for: 5s`
"#,
    );
}

#[test]
fn a_deadline_below_the_service_level_is_found() {
    gets(
        SCENARIO_PATH,
        "failback: 10s",
        "failback: 10s, deadline: 1s",
        r#"
error: the client gives up after 1 s, before the service level of 2 s is missed
   --> scenarios/outage.yaml:11:39
    |
 11 | objectives: {failback: 10s, deadline: 1s}
    |                                       ^^
    = hint: write `deadline: 2s` or longer
"#,
    );
}

#[test]
fn a_step_that_does_two_things_is_found() {
    gets(
        RUNBOOK_PATH,
        "    wait_until:",
        "    pause: 3s\n    wait_until:",
        r#"
error: a step has `pause` and `wait_until`, and may have only one of them
   --> runbooks/switch.yaml:13:5
    |
 13 |     wait_until: {success: "99% over 5s"}
    |     ^^^^^^^^^^
    = hint: take `pause` or `wait_until` away
"#,
    );
}

#[test]
fn an_http_fault_on_a_tcp_provider_is_found() {
    gets(
        SCENARIO_PATH,
        "on: azure-swedencentral, fault: {blackhole: {}}",
        "on: bytes-only, fault: credential-revoked",
        r#"
warning: `support-chat` does not use `bytes-only`, so this fault will touch nobody
  --> scenarios/outage.yaml:9:20
   |
 9 |     - {at: 0s, on: bytes-only, fault: credential-revoked, for: 20s}
   |                    ^^^^^^^^^^
   = hint: break `azure-swedencentral`, its primary

error: the fault `credential-revoked` acts on requests, and the proxy of `bytes-only` sees bytes only
  --> scenarios/outage.yaml:9:39
   |
 9 |     - {at: 0s, on: bytes-only, fault: credential-revoked, for: 20s}
   |                                       ^^^^^^^^^^^^^^^^^^
   = hint: use refuse, blackhole, reset, latency or bandwidth, or give the provider an HTTP dialect
"#,
    );
}

#[test]
fn a_credential_of_a_provider_of_bytes_cannot_break() {
    for fault in ["revoke: {propagation: 1s}", "rotate: {}"] {
        let files = Files::new();
        files.spoil(SCENARIO_PATH, "on: azure-swedencentral, fault: {blackhole: {}}", &format!("on: bytes-only, fault: {{{fault}}}"));
        let (said, word) = (files.check(), fault.split(':').next().unwrap());
        let told = format!("error: the fault `{word}` acts on requests, and the proxy of `bytes-only` sees bytes only\n");
        assert!(said.contains(&told), "{said}");
    }
}

#[test]
fn faults_that_overlap_are_found() {
    gets(
        SCENARIO_PATH,
        "  watch:",
        "    - {at: 10s, on: azure-swedencentral, fault: refuse, for: 20s}\n  watch:",
        r#"
error: the fault before it on `azure-swedencentral` lasts until 20 s
   --> scenarios/outage.yaml:10:12
    |
 10 |     - {at: 10s, on: azure-swedencentral, fault: refuse, for: 20s}
    |            ^^^
    = hint: let this one begin at `20s` or later, or shorten the other
"#,
    );
}

#[test]
fn a_key_may_be_revoked_while_its_provider_is_down() {
    gets(
        SCENARIO_PATH,
        "  watch:",
        "    - {at: 10s, on: azure-swedencentral, fault: {revoke: {}}, for: 10s}\n    \
         - {at: 15s, on: azure-swedencentral, fault: {revoke: {}}, for: 10s}\n  watch:",
        r#"
error: the fault before it on `azure-swedencentral` lasts until 20 s
   --> scenarios/outage.yaml:11:12
    |
 11 |     - {at: 15s, on: azure-swedencentral, fault: {revoke: {}}, for: 10s}
    |            ^^^
    = hint: let this one begin at `20s` or later, or shorten the other
"#,
    );
}

#[test]
fn a_missing_rto_is_asked_for() {
    gets(
        INVENTORY_PATH,
        "rto: 10s, ",
        "",
        r#"
error: neither this scenario nor its service declares an RTO
  --> scenarios/outage.yaml:2:11
   |
 2 | scenario: outage
   |           ^^^^^^
   = hint: add `objectives: {rto: 30s}` to the scenario, or to the service `support-chat`
"#,
    );
}

#[test]
fn a_cutover_needs_a_standby() {
    gets(
        INVENTORY_PATH,
        "[azure-swedencentral, openai-eu]",
        "[azure-swedencentral]",
        r#"
warning: `support-chat` is a single point of failure with one provider
   --> runbooks/inventory.yaml:14:16
    |
 14 |     providers: [azure-swedencentral]
    |                ^
    = hint: add a standby to `providers`

error: `support-chat` has one provider, so there is nothing to cut over to
  --> scenarios/outage.yaml:3:10
   |
 3 | service: support-chat
   |          ^^^^^^^^^^^^
   = hint: add a standby to the service, or write `gate: restore`
"#,
    );
}

#[test]
fn providers_outside_a_residency_are_found() {
    gets(
        INVENTORY_PATH,
        "rto: 10s,",
        "rto: 10s, residency: [ch, us],",
        r#"
warning: the provider `azure-swedencentral` stands in `eu`, outside this objective
   --> runbooks/inventory.yaml:16:39
    |
 16 |     objectives: {rto: 10s, residency: [ch, us], slo: {first_token: 2s}, stable_for: 8s}
    |                                       ^
    = hint: take `azure-swedencentral` from the service; or leave it, and a drill shows whether anything is sent there although it is not permitted

warning: the provider `openai-eu` stands in `eu`, outside this objective
   --> runbooks/inventory.yaml:16:39
    |
 16 |     objectives: {rto: 10s, residency: [ch, us], slo: {first_token: 2s}, stable_for: 8s}
    |                                       ^
    = hint: take `openai-eu` from the service; or leave it, and a drill shows whether anything is sent there although it is not permitted
"#,
    );
}

#[test]
fn a_late_escalation_is_doubted() {
    gets(
        RUNBOOK_PATH,
        "after: 5s",
        "after: 5m",
        r#"
warning: `oncall` is told after 5 min, later than the RTO of 10 s in `outage`
  --> runbooks/switch.yaml:5:20
   |
 5 | escalate: [{after: 5m, to: oncall}]
   |                    ^^
   = hint: write `after: 10s` or sooner
"#,
    );
}

#[test]
fn a_baseline_too_short_is_found() {
    gets(
        SCENARIO_PATH,
        "  baseline: 8s\n",
        "",
        r#"
error: a baseline of 0 requests is too short; at least 20 requests are needed
  --> scenarios/outage.yaml:7:3
   |
 7 |   faults:
   |   ^
   = hint: write `baseline: 400ms` or longer
"#,
    );
}

#[test]
fn an_environment_allows_what_it_allows() {
    let files = Files::new();
    let said = r#"
error: the provider `openai-eu` has no `base_url`, and the environment `staging` does not imitate it
  --> runbooks/inventory.yaml:8:14
   |
 8 |   openai-eu: {dialect: openai, residency: eu}
   |              ^
   = hint: add `base_url: https://provider.example/v1`

error: 50/s is more than the 20/s that the environment `staging` allows
  --> scenarios/outage.yaml:5:17
   |
 5 | traffic: {rate: 50/s}
   |                 ^^^^
   = hint: write `rate: 20/s` or less, or raise `max_rate` in the inventory

error: the environment `staging` allows no faults on `azure-swedencentral`
  --> scenarios/outage.yaml:9:20
   |
 9 |     - {at: 0s, on: azure-swedencentral, fault: {blackhole: {}}, for: 20s}
   |                    ^^^^^^^^^^^^^^^^^^^
   = hint: choose another environment with `--env`, or add the provider to `allow: {faults_on: […]}` in the inventory
"#;
    assert_eq!(files.plan("staging"), said.trim_start());
}

#[test]
fn an_unknown_environment_is_named_with_the_one_that_was_meant() {
    let files = Files::new();
    let said = r#"
error: `stagin` is not an environment of this inventory
  --> runbooks/inventory.yaml
   = hint: did you mean `staging`?
"#;
    assert_eq!(files.plan("stagin"), said.trim_start());
}

#[test]
fn a_hold_below_two_cooldowns_is_doubted() {
    let files = Files::new();
    files.spoil(INVENTORY_PATH, "stable_for: 8s", "stable_for: 6s");
    let said = r#"
warning: a hold of 6 s is shorter than two cooldowns of the breaker in `lab`, 4 s each
   --> runbooks/inventory.yaml:16:64
    |
 16 |     objectives: {rto: 10s, slo: {first_token: 2s}, stable_for: 6s}
    |                                                                ^^
    = hint: write `stable_for: 8s`
"#;
    assert_eq!(files.plan("lab"), said.trim_start());
}

#[test]
fn a_failback_that_is_not_watched_is_found() {
    gets(
        SCENARIO_PATH,
        "watch: 20s",
        "watch: 0s",
        r#"
error: there is a failback objective, and nothing is watched after the faults
   --> scenarios/outage.yaml:11:24
    |
 11 | objectives: {failback: 10s}
    |                        ^^^
    = hint: write `watch: 18s`
"#,
    );
}

#[test]
fn everything_that_is_wrong_is_shown() {
    let files = Files::new();
    files.spoil(SCENARIO_PATH, "service: support-chat", "service: suport-chat\ncolour: blue");
    files.spoil(SCENARIO_PATH, "rate: 50/s", "rate: 50");
    files.spoil(SCENARIO_PATH, "on: azure-swedencentral", "on: azure");
    files.spoil(SCENARIO_PATH, "for: 20s", "for: 20");
    files.spoil(SCENARIO_PATH, "failback: 10s", "failback: soon, gate: cut");
    let said = r#"
error: `suport-chat` is not a service of this inventory
  --> scenarios/outage.yaml:3:10
   |
 3 | service: suport-chat
   |          ^^^^^^^^^^^
   = hint: did you mean `support-chat`?

error: `colour` is not a key of a scenario
  --> scenarios/outage.yaml:4:1
   |
 4 | colour: blue
   | ^^^^^^
   = hint: it may have `version`, `scenario`, `title`, `service`, `runbook`, `traffic`, `timeline`, `objectives`, `abort_when`, `overlay`, `parity` or `keep`

error: `50` has no unit of time
  --> scenarios/outage.yaml:6:17
   |
 6 | traffic: {rate: 50}
   |                 ^^
   = hint: write `50/s`

error: `azure` is not a provider of this inventory
   --> scenarios/outage.yaml:10:20
    |
 10 |     - {at: 0s, on: azure, fault: {blackhole: {}}, for: 20}
    |                    ^^^^^
    = hint: did you mean `azure-swedencentral`?

error: `20` has no unit
   --> scenarios/outage.yaml:10:56
    |
 10 |     - {at: 0s, on: azure, fault: {blackhole: {}}, for: 20}
    |                                                        ^^
    = hint: write `20s`, or another unit, for example `500ms` or `5m`

error: `soon` is not a duration
   --> scenarios/outage.yaml:12:24
    |
 12 | objectives: {failback: soon, gate: cut}
    |                        ^^^^
    = hint: write a number and its unit, for example `250ms`, `30s`, `1m30s` or `24h`

error: `cut` is not allowed here
   --> scenarios/outage.yaml:12:36
    |
 12 | objectives: {failback: soon, gate: cut}
    |                                    ^^^
    = hint: did you mean `cutover`? the words are `cutover` and `restore`
"#;
    assert_eq!(files.check(), said.trim_start());
}

#[test]
fn one_mistake_does_not_hide_another_across_files() {
    let files = Files::new();
    files.spoil(SCENARIO_PATH, "version: 1", "version: 1\ntilte: Outage");
    files.spoil(SCENARIO_PATH, "for: 20s", "for: 12s");
    files.spoil(RUNBOOK_PATH, "owner: oncall", "owner: onccall");
    let said = r#"
error: `onccall` is not a contact of this inventory
  --> runbooks/switch.yaml:3:8
   |
 3 | owner: onccall
   |        ^^^^^^^
   = hint: did you mean `oncall`?

error: `tilte` is not a key of a scenario
  --> scenarios/outage.yaml:2:1
   |
 2 | tilte: Outage
   | ^^^^^
   = hint: did you mean `title`?

error: the primary is broken for 12 s, shorter than the RTO of 10 s and the hold of 8 s together
   --> scenarios/outage.yaml:10:70
    |
 10 |     - {at: 0s, on: azure-swedencentral, fault: {blackhole: {}}, for: 12s}
    |                                                                      ^^^
    = hint: write `for: 18s` or longer
"#;
    assert_eq!(files.check(), said.trim_start());
}

#[test]
fn a_kind_of_request_that_the_services_dialect_does_not_have_is_found() {
    gets(
        SCENARIO_PATH,
        "rate: 50/s",
        "rate: 50/s, request: invoke",
        r#"
error: `support-chat` speaks `openai`, which has no `invoke`
  --> scenarios/outage.yaml:5:32
   |
 5 | traffic: {rate: 50/s, request: invoke}
   |                                ^^^^^^
   = hint: write `chat`, `chat-stream`, `responses`, `responses-stream` or `embeddings`; how a service speaks is said in its environment, `services: {support-chat: {dialect: bedrock}}`
"#,
    );
}

#[test]
fn a_vector_is_not_json_and_converse_names_no_model() {
    gets(
        SCENARIO_PATH,
        "rate: 50/s",
        "rate: 50/s, request: embeddings, expect: {json: true}",
        r#"
error: a vector is neither JSON nor the call of a tool
  --> scenarios/outage.yaml:5:59
   |
 5 | traffic: {rate: 50/s, request: embeddings, expect: {json: true}}
   |                                                           ^^^^
   = hint: take it away, or ask for `chat`
"#,
    );
    let files = Files::new();
    files.spoil(
        INVENTORY_PATH,
        "environments:\n",
        "environments:\n  own: {embedded: true, services: {support-chat: {url: \"http://127.0.0.1:1\", dialect: bedrock}}}\n",
    );
    files.spoil(SCENARIO_PATH, "rate: 50/s", "rate: 50/s, expect: {model: claude}");
    assert_eq!(files.check(), "");
    let said = files.plan("own");
    assert!(said.starts_with("error: answers of Bedrock's converse name no model, so none can be expected\n"), "{said}");
    files.spoil(SCENARIO_PATH, "expect: {model: claude}", "expect: {model: claude}, request: invoke-stream");
    assert_eq!((files.check(), files.plan("own")), (String::new(), String::new()));
    assert!(files.plan("lab").starts_with("error: `support-chat` speaks `openai`, which has no `invoke-stream`\n"));
}

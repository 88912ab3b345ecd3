//! Mistakes that show within one file or one name, word for word.

use super::{INVENTORY_PATH, RUNBOOK_PATH, SCENARIO_PATH, gets};

#[test]
fn an_unknown_provider_is_named_with_the_one_that_was_meant() {
    gets(
        SCENARIO_PATH,
        "on: azure-swedencentral",
        "on: azure-swedencentrl",
        r#"
error: `azure-swedencentrl` is not a provider of this inventory
  --> scenarios/outage.yaml:9:20
   |
 9 |     - {at: 0s, on: azure-swedencentrl, fault: {blackhole: {}}, for: 20s}
   |                    ^^^^^^^^^^^^^^^^^^
   = hint: did you mean `azure-swedencentral`?
"#,
    );
}

#[test]
fn a_unit_that_was_forgotten_is_asked_for() {
    gets(
        SCENARIO_PATH,
        "baseline: 8s",
        "baseline: 8",
        r#"
error: `8` has no unit
  --> scenarios/outage.yaml:7:13
   |
 7 |   baseline: 8
   |             ^
   = hint: write `8s`, or another unit, for example `500ms` or `5m`
"#,
    );
}

#[test]
fn a_rate_needs_its_unit_too() {
    gets(
        SCENARIO_PATH,
        "rate: 50/s",
        "rate: 50",
        r#"
error: `50` has no unit of time
  --> scenarios/outage.yaml:5:17
   |
 5 | traffic: {rate: 50}
   |                 ^^
   = hint: write `50/s`
"#,
    );
}

#[test]
fn a_duplicate_key_is_found() {
    gets(
        SCENARIO_PATH,
        "service: support-chat",
        "service: support-chat\nservice: other",
        r#"
error: the key `service` is here twice: it is on line 3 already
  --> scenarios/outage.yaml:4:1
   |
 4 | service: other
   | ^^^^^^^
   = hint: keep one of the two
"#,
    );
}

#[test]
fn an_unknown_key_is_named_with_the_one_that_was_meant() {
    gets(
        SCENARIO_PATH,
        "  watch: 20s",
        "  wacth: 20s\n  watch: 20s",
        r#"
error: `wacth` is not a key of a timeline
   --> scenarios/outage.yaml:10:3
    |
 10 |   wacth: 20s
    |   ^^^^^
    = hint: did you mean `watch`?
"#,
    );
}

#[test]
fn a_missing_key_is_asked_for() {
    gets(
        RUNBOOK_PATH,
        "    timeout: 10s\n",
        "",
        r#"
error: a step needs `timeout`
  --> runbooks/switch.yaml:7:5
   |
 7 |   - name: Switch
   |     ^
   = hint: add `timeout: 30s`
"#,
    );
}

#[test]
fn a_wrong_word_gets_the_list() {
    gets(
        RUNBOOK_PATH,
        "start: on-detection",
        "start: tomorrow",
        r#"
error: `tomorrow` is not allowed here
  --> runbooks/switch.yaml:4:8
   |
 4 | start: tomorrow
   |        ^^^^^^^^
   = hint: write `on-detection`, `with-the-fault` or `by-hand`
"#,
    );
}

#[test]
fn a_fault_that_does_not_exist_is_found() {
    gets(
        SCENARIO_PATH,
        "{blackhole: {}}",
        "blakhole",
        r#"
error: `blakhole` is not a fault
  --> scenarios/outage.yaml:9:48
   |
 9 |     - {at: 0s, on: azure-swedencentral, fault: blakhole, for: 20s}
   |                                                ^^^^^^^^
   = hint: did you mean `blackhole`?
"#,
    );
}

#[test]
fn a_status_outside_4xx_and_5xx_is_found() {
    gets(
        SCENARIO_PATH,
        "{blackhole: {}}",
        "{status: {code: 200}}",
        r#"
error: `200` is not a whole number from 400 to 599
  --> scenarios/outage.yaml:9:64
   |
 9 |     - {at: 0s, on: azure-swedencentral, fault: {status: {code: 200}}, for: 20s}
   |                                                                ^^^
   = hint: write a number such as `400`
"#,
    );
}

#[test]
fn a_number_of_events_that_is_none_is_found() {
    gets(
        SCENARIO_PATH,
        "{blackhole: {}}",
        "{cut: {after: many}}",
        r#"
error: `many` is not a whole number from 0 to 1000000000
  --> scenarios/outage.yaml:9:62
   |
 9 |     - {at: 0s, on: azure-swedencentral, fault: {cut: {after: many}}, for: 20s}
   |                                                              ^^^^
   = hint: write a number such as `1`
"#,
    );
}

#[test]
fn a_jitter_above_its_latency_is_found() {
    gets(
        SCENARIO_PATH,
        "{blackhole: {}}",
        "{latency: {latency: 1s, jitter: 2s}}",
        r#"
error: the jitter must not exceed the latency: 2 s is more than 1 s
  --> scenarios/outage.yaml:9:80
   |
 9 |     - {at: 0s, on: azure-swedencentral, fault: {latency: {latency: 1s, jitter: 2s}}, for: 20s}
   |                                                                                ^^
   = hint: write at most `1s`
"#,
    );
}

#[test]
fn a_command_in_one_text_is_found() {
    gets(
        RUNBOOK_PATH,
        r#"run: ["./switch.sh", "${standby}"]"#,
        "run: ./switch.sh ${standby}",
        r#"
error: a command is a list of the program and its arguments
  --> runbooks/switch.yaml:8:10
   |
 8 |     run: ./switch.sh ${standby}
   |          ^^^^^^^^^^^^^^^^^^^^^^
   = hint: write a list, `["./switch.sh", "${standby}"]`; no shell is used
"#,
    );
}

#[test]
fn a_variable_that_does_not_exist_is_found() {
    gets(
        RUNBOOK_PATH,
        "${standby}",
        "${stanby}",
        r#"
error: `${stanby}` is not a variable
  --> runbooks/switch.yaml:8:26
   |
 8 |     run: ["./switch.sh", "${stanby}"]
   |                          ^^^^^^^^^^^
   = hint: did you mean `${standby}`?
"#,
    );
}

#[test]
fn a_key_written_into_the_file_is_not_shown() {
    gets(
        INVENTORY_PATH,
        r#"from: "env:AZURE_KEY""#,
        "from: hunter2",
        r#"
error: this does not say where the credential is found
  --> runbooks/inventory.yaml:5:36
   |
 5 |   azure-key: {kind: api-key, from: •••••••}
   |                                    ^^^^^^^
   = hint: write `env:NAME`, `file:PATH`, `dotenv:PATH#NAME`, `vault:MOUNT/PATH#FIELD`, `aws-secretsmanager:NAME#FIELD`, `kubernetes:NAMESPACE/NAME#KEY` or `command:STORE`; the key itself never stands in a file
"#,
    );
}

#[test]
fn a_store_that_nobody_declares_is_found() {
    gets(
        INVENTORY_PATH,
        "env:AZURE_KEY",
        "vault@prod:secret/data/azure#key",
        r#"
error: the store `prod` is not declared
  --> runbooks/inventory.yaml:5:36
   |
 5 |   azure-key: {kind: api-key, from: "vault@prod:secret/data/azure#key"}
   |                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   = hint: add `stores: {prod: {kind: vault, address: "https://vault.example:8200", login: {token: "env:VAULT_TOKEN"}}}` to the inventory
"#,
    );
}

#[test]
fn what_opens_a_store_stands_in_no_store() {
    gets(
        INVENTORY_PATH,
        "providers:\n  azure",
        "stores:\n  vault: {kind: vault, address: \"https://v.example\", login: {token: \"vault:secret/a#b\"}}\nproviders:\n  azure",
        r#"
error: this is needed before a store is open, so it cannot be kept in one
  --> runbooks/inventory.yaml:7:69
   |
 7 |   vault: {kind: vault, address: "https://v.example", login: {token: "vault:secret/a#b"}}
   |                                                                     ^^^^^^^^^^^^^^^^^^
   = hint: write `env:NAME`, `file:PATH` or `dotenv:PATH#NAME`
"#,
    );
}

#[test]
fn bad_yaml_is_found() {
    gets(
        SCENARIO_PATH,
        "traffic: {rate: 50/s}",
        "traffic: {rate: 50/s",
        r#"
error: this is not YAML: this `{` is not closed
  --> scenarios/outage.yaml:5:10
   |
 5 | traffic: {rate: 50/s
   |          ^
   = hint: write `}` where it ends
"#,
    );
}

#[test]
fn a_day_that_does_not_exist_is_found() {
    gets(
        RUNBOOK_PATH,
        "owner: oncall",
        "owner: oncall\nreviewed: 2026-02-30",
        r#"
error: `2026-02-30` is not a date
  --> runbooks/switch.yaml:4:11
   |
 4 | reviewed: 2026-02-30
   |           ^^^^^^^^^^
   = hint: write year, month and day, for example `2026-10-01`
"#,
    );
}

#[test]
fn a_tool_has_a_name_that_every_provider_takes() {
    gets(
        SCENARIO_PATH,
        "rate: 50/s",
        "rate: 50/s, expect: {tool: look up}",
        r#"
error: `look up` is not a name that every provider takes for a tool
  --> scenarios/outage.yaml:5:38
   |
 5 | traffic: {rate: 50/s, expect: {tool: look up}}
   |                                      ^^^^^^^
   = hint: write letters, digits and `_`, at most 64
"#,
    );
}

#[test]
fn an_answer_is_a_text_or_a_call() {
    gets(
        SCENARIO_PATH,
        "rate: 50/s",
        "rate: 50/s, expect: {tool: t, json: true}",
        r#"
error: an answer is a text or the call of a tool, not both
  --> scenarios/outage.yaml:5:31
   |
 5 | traffic: {rate: 50/s, expect: {tool: t, json: true}}
   |                               ^
   = hint: take `json` away: a tool's arguments are JSON anyway
"#,
    );
}

#[test]
fn limits_are_on_something() {
    gets(
        INVENTORY_PATH,
        "dialect: azure-openai",
        "simulation: {limits: {}}, dialect: azure-openai",
        r#"
error: limits are on requests, on tokens or on both
  --> runbooks/inventory.yaml:7:46
   |
 7 | …re-swedencentral: {simulation: {limits: {}}, dialect: azure-openai, residency: eu, base_url: "https://a.example", creden…
   |                                          ^
   = hint: write `{requests: 60/min}`
"#,
    );
}

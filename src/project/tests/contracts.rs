//! What contracts and models' last days make doubtful, on a day.

use super::{INVENTORY_PATH, gets};

/// The primary states this too; the day is 2026-11-20.
fn states(more: &str, said: &str) {
    let primary = "azure-swedencentral: {dialect: azure-openai, residency: eu,";
    gets(INVENTORY_PATH, primary, &format!("{primary} {more},"), said);
}

const EXIT: &str = "exit_clause: 30 days";

#[test]
fn a_contract_with_time_and_an_exit_gets_nothing() {
    states(
        &format!(
            "contract: {{ends: 2027-03-31, notice: 30d, {EXIT}, licence: EA 7, price: list less 12 %, revocable_by: provider, data_export: yes, contacts: [oncall]}}"
        ),
        "",
    );
    states("contract: {exit_clause: 30 days}", "");
    states("models: {chat: gpt-4o}, retires: {gpt-4o: 2027-02-19}", "");
}

#[test]
fn the_day_that_comes_first_is_told() {
    states(
        &format!("contract: {{ends: 2026-11-19, notice: 90d, {EXIT}}}"),
        r#"
warning: the contract of `azure-swedencentral` ended on 2026-11-19
 --> runbooks/inventory.yaml:7:85
  |
7 | …ral: {dialect: azure-openai, residency: eu, contract: {ends: 2026-11-19, notice: 90d, exit_clause: 30 days}, base_url: "…
  |                                                               ^
  = hint: write its new last day, or take the provider out of the services that use it
"#,
    );
    states(
        &format!("contract: {{ends: 2027-03-31, notice: 90d, {EXIT}}}"),
        r#"
warning: notice to the contract of `azure-swedencentral` can be given until 2026-12-31, in 41 days
 --> runbooks/inventory.yaml:7:105
  |
7 | …enai, residency: eu, contract: {ends: 2027-03-31, notice: 90d, exit_clause: 30 days}, base_url: "https://a.example", cre…
  |                                                            ^
  = hint: decide whether it goes on; `lifeboat compare` holds candidates side by side
"#,
    );
}

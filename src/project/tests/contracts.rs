//! What contracts and models' last days make doubtful, on a day.

use super::{Files, INVENTORY_PATH, gets};

const PRIMARY: &str = "azure-swedencentral: {dialect: azure-openai, residency: eu,";
const EXIT: &str = "exit_clause: 30 days";

/// What is said where the primary states this too; the day is 2026-11-20.
fn said(more: &str) -> Vec<String> {
    let files = Files::new();
    files.spoil(INVENTORY_PATH, PRIMARY, &format!("{PRIMARY} {more},"));
    let checked = super::check(files.root(), &[], super::TODAY);
    checked.findings.iter().map(|finding| format!("{}: {}", finding.severity, finding.message)).collect()
}

#[track_caller]
fn doubts(more: &str, doubts: &[&str]) {
    let wanted: Vec<String> = doubts.iter().map(|doubt| format!("warning: {doubt}")).collect();
    assert_eq!(said(more), wanted);
}

#[test]
fn a_contract_with_time_and_an_exit_gets_nothing() {
    let whole = "contract: {ends: 2027-03-31, notice: 30d, exit_clause: 30 days, licence: EA 7, price: list less 12 %, revocable_by: provider, \
                 data_export: yes, contacts: [oncall]}";
    doubts(whole, &[]);
    doubts("contract: {exit_clause: 30 days}", &[]);
    doubts("contract: {data_export: by the API}", &[]);
    doubts("models: {chat: gpt-4o}, retires: {gpt-4o: 2027-02-19}", &[]);
}

#[test]
fn the_day_that_needs_somebody_first_is_told_once() {
    gets(
        INVENTORY_PATH,
        PRIMARY,
        &format!("{PRIMARY} contract: {{ends: 2026-11-19, notice: 90d, {EXIT}}},"),
        r#"
warning: the contract of `azure-swedencentral` ended on 2026-11-19
  --> runbooks/inventory.yaml:7:80
   |
 7 | …openai, residency: eu, contract: {ends: 2026-11-19, notice: 90d, exit_clause: 30 days}, base_url: "https://a.example", c…
   |                                          ^^^^^^^^^^
   = hint: write its new last day, or take the provider out of the services that use it
"#,
    );
    let of = "the contract of `azure-swedencentral`";
    for (days, doubt) in [
        ("ends: 2027-03-31, notice: 90d", format!("notice to {of} can be given until 2026-12-31, in 41 days")),
        ("ends: 2027-02-18, notice: 90d", format!("notice to {of} can be given until 2026-11-20, today")),
        ("ends: 2027-02-17, notice: 90d", format!("notice to {of} could be given until 2026-11-19, and it ends on 2027-02-17")),
        ("ends: 2027-02-18", format!("{of} ends on 2027-02-18, in 90 days")),
        ("ends: 2026-11-21", format!("{of} ends on 2026-11-21, tomorrow")),
    ] {
        doubts(&format!("contract: {{{days}, {EXIT}}}"), &[&doubt]);
    }
}

#[test]
fn models_that_are_retired_or_that_nobody_has_are_told() {
    let retires = |day: &str| format!("models: {{chat: gpt-4o}}, retires: {{gpt-4o: {day}}}");
    doubts(&retires("2026-11-20"), &["`azure-swedencentral` retires `gpt-4o` on 2026-11-20, today"]);
    doubts(&retires("2026-11-19"), &["`azure-swedencentral` retired `gpt-4o` on 2026-11-19"]);
    doubts("models: {chat: gpt-4o}, retires: {gpt-4: 2030-01-01}", &["`gpt-4` is no model of `azure-swedencentral`"]);
    let only = "only `azure-swedencentral` has `gpt-9`, so every failover of `support-chat` changes the model";
    doubts("models: {chat: gpt-9}, contract: {exit_clause: 30 days}", &[only]);
}

#[test]
fn a_single_point_of_failure_wants_an_exit_and_somebody_who_stays() {
    let no_exit = "`support-chat` is a single point of failure, and the contract of `azure-swedencentral` tells no exit";
    doubts("contract: {ends: 2028-01-01}", &[&format!("{no_exit}: neither an exit clause nor an export of data")]);
    doubts("contract: {data_export: no}", &[&format!("{no_exit}: no exit clause, and no data comes out")]);
    // The only other one is of the same vendor.
    let vendor = "`azure-openai` may end the contract of `azure-swedencentral` at once";
    let files = Files::new();
    files.spoil(INVENTORY_PATH, PRIMARY, &format!("{PRIMARY} contract: {{{EXIT}, revocable_by: both}},")).spoil(
        INVENTORY_PATH,
        "openai-eu: {dialect: openai, residency: eu}",
        "openai-eu: {dialect: azure-openai, residency: eu}",
    );
    assert!(files.check().contains(&format!("`support-chat` is a single point of failure, and {vendor}")), "{}", files.check());
}

#[test]
fn mistakes_in_a_contract_are_told_where_they_stand() {
    for (wrong, told) in [
        ("contract: {ends: soon}", "`soon` is not a date"),
        ("contract: {notice: 90d}", "by when notice is to be given"),
        ("contract: {}", "says nothing of a contract"),
        ("contract: {license: MIT}", "`license` is not a key of a contract"),
        ("contract: {revocable_by: them}", "`them` is not allowed here"),
        ("contract: {exit_clause: x, contacts: [nobody]}", "`nobody` is not a contact of this inventory"),
        ("retires: {gpt-4o: 2027-02-30}", "`2027-02-30` is not a date"),
    ] {
        let said = said(wrong);
        assert!(said.iter().any(|line| line.starts_with("error") && line.contains(told)), "{wrong}: {said:?}");
    }
}

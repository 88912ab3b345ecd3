//! Inventories kept in a spreadsheet.

use super::super::Project;
use super::{Files, RUNBOOK, RUNBOOK_PATH};
use crate::model::{CredentialSource, Dialect, LossBudget};
use crate::units::Duration;

const TABLE: &str = "\
Service,Cloud Provider,Region,AI Model Provider,Auth Method,Failover Plan,RTO,RPO
Support Chat,Azure,swedencentral,Azure OpenAI,API key,runbooks/switch.yaml,30s,1%
Support Chat,AWS,eu-west-1,Bedrock,signing key,,,
search,OpenAI,eu,OpenAI,oauth,none,1m,20 requests
";

/// A project whose inventory is a spreadsheet.
fn sheet(table: &str) -> Files {
    let files = Files { folder: tempfile::tempdir().unwrap() };
    files.write("runbooks/inventory.csv", table);
    files.write(RUNBOOK_PATH, RUNBOOK.replace("owner: oncall\n", "").replace("escalate: [{after: 5s, to: oncall}]\n", ""));
    files
}

#[test]
fn a_spreadsheet_is_an_inventory() {
    let (project, findings) = Project::open(sheet(TABLE).root());
    assert_eq!(findings.to_string(), "");
    let inventory = project.inventory;
    let service = &inventory.services["support-chat"];
    assert_eq!(service.providers, ["azure-openai-swedencentral", "bedrock-eu-west-1"]);
    assert_eq!(service.runbook.as_deref(), Some("runbooks/switch.yaml"));
    assert_eq!(service.objectives.rto, Some(Duration::from_secs(30)));
    assert_eq!(inventory.services["search"].objectives.lost, Some(LossBudget::Requests(20)));
    assert_eq!(inventory.providers["bedrock-eu-west-1"].dialect, Dialect::Bedrock);
    let credential = &inventory.credentials["azure-openai-swedencentral-key"];
    assert_eq!(credential.from, CredentialSource::Env("AZURE_OPENAI_SWEDENCENTRAL_KEY".into()));
}

#[test]
fn cells_of_a_spreadsheet_are_pointed_at() {
    let table = TABLE.replace("30s", "30").replace("20 requests", "20").replace("signing key", "magic").replace("Region", "Regoin");
    let table = format!("{}\"a \"\"quoted\"\", cell\",x,y,z,api key,\"call, somebody\",5s,\n", table.replace("Regoin", "Region"));
    assert_eq!(
        Project::open(sheet(&table).root()).1.to_string(),
        r#"
error: `30` has no unit
  --> runbooks/inventory.csv:2:76
   |
 2 | Support Chat,Azure,swedencentral,Azure OpenAI,API key,runbooks/switch.yaml,30,1%
   |                                                                            ^^
   = hint: write `30s`, or another unit, for example `500ms` or `5m`

error: `magic` is not a way to authenticate
  --> runbooks/inventory.csv:3:36
   |
 3 | Support Chat,AWS,eu-west-1,Bedrock,magic,,,
   |                                    ^^^^^
   = hint: write `API key`, `OAuth` or `signing key`

error: `20` has no unit
  --> runbooks/inventory.csv:4:39
   |
 4 | search,OpenAI,eu,OpenAI,oauth,none,1m,20
   |                                       ^^
   = hint: write `20 requests`, or a share such as `1%`

error: `call, somebody` is not the path of a runbook
  --> runbooks/inventory.csv:5:36
   |
 5 | "a ""quoted"", cell",x,y,z,api key,"call, somebody",5s,
   |                                    ^^^^^^^^^^^^^^^^
   = hint: write a path such as `runbooks/fail-over.yaml`, or `none`
"#
        .trim_start()
    );
}

#[test]
fn a_column_that_is_missing_or_mistyped_is_named() {
    let said: Vec<String> = Project::open(sheet(&TABLE.replace("Region", "Regoin")).root())
        .1
        .iter()
        .map(|finding| format!("{} {:?}", finding.message, finding.hint))
        .collect();
    assert!(said.iter().any(|said| said.contains("`Regoin` is not a column") && said.contains("did you mean `region`?")), "{said:?}");
    assert!(said.iter().any(|said| said.contains("needs the column `region`")), "{said:?}");
}

#[test]
fn two_inventories_are_one_too_many() {
    let files = Files::new();
    files.write("runbooks/inventory.csv", TABLE);
    assert!(files.check().starts_with("error: this project has two inventories"), "{}", files.check());
}

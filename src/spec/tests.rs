//! What bad files get, word for word, and that the files which are shipped are good.

use super::*;
use std::path::Path;

/// The one warning is meant: that scenario shows what a drill says that proves nothing.
#[test]
fn shipped_files_are_good() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checked = check(root, &[]);
    let said: Vec<String> =
        checked.findings.iter().map(|finding| format!("{}: {}: {}", finding.path, finding.severity, finding.message)).collect();
    let idle = "scenarios/fault-on-idle-provider.yaml: warning: `support-chat` does not use `openai-us`, so this fault will touch nobody";
    assert_eq!(said, [idle]);
    assert!(checked.scenarios >= 2 && checked.runbooks >= 1, "{checked:?}");
    let (project, _) = Project::open(root);
    for environment in ["lab", "lab-slow-breaker", "staging"] {
        let (plan, findings) = project.plan(&root.join("scenarios/azure-outage.yaml"), environment).unwrap();
        assert!(findings.is_empty(), "{environment}: {findings}");
        let json = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<crate::model::DrillPlan>(&json).unwrap(), plan, "a history carries the plan as it is");
        assert!(plan.scenario.timeline.total() <= crate::units::Duration::from_secs(45), "a newcomer waits no longer");
    }
}

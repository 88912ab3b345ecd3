//! What is written of a verdict is read back, and what is newer is refused or skipped.

use super::*;
use crate::history::bare;
use crate::rotation_story as story;

#[test]
fn what_is_written_is_read_back_and_what_is_newer_is_refused_or_skipped() {
    let story = story::emergency();
    let record = VerdictRecord::new(&story.judged(), Some(&story.started()));
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(VerdictRecord::read(text.as_bytes()).unwrap(), record);
    assert_eq!((record.drill.as_deref(), record.scenario.as_deref()), (Some("drill"), Some("key-revoked")));
    // A newer build adds keys; an older verdict says no version.
    let more = text.replacen("{", "{\"mood\":{\"good\":true},", 1);
    assert_eq!(VerdictRecord::read(more.as_bytes()).unwrap(), record);
    let version = format!("\"format\":\"{VERDICT_FORMAT}\"");
    let older = text.replacen(&format!("{version},"), "", 1);
    assert_eq!(VerdictRecord::read(older.as_bytes()).unwrap().format, unversioned());
    let newer = text.replacen(&version, "\"format\":\"7.0\"", 1).replacen("\"objectives\":", "\"promises\":", 1);
    let error = VerdictRecord::read(newer.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("format 7.0") && error.hint().unwrap() == "update lifeboat", "{error}");
    assert!(VerdictRecord::read(b"[]").unwrap_err().hint().unwrap().contains("judge the drill again"));
}

#[test]
fn a_verdict_on_what_others_recorded_names_no_drill() {
    let empty = br#"{"bare_history": 1, "primary": ["a"], "standbys": ["b"], "requests": []}"#;
    let record = VerdictRecord::new(&crate::verdict::judge(&bare(empty).unwrap()), None);
    let told = serde_json::to_value(&record).unwrap();
    assert!(told.get("drill").is_none() && told.get("started_at").is_none() && told["format"] == VERDICT_FORMAT.to_string(), "{told}");
}

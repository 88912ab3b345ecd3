//! What is posted: one JSON document, described in this room's README. New keys may come; what a key means changes with `version` alone.

use crate::schedule::Notice;
use serde_json::{Value, json};

/// The version of the form.
const VERSION: u64 = 1;

/// The body. `base` is the address of the pages.
pub(super) fn payload(notice: &Notice, base: Option<&str>) -> String {
    let mut data = serde_json::to_value(&notice.about).unwrap_or_default();
    data["text"] = notice.told.clone().into();
    let links = links(notice, base);
    if !links.is_empty() {
        data["links"] = Value::Object(links.into_iter().map(|(name, link)| (name.to_owned(), link.into())).collect());
    }
    // The keys stand in the order of their names: the same notice is the same text.
    json!({"type": notice.kind.word(), "version": VERSION, "timestamp": notice.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true), "data": data})
        .to_string()
}

/// Where more of it is told: the drill's page, and the schedule's.
pub(super) fn links(notice: &Notice, base: Option<&str>) -> Vec<(&'static str, String)> {
    let Some(base) = base.map(|base| base.trim_end_matches('/')) else { return Vec::new() };
    let page = |name, of: &Option<String>| of.as_ref().map(|of| (name, format!("{base}/{name}s/{of}")));
    [page("drill", &notice.about.drill), page("schedule", &notice.about.schedule)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NoticeKind;
    use crate::schedule::{CutoverBounds, NoticeSubject};
    use chrono::DateTime;

    #[test]
    fn a_payload_says_what_it_is_when_it_was_and_where_more_is_told() {
        let about = NoticeSubject {
            schedule: Some("chat-quarterly".to_owned()),
            due: DateTime::from_timestamp_millis(1_800_000_000_000),
            drill: Some("2027-azure-1".to_owned()),
            verdict: Some("missed".to_owned()),
            cutover: Some(CutoverBounds { lower_ms: 41_000, upper_ms: None }),
            objective_ms: Some(30_000),
            ..NoticeSubject::default()
        };
        let at = DateTime::from_timestamp_millis(1_800_000_060_001).unwrap();
        let notice = Notice::of_drill(NoticeKind::Verdict, about, "", "azure: missed.".to_owned(), at);
        let body = payload(&notice, Some("https://lifeboat.acme.example/"));
        let json: Value = serde_json::from_str(&body).unwrap();
        let right = json!({
            "type": "drill.verdict", "version": 1, "timestamp": "2027-01-15T08:01:00.001Z",
            "data": {
                "schedule": "chat-quarterly", "due": "2027-01-15T08:00:00Z", "drill": "2027-azure-1", "verdict": "missed",
                "cutover": {"lower_ms": 41_000, "upper_ms": null}, "objective_ms": 30_000, "text": "azure: missed.",
                "links": {
                    "drill": "https://lifeboat.acme.example/drills/2027-azure-1",
                    "schedule": "https://lifeboat.acme.example/schedules/chat-quarterly",
                },
            },
        });
        assert_eq!(json, right);
        assert_eq!(body, payload(&notice, Some("https://lifeboat.acme.example/")), "each try posts the same");
        assert!(!payload(&notice, None).contains("links"));
    }
}

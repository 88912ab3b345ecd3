//! What monitoring systems post → alerts. Who sent it is told by its form:
//!
//! | form | who |
//! |---|---|
//! | an object with `alerts` and `orgId` | Grafana's alerting, its webhook contact point |
//! | an object with `alerts` and without `orgId` | Alertmanager, `webhook_config`, version 4 |
//! | an object with `event` | PagerDuty, webhooks version 3 |
//! | `{"alert": NAME, "status": "firing"}`, or a list of such | anything else |
//!
//! Of Alertmanager's and Grafana's alerts the name is the label `alertname`, and `fingerprint` tells one from others of its name. Of
//! PagerDuty's events those about an incident's state count; the name is its title.

use crate::history::AlertSource;
use serde_json::Value;

/// The longest name, in characters: a title is somebody else's text.
const LONGEST: usize = 200;
/// The most alerts of one body.
const MOST: usize = 1_000;

/// One alert, or its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Who sent it.
    pub source: AlertSource,
    /// What it is called.
    pub name: String,
    /// Which of several of this name; empty where the sender does not tell.
    pub instance: String,
    /// False where it tells of the alert's end.
    pub firing: bool,
}

/// What was posted is no alert.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{problem}\n\nhint: post what Alertmanager, Grafana or PagerDuty (webhooks v3) send, or {{\"alert\": NAME, \"status\": \"firing\"}} (or \"resolved\")"
)]
pub struct UnreadAlert {
    /// What is wrong with it.
    pub problem: String,
}

/// Reads everything that a body tells; nothing where it tells of something else than alerts, as PagerDuty does when its webhook is tried.
///
/// # Errors
/// Where the body is not JSON, or of no form that is known.
pub fn parse(body: &[u8]) -> Result<Vec<Alert>, UnreadAlert> {
    let value: Value = serde_json::from_slice(body).map_err(|error| unread(format!("this is not JSON: {error}")))?;
    let alerts: Vec<Alert> = match (&value["alerts"], &value["event"]) {
        (Value::Array(alerts), _) => {
            let source = if value["orgId"].is_null() { AlertSource::Alertmanager } else { AlertSource::Grafana };
            few(alerts)?.iter().map(|alert| labelled(alert, source)).collect::<Result<_, _>>()?
        }
        (_, event @ Value::Object(_)) => incident(event)?.into_iter().collect(),
        _ => match &value {
            Value::Array(alerts) => few(alerts)?.iter().map(plain).collect::<Result<_, _>>()?,
            one => vec![plain(one)?],
        },
    };
    Ok(alerts)
}

fn few(alerts: &[Value]) -> Result<&[Value], UnreadAlert> {
    if alerts.len() > MOST { Err(unread(format!("{} alerts at once are more than {MOST}", alerts.len()))) } else { Ok(alerts) }
}

/// One of Alertmanager's or Grafana's.
fn labelled(alert: &Value, source: AlertSource) -> Result<Alert, UnreadAlert> {
    let name = name(&alert["labels"]["alertname"], "an alert has no label `alertname`")?;
    Ok(Alert { source, name, instance: text(&alert["fingerprint"]), firing: state(&alert["status"])? })
}

/// An event of PagerDuty's; `None` where it does not tell of an incident's state.
fn incident(event: &Value) -> Result<Option<Alert>, UnreadAlert> {
    let data = &event["data"];
    let about = event["event_type"].as_str().unwrap_or_default();
    let firing = match data["status"].as_str() {
        Some("triggered" | "acknowledged") => true,
        Some("resolved") => false,
        _ => return Ok(None),
    };
    if !about.starts_with("incident.") {
        return Ok(None);
    }
    let name = name(&data["title"], "an incident has no `title`")?;
    Ok(Some(Alert { source: AlertSource::Pagerduty, name, instance: text(&data["id"]), firing }))
}

fn plain(alert: &Value) -> Result<Alert, UnreadAlert> {
    let name = name(&alert["alert"], "there is no `alert` with a name in it")?;
    Ok(Alert { source: AlertSource::Json, name, instance: text(&alert["instance"]), firing: state(&alert["status"])? })
}

fn state(status: &Value) -> Result<bool, UnreadAlert> {
    match status.as_str() {
        Some("firing") => Ok(true),
        Some("resolved") => Ok(false),
        _ => Err(unread("the `status` of an alert is `firing` or `resolved`".to_owned())),
    }
}

fn name(value: &Value, without: &str) -> Result<String, UnreadAlert> {
    let name = text(value);
    if name.is_empty() { Err(unread(without.to_owned())) } else { Ok(name) }
}

/// A text on one line, no longer than is sensible.
fn text(value: &Value) -> String {
    let line: String = value.as_str().unwrap_or_default().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    line.trim().chars().take(LONGEST).collect()
}

const fn unread(problem: String) -> UnreadAlert {
    UnreadAlert { problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn told(body: &Value) -> Vec<(AlertSource, String, String, bool)> {
        let alerts = parse(body.to_string().as_bytes()).unwrap();
        alerts.into_iter().map(|alert| (alert.source, alert.name, alert.instance, alert.firing)).collect()
    }

    fn is(source: AlertSource, name: &str, instance: &str, firing: bool) -> (AlertSource, String, String, bool) {
        (source, name.to_owned(), instance.to_owned(), firing)
    }

    fn labelled(name: &str, status: &str, fingerprint: &str) -> Value {
        json!({
            "status": status, "labels": {"alertname": name, "severity": "page"}, "annotations": {"summary": "half of all requests fail"},
            "startsAt": "2026-11-20T14:03:07.512Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus.example/graph",
            "fingerprint": fingerprint,
        })
    }

    /// The fields that prometheus.io documents for `webhook_config`, version 4; the values are made up.
    #[test]
    fn alertmanager_sends_a_group_in_which_some_fire_and_some_are_over() {
        let body = json!({
            "version": "4", "groupKey": "{}:{alertname=\"ProviderDown\"}", "truncatedAlerts": 0, "status": "firing", "receiver": "lifeboat",
            "groupLabels": {}, "commonLabels": {"severity": "page"}, "commonAnnotations": {}, "externalURL": "http://alertmanager.example",
            "alerts": [labelled("ProviderDown", "firing", "f1"), labelled("ProviderDown", "resolved", "f2"), labelled("SlowAnswers", "firing", "f3")],
        });
        let from = AlertSource::Alertmanager;
        let wanted = [is(from, "ProviderDown", "f1", true), is(from, "ProviderDown", "f2", false), is(from, "SlowAnswers", "f3", true)];
        assert_eq!(told(&body), wanted);
    }

    /// The fields that Grafana's page on its webhook notifier documents (alerts as Alertmanager's, and more); the values are made up.
    #[test]
    fn grafana_sends_the_same_with_its_organisation() {
        let mut alert = labelled("High error rate", "firing", "c6eadffa33fcdf37");
        for (key, value) in
            [("silenceURL", json!("https://grafana.example/silence")), ("dashboardURL", json!("")), ("values", json!({"B": 44.2}))]
        {
            alert[key] = value;
        }
        let body = json!({
            "receiver": "lifeboat", "status": "firing", "orgId": 1, "alerts": [alert], "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
            "externalURL": "https://grafana.example/", "version": "1", "groupKey": "{}:{}", "truncatedAlerts": 0,
            "title": "[FIRING:1] High error rate", "state": "alerting", "message": "**Firing**",
        });
        assert_eq!(told(&body), [is(AlertSource::Grafana, "High error rate", "c6eadffa33fcdf37", true)]);
    }

    /// The envelope and the incident that PagerDuty's overview of its version 3 webhooks documents; the values are made up.
    #[test]
    fn pagerduty_sends_an_event_of_an_incident_and_others_that_are_none() {
        let body = |kind: &str, status: &str| {
            json!({"event": {
                "id": "01DEN0V5VPDAZ0MAFRR5SFTZ0P", "event_type": kind, "resource_type": "incident", "occurred_at": "2026-11-20T14:03:07.000Z",
                "agent": null, "client": null,
                "data": {"id": "PGR0VU2", "type": "incident", "number": 2, "status": status, "title": "The primary\nis down", "urgency": "high"},
            }})
        };
        let incident = |firing| vec![is(AlertSource::Pagerduty, "The primary is down", "PGR0VU2", firing)];
        assert_eq!(told(&body("incident.triggered", "triggered")), incident(true));
        assert_eq!(told(&body("incident.acknowledged", "acknowledged")), incident(true));
        assert_eq!(told(&body("incident.resolved", "resolved")), incident(false));
        let ping = json!({"event": {"id": "1", "event_type": "pagey.ping", "resource_type": "pagey", "data": {"message": "Hello", "type": "ping"}}});
        assert_eq!(told(&ping), []);
        assert_eq!(told(&body("service.updated", "triggered")), [], "a service's");
    }

    #[test]
    fn plain_json_has_a_name_and_a_status_and_may_be_a_list() {
        let one = json!({"alert": "ProviderDown", "status": "firing"});
        assert_eq!(told(&one), [is(AlertSource::Json, "ProviderDown", "", true)]);
        let two = json!([one, {"alert": "ProviderDown", "status": "resolved", "instance": "eu"}]);
        assert_eq!(told(&two), [is(AlertSource::Json, "ProviderDown", "", true), is(AlertSource::Json, "ProviderDown", "eu", false)]);
        assert_eq!(told(&json!([])), []);
        assert_eq!(told(&json!({"alert": "x".repeat(5_000), "status": "firing"}))[0].1.len(), LONGEST);
    }

    #[test]
    fn what_is_no_alert_is_refused_in_words() {
        for (body, problem) in [
            ("", "this is not JSON"),
            ("{}", "there is no `alert` with a name in it"),
            ("\"ProviderDown\"", "there is no `alert` with a name in it"),
            (r#"{"alert": "ProviderDown"}"#, "the `status` of an alert is `firing` or `resolved`"),
            (r#"{"alert": "ProviderDown", "status": "pending"}"#, "the `status` of an alert is `firing` or `resolved`"),
            (r#"{"alerts": [{"status": "firing", "labels": {}}]}"#, "an alert has no label `alertname`"),
            (r#"{"event": {"event_type": "incident.triggered", "data": {"status": "triggered"}}}"#, "an incident has no `title`"),
        ] {
            let error = parse(body.as_bytes()).unwrap_err();
            assert!(error.problem.starts_with(problem), "{body}: {error}");
            assert!(error.to_string().contains("hint: post what Alertmanager"), "{error}");
        }
        let many = Value::Array(vec![json!({"alert": "a", "status": "firing"}); MOST + 1]);
        assert_eq!(parse(many.to_string().as_bytes()).unwrap_err().problem, "1001 alerts at once are more than 1000");
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic_or_gives_a_name_that_cannot_be_shown(body in proptest::collection::vec(any::<u8>(), 0..200), name in ".*") {
            let _ = parse(&body);
            for alert in parse(json!({"alert": name, "status": "firing"}).to_string().as_bytes()).unwrap_or_default() {
                prop_assert!(!alert.name.is_empty() && !alert.name.chars().any(char::is_control));
            }
        }
    }
}

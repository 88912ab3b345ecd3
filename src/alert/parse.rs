//! What monitoring systems post → alerts. Who sent it is told by its form:
//!
//! | form | who |
//! |---|---|
//! | an object with `alerts` and `orgId` | Grafana's alerting, its webhook contact point |
//! | an object with `alerts` and without `orgId` | Alertmanager, `webhook_config`, version 4 |
//! | an object with `event` | PagerDuty, webhooks version 3 |
//! | `{"alert": NAME, "status": "firing"}`, or a list of such | anything else |
//!
//! Of Alertmanager's and Grafana's alerts the name is the label `alertname`, and `fingerprint` tells one from others of its name; where it is
//! not sent, all labels do, by the fingerprint that Prometheus itself makes of them. Of PagerDuty's events those about an incident's state
//! count; the name is its title. When an alert began and ended is `startsAt` and `endsAt`; of an incident, `created_at`, and when the event of its
//! end occurred. In a list, one that cannot be read is left out, and the others are taken.

use crate::history::AlertSource;
use crate::units::Explained;
use chrono::Datelike;
use serde_json::Value;
use std::borrow::Cow;

/// The longest name, in characters: a title is somebody else's text.
const LONGEST: usize = 200;
/// How many of those that were left out are told by their problem.
const TOLD: usize = 3;

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
    /// When it began to fire, by its sender's clock, RFC 3339; `None` where the sender does not tell.
    pub starts_at: Option<String>,
    /// When it ended, the same; only of an end.
    pub ends_at: Option<String>,
}

/// What a body tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Posted {
    /// Every alert that could be read.
    pub alerts: Vec<Alert>,
    /// How many could not.
    pub unread: u64,
    /// What was wrong with the first of them.
    pub problems: Vec<String>,
}

/// What was posted is no alert.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct UnreadAlert {
    /// What is wrong with it.
    pub problem: String,
}

impl Explained for UnreadAlert {
    fn hint(&self) -> Option<Cow<'_, str>> {
        let forms = "post what Alertmanager, Grafana or PagerDuty (webhooks v3) send, or {\"alert\": NAME, \"status\": \"firing\"} (or \"resolved\")";
        Some(Cow::Borrowed(forms))
    }
}

/// Reads everything that a body tells; nothing where it tells of something else than alerts, as PagerDuty does when its webhook is tried.
///
/// # Errors
/// Where the body is not JSON or of no form that is known, or none of its alerts can be read.
pub fn parse(body: &[u8]) -> Result<Posted, UnreadAlert> {
    let value: Value = serde_json::from_slice(body).map_err(|error| unread(format!("this is not JSON: {error}")))?;
    match (&value["alerts"], &value["event"]) {
        (Value::Array(alerts), _) => {
            let source = if value["orgId"].is_null() { AlertSource::Alertmanager } else { AlertSource::Grafana };
            each(alerts, |alert| labelled(alert, source))
        }
        (_, event @ Value::Object(_)) => Ok(Posted { alerts: incident(event)?.into_iter().collect(), ..Posted::default() }),
        _ => match &value {
            Value::Array(alerts) => each(alerts, plain),
            one => each(std::slice::from_ref(one), plain),
        },
    }
}

/// All of a list that can be read. The body's length bounds how many.
fn each(alerts: &[Value], read: impl Fn(&Value) -> Result<Alert, UnreadAlert>) -> Result<Posted, UnreadAlert> {
    let mut posted = Posted::default();
    for alert in alerts {
        match read(alert) {
            Ok(alert) => posted.alerts.push(alert),
            Err(UnreadAlert { problem }) => {
                posted.unread += 1;
                if posted.problems.len() < TOLD && !posted.problems.contains(&problem) {
                    posted.problems.push(problem);
                }
            }
        }
    }
    match posted.problems.first() {
        Some(problem) if posted.alerts.is_empty() => Err(unread(problem.clone())),
        _ => Ok(posted),
    }
}

/// One of Alertmanager's or Grafana's.
fn labelled(alert: &Value, source: AlertSource) -> Result<Alert, UnreadAlert> {
    let name = name(&alert["labels"]["alertname"], "an alert has no label `alertname`")?;
    let firing = state(&alert["status"])?;
    let (starts_at, ends_at) = (moment(&alert["startsAt"]), moment(&alert["endsAt"]).filter(|_| !firing));
    Ok(Alert { source, name, instance: instance(&alert["fingerprint"], &alert["labels"]), firing, starts_at, ends_at })
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
    let told = ["id", "incident_key", "number", "html_url"].into_iter().map(|field| instance(&data[field], &Value::Null));
    let instance = told.into_iter().find(|instance| !instance.is_empty()).unwrap_or_default();
    let occurred = || moment(&event["occurred_at"]);
    // What triggered it is the event itself, where the incident does not say.
    let starts_at = moment(&data["created_at"]).or_else(|| occurred().filter(|_| about == "incident.triggered"));
    let ends_at = moment(&data["resolved_at"]).or_else(occurred).filter(|_| !firing);
    Ok(Some(Alert { source: AlertSource::Pagerduty, name, instance, firing, starts_at, ends_at }))
}

fn plain(alert: &Value) -> Result<Alert, UnreadAlert> {
    let name = name(&alert["alert"], "there is no `alert` with a name")?;
    let told = if alert["instance"].is_null() { &alert["fingerprint"] } else { &alert["instance"] };
    let firing = state(&alert["status"])?;
    let either = |one: &str, other: &str| moment(&alert[one]).or_else(|| moment(&alert[other]));
    let (starts_at, ends_at) = (either("startsAt", "starts_at"), either("endsAt", "ends_at").filter(|_| !firing));
    Ok(Alert { source: AlertSource::Json, name, instance: instance(told, &alert["labels"]), firing, starts_at, ends_at })
}

/// A moment as it was sent; `None` for what is none, as the year 1 that stands for one that is not known.
fn moment(value: &Value) -> Option<String> {
    const FIRST: i32 = 1970;
    let text = value.as_str()?;
    chrono::DateTime::parse_from_rfc3339(text).ok().filter(|moment| moment.year() > FIRST).map(|_| text.to_owned())
}

fn state(status: &Value) -> Result<bool, UnreadAlert> {
    match status.as_str() {
        Some("firing") => Ok(true),
        Some("resolved") => Ok(false),
        _ => Err(unread("the `status` of an alert must be `firing` or `resolved`".to_owned())),
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

/// Which of several of its name an alert is: what its sender calls it, else what its labels come to; empty where neither is there.
fn instance(told: &Value, labels: &Value) -> String {
    let word = match told {
        Value::Number(_) | Value::Bool(_) => told.to_string(),
        _ => told.as_str().unwrap_or_default().to_owned(),
    };
    let line = text(&Value::String(word.clone()));
    if !line.is_empty() {
        // Cut, two might be taken for one.
        let is_long = word.chars().count() > LONGEST;
        return if is_long { format!("{}-{:016x}", line.chars().take(LONGEST - 17).collect::<String>(), fnv(&[&word])) } else { line };
    }
    let Some(labels) = labels.as_object().filter(|labels| !labels.is_empty()) else { return String::new() };
    let mut sorted: Vec<(&str, String)> =
        labels.iter().map(|(name, value)| (name.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect();
    sorted.sort();
    let parts: Vec<&str> = sorted.iter().flat_map(|(name, value)| [*name, value.as_str()]).collect();
    format!("{:016x}", fnv(&parts))
}

/// The fingerprint that Prometheus makes of sorted names and values of labels (`model.LabelSet`): FNV-1a over 64 bits, each part ended by 255.
fn fnv(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([255]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
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
        let posted = parse(body.to_string().as_bytes()).unwrap();
        posted.alerts.into_iter().map(|alert| (alert.source, alert.name, alert.instance, alert.firing)).collect()
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

    #[test]
    fn when_it_began_and_ended_is_told_by_each_in_its_own_form() {
        let times = |body: Value| {
            let alert = parse(body.to_string().as_bytes()).unwrap().alerts.remove(0);
            (alert.starts_at.unwrap_or_default(), alert.ends_at.unwrap_or_default())
        };
        let is = |start: &str, end: &str| (start.to_owned(), end.to_owned());
        let (start, end) = ("2026-11-20T14:03:07.512Z", "2026-11-20T15:09:00.250+01:00");
        // The year 1 stands for an end that is not known.
        assert_eq!(times(json!({"alerts": [labelled("Down", "firing", "f")]})), is(start, ""));
        let mut over = labelled("Down", "resolved", "f");
        over["endsAt"] = end.into();
        assert_eq!(times(json!({"orgId": 1, "alerts": [over]})), is(start, end));
        let incident = |kind: &str, status: &str, data: Value| {
            let mut data = data;
            (data["status"], data["title"]) = (status.into(), "Down".into());
            json!({"event": {"event_type": format!("incident.{kind}"), "occurred_at": end, "data": data}})
        };
        assert_eq!(times(incident("triggered", "triggered", json!({}))), is(end, ""));
        assert_eq!(times(incident("acknowledged", "acknowledged", json!({"created_at": start}))), is(start, ""));
        assert_eq!(times(incident("resolved", "resolved", json!({"created_at": start}))), is(start, end));
        let plain = |status: &str| json!({"alert": "Down", "status": status, "starts_at": start, "endsAt": end});
        assert_eq!((times(plain("firing")), times(plain("resolved"))), (is(start, ""), is(start, end)));
        assert_eq!(times(json!({"alert": "Down", "status": "firing", "startsAt": "yesterday"})), is("", ""), "no time is no harm");
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
            ("{}", "there is no `alert` with a name"),
            ("\"ProviderDown\"", "there is no `alert` with a name"),
            (r#"{"alert": "ProviderDown"}"#, "the `status` of an alert must be `firing` or `resolved`"),
            (r#"{"alert": "ProviderDown", "status": "pending"}"#, "the `status` of an alert must be `firing` or `resolved`"),
            (r#"{"alerts": [{"status": "firing", "labels": {}}]}"#, "an alert has no label `alertname`"),
            (r#"{"event": {"event_type": "incident.triggered", "data": {"status": "triggered"}}}"#, "an incident has no `title`"),
        ] {
            let error = parse(body.as_bytes()).unwrap_err();
            assert!(error.problem.starts_with(problem), "{body}: {error}");
            assert!(error.hint().unwrap().starts_with("post what Alertmanager"), "{error}");
        }
    }

    #[test]
    fn without_a_fingerprint_alerts_are_told_apart_by_their_labels() {
        let alert = |labels: Value, status: &str| json!({"status": status, "labels": labels});
        let body = |alerts: Value| json!({"version": "4", "alerts": alerts});
        let told = told(&body(json!([
            alert(json!({"alertname": "Stop", "env": "prod"}), "firing"),
            alert(json!({"alertname": "Stop", "env": "prod", "instance": "a1"}), "resolved"),
            alert(json!({"instance": "a1", "env": "prod", "alertname": "Stop"}), "firing"),
        ])));
        let instances: Vec<&str> = told.iter().map(|(_, _, instance, _)| instance.as_str()).collect();
        assert!(instances[0] != instances[1] && instances[1] == instances[2], "{instances:?}");
        // What Prometheus' own tests have: the label set {a="1"} without anything else, and the empty one.
        assert_eq!(format!("{:016x}", fnv(&[])), "cbf29ce484222325");
        let plain =
            json!([{"alert": "Stop", "status": "firing", "labels": {"a": "1"}}, {"alert": "Stop", "status": "firing", "instance": 7}]);
        let instances: Vec<String> =
            super::parse(plain.to_string().as_bytes()).unwrap().alerts.into_iter().map(|alert| alert.instance).collect();
        assert_eq!(instances, [format!("{:016x}", fnv(&["a", "1"])), "7".to_owned()]);
        let long = |end: &str| instance(&json!(format!("{}{end}", "x".repeat(300))), &Value::Null);
        assert!(long("a") != long("b") && long("a").len() <= LONGEST);
        let incident =
            json!({"event": {"event_type": "incident.triggered", "data": {"status": "triggered", "title": "Down", "number": 12}}});
        assert_eq!(super::parse(incident.to_string().as_bytes()).unwrap().alerts[0].instance, "12");
    }

    #[test]
    fn one_that_cannot_be_read_does_not_lose_its_group() {
        let nameless = json!({"status": "firing", "labels": {}});
        let group = json!({"alerts": [nameless.clone(), labelled("Down", "firing", "f1"), labelled("Down", "odd", "f2"), nameless]});
        let posted = parse(group.to_string().as_bytes()).unwrap();
        assert_eq!((posted.alerts.len(), posted.unread), (1, 3));
        assert_eq!(posted.problems, ["an alert has no label `alertname`", "the `status` of an alert must be `firing` or `resolved`"]);
        let many = Value::Array(vec![json!({"alert": "a", "status": "firing"}); 5_000]);
        assert_eq!(parse(many.to_string().as_bytes()).unwrap().alerts.len(), 5_000, "the body's length bounds them");
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic_or_gives_a_name_that_cannot_be_shown(body in proptest::collection::vec(any::<u8>(), 0..200), name in ".*") {
            let _ = parse(&body);
            for alert in parse(json!({"alert": name, "status": "firing"}).to_string().as_bytes()).unwrap_or_default().alerts {
                prop_assert!(!alert.name.is_empty() && !alert.name.chars().any(char::is_control));
            }
        }
    }
}

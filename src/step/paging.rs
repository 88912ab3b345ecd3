//! Alerts at paging services: opened, acknowledged and closed under one name, however often that is sent.
//!
//! PagerDuty: Events API v2 (`dedup_key`), and `GET /incidents` of its REST API, by which an acknowledgement is seen. Opsgenie: Alert API v2
//! (`alias`).

use super::Context;
use super::alert_desk::AlertDesk;
use super::api_call::ApiCall;
use crate::model::NotifySeverity;
use crate::units::{Problem, Secret};
use reqwest::Method;
use serde_json::{Value, json};

/// The longest summary that PagerDuty takes, in characters.
const SUMMARY: usize = 1024;
/// The longest message that Opsgenie takes.
const MESSAGE: usize = 130;

/// What is said of an alert when it is opened.
pub(super) struct AlertWords<'a> {
    pub(super) text: &'a str,
    pub(super) severity: NotifySeverity,
    /// What does not work.
    pub(super) source: &'a str,
}

impl AlertDesk {
    /// Opens an alert, or adds to the one that is open under this name.
    pub(super) async fn open(&self, name: &str, words: AlertWords<'_>, context: &Context) -> Result<String, Problem> {
        let AlertWords { text, severity, source } = words;
        let whole = json!({"execution": context.outbox.id()});
        match self {
            Self::Pagerduty { .. } => {
                let payload =
                    json!({"summary": cut(text, SUMMARY), "source": source, "severity": severity.word(), "custom_details": whole});
                self.event(name, "trigger", Some(payload), context).await
            }
            Self::Opsgenie { .. } => {
                let priority = match severity {
                    NotifySeverity::Critical => "P1",
                    NotifySeverity::Error => "P2",
                    NotifySeverity::Warning => "P3",
                    NotifySeverity::Info => "P5",
                };
                let body = json!({
                    "message": cut(text, MESSAGE), "alias": name, "description": text, "priority": priority, "source": source,
                    "details": whole,
                });
                self.alert("", &body, context).await
            }
        }
    }

    /// Says that somebody looks into it.
    ///
    /// # Errors
    /// Why that was not taken.
    pub async fn acknowledge(&self, name: &str, by: &str, context: &Context) -> Result<String, Problem> {
        match self {
            Self::Pagerduty { .. } => self.event(name, "acknowledge", None, context).await,
            Self::Opsgenie { .. } => {
                let body = json!({"user": cut(by, 100), "source": "Lifeboat", "note": "acknowledged where the runbook is walked"});
                self.alert(&format!("/{name}/acknowledge?identifierType=alias"), &body, context).await
            }
        }
    }

    /// Closes an alert: what it was about is over.
    ///
    /// # Errors
    /// Why that was not taken.
    pub async fn resolve(&self, name: &str, note: &str, context: &Context) -> Result<String, Problem> {
        match self {
            Self::Pagerduty { .. } => self.event(name, "resolve", None, context).await,
            Self::Opsgenie { .. } => {
                let body = json!({"source": "Lifeboat", "note": note});
                self.alert(&format!("/{name}/close?identifierType=alias"), &body, context).await
            }
        }
    }

    /// Who acknowledged an alert; `None` where nobody has.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub async fn acknowledged_by(&self, name: &str, context: &Context) -> Result<Option<String>, Problem> {
        match self {
            Self::Pagerduty { read: None, .. } => Ok(None),
            Self::Pagerduty { read: Some((token, api)), .. } => {
                let url = format!("{}/incidents?incident_key={name}&statuses[]=acknowledged", api.trim_end_matches('/'));
                let token = Secret::new(format!("Token token={}", token.expose()));
                let told = self.call(Method::GET, url, Some(token), None).send(context).await?;
                let incidents = told["incidents"].as_array().map(Vec::as_slice).unwrap_or_default();
                let who = incidents.iter().filter(|incident| incident["status"] == "acknowledged").find_map(|incident| {
                    let last = incident["acknowledgements"].as_array().and_then(|all| all.last());
                    let name = last.and_then(|last| last["acknowledger"]["summary"].as_str());
                    // By the Events API it was acknowledged by a service, and maybe by this execution.
                    let person = last.is_none_or(|last| last["acknowledger"]["type"] != "service_reference");
                    person.then(|| name.unwrap_or("somebody").to_owned())
                });
                Ok(who)
            }
            Self::Opsgenie { key, at } => {
                let url = format!("{}/v2/alerts/{name}?identifierType=alias", at.trim_end_matches('/'));
                let told = self.call(Method::GET, url, Some(genie(key)), None).send(context).await?;
                let alert = &told["data"];
                let who = alert["report"]["acknowledgedBy"].as_str().or(alert["owner"].as_str()).filter(|who| !who.is_empty());
                Ok((alert["acknowledged"] == true).then(|| who.unwrap_or("somebody").to_owned()))
            }
        }
    }

    async fn event(&self, name: &str, action: &str, payload: Option<Value>, context: &Context) -> Result<String, Problem> {
        let Self::Pagerduty { key, at, .. } = self else { unreachable!("events are PagerDuty's") };
        let mut event = json!({"routing_key": key.expose(), "event_action": action, "dedup_key": name});
        if let Some(payload) = payload {
            event["payload"] = payload;
            event["client"] = "Lifeboat".into();
        }
        self.call(Method::POST, at.clone(), None, Some(&event)).send(context).await?;
        Ok("PagerDuty accepted it".to_owned())
    }

    async fn alert(&self, path: &str, body: &Value, context: &Context) -> Result<String, Problem> {
        let Self::Opsgenie { key, at } = self else { unreachable!("alerts are Opsgenie's") };
        let url = format!("{}/v2/alerts{path}", at.trim_end_matches('/'));
        self.call(Method::POST, url, Some(genie(key)), Some(body)).send(context).await?;
        Ok("Opsgenie accepted it".to_owned())
    }

    fn call<'a>(&self, method: Method, url: String, authorization: Option<Secret>, body: Option<&'a Value>) -> ApiCall<'a> {
        ApiCall { vendor: self.vendor(), method, url, authorization, body }
    }
}

fn genie(key: &Secret) -> Secret {
    Secret::new(format!("GenieKey {}", key.expose()))
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

//! Status pages: the first message of an execution opens an incident, later ones are its updates, and the last says that it is over.
//!
//! The page's identifier of the incident is in the history as soon as it is known. Where that is uncertain (a crash, or no answer in time), the
//! page is asked before another one is opened: by its metadata on Statuspage, by its title and its beginning on Instatus.

use super::Context;
use super::api_call::{ApiCall, ApiProblem};
use super::message::Message;
use super::outbox::PageState;
use super::reference::named_secret;
use crate::history::{Event, PageIncidentOpened};
use crate::model::{ComponentImpact, ContactService, StatusPage};
use crate::units::{Problem, Secret};
use reqwest::Method;
use serde_json::{Map, Value, json};

/// Statuspage's API.
const STATUSPAGE: &str = "https://api.statuspage.io";
/// Instatus's API.
const INSTATUS: &str = "https://api.instatus.com";

/// A status page, with what it takes to write there.
pub(super) struct PageWriter<'a> {
    vendor: &'static str,
    is_instatus: bool,
    page: &'a StatusPage,
    token: Secret,
    base: String,
}

impl<'a> PageWriter<'a> {
    /// Where the service is a page that customers read.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn of(service: &'a ContactService, context: &Context) -> Result<Option<Self>, Problem> {
        let Some(page) = service.page() else { return Ok(None) };
        let is_instatus = matches!(service, ContactService::Instatus(_));
        let token = named_secret(&page.token, context)?;
        let own = if is_instatus { INSTATUS } else { STATUSPAGE };
        let base = page.at.as_deref().unwrap_or(own).trim_end_matches('/').to_owned();
        Ok(Some(Self { vendor: service.vendor(), is_instatus, page, token, base }))
    }

    /// Where a connection would go.
    pub(super) fn address(&self) -> &str {
        &self.base
    }

    /// Opens the incident, or adds to it; says what was done.
    pub(super) async fn publish(&self, message: &Message, context: &Context) -> Result<String, Problem> {
        let mut pages = context.outbox.pages().lock().await;
        let state = pages.entry(message.contact.clone()).or_default();
        if state.incident.is_none() && state.unsure {
            state.incident = self.found(context).await?;
            state.unsure = false;
            self.note(&message.contact, state, context).await;
        }
        match state.incident.clone() {
            Some(incident) => {
                self.call(self.update_of(&incident, message), context).await?;
                state.resolved |= message.over;
                let end = if message.over { ", and it is over" } else { "" };
                Ok(format!("{}: the incident {incident} says so{end}", self.vendor))
            }
            // What nobody read about is not said to be over.
            None if message.over => Ok(format!("{}: there is no incident to close", self.vendor)),
            None => self.open(message, state, context).await,
        }
    }

    async fn open(&self, message: &Message, state: &mut PageState, context: &Context) -> Result<String, Problem> {
        let opened = match self.call(self.creation_of(message, context), context).await {
            Ok(told) => told,
            Err(failed) => {
                state.unsure |= failed.unsure;
                // It may be there: asked at once, the history knows it before the next message.
                if failed.unsure
                    && let Ok(Some(incident)) = self.found(context).await
                {
                    *state = PageState { incident: Some(incident.clone()), ..PageState::default() };
                    self.note(&message.contact, state, context).await;
                    return Ok(format!("{}: the incident {incident} is open", self.vendor));
                }
                return Err(failed.into());
            }
        };
        // Both answer with the incident; an older form of Instatus puts it into a list.
        let id = told_id(&opened).ok_or_else(|| Problem::new(format!("{} did not say what the incident is called", self.vendor)));
        let id = match id {
            Ok(id) => id,
            Err(problem) => {
                state.unsure = true;
                return Err(problem);
            }
        };
        *state = PageState { incident: Some(id.clone()), ..PageState::default() };
        self.note(&message.contact, state, context).await;
        Ok(format!("{}: the incident {id} is open", self.vendor))
    }

    /// Writes down what the incident is called.
    async fn note(&self, contact: &str, state: &PageState, context: &Context) {
        if let (Some(incident), Some(recorder)) = (&state.incident, context.outbox.recorder()) {
            let opened = PageIncidentOpened { contact: contact.to_owned(), incident: incident.clone() };
            // A history that cannot be written ends the walk; here nothing follows from it.
            let _ = recorder.record_durably(Event::PageIncidentOpened(opened)).await;
        }
    }

    /// An incident of this execution that is open there.
    async fn found(&self, context: &Context) -> Result<Option<String>, Problem> {
        let path = if self.is_instatus { "incidents" } else { "incidents/unresolved" };
        let told = self.call((Method::GET, self.url(path), None), context).await?;
        let all = told.as_array().or_else(|| told["incidents"].as_array()).map(Vec::as_slice).unwrap_or_default();
        let ours = |incident: &&Value| {
            if self.is_instatus {
                incident["name"] == self.title(context).as_str()
                    && incident["status"] != "RESOLVED"
                    && incident["started"].as_str().is_some_and(|started| same_moment(started, context.outbox.started()))
            } else {
                incident["metadata"]["lifeboat"]["execution"] == context.outbox.id()
            }
        };
        Ok(all.iter().find(ours).and_then(told_id))
    }

    fn url(&self, path: &str) -> String {
        let pages = if self.is_instatus { "" } else { "pages/" };
        format!("{}/v1/{pages}{}/{path}", self.base, self.page.page)
    }

    async fn call(&self, (method, url, body): (Method, String, Option<Value>), context: &Context) -> Result<Value, ApiProblem> {
        let scheme = if self.is_instatus { "Bearer" } else { "OAuth" };
        let authorization = Some(Secret::new(format!("{scheme} {}", self.token.expose())));
        ApiCall { vendor: self.vendor, method, url, authorization, body: body.as_ref() }.send(context).await
    }

    fn title(&self, context: &Context) -> String {
        let usual = || match context.variables.get("service.name") {
            Some(service) => format!("Problems with {service}"),
            None => "Problems with the service".to_owned(),
        };
        let own = self.page.title.as_ref().and_then(|title| context.expand(title).ok());
        context.redactor.redact(&own.unwrap_or_else(usual))
    }

    fn creation_of(&self, message: &Message, context: &Context) -> (Method, String, Option<Value>) {
        let body = if self.is_instatus {
            json!({
                "name": self.title(context), "message": message.text, "status": "INVESTIGATING", "started": context.outbox.started(),
                "notify": true, "components": self.components(), "statuses": self.statuses(false),
            })
        } else {
            let mut incident = json!({
                "name": self.title(context), "status": "investigating", "body": message.text, "deliver_notifications": true,
                "metadata": {"lifeboat": {"execution": context.outbox.id()}},
            });
            self.with_components(&mut incident, false);
            json!({"incident": incident})
        };
        (Method::POST, self.url("incidents"), Some(body))
    }

    fn update_of(&self, incident: &str, message: &Message) -> (Method, String, Option<Value>) {
        if self.is_instatus {
            let status = if message.over { "RESOLVED" } else { "INVESTIGATING" };
            let body = json!({
                "message": message.text, "status": status, "notify": true, "components": self.components(),
                "statuses": self.statuses(message.over),
            });
            return (Method::POST, self.url(&format!("incidents/{incident}/incident-updates")), Some(body));
        }
        // Somebody may have set it to another status by hand, which stays until it is over.
        let mut update = json!({"body": message.text, "deliver_notifications": true});
        if message.over {
            update["status"] = "resolved".into();
            self.with_components(&mut update, true);
        }
        (Method::PATCH, self.url(&format!("incidents/{incident}")), Some(json!({"incident": update})))
    }

    fn components(&self) -> Vec<&String> {
        self.page.components.keys().collect()
    }

    fn with_components(&self, incident: &mut Value, over: bool) {
        if self.page.components.is_empty() {
            return;
        }
        let impact = |impact: ComponentImpact| if over { "operational" } else { impact.word() };
        let components: Map<String, Value> = self.page.components.iter().map(|(id, each)| (id.clone(), impact(*each).into())).collect();
        incident["component_ids"] = json!(self.components());
        incident["components"] = components.into();
    }

    fn statuses(&self, over: bool) -> Vec<Value> {
        let word = |impact: ComponentImpact| if over { "OPERATIONAL".to_owned() } else { impact.word().replace('_', "").to_uppercase() };
        self.page.components.iter().map(|(id, impact)| json!({"id": id, "status": word(*impact)})).collect()
    }
}

fn told_id(incident: &Value) -> Option<String> {
    incident["id"].as_str().map(str::to_owned)
}

/// Within a second: pages cut what is shorter off, or write it otherwise.
fn same_moment(one: &str, other: &str) -> bool {
    let read = |text: &str| chrono::DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)).ok();
    matches!((read(one), read(other)), (Some(one), Some(other)) if (one - other).num_milliseconds().abs() <= 1000)
}

#[cfg(test)]
mod tests {
    use super::same_moment;

    #[test]
    fn a_moment_is_known_again_in_another_form() {
        assert!(same_moment("2026-09-12T05:38:47.998Z", "2026-09-12T07:38:47.998123+02:00"));
        assert!(same_moment("2026-09-12 05:38:47Z", "2026-09-12T05:38:47.9Z"));
        assert!(!same_moment("2026-09-12T05:38:47Z", "2026-09-12T05:39:47Z") && !same_moment("yesterday", "yesterday"));
    }
}

//! All proxies by name, and the errors that the control API answers with.

use super::arrival::AcceptedConnection;
use super::carrier::Carrier;
use super::draft::Draft;
use super::event_feed::EventFeed;
use super::lever::Lever;
use super::playable::refused;
use super::proxy_actor::{ActorCommand, ProxyActor};
use super::proxy_view::{ProxyView, RawProxy};
use super::server_context::{ApiFlavor, ServerContext};
use super::upstream_address::HostPattern;
use crate::api::{ApiError, ProxyRecord};
use crate::fault::{RawToxic, Toxic};
use serde::Serialize;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

#[derive(Debug)]
struct ActorHandle {
    commands: mpsc::Sender<ActorCommand>,
    task: JoinHandle<()>,
    answers: Arc<std::sync::Mutex<Vec<HostPattern>>>,
}

/// All proxies by name. Their actors own their state; this only knows where to find them.
#[derive(Debug)]
pub(super) struct Registry {
    proxies: Mutex<BTreeMap<String, ActorHandle>>,
    feed: Arc<EventFeed>,
    pub(super) context: ServerContext,
    /// The proxies that may be broken; `None` where all may.
    breakable: Option<BTreeSet<String>>,
    /// While it is pulled no new fault is taken.
    pub(super) lever: Lever,
}

/// What came of a list of proxies: those that are there now, and the error that kept the rest away.
#[derive(Debug, Serialize)]
pub(super) struct PopulatedView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
    pub(super) proxies: Vec<ProxyRecord>,
}

#[inline(never)]
fn running(home: &'static Carrier, actor: ProxyActor, commands: mpsc::Receiver<ActorCommand>) -> JoinHandle<()> {
    home.spawn(actor.run(commands))
}

impl Registry {
    /// # Errors
    /// Where what stands behind this proxy must not be broken.
    pub(super) fn guard(&self, proxy: &str) -> Result<(), ApiError> {
        if self.breakable.as_ref().is_none_or(|breakable| breakable.contains(proxy)) {
            return Ok(());
        }
        let hint = "add it to `allow: {faults_on: [...]}` of the environment that this proxy was started for, and start it again";
        Err(ApiError::forbidden(format!("faults on `{proxy}` are not allowed here")).with_hint(hint))
    }

    pub(super) fn new(context: ServerContext, breakable: Option<BTreeSet<String>>) -> Self {
        Self { proxies: Mutex::default(), feed: Arc::new(EventFeed::new()), context, breakable, lever: Lever::default() }
    }

    /// Whose server this answers as.
    pub(super) const fn flavor(&self) -> ApiFlavor {
        self.context.flavor
    }

    /// Hands a connection to the proxy that answers for this host; gives it back where there is none. Of several the first by name.
    pub(super) async fn admit(&self, host: &str, port: u16, guest: AcceptedConnection) -> Option<AcceptedConnection> {
        let meant = |handle: &&ActorHandle| {
            let answers = handle.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.iter().any(|answers| answers.to(host, port))
        };
        let commands = self.proxies.lock().await.values().find(meant).map(|handle| handle.commands.clone());
        let Some(commands) = commands else { return Some(guest) };
        // An actor that has ended meanwhile closes what it is sent.
        let _ = commands.send(ActorCommand::Admit(guest)).await;
        None
    }

    pub(super) fn feed(&self) -> &EventFeed {
        &self.feed
    }

    /// Creates a proxy.
    ///
    /// # Errors
    /// Where one of that name exists, or it cannot be opened.
    pub(super) async fn create(&self, raw: RawProxy) -> Result<ProxyView, ApiError> {
        if let Some(name) = &raw.request.name
            && self.proxies.lock().await.contains_key(name)
        {
            return Err(already_exists());
        }
        if !raw.toxics.is_empty() {
            self.lever.refuses()?;
            self.guard(raw.request.name.as_deref().unwrap_or_default())?;
        }
        // Names may have to be resolved, which nobody else shall wait for.
        self.open(Draft::of(raw, &self.context).await?).await
    }

    /// Not async and not inlined, as [`running`] is not: what carries requests is compiled here, whoever awaits it.
    #[inline(never)]
    fn opening(&self, draft: Draft) -> JoinHandle<Result<ProxyActor, ApiError>> {
        draft.home.spawn(ProxyActor::open(draft, self.feed.clone(), self.context.clone()))
    }

    async fn open(&self, draft: Draft) -> Result<ProxyView, ApiError> {
        let home = draft.home;
        let opened = self.opening(draft).await;
        let actor = opened.map_err(|error| ApiError::internal(format!("the proxy could not be opened: {error}")))??;
        let view = actor.view();
        match self.proxies.lock().await.entry(view.record.name.clone()) {
            Entry::Occupied(_) => Err(already_exists()),
            Entry::Vacant(place) => {
                let (commands, received) = mpsc::channel(16);
                let answers = actor.answers();
                place.insert(ActorHandle { commands, task: running(home, actor, received), answers });
                Ok(view)
            }
        }
    }

    /// Creates these proxies. One that is there already stays as it is, with its toxics and those that are asked for, or is replaced where its
    /// addresses differ. What follows the first that cannot be opened is left out.
    pub(super) async fn populate(&self, raws: Vec<RawProxy>) -> PopulatedView {
        let mut proxies = Vec::new();
        let failed = 'failed: {
            for (place, raw) in raws.iter().enumerate() {
                for (field, value) in [("name", &raw.request.name), ("upstream", &raw.request.upstream)] {
                    if value.as_ref().is_none_or(String::is_empty) {
                        break 'failed Some(ApiError::missing(&format!("{field} at proxy {}", place + 1)));
                    }
                }
            }
            for raw in raws {
                match self.create_or_replace(raw).await {
                    Ok(view) => proxies.push(view.record),
                    Err(error) => break 'failed Some(error),
                }
            }
            None
        };
        let (error, status, hint) = failed.map_or((None, None, None), |failed| (Some(failed.error), Some(failed.status), failed.hint));
        PopulatedView { error, status, hint, proxies }
    }

    async fn create_or_replace(&self, raw: RawProxy) -> Result<ProxyView, ApiError> {
        let name = raw.request.name.clone().unwrap_or_default();
        let Ok(there) = self.ask(&name, ActorCommand::Show).await else { return self.create(raw).await };
        if there.leads_as(&raw.request).await? {
            return self.equip(&name, raw.toxics).await;
        }
        self.guard(&name)?;
        // What is refused must not cost the one that is there.
        let draft = Draft::of(raw, &self.context).await?;
        let there = self.ask(&name, ActorCommand::Show).await?;
        self.remove(&name).await?;
        match self.open(draft).await {
            Ok(view) => Ok(view),
            Err(error) => Err(self.restored(there, error).await),
        }
    }

    /// Opens a proxy again whose successor could not be opened, which this error says.
    async fn restored(&self, there: ProxyView, error: ApiError) -> ApiError {
        let again = match Draft::of(there.again(), &self.context).await {
            Ok(draft) => self.open(draft).await.map(drop),
            Err(lost) => Err(lost),
        };
        match again {
            Ok(()) => error,
            Err(lost) => ApiError { error: format!("{}; and the previous proxy is lost: {}", error.error, lost.error), ..error },
        }
    }

    /// Gives a proxy that is there these toxics, beside those that it has.
    async fn equip(&self, name: &str, toxics: Vec<RawToxic>) -> Result<ProxyView, ApiError> {
        if !toxics.is_empty() {
            self.lever.refuses()?;
            self.guard(name)?;
        }
        for raw in toxics {
            let toxic = Toxic::parse(&raw).map_err(refused)?;
            match self.ask(name, |reply| ActorCommand::ShowToxic(toxic.name.clone(), reply)).await {
                Ok(there) if (there.kind.as_str(), there.stream.as_str()) != (toxic.kind(), toxic.stream.word()) => {
                    return Err(ApiError::conflict("toxic already exists").with_hint("remove it first, or give the other one another name"));
                }
                Ok(_) => drop(self.ask(name, |reply| ActorCommand::ChangeToxic(toxic.name, raw, reply)).await?),
                Err(_) => drop(self.ask(name, |reply| ActorCommand::AddToxic(raw, reply)).await?),
            }
        }
        self.ask(name, ActorCommand::Show).await
    }

    /// Asks the actor of this proxy.
    ///
    /// # Errors
    /// The actor's, or that there is none.
    pub(super) async fn ask<T>(
        &self,
        proxy: &str,
        command: impl FnOnce(oneshot::Sender<Result<T, ApiError>>) -> ActorCommand,
    ) -> Result<T, ApiError> {
        let commands = self.proxies.lock().await.get(proxy).map(|handle| handle.commands.clone());
        ask(&commands.ok_or_else(|| ApiError::not_found("proxy not found"))?, command).await
    }

    /// Every proxy, by name.
    pub(super) async fn views(&self) -> BTreeMap<String, ProxyView> {
        let mut views = BTreeMap::new();
        for name in self.names().await {
            // One that was removed meanwhile is not there to be shown.
            if let Ok(view) = self.ask(&name, ActorCommand::Show).await {
                views.insert(name, view);
            }
        }
        views
    }

    /// Enables every proxy and removes every toxic.
    ///
    /// # Errors
    /// The first; all are tried.
    pub(super) async fn reset(&self) -> Result<(), ApiError> {
        let mut result = Ok(());
        for name in self.names().await {
            match self.ask(&name, ActorCommand::Reset).await {
                Err(error) if error.status != 404 && result.is_ok() => result = Err(error),
                _ => {}
            }
        }
        result
    }

    /// Removes a proxy and closes its connections.
    ///
    /// # Errors
    /// Where there is none of that name.
    pub(super) async fn remove(&self, name: &str) -> Result<(), ApiError> {
        let handle = self.proxies.lock().await.remove(name).ok_or_else(|| ApiError::not_found("proxy not found"))?;
        end(handle).await;
        Ok(())
    }

    /// Removes all proxies: takes nothing new, and gives open connections so long to end by themselves.
    pub(super) async fn end(&self, grace: Duration) {
        let handles = std::mem::take(&mut *self.proxies.lock().await);
        if grace > Duration::ZERO {
            for handle in handles.values() {
                let _ = ask(&handle.commands, ActorCommand::Drain).await;
            }
            let deadline = Instant::now() + grace;
            let mut handles: Vec<ActorHandle> = handles.into_values().collect();
            for handle in &mut handles {
                let _ = timeout_at(deadline, &mut handle.task).await;
            }
            handles.retain(|handle| !handle.task.is_finished());
            for handle in handles {
                end(handle).await;
            }
            return;
        }
        for handle in handles.into_values() {
            end(handle).await;
        }
    }

    async fn names(&self) -> Vec<String> {
        self.proxies.lock().await.keys().cloned().collect()
    }
}

async fn ask<T>(
    commands: &mpsc::Sender<ActorCommand>,
    command: impl FnOnce(oneshot::Sender<Result<T, ApiError>>) -> ActorCommand,
) -> Result<T, ApiError> {
    let (reply, answer) = oneshot::channel();
    let gone = || ApiError::not_found("proxy not found");
    commands.send(command(reply)).await.map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}

fn already_exists() -> ApiError {
    ApiError::conflict("proxy already exists")
}

async fn end(handle: ActorHandle) {
    // Errors mean that the actor has ended already.
    let _ = ask(&handle.commands, ActorCommand::End).await;
    let _ = handle.task.await;
}

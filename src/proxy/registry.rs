//! All proxies by name, and the errors that the control API answers with.

use super::keeper::{Command, Expired, Keeper, ProxyView, RawProxy};
use super::sight::Sight;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

/// An error as Shopify's server writes it.
#[derive(Debug, Serialize)]
pub(super) struct ApiError {
    pub(super) error: String,
    pub(super) status: u16,
    /// Set where the toxic that was asked for has ended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    expired: Option<Expired>,
}

impl ApiError {
    fn new(status: u16, error: impl Into<String>) -> Self {
        Self { error: error.into(), status, expired: None }
    }

    pub(super) fn bad_request(error: impl Into<String>) -> Self {
        Self::new(400, error)
    }

    pub(super) fn missing(field: &str) -> Self {
        Self::new(400, format!("missing required field: {field}"))
    }

    pub(super) fn not_found(error: impl Into<String>) -> Self {
        Self::new(404, error)
    }

    pub(super) fn conflict(error: impl Into<String>) -> Self {
        Self::new(409, error)
    }

    pub(super) fn internal(error: impl Into<String>) -> Self {
        Self::new(500, error)
    }

    pub(super) fn with_expired(mut self, expired: Option<Expired>) -> Self {
        self.expired = expired;
        self
    }
}

#[derive(Debug)]
struct Handle {
    commands: mpsc::Sender<Command>,
    task: JoinHandle<()>,
}

/// The proxies. Keepers own their state; this only knows where to find them.
#[derive(Debug)]
pub(super) struct Registry {
    proxies: Mutex<BTreeMap<String, Handle>>,
    sight: Arc<Sight>,
}

impl Registry {
    pub(super) fn new() -> Self {
        Self { proxies: Mutex::default(), sight: Arc::new(Sight::new()) }
    }

    pub(super) fn sight(&self) -> &Sight {
        &self.sight
    }

    /// Creates a proxy.
    ///
    /// # Errors
    /// Where one of that name exists, or it cannot be opened.
    pub(super) async fn create(&self, raw: RawProxy) -> Result<ProxyView, ApiError> {
        let mut proxies = self.proxies.lock().await;
        if raw.name.as_ref().is_some_and(|name| proxies.contains_key(name)) {
            return Err(ApiError::conflict("proxy already exists"));
        }
        let keeper = Keeper::open(raw, self.sight.clone()).await?;
        let (commands, received) = mpsc::channel(16);
        let task = tokio::spawn(keeper.run(received));
        let view = ask(&commands, Command::Show).await?;
        proxies.insert(view.name.clone(), Handle { commands, task });
        Ok(view)
    }

    /// Asks the keeper of this proxy.
    ///
    /// # Errors
    /// The keeper's, or that there is none.
    pub(super) async fn ask<T>(
        &self,
        proxy: &str,
        command: impl FnOnce(oneshot::Sender<Result<T, ApiError>>) -> Command,
    ) -> Result<T, ApiError> {
        let commands = self.proxies.lock().await.get(proxy).map(|handle| handle.commands.clone());
        ask(&commands.ok_or_else(|| ApiError::not_found("proxy not found"))?, command).await
    }

    /// Every proxy, by name.
    pub(super) async fn views(&self) -> BTreeMap<String, ProxyView> {
        let mut views = BTreeMap::new();
        for name in self.names().await {
            // One that was removed meanwhile is not there to be shown.
            if let Ok(view) = self.ask(&name, Command::Show).await {
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
            match self.ask(&name, Command::Reset).await {
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

    /// Removes all proxies.
    pub(super) async fn end(&self) {
        let handles = std::mem::take(&mut *self.proxies.lock().await);
        for handle in handles.into_values() {
            end(handle).await;
        }
    }

    async fn names(&self) -> Vec<String> {
        self.proxies.lock().await.keys().cloned().collect()
    }
}

async fn ask<T>(
    commands: &mpsc::Sender<Command>,
    command: impl FnOnce(oneshot::Sender<Result<T, ApiError>>) -> Command,
) -> Result<T, ApiError> {
    let (reply, answer) = oneshot::channel();
    let gone = || ApiError::not_found("proxy not found");
    commands.send(command(reply)).await.map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}

async fn end(handle: Handle) {
    // Errors mean that the keeper has ended already.
    let _ = ask(&handle.commands, Command::End).await;
    let _ = handle.task.await;
}

//! One provider as the reference gateway sees it: where it is, how it is spoken to, and what one try came to.
//!
//! Connections are kept and used again, one pool for each provider, so that open connections exist when a fault comes. A try that
//! runs out of time drops its connection; those that are idle stay, dead or not, as they do in gateways of others. A request that
//! meets a connection closed before any of it was sent goes out on a new one within the same try: nobody has seen it yet.

use super::LabError;
use super::server::HEAD_LINES;
use super::try_failure::{Http, TryFailure};
use super::upstream_credential::UpstreamCredential;
use crate::dialect::Route;
use crate::model::{CredentialKind, Dialect, GatewaySettings, Operation};
use crate::secret::Store;
use crate::units::{Fingerprint, Secret};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{HeaderMap, Request, Response, Uri, rt};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

/// What the gateway passes on: what OpenAI and Azure have in common.
const PASSED: [Operation; 3] = [Operation::Chat, Operation::Responses, Operation::Embeddings];
/// A provider that the gateway may ask.
#[derive(Clone)]
pub struct Upstream {
    /// Its name in moves, status and messages.
    pub name: String,
    /// How it speaks.
    pub dialect: Dialect,
    /// Its base URL as clients of its dialect want it; `http` or `https`.
    pub base_url: String,
    /// The credential that it takes, or that tokens for it are minted from.
    pub key: Secret,
    /// Which of the two.
    pub kind: CredentialKind,
    /// Where the credential is read again when the gateway is told to; `None` where it never changes.
    pub store: Option<Arc<dyn Store>>,
    /// Its model, which replaces the one that the client names.
    pub model: String,
    /// The same for vectors.
    pub embedding_model: String,
}

impl Upstream {
    fn model_for(&self, operation: Operation) -> &str {
        if operation == Operation::Embeddings { &self.embedding_model } else { &self.model }
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upstream({}, {}, {}, key {}, {})", self.name, self.dialect, self.base_url, self.key.fingerprint(), self.model)
    }
}

/// Pool of connections to one upstream, with the credential that its requests carry.
#[derive(Debug)]
pub(super) struct UpstreamPool {
    pub(super) upstream: Upstream,
    /// Where each operation is asked for.
    uris: Vec<(Operation, Uri)>,
    credential: UpstreamCredential,
    client: Http,
    tasks: Tasks,
}

impl UpstreamPool {
    pub(super) fn new(upstream: Upstream, settings: &GatewaySettings) -> Result<Self, LabError> {
        if !upstream.dialect.has_openai_bodies() {
            return Err(LabError::Upstream { name: upstream.name, dialect: upstream.dialect });
        }
        let wrong = |problem: String| LabError::Url { name: upstream.name.clone(), url: upstream.base_url.clone(), problem };
        let uri = |operation| {
            let path = Route::path(upstream.dialect, operation, upstream.model_for(operation), false);
            let uri: Uri =
                format!("{}{path}", upstream.base_url.trim_end_matches('/')).parse().map_err(|error| wrong(format!("{error}")))?;
            if uri.host().is_none() || !matches!(uri.scheme_str(), Some("http" | "https")) {
                return Err(wrong("it is not an http or https URL".to_owned()));
            }
            Ok((operation, uri))
        };
        let uris = PASSED.into_iter().map(uri).collect::<Result<_, LabError>>()?;
        let credential = UpstreamCredential::new(upstream.dialect, upstream.kind, &upstream.key, &upstream.base_url, settings.token_cache);
        let credential = credential.ok_or_else(|| wrong("its key is not valid in a header".to_owned()))?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // A connection that is still being made when its try gives up may end that late, and no later.
        tcp.set_connect_timeout(Some(settings.try_timeout.std()));
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| LabError::Tls(error.to_string()))?;
        let tasks = Tasks::default();
        let client =
            Client::builder(tasks.clone()).http1_max_headers(HEAD_LINES).build(tls.https_or_http().enable_http1().wrap_connector(tcp));
        Ok(Self { credential, upstream, uris, client, tasks })
    }

    /// Sends a request and waits for the headers of the answer.
    pub(super) async fn ask(
        &self,
        operation: Operation,
        headers: &HeaderMap,
        body: Bytes,
        within: Duration,
    ) -> Result<Response<Incoming>, TryFailure> {
        let uri = self.uris.iter().find(|(own, _)| *own == operation).map_or_else(Uri::default, |(_, uri)| uri.clone());
        let mut request = Request::post(uri).body(Full::new(body)).expect("a URI and a method are a request");
        *request.headers_mut() = headers.clone();
        let asked = async {
            let (name, value) = self.credential.header(&self.client).await?;
            request.headers_mut().insert(name, value);
            self.client.request(request).await.map_err(|error| TryFailure::of(&error))
        };
        tokio::time::timeout(within, asked).await.unwrap_or(Err(TryFailure::Timeout(within)))
    }

    /// The client's body with this provider's model in it.
    pub(super) fn body(&self, operation: Operation, mut asked: Value) -> Bytes {
        asked["model"] = Value::String(self.upstream.model_for(operation).to_owned());
        asked.to_string().into()
    }

    /// Reads the credential again; requests that come from now on carry what was found. Which key that is, by its fingerprint; `None`
    /// where it has no store.
    pub(super) async fn reload(&self) -> Result<Option<Fingerprint>, String> {
        let Some(store) = &self.upstream.store else { return Ok(None) };
        let key = store.read().await.map_err(|error| error.to_string())?.value;
        let taken = self.credential.take_up(&key).await;
        taken.then(|| Some(key.fingerprint())).ok_or_else(|| format!("the key of {} is not valid in a header", self.upstream.name))
    }

    /// Closes every connection and waits until that is done.
    pub(super) async fn close(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.0.lock().expect("nothing panics while it holds the tasks"));
        tasks.shutdown().await;
    }
}

/// The tasks that hold a pool's connections, so that they can be joined.
#[derive(Debug, Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl<F: Future<Output = ()> + Send + 'static> rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        let mut tasks = self.0.lock().expect("nothing panics while it holds the tasks");
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}

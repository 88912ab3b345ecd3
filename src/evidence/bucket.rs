//! A bundle in a bucket of S3, or of what speaks like it: put there only where nothing is, with its hash for the server to check, and locked where
//! that was asked for. What came of it is looked at afterwards.
//!
//! The client of `object_store` knows no locks, and an unsigned header of AWS's own is refused; so requests get their headers here, and are signed
//! after that.
//!
//! What this file does not do: make buckets. One that can lock objects was made so.

use crate::host;
use crate::model::{BucketPlace, ObjectLock};
use crate::secret::{SecretContext, key, variable};
use crate::units::{Problem, expand, one_line};
use crate::web::{Purpose, client};
use object_store::aws::{AmazonS3Builder, AwsAuthorizer, AwsCredential, Checksum};
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService};
use object_store::path::Path as Key;
use object_store::{ClientOptions, Error, HeaderValue, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, RetryConfig};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// The longest bundle that goes there at once. In bytes: S3's own bound.
const LONGEST: usize = 5 << 30;

const MODE: &str = "x-amz-object-lock-mode";
const UNTIL: &str = "x-amz-object-lock-retain-until-date";

/// Puts a bundle into a bucket; returns its address there.
pub(super) async fn store(bundle: &Path, place: &BucketPlace, site: SecretContext<'_>) -> Result<String, Problem> {
    let BucketPlace { bucket, prefix, region, endpoint, access_key_id, secret_access_key, session_token, lock } = place;
    let held = |source| key(source, site).map_err(|error| Problem::new(format!("the key of the bucket `{bucket}`")).caused_by(error));
    let credential = AwsCredential {
        key_id: held(access_key_id)?.expose().to_owned(),
        secret_key: held(secret_access_key)?.expose().to_owned(),
        token: session_token.as_ref().map(held).transpose()?.map(|token| token.expose().to_owned()),
    };
    let name = bundle.file_name().and_then(|name| name.to_str()).ok_or_else(|| Problem::new("the bundle has no name"))?;
    let key = Key::from_iter(prefix.iter().flat_map(|prefix| prefix.split('/')).chain([name]));
    let address = format!("s3://{bucket}/{key}");
    let until = lock.map(|lock| (lock, chrono::Utc::now() + lock.keep.std()));
    let sight = Arc::new(Mutex::new(None));
    let web = client(Purpose::Reports).timeout(PATIENCE).build();
    let web = web.map_err(|error| Problem::new(format!("cannot ask for {address}")).caused_by(error.without_url()))?;
    let signing =
        Signing { inner: HttpClient::new(web), credential, region: region.clone(), lock: until.map(headers), sight: sight.clone() };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(region)
        .with_skip_signature(true)
        .with_checksum_algorithm(Checksum::SHA256)
        .with_retry(RetryConfig { max_retries: 2, retry_timeout: Duration::from_secs(60), ..RetryConfig::default() })
        .with_http_connector(Connector(HttpClient::new(signing)));
    if let Some(endpoint) = endpoint {
        let value = |name: &str| variable(name).map(|value| value.expose().to_owned());
        let endpoint = expand(endpoint, value).map_err(|unknown| Problem::new(format!("the variable {} is not set", unknown.name)))?;
        let plain = endpoint.starts_with("http://");
        builder = builder.with_endpoint(endpoint).with_allow_http(plain);
    }
    let store = builder.build().map_err(|error| failed(&address, error))?;
    let bytes = host::bytes_of(bundle, LONGEST).map_err(|error| Problem::new(bundle.display().to_string()).caused_by(error))?;
    let length = bytes.len() as u64;
    let payload = PutPayload::from(bytes.clone());
    match store.put_opts(&key, payload, PutOptions { mode: PutMode::Create, ..PutOptions::default() }).await {
        Ok(_) => {}
        Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
            let there = async { store.get(&key).await?.bytes().await }.await.map_err(|error| failed(&address, error))?;
            if there != bytes {
                let problem = Problem::new(format!("{address} holds something else already"));
                return Err(problem.hint("what is kept is never overwritten; choose another prefix"));
            }
        }
        Err(error) => return Err(failed(&address, error)),
    }
    let found = store.head(&key).await.map_err(|error| failed(&address, error))?;
    if found.size != length {
        return Err(Problem::new(format!("{address} holds {} bytes, and {length} were sent", found.size)));
    }
    let seen = sight.lock().map(|seen| seen.clone()).unwrap_or_default();
    match (lock, seen) {
        (None, _) => Ok(address),
        (Some(lock), Some((mode, until))) if mode.eq_ignore_ascii_case(lock.mode.word()) => {
            Ok(format!("{address} (locked, {mode} until {until})"))
        }
        (Some(_), _) => Err(Problem::new(format!("{address} is there, and nothing shows that it is locked"))
            .hint("let the key see it (`s3:GetObjectRetention`), and see that the bucket has object lock")),
    }
}

/// The headers of a lock. What is locked must come with a hash, and some servers want to be told of which kind.
fn headers((lock, until): (ObjectLock, chrono::DateTime<chrono::Utc>)) -> [(&'static str, String); 3] {
    let mode = lock.mode.word().to_ascii_uppercase();
    let until = until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    [(MODE, mode), (UNTIL, until), ("x-amz-sdk-checksum-algorithm", "SHA256".to_owned())]
}

fn failed(address: &str, error: Error) -> Problem {
    let hint = match &error {
        Error::NotFound { .. } => "make the bucket, with object lock where a lock is asked for",
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => "give a key that may write there",
        _ => "see that the address, the region and the key are right; a lock needs a bucket with object lock",
    };
    let whole = crate::units::with_causes(&error);
    // A server's answer may repeat what it was asked with; of that only its two sentences are told.
    let told = match (between(&whole, "<Code>", "</Code>"), between(&whole, "<Message>", "</Message>")) {
        (Some(code), Some(message)) => format!("the server says {code}: {}", message.trim_end_matches('.')),
        _ => whole.split("<?xml").next().unwrap_or_default().trim().to_owned(),
    };
    let told: String = one_line(&told).chars().take(300).collect();
    Problem::new(format!("cannot store {address}: {told}")).hint(hint)
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

/// Hands out the one client there is.
#[derive(Debug)]
struct Connector(HttpClient);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.clone())
    }
}

/// Adds the lock's headers to what is stored, signs every request, and looks at the lock of what is there.
#[derive(Debug)]
struct Signing {
    inner: HttpClient,
    credential: AwsCredential,
    region: String,
    lock: Option<[(&'static str, String); 3]>,
    /// The lock of the object that was asked about last: its mode and its end.
    sight: Arc<Mutex<Option<(String, String)>>>,
}

impl Signing {
    async fn signed(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if request.method().as_str() == "PUT" {
            for (name, value) in self.lock.iter().flatten() {
                let value = HeaderValue::from_str(value).map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
                request.headers_mut().insert(*name, value);
            }
        }
        let looks = request.method().as_str() == "HEAD";
        let authorizer = AwsAuthorizer::new(&self.credential, "s3", &self.region);
        authorizer.try_authorize(&mut request, None).map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        let answer = self.inner.execute(request).await?;
        if looks {
            let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            if let Ok(mut sight) = self.sight.lock() {
                *sight = header(MODE).zip(header(UNTIL));
            }
        }
        Ok(answer)
    }
}

impl HttpService for Signing {
    fn call<'life0, 'async_trait>(
        &'life0 self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(self.signed(request))
    }
}

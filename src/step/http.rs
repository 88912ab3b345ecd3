//! `http`: one request, and what its answer must be.

use super::{Context, Output, StepError};
use crate::model::HttpCall;
use crate::units::explained;
use crate::web::{self, Purpose};

/// An answer is read up to here.
const LONGEST: usize = 1 << 20;

/// What sends the requests of steps and messages to contacts.
pub fn client() -> reqwest::Client {
    web::client(Purpose::Steps).build().expect("a client that reads no file can always be made")
}

pub(super) async fn call(call: &HttpCall, context: &Context) -> Result<Output, StepError> {
    let url = context.expand(&call.url)?;
    let method =
        reqwest::Method::from_bytes(call.method.as_bytes()).map_err(|_| StepError::failed(format!("`{}` is not a method", call.method)))?;
    let mut request = context.http.request(method, &url);
    for (name, value) in &call.headers {
        request = request.header(name, context.expand(value)?);
    }
    if let Some(body) = &call.body {
        request = request.body(context.expand(body)?);
    }
    let mut response = request.send().await.map_err(|error| StepError::failed(format!("{url}: {}", in_words(&error))))?;
    let status = response.status();
    let sends_on = web::sends_on(status.as_u16(), response.headers(), response.url());
    // Secrets are taken out before anything is cut; what was cut is the same for later steps.
    let (mut stream, mut shown, mut body) = (context.redactor.stream(), Vec::new(), Vec::new());
    let mut whole = true;
    while let Some(chunk) = response.chunk().await.map_err(|error| StepError::failed(format!("{url}: {}", in_words(&error))))? {
        whole &= body.len() + chunk.len() <= LONGEST;
        add(&mut shown, &stream.push(&chunk));
        add(&mut body, &chunk);
    }
    add(&mut shown, &stream.end());
    let shown = String::from_utf8_lossy(&shown);
    let body = if whole { String::from_utf8_lossy(&body) } else { shown.clone() };
    let seen = format!("{} {url} answered {}\n{shown}", call.method, status.as_u16());
    let as_expected = call.expect_status.map_or(status.is_success(), |wanted| status.as_u16() == wanted);
    if !as_expected {
        return Err(StepError::failed(match sends_on {
            Some(elsewhere) => format!("{seen}\n{}", explained(&elsewhere)),
            None => seen,
        }));
    }
    match &call.expect_text {
        Some(text) if !body.contains(context.expand(text)?.as_str()) => {
            Err(StepError::failed(format!("{seen}\nit does not contain `{text}`")))
        }
        _ => Ok(Output { shown: seen, value: body.as_ref().into() }),
    }
}

fn add(bytes: &mut Vec<u8>, more: &[u8]) {
    bytes.extend_from_slice(&more[..more.len().min(LONGEST.saturating_sub(bytes.len()))]);
}

/// What went wrong, without the URL (it may bear a secret) and with its cause.
pub(super) fn in_words(error: &reqwest::Error) -> String {
    let mut source: &dyn std::error::Error = error;
    while let Some(cause) = source.source() {
        source = cause;
    }
    if error.is_timeout() { "no answer in time".to_owned() } else { source.to_string() }
}

//! `http`: one request, and what its answer must be.

use super::error::problem_of;
use super::{Context, Output, StepError};
use crate::model::HttpCall;
use crate::process::CUT;
use crate::units::Secret;
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
    let response = request.send().await.map_err(|error| StepError::failed(format!("{url}: {}", in_words(&error))))?;
    let status = response.status();
    let sends_on = web::sends_on(status.as_u16(), response.headers(), response.url());
    let location = web::location(response.headers(), response.url());
    let answer = ReadAnswer::read(response, context).await.map_err(|error| StepError::failed(format!("{url}: {}", in_words(&error))))?;
    let as_expected = call.expect_status.map_or(status.is_success(), |wanted| status.as_u16() == wanted);
    // Of a redirect that nobody expected only the host is told.
    let location = location.filter(|_| as_expected).map_or_else(String::new, |place| format!("\nlocation: {place}"));
    let seen = format!("{} {url} answered {}{location}\n{}", call.method, status.as_u16(), answer.shown);
    if !as_expected {
        let Some(elsewhere) = sends_on else { return Err(StepError::failed(seen)) };
        let mut problem = problem_of(&elsewhere);
        problem.message = format!("{seen}\n{}", problem.message);
        return Err(problem.into());
    }
    let wanted = call.expect_text.as_ref().map(|text| context.expand(text)).transpose()?;
    match wanted {
        // What is missing comes first: the answer may be long.
        Some(text) if !answer.text.expose().contains(&text) => {
            Err(StepError::failed(format!("`{text}` is not in the body of the answer ({})\n{seen}", answer.how_much())))
        }
        _ => Ok(Output { shown: seen, value: answer.value() }),
    }
}

/// What came back, up to [`LONGEST`].
struct ReadAnswer {
    /// Without secrets.
    shown: String,
    text: Secret,
    bytes: usize,
    whole: bool,
}

impl ReadAnswer {
    /// Secrets are taken out before anything is cut.
    async fn read(mut response: reqwest::Response, context: &Context) -> reqwest::Result<Self> {
        let (mut stream, mut shown, mut body) = (context.redactor.stream(), Vec::new(), Vec::new());
        let mut whole = true;
        while whole && let Some(chunk) = response.chunk().await? {
            whole = body.len() + chunk.len() <= LONGEST;
            add(&mut shown, &stream.push(&chunk));
            add(&mut body, &chunk);
        }
        add(&mut shown, &stream.end());
        let text = Secret::new(String::from_utf8_lossy(&body).into_owned());
        Ok(Self { shown: String::from_utf8_lossy(&shown).into_owned(), text, bytes: body.len(), whole })
    }

    fn how_much(&self) -> String {
        match (self.whole, self.bytes) {
            (true, 0) => "it is empty".into(),
            (true, 1) => "all of it was read: 1 byte".into(),
            (true, bytes) => format!("all of it was read: {bytes} bytes"),
            (false, _) => "its first 1 MiB was read, and the rest was not".into(),
        }
    }

    /// For later steps; of one that was cut what is for people, for at the cut might stand a part of a secret, which nobody could find.
    fn value(self) -> Secret {
        if self.whole { self.text } else { Secret::new(format!("{}\n{CUT}", self.shown)) }
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

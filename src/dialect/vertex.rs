//! Google's `generateContent` and `streamGenerateContent`, as Vertex AI and the Gemini API speak them.
//!
//! A base URL ends before `/models/…`: for Gemini with the version, for Vertex with `/publishers/google` of a project and a location.
//! A stream is asked for with `alt=sse` (the form without it, one long JSON array, is not spoken) and has no marker of its own: its
//! last chunk has a `finishReason`, and the `usageMetadata`. A key that is refused is answered as Vertex does, with 401; the Gemini API
//! is said to answer 400. Source: Google's reference and its page of API errors.

use super::ask::MAX_TOKENS;
use super::credential::bearer;
use super::demand::{conversation, offered, parameters, words_of};
use super::form::{OperationCodec, PartialAnswer, RequestContent, is_count};
use super::reply::AnswerEnd;
use super::route::{query_value, segment, unescaped};
use super::tongue::{HeaderLookup, ProviderApi, ProviderError};
use super::{ProviderAnswer, ProviderFault, ProviderRequest, Receipt, Route};
use crate::model::Operation;
use serde_json::{Value, json};

/// Speaks it.
pub(super) struct Vertex;

impl ProviderApi for Vertex {
    fn base_path(&self) -> &'static str {
        "/v1beta"
    }

    fn path(&self, _operation: Operation, model: &str, streamed: bool) -> String {
        let operation = if streamed { "streamGenerateContent?alt=sse" } else { "generateContent" };
        format!("/models/{}:{operation}", segment(model))
    }

    fn route(&self, method: &str, path: &str, query: Option<&str>) -> Option<Route> {
        let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
        if !matches!(version, "v1" | "v1beta" | "v1beta1") {
            return None;
        }
        if method == "GET" {
            // What stands behind a colon is something that a model does.
            return Route::models(rest, "models").filter(|route| !matches!(route, Route::Model(name) if name.contains(':')));
        }
        let (place, named) = rest.rsplit_once("models/")?;
        if method != "POST" || !(place.is_empty() || place.ends_with("/publishers/google/")) {
            return None;
        }
        let (model, operation) = named.rsplit_once(':')?;
        let streamed = match operation {
            "generateContent" => false,
            "streamGenerateContent" if query_value(query?, "alt") == Some("sse") => true,
            _ => return None,
        };
        (!model.is_empty() && !model.contains('/')).then(|| Route::Inference {
            operation: Operation::Chat,
            model: Some(unescaped(model)),
            streamed,
        })
    }

    fn credential<'h>(&self, header: HeaderLookup<'_, 'h>) -> Option<&'h str> {
        header("x-goog-api-key").map(str::trim).or_else(|| bearer(header))
    }

    /// A key of the Gemini API. Vertex takes tokens, as bearers.
    fn credential_header(&self, key: &str) -> (&'static str, String) {
        ("x-goog-api-key", key.to_owned())
    }

    fn stream_type(&self) -> &'static str {
        "text/event-stream"
    }

    fn models(&self, names: &[&str]) -> Value {
        let model = |id: &&str| {
            json!({"name": format!("models/{id}"), "displayName": id, "version": "lab",
                   "supportedGenerationMethods": ["generateContent", "streamGenerateContent"]})
        };
        json!({"models": names.iter().map(model).collect::<Vec<_>>()})
    }

    fn model(&self, name: &str) -> Value {
        self.models(&[name])["models"][0].take()
    }

    fn refusal(&self, fault: &ProviderFault) -> ProviderError {
        let (status, kind, message) = match fault {
            ProviderFault::InvalidKey | ProviderFault::ExpiredToken => (
                401,
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
                 authentication credential.",
            ),
            ProviderFault::Forbidden => (403, "PERMISSION_DENIED", "The caller does not have permission"),
            ProviderFault::OutOfQuota => {
                (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details.")
            }
            ProviderFault::RateLimited { .. } => (429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later."),
            ProviderFault::Overloaded => (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
            ProviderFault::ServerError | ProviderFault::Status { .. } => (500, "INTERNAL", "An internal error has occurred."),
            ProviderFault::Timeout => (504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
            ProviderFault::NoSuchModel(model) => {
                return ProviderError::new(
                    404,
                    "NOT_FOUND",
                    "",
                    format!("models/{model} is not found or is not supported for generateContent."),
                );
            }
            ProviderFault::NoSuchPath => (404, "NOT_FOUND", "The requested URL was not found on this server."),
            ProviderFault::BadRequest(message) => return ProviderError::new(400, "INVALID_ARGUMENT", "", message.clone()),
            ProviderFault::ContentFiltered => (400, "INVALID_ARGUMENT", "The prompt was blocked."),
            ProviderFault::ContextTooLong => {
                (400, "INVALID_ARGUMENT", "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).")
            }
        };
        ProviderError::new(status, kind, "", message)
    }

    fn error_body(&self, refusal: &ProviderError) -> Value {
        json!({"error": {"code": refusal.status, "message": refusal.message, "status": refusal.kind}})
    }

    /// Google sends none; its answers bear their identifier in the body.
    fn receipt(&self, _receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

impl OperationCodec for Vertex {
    fn request(&self, wish: &RequestContent<'_>) -> Value {
        let mut body = json!({
            "contents": [{"role": "user", "parts": [{"text": wish.prompt}]}],
            "generationConfig": {"maxOutputTokens": MAX_TOKENS, "temperature": 0},
        });
        if wish.json {
            body["generationConfig"]["responseMimeType"] = json!("application/json");
        }
        if let Some(name) = wish.tool {
            body["tools"] = json!([{"functionDeclarations": [{"name": name, "parameters": parameters()}]}]);
            body["toolConfig"] = json!({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [name]}});
        }
        body
    }

    fn read_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        let system = words_of(&body["systemInstruction"]["parts"]).unwrap_or_default();
        let is_free = body["toolConfig"]["functionCallingConfig"]["mode"] != "NONE";
        Ok(ProviderRequest {
            max_tokens: body["generationConfig"]["maxOutputTokens"].as_u64(),
            prompt: system + &conversation(body, "contents", "parts")?,
            tool: offered(&body["tools"][0]["functionDeclarations"][0]["name"], &body["contents"]).filter(|_| is_free),
            json: body["generationConfig"]["responseMimeType"] == "application/json",
            ..ProviderRequest::default()
        })
    }

    fn whole(&self, reply: &ProviderAnswer) -> Value {
        let mut body = chunk(reply, &json!([said(reply, &reply.text())]));
        finish(reply, &mut body);
        body
    }

    /// A call of a tool comes at once, with its last token.
    fn token(&self, reply: &ProviderAnswer, place: usize) -> Vec<u8> {
        match (&reply.tool, place + 1 < reply.tokens.len()) {
            (Some(_), true) => event(&chunk(reply, &json!([{"text": ""}]))),
            _ => event(&chunk(reply, &json!([said(reply, &reply.tokens[place])]))),
        }
    }

    fn end(&self, reply: &ProviderAnswer) -> Vec<u8> {
        let mut last = chunk(reply, &json!([{"text": ""}]));
        finish(reply, &mut last);
        event(&last)
    }

    fn error_event(&self, api: &dyn ProviderApi, refusal: &ProviderError) -> Vec<u8> {
        event(&api.error_body(refusal))
    }

    fn hear_whole(&self, body: &Value, heard: &mut PartialAnswer) {
        self.hear(body, heard);
    }

    fn hear(&self, event: &Value, heard: &mut PartialAnswer) {
        let candidate = &event["candidates"][0];
        // What the model thinks is no answer: no client shows it as one.
        let parts = candidate["content"]["parts"].as_array().into_iter().flatten().filter(|part| part["thought"] != true);
        for part in parts {
            heard.text.push_str(part["text"].as_str().unwrap_or_default());
            if let Some(call) = part.get("functionCall") {
                heard.call(&call["name"], &call["args"].to_string());
            }
        }
        heard.terminal |= candidate["finishReason"].is_string();
        heard.usage |= is_count(&event["usageMetadata"]["candidatesTokenCount"]);
    }

    /// It has none, and its Python client takes a comment for a broken answer: a token without a letter.
    fn sign_of_life(&self) -> Vec<u8> {
        event(&json!({"candidates": [{"content": {"role": "model", "parts": [{"text": ""}]}, "index": 0}]}))
    }

    fn model_at(&self) -> &'static [&'static [&'static str]] {
        &[&["modelVersion"]]
    }

    fn text_at(&self) -> &'static [&'static [&'static str]] {
        &[
            &["candidates", "*", "content", "parts", "*", "text"],
            &["candidates", "*", "content", "parts", "*", "functionCall", "args", "words"],
        ]
    }
}

fn event(data: &Value) -> Vec<u8> {
    format!("data: {data}\r\n\r\n").into_bytes()
}

/// A text, or the call of a tool.
fn said(reply: &ProviderAnswer, text: &str) -> Value {
    match &reply.tool {
        Some(name) => json!({"functionCall": {"name": name, "args": reply.arguments()}}),
        None => json!({"text": text}),
    }
}

fn chunk(reply: &ProviderAnswer, parts: &Value) -> Value {
    json!({
        "candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}],
        "modelVersion": reply.model, "responseId": reply.id,
    })
}

fn finish(reply: &ProviderAnswer, chunk: &mut Value) {
    let (prompt, candidates) = (reply.prompt_tokens, reply.tokens.len());
    chunk["candidates"][0]["finishReason"] = json!(match reply.end {
        AnswerEnd::Stop => "STOP",
        AnswerEnd::Length => "MAX_TOKENS",
        AnswerEnd::Filtered => "SAFETY",
    });
    chunk["usageMetadata"] =
        json!({"promptTokenCount": prompt, "candidatesTokenCount": candidates, "totalTokenCount": prompt + candidates});
}

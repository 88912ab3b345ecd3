//! AWS Bedrock, and its `Converse` and `ConverseStream`.
//!
//! A stream is `messageStart`, for each block `contentBlockDelta`s and `contentBlockStop`, then `messageStop` with the reason for the
//! end, the terminal marker, then `metadata` with the usage; each is a binary frame ([`super::eventstream`]).
//! A bearer token is a credential as it stands. A signed request (SigV4) is known by the access key in its `authorization`; **the
//! signature itself is not checked**, because its secret is nobody's business here.
//! Sources: botocore's service model of `bedrock-runtime`, AWS's troubleshooting of API error codes.

use super::ask::MAX_TOKENS;
use super::credential::bearer;
use super::demand::{conversation, offered, parameters, words_of};
use super::eventstream::{MESSAGE_TYPE, frame};
use super::form::{OperationCodec, PartialAnswer, RequestContent, is_count};
use super::reply::AnswerEnd;
use super::route::{segment, unescaped};
use super::tongue::{HeaderLookup, ProviderApi, ProviderError, StreamFraming};
use super::{ProviderAnswer, ProviderFault, ProviderRequest, Receipt, Route};
use crate::model::Operation;
use serde_json::{Value, json};

/// Speaks it.
pub(super) struct Bedrock;

impl ProviderApi for Bedrock {
    fn base_path(&self) -> &'static str {
        ""
    }

    fn path(&self, operation: Operation, model: &str, streamed: bool) -> String {
        let verb = match (operation, streamed) {
            (Operation::Invoke, false) => "invoke",
            (Operation::Invoke, true) => "invoke-with-response-stream",
            (_, false) => "converse",
            (_, true) => "converse-stream",
        };
        format!("/model/{}/{verb}", segment(model))
    }

    fn route(&self, method: &str, path: &str, _query: Option<&str>) -> Option<Route> {
        match method {
            "GET" => Route::models(path, "/foundation-models"),
            "POST" => {
                let (model, verb) = path.strip_prefix("/model/")?.rsplit_once('/')?;
                let (operation, streamed) = match verb {
                    "converse" => (Operation::Chat, false),
                    "converse-stream" => (Operation::Chat, true),
                    "invoke" => (Operation::Invoke, false),
                    "invoke-with-response-stream" => (Operation::Invoke, true),
                    _ => return None,
                };
                (!model.is_empty()).then(|| Route::Inference { operation, model: Some(unescaped(model)), streamed })
            }
            _ => None,
        }
    }

    fn credential<'h>(&self, header: HeaderLookup<'_, 'h>) -> Option<&'h str> {
        match header("authorization")?.strip_prefix("AWS4-HMAC-SHA256") {
            Some(signed) => signed_by(signed),
            None => bearer(header),
        }
    }

    fn credential_header(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn stream_type(&self) -> &'static str {
        "application/vnd.amazon.eventstream"
    }

    fn models(&self, names: &[&str]) -> Value {
        let model = |id: &&str| {
            json!({"modelId": id, "modelName": id, "modelArn": format!("arn:aws:bedrock:lab::foundation-model/{id}"),
                   "providerName": "lifeboat-lab", "inputModalities": ["TEXT"], "outputModalities": ["TEXT"],
                   "responseStreamingSupported": true, "inferenceTypesSupported": ["ON_DEMAND"], "modelLifecycle": {"status": "ACTIVE"}})
        };
        json!({"modelSummaries": names.iter().map(model).collect::<Vec<_>>()})
    }

    fn framing(&self) -> StreamFraming {
        StreamFraming::Frames
    }

    fn model(&self, name: &str) -> Value {
        json!({"modelDetails": self.models(&[name])["modelSummaries"][0].take()})
    }

    fn refusal(&self, fault: &ProviderFault) -> ProviderError {
        let (status, kind, message) = match fault {
            ProviderFault::InvalidKey => (403, "UnrecognizedClientException", "The security token included in the request is invalid."),
            ProviderFault::ExpiredToken => (403, "ExpiredTokenException", "The security token included in the request is expired"),
            ProviderFault::Forbidden => (403, "AccessDeniedException", "You don't have access to the model with the specified model ID."),
            ProviderFault::OutOfQuota => (400, "ServiceQuotaExceededException", "Your request exceeds the service quota for your account."),
            ProviderFault::RateLimited { .. } => (429, "ThrottlingException", "Too many requests, please wait before trying again."),
            ProviderFault::Overloaded => (503, "ServiceUnavailableException", "The service isn't currently available. Try again later."),
            ProviderFault::ServerError | ProviderFault::Status { .. } => {
                (500, "InternalServerException", "The system encountered an unexpected error during processing. Try your request again.")
            }
            ProviderFault::Timeout => (408, "ModelTimeoutException", "The request took too long to process. Try your request again."),
            ProviderFault::NoSuchModel(_) => (404, "ResourceNotFoundException", "This model version has reached the end of its life."),
            ProviderFault::NoSuchPath => (404, "UnknownOperationException", "The requested operation is not known."),
            ProviderFault::BadRequest(message) => return ProviderError::new(400, "ValidationException", "", message.clone()),
            ProviderFault::ContentFiltered => (400, "ValidationException", "The content was blocked by a guardrail."),
            ProviderFault::ContextTooLong => (400, "ValidationException", "Input is too long for requested model."),
        };
        ProviderError::new(status, kind, "", message)
    }

    fn error_body(&self, refusal: &ProviderError) -> Value {
        json!({"message": refusal.message})
    }

    fn error_headers(&self, refusal: &ProviderError) -> Vec<(&'static str, String)> {
        vec![("x-amzn-errortype", format!("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", refusal.kind))]
    }

    fn receipt(&self, receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
        vec![("x-amzn-requestid", receipt.id.to_owned())]
    }
}

impl OperationCodec for Bedrock {
    fn request(&self, wish: &RequestContent<'_>) -> Value {
        let mut body = json!({
            "messages": [{"role": "user", "content": [{"text": wish.prompt}]}],
            "inferenceConfig": {"maxTokens": MAX_TOKENS, "temperature": 0},
        });
        if let Some(name) = wish.tool {
            body["toolConfig"] = json!({
                "tools": [{"toolSpec": {"name": name, "inputSchema": {"json": parameters()}}}], "toolChoice": {"tool": {"name": name}},
            });
        }
        body
    }

    fn read_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        let system = words_of(&body["system"]).unwrap_or_default();
        Ok(ProviderRequest {
            max_tokens: body["inferenceConfig"]["maxTokens"].as_u64(),
            prompt: system + &conversation(body, "messages", "content")?,
            tool: offered(&body["toolConfig"]["tools"][0]["toolSpec"]["name"], &body["messages"]),
            ..ProviderRequest::default()
        })
    }

    fn whole(&self, reply: &ProviderAnswer) -> Value {
        let content = match &reply.tool {
            Some(name) => json!([{"toolUse": {"toolUseId": tool_id(reply), "name": name, "input": reply.arguments()}}]),
            None if reply.tokens.is_empty() => json!([]),
            None => json!([{"text": reply.text()}]),
        };
        json!({
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": stop_reason(reply), "usage": usage(reply), "metrics": {"latencyMs": 0},
        })
    }

    fn start(&self, reply: &ProviderAnswer) -> Vec<u8> {
        let mut bytes = event("messageStart", &json!({"role": "assistant"}));
        if let Some(name) = &reply.tool {
            let start = json!({"toolUse": {"toolUseId": tool_id(reply), "name": name}});
            bytes.extend(event("contentBlockStart", &json!({"contentBlockIndex": 0, "start": start})));
        }
        bytes
    }

    fn token(&self, reply: &ProviderAnswer, place: usize) -> Vec<u8> {
        let text = &reply.tokens[place];
        let delta = if reply.tool.is_some() { json!({"toolUse": {"input": text}}) } else { json!({"text": text}) };
        event("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": delta}))
    }

    fn end(&self, reply: &ProviderAnswer) -> Vec<u8> {
        let mut bytes = event("contentBlockStop", &json!({"contentBlockIndex": 0}));
        bytes.extend(event("messageStop", &json!({"stopReason": stop_reason(reply)})));
        bytes.extend(event("metadata", &json!({"usage": usage(reply), "metrics": {"latencyMs": 0}})));
        bytes
    }

    fn hear_whole(&self, body: &Value, heard: &mut PartialAnswer) {
        let content = &body["output"]["message"]["content"];
        heard.text = words_of(content).unwrap_or_default();
        for call in content.as_array().into_iter().flatten().filter_map(|part| part.get("toolUse")) {
            heard.call(&call["name"], &call["input"].to_string());
        }
        heard.terminal = body["stopReason"].is_string();
        heard.usage = is_count(&body["usage"]["outputTokens"]);
    }

    /// An event is an object whose one key names it, as AWS's clients show it.
    fn hear(&self, event: &Value, heard: &mut PartialAnswer) {
        let delta = &event["contentBlockDelta"]["delta"];
        if let Some(text) = delta["text"].as_str() {
            heard.text.push_str(text);
        }
        if let Some(call) = event["contentBlockStart"]["start"].get("toolUse") {
            heard.call(&call["name"], "");
        }
        heard.argue(&delta["toolUse"]["input"]);
        heard.terminal |= event["messageStop"]["stopReason"].is_string();
        heard.usage |= is_count(&event["metadata"]["usage"]["outputTokens"]);
        // It is the last event, and the only one behind the marker.
        heard.over |= heard.terminal && event.get("metadata").is_some();
    }

    /// In a stream the exception's name begins in lower case.
    fn error_event(&self, api: &dyn ProviderApi, refusal: &ProviderError) -> Vec<u8> {
        let mut kind = refusal.kind.to_owned();
        kind[..1].make_ascii_lowercase();
        let headers = [(":exception-type", kind.as_str()), (":content-type", "application/json"), (MESSAGE_TYPE, "exception")];
        frame(&headers, api.error_body(refusal).to_string().as_bytes())
    }

    /// The encoding has none: a token without a letter.
    fn sign_of_life(&self) -> Vec<u8> {
        event("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": {"text": ""}}))
    }

    /// Its answers name none.
    fn model_at(&self) -> &'static [&'static [&'static str]] {
        &[]
    }

    fn text_at(&self) -> &'static [&'static [&'static str]] {
        &[
            &["delta", "text"],
            &["delta", "toolUse", "input"],
            &["output", "message", "content", "*", "text"],
            &["output", "message", "content", "*", "toolUse", "input", "words"],
        ]
    }
}

/// The access key of `Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…, Signature=…`, where all parts are there.
fn signed_by(value: &str) -> Option<&str> {
    let part = |name: &str| value.split(',').find_map(|part| part.trim().strip_prefix(name)).filter(|value| !value.is_empty());
    part("SignedHeaders=")?;
    part("Signature=")?;
    let (rest, end) = part("Credential=")?.rsplit_once('/')?;
    let mut scope = rest.rsplitn(4, '/');
    let filled = scope.by_ref().take(3).filter(|part| !part.is_empty()).count() == 3;
    scope.next().filter(|key| filled && end == "aws4_request" && !key.is_empty())
}

fn tool_id(reply: &ProviderAnswer) -> String {
    format!("tooluse_{}", reply.id)
}

/// One event as a frame.
pub(super) fn event(name: &str, payload: &Value) -> Vec<u8> {
    let headers = [(":event-type", name), (":content-type", "application/json"), (MESSAGE_TYPE, "event")];
    frame(&headers, payload.to_string().as_bytes())
}

const fn stop_reason(reply: &ProviderAnswer) -> &'static str {
    match reply.end {
        AnswerEnd::Stop if reply.tool.is_some() => "tool_use",
        AnswerEnd::Stop => "end_turn",
        AnswerEnd::Length => "max_tokens",
        AnswerEnd::Filtered => "content_filtered",
    }
}

fn usage(reply: &ProviderAnswer) -> Value {
    let (input, output) = (reply.prompt_tokens, reply.tokens.len());
    json!({"inputTokens": input, "outputTokens": output, "totalTokens": input + output})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_request_is_known_by_its_access_key() {
        let whole = "AWS4-HMAC-SHA256 Credential=AKID/20260102/eu-west-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=0a";
        let who = |value: &'static str| Bedrock.credential(&|name| (name == "authorization").then_some(value));
        assert_eq!(who(whole), Some("AKID"));
        assert_eq!(who("Bearer token"), Some("token"));
        for damaged in [
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=AKID/20260102/eu-west-1/bedrock/aws4_request, SignedHeaders=host, Signature=",
            "AWS4-HMAC-SHA256 Credential=AKID/20260102/eu-west-1/bedrock/aws4_request, SignedHeaders=host",
            "AWS4-HMAC-SHA256 Credential=AKID/eu-west-1/bedrock/aws4_request, SignedHeaders=host, Signature=0a",
            "AWS4-HMAC-SHA256 Credential=AKID, SignedHeaders=host, Signature=0a",
        ] {
            assert_eq!(who(damaged), None, "{damaged}");
        }
    }
}

//! AWS Bedrock's `Converse` and `ConverseStream`, and its list of foundation models.
//!
//! A stream is `messageStart`, for each block `contentBlockDelta`s and `contentBlockStop`, then `messageStop` with the reason for the
//! end, the terminal marker, then `metadata` with the usage; each is a binary frame ([`super::eventstream`]).
//! A bearer token is a credential as it stands. A signed request (SigV4) is known by the access key in its `authorization`; **the
//! signature itself is not checked**, because its secret is nobody's business here.
//! Sources: botocore's service model of `bedrock-runtime`, AWS's troubleshooting of API error codes.

use super::chat::{MAX_TOKENS, conversation, words_of};
use super::credential::bearer;
use super::eventstream::{MESSAGE_TYPE, frame};
use super::reply::End;
use super::route::{segment, unescaped};
use super::tongue::{Framing, Header, Heard, Refusal, Tongue};
use super::{ChatAsk, ChatReply, ProviderFault, Receipt, Route};
use serde_json::{Value, json};

/// Speaks it.
pub(super) struct Bedrock;

impl Tongue for Bedrock {
    fn base_path(&self) -> &'static str {
        ""
    }

    fn chat_path(&self, model: &str, streamed: bool) -> String {
        format!("/model/{}/{}", segment(model), if streamed { "converse-stream" } else { "converse" })
    }

    fn route(&self, method: &str, path: &str, _query: Option<&str>) -> Option<Route> {
        match method {
            "GET" => (path == "/foundation-models").then_some(Route::Models),
            "POST" => {
                let (model, operation) = path.strip_prefix("/model/")?.rsplit_once('/')?;
                let streamed = match operation {
                    "converse" => false,
                    "converse-stream" => true,
                    _ => return None,
                };
                (!model.is_empty()).then(|| Route::Chat { model: Some(unescaped(model)), streamed })
            }
            _ => None,
        }
    }

    fn credential<'h>(&self, header: Header<'_, 'h>) -> Option<&'h str> {
        match header("authorization")?.strip_prefix("AWS4-HMAC-SHA256") {
            Some(signed) => signed_by(signed),
            None => bearer(header),
        }
    }

    fn credential_header(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn request(&self, _model: &str, prompt: &str, _streamed: bool) -> Value {
        json!({
            "messages": [{"role": "user", "content": [{"text": prompt}]}],
            "inferenceConfig": {"maxTokens": MAX_TOKENS, "temperature": 0},
        })
    }

    fn read_request(&self, body: &Value) -> Result<ChatAsk, String> {
        let system = words_of(&body["system"]).unwrap_or_default();
        Ok(ChatAsk {
            model: None,
            streamed: false,
            include_usage: true,
            max_tokens: body["inferenceConfig"]["maxTokens"].as_u64(),
            prompt: system + &conversation(body, "messages", "content")?,
        })
    }

    fn whole(&self, reply: &ChatReply) -> Value {
        let content = if reply.tokens.is_empty() { json!([]) } else { json!([{"text": reply.text()}]) };
        json!({
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": stop_reason(reply), "usage": usage(reply), "metrics": {"latencyMs": 0},
        })
    }

    fn stream_type(&self) -> &'static str {
        "application/vnd.amazon.eventstream"
    }

    fn start(&self, _reply: &ChatReply) -> Vec<u8> {
        event("messageStart", &json!({"role": "assistant"}))
    }

    fn token(&self, reply: &ChatReply, place: usize) -> Vec<u8> {
        event("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": {"text": reply.tokens[place]}}))
    }

    fn end(&self, reply: &ChatReply) -> Vec<u8> {
        let mut bytes = event("contentBlockStop", &json!({"contentBlockIndex": 0}));
        bytes.extend(event("messageStop", &json!({"stopReason": stop_reason(reply)})));
        bytes.extend(event("metadata", &json!({"usage": usage(reply), "metrics": {"latencyMs": 0}})));
        bytes
    }

    fn models(&self, names: &[&str]) -> Value {
        let model = |id: &&str| {
            json!({"modelId": id, "modelName": id, "modelArn": format!("arn:aws:bedrock:lab::foundation-model/{id}"),
                   "providerName": "lifeboat-lab", "inputModalities": ["TEXT"], "outputModalities": ["TEXT"],
                   "responseStreamingSupported": true, "inferenceTypesSupported": ["ON_DEMAND"], "modelLifecycle": {"status": "ACTIVE"}})
        };
        json!({"modelSummaries": names.iter().map(model).collect::<Vec<_>>()})
    }

    fn framing(&self) -> Framing {
        Framing::Frames
    }

    fn hear_whole(&self, body: &Value, heard: &mut Heard) {
        heard.text = words_of(&body["output"]["message"]["content"]).unwrap_or_default();
        heard.terminal = body["stopReason"].is_string();
        heard.usage = body["usage"]["outputTokens"].is_u64();
    }

    /// An event is an object whose one key names it, as AWS's clients show it.
    fn hear(&self, event: &Value, heard: &mut Heard) {
        if let Some(text) = event["contentBlockDelta"]["delta"]["text"].as_str() {
            heard.text.push_str(text);
        }
        heard.terminal |= event["messageStop"]["stopReason"].is_string();
        heard.usage |= event["metadata"]["usage"]["outputTokens"].is_u64();
    }

    fn refusal(&self, fault: &ProviderFault) -> Refusal {
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
            ProviderFault::BadRequest(message) => return Refusal::new(400, "ValidationException", "", message.clone()),
            ProviderFault::ContentFiltered => (400, "ValidationException", "The content was blocked by a guardrail."),
            ProviderFault::ContextTooLong => (400, "ValidationException", "Input is too long for requested model."),
        };
        Refusal::new(status, kind, "", message)
    }

    fn error_body(&self, refusal: &Refusal) -> Value {
        json!({"message": refusal.message})
    }

    fn error_headers(&self, refusal: &Refusal) -> Vec<(&'static str, String)> {
        vec![("x-amzn-errortype", format!("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", refusal.kind))]
    }

    /// In a stream the exception's name begins in lower case.
    fn error_event(&self, refusal: &Refusal) -> Vec<u8> {
        let mut kind = refusal.kind.to_owned();
        kind[..1].make_ascii_lowercase();
        let headers = [(":exception-type", kind.as_str()), (":content-type", "application/json"), (MESSAGE_TYPE, "exception")];
        frame(&headers, self.error_body(refusal).to_string().as_bytes())
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
        &[&["delta", "text"], &["output", "message", "content", "*", "text"]]
    }

    fn receipt(&self, receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
        vec![("x-amzn-requestid", receipt.id.to_owned())]
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

fn event(name: &str, payload: &Value) -> Vec<u8> {
    let headers = [(":event-type", name), (":content-type", "application/json"), (MESSAGE_TYPE, "event")];
    frame(&headers, payload.to_string().as_bytes())
}

const fn stop_reason(reply: &ChatReply) -> &'static str {
    match reply.end {
        End::Stop => "end_turn",
        End::Length => "max_tokens",
        End::Filtered => "content_filtered",
    }
}

fn usage(reply: &ChatReply) -> Value {
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

//! AWS Bedrock: its paths, credentials, list of models and errors.
//!
//! A bearer token is a credential as it stands. A signed request (SigV4) is known by the access key in its `authorization`; **the
//! signature itself is not checked**, because a proxy does not know the secret.
//! Sources: botocore's service model of `bedrock-runtime`, AWS's troubleshooting of API error codes.

use crate::dialect::provider_api::{HeaderLookup, ProviderApi, StreamFraming, bearer};
use crate::dialect::provider_error::{ProviderError, RefusalReason};
use crate::dialect::route::{Route, segment, unescaped};
use crate::dialect::wire::Receipt;
use crate::model::Operation;
use serde_json::{Value, json};

/// AWS Bedrock's API.
pub(in crate::dialect) struct Bedrock;

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

    fn stream_content_type(&self) -> &'static str {
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

    fn error(&self, reason: &RefusalReason) -> ProviderError {
        let (status, kind, message) = match reason {
            RefusalReason::InvalidKey => (403, "UnrecognizedClientException", "The security token included in the request is invalid."),
            RefusalReason::ExpiredToken => (403, "ExpiredTokenException", "The security token included in the request is expired"),
            RefusalReason::Forbidden => (403, "AccessDeniedException", "You don't have access to the model with the specified model ID."),
            RefusalReason::OutOfQuota | RefusalReason::SpendLimit => {
                (400, "ServiceQuotaExceededException", "Your request exceeds the service quota for your account.")
            }
            RefusalReason::RateLimited { .. } => (429, "ThrottlingException", "Too many requests, please wait before trying again."),
            RefusalReason::Overloaded => (503, "ServiceUnavailableException", "The service isn't currently available. Try again later."),
            RefusalReason::ServerError | RefusalReason::Status { .. } => {
                (500, "InternalServerException", "The system encountered an unexpected error during processing. Try your request again.")
            }
            RefusalReason::Timeout => (408, "ModelTimeoutException", "The request took too long to process. Try your request again."),
            RefusalReason::NoSuchModel(_) => (404, "ResourceNotFoundException", "This model version has reached the end of its life."),
            RefusalReason::NoSuchPath => (404, "UnknownOperationException", "The requested operation is not known."),
            RefusalReason::BadRequest(message) => return ProviderError::new(400, "ValidationException", "", message.clone()),
            RefusalReason::ContentFiltered => (400, "ValidationException", "The content was blocked by a guardrail."),
            RefusalReason::ContextTooLong => (400, "ValidationException", "Input is too long for requested model."),
        };
        ProviderError::new(status, kind, "", message)
    }

    fn error_body(&self, error: &ProviderError) -> Value {
        json!({"message": error.message})
    }

    fn error_headers(&self, error: &ProviderError) -> Vec<(&'static str, String)> {
        vec![("x-amzn-errortype", format!("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", error.kind))]
    }

    fn receipt_headers(&self, receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
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

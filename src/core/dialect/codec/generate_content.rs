//! Google's `generateContent` and `streamGenerateContent`, as Vertex AI and the Gemini API have them.
//!
//! A stream has no marker of its own: its last chunk has a `finishReason`, and the `usageMetadata`. Source: Google's reference.

use crate::dialect::client_request::MAX_TOKENS;
use crate::dialect::composed_answer::{AnswerEnd, ComposedAnswer};
use crate::dialect::json_body::{conversation, is_count, offered_tool, text_of, tool_parameters};
use crate::dialect::operation_codec::{OperationCodec, RequestContent};
use crate::dialect::partial_answer::PartialAnswer;
use crate::dialect::provider_error::ProviderError;
use crate::dialect::provider_request::ProviderRequest;
use serde_json::{Value, json};

/// The codec of Google's `generateContent` and `streamGenerateContent`.
pub(in crate::dialect) struct GenerateContent;

impl OperationCodec for GenerateContent {
    fn encode_request(&self, content: &RequestContent<'_>) -> Value {
        let mut body = json!({
            "contents": [{"role": "user", "parts": [{"text": content.prompt}]}],
            "generationConfig": {"maxOutputTokens": MAX_TOKENS, "temperature": 0},
        });
        if content.json {
            body["generationConfig"]["responseMimeType"] = json!("application/json");
        }
        if let Some(name) = content.tool {
            body["tools"] = json!([{"functionDeclarations": [{"name": name, "parameters": tool_parameters()}]}]);
            body["toolConfig"] = json!({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [name]}});
        }
        body
    }

    fn decode_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        let system = text_of(&body["systemInstruction"]["parts"]).unwrap_or_default();
        let is_free = body["toolConfig"]["functionCallingConfig"]["mode"] != "NONE";
        Ok(ProviderRequest {
            max_tokens: body["generationConfig"]["maxOutputTokens"].as_u64(),
            prompt: system + &conversation(body, "contents", "parts")?,
            tool: offered_tool(&body["tools"][0]["functionDeclarations"][0]["name"], &body["contents"]).filter(|_| is_free),
            json: body["generationConfig"]["responseMimeType"] == "application/json",
            ..ProviderRequest::default()
        })
    }

    fn encode_answer(&self, answer: &ComposedAnswer) -> Value {
        let mut body = chunk(answer, &json!([said(answer, &answer.text())]));
        finish(answer, &mut body);
        body
    }

    /// A call of a tool comes at once, with its last token.
    fn stream_token(&self, answer: &ComposedAnswer, index: usize) -> Vec<u8> {
        match (&answer.tool, index + 1 < answer.tokens.len()) {
            (Some(_), true) => event(&chunk(answer, &json!([{"text": ""}]))),
            _ => event(&chunk(answer, &json!([said(answer, &answer.tokens[index])]))),
        }
    }

    fn stream_end(&self, answer: &ComposedAnswer) -> Vec<u8> {
        let mut last = chunk(answer, &json!([{"text": ""}]));
        finish(answer, &mut last);
        event(&last)
    }

    fn stream_error(&self, _error: &ProviderError, body: &Value) -> Vec<u8> {
        event(body)
    }

    fn decode_answer(&self, body: &Value, partial: &mut PartialAnswer) {
        self.decode_event(body, partial);
    }

    fn decode_event(&self, event: &Value, partial: &mut PartialAnswer) {
        let candidate = &event["candidates"][0];
        // What the model thinks is no answer: no client shows it as one.
        let parts = candidate["content"]["parts"].as_array().into_iter().flatten().filter(|part| part["thought"] != true);
        for part in parts {
            partial.text.push_str(part["text"].as_str().unwrap_or_default());
            if let Some(call) = part.get("functionCall") {
                partial.begin_tool_call(&call["name"], &call["args"].to_string());
            }
        }
        partial.terminal |= candidate["finishReason"].is_string();
        partial.usage |= is_count(&event["usageMetadata"]["candidatesTokenCount"]);
    }

    /// It has none, and its Python client takes a comment for a broken answer: a token without a letter.
    fn keep_alive(&self) -> Vec<u8> {
        event(&json!({"candidates": [{"content": {"role": "model", "parts": [{"text": ""}]}, "index": 0}]}))
    }

    fn model_paths(&self) -> &'static [&'static [&'static str]] {
        &[&["modelVersion"]]
    }

    fn text_paths(&self) -> &'static [&'static [&'static str]] {
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
fn said(answer: &ComposedAnswer, text: &str) -> Value {
    match &answer.tool {
        Some(name) => json!({"functionCall": {"name": name, "args": answer.arguments()}}),
        None => json!({"text": text}),
    }
}

fn chunk(answer: &ComposedAnswer, parts: &Value) -> Value {
    json!({
        "candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}],
        "modelVersion": answer.model, "responseId": answer.id,
    })
}

fn finish(answer: &ComposedAnswer, chunk: &mut Value) {
    let (prompt, candidates) = (answer.prompt_tokens, answer.tokens.len());
    chunk["candidates"][0]["finishReason"] = json!(match answer.end {
        AnswerEnd::Stop => "STOP",
        AnswerEnd::Length => "MAX_TOKENS",
        AnswerEnd::Filtered => "SAFETY",
    });
    chunk["usageMetadata"] =
        json!({"promptTokenCount": prompt, "candidatesTokenCount": candidates, "totalTokenCount": prompt + candidates});
}

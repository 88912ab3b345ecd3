//! OpenAI's embeddings: texts as vectors, always whole; Azure's are the same.
//!
//! What is proved of an answer: that there is one vector for the text, that it holds numbers and nothing else, and that tokens were counted.
//! What nobody can prove without the model: that it is the vector of this text. The lab's vectors are drawn from the text, so that one
//! text has one vector; like OpenAI's they have length 1. Source: OpenAI's API reference.

use crate::dialect::composed_answer::ComposedAnswer;
use crate::dialect::json_body::is_count;
use crate::dialect::operation_codec::{OperationCodec, RequestContent};
use crate::dialect::partial_answer::PartialAnswer;
use crate::dialect::provider_error::ProviderError;
use crate::dialect::provider_request::{ProviderRequest, Vectors};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// The codec of OpenAI's embeddings.
pub(in crate::dialect) struct Embeddings;

/// How many numbers a vector has where nobody says: as many as those of text-embedding-3-small.
const DIMENSIONS: usize = 1536;
/// The most that may be asked for: as many as those of text-embedding-3-large.
const MOST_DIMENSIONS: u64 = 3072;
/// The most texts in one request.
const MOST_TEXTS: usize = 2048;

impl OperationCodec for Embeddings {
    fn encode_request(&self, content: &RequestContent<'_>) -> Value {
        json!({"model": content.model, "input": content.prompt, "encoding_format": "float"})
    }

    fn decode_request(&self, body: &Value) -> Result<ProviderRequest, String> {
        let texts = texts(&body["input"])?;
        let dimensions = match &body["dimensions"] {
            Value::Null => None,
            given => Some(given.as_u64().filter(|given| (1..=MOST_DIMENSIONS).contains(given)).ok_or("Invalid value for 'dimensions'.")?),
        };
        let base64 = match body["encoding_format"].as_str() {
            None | Some("float") => false,
            Some("base64") => true,
            Some(_) => return Err("Invalid value for 'encoding_format'.".to_owned()),
        };
        Ok(ProviderRequest {
            model: body["model"].as_str().map(str::to_owned),
            prompt: texts.join("\n"),
            vectors: Vectors { texts, dimensions: dimensions.and_then(|given| usize::try_from(given).ok()), base64 },
            ..ProviderRequest::default()
        })
    }

    fn encode_answer(&self, answer: &ComposedAnswer) -> Value {
        let Vectors { texts, dimensions, base64 } = &answer.vectors;
        let data = texts.iter().enumerate().map(|(index, text)| {
            let vector = vector(text, dimensions.unwrap_or(DIMENSIONS));
            let bytes = || BASE64_STANDARD.encode(vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>());
            json!({"object": "embedding", "index": index, "embedding": if *base64 { json!(bytes()) } else { json!(vector) }})
        });
        json!({
            "object": "list", "data": data.collect::<Vec<_>>(), "model": answer.model,
            "usage": {"prompt_tokens": answer.prompt_tokens, "total_tokens": answer.prompt_tokens},
        })
    }

    /// There are no streams of vectors.
    fn stream_token(&self, _answer: &ComposedAnswer, _index: usize) -> Vec<u8> {
        Vec::new()
    }

    fn stream_end(&self, _answer: &ComposedAnswer) -> Vec<u8> {
        Vec::new()
    }

    fn stream_error(&self, _error: &ProviderError, body: &Value) -> Vec<u8> {
        body.to_string().into_bytes()
    }

    fn decode_answer(&self, body: &Value, partial: &mut PartialAnswer) {
        let numbers = |item: &Value| {
            let vector = item["embedding"].as_array().filter(|vector| vector.iter().all(Value::is_number));
            vector.map_or(0, Vec::len)
        };
        partial.terminal = body["data"].is_array();
        partial.vectors = body["data"].as_array().into_iter().flatten().map(numbers).collect();
        partial.usage = is_count(&body["usage"]["prompt_tokens"]);
    }

    fn decode_event(&self, _event: &Value, _partial: &mut PartialAnswer) {}

    fn text_paths(&self) -> &'static [&'static [&'static str]] {
        &[&["data", "*", "embedding", "*"], &["data", "*", "embedding"]]
    }
}

/// The texts of a request: one, or a list of them; tokens, as numbers, count as texts too.
fn texts(input: &Value) -> Result<Vec<String>, String> {
    let tokens = |list: &[Value]| list.iter().all(Value::is_u64).then(|| list.iter().map(Value::to_string).collect::<Vec<_>>().join(" "));
    let invalid = || "Invalid type for 'input': expected a string, or a list of strings or of tokens.".to_owned();
    match input {
        Value::Null => Err("Missing required parameter: 'input'.".to_owned()),
        Value::String(text) if !text.is_empty() => Ok(vec![text.clone()]),
        Value::Array(list) if (1..=MOST_TEXTS).contains(&list.len()) => match tokens(list) {
            Some(text) => Ok(vec![text]),
            None => list
                .iter()
                .map(|item| match item {
                    Value::String(text) if !text.is_empty() => Some(text.clone()),
                    Value::Array(list) if !list.is_empty() => tokens(list),
                    _ => None,
                })
                .collect::<Option<_>>()
                .ok_or_else(invalid),
        },
        _ => Err(invalid()),
    }
}

/// A vector of length 1 that belongs to this text.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    // FNV-1a tells texts apart, SplitMix64 spreads what it says.
    let mut state = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut drawn = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    let raw: Vec<f32> = (0..dimensions).map(|_| drawn()).collect();
    let length = raw.iter().map(|number| number * number).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    raw.into_iter().map(|number| number / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{AnswerFormat, AnswerReader, Flaw, ProviderAnswer, samples::sample_request};
    use crate::model::{Dialect, Operation};

    fn judge(body: &Value) -> Result<(), Flaw> {
        let format = AnswerFormat { dialect: Dialect::OpenAi, operation: Operation::Embeddings, streamed: false };
        let mut reader = AnswerReader::new(Dialect::OpenAi, &sample_request(format));
        reader.feed(body.to_string().as_bytes());
        reader.finish()
    }

    fn answer(input: &Value) -> Value {
        let body = json!({"model": "m", "input": input, "dimensions": 4}).to_string();
        let request = ProviderRequest::parse(Dialect::OpenAi, Operation::Embeddings, body.as_bytes()).unwrap();
        serde_json::from_slice(&ProviderAnswer::new(Dialect::OpenAi, &request, "m", "1", 0).whole().body).unwrap()
    }

    #[test]
    fn one_vector_of_numbers_is_service_and_nothing_else_is() {
        let good = answer(&json!("hello"));
        assert_eq!(judge(&good), Ok(()), "{good}");
        assert_eq!(judge(&answer(&json!(["one", "two"]))), Err(Flaw::WrongContent), "as many as texts");
        for (pointer, value, wanted) in [
            ("/data", json!([]), Flaw::Empty),
            ("/data/0/embedding", json!([]), Flaw::Malformed),
            ("/data/0/embedding/1", json!("x"), Flaw::Malformed),
            ("/data/0/embedding/1", Value::Null, Flaw::Malformed),
            ("/data/0/embedding", json!("AAAA"), Flaw::Malformed),
            ("/usage/prompt_tokens", Value::Null, Flaw::NoUsage),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = value;
            assert_eq!(judge(&bad), Err(wanted), "{pointer}");
        }
    }

    #[test]
    fn a_text_has_one_vector_of_length_one_in_either_encoding() {
        let (one, other) = (vector("one", 1536), vector("other", 1536));
        assert!(one == vector("one", 1536) && one != other);
        assert!((one.iter().map(|number| number * number).sum::<f32>() - 1.0).abs() < 1e-4);
        let body = br#"{"model":"m","input":[[1,2],"b"],"encoding_format":"base64","dimensions":3}"#;
        let request = ProviderRequest::parse(Dialect::OpenAi, Operation::Embeddings, body).unwrap();
        let whole: Value = serde_json::from_slice(&ProviderAnswer::new(Dialect::OpenAi, &request, "m", "1", 0).whole().body).unwrap();
        let bytes = BASE64_STANDARD.decode(whole["data"][1]["embedding"].as_str().unwrap()).unwrap();
        let numbers: Vec<f32> = bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
        assert_eq!(numbers, vector("b", 3));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for body in [
            r#"{"input":[]}"#,
            r#"{"input":""}"#,
            r#"{"input":["a",5]}"#,
            r#"{"input":"a","dimensions":0}"#,
            r#"{"input":"a","encoding_format":"x"}"#,
        ] {
            assert!(ProviderRequest::parse(Dialect::OpenAi, Operation::Embeddings, body.as_bytes()).is_err(), "{body}");
        }
    }
}

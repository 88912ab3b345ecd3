//! Formats and requests for this room's tests.

use super::answer_format::AnswerFormat;
use super::client_request::ClientRequest;
use super::mark::Mark;
use crate::model::{Dialect, Operation};

/// Every pair of a dialect and an operation that it has, each whole and, where there are streams, streamed.
pub(super) fn formats() -> Vec<AnswerFormat> {
    // Plain HTTP and tcp have no operations of models.
    let known = Dialect::WORDS.iter().map(|word| Dialect::from_word(word).unwrap());
    let dialects: Vec<Dialect> = known.filter(|dialect| !matches!(dialect, Dialect::Http | Dialect::Tcp)).collect();
    let operations = Operation::WORDS.iter().map(|word| Operation::from_word(word).unwrap());
    let pairs = operations.flat_map(|operation| dialects.iter().map(move |dialect| (*dialect, operation)));
    let both = pairs.flat_map(|(dialect, operation)| [true, false].map(|streamed| AnswerFormat { dialect, operation, streamed }));
    both.filter(|format| format.dialect.has(format.operation) && !(format.streamed && format.operation == Operation::Embeddings)).collect()
}

/// A request that is answered in this format.
pub(super) fn sample_request(format: AnswerFormat) -> ClientRequest {
    ClientRequest { operation: format.operation, ..ClientRequest::chat(Mark { drill: 3, id: 99 }, "gpt-4o", format.streamed) }
}

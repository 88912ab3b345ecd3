//! What has been read of an answer so far, whatever dialect it is in.

use serde_json::Value;
/// A tool call in an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ToolCall {
    /// The tool.
    pub(super) name: String,
    /// Its arguments as JSON, as far as they have come.
    pub(super) arguments: String,
}

/// The parts of an answer that have been read so far. Codecs fill it in; [`AnswerReader`](super::AnswerReader) judges it.
#[derive(Debug, Default)]
pub(super) struct PartialAnswer {
    /// Its text.
    pub(super) text: String,
    /// The first tool that it calls.
    pub(super) tool_call: Option<ToolCall>,
    /// How many numbers each of its vectors has; 0 for one that holds something else.
    pub(super) vectors: Vec<usize>,
    /// Whether it reported its tokens.
    pub(super) usage: bool,
    /// Whether its terminal marker came.
    pub(super) terminal: bool,
    /// Whether the reason for its end came, where a marker follows that.
    pub(super) finished: bool,
    /// Whether clients read nothing of what follows.
    pub(super) over: bool,
}

impl PartialAnswer {
    /// A tool is called.
    pub(super) fn begin_tool_call(&mut self, name: &Value, arguments: &str) {
        self.tool_call
            .get_or_insert_with(|| ToolCall { name: name.as_str().unwrap_or_default().to_owned(), arguments: arguments.to_owned() });
    }

    /// More of the arguments of the tool that is called.
    pub(super) fn add_arguments(&mut self, more: &Value) {
        if let (Some(called), Some(more)) = (&mut self.tool_call, more.as_str()) {
            called.arguments.push_str(more);
        }
    }
}

//! What breaks the system of an environment on purpose, and puts it back:
//!
//! ```yaml
//! sabotage:
//!   - {name: no-standby, run: [./gateway.sh, without, standby], undo: [./gateway.sh, with, standby], expect: no-standby-asked}
//! ```
//!
//! What this file does not do: run anything.

use super::reader::TreeReader;
use super::tree::Node;
use crate::model::{SabotageCommand, SabotageReason};
use crate::units::Duration;

/// How long breaking, or putting back, usually takes at the most.
const WITHIN: Duration = Duration::from_secs(60);

/// Reads one.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<SabotageCommand> {
    let fields = reader.fields(node, "a sabotage")?;
    let name = fields.required("name", &|reader, node| reader.name(node));
    let run = fields.required("run", &super::command::argv);
    let undo = fields.required("undo", &super::command::argv);
    let env = fields.optional("env", &|reader, node| reader.texts(node)).unwrap_or_default();
    let pass = fields.optional("pass", &super::command::pass).unwrap_or_default();
    let within = fields.optional("within", &|reader, node| reader.time(node)).unwrap_or(WITHIN);
    let expect = fields.optional("expect", &|reader, node| reader.word(node, SabotageReason::WORDS, SabotageReason::from_word));
    fields.finish();
    let command =
        SabotageCommand { name: name?, run: run?, undo: undo?, env, pass, within, expect: expect.unwrap_or(SabotageReason::Missed) };
    let names = |text: &String| text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect::<Vec<_>>();
    let unknown = command.texts().flat_map(names).find(|name| !SabotageCommand::VARIABLES.contains(&name.as_str()));
    if let Some(unknown) = unknown {
        let hint = "it knows `${root}`; `pass: [NAME]` gives it a variable of the environment";
        reader.error(node.spot, format!("a sabotage is done before a drill, where `${{{unknown}}}` stands for nothing"), hint);
        return None;
    }
    Some(command)
}

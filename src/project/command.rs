//! `run`: a program, its arguments and its environment.

use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use super::variable;
use crate::model::Command;
use std::collections::BTreeMap;

pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Command> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        return Some(Command {
            argv: argv(reader, node)?,
            env: BTreeMap::new(),
            pass: Vec::new(),
            folder: None,
            exit_codes: Vec::new(),
            leaves_running: false,
            grace: Command::GRACE,
        });
    }
    let fields = reader.fields(node, "a command")?;
    let argv = fields.required("command", &argv);
    let env = fields.optional("env", &|reader, node| reader.texts(node)).unwrap_or_default();
    let pass = fields.optional("pass", &pass).unwrap_or_default();
    let folder = fields.optional("folder", &|reader, node| reader.words(node));
    let exit_codes = fields
        .optional("exit_codes", &|reader, node| {
            reader.list(node, &|reader, node| reader.number(node, 0, 255).and_then(|code| u8::try_from(code).ok()))
        })
        .unwrap_or_default();
    let leaves_running = fields.optional("leaves_running", &|reader, node| reader.truth(node)).unwrap_or_default();
    let grace = fields.optional("grace", &|reader, node| reader.time(node)).unwrap_or(Command::GRACE);
    fields.finish();
    Some(Command { argv: argv?, env, pass, folder, exit_codes, leaves_running, grace })
}

/// Variables of Lifeboat's own environment that a program is given: names, never values.
pub(super) fn pass(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<String>> {
    reader.list(node, &|reader, node| {
        let name = reader.text(node)?;
        let good = variable::is_environment_name(&name);
        if !good {
            reader.error(node.spot, "this is not the name of an environment variable", "write names, for example `pass: [AWS_PROFILE]`");
        }
        good.then_some(name)
    })
}

/// A program and its arguments. One text is refused: it would need a shell to take it apart, and a shell takes variables
/// apart as well.
pub(super) fn argv(reader: &TreeReader<'_>, node: &Node) -> Option<Vec<String>> {
    if let NodeKind::Text(line) = &node.kind {
        let words: Vec<String> = line.split_whitespace().map(|word| format!("\"{}\"", word.trim_matches(['"', '\'']))).collect();
        let hint = format!("write a list, `[{}]`; no shell is used", words.join(", "));
        reader.error(node.spot, "a command is a list of the program and its arguments", hint);
        return None;
    }
    let argv = reader.list(node, &|reader, node| reader.text(node))?;
    if argv.first().is_some_and(|program| program.trim().is_empty()) {
        reader.error(node.spot, "the program has no name", "write it first, for example `[\"./switch.sh\", \"standby\"]`");
        return None;
    }
    (!argv.is_empty()).then_some(argv)
}

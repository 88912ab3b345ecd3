//! YAML text → a tree of maps, lists and texts, each with its place in the file.
//!
//! Built from the parser's events in a loop, not by recursion, so that depth costs no stack. Scalars are kept as they were
//! written: `version: 1` is the text `1`, and whoever reads it decides what it must be. Held here: at most 64 levels, at
//! most 20 000 nodes with every alias counted as often as it is used, no key twice in a map, no tags, one document a file.

use super::finding::{FINDINGS_MAX, Finding};
use super::source::{SourceText, Spot};
use super::syntax::{self, MERGE};
use serde_saphyr::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span};
use std::collections::HashMap;

/// The deepest nesting.
const DEPTH_MAX: usize = 64;
/// How a message begins that passes on what the parser says.
pub(super) const NOT_YAML: &str = "this is not YAML";

/// The most nodes, aliases expanded.
const NODES_MAX: usize = 20_000;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub kind: NodeKind,
    pub spot: Spot,
}

/// The kind of a node of the tree, with what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NodeKind {
    Map(Vec<(Key, Node)>),
    List(Vec<Node>),
    /// A scalar as it was written, quotes taken off.
    Text(String),
    /// Nothing: an empty plain scalar, `~` or `null`.
    Nothing,
}

/// A key of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub text: String,
    pub spot: Spot,
}

impl Node {
    /// What it is, for messages.
    pub(super) fn describe(&self) -> &'static str {
        match self.kind {
            NodeKind::Map(_) => "a map",
            NodeKind::List(_) => "a list",
            NodeKind::Text(_) => "a text",
            NodeKind::Nothing => "nothing",
        }
    }

    /// True for a map.
    pub(super) fn is_map(&self) -> bool {
        matches!(self.kind, NodeKind::Map(_))
    }

    /// A scalar as it was written.
    pub(super) fn as_text(&self) -> Option<&str> {
        if let NodeKind::Text(text) = &self.kind { Some(text) } else { None }
    }

    /// The value at a path of keys and indices.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        match &self.kind {
            NodeKind::Map(entries) => entries.iter().find(|(key, _)| key.text == *first).and_then(|(_, node)| node.at(rest)),
            NodeKind::List(items) => items.get(first.parse::<usize>().ok()?)?.at(rest),
            _ => None,
        }
    }
}

/// A collection that is not closed yet, or a finished value with its cost.
struct Built {
    node: Node,
    nodes: usize,
    height: usize,
}

/// A map or a list whose end has not come yet.
struct OpenCollection {
    kind: Collection,
    spot: Spot,
    anchor: usize,
    nodes: usize,
    height: usize,
}

enum Collection {
    Map { entries: Vec<(Key, Node)>, lines: HashMap<String, usize>, key: Option<Option<Key>> },
    List(Vec<Node>),
}

/// The tree of a document, and what is wrong with it as YAML. No tree where it cannot be parsed to its end.
pub(super) fn parse(source: &SourceText) -> (Option<Node>, Vec<Finding>) {
    let mut builder = Builder { source, findings: Vec::new(), stack: Vec::new(), anchors: HashMap::new(), root: None, nodes: 0 };
    let mut documents = 0;
    for event in Parser::new_from_str(&source.text) {
        let step = match event {
            Err(error) => {
                let marker = error.marker();
                let spot = Spot {
                    line: marker.line(),
                    column: marker.col() + 1,
                    length: 1,
                    offset: marker.byte_offset().unwrap_or(source.text.len()).min(source.text.len()),
                };
                Err(Box::new(match error.kind() {
                    ErrorKind::RecursionLimitExceeded => too_deep(source, spot),
                    _ => syntax::explained(source, spot, &error.info(), builder.stack.last().map(|open| open.spot)),
                }))
            }
            Ok((Event::DocumentStart(..), span)) => {
                documents += 1;
                if documents > 1 {
                    Err(Box::new(source.error(
                        spot(&span),
                        "a second document begins here",
                        "move what follows `---` into a file of its own",
                    )))
                } else {
                    Ok(())
                }
            }
            Ok((event, span)) => builder.take(event, &span),
        };
        if let Err(finding) = step {
            // Of a merge key it is known already that it cannot be read, whatever it names.
            let is_known = builder.findings.last().is_some_and(|last| last.message == MERGE.0 && last.line == finding.line);
            builder.findings.extend(Some(*finding).filter(|_| !is_known));
            return (None, builder.findings);
        }
    }
    (builder.root, builder.findings)
}

struct Builder<'a> {
    source: &'a SourceText,
    findings: Vec<Finding>,
    stack: Vec<OpenCollection>,
    /// Finished values that an alias may name, by the parser's number.
    anchors: HashMap<usize, Built>,
    root: Option<Node>,
    nodes: usize,
}

impl Builder<'_> {
    /// Takes one event. An error ends the parse.
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Box<Finding>> {
        let spot = spot(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if tag.is_some() {
                    self.findings.push(self.source.error(
                        spot,
                        "a tag (`!…`) has no meaning here",
                        "take it away; put quotes around a value to keep it a text",
                    ));
                }
                let nothing = style == ScalarStyle::Plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                let kind = if nothing { NodeKind::Nothing } else { NodeKind::Text(text.into_owned()) };
                self.count(1, spot)?;
                self.add(Built { node: Node { kind, spot }, nodes: 1, height: 0 }, anchor)?;
            }
            Event::Alias(id) => {
                let Some(target) = self.anchors.get(&id) else {
                    return Err(Box::new(self.source.error(spot, "this alias stands inside what it names", "write the value out")));
                };
                let (nodes, height) = (target.nodes, target.height);
                self.count(nodes, spot)?;
                self.deep_enough(height, spot)?;
                // Only now is the copy made: a bomb of aliases is counted before it costs memory.
                let mut node = self.anchors[&id].node.clone();
                node.spot = spot;
                self.add(Built { node, nodes, height }, 0)?;
            }
            Event::SequenceStart(_, _, Some(_)) | Event::MappingStart(_, _, Some(_)) => {
                return Err(Box::new(self.source.error(spot, "a tag (`!…`) has no meaning here", "take it away")));
            }
            Event::SequenceStart(_, anchor, _) => self.open(Collection::List(Vec::new()), spot, anchor)?,
            Event::MappingStart(_, anchor, _) => {
                self.open(Collection::Map { entries: Vec::new(), lines: HashMap::new(), key: None }, spot, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, spot: Spot) -> Result<(), Box<Finding>> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > NODES_MAX {
            let message = format!("this file holds more than {NODES_MAX} values, aliases counted as often as they are used");
            return Err(Box::new(self.source.error(spot, message, "split the file, and use fewer aliases")));
        }
        Ok(())
    }

    fn deep_enough(&self, height: usize, spot: Spot) -> Result<(), Box<Finding>> {
        if self.stack.len() + height > DEPTH_MAX { Err(Box::new(too_deep(self.source, spot))) } else { Ok(()) }
    }

    fn open(&mut self, kind: Collection, spot: Spot, anchor: usize) -> Result<(), Box<Finding>> {
        self.count(1, spot)?;
        self.deep_enough(1, spot)?;
        self.stack.push(OpenCollection { kind, spot, anchor, nodes: 1, height: 1 });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Box<Finding>> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        let kind = match open.kind {
            Collection::List(items) => NodeKind::List(items),
            Collection::Map { entries, .. } => NodeKind::Map(entries),
        };
        self.add(Built { node: Node { kind, spot: open.spot }, nodes: open.nodes, height: open.height }, open.anchor)
    }

    /// Puts a finished value where it belongs: into the innermost open collection, as a key or a value.
    fn add(&mut self, built: Built, anchor: usize) -> Result<(), Box<Finding>> {
        if anchor != 0 {
            // The copy for later aliases costs as much as any other.
            self.count(built.nodes, built.node.spot)?;
            self.anchors.insert(anchor, Built { node: built.node.clone(), ..built });
        }
        let Some(parent) = self.stack.last_mut() else {
            self.root = Some(built.node);
            return Ok(());
        };
        parent.nodes += built.nodes;
        parent.height = parent.height.max(built.height + 1);
        match &mut parent.kind {
            Collection::List(items) => items.push(built.node),
            Collection::Map { entries, lines, key } => match key.take() {
                Some(Some(key)) => entries.push((key, built.node)),
                // The value of a key that was refused.
                Some(None) => {}
                None => {
                    let spot = built.node.spot;
                    *key = Some(match built.node.kind {
                        NodeKind::Text(text) if text == "<<" => {
                            self.findings.push(self.source.error(spot, MERGE.0, MERGE.1));
                            None
                        }
                        NodeKind::Text(text) => match lines.get(&text) {
                            Some(first) => {
                                let message = format!("the key `{text}` is here twice: it is on line {first} already");
                                let finding = self.source.error(spot, message, "keep one of the two");
                                if self.findings.len() == FINDINGS_MAX {
                                    return Err(Box::new(finding));
                                }
                                self.findings.push(finding);
                                None
                            }
                            None => {
                                lines.insert(text.clone(), spot.line);
                                Some(Key { text, spot })
                            }
                        },
                        _ => {
                            self.findings.push(self.source.error(spot, "a key must be a text", "write `key: value`"));
                            None
                        }
                    });
                }
            },
        }
        Ok(())
    }
}

fn too_deep(source: &SourceText, spot: Spot) -> Finding {
    source.error(spot, format!("this is nested more than {DEPTH_MAX} levels deep"), "no file of Lifeboat's needs more than ten")
}

fn spot(span: &Span) -> Spot {
    let length = if span.start.line() == span.end.line() { span.len().max(1) } else { 1 };
    Spot { line: span.start.line(), column: span.start.col() + 1, length, offset: span.start.byte_offset().unwrap_or(0) }
}

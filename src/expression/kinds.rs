//! What can be said of an expression before it is looked at: which names it uses, and of which kind its parts are.

use super::facts::KnownFacts;
use super::problem::ExpressionProblem;
use crate::units::closest;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators};
use std::ops::Range;

/// Functions that stand alone or behind a point.
const FUNCTIONS: [(&str, Kind); 13] = [
    ("int", Kind::Number),
    ("uint", Kind::Number),
    ("double", Kind::Number),
    ("size", Kind::Number),
    ("string", Kind::Text),
    ("bool", Kind::Truth),
    ("contains", Kind::Truth),
    ("startsWith", Kind::Truth),
    ("endsWith", Kind::Truth),
    ("matches", Kind::Truth),
    ("max", Kind::Any),
    ("min", Kind::Any),
    ("type", Kind::Any),
];

/// The kind of a part of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Truth,
    Text,
    Number,
    /// A list, a map, bytes.
    Other,
    /// Only its value tells.
    Any,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Truth => "true or false",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Other => "a list or a map",
            Self::Any => "anything",
        }
    }
}

/// Walks through an expression and keeps what is wrong with it.
pub(super) struct KindFinder<'a> {
    letters: Vec<char>,
    source: &'a SourceInfo,
    known: &'a KnownFacts,
    /// Names that a macro gives to the items of a list.
    items: Vec<String>,
    pub(super) found: Vec<ExpressionProblem>,
}

impl<'a> KindFinder<'a> {
    pub(super) fn new(text: &str, source: &'a SourceInfo, known: &'a KnownFacts) -> Self {
        Self { letters: text.chars().collect(), source, known, items: Vec::new(), found: Vec::new() }
    }

    /// What must be true or false.
    pub(super) fn truth(&mut self, expr: &IdedExpr) {
        let kind = self.kind(expr);
        if !matches!(kind, Kind::Truth | Kind::Any) {
            let text = self.text(expr);
            let hint = match kind {
                Kind::Text => format!("compare it, for example `{text} == 'yes'`"),
                Kind::Number => format!("compare it, for example `{text} > 0`"),
                _ => "compare it, for example `size(…) > 0`".to_owned(),
            };
            self.problem(expr, format!("`{text}` is {}, and neither true nor false", kind.word()), hint);
        }
    }

    fn kind(&mut self, expr: &IdedExpr) -> Kind {
        match &expr.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Kind::Truth,
                LiteralValue::String(_) => Kind::Text,
                LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Kind::Number,
                LiteralValue::Bytes(_) => Kind::Other,
                LiteralValue::Null => Kind::Any,
            },
            Expr::Ident(name) => self.name(expr, name),
            Expr::Select(select) => {
                let kind = self.part(expr, &select.operand, Some(&select.field));
                if select.test { Kind::Truth } else { kind }
            }
            Expr::Call(call) => self.call(expr, call),
            Expr::List(list) => {
                for element in &list.elements {
                    self.kind(element);
                }
                Kind::Other
            }
            Expr::Comprehension(loops) => {
                if !self.items.is_empty() {
                    self.problem(expr, "a loop stands in a loop".to_owned(), "let a step work it out, and look at its `output`".to_owned());
                    return Kind::Any;
                }
                self.kind(&loops.iter_range);
                self.items.extend([loops.iter_var.clone(), loops.accu_var.clone()]);
                self.items.extend(loops.iter_var2.clone());
                for part in [&loops.loop_cond, &loops.loop_step, &loops.result] {
                    self.kind(part);
                }
                self.items.clear();
                Kind::Any
            }
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => Kind::Other,
        }
    }

    fn name(&mut self, expr: &IdedExpr, name: &str) -> Kind {
        if self.items.iter().any(|item| item == name) || name.starts_with('@') {
            return Kind::Any;
        }
        if self.known.texts.contains(name) {
            return Kind::Text;
        }
        if self.known.maps.contains_key(name) || name == "json" {
            return Kind::Other;
        }
        if ["int", "uint", "double", "string", "bool", "list", "map", "bytes", "null_type", "type"].contains(&name) {
            return Kind::Any;
        }
        let all: Vec<&str> = self.known.texts.iter().chain(self.known.maps.keys()).map(String::as_str).chain(["json"]).collect();
        let is_output = self.known.json.contains(name);
        let hint = match closest(name, all.iter().copied()) {
            _ if is_output => format!("did you mean `steps.{name}`?"),
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("a condition may speak of {}; a text stands in quotes, `'{name}'`", all.join(", ")),
        };
        self.problem(expr, format!("`{name}` is not a name that a condition knows"), hint);
        Kind::Any
    }

    /// `steps.region`, `ended['Find region']`, `json.status.code`.
    fn part(&mut self, expr: &IdedExpr, whole: &IdedExpr, key: Option<&str>) -> Kind {
        let Expr::Ident(root) = &whole.expr else {
            self.kind(whole);
            return Kind::Any;
        };
        if self.items.contains(root) {
            return Kind::Any;
        }
        let (names, kind) = match self.known.maps.get(root) {
            Some(names) => (names.clone(), Kind::Text),
            None if root == "json" => (Some(self.known.json.clone()), Kind::Any),
            None => {
                self.name(whole, root);
                return Kind::Any;
            }
        };
        let (Some(names), Some(key)) = (names, key) else { return kind };
        if names.contains(key) {
            return kind;
        }
        let what = match root.as_str() {
            "steps" | "json" => format!("no step's output is `{key}`"),
            "ended" => format!("`{key}` is not a step of this runbook"),
            "param" => format!("`{key}` is not a parameter of this runbook"),
            "role" => format!("`{key}` is not a role of this runbook"),
            _ => format!("`{root}` has no `{key}`"),
        };
        let write = |name: &str| if is_plain(name) { format!("{root}.{name}") } else { format!("{root}['{name}']") };
        // `steps.status-code` is a difference of two names.
        let dashed = names.iter().find(|name| name.starts_with(&format!("{key}-")) && self.text_around(expr).contains(name.as_str()));
        let hint = match dashed.map(String::as_str).or_else(|| closest(key, names.iter().map(String::as_str))) {
            Some(meant) => format!("did you mean `{}`?", write(meant)),
            None if names.is_empty() && matches!(root.as_str(), "steps" | "json") => {
                format!("add `output: {key}` to the step that it comes from")
            }
            None if names.is_empty() => format!("there is none here; take `{root}` away"),
            None => format!("write {}", names.iter().take(8).map(|name| format!("`{}`", write(name))).collect::<Vec<_>>().join(", ")),
        };
        self.problem(expr, what, hint);
        Kind::Any
    }

    fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Kind {
        match (call.func_name.as_str(), &call.args[..]) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, args) => {
                args.iter().for_each(|arg| self.truth(arg));
                Kind::Truth
            }
            (operators::CONDITIONAL, [condition, first, second]) => {
                self.truth(condition);
                let (first, second) = (self.kind(first), self.kind(second));
                if first == second { first } else { Kind::Any }
            }
            (
                operators::EQUALS
                | operators::NOT_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS
                | operators::LESS
                | operators::LESS_EQUALS,
                [left, right],
            ) => {
                self.compared(expr, left, right);
                Kind::Truth
            }
            (operators::INDEX, [whole, key]) => {
                let literal = if let Expr::Literal(LiteralValue::String(text)) = &key.expr { Some(text.inner()) } else { None };
                if literal.is_none() {
                    self.kind(key);
                }
                self.part(expr, whole, literal)
            }
            (operators::IN, [item, whole]) => self.within(item, whole),
            (operators::NOT_STRICTLY_FALSE, args) => {
                for arg in args {
                    self.kind(arg);
                }
                Kind::Any
            }
            (operators::ADD | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO, [left, right]) => {
                let kinds = [self.kind(left), self.kind(right)];
                if kinds.contains(&Kind::Text) && kinds.contains(&Kind::Number) {
                    self.mixed(expr, left, right, kinds);
                }
                if kinds[0] == kinds[1] { kinds[0] } else { Kind::Any }
            }
            (operators::NEGATE, [inner]) => self.kind(inner),
            (name, args) => {
                for part in call.target.iter().map(|target| &**target).chain(args) {
                    self.kind(part);
                }
                self.function(expr, name)
            }
        }
    }

    /// Whether something is in a list, or a name in a map: that name may be missing.
    fn within(&mut self, item: &IdedExpr, whole: &IdedExpr) -> Kind {
        match (&item.expr, &whole.expr) {
            (Expr::Literal(LiteralValue::String(key)), Expr::Ident(_)) => {
                self.part(item, whole, Some(key.inner()));
            }
            _ => {
                self.kind(item);
                self.kind(whole);
            }
        }
        Kind::Truth
    }

    fn function(&mut self, expr: &IdedExpr, name: &str) -> Kind {
        if let Some((_, kind)) = FUNCTIONS.iter().find(|(known, _)| *known == name) {
            return *kind;
        }
        if name.starts_with(['_', '@']) {
            return Kind::Any;
        }
        let all = FUNCTIONS.iter().map(|(name, _)| *name).chain(["has", "all", "exists", "exists_one", "filter", "map"]);
        let hint = match closest(name, all.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", all.collect::<Vec<_>>().join(", ")),
        };
        self.problem(expr, format!("`{name}` is not a function of conditions"), hint);
        Kind::Any
    }

    fn compared(&mut self, expr: &IdedExpr, left: &IdedExpr, right: &IdedExpr) {
        let kinds = [self.kind(left), self.kind(right)];
        let known = !kinds.contains(&Kind::Any) && !kinds.contains(&Kind::Other);
        if known && kinds[0] != kinds[1] {
            self.mixed(expr, left, right, kinds);
        }
    }

    /// A text beside a number, or beside true or false.
    fn mixed(&mut self, expr: &IdedExpr, left: &IdedExpr, right: &IdedExpr, kinds: [Kind; 2]) {
        let [left_text, right_text] = [self.text(left), self.text(right)];
        let (place, kind, text, other) = if kinds[0] == Kind::Text || kinds[1] != Kind::Text {
            (left, kinds[0], &left_text, kinds[1])
        } else {
            (right, kinds[1], &right_text, kinds[0])
        };
        let whole = self.text(expr);
        let hint = match (kind, other) {
            (Kind::Text, Kind::Number) => format!("write `{}`", whole.replacen(text.as_str(), &format!("int({text})"), 1)),
            (Kind::Text, Kind::Truth) => format!("write `{text} == 'true'`"),
            _ => "compare like with like".to_owned(),
        };
        self.problem(place, format!("`{text}` is {}, and is held against {}", kind.word(), other.word()), hint);
    }

    fn problem(&mut self, at: &IdedExpr, message: String, hint: String) {
        let place = self.span(at).unwrap_or(0..1);
        self.found.push(ExpressionProblem { place, message, hint });
    }

    /// The characters of a part.
    fn span(&self, expr: &IdedExpr) -> Option<Range<usize>> {
        let mut ids = Vec::new();
        ids_of(expr, &mut ids);
        let all = ids.into_iter().filter_map(|id| self.source.offset_for(id));
        let (start, end) = all.fold((u32::MAX, 0), |(start, end), (first, last)| (start.min(first), end.max(last)));
        if start == u32::MAX {
            return None;
        }
        let (mut start, mut end) = (start as usize, (end as usize + 1).min(self.letters.len()));
        // The name of a function before its bracket.
        if self.letters.get(start) == Some(&'(') {
            start -= self.letters[..start].iter().rev().take_while(|letter| is_letter(**letter)).count();
        }
        // The field behind a point, and the bracket that closes what was opened.
        while end < self.letters.len() && (self.letters[end].is_alphanumeric() || self.letters[end] == '_') && end > 0 {
            end += 1;
        }
        if let Expr::Select(select) = &expr.expr
            && self.letters.get(end - 1) == Some(&'.')
        {
            end = (end + select.field.chars().count()).min(self.letters.len());
        }
        let open = |end: usize| {
            let of = |wanted: [char; 2]| self.letters[start..end].iter().filter(|letter| wanted.contains(letter)).count();
            of(['(', '[']) > of([')', ']'])
        };
        while end < self.letters.len() && open(end) {
            end += 1;
        }
        Some(start..end.max(start + 1))
    }

    fn text(&self, expr: &IdedExpr) -> String {
        self.span(expr).map_or_else(|| "it".to_owned(), |span| self.letters[span].iter().collect())
    }

    /// A part with what stands right behind it.
    fn text_around(&self, expr: &IdedExpr) -> String {
        let start = self.span(expr).map_or(0, |span| span.start);
        self.letters[start..].iter().take_while(|letter| !letter.is_whitespace()).collect()
    }
}

fn is_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn is_plain(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// The numbers of an expression's parts, its own with them.
fn ids_of(expr: &IdedExpr, ids: &mut Vec<u64>) {
    ids.push(expr.id);
    match &expr.expr {
        Expr::Select(select) => ids_of(&select.operand, ids),
        Expr::Call(call) => call.target.iter().map(|target| &**target).chain(&call.args).for_each(|part| ids_of(part, ids)),
        Expr::List(list) => list.elements.iter().for_each(|part| ids_of(part, ids)),
        _ => {}
    }
}

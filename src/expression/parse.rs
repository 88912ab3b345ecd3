//! From a text to an expression, and from an expression to true, false or an error in words.

use super::facts::{KnownFacts, WalkFacts};
use super::kinds::{Kind, KindFinder};
use super::problem::ExpressionProblem;
use cel::{ExecutionError, ParseError, Program, Value};

/// The most characters of an expression.
const LENGTH_MAX: usize = 1_000;
/// How deep brackets may stand in each other.
const DEPTH_MAX: usize = 16;
/// The most operators that stand between two things.
const OPERATORS_MAX: usize = 120;
/// The most `? :`, for each doubles what the parser looks at.
const CHOICES_MAX: usize = 8;
/// Bytes of the stack that it is read and evaluated on. What is not used costs nothing.
const STACK: usize = 256 << 20;

/// An expression that can be evaluated.
#[derive(Debug)]
pub struct Expression {
    text: String,
    program: Program,
}

impl Expression {
    /// Reads one.
    ///
    /// # Errors
    /// The first thing that is wrong with its form.
    pub fn parse(text: &str) -> Result<Self, ExpressionProblem> {
        bounded(text)?;
        let program = deep(|| Program::compile(text).map_err(|errors| errors.errors));
        match program {
            Ok(program) => Ok(Self { text: text.to_owned(), program }),
            Err(errors) => Err(in_words(text, &errors)),
        }
    }

    /// Names that are unknown, and things that can never be compared, or are neither true nor false.
    pub fn problems(&self, known: &KnownFacts) -> Vec<ExpressionProblem> {
        deep(|| {
            let mut finder = KindFinder::new(&self.text, self.program.source_info(), known);
            finder.truth(self.program.expression());
            finder.found
        })
    }

    /// Whether it is true.
    ///
    /// # Errors
    /// In words: a value that is not there, a text that is no number, an outcome that is neither true nor false.
    pub fn holds(&self, facts: &WalkFacts) -> Result<bool, String> {
        deep(|| match self.program.execute(&facts.context()) {
            Ok(Value::Bool(truth)) => Ok(truth),
            Ok(other) => Err(format!("`{}` is {}, and neither true nor false", self.text, kind_of(&other))),
            Err(error) => Err(self.failure(&error, facts)),
        })
    }

    fn failure(&self, error: &ExecutionError, facts: &WalkFacts) -> String {
        let text = &self.text;
        match error {
            ExecutionError::NoSuchKey(name) => {
                let of = |map: &str| text.contains(&format!("{map}.{name}")) || text.contains(&format!("{map}['{name}']"));
                if of("json") && facts.of("steps", name).is_some() {
                    return format!("`json.{name}` has no value, because what the step gave is not JSON");
                }
                if of("steps") || of("json") {
                    return format!(
                        "`steps.{name}` has no value: its step was skipped, failed or has not run yet; \
                         `has(steps.{name}) && …` asks for that first"
                    );
                }
                format!("`{text}` needs a value at `{name}`, and there is none")
            }
            ExecutionError::NoSuchOverload(overload) => {
                let kinds: Vec<&str> = overload.argument_types().iter().map(|kind| kind_named(kind)).collect();
                let operator = overload.function().trim_matches('_');
                let mut told = format!("`{text}` cannot be looked at: `{operator}` of {}", kinds.join(" and "));
                if kinds.contains(&"a text") && kinds.contains(&"a number") {
                    told += "; make the text a number first, for example `int(steps.count) > 3`";
                }
                told
            }
            ExecutionError::FunctionError { function, .. } if matches!(function.as_str(), "int" | "double" | "uint") => {
                format!("`{text}` cannot be looked at: what stands in `{function}(…)` is not a number")
            }
            ExecutionError::UndeclaredReference(name) => format!("`{text}` needs `{name}`, which has no value here"),
            ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => format!("`{text}` divides by zero"),
            ExecutionError::IndexOutOfBounds(_) => format!("`{text}` asks for an item that its list does not have"),
            other => {
                let told = other.to_string();
                format!("`{text}` cannot be looked at: {}", told.lines().next().unwrap_or_default())
            }
        }
    }
}

/// What a value is to people.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => "a number",
        Value::Null => "nothing",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        _ => "something else",
    }
}

fn kind_named(name: &str) -> &'static str {
    match name {
        "string" => Kind::Text.word(),
        "int" | "uint" | "double" => Kind::Number.word(),
        "bool" => Kind::Truth.word(),
        "null_type" => "nothing",
        "list" => "a list",
        "map" => "a map",
        _ => "something else",
    }
}

/// Runs something on a stack that is deep enough for what is [`bounded`].
fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).expect("a thread can be started");
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Refuses what the parser could lose itself in.
fn bounded(text: &str) -> Result<(), ExpressionProblem> {
    let hint = || "let a step work it out, and look at its `output`".to_owned();
    let count = text.chars().count();
    if count > LENGTH_MAX {
        let message = format!("this condition has {count} characters, and may have {LENGTH_MAX}");
        return Err(ExpressionProblem { place: 0..1, message, hint: hint() });
    }
    let (mut depth, mut quote, mut operators, mut choices, mut escaped) = (0_usize, None, 0, 0, false);
    for (place, letter) in text.chars().enumerate() {
        if let Some(open) = quote {
            if !escaped && letter == open {
                quote = None;
            }
            escaped = letter == '\\' && !escaped;
            continue;
        }
        match letter {
            '\'' | '"' => quote = Some(letter),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '?' => choices += 1,
            '&' | '|' | '=' | '<' | '>' | '+' | '-' | '*' | '/' | '%' | '!' | '.' | ',' | ':' => operators += 1,
            _ => {}
        }
        let problem = if depth > DEPTH_MAX {
            "its brackets stand too deep in each other"
        } else if operators > OPERATORS_MAX * 2 {
            "it has too many parts"
        } else if choices > CHOICES_MAX {
            "it has too many `?`"
        } else {
            continue;
        };
        return Err(ExpressionProblem { place: place..place + 1, message: format!("this condition is too long: {problem}"), hint: hint() });
    }
    if quote.is_some() {
        let place = text.chars().count().saturating_sub(1);
        let message = "a text in this condition is not closed".to_owned();
        return Err(ExpressionProblem { place: place..place + 1, message, hint: "end it with the quote that it began with".into() });
    }
    Ok(())
}

/// The first error of the parser, without its lists of tokens.
fn in_words(text: &str, errors: &[ParseError]) -> ExpressionProblem {
    let (mut line, mut column) = (1, 1);
    let mut said = "it cannot be read";
    if let Some(first) = errors.iter().min_by_key(|error| error.pos) {
        (line, column) = first.pos;
        said = first.msg.trim_start_matches("Syntax error: ");
    }
    let before: usize = text.split_inclusive('\n').take(usize::try_from(line - 1).unwrap_or(0)).map(|line| line.chars().count()).sum();
    let place = before + usize::try_from(column - 1).unwrap_or(0);
    let token = said.split_once('\'').and_then(|(_, rest)| Some(rest.rsplit_once("' expecting").or_else(|| rest.rsplit_once('\''))?.0));
    let token = token.unwrap_or_default().trim();
    let example = "write for example `steps.region == 'eu' && int(steps.count) > 3`";
    let (message, hint) = match token {
        _ if said.starts_with("missing") => ("a bracket is not closed".to_owned(), "add a `)` where it ends".to_owned()),
        _ if text.trim().is_empty() => ("this condition is empty".to_owned(), example.to_owned()),
        _ if text.contains("${") => {
            let hint = "write the name alone, as `steps.region` or `param.host`: what is put into a text could change what it says";
            ("variables stand in a condition without `${…}`".to_owned(), hint.to_owned())
        }
        "<EOF>" if said.starts_with("missing") || said.contains("')'") => {
            ("a bracket is not closed".to_owned(), "add a `)` at the end".to_owned())
        }
        "<EOF>" => ("something is missing at the end of this condition".to_owned(), format!("say what is compared; {example}")),
        "and" | "AND" | "&" => ("`and` is not a word of conditions".to_owned(), "write `&&`".to_owned()),
        "or" | "OR" | "|" => ("`or` is not a word of conditions".to_owned(), "write `||`".to_owned()),
        "is" => ("`is` is not a word of conditions".to_owned(), "write `==`".to_owned()),
        "=" => ("one `=` compares nothing".to_owned(), "write `==`".to_owned()),
        "" => (format!("this condition cannot be read: {}", said.lines().next().unwrap_or_default()), example.to_owned()),
        _ if text.trim_start().starts_with("not ") => ("`not` is not a word of conditions".to_owned(), "write `!(…)`".to_owned()),
        ")" | "]" | "}" => (format!("`{token}` closes a bracket that is not open"), "take it away".to_owned()),
        token => (format!("`{token}` is not expected here"), example.to_owned()),
    };
    let place = place.min(text.chars().count().saturating_sub(1));
    ExpressionProblem { place: place..place + token.trim_matches(['<', '>']).chars().count().clamp(1, 20), message, hint }
}

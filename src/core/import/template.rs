//! A format line, taken apart into literal text and fields, and the values of the fields in a line that was written by it.
//!
//! A field's value runs to the next literal text, so two fields must not touch, and a value that may hold blanks itself must not be followed
//! by a blank alone. Where a value has a form of its own ([`ValueForm`]) it is taken by that: nginx writes one value for each server that was
//! tried, with blanks between them, and not in quotes. A value that does not have its field's form shows that the line was written by
//! another format; such a line cannot be read, also where a field that is asked for happens to fit.
//!
//! What follows the last field that is asked for is not looked at, so the end of a line may be cut, or hold what the format line says
//! wrongly. The formats that are known without being told ([`Template::whole`]) must fit to the end of the line.

use crate::units::Problem;

/// The form of a field's values, where that shows their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueForm {
    /// Anything, up to the next literal text.
    Word,
    /// A number, or a dash.
    Number,
    /// Any number of values, with `, ` or ` : ` between them.
    List,
    /// A moment with a blank before its zone: `20/Nov/2026:14:03:07 +0000`.
    Stamp,
    /// What people or clients wrote, which may hold blanks.
    Text,
}

/// A field of a format line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TemplateField<S> {
    /// Literal text before it.
    before: String,
    name: String,
    form: ValueForm,
    /// What it means; `None` for one that is passed over.
    pub(super) sense: Option<S>,
}

/// A format line that was taken apart.
#[derive(Debug, Clone)]
pub(super) struct Template<S> {
    fields: Vec<TemplateField<S>>,
    /// Literal text after the last field.
    tail: String,
    /// True where nothing may follow.
    whole: bool,
}

/// A piece of a format line.
pub(super) enum TemplatePiece<S> {
    /// To be found as it is.
    Text(String),
    /// A value, with its name and what it means.
    Field(String, ValueForm, Option<S>),
}

const RUNS_ON: &str = "there is text after the end of the format line";
/// What divides the values of a list.
const DIVIDERS: [&str; 2] = [", ", " : "];

impl<S: Copy> Template<S> {
    /// Of the pieces of a format line.
    pub(super) fn of(pieces: Vec<TemplatePiece<S>>) -> Result<Self, Problem> {
        let mut template = Self::whole(pieces)?;
        let last = template.fields.iter().rposition(|field| field.sense.is_some()).map_or(0, |index| index + 1);
        if let Some(next) = template.fields.get(last) {
            template.tail.clone_from(&next.before);
        }
        template.fields.truncate(last);
        template.whole = false;
        template.fields.iter().enumerate().try_for_each(|(index, field)| can_end(field, template.next(index)))?;
        Ok(template)
    }

    /// Of the pieces of a format line that a line must fit to its end.
    pub(super) fn whole(pieces: Vec<TemplatePiece<S>>) -> Result<Self, Problem> {
        let mut fields: Vec<TemplateField<S>> = Vec::new();
        let mut before = String::new();
        for piece in pieces {
            match piece {
                TemplatePiece::Text(text) => before.push_str(&text),
                TemplatePiece::Field(name, form, sense) => {
                    if let (Some(previous), true) = (fields.last(), before.is_empty()) {
                        let what = format!("there is nothing between `{}` and `{name}`, so it is not known where one ends", previous.name);
                        return Err(Problem::new(what).hint("put a space between them, in the format line and in the gateway's"));
                    }
                    fields.push(TemplateField { before: std::mem::take(&mut before), name, form, sense });
                }
            }
        }
        Ok(Self { fields, tail: before, whole: true })
    }

    /// The literal text after a field.
    fn next(&self, index: usize) -> &str {
        self.fields.get(index + 1).map_or(self.tail.as_str(), |next| next.before.as_str())
    }

    /// Calls `take` with the meaning and the value of each field that has one.
    pub(super) fn each<'l>(&self, line: &'l str, mut take: impl FnMut(S, &'l str) -> Result<(), String>) -> Result<(), String> {
        let mut rest = self
            .fields
            .first()
            .map_or(Some(line), |first| line.strip_prefix(first.before.as_str()))
            .ok_or_else(|| format!("it does not begin with `{}`", self.fields[0].before))?;
        for (index, field) in self.fields.iter().enumerate() {
            let next = self.next(index);
            let end = end(field.form, rest, next).ok_or_else(|| format!("it has no `{next}` where the format line has one"))?;
            let value = rest[..end].trim_matches('"');
            if field.form == ValueForm::Number && !is_number(value) {
                return Err(format!("`{value}` is where the format line has {}, and is not a number", field.name));
            }
            if self.whole && next.is_empty() && value.contains(' ') {
                return Err(RUNS_ON.into());
            }
            if let Some(sense) = field.sense {
                take(sense, value)?;
            }
            rest = &rest[end + next.len()..];
        }
        if self.whole && !rest.is_empty() {
            return Err(RUNS_ON.into());
        }
        Ok(())
    }

    /// Whether any field means this.
    pub(super) fn has(&self, wanted: impl Fn(S) -> bool) -> bool {
        self.fields.iter().any(|field| field.sense.is_some_and(&wanted))
    }
}

/// Whether it can be told where a field's value ends, by the literal text after it.
fn can_end<S>(field: &TemplateField<S>, next: &str) -> Result<(), Problem> {
    let blank = !next.is_empty() && next.trim().is_empty();
    let divider = DIVIDERS.iter().find_map(|divider| next.strip_prefix(divider));
    // What could be the beginning of one more value of the list.
    let divides = divider.is_some_and(|after| after.chars().all(|letter| letter.is_ascii_alphanumeric() || ".:_/-[]".contains(letter)));
    let why = match field.form {
        ValueForm::Text if blank => "it may contain spaces",
        ValueForm::List if divides => "it may contain several values with the same in between",
        _ => return Ok(()),
    };
    let hint = "put it into quotes, in the format line and in the gateway's, or behind the fields that are asked for";
    Err(Problem::new(format!("it is not known where `{}` ends: {why}", field.name)).hint(hint))
}

/// Where a value ends that begins here, before the literal text after it.
fn end(form: ValueForm, rest: &str, next: &str) -> Option<usize> {
    match form {
        ValueForm::List if !rest.starts_with('"') => end_of_list(rest, next),
        ValueForm::Stamp => {
            let zone = rest.find(' ').filter(|blank| {
                let zone = rest.as_bytes().get(blank + 1..blank + 6).unwrap_or_default();
                matches!(zone, [b'+' | b'-', digits @ ..] if digits.len() == 4 && digits.iter().all(u8::is_ascii_digit))
            });
            let from = zone.map_or(0, |blank| blank + 6);
            if next.is_empty() { Some(rest.len()) } else { rest.get(from..)?.find(next).map(|end| from + end) }
        }
        _ => {
            // A value that was put into quotes may hold what stands behind it.
            let quoted = rest.strip_prefix('"').filter(|_| !next.starts_with('"')).and_then(|rest| rest.find('"')).map_or(0, |end| end + 2);
            if next.is_empty() { Some(rest.len()) } else { rest[quoted..].find(next).map(|end| quoted + end) }
        }
    }
}

/// Where a list ends. The literal text after it is taken for what divides its values only where it says nothing else.
fn end_of_list(rest: &str, next: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let ends = if next.is_empty() { Some(rest.len()) } else { rest[from..].find(next).map(|position| from + position) }?;
        let divider = DIVIDERS.iter().filter_map(|divider| Some((from + rest[from..].find(divider)?, divider.len()))).min();
        match divider {
            Some((position, length)) if position < ends || position == ends && next.len() <= length && !next.is_empty() => {
                from = position + length;
            }
            _ => return Some(ends),
        }
    }
}

/// A number with or without a fraction or a sign, or the dash that stands for none.
fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The form of an HTTP header's value.
pub(super) fn form_of_header(name: &str) -> ValueForm {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let any = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    if any(&["forwarded_for"]) {
        ValueForm::List
    } else if any(&["user_agent", "cookie", "authorization", "content_type", "accept", "date", "request_body", "sec_"]) {
        ValueForm::Text
    } else {
        ValueForm::Word
    }
}

//! A format line, taken apart into literal text and fields, and the values of the fields in a line that was written by it.
//!
//! A field's value runs to the next literal text, so two fields must not touch. What follows the last field that is asked for is not
//! looked at: the end of a line may be cut, or hold what the format line says wrongly.

/// A field as the format line has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field<S> {
    /// Literal text before it.
    before: String,
    /// What it means; `None` for one that is passed over.
    pub(super) sense: Option<S>,
}

/// A format line that was taken apart.
#[derive(Debug, Clone)]
pub(super) struct Template<S> {
    fields: Vec<Field<S>>,
    /// Literal text after the last field.
    tail: String,
}

/// A piece of a format line.
pub(super) enum Piece<S> {
    /// To be found as it is.
    Text(String),
    /// A value, with its name and what it means.
    Field(String, Option<S>),
}

impl<S: Copy> Template<S> {
    /// Of the pieces of a format line.
    pub(super) fn of(pieces: Vec<Piece<S>>) -> Result<Self, String> {
        let mut fields: Vec<Field<S>> = Vec::new();
        let mut before = String::new();
        let mut previous: Option<String> = None;
        for piece in pieces {
            match piece {
                Piece::Text(text) => before.push_str(&text),
                Piece::Field(name, sense) => {
                    if let (Some(previous), true) = (&previous, before.is_empty()) {
                        return Err(format!(
                            "nothing stands between `{previous}` and `{name}`, so nobody can tell where one ends\n\nhint: put a blank \
                             between them, in the format line and in the gateway's"
                        ));
                    }
                    fields.push(Field { before: std::mem::take(&mut before), sense });
                    previous = Some(name);
                }
            }
        }
        let last = fields.iter().rposition(|field| field.sense.is_some()).map_or(0, |place| place + 1);
        let tail = fields.get(last).map_or(before, |next| next.before.clone());
        fields.truncate(last);
        Ok(Self { fields, tail })
    }

    /// Calls `take` with the meaning and the value of each field that has one.
    pub(super) fn each<'l>(&self, line: &'l str, mut take: impl FnMut(S, &'l str) -> Result<(), String>) -> Result<(), String> {
        let mut rest = self
            .fields
            .first()
            .map_or(Some(line), |first| line.strip_prefix(first.before.as_str()))
            .ok_or_else(|| format!("it does not begin with `{}`", self.fields[0].before))?;
        for (place, field) in self.fields.iter().enumerate() {
            let next = self.fields.get(place + 1).map_or(self.tail.as_str(), |next| next.before.as_str());
            // A value that was put into quotes may hold what stands behind it.
            let quoted = rest.strip_prefix('"').filter(|_| !next.starts_with('"')).and_then(|rest| rest.find('"')).map_or(0, |end| end + 2);
            let end = match next {
                "" => rest.len(),
                text => quoted + rest[quoted..].find(text).ok_or_else(|| format!("it has no `{text}` where the format line has one"))?,
            };
            if let Some(sense) = field.sense {
                take(sense, rest[..end].trim_matches('"'))?;
            }
            rest = &rest[end + next.len()..];
        }
        Ok(())
    }

    /// Whether any field means this.
    pub(super) fn has(&self, wanted: impl Fn(S) -> bool) -> bool {
        self.fields.iter().any(|field| field.sense.is_some_and(&wanted))
    }
}

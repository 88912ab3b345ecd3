//! Texts with variables in them: `${service.url}`. A value is put in as it is and not looked through again.
//!
//! What this file does not do: know any variable or value; which there are is told where they are named (`project`) and used (`step`).

/// A text uses a variable that has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`${{{name}}}` has no value here")]
pub struct UnknownVariable {
    /// Its name, without `${` and `}`.
    pub name: String,
}

/// Puts a value in the place of each `${name}`. A `${` that is never closed stays as it is.
///
/// # Errors
/// The first variable that `lookup` has no value for.
pub fn expand(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<String, UnknownVariable> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else { break };
        expanded.push_str(before);
        expanded.push_str(&lookup(name).ok_or_else(|| UnknownVariable { name: name.to_owned() })?);
        rest = tail;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_and_not_looked_through_again() {
        let lookup = |name: &str| (name == "service.url").then(|| "http://h/${port}".to_owned());
        assert_eq!(expand("${service.url}/v1 and ${", lookup).unwrap(), "http://h/${port}/v1 and ${");
        assert_eq!(expand("${port}", lookup).unwrap_err().name, "port");
        assert_eq!(expand("none", lookup).unwrap(), "none");
    }
}

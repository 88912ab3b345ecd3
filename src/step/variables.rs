//! What variables stand for. Those that are secrets are never shown.

use crate::model::Environment;
use crate::redact::Redactor;
use crate::secret;
use crate::units::{Secret, UnknownVariable, expand};
use std::collections::BTreeMap;

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An address, a name, a place.
    Plain(String),
    /// A key, or what may hold one.
    Secret(Secret),
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

impl From<Secret> for Value {
    fn from(secret: Secret) -> Self {
        Self::Secret(secret)
    }
}

/// Values of `${…}`, by their names.
#[derive(Debug, Clone, Default)]
pub struct Variables(BTreeMap<String, Value>);

impl Variables {
    /// Gives a variable its value, or another one.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Where the environment's Prometheus is, and what opens it.
    pub fn set_prometheus(&mut self, environment: &Environment, redactor: &Redactor) {
        let Some(binding) = &environment.prometheus else { return };
        self.set("prometheus.url", binding.url.as_str());
        if let Some(token) = binding.token_from.as_deref().and_then(secret::variable) {
            redactor.learn("prometheus", &token);
            self.set("prometheus.token", token);
        }
    }

    /// Its value, for the one place where it is used.
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Value::Plain(text) => Some(text),
            Value::Secret(secret) => Some(secret.expose()),
        }
    }

    /// Those that are no secrets.
    pub fn plain(&self) -> BTreeMap<String, String> {
        let plain = |(name, value): (&String, &Value)| match value {
            Value::Plain(text) => Some((name.clone(), text.clone())),
            Value::Secret(_) => None,
        };
        self.0.iter().filter_map(plain).collect()
    }

    /// True where it has a value.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text with these values in it, which may be as secret as they are.
    ///
    /// # Errors
    /// The first variable that has no value.
    pub fn expand(&self, text: &str) -> Result<String, UnknownVariable> {
        expand(text, |name| self.get(name).map(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_put_in_and_not_shown() {
        let mut variables = Variables::default();
        variables.set("port", "80");
        variables.set("service.key", Secret::from("sk-one"));
        assert_eq!(variables.expand("${port} ${service.key}").unwrap(), "80 sk-one");
        assert_eq!(variables.expand("${absent}").unwrap_err().name, "absent");
        let shown = format!("{variables:?}");
        assert!(shown.contains("80") && !shown.contains("sk-"), "{shown}");
    }
}

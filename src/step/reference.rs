//! Keys and tokens by reference.

use super::{Context, StepError};
use crate::secret::variable;
use crate::units::{Explained, Problem, Secret};

/// A key or a token: `env:NAME` from the environment, anything else with its variables.
///
/// # Errors
/// What has no value.
pub(super) fn named_secret(text: &str, context: &Context) -> Result<Secret, Problem> {
    let told = |error: StepError| {
        let hint = error.hint().map(std::borrow::Cow::into_owned);
        let problem = Problem::new(error.to_string());
        hint.into_iter().fold(problem, Problem::hint)
    };
    match text.strip_prefix("env:") {
        Some(name) => variable(name).ok_or_else(|| Problem::new(format!("the environment variable {name} is not set"))),
        None => context.expand(text).map(Secret::new).map_err(told),
    }
}

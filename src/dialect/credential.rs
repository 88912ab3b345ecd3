//! Where a request carries its credential.

use crate::model::Dialect;

/// The credential of a request, without `Bearer ` before it; `header` looks a header up by its lower-case name.
/// Azure OpenAI takes a key in `api-key` and a token in `authorization`; the others of this build take `authorization`.
pub fn credential<'h>(dialect: Dialect, header: impl Fn(&str) -> Option<&'h str>) -> Option<&'h str> {
    let bearer = || header("authorization").map(|value| value.strip_prefix("Bearer ").unwrap_or(value).trim());
    match dialect {
        Dialect::AzureOpenAi => header("api-key").map(str::trim).or_else(bearer),
        Dialect::Anthropic => header("x-api-key").map(str::trim).or_else(bearer),
        _ => bearer().or_else(|| header("api-key").map(str::trim)),
    }
}

/// The header that carries a static key to a provider of this dialect.
pub fn credential_header(dialect: Dialect, key: &str) -> (&'static str, String) {
    match dialect {
        Dialect::AzureOpenAi => ("api-key", key.to_owned()),
        Dialect::Anthropic => ("x-api-key", key.to_owned()),
        _ => ("authorization", format!("Bearer {key}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_writes_is_what_a_proxy_reads() {
        for word in Dialect::WORDS {
            let dialect = Dialect::from_word(word).unwrap();
            let (name, value) = credential_header(dialect, "sk-one");
            assert_eq!(credential(dialect, |asked| (asked == name).then_some(value.as_str())), Some("sk-one"), "{word}");
        }
    }
}

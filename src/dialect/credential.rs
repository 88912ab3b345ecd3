//! Where a request carries its credential, and what else its head must have.

use super::ProviderFault;
use super::tongue::{HeaderLookup, provider_api};
use crate::model::Dialect;

/// The credential of a request, without `Bearer ` before it; `header` looks a header up by its lower-case name. Of a request that is
/// signed (Bedrock) it is the access key, which names the secret that it was signed with.
pub fn credential<'h>(dialect: Dialect, header: impl Fn(&str) -> Option<&'h str>) -> Option<&'h str> {
    provider_api(dialect).credential(&header)
}

/// The header that carries a static key to a provider of this dialect.
pub fn credential_header(dialect: Dialect, key: &str) -> (&'static str, String) {
    provider_api(dialect).credential_header(key)
}

/// What a provider says of a request whose head lacks what every request must have.
pub fn head_fault<'h>(dialect: Dialect, header: impl Fn(&str) -> Option<&'h str>) -> Option<ProviderFault> {
    let (name, _) = provider_api(dialect).required_header()?;
    header(name).is_none_or(str::is_empty).then(|| ProviderFault::BadRequest(format!("{name}: header is required")))
}

/// The token in `authorization`.
pub(super) fn bearer<'h>(header: HeaderLookup<'_, 'h>) -> Option<&'h str> {
    header("authorization").map(|value| value.strip_prefix("Bearer ").unwrap_or(value).trim())
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
            let bearer = credential(dialect, |asked| (asked == "authorization").then_some("Bearer tok"));
            assert_eq!(bearer, Some("tok"), "{word}");
        }
    }

    #[test]
    fn anthropic_wants_a_version() {
        assert!(head_fault(Dialect::Anthropic, |_| None).is_some());
        assert!(head_fault(Dialect::Anthropic, |name| (name == "anthropic-version").then_some("2023-06-01")).is_none());
        assert!(head_fault(Dialect::Bedrock, |_| None).is_none());
    }
}

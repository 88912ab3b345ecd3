//! Headers in each dialect: credentials, limits, the time to come back, the identifiers of a request.

use super::http_date::http_date;
use super::limit::Quotas;
use super::provider_error::RefusalReason;
use super::registry::provider_api;
use super::wire::Receipt;
use crate::model::{Dialect, RetryForm};
use crate::units::Duration;

/// The credential of a request, without `Bearer ` before it; `header` looks a header up by its lower-case name. Of a request that is
/// signed (Bedrock) it is the access key, which names the secret that it was signed with.
pub fn credential<'h>(dialect: Dialect, header: impl Fn(&str) -> Option<&'h str>) -> Option<&'h str> {
    provider_api(dialect).credential(&header)
}

/// The header that carries a static key to a provider of this dialect.
pub fn credential_header(dialect: Dialect, key: &str) -> (&'static str, String) {
    provider_api(dialect).credential_header(key)
}

/// The headers in which clients name whose account, project or workspace a request is for.
const TENANTS: [&str; 6] =
    ["openai-organization", "openai-project", "anthropic-workspace-id", "x-goog-user-project", "x-ms-tenant-id", "x-tenant-id"];

/// Whose tenant a request names in its headers, all of them together; `None` where it names none.
pub fn tenant<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<String> {
    let named: Vec<String> = TENANTS.iter().filter_map(|name| Some(format!("{name}={}", header(name)?))).collect();
    (!named.is_empty()).then(|| named.join(";"))
}

/// What a provider says of a request whose head lacks what every request must have.
pub fn head_fault<'h>(dialect: Dialect, header: impl Fn(&str) -> Option<&'h str>) -> Option<RefusalReason> {
    let (name, _) = provider_api(dialect).required_header()?;
    header(name).is_none_or(str::is_empty).then(|| RefusalReason::BadRequest(format!("{name}: header is required")))
}

/// The headers by which a provider's support finds a request again.
pub fn receipt_headers(dialect: Dialect, receipt: &Receipt<'_>) -> Vec<(&'static str, String)> {
    provider_api(dialect).receipt_headers(receipt)
}
/// The headers that tell these counters; none in a dialect that has no such headers. `wall` is seconds since 1970.
pub fn quota_headers(dialect: Dialect, quotas: &Quotas, wall: u64) -> Vec<(String, String)> {
    provider_api(dialect).quota_headers(quotas, wall)
}

/// The headers that tell when to come back, in this form, else in the provider's own. Times are rounded up: a client told to come back too
/// early would be told wrong. `wall` is seconds since 1970.
pub fn retry_headers(dialect: Dialect, after: Duration, form: Option<RetryForm>, wall: u64) -> Vec<(&'static str, String)> {
    let seconds = after.as_nanos().div_ceil(1_000_000_000);
    let whole = ("retry-after", seconds.to_string());
    let fine = ("retry-after-ms", after.as_nanos().div_ceil(1_000_000).to_string());
    match form.unwrap_or(provider_api(dialect).retry_form()) {
        RetryForm::Seconds => vec![whole],
        RetryForm::Milliseconds => vec![fine],
        RetryForm::Both => vec![whole, fine],
        RetryForm::Date => vec![("retry-after", http_date(wall.saturating_add(seconds)))],
    }
}

#[cfg(test)]
mod tests {
    use super::super::limit::Quota;
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

    #[test]
    fn the_time_to_come_back_is_said_in_the_form_asked_for_else_in_the_providers() {
        let said = |dialect, form| {
            let headers = retry_headers(dialect, Duration::from_millis(1500), form, 784_111_775);
            headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
        };
        let (seconds, fine) = ("retry-after: 2", "retry-after-ms: 1500");
        assert_eq!(said(Dialect::OpenAi, None), seconds);
        assert_eq!(said(Dialect::AzureOpenAi, None), format!("{seconds}, {fine}"));
        assert_eq!(said(Dialect::AzureOpenAi, Some(RetryForm::Seconds)), seconds);
        assert_eq!(said(Dialect::Vertex, Some(RetryForm::Milliseconds)), fine);
        assert_eq!(said(Dialect::Vertex, Some(RetryForm::Both)), format!("{seconds}, {fine}"));
        assert_eq!(said(Dialect::OpenAi, Some(RetryForm::Date)), "retry-after: Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn counters_are_told_as_each_provider_tells_them() {
        let quota = Quota { limit: 60, remaining: 58, reset: Duration::from_millis(2001) };
        let quotas = Quotas { requests: Some(quota), tokens: Some(Quota { remaining: 0, reset: Duration::from_secs(360), ..quota }) };
        let said = |dialect| {
            let headers = quota_headers(dialect, &quotas, 784_111_774);
            headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
        };
        assert_eq!(
            said(Dialect::OpenAi),
            [
                "x-ratelimit-limit-requests: 60",
                "x-ratelimit-remaining-requests: 58",
                "x-ratelimit-reset-requests: 2.001s",
                "x-ratelimit-limit-tokens: 60",
                "x-ratelimit-remaining-tokens: 0",
                "x-ratelimit-reset-tokens: 6m0s",
            ]
        );
        assert_eq!(said(Dialect::AzureOpenAi), ["x-ratelimit-remaining-requests: 58", "x-ratelimit-remaining-tokens: 0"]);
        assert_eq!(
            said(Dialect::Anthropic)[..3],
            [
                "anthropic-ratelimit-requests-limit: 60",
                "anthropic-ratelimit-requests-remaining: 58",
                "anthropic-ratelimit-requests-reset: 1994-11-06T08:49:37Z",
            ]
        );
        assert!(said(Dialect::Bedrock).is_empty() && said(Dialect::Vertex).is_empty());
    }
}

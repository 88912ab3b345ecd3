//! How the settings are called that decide how long a cutover takes: the same names in what is read, what is predicted and what a report advises.

/// LiteLLM: how long a try may take.
pub const LITELLM_TIMEOUT: &str = "router_settings.timeout";
/// LiteLLM: how long a streamed answer may take to its first bytes, and between them.
pub const LITELLM_STREAM_TIMEOUT: &str = "router_settings.stream_timeout";
/// LiteLLM: how often a group is tried again.
pub const LITELLM_RETRIES: &str = "router_settings.num_retries";
/// LiteLLM: which group is asked after which.
pub const LITELLM_FALLBACKS: &str = "router_settings.fallbacks";
/// LiteLLM: how long a deployment is left alone.
pub const LITELLM_COOLDOWN: &str = "router_settings.cooldown_time";
/// LiteLLM: how many failures are allowed.
pub const LITELLM_ALLOWED_FAILS: &str = "router_settings.allowed_fails";
/// LiteLLM: the same by the kind of error.
pub const LITELLM_POLICY: &str = "router_settings.allowed_fails_policy";
/// Portkey: how long a try may take.
pub const PORTKEY_TIMEOUT: &str = "request_timeout";
/// Portkey: after which statuses the next target is asked.
pub const PORTKEY_CODES: &str = "strategy.on_status_codes";
/// Portkey: how often a target is tried again.
pub const PORTKEY_RETRIES: &str = "retry.attempts";
/// Envoy: how long a try may take.
pub const ENVOY_TRY_TIMEOUT: &str = "retry_policy.per_try_timeout";
/// Envoy: after what a request is tried again.
pub const ENVOY_RETRY_ON: &str = "retry_policy.retry_on";
/// Envoy: how often.
pub const ENVOY_RETRIES: &str = "retry_policy.num_retries";
/// Envoy: how long a host is left alone.
pub const ENVOY_EJECTION: &str = "outlier_detection.base_ejection_time";
/// Envoy: the longest that it can be.
pub const ENVOY_EJECTION_MAX: &str = "outlier_detection.max_ejection_time";
/// Envoy: after how many errors in a row.
pub const ENVOY_CONSECUTIVE: &str = "outlier_detection.consecutive_5xx";
/// HAProxy: how long a try may take.
pub const HAPROXY_TIMEOUT: &str = "timeout server";
/// HAProxy: after what a request is tried again.
pub const HAPROXY_RETRY_ON: &str = "retry-on";
/// HAProxy: how often.
pub const HAPROXY_RETRIES: &str = "retries";
/// HAProxy: how many failed requests take a server out.
pub const HAPROXY_ERROR_LIMIT: &str = "server … observe layer7 error-limit … on-error";
/// HAProxy: how many health checks must pass before a server is used again.
pub const HAPROXY_RISE: &str = "server … inter 2s rise";
/// nginx: how long a try may take.
pub const NGINX_READ_TIMEOUT: &str = "proxy_read_timeout";
/// nginx: after what the next server is asked.
pub const NGINX_NEXT: &str = "proxy_next_upstream";
/// nginx: how many servers one request is tried at.
pub const NGINX_TRIES: &str = "proxy_next_upstream_tries";
/// nginx: how long a request may be passed on.
pub const NGINX_NEXT_TIMEOUT: &str = "proxy_next_upstream_timeout";
/// nginx: how many failures take a server out.
pub const NGINX_MAX_FAILS: &str = "server … max_fails";
/// nginx: for how long.
pub const NGINX_FAIL_TIMEOUT: &str = "server … fail_timeout";
/// The reference gateway: how long a try may take.
pub const REFERENCE_TIMEOUT: &str = "gateway.try_timeout";
/// The reference gateway: how often a provider is tried again.
pub const REFERENCE_RETRIES: &str = "gateway.retries";
/// The reference gateway: how many failures in a row open its breaker.
pub const REFERENCE_FAILURES: &str = "gateway.breaker.failures";
/// The reference gateway: how long a provider is left alone.
pub const REFERENCE_COOLDOWN: &str = "gateway.breaker.cooldown";

//! What is read of each gateway's configuration, with its lines, and what is told of what was not understood.

use super::*;
use crate::gateway::{Comeback, FailureShape, KeyReference};
use crate::model::Dialect;
use crate::units::Duration;

const LITELLM: &str = "\
model_list:
  - model_name: chat
    litellm_params:
      model: azure/gpt-4o
      api_base: https://acme.openai.azure.com/
      api_key: os.environ/AZURE_KEY
      timeout: 8
      stream_timeout: 1.5
  - model_name: spare
    litellm_params: {model: bedrock/eu.anthropic.claude, aws_region_name: eu-west-1}
router_settings:
  fallbacks: [{chat: [spare]}]
  num_retries: 1
  allowed_fails_policy: {TimeoutErrorAllowedFails: 4}
  cooldown_time: 30
general_settings: {master_key: os.environ/MASTER}
";

#[test]
fn litellm_is_read_with_lines_and_defaults() {
    assert_eq!(kind_of("config.yaml", LITELLM), Some(GatewayKind::LiteLlm));
    let setup = read(GatewayKind::LiteLlm, LITELLM).unwrap();
    assert_eq!((setup.models.clone(), setup.sharing, setup.hops.len()), (vec!["chat".to_owned()], 1, 2));
    let [first, second] = &setup.hops[..] else { panic!() };
    assert_eq!(
        (first.name.as_str(), first.dialect, first.base_url.as_deref()),
        ("azure-gpt-4o", Dialect::AzureOpenAi, Some("https://acme.openai.azure.com"))
    );
    assert_eq!((first.key.clone(), first.line), (Some(KeyReference::Env("AZURE_KEY".into())), 2));
    assert_eq!(second.base_url.as_deref(), Some("https://bedrock-runtime.eu-west-1.amazonaws.com"));
    assert_eq!((second.region.as_deref(), setup.client_key.clone()), (Some("eu-west-1"), Some(KeyReference::Env("MASTER".into()))));
    let timing = &setup.timing;
    let attempts = timing.attempts.as_ref().unwrap();
    assert_eq!((attempts.value, attempts.line), (2, Some(13)));
    assert_eq!(timing.stream_timeout.as_ref().unwrap().value, Duration::from_millis(1500));
    assert_eq!(timing.waits[..2], [Duration::from_millis(1250), Duration::from_millis(1750)]);
    assert_eq!(timing.failures_for[0].1.value, 5);
    assert_eq!(timing.cooldown.as_ref().unwrap().line, Some(15));
    assert!(timing.passes_on.as_ref().unwrap().value.holds(FailureShape::NoAnswer));
    assert!(setup.doubts.is_empty(), "{:?}", setup.doubts);
}

#[test]
fn litellms_own_patience_holds_where_nothing_is_said() {
    let text = "model_list:\n- {model_name: a, litellm_params: {model: openai/gpt-4o, api_base: os.environ/BASE}}\ninclude: [more.yaml]\n";
    let setup = read(GatewayKind::LiteLlm, text).unwrap();
    let timing = &setup.timing;
    assert_eq!((timing.timeout.as_ref().unwrap().value, timing.timeout.as_ref().unwrap().line), (Duration::from_secs(600), None));
    assert_eq!((timing.attempts.as_ref().unwrap().value, &timing.failures, &timing.passes_on), (3, &None, &None));
    assert_eq!(setup.doubts.len(), 2, "{:?}", setup.doubts);
    assert!(setup.doubts[0].contains("`BASE`") && setup.doubts[1].contains("line 3"));
    let balanced =
        "model_list:\n- {model_name: a, litellm_params: {model: openai/x}}\n- {model_name: a, litellm_params: {model: groq/y}}\n";
    let balanced = read(GatewayKind::LiteLlm, balanced).unwrap();
    assert_eq!((balanced.sharing, balanced.timing.failures.as_ref().unwrap().value, balanced.timing.counts_share), (2, 5, true));
    assert!(balanced.timing.waits.is_empty());
    assert!(read(GatewayKind::LiteLlm, "router_settings: {}").is_err());
}

const NGINX: &str = "\
worker_processes 1;
events { worker_connections 1024; }
http {
  upstream models {
    server api.openai.com:443 max_fails=3 fail_timeout=20s;
    server acme.openai.azure.com:443 backup;
  }
  server {
    listen 8080;
    location /v1/ {
      proxy_pass https://models;
      proxy_set_header Authorization \"Bearer ${OPENAI_KEY}\";
      proxy_connect_timeout 2s;
      proxy_read_timeout 700ms;
      proxy_next_upstream error timeout http_503 non_idempotent;
    }
  }
}
";

#[test]
fn nginx_is_read_through_its_blocks() {
    assert_eq!(kind_of("gateway.conf", NGINX), Some(GatewayKind::Nginx));
    let setup = read(GatewayKind::Nginx, NGINX).unwrap();
    assert_eq!((setup.listens.as_deref(), setup.sharing, setup.hops.len()), (Some("0.0.0.0:8080"), 1, 2));
    assert_eq!((setup.hops[0].name.as_str(), setup.hops[0].line), ("openai", 5));
    assert_eq!(setup.hops[0].key, Some(KeyReference::Env("OPENAI_KEY".into())));
    assert_eq!(setup.hops[1].dialect, Dialect::AzureOpenAi);
    let timing = &setup.timing;
    assert_eq!((timing.timeout.as_ref().unwrap().value, timing.timeout.as_ref().unwrap().line), (Duration::from_millis(700), Some(14)));
    assert_eq!((timing.failures.as_ref().unwrap().value, timing.cooldown.as_ref().unwrap().value), (3, Duration::from_secs(20)));
    let passes = &timing.passes_on.as_ref().unwrap().value;
    assert!(passes.holds(FailureShape::NoAnswer) && passes.holds(FailureShape::Status(503)) && !passes.holds(FailureShape::Status(500)));
    assert_eq!(timing.comeback, Comeback::OneRequest);
    // Without `non_idempotent` a POST that was sent is not passed on.
    let plain = read(GatewayKind::Nginx, &NGINX.replace(" non_idempotent", "")).unwrap();
    let passes = plain.timing.passes_on.unwrap().value;
    assert!(passes.holds(FailureShape::Refused) && !passes.holds(FailureShape::NoAnswer) && !passes.holds(FailureShape::Status(503)));
    assert!(plain.timing.counts.unwrap().value.holds(FailureShape::NoAnswer));
}

#[test]
fn nginx_is_followed_through_its_own_sockets() {
    let text = "http { upstream u { server unix:/r/a.sock; server unix:/r/b.sock backup; } server { listen 127.0.0.1:80; location / { proxy_pass http://u; } }\n\
        server { listen unix:/r/a.sock; location /v1 { proxy_pass http://127.0.0.1:4001; proxy_set_header authorization \"Bearer sk\"; } }\n\
        server { listen unix:/r/b.sock; location /v1 { proxy_pass http://127.0.0.1:4002; } } include conf.d/*.conf; }\n";
    let setup = read(GatewayKind::Nginx, text).unwrap();
    let urls: Vec<_> = setup.hops.iter().map(|hop| hop.base_url.as_deref().unwrap()).collect();
    assert_eq!(urls, ["http://127.0.0.1:4001", "http://127.0.0.1:4002"]);
    assert_eq!((setup.hops[0].key.clone(), setup.doubts.len()), (Some(KeyReference::Literal), 1));
    assert!(read(GatewayKind::Nginx, "http { server { listen 80; return 200; } }").is_err());
}

const HAPROXY: &str = "\
global
  maxconn 2000
defaults
  mode http
  timeout connect 700ms
  timeout server 30s
frontend users
  bind *:8080
  default_backend models
backend models
  timeout server 900
  retries 2
  option redispatch 1
  retry-on conn-failure response-timeout 503
  default-server check inter 5s rise 4 observe layer7 error-limit 3 on-error mark-down
  server first api.openai.com:443 ssl
  server second acme.example:443 ssl backup
";

#[test]
fn haproxy_is_read_with_its_defaults() {
    assert_eq!(kind_of("gw.cfg", HAPROXY), Some(GatewayKind::HaProxy));
    let setup = read(GatewayKind::HaProxy, HAPROXY).unwrap();
    assert_eq!((setup.listens.as_deref(), setup.sharing, setup.hops.len()), (Some("0.0.0.0:8080"), 1, 2));
    assert_eq!((setup.hops[0].name.as_str(), setup.hops[0].base_url.as_deref()), ("first", Some("https://api.openai.com/v1")));
    let timing = &setup.timing;
    assert_eq!((timing.timeout.as_ref().unwrap().value, timing.timeout.as_ref().unwrap().line), (Duration::from_millis(900), Some(11)));
    assert_eq!((timing.connect.as_ref().unwrap().line, timing.attempts.as_ref().unwrap().value), (Some(5), 3));
    assert_eq!((timing.failures.as_ref().unwrap().value, timing.cooldown.as_ref().unwrap().value), (3, Duration::from_secs(20)));
    assert!(timing.passes_on.is_none(), "a server that stands by is asked only once all others are down");
    assert!(timing.counts.as_ref().unwrap().value.holds(FailureShape::NoAnswer) && !timing.health_notices.holds(FailureShape::NoAnswer));
    let both = read(GatewayKind::HaProxy, &HAPROXY.replace(" ssl backup", "")).unwrap();
    assert_eq!((both.sharing, both.timing.attempts.unwrap().value), (2, 1));
    assert!(both.timing.passes_on.unwrap().value.holds(FailureShape::Status(503)));
    let followed = HAPROXY.replace("api.openai.com:443 ssl", "unix@/r/a.sock")
        + "listen a\n  bind unix@/r/a.sock\n  http-request set-header authorization \"Bearer ${KEY}\"\n  server p 127.0.0.1:4001\n";
    let followed = read(GatewayKind::HaProxy, &followed).unwrap();
    assert_eq!(
        (followed.hops[0].base_url.as_deref(), followed.hops[0].key.clone()),
        (Some("http://127.0.0.1:4001"), Some(KeyReference::Env("KEY".into())))
    );
    assert_eq!(followed.doubts.len(), 1, "{:?}", followed.doubts);
}

const PORTKEY: &str = r#"{
  "strategy": {"mode": "fallback", "on_status_codes": [429, 503]},
  "request_timeout": 2500,
  "targets": [
    {"provider": "openai", "api_key": "${OPENAI_KEY}", "retry": {"attempts": 2}, "override_params": {"model": "gpt-4o"}},
    {"strategy": {"mode": "loadbalance"}, "targets": [
      {"provider": "azure-openai", "resource_name": "acme", "deployment_id": "gpt-4o", "api_key": "sk"},
      {"provider": "anthropic", "request_timeout": 900, "virtual_key": "claude-prod"}
    ]}
  ]
}"#;

#[test]
fn portkey_is_read_with_nested_targets() {
    assert_eq!(kind_of("portkey.json", PORTKEY), Some(GatewayKind::Portkey));
    let setup = read(GatewayKind::Portkey, PORTKEY).unwrap();
    assert_eq!((setup.hops.len(), setup.sharing, setup.models.clone()), (3, 1, vec!["gpt-4o".to_owned()]));
    assert_eq!(setup.hops[1].base_url.as_deref(), Some("https://acme.openai.azure.com"));
    assert_eq!(
        (setup.hops[0].key.clone(), setup.hops[1].key.clone()),
        (Some(KeyReference::Env("OPENAI_KEY".into())), Some(KeyReference::Literal))
    );
    let timing = &setup.timing;
    assert_eq!((timing.timeout.as_ref().unwrap().value, timing.timeout.as_ref().unwrap().line), (Duration::from_millis(2500), Some(3)));
    assert_eq!((timing.attempts.as_ref().unwrap().value, timing.waits.len()), (3, 2));
    let passes = &timing.passes_on.as_ref().unwrap().value;
    assert!(passes.holds(FailureShape::Status(429)) && !passes.holds(FailureShape::NoAnswer) && !passes.holds(FailureShape::Status(529)));
    assert_eq!(setup.doubts.len(), 1, "{:?}", setup.doubts);
    let plain = read(GatewayKind::Portkey, r#"{"provider": "groq", "api_key": "x"}"#).unwrap();
    assert_eq!((plain.hops.len(), &plain.timing.timeout, &plain.timing.passes_on), (1, &None, &None));
}

const ENVOY: &str = r#"
static_resources:
  listeners:
  - name: users
    address: {socket_address: {address: 0.0.0.0, port_value: 10000}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          route_config:
            virtual_hosts:
            - domains: ["*"]
              routes:
              - match: {path: /ready}
                direct_response: {status: 200}
              - match: {prefix: /}
                route:
                  cluster: all
                  timeout: 0s
                  retry_policy:
                    retry_on: 5xx,retriable-status-codes
                    retriable_status_codes: [429]
                    num_retries: 2
                    per_try_timeout: 1.5s
                    retry_priority: {name: p, typed_config: {"@type": type.googleapis.com/x, update_frequency: 1}}
                request_headers_to_add:
                - {header: {key: authorization, value: "Bearer %ENVIRONMENT(OPENAI_KEY)%"}}
  clusters:
  - name: all
    cluster_type: {name: envoy.clusters.aggregate, typed_config: {"@type": type.googleapis.com/agg, clusters: [openai, azure]}}
  - name: openai
    connect_timeout: 0.7s
    outlier_detection: {consecutive_5xx: 3, base_ejection_time: 20s}
    transport_socket: {name: tls, typed_config: {sni: api.openai.com}}
    load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: api.openai.com, port_value: 443}}}}]}]}
  - name: azure
    transport_socket: {name: tls}
    load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: acme.openai.azure.com, port_value: 443}}}}]}]}
"#;

#[test]
fn envoy_is_read_through_routes_and_aggregates() {
    assert_eq!(kind_of("envoy.yaml", ENVOY), Some(GatewayKind::Envoy));
    let setup = read(GatewayKind::Envoy, ENVOY).unwrap();
    assert_eq!((setup.listens.as_deref(), setup.sharing, setup.hops.len()), (Some("0.0.0.0:10000"), 1, 2));
    assert_eq!((setup.hops[0].base_url.as_deref(), setup.hops[1].dialect), (Some("https://api.openai.com/v1"), Dialect::AzureOpenAi));
    assert_eq!(setup.hops[0].key, Some(KeyReference::Env("OPENAI_KEY".into())));
    let timing = &setup.timing;
    assert_eq!((timing.attempts.as_ref().unwrap().value, timing.timeout.as_ref().unwrap().value), (1, Duration::from_millis(1500)));
    assert_eq!((timing.limit.as_ref(), timing.failures.as_ref().unwrap().value), (None, 3));
    let passes = &timing.passes_on.as_ref().unwrap().value;
    assert!(passes.holds(FailureShape::Status(429)) && passes.holds(FailureShape::NoAnswer) && !passes.holds(FailureShape::Status(401)));
    // Without a retry priority, what is tried again goes to the same.
    let same = ENVOY.lines().filter(|line| !line.contains("retry_priority")).collect::<Vec<_>>().join("\n");
    let same = read(GatewayKind::Envoy, &same).unwrap().timing;
    assert_eq!((same.attempts.unwrap().value, same.passes_on), (3, None));
    assert!(read(GatewayKind::Envoy, "dynamic_resources: {}").unwrap_err().hint.unwrap().contains("config_dump"));
}

#[test]
fn what_is_no_gateways_is_not_taken_for_one() {
    for text in ["", "a: b", "hello world", "{\"a\": 1}", "version: 1\nproviders: {a: {dialect: openai}}\n"] {
        assert_eq!(kind_of("file", text), None, "{text}");
    }
    assert!(read(GatewayKind::Kong, "").unwrap_err().hint.unwrap().contains("litellm, portkey"));
}

//! Copies of configurations that are broken on purpose: text in, text out. The original is never touched; whoever starts the gateway is given the copy.
//!
//! | broken | LiteLLM | Envoy | HAProxy | nginx | Portkey |
//! |---|---|---|---|---|---|
//! | `fallback-removed` | `fallbacks`, further deployments of a group | further priorities, further clusters of an aggregate | `backup` servers | `backup` servers, `error_page … @NAME` | all targets but the first |
//! | `standby-key-wrong` | `api_key` of the others | credential headers of the others' routes | the same in the others' sections | `proxy_set_header` in the named location | `api_key` of the others |
//! | `timeout-x10` | `timeout`, `stream_timeout`, `request_timeout` | route, try and connect timeouts | `timeout connect`, `server`, `queue`, `check` | `proxy_…_timeout` | `request_timeout` |
//! | `breaker-off` | `disable_cooldowns` | `outlier_detection`, `health_checks` | health checks, `observe` | `max_fails=0` | `cb_config` |
//!
//! A copy need not look like its original: YAML and JSON are written again as JSON, which both read.
//!
//! What this file does not do: read what a configuration says (`gateway`), or start anything.

mod edited;
mod envoy;
mod haproxy;
mod litellm;
mod nginx;
mod portkey;
mod tree;

pub use edited::EditedConfiguration;

use crate::model::{GatewayKind, SabotageKind};

/// Breaks a configuration; an error says why that is not possible here, as it follows the name of the sabotage.
///
/// # Errors
/// Where the text is not of that gateway, or has nothing that could be broken so.
pub fn sabotaged(gateway: GatewayKind, text: &str, kind: SabotageKind) -> Result<EditedConfiguration, String> {
    match gateway {
        GatewayKind::LiteLlm => litellm::sabotaged(text, kind),
        GatewayKind::Envoy => envoy::sabotaged(text, kind),
        GatewayKind::HaProxy => haproxy::sabotaged(text, kind),
        GatewayKind::Nginx => nginx::sabotaged(text, kind),
        GatewayKind::Portkey => portkey::sabotaged(text, kind),
        GatewayKind::Kong | GatewayKind::Bifrost | GatewayKind::Reference | GatewayKind::Other => {
            Err(format!("copies of the configuration of {} cannot be made", gateway.name()))
        }
    }
}

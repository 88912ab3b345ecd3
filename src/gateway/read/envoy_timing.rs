//! When Envoy gives up, tries again and ejects a host: of a route's retry policy, and of the first cluster's outlier detection and health checks.

use super::envoy_bootstrap::{ClusterEndpoint, EnvoyRoute};
use super::span::span;
use super::tree::ConfigNode;
use crate::gateway::failure_shape::FailureKinds;
use crate::gateway::setting_name::{ENVOY_CONSECUTIVE, ENVOY_EJECTION, ENVOY_RETRIES, ENVOY_RETRY_ON, ENVOY_TRY_TIMEOUT};
use crate::gateway::setup::{Comeback, GatewayTiming, LastWait, NamedSetting};
use crate::units::Duration;

fn length(name: &str, node: Option<&ConfigNode>) -> Option<NamedSetting<Duration>> {
    node.and_then(|node| Some(NamedSetting::said(name, span(node.text()?, 1.0)?, node.line)))
}

fn count(name: &str, node: Option<&ConfigNode>) -> Option<NamedSetting<u32>> {
    node.and_then(|node| Some(NamedSetting::said(name, node.at(&["value"]).unwrap_or(node).number()? as u32, node.line)))
}

/// What the words of `retry_on` stand for.
fn retried(words: &str, codes: &[ConfigNode]) -> FailureKinds {
    let mut kinds = FailureKinds::default();
    for word in words.split(',').map(str::trim) {
        match word {
            "5xx" => kinds = FailureKinds { statuses: [kinds.statuses, vec![(500, 599)]].concat(), ..FailureKinds::network_and(&[]) },
            "gateway-error" => {
                kinds = FailureKinds { statuses: [kinds.statuses, vec![(502, 504)]].concat(), ..FailureKinds::network_and(&[]) }
            }
            "reset" => (kinds.cut, kinds.timeout, kinds.connect) = (true, true, true),
            "connect-failure" | "refused-stream" => kinds.connect = true,
            "retriable-4xx" => kinds.statuses.push((409, 409)),
            "retriable-status-codes" => {
                kinds.statuses.extend(codes.iter().filter_map(ConfigNode::number).map(|code| (code as u16, code as u16)));
            }
            _ => {}
        }
    }
    kinds
}

/// All of it.
pub(super) fn timing(route: EnvoyRoute<'_>, ends: &[ClusterEndpoint<'_>], doubts: &mut Vec<String>) -> GatewayTiming {
    let cluster = ends.first().map(|endpoint| endpoint.cluster);
    let policy = route.action.some(&["retry_policy"]).or_else(|| route.host.some(&["retry_policy"]));
    let of = |key: &str| policy.and_then(|policy| policy.some(&[key]));
    let limit = length("route.timeout", route.action.some(&["timeout"]))
        .unwrap_or_else(|| NamedSetting::usual("route.timeout", Duration::from_secs(15)));
    let limit = Some(limit).filter(|limit| limit.value > Duration::ZERO);
    let tries = [length(ENVOY_TRY_TIMEOUT, of("per_try_timeout")), length("retry_policy.per_try_idle_timeout", of("per_try_idle_timeout"))];
    let timeout =
        tries.into_iter().flatten().filter(|try_timeout| try_timeout.value > Duration::ZERO).min_by_key(|try_timeout| try_timeout.value);
    let retry_on = of("retry_on")
        .and_then(|node| Some((retried(node.text()?, of("retriable_status_codes").map_or(&[], ConfigNode::items)), node.line)));
    let retries = retry_on.as_ref().map_or(0, |_| 1);
    let retries = retry_on
        .as_ref()
        .and_then(|_| count(ENVOY_RETRIES, of("num_retries")))
        .unwrap_or_else(|| NamedSetting::usual(ENVOY_RETRIES, retries));
    let (at_first, passes) = at_first(policy, ends, retries.value);
    let base =
        length("retry_policy.retry_back_off.base_interval", policy.and_then(|policy| policy.some(&["retry_back_off", "base_interval"])));
    let base = base.unwrap_or_else(|| NamedSetting::usual("retry_policy.retry_back_off.base_interval", Duration::from_millis(25)));
    let most = length("max_interval", policy.and_then(|policy| policy.some(&["retry_back_off", "max_interval"])))
        .map_or(base.value.times(10), |most| most.value);
    // Each wait is drawn from nothing up to this.
    let waits = (0..at_first).map(|place| base.value.times(2_u32.saturating_pow(place + 1) - 1).min(most)).collect();
    let named = retry_on.map(|(kinds, line)| NamedSetting::said(ENVOY_RETRY_ON, kinds, line));
    let connect = length("connect_timeout", cluster.and_then(|cluster| cluster.some(&["connect_timeout"])));
    let mut timing = GatewayTiming {
        attempts: Some(NamedSetting { value: at_first, ..retries.clone() }),
        connect: connect.or_else(|| Some(NamedSetting::usual("connect_timeout", Duration::from_secs(5)))),
        timeout,
        limit,
        backoff: (retries.value > 0).then_some(base),
        waits,
        passes_on: named.clone().filter(|_| passes),
        retries_on: named,
        comeback: Comeback::All,
        last_wait: LastWait::BeforeNext,
        ..GatewayTiming::default()
    };
    if let Some(cluster) = cluster {
        watched(cluster, &mut timing);
        if ends.iter().any(|endpoint| endpoint.priority == 0)
            && cluster.some(&["common_lb_config", "healthy_panic_threshold"]).is_none()
            && timing.failures.is_some()
        {
            let alone = ends.iter().all(|endpoint| endpoint.priority == ends[0].priority);
            if alone && ends.len() > 1 {
                doubts.push(format!(
                    "`healthy_panic_threshold` of the cluster on line {} is 50 %: with half of its hosts ejected all are asked again",
                    cluster.line
                ));
            }
        }
    }
    timing
}

/// How often the first host is asked for one request, and whether somebody else is asked after it.
fn at_first(policy: Option<&ConfigNode>, ends: &[ClusterEndpoint<'_>], retries: u32) -> (u32, bool) {
    let first = ends.first().map_or(0, |endpoint| endpoint.priority);
    let (peers, others) =
        (ends.iter().filter(|endpoint| endpoint.priority == first).count(), ends.iter().any(|endpoint| endpoint.priority != first));
    let priority = policy.and_then(|policy| policy.some(&["retry_priority"]));
    let predicates = policy.map_or(&[][..], |policy| policy.items_at(&["retry_host_predicate"]));
    let avoids = predicates
        .iter()
        .any(|predicate| predicate.all().iter().any(|node| node.text().is_some_and(|text| text.contains("previous_hosts"))));
    if let Some(priority) = priority.filter(|_| others) {
        let every = priority.at(&["typed_config", "update_frequency"]).and_then(ConfigNode::number).unwrap_or(2.0) as u32;
        let every = every.max(1);
        return if retries >= every { (every, true) } else { (retries + 1, false) };
    }
    if avoids && peers > 1 {
        return (1, retries > 0);
    }
    (retries + 1, false)
}

/// What ejects a host.
fn watched(cluster: &ConfigNode, timing: &mut GatewayTiming) {
    if let Some(outlier) = cluster.some(&["outlier_detection"]) {
        let enforced = outlier.at(&["enforcing_consecutive_5xx"]).map_or(Some(100.0), |node| node.at(&["value"]).unwrap_or(node).number());
        let fails =
            count(ENVOY_CONSECUTIVE, outlier.some(&["consecutive_5xx"])).unwrap_or_else(|| NamedSetting::usual(ENVOY_CONSECUTIVE, 5));
        if enforced == Some(100.0) && fails.value > 0 {
            timing.failures = Some(fails);
            let rests = length(ENVOY_EJECTION, outlier.some(&["base_ejection_time"]));
            timing.cooldown = rests.or_else(|| Some(NamedSetting::usual(ENVOY_EJECTION, Duration::from_secs(30))));
            timing.counts = Some(NamedSetting::said("outlier_detection", FailureKinds::network_and(&[(500, 599)]), outlier.line));
        }
    }
    if let Some(check) = cluster.items_at(&["health_checks"]).first() {
        let every = length("health_checks.interval", check.some(&["interval"]));
        timing.health_timeout = length("health_checks.timeout", check.some(&["timeout"]));
        timing.health_failures = count("health_checks.unhealthy_threshold", check.some(&["unhealthy_threshold"]));
        let asks = check.some(&["http_health_check"]).is_some() || check.some(&["grpc_health_check"]).is_some();
        timing.health_notices = FailureKinds { connect: true, timeout: asks, cut: asks, statuses: Vec::new() };
        timing.health_every = every;
    }
}

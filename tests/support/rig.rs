//! Quick providers and a gateway before them within the test's own process, for a drill that is given their addresses. They need a runtime
//! around them.

use lifeboat::lab::{ReferenceGateway, SimulatedProvider, Upstream};
use lifeboat::model::{BreakerSettings, CredentialKind, Dialect, GatewaySettings, Provider, Simulation};
use lifeboat::units::{Duration, Ratio, Seed};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A provider that speaks OpenAI's dialect, answers within some 30 ms, and takes the key `sk-NAME`.
pub(crate) fn quick_provider(name: &str) -> SimulatedProvider {
    let simulation = Simulation {
        first_token_p50: Duration::from_millis(20),
        first_token_p95: Duration::from_millis(30),
        tail_share: Ratio::new(0.0).unwrap(),
        ..Simulation::default()
    };
    let provider = Provider {
        dialect: Dialect::OpenAi,
        cloud: None,
        region: None,
        residency: None,
        base_url: None,
        credential: None,
        models: BTreeMap::new(),
        price: None,
        simulation,
        contract: None,
        retires: BTreeMap::new(),
    };
    SimulatedProvider::start(name, &provider, format!("sk-{name}").into(), Seed(1), ANY).unwrap()
}

/// A gateway that asks these providers, by name and the `host:port` at which each is asked, and gives each up after 300 ms.
pub(crate) fn quick_gateway(providers: &[(&str, String)], key: &str) -> ReferenceGateway {
    gateway_within(Duration::from_millis(300), providers, key)
}

/// The same, with as much time for each provider.
pub(crate) fn gateway_within(try_timeout: Duration, providers: &[(&str, String)], key: &str) -> ReferenceGateway {
    let upstreams = providers.iter().map(|(name, address)| Upstream {
        store: None,
        kind: CredentialKind::ApiKey,
        name: (*name).to_owned(),
        dialect: Dialect::OpenAi,
        base_url: format!("http://{address}/v1"),
        key: format!("sk-{name}").into(),
        model: "gpt-4o".into(),
        embedding_model: "gpt-4o".into(),
    });
    let breaker = BreakerSettings { failures: 5, cooldown: Duration::from_secs(2), probes: 1 };
    let settings = GatewaySettings { try_timeout, retries: 0, breaker, ..GatewaySettings::default() };
    ReferenceGateway::start(&settings, upstreams.collect(), key.into(), ANY).unwrap()
}

/// Ends them, the gateway first.
pub(crate) fn stop_all(runtime: &tokio::runtime::Runtime, gateway: Option<ReferenceGateway>, providers: Vec<SimulatedProvider>) {
    runtime.block_on(async {
        if let Some(gateway) = gateway {
            gateway.stop().await;
        }
        for provider in providers {
            provider.stop().await;
        }
    });
}

//! The inventory of a new project: with comments, since it is the file that people go on with.

use super::super::beginning::{BegunProject, BegunProvider};
use super::super::from_gateway::passes_through;
use super::{DrillTimes, RUNBOOK, modeline, pointing, quoted};
use crate::model::{Dialect, GatewayKind};
use std::collections::BTreeMap;

/// Its text.
pub(in crate::init) fn text(begun: &BegunProject) -> String {
    let parts = [head(begun), contacts(begun), credentials(begun), providers(begun), services(begun), environments(begun)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn head(begun: &BegunProject) -> String {
    let from = begun.from.replace(char::is_control, " ");
    format!(
        "{}# What scenarios and runbooks may name. `lifeboat init` wrote it from {from}; it is yours now, and `lifeboat help inventory` tells what else it\n\
         # can hold.\nversion: 1\n",
        modeline("inventory")
    )
}

fn contacts(begun: &BegunProject) -> String {
    let reach = if begun.owner.contains('@') && !begun.owner.contains(char::is_whitespace) {
        format!(", reach: {}", quoted(&format!("mailto:{}", begun.owner)))
    } else {
        String::new()
    };
    let hint = if reach.is_empty() {
        "      # and how to reach them: `reach: \"mailto:…\"`, `\"tel:…\"` or `\"webhook:${NAME}\"`"
    } else {
        ""
    };
    format!("contacts:\n  {}: {{name: {}{reach}}}{hint}\n", begun.owner_id(), quoted(&begun.owner))
}

fn credentials(begun: &BegunProject) -> String {
    let named = begun.providers.iter().filter_map(|provider| Some((provider.credential()?, provider)));
    let each: BTreeMap<String, &BegunProvider> = named.collect();
    if each.is_empty() {
        return String::new();
    }
    let line = |(name, provider): (&String, &&BegunProvider)| {
        let key = provider.key.as_deref().unwrap_or_default();
        format!("  {name}: {{kind: {}, from: {}}}\n", provider.kind, quoted(key))
    };
    let lines: String = each.iter().map(line).collect();
    format!(
        "# Keys by reference: a key itself never stands here. `lifeboat help credentials` tells where one can be kept.\ncredentials:\n{lines}"
    )
}

fn providers(begun: &BegunProject) -> String {
    let mut text = "# Places that serve models. `simulation` is how the lab imitates them: fast, so that a drill there measures the\n# gateway, and before its own gateway all in OpenAI's dialect.\nproviders:\n".to_owned();
    for (place, provider) in begun.providers.iter().enumerate() {
        text += &one_provider(begun, place, provider);
    }
    text
}

fn one_provider(begun: &BegunProject, place: usize, provider: &BegunProvider) -> String {
    let mut text = format!("  {}:\n    dialect: {}\n", provider.name, provider.dialect);
    if let Some(region) = provider.region.as_deref().filter(|region| !region.is_empty()) {
        text += &format!("    region: {}\n", quoted(region));
    }
    match &provider.base_url {
        Some(url) => text += &format!("    base_url: {}\n", quoted(url)),
        None => {
            text += &format!(
                "    # base_url: {}      # where it answers: wanted for drills outside of the lab\n",
                quoted(provider.base_url_form)
            );
        }
    }
    if let Some(credential) = provider.credential() {
        text += &format!("    credential: {credential}\n");
    }
    if let Some(model) = provider.model.as_deref().filter(|_| !provider.is_plain()) {
        text += &format!("    models: {{chat: {}}}\n", quoted(model));
    }
    let [p50, p95] = DrillTimes::of(begun).first_token;
    if place > 0 {
        text += "    simulation: *lab\n";
    } else {
        let times = format!("first_token_p50: {}, first_token_p95: {}, tail_share: 0%, tokens: 80/s", p50.typed(), p95.typed());
        text += &format!("    simulation: &lab {{{times}}}\n");
    }
    text
}

fn services(begun: &BegunProject) -> String {
    let times = DrillTimes::of(begun);
    let names: Vec<&str> = begun.providers.iter().map(|provider| provider.name.as_str()).collect();
    let (sharing, standbys) = names.split_at(begun.sharing.clamp(1, names.len()));
    let order = match (sharing.len(), standbys.len()) {
        (1, _) => format!("[{}]      # in order of preference: the primary, then its standbys", names.join(", ")),
        (_, 0) => format!("{{share: [{}]}}      # each takes its part of the load", sharing.join(", ")),
        _ => format!("{{share: [{}], standbys: [{}]}}", sharing.join(", "), standbys.join(", ")),
    };
    let criticality = if begun.has_other() {
        "single-point-of-failure      # | recoverable | optional"
    } else {
        "recoverable      # with a standby it can be `single-point-of-failure`"
    };
    let slo = if begun.is_plain() { "complete" } else { "first_token" };
    format!(
        "# What users ask, and what they were promised.\nservices:\n  {}:\n    owner: {}\n    criticality: {criticality}\n    providers: {order}\n    \
         runbook: {RUNBOOK}\n    objectives:\n      \
         rto: {}                     # users are served again within this\n      \
         slo: {{{slo}: {}}}    # an answer is good if it comes within this\n      \
         deadline: {}                # when a client gives up\n      \
         success: 95%                  # the share of requests that must be good …\n      \
         stable_for: {}                # … for this long, before service counts as recovered\n",
        begun.service,
        begun.owner_id(),
        begun.rto.typed(),
        times.slo.typed(),
        times.deadline.typed(),
        times.hold.typed(),
    )
}

fn environments(begun: &BegunProject) -> String {
    let times = DrillTimes::of(begun);
    let mut text = "environments:\n".to_owned();
    text += "  # Providers and gateway are simulated, in the drill's own process: nothing else is needed. This is the default.\n";
    text += &format!(
        "  lab: {{embedded: true, gateway: {{try_timeout: {}, breaker: {{cooldown: {}}}}}}}\n",
        times.try_timeout.typed(),
        times.cooldown.typed()
    );
    text += "\n  # The real gateway. It must reach its providers through the fault proxies, which listen while a drill runs.\n";
    for line in pointing::lines(begun) {
        text += &format!("  # {line}\n");
    }
    text += &format!("  {}:\n{}{}{}", BegunProject::REAL, configuration(begun), address(begun), proxies(begun));
    text += &format!(
        "    # At most: which providers a drill may break, how fast it may ask, and what it may spend (`max_spend: 1 USD`, where prices are known).\n    \
         allow: {{faults_on: [{}], max_rate: 10/s}}\n",
        begun.primary().name
    );
    text
}

/// The configuration itself, as a comment: what `check` then has to say of its timeouts is a finding, and a project begins without any.
fn configuration(begun: &BegunProject) -> String {
    let known = begun.gateway.kind.zip(begun.gateway.configuration.as_ref());
    known.map_or_else(String::new, |(kind, file)| {
        format!(
            "    # With its configuration `lifeboat check` reckons how long a cutover can take at most, and `lifeboat prove` breaks copies of it:\n    \
             # configuration: {{{}: {}}}\n",
            kind.word(),
            quoted(file)
        )
    })
}

fn address(begun: &BegunProject) -> String {
    let gateway = &begun.gateway;
    let mut told = vec![format!("url: {}", quoted(&gateway.url))];
    told.extend(gateway.key_from.as_ref().map(|name| format!("key_from: {}", quoted(&format!("env:{name}")))));
    told.extend(gateway.kind.map(GatewayKind::word).map(|word| format!("gateway: {word}")));
    told.extend(gateway.model.as_ref().filter(|_| !begun.is_plain()).map(|model| format!("model: {}", quoted(model))));
    let speaks = begun.primary().dialect;
    let is_its_own = begun.is_plain() || gateway.kind.is_some_and(passes_through) && speaks != Dialect::OpenAi;
    told.extend(is_its_own.then(|| format!("dialect: {speaks}")));
    format!("    services:\n      {}: {{{}}}\n", begun.service, told.join(", "))
}

fn proxies(begun: &BegunProject) -> String {
    let line =
        |(place, provider): (usize, &BegunProvider)| format!("      {}: {{listen: \"{}\"}}\n", provider.name, pointing::listens(place));
    let lines: String = begun.providers.iter().enumerate().map(line).collect();
    format!("    proxies:\n{lines}")
}

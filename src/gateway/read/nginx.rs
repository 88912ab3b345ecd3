//! nginx's configuration. What is not said there holds by the defaults of nginx 1.22 (`ngx_http_upstream_module`, `ngx_http_proxy_module`).
//!
//! The way of a request is followed from the first server that listens on an address and passes requests on, through servers that listen on
//! sockets of this same configuration, to the providers. What this file does not do: read included files, or say what variables hold.

use super::address::{self, Place};
use super::blocks::{Directive, of_name, parse};
use super::place::{self, HopNames};
use super::span::span;
use crate::gateway::failure_shape::FailureKinds;
use crate::gateway::setting_name::{NGINX_FAIL_TIMEOUT, NGINX_MAX_FAILS, NGINX_NEXT, NGINX_NEXT_TIMEOUT, NGINX_READ_TIMEOUT, NGINX_TRIES};
use crate::gateway::setup::{Comeback, GatewayHop, GatewaySetup, GatewayTiming, KeyReference, NamedSetting};
use crate::model::GatewayKind;
use crate::units::{Duration, Problem};

/// Servers of this configuration that are passed through on the way to one provider, at most.
const PASSED_MAX: usize = 4;

/// Where a request goes on: the directives that hold there, the innermost block first, and the `proxy_pass` itself.
#[derive(Clone, Copy)]
struct PassedWay<'d> {
    http: &'d Directive,
    server: &'d Directive,
    location: &'d Directive,
    pass: &'d Directive,
}

impl<'d> PassedWay<'d> {
    /// The directive of this name that holds: the innermost.
    fn holds(&self, name: &str) -> Option<&'d Directive> {
        [&self.location.inner, &self.server.inner, &self.http.inner]
            .into_iter()
            .find_map(|list| list.iter().rev().find(|directive| directive.name() == name))
    }

    /// What a header is set to.
    fn header(&self, names: &[&str]) -> Option<&'d Directive> {
        let lists = [&self.location.inner, &self.server.inner, &self.http.inner];
        let sets = lists.into_iter().find(|list| of_name(list, "proxy_set_header").next().is_some())?;
        of_name(sets, "proxy_set_header").find(|directive| names.iter().any(|name| directive.value().eq_ignore_ascii_case(name)))
    }
}

/// A server of a group of servers.
struct Member<'d> {
    address: &'d str,
    directive: &'d Directive,
    backup: bool,
}

/// Reads it.
///
/// # Errors
/// Where it cannot be parsed, or nothing in it passes requests on.
pub(super) fn read(text: &str) -> Result<GatewaySetup, Problem> {
    let list = parse(text)?;
    let mut setup = GatewaySetup::new(GatewayKind::Nginx);
    let whole = Directive { words: vec!["http".into()], line: 1, inner: list.clone() };
    // A part of a configuration, as in `conf.d`, has no `http` around it.
    let https: Vec<&Directive> =
        Some(of_name(&list, "http").collect::<Vec<_>>()).filter(|found| !found.is_empty()).unwrap_or_else(|| vec![&whole]);
    let ways: Vec<PassedWay<'_>> = https.iter().flat_map(|http| ways(http)).collect();
    // With one group of several behind it, before one that knows a single address.
    let outside = |way: &&PassedWay<'_>| listens(way.server).is_some();
    let chosen =
        ways.iter().filter(outside).max_by_key(|way| (members(way).len().min(2), std::cmp::Reverse(way.pass.line))).ok_or_else(|| {
            Problem::new("nothing in this configuration of nginx passes requests on")
                .hint("a `location` with `proxy_pass` is looked for, in a `server` that listens on an address")
        })?;
    setup.listens = listens(chosen.server);
    let members = members(chosen);
    let mut ordered: Vec<&Member<'_>> = members.iter().collect();
    ordered.sort_by_key(|member| member.backup);
    setup.sharing = members.iter().filter(|member| !member.backup).count().max(1);
    let mut names = HopNames::default();
    for member in &ordered {
        let hop = hop(chosen, member, &ways, &mut names, &mut setup.doubts);
        setup.hops.push(hop);
    }
    setup.timing = timing(chosen, &ordered, &mut setup.doubts);
    doubts(&list, chosen, &ways, &mut setup);
    Ok(setup)
}

/// All places in which requests are passed on.
fn ways(http: &Directive) -> Vec<PassedWay<'_>> {
    let mut found = Vec::new();
    for server in of_name(&http.inner, "server") {
        let mut waiting = vec![server];
        while let Some(block) = waiting.pop() {
            let passes = of_name(&block.inner, "proxy_pass").chain(of_name(&block.inner, "grpc_pass"));
            found.extend(passes.map(|pass| PassedWay { http, server, location: block, pass }));
            waiting.extend(block.inner.iter().rev().filter(|inner| matches!(inner.name(), "location" | "if" | "limit_except")));
        }
    }
    found
}

/// Where a server takes connections from elsewhere, as `host:port`.
fn listens(server: &Directive) -> Option<String> {
    let mut said = of_name(&server.inner, "listen").peekable();
    if said.peek().is_none() {
        return Some("0.0.0.0:80".into());
    }
    let address = said.map(Directive::value).find(|address| !address.starts_with("unix:"))?;
    Some(match address.parse::<u16>() {
        Ok(port) => format!("0.0.0.0:{port}"),
        Err(_) if address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) => address.replace('*', "0.0.0.0"),
        Err(_) => format!("{address}:80"),
    })
}

/// The servers behind a `proxy_pass`, in the order of the file.
fn members<'d>(way: &PassedWay<'d>) -> Vec<Member<'d>> {
    let target = way.pass.value();
    let host = target.split_once("://").map_or(target, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let group = of_name(&way.http.inner, "upstream").find(|group| group.value() == host);
    match group {
        Some(group) => of_name(&group.inner, "server")
            .filter(|server| !server.words.iter().any(|word| word == "down"))
            .map(|server| Member { address: server.value(), directive: server, backup: server.words.iter().any(|word| word == "backup") })
            .collect(),
        None => vec![Member { address: target, directive: way.pass, backup: false }],
    }
}

/// The provider behind a member, through sockets of this configuration.
fn hop(chosen: &PassedWay<'_>, member: &Member<'_>, ways: &[PassedWay<'_>], names: &mut HopNames, doubts: &mut Vec<String>) -> GatewayHop {
    let (mut way, mut address) = (*chosen, member.address.to_owned());
    let mut scheme = way.pass.value().split_once("://").map_or("http", |(scheme, _)| scheme).to_owned();
    for _ in 0..PASSED_MAX {
        let next = ways.iter().find(|other| of_name(&other.server.inner, "listen").any(|listen| same_place(listen.value(), &address)));
        let Some(next) = next.filter(|next| next.server.line != way.server.line) else { break };
        way = *next;
        let target = members(&way).into_iter().next();
        scheme = way.pass.value().split_once("://").map_or("http", |(scheme, _)| scheme).to_owned();
        address = target.map_or_else(String::new, |target| target.address.to_owned());
    }
    let (bare, path) = split(&address);
    if bare.contains('$') || way.pass.value().contains('$') {
        doubts.push(format!("`proxy_pass {}` on line {} holds a variable", way.pass.value(), way.pass.line));
    }
    let host_said = way.header(&["Host"]).and_then(|directive| directive.words.get(2)).filter(|host| !host.contains('$'));
    let place =
        Place { scheme: &scheme, address: bare, host: host_said.map(String::as_str), path: path.or_else(|| pass_path(way.pass.value())) };
    let key = way.header(&["Authorization", "api-key", "x-api-key", "x-goog-api-key"]).and_then(|directive| {
        let value = directive.words.get(2)?;
        let rest = value.strip_prefix("Bearer ").unwrap_or(value);
        let name = rest.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).or_else(|| rest.strip_prefix('$'));
        match name {
            // What the client sent goes on.
            Some(name) if name.starts_with("http_") => None,
            Some(name) => Some(KeyReference::Env(name.to_owned())),
            None => Some(KeyReference::Literal),
        }
    });
    let host = place.told_host();
    GatewayHop {
        name: names.next(&address::name_of(host.as_deref().unwrap_or(bare))),
        dialect: place::dialect_of_host(host.as_deref().unwrap_or_default()),
        base_url: place.url(),
        model: None,
        region: host.as_deref().and_then(place::region_of_host),
        key,
        line: member.directive.line,
    }
}

/// An address without scheme and path, and the path where there is one.
fn split(target: &str) -> (&str, Option<&str>) {
    if target.contains("unix:") {
        return (target.trim_start_matches("http://"), None);
    }
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    rest.find('/').map_or((rest, None), |slash| (&rest[..slash], Some(&rest[slash..])))
}

/// The path of a `proxy_pass` that names a group.
fn pass_path(target: &str) -> Option<&str> {
    split(target).1.filter(|path| *path != "/")
}

/// True where what is listened on is what is connected to.
fn same_place(listen: &str, address: &str) -> bool {
    let bare = |text: &str| text.trim_start_matches("http://").trim_end_matches([':', '/']).to_owned();
    let (listen, address) = (bare(listen), bare(address));
    listen == address || address::same_port_here(&listen, &address)
}

fn timing(way: &PassedWay<'_>, ordered: &[&Member<'_>], doubts: &mut Vec<String>) -> GatewayTiming {
    let mut length = |name: &str, usual: Option<Duration>| -> Option<NamedSetting<Duration>> {
        let Some(directive) = way.holds(name) else { return usual.map(|usual| NamedSetting::usual(name, usual)) };
        let read = span(directive.value(), 1.0);
        if read.is_none() {
            doubts.push(format!("`{} {}` on line {} is no length of time that is known here", name, directive.value(), directive.line));
        }
        read.map(|length| NamedSetting::said(name, length, directive.line))
    };
    let minute = Some(Duration::from_secs(60));
    let (connect, timeout) = (length("proxy_connect_timeout", minute), length(NGINX_READ_TIMEOUT, minute));
    let pass_within = length(NGINX_NEXT_TIMEOUT, None).filter(|limit| limit.value > Duration::ZERO);
    let tries = way.holds(NGINX_TRIES).and_then(|directive| Some((directive.value().parse::<u32>().ok()?, directive.line)));
    let next = way.holds(NGINX_NEXT);
    let (passed, counted) = kinds(next);
    let named = |name: &str, kinds: FailureKinds| match next {
        Some(next) => NamedSetting::said(name, kinds, next.line),
        None => NamedSetting::usual(name, kinds),
    };
    let first = ordered.first().map(|member| member.directive).filter(|directive| directive.name() == "server");
    let parameter = |name: &str| {
        first.and_then(|directive| {
            Some((directive.words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))?, directive.line))
        })
    };
    let fails = parameter("max_fails").and_then(|(text, line)| Some(NamedSetting::said(NGINX_MAX_FAILS, text.parse::<u32>().ok()?, line)));
    let fails = fails.unwrap_or_else(|| NamedSetting::usual(NGINX_MAX_FAILS, 1));
    let rests = parameter("fail_timeout").and_then(|(text, line)| Some(NamedSetting::said(NGINX_FAIL_TIMEOUT, span(text, 1.0)?, line)));
    let rests = rests.unwrap_or_else(|| NamedSetting::usual(NGINX_FAIL_TIMEOUT, Duration::from_secs(10)));
    let alone = ordered.len() < 2;
    GatewayTiming {
        attempts: Some(NamedSetting::usual(NGINX_TRIES, 1)),
        connect,
        timeout,
        pass_within,
        failures: Some(fails.clone()).filter(|fails| fails.value > 0 && !alone),
        cooldown: Some(rests.clone()).filter(|_| fails.value > 0 && !alone),
        window: Some(rests).filter(|_| fails.value > 0 && !alone),
        passes_on: (!alone && tries.is_none_or(|(tries, _)| tries != 1)).then(|| named(NGINX_NEXT, passed)),
        counts: (!alone && fails.value > 0).then(|| named(NGINX_NEXT, counted)),
        comeback: Comeback::OneRequest,
        ..GatewayTiming::default()
    }
}

/// What is passed on, and what counts as a failure.
fn kinds(next: Option<&Directive>) -> (FailureKinds, FailureKinds) {
    let words: Vec<&str> = next.map_or_else(|| vec!["error", "timeout"], |next| next.words.iter().skip(1).map(String::as_str).collect());
    let (has, any_method) = (|word: &str| words.contains(&word), words.contains(&"non_idempotent"));
    let statuses = |words: &[&str]| -> Vec<(u16, u16)> {
        let codes = words.iter().filter_map(|word| word.strip_prefix("http_")).filter_map(|code| code.parse::<u16>().ok());
        codes.map(|code| (code, code)).collect()
    };
    let off = has("off");
    // A POST that was sent is passed on only where that is said; one whose connection never came about always is.
    let passed = FailureKinds {
        connect: !off && has("error"),
        timeout: !off && has("timeout") && any_method,
        cut: !off && has("error") && any_method,
        statuses: if off || !any_method { Vec::new() } else { statuses(&words) },
    };
    let counted = FailureKinds {
        statuses: statuses(&words).into_iter().filter(|(code, _)| !matches!(code, 403 | 404)).collect(),
        ..FailureKinds::network_and(&[])
    };
    (passed, counted)
}

fn doubts(list: &[Directive], chosen: &PassedWay<'_>, ways: &[PassedWay<'_>], setup: &mut GatewaySetup) {
    let mut waiting: Vec<&Directive> = list.iter().collect();
    while let Some(directive) = waiting.pop() {
        waiting.extend(&directive.inner);
        let lua = directive.name().contains("_by_lua") || directive.name().starts_with("js_");
        if directive.name() == "include" && !directive.value().ends_with("mime.types") {
            setup.doubts.push(format!("`include {}` on line {} names other files, which are not read", directive.value(), directive.line));
        } else if lua {
            setup.doubts.push(format!("`{}` on line {} is a program, which is not followed", directive.name(), directive.line));
        }
    }
    let workers = of_name(list, "worker_processes").next().filter(|workers| workers.value() != "1");
    let group = of_name(&chosen.http.inner, "upstream").find(|group| chosen.pass.value().contains(group.value()));
    if let (Some(workers), Some(group)) = (workers, group)
        && of_name(&group.inner, "zone").next().is_none()
    {
        setup.doubts.push(format!(
            "each of the workers of `worker_processes {}` on line {} counts failures by itself, because the group on line {} has no `zone`",
            workers.value(),
            workers.line,
            group.line
        ));
    }
    let target = chosen.pass.value();
    let others: Vec<String> = ways
        .iter()
        .filter(|way| way.pass.value() != target && listens(way.server).is_some())
        .map(|way| format!("line {}", way.pass.line))
        .collect();
    if !others.is_empty() {
        setup.doubts.push(format!(
            "only the way of `proxy_pass {target}` on line {} is read; others go their own on {}",
            chosen.pass.line,
            others.join(", ")
        ));
    }
}

//! A drill in which a provider's certificate expires, over a gateway that verifies certificates: a real HAProxy.

use crate::support::Project;

/// Asks the first provider for as long as its health check succeeds. Both know their own keys.
const HAPROXY: &str = r#"
global
    maxconn 2000
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s
    http-reuse never
frontend clients
    bind "127.0.0.1:${PORT}"
    http-request return status 200 if { path /ready } { nbsrv(first) gt 0 } { nbsrv(second) gt 0 }
    use_backend first if { nbsrv(first) gt 0 }
    default_backend second
backend first
    option httpchk
    http-check send meth GET uri /v1/models ver HTTP/1.1 hdr host first hdr authorization "Bearer ${FIRST_KEY}"
    http-request set-header authorization "Bearer ${FIRST_KEY}"
    server first "${FIRST}" ssl verify required ca-file "${AUTHORITY}" alpn http/1.1 check inter 200ms fall 2 rise 2
backend second
    option httpchk
    http-check send meth GET uri /v1/models ver HTTP/1.1 hdr host second hdr authorization "Bearer ${SECOND_KEY}"
    http-request set-header authorization "Bearer ${SECOND_KEY}"
    server second "${SECOND}" ssl verify required ca-file "${AUTHORITY}" alpn http/1.1 check inter 200ms fall 2 rise 2
"#;

const ENVIRONMENT: &str = "\
proxies: {first: {tls: true}, second: {tls: true}}, \
start: {run: [haproxy, -db, -f, \"${root}/haproxy.cfg\"], ready: \"http://127.0.0.1:${port}/ready\", \
env: {PORT: \"${port}\", AUTHORITY: \"${proxy.authority}\", FIRST: \"${proxy.first.address}\", SECOND: \"${proxy.second.address}\", \
FIRST_KEY: \"${credential.first}\", SECOND_KEY: \"${credential.second}\"}}, \
services: {chat: {url: \"http://127.0.0.1:${port}/v1\"}}";

#[test]
fn an_expired_certificate_is_an_outage_that_a_verifying_gateway_survives() {
    let project = Project::quick();
    project.edit("runbooks/inventory.yaml", "dialect: azure-openai", "dialect: openai").environment("haproxy", ENVIRONMENT);
    project.write("haproxy.cfg", HAPROXY);
    project.edit("scenarios/quick.yaml", "fault: blackhole", "fault: {tls: {problem: expired}}");
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "haproxy", "--seed", "7", "--out", "drill"]);
    run.exits_with(0).says("met");
    let events = project.events("drill");
    let served = |by: &str| events.iter().filter(|event| event["served"]["by"] == by && event["served"]["id"].is_u64()).count();
    assert!(served("first") > 50 && served("second") > 100, "{} and {}", served("first"), served("second"));
    assert!(project.path("drill/authority.pem").is_file());
}

#[test]
fn what_a_place_cannot_play_is_found_beforehand() {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "fault: blackhole", "fault: {tls: {problem: expired}}");
    let run = ["run", "scenarios/quick.yaml", "--dry-run"];
    project.lifeboat(&run).exits_with(2).says("shows no certificate").says("proxies: {first: {tls: true}}");
    project.environment("certified", "proxies: {first: {tls: true}}");
    project.lifeboat(&[&run[..], &["--env", "certified"]].concat()).exits_with(2).says("trusts no authority").says("${proxy.authority}");
    project.edit("scenarios/quick.yaml", "fault: {tls: {problem: expired}}", "fault: dns-failure");
    project.lifeboat(&run).exits_with(2).says("forward proxy").says("--forward");
}

//! openai-python, unmodified, through each place where the proxy can stand, with every certificate verified: it meets each fault on requests
//! and answers, and makes the same of it everywhere. The provider speaks TLS through an nginx with a private authority.

use crate::support::{LAB, Lab, Nginx, Project, Standing, client, clients};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;

/// A lab's OpenAI behind TLS, and a standing proxy that trusts it.
struct Place {
    project: Project,
    key: String,
    nginx: Nginx,
    _lab: Lab,
    standing: Standing,
    /// Where its proxy `p` listens.
    port: u16,
}

impl Place {
    /// A proxy `p` with these fields, on a standing proxy with these arguments.
    fn of(provider: &str, more: serde_json::Value, arguments: &[&str]) -> Self {
        let project = Project::empty();
        project.write("runbooks/inventory.yaml", LAB);
        let lab = Lab::start(&project);
        let (url, key) = lab.provider(provider);
        let (origin, key) = (url.trim_end_matches("/v1").to_owned(), key.to_owned());
        let nginx = Nginx::start(&project, &origin);
        let trusted = nginx.authority.to_str().unwrap().to_owned();
        let standing = Standing::start(&[&["--upstream-ca", &trusted], arguments].concat());
        let mut proxy = json!({"name": "p", "upstream": format!("https://localhost:{}", nginx.port), "dialect": provider});
        proxy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, made) = standing.call("POST", "/proxies", &proxy.to_string());
        assert_eq!(status, 201, "{made}");
        let port = made["listen"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
        Self { project, key, nginx, _lab: lab, standing, port }
    }

    /// The authority that signs for the proxy, as a file.
    fn authority(&self) -> PathBuf {
        let (status, pem) = self.standing.raw("GET", "/authority", "", "");
        assert_eq!(status, 200);
        self.project.write("authority.pem", &pem);
        self.project.path("authority.pem")
    }

    fn forward(&self) -> String {
        format!("http://{}", self.standing.call("GET", "/version", "").1["forward"].as_str().unwrap())
    }

    /// A script of `tests/clients`, told where to ask and over which control API.
    fn script(&self, name: &str, url: &str, more: &[&str]) -> Command {
        let mut command = client(name, &self.project);
        command.args([url, &self.key, &format!("http://{}", self.standing.api)]).args(more);
        command
    }

    fn tells(&self, command: &mut Command, wanted: &str) {
        let run = self.project.run(command);
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), wanted), "{}", run.stderr);
    }
}

#[test]
fn openai_through_a_plain_listener_to_a_provider_with_tls() {
    let place = Place::of("openai", json!({}), &[]);
    let url = format!("http://127.0.0.1:{}/v1", place.port);
    place.tells(&mut place.script("places_client.py", &url, &[]), TOLD);
}

#[test]
fn openai_through_tls_on_both_sides() {
    let place = Place::of("openai", json!({"tls": true}), &[]);
    let url = format!("https://localhost:{}/v1", place.port);
    let trusted = place.authority();
    place.tells(place.script("places_client.py", &url, &[]).env("SSL_CERT_FILE", trusted), TOLD);
}

#[test]
fn openai_through_http2_on_both_sides() {
    let place = Place::of("openai", json!({"tls": true}), &[]);
    let url = format!("https://localhost:{}/v1", place.port);
    let trusted = place.authority();
    place.tells(place.script("places_client.py", &url, &["h2"]).env("SSL_CERT_FILE", trusted), TOLD);
}

#[test]
fn openai_through_the_forward_proxy_with_nothing_changed_but_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("authority");
    let made = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .args(["proxy", "ca", "--host", "api.openai.test", "--dir"])
        .arg(&folder)
        .output()
        .unwrap();
    let said = String::from_utf8(made.stdout).unwrap();
    assert!(made.status.success() && said.starts_with("made: ") && said.contains("SSL_CERT_FILE"), "{said}");
    let arguments = ["--forward", "127.0.0.1:0", "--authority", folder.to_str().unwrap()];
    let place = Place::of("openai", json!({"hosts": ["api.openai.test"]}), &arguments);
    let mut script = place.script("places_client.py", "https://api.openai.test/v1", &[]);
    place.tells(script.env("HTTPS_PROXY", place.forward()).env("SSL_CERT_FILE", folder.join("ca.pem")), TOLD);
}

#[test]
fn clients_see_handshakes_names_and_ports_go_wrong() {
    let place = Place::of("bedrock", json!({"hosts": ["api.provider.test"]}), &["--forward", "127.0.0.1:0"]);
    let tls = |problem: &str| json!({"type": "tls", "attributes": {"problem": problem}}).to_string();
    let bare = |kind: &str| json!({"type": kind}).to_string();
    let toxics = [tls("expired"), tls("wrong-name"), tls("untrusted"), tls("cut"), bare("dns_failure"), bare("refuse")];
    let toxics: Vec<&str> = toxics.iter().map(String::as_str).collect();
    let (trusted, forward) = (place.authority(), place.forward());
    let mut script = place.script("handshakes_client.py", "https://api.provider.test", &toxics);
    for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"] {
        script.env(name, &trusted);
    }
    place.tells(script.env("HTTPS_PROXY", &forward), HANDSHAKES);
    // Who does not trust the authority does not talk to it; and another host passes untouched, with its own certificate.
    let mut stranger = place.script("handshakes_client.py", "https://api.provider.test", &[]);
    let run = place.project.run(stranger.env("HTTPS_PROXY", &forward));
    assert!(run.stdout.contains("openai APIConnectionError (unable to get local issuer)"), "{} {}", run.stdout, run.stderr);
    let other = format!("import requests; print(requests.get('https://localhost:{}/', timeout=20).status_code)", place.nginx.port);
    let mut python = clients();
    python.args(["-c", &other]).env("HTTPS_PROXY", &forward).env("NO_PROXY", "").env("REQUESTS_CA_BUNDLE", &place.nginx.authority);
    let run = place.project.run(&mut python);
    assert_eq!((run.code, run.stdout.trim().len()), (Some(0), 3), "{} {}", run.stdout, run.stderr);
}

/// The exception with its status and code, or what passed for an answer: text, reason of its end, model. A silent end in the middle of a
/// stream, an empty answer and another model are answers to this client.
const TOLD: &str = "\
healthy: ferry storm light stop model-v1:0 | ferry storm light stop model-v1:0
status 503: InternalServerError 503 server_is_overloaded | touched 3
status 429 3600: RateLimitError 429 rate_limit_exceeded | touched 1
status 401: AuthenticationError 401 invalid_api_key | touched 1
rate-limit: RateLimitError 429 rate_limit_exceeded | RateLimitError 429 rate_limit_exceeded | touched 2
quota: RateLimitError 429 credit_balance_exhausted | RateLimitError 429 credit_balance_exhausted | touched 2
overloaded: InternalServerError 503 server_is_overloaded | InternalServerError 503 server_is_overloaded | touched 2
expired: AuthenticationError 401 invalid_api_key | AuthenticationError 401 invalid_api_key | touched 2
forbidden: PermissionDeniedError 403 unsupported_country_region_territory | PermissionDeniedError 403 unsupported_country_region_territory | touched 2
model-withdrawn: NotFoundError 404 model_not_found | NotFoundError 404 model_not_found | touched 2
content-filter: BadRequestError 400 content_policy_violation | BadRequestError 400 content_policy_violation | touched 2
revoked: AuthenticationError 401 invalid_api_key | AuthenticationError 401 invalid_api_key | touched 2
stall: APITimeoutError None None | APITimeoutError None None | touched 2
stall midstream: APITimeoutError None None | APITimeoutError None None | touched 2
slow stream: ferry storm light stop model-v1:0 | ferry storm light stop model-v1:0 | touched 1
signs of life: ferry storm light stop model-v1:0 | ferry storm light stop model-v1:0 | touched 2
one a minute: ferry storm light stop model-v1:0 | RateLimitError 429 rate_limit_exceeded | touched 1
cut: APIConnectionError None None | APIConnectionError None None | touched 2
end_early: JSONDecodeError None None | ferry storm None model-v1:0 | touched 2
error_event: None None None | APIError None None | touched 2
malformed: JSONDecodeError None None | JSONDecodeError None None | touched 2
empty_answer: None None None |  None None | touched 2
wrong_model: ferry storm light stop lifeboat-another-model | ferry storm light stop lifeboat-another-model | touched 2
corrupt: sreel fgbez yvtug stop model-v1:0 | sreel fgbez yvtug stop model-v1:0 | touched 2
blackhole: APITimeoutError None None | APITimeoutError None None
reset: APIConnectionError None None | APIConnectionError None None
healed: ferry storm light stop model-v1:0 | ferry storm light stop model-v1:0
";

const HANDSHAKES: &str = "\
healthy: openai answered | requests answered | boto3 answered
expired: openai APIConnectionError (expired) | requests SSLError (expired) | boto3 SSLError (expired)
wrong-name: openai APIConnectionError (Hostname mismatch) | requests SSLError (Hostname mismatch) | boto3 SSLError (doesn't match 'wrong-name.invalid')
untrusted: openai APIConnectionError (unable to get local issuer) | requests SSLError (unable to get local issuer) | boto3 SSLError (unable to get local issuer)
cut: openai APIConnectionError (EOF) | requests SSLError (EOF) | boto3 SSLError (EOF)
dns_failure: openai APIConnectionError (502 Bad Gateway) | requests ProxyError (502 Bad Gateway) | boto3 ProxyConnectionError (502 Bad Gateway)
refuse: openai APIConnectionError (502 Bad Gateway) | requests ProxyError (502 Bad Gateway) | boto3 ProxyConnectionError (502 Bad Gateway)
healthy: openai answered | requests answered | boto3 answered
";

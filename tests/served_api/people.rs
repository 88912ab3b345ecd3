//! People with a browser: sessions, forms, other sites' pages, and sign-in by a provider.

use super::{audited, token};
use crate::support::{Answered, Project, Served, python};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const FORM: &str = "content-type: application/x-www-form-urlencoded";

/// The first of a cookie's name and value, as a browser sends them back.
fn cookie(answer: &Answered) -> String {
    format!("cookie: {}", answer.headers("set-cookie")[0].split(';').next().unwrap())
}

/// What a page's form must repeat.
fn csrf(page: &Answered) -> String {
    let (_, rest) = page.body.split_once("name=\"csrf\" value=\"").unwrap_or_else(|| panic!("no form: {page:?}"));
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn a_session_is_new_with_each_sign_in_and_its_forms_are_its_own() {
    let project = Project::quick();
    let admin = token(&project, "ada", &["admin"]);
    let served = Served::start(&project, &[]);
    let asked = served.ask("GET", "/tokens?a=b", &["accept: text/html"], "");
    assert_eq!((asked.status, asked.header("location")), (303, "/sign-in?next=%2Ftokens%3Fa%3Db"));
    let wrong = served.ask("POST", "/sign-in", &[FORM], "token=lifeboat_x&next=/tokens");
    assert!(wrong.status == 401 && wrong.headers("set-cookie").is_empty(), "{wrong:?}");
    let signed_in =
        |more: &[&str]| served.ask("POST", "/sign-in", &[&[FORM], more].concat(), &format!("token={admin}&next=//evil.example"));
    let first = signed_in(&[]);
    assert_eq!((first.status, first.header("location")), (303, "/"), "no other site is sent to");
    let set = first.header("set-cookie");
    let attributes: Vec<&str> = set.split("; ").skip(1).collect();
    assert_eq!(attributes, ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"], "over plain HTTP no browser would keep a secure one");
    let one = cookie(&first);
    let page = served.ask("GET", "/tokens", &[&one], "");
    assert_eq!(page.status, 200, "{page:?}");
    // Headers of every page.
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!((page.header("x-content-type-options"), page.header("x-frame-options")), ("nosniff", "DENY"));
    assert_eq!((page.header("referrer-policy"), page.header("cache-control")), ("same-origin", "no-store"));
    // Another sign-in in the same browser ends the first session.
    let two = cookie(&signed_in(&[&one]));
    assert_ne!(one, two);
    assert_eq!(served.ask("GET", "/tokens", &[&one], "").status, 401);
    let of_first = csrf(&page);
    let of_second = csrf(&served.ask("GET", "/tokens", &[&two], ""));
    for (proof, status) in [("", 403), ("csrf=x&", 403), (&*format!("csrf={of_first}&"), 403), (&*format!("csrf={of_second}&"), 200)] {
        let made = served.ask("POST", "/tokens", &[&two, FORM], &format!("{proof}name=bob&read=on"));
        assert_eq!(made.status, status, "{proof}: {made:?}");
    }
    let api = served.ask("POST", "/api/v1/tokens/bob/revoke", &[&two], "");
    assert_eq!(api.status, 403, "a cookie alone changes nothing: {api:?}");
    assert_eq!(served.ask("POST", "/api/v1/tokens/bob/revoke", &[&two, &format!("x-csrf-token: {of_second}")], "").status, 204);
    // Out, and out for good.
    let out = served.ask("POST", "/sign-out", &[&two, FORM], &format!("csrf={of_second}"));
    assert!(out.status == 303 && out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
    assert_eq!(served.ask("GET", "/tokens", &[&two], "").status, 401);
    // A session ends with the token by which it began.
    let third = cookie(&signed_in(&[]));
    let other = token(&project, "root", &["admin"]);
    project.lifeboat(&["token", "revoke", "ada"]).exits_with(0);
    assert_eq!(served.ask("GET", "/tokens", &[&third], "").status, 401);
    let told = audited(&served, &other, "sign-in");
    assert_eq!(told.iter().filter(|[who, _, outcome]| who == "ada" && outcome == "done").count(), 3, "{told:?}");
    assert!(told.iter().any(|[who, _, outcome]| who.is_empty() && outcome.starts_with("refused")), "{told:?}");
    assert_eq!(audited(&served, &other, "sign-out").len(), 1);
    assert_eq!(audited(&served, &other, "POST /tokens").len(), 3, "each form that was none of ours");
}

#[test]
fn over_https_cookies_are_secure_and_bound_to_the_host() {
    let project = Project::quick();
    let admin = token(&project, "ada", &["admin"]);
    let served = Served::start(&project, &["--public-url", "https://lb.example", "--behind-proxy"]);
    let (host, origin) = ("host: lb.example", "origin: https://lb.example");
    let signed_in =
        served.ask("POST", "/sign-in", &[host, origin, FORM, "x-forwarded-for: 10.0.0.1, 192.0.2.7"], &format!("token={admin}"));
    let set = signed_in.header("set-cookie");
    assert!(
        set.starts_with("__Host-lifeboat=") && set.contains("; Secure") && set.contains("; HttpOnly") && !set.contains("Domain"),
        "{set}"
    );
    assert_eq!(signed_in.header("strict-transport-security"), "max-age=31536000");
    let log = served.call(&admin, "GET", "/api/v1/audit", "").json();
    let entry = log["entries"].as_array().unwrap().iter().find(|entry| entry["action"] == "sign-in").unwrap();
    assert_eq!(entry["address"], "192.0.2.7", "what the proxy itself added, not what the caller claimed");
}

#[test]
fn pages_of_other_sites_and_hosts_of_other_names_get_nothing() {
    let project = Project::quick();
    let served = Served::start(&project, &[]);
    let (reason, json) = (r#"{"reason": "evil"}"#, "content-type: application/json");
    let own = format!("origin: http://{}", served.address);
    for foreign in ["origin: https://evil.example", "origin: null", "sec-fetch-site: cross-site", "sec-fetch-site: same-site"] {
        assert_eq!(served.ask("POST", "/api/v1/lever", &[json, foreign], reason).status, 403, "{foreign}");
        assert_eq!(served.ask("GET", "/", &[foreign], "").status, 403, "{foreign}");
    }
    let link = ["sec-fetch-site: cross-site", "sec-fetch-mode: navigate", "sec-fetch-dest: document"];
    assert_eq!(served.ask("GET", "/", &link, "").status, 200, "a link in a message is followed");
    assert_eq!(served.ask("GET", "/api/v1/drills", &link, "").status, 403);
    assert_eq!(
        served.ask("GET", "/", &["sec-fetch-site: cross-site", "sec-fetch-mode: navigate", "sec-fetch-dest: iframe"], "").status,
        403
    );
    for host in ["host: evil.example", "host: evil.example:80", "host: lifeboat@127.0.0.1"] {
        assert_eq!(served.ask("GET", "/", &[host], "").status, 421, "{host}: a name that was led here");
    }
    // A form in the open needs its proof as well, and a page of ours has it.
    let page = served.ask("GET", "/tokens", &["sec-fetch-site: same-origin", &own], "");
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(served.ask("POST", "/tokens", &[&own, FORM], "name=bob&read=on").status, 403);
    assert_eq!(served.ask("POST", "/api/v1/lever", &[json, &own], reason).status, 403, "a script of a page, without proof");
    assert_eq!(served.ask("POST", "/api/v1/lever", &[json], reason).status, 200, "a program on this host");
    let made = served.ask("POST", "/tokens", &[&own, FORM], &format!("csrf={}&name=bob&admin=on", csrf(&page)));
    assert!(made.status == 200 && made.body.contains("lifeboat_"), "{made:?}");
}

/// PyPI's provider, by a script. Dropping it ends it.
struct Provider {
    process: Child,
    url: String,
}

impl Provider {
    fn start(args: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/served_api/provider.py");
        let mut command = Command::new(python("served_api", "tests/served_api/requirements.txt").join("python"));
        command.arg(script).args(args).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        Self { process, url: format!("http://127.0.0.1:{}", told["port"]) }
    }

    /// What it answers to somebody who agrees that they are this person: where it sends them.
    fn agreed(&self, there: &str, who: &str) -> String {
        let (path, query) = there.strip_prefix(&self.url).unwrap().split_once('?').unwrap();
        let served = Served::elsewhere(self.url.strip_prefix("http://").unwrap());
        let answer = served.ask("POST", &format!("{path}?{query}"), &[FORM], &format!("sub={who}"));
        assert_eq!(answer.status, 302, "{answer:?}");
        answer.header("location").to_owned()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A project whose people sign in by a provider.
fn project_of(provider: &Provider) -> Project {
    let project = Project::quick();
    let roles = "{drill-team: [run, stop], boss@example.com: admin}";
    let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    let oidc = format!(
        "serve: {{oidc: {{issuer: \"{}\", client_id: lifeboat, client_secret_from: \"file:oidc.secret\", roles: {roles}}}}}\n",
        provider.url
    );
    project.write("runbooks/inventory.yaml", &(inventory + &oidc)).write("oidc.secret", "s3cr3t-0f-oidc\n");
    project
}

/// The beginning of a sign-in: where the provider is, and the cookie that is left.
fn begun(served: &Served) -> (String, String) {
    let answer = served.ask("GET", "/sign-in/oidc?next=/sign-out", &["accept: text/html"], "");
    assert_eq!(answer.status, 303, "{answer:?}");
    (answer.header("location").to_owned(), cookie(&answer))
}

/// The path and query of where the provider sends somebody back to.
fn back(there: &str, served: &Served) -> String {
    there.strip_prefix(&format!("http://{}", served.address)).unwrap_or_else(|| panic!("{there}")).to_owned()
}

#[test]
fn people_sign_in_by_a_provider_and_only_as_whom_it_says() {
    let provider = Provider::start(&[]);
    let project = project_of(&provider);
    let served = Served::start(&project, &[]);
    assert_eq!(served.ask("GET", "/api/v1/health", &[], "").status, 401, "with a provider nobody is let in without a word");
    let (there, state) = begun(&served);
    assert!(there.contains("code_challenge_method=S256") && there.contains("nonce=") && there.contains("state="), "{there}");
    let sent = back(&provider.agreed(&there, "ada"), &served);
    // Somebody else's browser, and a state that nobody has.
    assert_eq!(served.ask("GET", &sent, &["accept: text/html"], "").status, 403);
    assert_eq!(served.ask("GET", &sent.replace("state=", "state=x"), &[&state], "").status, 403);
    let link = ["sec-fetch-site: cross-site", "sec-fetch-mode: navigate", "sec-fetch-dest: document"];
    let done = served.ask("GET", &sent, &[&[state.as_str()][..], &link].concat(), "");
    assert_eq!(done.status, 303, "{done:?}");
    let session = cookie(&done);
    let health = served.ask("GET", "/api/v1/health", &[&session], "").json();
    assert_eq!((&health["caller"]["name"], &health["caller"]["roles"]), (&"ada@example.com".into(), &serde_json::json!(["run", "stop"])));
    assert_eq!(served.ask("GET", "/tokens", &[&session], "").status, 403);
    // The same answer a second time.
    assert_eq!(served.ask("GET", &sent, &[&state], "").status, 403);
    // A nonce that was exchanged on the way.
    let (there, state) = begun(&served);
    let nonce = there.split("nonce=").nth(1).unwrap().split('&').next().unwrap();
    let sent = back(&provider.agreed(&there.replace(nonce, "another"), "ada"), &served);
    let wrong = served.ask("GET", &sent, &[&state], "");
    assert!(wrong.status == 403 && wrong.body.contains("nonce"), "{wrong:?}");
    // A group without a role, and an address that nobody has verified.
    for who in ["bob", "eve"] {
        let (there, state) = begun(&served);
        let refused = served.ask("GET", &back(&provider.agreed(&there, who), &served), &[&state], "");
        assert!(refused.status == 403 && refused.body.contains("no role here"), "{who}: {refused:?}");
    }
    let (there, state) = begun(&served);
    let boss = cookie(&served.ask("GET", &back(&provider.agreed(&there, "boss"), &served), &[&state], ""));
    let page = served.ask("GET", "/audit", &[&boss], "");
    assert_eq!(page.status, 200, "{page:?}");
    for told in ["not begun in this browser", "no role here", "this sign-in is over", "ada@example.com", "nonce"] {
        assert!(page.body.contains(told), "the audit log does not say {told:?}: {}", page.body);
    }
    let (there, state) = begun(&served);
    drop(provider);
    let state_of = there.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let gone = served.ask("GET", &format!("/sign-in/oidc/return?code=x&state={state_of}"), &[&state], "");
    assert!(gone.status == 403 && gone.body.contains("does not answer"), "{gone:?}");
}

#[test]
fn a_token_of_a_provider_that_has_expired_signs_nobody_in() {
    let provider = Provider::start(&["-60"]);
    let project = project_of(&provider);
    let served = Served::start(&project, &[]);
    let (there, state) = begun(&served);
    let over = served.ask("GET", &back(&provider.agreed(&there, "ada"), &served), &[&state], "");
    assert!(over.status == 403 && over.body.contains("expired"), "{over:?}");
}

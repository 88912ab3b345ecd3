//! Who may call `lifeboat serve`: tokens and their roles, sessions of people, and everybody who may not.

mod crowd;
mod described;
mod people;

use crate::support::{Answered, Postgres, Project, Served};
use serde_json::Value;

/// A token of these roles, made by the command line.
fn token(project: &Project, name: &str, roles: &[&str]) -> String {
    let mut args = vec!["token", "create", name];
    roles.iter().for_each(|role| args.extend(["--role", role]));
    let made = project.lifeboat(&args);
    made.exits_with(0).says("cannot be shown again");
    made.stdout.trim().to_owned()
}

/// What the audit log holds of an action, the newest first: who, object, outcome.
fn audited(served: &Served, admin: &str, action: &str) -> Vec<[String; 3]> {
    let log = served.call(admin, "GET", "/api/v1/audit?limit=500", "").json();
    let entries = log["entries"].as_array().unwrap().iter().filter(|entry| entry["action"] == action);
    entries.map(|entry| ["who", "object", "outcome"].map(|key| entry[key].as_str().unwrap().to_owned())).collect()
}

#[test]
fn it_listens_elsewhere_only_where_somebody_has_to_say_who_they_are() {
    let project = Project::quick();
    for args in [&["serve", "--listen", "0.0.0.0:0"][..], &["serve", "--listen", "127.0.0.1:0", "--public-url", "https://lb.example"]] {
        let refused = project.lifeboat(args);
        refused.exits_with(2);
        assert!(
            refused.stderr.contains("nobody has to say who they are") && refused.stderr.contains("lifeboat token create"),
            "{refused:?}"
        );
    }
    // Loopback asks nobody, a program without a browser at least, until there is a token.
    let served = Served::start(&project, &[]);
    assert_eq!(served.ask("GET", "/api/v1/health", &[], "").json()["caller"]["name"], "loopback");
    let forwarded = served.ask("GET", "/api/v1/health", &["x-forwarded-for: 192.0.2.1"], "");
    assert_eq!(forwarded.status, 401, "a proxy would let everybody in: {forwarded:?}");
    let admin = token(&project, "ada", &["admin"]);
    let closed = crate::support::wait_for("the token to be seen", || {
        Some(served.ask("GET", "/api/v1/health", &[], "")).filter(|answer| answer.status == 401)
    });
    assert_eq!(closed.header("www-authenticate"), "Bearer realm=\"lifeboat\"");
    assert_eq!(served.call(&admin, "GET", "/api/v1/health", "").json()["caller"]["name"], "ada");
}

#[test]
fn tokens_are_kept_as_hashes_end_and_are_never_made_twice() {
    let project = Project::quick();
    let ci = token(&project, "ci", &["run"]);
    assert!(ci.len() == "lifeboat_".len() + 64 && ci.starts_with("lifeboat_"), "{ci}");
    let twice = project.lifeboat(&["token", "create", "ci", "--role", "read"]);
    assert!(twice.code == Some(2) && twice.stderr.contains("there is or was a token `ci`"), "{twice:?}");
    let wrong = project.lifeboat(&["token", "create", "x", "--role", "root"]);
    assert!(wrong.code == Some(2) && wrong.stderr.contains("read, run, approve, stop, admin"), "{wrong:?}");
    for file in ["drills/lifeboat.db", "drills/lifeboat.db-wal"] {
        let bytes = std::fs::read(project.path(file)).unwrap_or_default();
        assert!(!bytes.windows(ci.len()).any(|part| part == ci.as_bytes()), "{file} holds the token");
    }
    let listed = project.lifeboat(&["token", "list"]);
    listed.exits_with(0);
    assert!(listed.stdout.contains("ci") && listed.stdout.contains(&ci[..15]) && !listed.stdout.contains(&ci), "{}", listed.stdout);
    let served = Served::start(&project, &[]);
    let short = project.lifeboat(&["token", "create", "short", "--role", "read", "--expires", "2s"]).stdout.trim().to_owned();
    assert_eq!(served.call(&short, "GET", "/api/v1/health", "").status, 200);
    project.lifeboat(&["token", "revoke", "ci"]).exits_with(0);
    let revoked = served.call(&ci, "GET", "/api/v1/health", "");
    assert_eq!((revoked.status, revoked.json()["detail"].as_str()), (401, Some("this token was revoked")));
    crate::support::wait_for("the token to expire", || (served.call(&short, "GET", "/api/v1/health", "").status == 401).then_some(()));
    let again = project.lifeboat(&["token", "revoke", "ci"]);
    assert!(again.code == Some(2) && again.stderr.contains("no token `ci` is open"), "{again:?}");
}

#[test]
fn nothing_is_done_without_a_token_with_a_wrong_one_or_with_too_small_a_role() {
    let project = Project::quick();
    let admin = token(&project, "admin", &["admin"]);
    let roles = ["read", "run", "approve", "stop"];
    let small: Vec<(&str, String)> = roles.iter().map(|role| (*role, token(&project, role, &[role]))).collect();
    let served = Served::start(&project, &[]);
    let document = served.ask("GET", "/api/v1/openapi.json", &[], "").json();
    let mut probed = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = filled(path);
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            // A body that would do something, if it came so far.
            let body = match path.as_str() {
                "/api/v1/lever" if method == "POST" => r#"{"reason": "probe"}"#,
                "/api/v1/tokens" if method == "POST" => r#"{"name": "probe", "roles": ["read"]}"#,
                "/api/v1/drills" if method == "POST" => r#"{"scenario": "scenarios/quick.yaml", "environment": "lab"}"#,
                _ if method == "GET" || method == "DELETE" => "",
                _ => "{}",
            };
            let told = operation["description"].as_str().unwrap();
            let needed = told.split('`').nth(1).unwrap();
            let refused = |answer: Answered, status: u16, why: &str| {
                assert_eq!(answer.status, status, "{method} {path} {why}: {answer:?}");
                assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path} {why}");
                assert_eq!(answer.json()["status"], status);
            };
            let kind = "content-type: application/json";
            refused(served.ask(&method, &path, &[kind], body), 401, "without a token");
            let wrong = served.call("lifeboat_0000", &method, &path, body);
            assert!(matches!(wrong.status, 401 | 429), "{method} {path} with a wrong token: {wrong:?}");
            for (role, token) in &small {
                if needed != "read" && needed != *role {
                    refused(served.call(token, &method, &path, body), 403, role);
                }
            }
            probed += 1;
        }
    }
    assert!(probed > 20, "{probed}");
    // The pages: unknown ones as well, for a stranger need not know which there are.
    for path in ["/", "/drills", "/drills/new", "/schedules", "/tokens", "/audit", "/sign-out", "/nothing", "/metrics", "/api/v1/nothing"] {
        assert_eq!(served.ask("GET", path, &[], "").status, 401, "{path}");
        let person = served.ask("GET", path, &["accept: text/html"], "");
        let is_api = path.starts_with("/api/");
        assert_eq!(person.status, if is_api { 401 } else { 303 }, "{path}: {person:?}");
    }
    let read = &small[0].1;
    for path in ["/tokens", "/audit"] {
        assert_eq!(served.call(read, "GET", path, "").status, 403, "{path}");
    }
    // Nothing was done, and the log says who tried.
    assert_eq!(served.call(&admin, "GET", "/api/v1/lever", "").json()["stopped"], false);
    assert_eq!(served.call(&admin, "GET", "/api/v1/tokens", "").json().as_array().map(Vec::len), Some(5));
    assert_eq!(served.call(&admin, "GET", "/api/v1/health", "").json()["running"], 0);
    let tried = audited(&served, &admin, "POST /api/v1/lever");
    assert!(tried.iter().all(|[_, object, outcome]| object == "/api/v1/lever" && outcome.starts_with("refused")), "{tried:?}");
    let who: std::collections::BTreeSet<&str> = tried.iter().map(|[who, ..]| who.as_str()).collect();
    assert!(["read", "run", "approve"].iter().all(|role| who.contains(role)) && !who.contains("stop"), "{who:?}");
}

#[test]
fn postgresql_keeps_tokens_sessions_and_the_audit_log_for_all_replicas() {
    let (project, postgres) = (Project::quick(), Postgres::start());
    let store = postgres.url();
    let made = project.lifeboat(&["token", "--store", &store, "create", "ada", "--role", "admin"]);
    made.exits_with(0);
    let admin = made.stdout.trim();
    let [one, two] = [(); 2].map(|()| Served::start(&project, &["--store", &store]));
    assert_eq!(one.ask("GET", "/api/v1/health", &[], "").status, 401);
    let form = "content-type: application/x-www-form-urlencoded";
    let signed_in = one.ask("POST", "/sign-in", &[form], &format!("token={admin}"));
    let cookie = format!("cookie: {}", signed_in.header("set-cookie").split(';').next().unwrap());
    assert_eq!(two.ask("GET", "/tokens", &[&cookie], "").status, 200, "a session holds at each replica");
    assert_eq!(two.call(admin, "POST", "/api/v1/tokens", r#"{"name": "bob", "roles": ["read"], "days": 2.0}"#).status, 201);
    assert_eq!(audited(&one, admin, "token.create").len(), 2);
    assert_eq!(one.call(admin, "POST", "/api/v1/tokens/ada/revoke", "").status, 204);
    assert_eq!(two.ask("GET", "/tokens", &[&cookie], "").status, 401);
    assert_eq!(postgres.query("SELECT name FROM tokens WHERE revoked IS NOT NULL"), ["ada"]);
}

/// A path with something in each of its parts.
fn filled(path: &str) -> String {
    path.replace("{due}", "2026-11-30T10:00:00Z")
        .split('/')
        .map(|part| if part.starts_with('{') { "x" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

#[test]
fn what_somebody_does_is_in_the_audit_log_with_their_name_and_how_it_ended() {
    let project = Project::quick();
    let (admin, oncall) = (token(&project, "ada", &["admin"]), token(&project, "on-call", &["stop"]));
    let served = Served::start(&project, &[]);
    let pulled = served.call(&oncall, "POST", "/api/v1/lever", r#"{"reason": "incident 4711"}"#);
    assert_eq!((pulled.status, &pulled.json()["by"]), (200, &Value::from("on-call")), "{pulled:?}");
    assert!(
        project.lifeboat(&["run", "scenarios/quick.yaml"]).stderr.contains("incident 4711"),
        "the lever is the one that `run` looks at"
    );
    let started = served.call(&admin, "POST", "/api/v1/drills", r#"{"scenario": "scenarios/quick.yaml", "environment": "lab"}"#);
    assert_eq!(started.status, 409, "{started:?}");
    assert_eq!(served.call(&oncall, "DELETE", "/api/v1/lever", "").json()["stopped"], false);
    let made = served.call(&admin, "POST", "/api/v1/tokens", r#"{"name": "bob", "roles": ["read"], "days": 30}"#);
    assert_eq!((made.status, made.header("location")), (201, "/api/v1/tokens/bob"), "{made:?}");
    let bob = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(served.call(&bob, "GET", "/api/v1/health", "").status, 200);
    assert_eq!(served.call(&admin, "POST", "/api/v1/tokens/bob/revoke", "").status, 204);
    assert_eq!(served.call(&bob, "GET", "/api/v1/health", "").status, 401);
    let told = |action: &str| audited(&served, &admin, action);
    assert_eq!(told("lever.pull"), [["on-call", "incident 4711", "done"]]);
    assert_eq!(told("lever.lift"), [["on-call", "", "done"]]);
    assert!(told("drill.start")[0][2].contains("incident 4711"), "{:?}", told("drill.start"));
    assert_eq!(told("token.revoke"), [["ada", "bob", "done"]]);
    assert_eq!(told("token.create").len(), 3, "two by the command line, one here");
    assert!(told("GET /api/v1/health")[0][2].contains("revoked"), "the revoked token was tried");
    let page = served.call(&admin, "GET", "/audit", "");
    assert!(page.status == 200 && page.body.contains("incident 4711") && page.body.contains("on-call"), "{page:?}");
}

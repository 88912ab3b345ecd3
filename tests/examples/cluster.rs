//! A cluster under Patroni with the rules that Patroni and its hosts have: what is not allowed in a state is refused, as there.

use super::side::{Asked, Side};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

#[derive(Debug, Clone)]
struct Member {
    leads: bool,
    runs: bool,
    version: String,
    /// No failover to it, no traffic for it.
    tagged: bool,
    /// The configuration tool is kept from it.
    kept: bool,
    /// Looks at its clients that find some.
    clients: u32,
    /// Follows, and is too far behind.
    behind: bool,
}

/// What the hosts did, in order, and what was refused.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) done: Vec<String>,
    pub(super) refused: Vec<String>,
}

/// The cluster `127.0.0.11` (leads), `127.0.0.12`, `127.0.0.13`.
pub(super) struct Cluster {
    pub(super) side: Side,
    members: Arc<Mutex<BTreeMap<String, Member>>>,
    log: Arc<Mutex<Log>>,
}

impl Cluster {
    /// `broken` is a command that fails on a member, as `127.0.0.13 apt-get`; `lazy` is a member that does not catch up after its upgrade.
    pub(super) fn start(broken: &'static str, lazy: &'static str) -> Self {
        let member = |leads| Member {
            leads,
            runs: true,
            version: "15.8".into(),
            tagged: false,
            kept: false,
            clients: if leads { 0 } else { 1 },
            behind: false,
        };
        let members: BTreeMap<String, Member> = [("127.0.0.11", true), ("127.0.0.12", false), ("127.0.0.13", false)]
            .map(|(name, leads)| (name.to_owned(), member(leads)))
            .into();
        let (members, log) = (Arc::new(Mutex::new(members)), Arc::new(Mutex::new(Log::default())));
        let (inside, written) = (members.clone(), log.clone());
        let side = Side::on(&["127.0.0.11", "127.0.0.12", "127.0.0.13"], move |asked| {
            let mut members = inside.lock().unwrap();
            let (what, answer) = if asked.path == "/on" {
                (asked.body.lines().collect::<Vec<_>>().join(" "), on_host(&mut members, &asked.body, broken, lazy))
            } else {
                (format!("{} {} {}", asked.method, asked.host(), asked.path), api(&mut members, asked))
            };
            let mut log = written.lock().unwrap();
            let looks = asked.method == "GET" || what.contains("pg_stat_activity") || what.contains("server_version");
            match answer.0 {
                200 if !looks => log.done.push(what),
                400.. if !looks => log.refused.push(what),
                _ => {}
            }
            answer
        });
        Self { side, members, log }
    }

    pub(super) fn log(&self) -> Log {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    /// Who leads, and for each member whether it runs, its version, and whether it has its traffic and its tool.
    pub(super) fn state(&self) -> (String, Vec<(String, bool, String, bool)>) {
        let members = self.members.lock().unwrap();
        let leader = members.iter().find(|(_, member)| member.leads).map(|(name, _)| name.clone()).unwrap_or_default();
        let of = |(name, member): (&String, &Member)| (name.clone(), member.runs, member.version.clone(), !member.tagged && !member.kept);
        (leader, members.iter().map(of).collect())
    }
}

/// A command on a member, a word a line.
fn on_host(members: &mut BTreeMap<String, Member>, words: &str, broken: &str, lazy: &str) -> (u16, String) {
    let words: Vec<&str> = words.lines().filter(|word| *word != "sudo").collect();
    let (Some(name), Some(command)) = (words.first(), words.get(1)) else { return (400, "nothing to do".into()) };
    let Some(member) = members.get_mut(*name) else { return (404, "no such host".into()) };
    let has = |word: &str| words.contains(&word);
    if broken == format!("{name} {command}") {
        return (500, "no space left on device".into());
    }
    let allowed = match *command {
        "chef-client-disable" => !std::mem::replace(&mut member.kept, true),
        "chef-client-enable" => {
            member.kept = false;
            true
        }
        // The tool would take the tags away again.
        "patroni-tags" if has("nofailover=true") && !member.kept => false,
        "patroni-tags" => {
            member.tagged = has("nofailover=true");
            true
        }
        "psql" if !member.runs => false,
        "psql" if words.iter().any(|word| word.contains("pg_stat_activity")) => {
            let left = member.clients;
            member.clients = if member.tagged { left.saturating_sub(1) } else { left };
            return (200, left.to_string());
        }
        "psql" if has("show server_version") => return (200, format!("{} (Debian {})", member.version, member.version)),
        "psql" => has("checkpoint"),
        // Users are on it, or all of them lose their leader.
        "systemctl" if has("stop") => {
            let free = !member.leads && member.tagged && member.clients == 0;
            member.runs &= !free;
            free
        }
        "systemctl" => {
            member.runs = true;
            true
        }
        "apt-get" if member.runs => false,
        "apt-get" => {
            member.version = "15.9".into();
            member.behind = lazy == *name;
            true
        }
        "update-extensions" => member.leads,
        "vacuumdb" => member.leads,
        _ => false,
    };
    if allowed { (200, "ok".into()) } else { (409, "not in this state".into()) }
}

/// Patroni's REST API.
fn api(members: &mut BTreeMap<String, Member>, asked: &Asked) -> (u16, String) {
    let (name, what) = (asked.host(), asked.path.trim_start_matches('/').split('?').next().unwrap_or_default());
    let Some(member) = members.get(&name).filter(|member| member.runs).cloned() else { return (502, "{}".into()) };
    let role = if member.leads { "primary" } else { "replica" };
    let told = json!({"state": "running", "role": role}).to_string();
    match (asked.method.as_str(), what) {
        ("GET", "leader") => (if member.leads { 200 } else { 503 }, told),
        ("GET", "replica") => (if member.leads || member.behind { 503 } else { 200 }, told),
        ("GET", "patroni") => (200, told),
        ("GET", "cluster") => {
            let list: Vec<Value> = members
                .iter()
                .map(|(name, member)| json!({"name": name, "role": if member.leads { "leader" } else { "replica" }}))
                .collect();
            (200, json!({"members": list, "scope": "main"}).to_string())
        }
        ("POST", "switchover") => {
            let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
            let [leader, candidate] = ["leader", "candidate"].map(|key| body[key].as_str().unwrap_or_default().to_owned());
            let good = members.get(&candidate).is_some_and(|member| member.runs && !member.leads && !member.tagged && !member.behind);
            if !member.leads || leader != name || !good {
                return (412, "leader name does not match, or the candidate is not fit".into());
            }
            for (name, member) in members.iter_mut() {
                member.leads = *name == candidate;
            }
            (200, format!("Successfully switched over to \"{candidate}\""))
        }
        ("POST", "reinitialize") if !member.leads => {
            members.get_mut(&name).expect("it is there").behind = false;
            (200, "reinitialize started".into())
        }
        _ => (503, "not here".into()),
    }
}

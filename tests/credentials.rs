//! The ways in which a rotation goes well or wrong, as scenarios of `scenarios/credentials/`: each gets the verdict that it deserves, and for
//! the reason that it deserves it. A drill that cannot be missed proves nothing.
//!
//! What is not here: where the keys are kept for real (`rotations`).

use crate::support::Project;
use lifeboat::history::Turns;
use lifeboat::units::Seed;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const AZURE: &str = "azure-swedencentral";
const SECOND: u64 = 1_000_000_000;

/// A drill that has ended.
struct Drill {
    events: Vec<Value>,
    report: String,
    objectives: BTreeMap<String, String>,
}

/// An exchange that a proxy saw. Moments are nanoseconds from the drill's origin.
struct Exchange<'e> {
    key: &'e str,
    at: u64,
    status: u64,
    /// Whether it came to its end.
    is_whole: bool,
    /// From 1; `None` for one that is no request of the traffic.
    replica: Option<u64>,
}

impl Drill {
    /// Runs a shipped scenario of this name to its end.
    fn run(name: &str, environment: &str, code: i32) -> Self {
        Self::of(&Project::shipped(), name, environment, code)
    }

    fn of(project: &Project, name: &str, environment: &str, code: i32) -> Self {
        let scenario = format!("scenarios/credentials/{name}.yaml");
        let arguments = ["run", &scenario, "--env", environment, "--seed", "2a", "--out", "drill", "--yes"];
        let run = project.run(project.command(&arguments).env("OPENAI_API_KEY", "sk-the-standbys-key"));
        run.exits_with(code).says(if code == 0 { "met" } else { "missed" });
        let verdict = project.json("drill/verdict.json");
        assert_eq!(verdict["verdict"], if code == 0 { "met" } else { "missed" });
        let word = |objective: &Value, field: &str| objective[field].as_str().unwrap().to_owned();
        let objectives = verdict["objectives"].as_array().unwrap().iter();
        let objectives = objectives.map(|objective| (word(objective, "name"), word(objective, "verdict"))).collect();
        Self { events: project.events("drill"), report: std::fs::read_to_string(project.path("drill/report.md")).unwrap(), objectives }
    }

    /// The objectives with this verdict.
    fn with(&self, verdict: &str) -> BTreeSet<&str> {
        self.objectives.iter().filter(|(_, told)| *told == verdict).map(|(name, _)| name.as_str()).collect()
    }

    fn met(&self, names: &[&str]) -> &Self {
        let met = self.with("met");
        assert!(names.iter().all(|name| met.contains(name)), "{:?}", self.objectives);
        self
    }

    /// These and no others are missed.
    fn missed(&self, names: &[&str]) -> &Self {
        assert_eq!(self.with("missed"), names.iter().copied().collect(), "{:?}", self.objectives);
        self
    }

    /// What the report says first has this in it.
    fn says(&self, text: &str) -> &Self {
        let first = self.report.lines().find(|line| line.starts_with("**")).unwrap_or_default();
        assert!(first.contains(text), "{first:?} and not {text:?}");
        self
    }

    fn all(&self, kind: &str) -> Vec<&Value> {
        self.events.iter().filter_map(|event| event.get(kind)).collect()
    }

    /// Events of a kind about one credential.
    fn of_credential(&self, kind: &str, credential: &str) -> Vec<&Value> {
        self.all(kind).into_iter().filter(|event| event["credential"] == credential).collect()
    }

    /// The only event of a kind about one credential.
    fn only(&self, kind: &str, credential: &str) -> &Value {
        let all = self.of_credential(kind, credential);
        assert_eq!(all.len(), 1, "{kind}: {all:?}");
        all[0]
    }

    /// The key that a credential had, and the one that was minted for it.
    fn keys(&self, credential: &str) -> (&str, &str) {
        let key = |kind: &str| self.only(kind, credential)["key"].as_str().unwrap();
        (key("key_held"), key("key_minted"))
    }

    /// What the provider said of a key when the drill itself asked, after everything.
    fn standing(&self, credential: &str, key: &str) -> &str {
        let probes = self.of_credential("key_probed", credential);
        let last = probes.iter().find(|probe| probe["last"] == true && probe["key"] == key);
        last.unwrap_or_else(|| panic!("nobody asked about {key}: {probes:?}"))["standing"].as_str().unwrap()
    }

    /// Every token that was minted: from which key, and how long it lives.
    fn tokens(&self) -> BTreeMap<&str, (&str, u64)> {
        let minted = self.all("token_minted").into_iter();
        minted.map(|token| (token["token"].as_str().unwrap(), (token["from"].as_str().unwrap(), token["life"].as_u64().unwrap()))).collect()
    }

    fn exchanges(&self, provider: &str) -> Vec<Exchange<'_>> {
        let started = self.all("started")[0];
        let replicas = started["plan"]["environment"]["gateway"]["replicas"].as_u64().unwrap_or(1);
        let seed = u64::from_str_radix(started["seed"].as_str().unwrap(), 16).unwrap();
        let turns = Turns::drawn(Seed(seed), Turns::REPLICAS, usize::try_from(replicas).unwrap());
        let of = self.all("served").into_iter().filter(|served| served["by"] == provider);
        of.map(|served| Exchange {
            key: served["key"].as_str().unwrap_or_default(),
            at: served["at"].as_u64().unwrap(),
            status: served["status"].as_u64().unwrap_or(200),
            is_whole: served["cut"].is_null(),
            replica: served["id"].as_u64().map(|id| turns.of(id) as u64 + 1),
        })
        .collect()
    }

    /// How many requests of clients ended as anything but a whole answer.
    fn lost(&self) -> usize {
        self.all("request").iter().filter(|request| request["outcome"].as_str().unwrap() != "ok").count()
    }

    fn end_of_step(&self, name: &str) -> &Value {
        let step = self.all("step_started").into_iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("no step `{name}`"));
        self.all("step_finished").into_iter().find(|ended| ended["step"] == step["step"]).unwrap()
    }
}

/// The first and the last moment of some exchanges.
fn span<'e>(exchanges: impl Iterator<Item = &'e Exchange<'e>>) -> (u64, u64) {
    let moments: Vec<u64> = exchanges.map(|exchange| exchange.at).collect();
    (*moments.iter().min().expect("there are some"), *moments.iter().max().unwrap())
}

#[test]
fn a_planned_rotation_costs_nobody_anything() {
    let drill = Drill::run("planned-rotation", "lab", 0);
    drill.met(&["new_key_accepted", "old_key_refused", "old_key_unused", "client_errors", "rotation"]).missed(&[]);
    drill.says("Every replica used the new key");
    assert_eq!(drill.lost(), 0);
    let (old, new) = drill.keys("azure-key");
    let exchanges = drill.exchanges(AZURE);
    assert!(exchanges.iter().all(|exchange| exchange.status == 200 && exchange.is_whole), "every stream came to its end");
    let revoked = drill.only("key_revoked", "azure-key")["lo"].as_u64().unwrap();
    let (_, last_old) = span(exchanges.iter().filter(|exchange| exchange.key == old));
    let (first_new, _) = span(exchanges.iter().filter(|exchange| exchange.key == new));
    assert!(last_old < first_new && last_old < revoked, "{last_old} {first_new} {revoked}");
}

#[test]
fn a_key_of_another_account_is_found_out() {
    let drill = Drill::run("wrong-secret-written", "lab", 1);
    drill.missed(&["new_key_accepted", "primary_resumed"]).met(&["old_key_refused", "fallback", "rto"]);
    drill.says("The provider refuses the new key with 401: missed");
    let (old, new) = drill.keys("azure-key");
    assert_eq!(drill.only("key_stored", "azure-key")["key"], new, "the store holds what it was given");
    assert_eq!((drill.standing("azure-key", new), drill.standing("azure-key", old)), ("refused", "refused"));
    let exchanges = drill.exchanges(AZURE);
    let bearing: Vec<u64> = exchanges.iter().filter(|exchange| exchange.key == new).map(|exchange| exchange.status).collect();
    assert!(!bearing.is_empty() && bearing.iter().all(|status| *status == 401), "{bearing:?}");
}

/// The same trap in a store: what it holds is not what it was given.
#[test]
fn a_store_that_loses_the_end_of_a_key_is_found_out() {
    let project = Project::shipped();
    project.edit("runbooks/inventory.yaml", "from: \"dotenv:.env#AZURE_OPENAI_KEY\"", "from: \"command:pass\"");
    let store = "pass: {kind: command, read: [cat, key.txt], write: [sh, -c, \"cut -c 1-18 > key.txt\"]}";
    project.edit("runbooks/inventory.yaml", "\nstores:\n", &format!("\nstores:\n  {store}\n"));
    project.edit("runbooks/inventory.yaml", "allow: {stores: [\"dotenv:.env\"]}", "allow: {stores: [pass]}");
    project.write("key.txt", "sk-the-first-key\n").write(".env", "OPENAI_API_KEY=sk-the-standbys-key\n");
    let drill = Drill::of(&project, "planned-rotation", "lab-stores", 1);
    let (_, new) = drill.keys("azure-key");
    let stored = drill.only("key_stored", "azure-key")["key"].as_str().unwrap();
    assert_ne!(stored, new);
    // The runbook ends there, so that the old key goes on, alive.
    drill.met(&["new_key_accepted"]).missed(&["old_key_refused", "old_key_unused", "rotation"]).says("The store holds another key");
    let step = drill.end_of_step("Store it");
    assert_eq!(step["end"], "failed");
    assert!(step["output"].as_str().unwrap().contains("which is not the new key"), "{step}");
    let old = drill.only("key_held", "azure-key")["key"].as_str().unwrap();
    assert!(drill.exchanges(AZURE).iter().all(|exchange| exchange.key == old), "nobody was told to read it");
}

#[test]
fn a_rotation_that_dies_half_way_leaves_the_old_key_alive_and_the_next_one_stuck() {
    let drill = Drill::run("rotation-dies-half-way", "lab", 1);
    drill.missed(&["old_key_refused", "old_key_unused", "rotation"]);
    drill.says("Replica 1 still used the old key");
    assert_eq!(drill.of_credential("key_minted", "azure-key").len(), 2);
    assert!(drill.all("key_stored").is_empty() && drill.all("key_revoked").is_empty());
    assert_eq!(drill.end_of_step("Test it")["end"], "failed");
    let stuck = drill.end_of_step("Next time: hold it beside the current key");
    assert_eq!(stuck["end"], "failed");
    assert!(stuck["output"].as_str().unwrap().contains("a rotation was started and not finished"), "{stuck}");
    let old = drill.only("key_held", "azure-key")["key"].as_str().unwrap();
    assert_eq!(drill.standing("azure-key", old), "accepted");
    assert!(drill.lost() == 0 && drill.exchanges(AZURE).iter().all(|exchange| exchange.key == old), "users notice nothing");
}

#[test]
fn a_replica_that_was_forgotten_is_named() {
    let drill = Drill::run("one-replica-forgotten", "lab-three-replicas", 1);
    drill.missed(&["old_key_unused", "rotation"]).met(&["new_key_accepted", "old_key_refused", "fallback"]);
    drill.says("Replica 3 still used the old key");
    let (old, new) = drill.keys("azure-key");
    let (exchanges, revoked) = (drill.exchanges(AZURE), drill.only("key_revoked", "azure-key")["hi"].as_u64().unwrap());
    let of = |replica: u64| exchanges.iter().filter(move |exchange| exchange.replica == Some(replica));
    for told in [1, 2] {
        let (_, last_old) = span(of(told).filter(|exchange| exchange.key == old));
        let (_, last_new) = span(of(told).filter(|exchange| exchange.key == new));
        assert!(last_old < revoked && last_new > revoked + 6 * SECOND, "replica {told}: {last_old} {last_new} {revoked}");
    }
    assert!(of(3).all(|exchange| exchange.key == old), "replica 3 bears no other");
    let late: Vec<&Exchange<'_>> = of(3).filter(|exchange| exchange.at > revoked).collect();
    assert!(late.iter().all(|exchange| exchange.status == 401) && span(late.into_iter()).1 > revoked + 6 * SECOND);
    assert_eq!(drill.lost(), 0, "the standby rescues its users");
}

#[test]
fn replicas_that_are_told_in_turn_move_in_turn() {
    let drill = Drill::run("all-replicas", "lab-three-replicas", 0);
    drill.met(&["new_key_accepted", "old_key_refused", "old_key_unused", "client_errors", "rotation"]).missed(&[]);
    let (old, new) = drill.keys("azure-key");
    let (exchanges, revoked) = (drill.exchanges(AZURE), drill.only("key_revoked", "azure-key")["lo"].as_u64().unwrap());
    let moved = |replica: u64| {
        let of = |key| exchanges.iter().filter(move |exchange| exchange.replica == Some(replica) && exchange.key == key);
        let ((_, last_old), (first_new, _)) = (span(of(old)), span(of(new)));
        assert!(last_old < first_new && last_old < revoked, "replica {replica} never goes back: {last_old} {first_new} {revoked}");
        first_new
    };
    let moments = [1, 2, 3].map(moved);
    // A second is waited between two of them; each replica is asked some 17 times in it.
    assert!(moments[0] + SECOND / 2 < moments[1] && moments[1] + SECOND / 2 < moments[2], "{moments:?}");
    assert_eq!(drill.lost(), 0);
}

#[test]
fn a_store_that_is_down_keeps_the_new_key_from_everybody() {
    let drill = Drill::run("store-down", "lab-store-sealed", 1);
    drill.missed(&["old_key_unused", "rotation", "primary_resumed"]).met(&["new_key_accepted", "old_key_refused", "fallback", "rto"]);
    let (old, new) = drill.keys("azure-key");
    let ended = drill.end_of_step("Store it");
    assert!(ended["end"] == "failed" && ended["output"].as_str().unwrap().contains("it is sealed"), "{ended}");
    assert!(drill.all("key_stored").is_empty());
    assert_eq!(drill.standing("azure-key", new), "accepted", "the key is good, and nobody has it");
    assert!(drill.exchanges(AZURE).iter().all(|exchange| exchange.key == old));
}

#[test]
fn a_token_that_outlives_its_secret_is_found_out() {
    let drill = Drill::run("token-cache-outlives-key", "lab-keeps-tokens", 1);
    drill.missed(&["old_key_unused", "rotation", "tokens_reminted"]).met(&["new_key_accepted", "old_key_refused"]);
    drill.says("A token of the old key was issued or answered after the key was revoked: missed");
    let (old, _) = drill.keys("entra-secret");
    assert_eq!(drill.standing("entra-secret", old), "refused", "the secret itself is dead");
    let dead = drill.only("key_revoked", "entra-secret")["hi"].as_u64().unwrap() + 2 * SECOND;
    let (exchanges, tokens) = (drill.exchanges("azure-by-token"), drill.tokens());
    let late = exchanges.iter().filter(|exchange| exchange.replica.is_some() && exchange.at > dead);
    let late: BTreeSet<(&str, u64, u64)> = late.map(|exchange| (tokens[exchange.key].0, tokens[exchange.key].1, exchange.status)).collect();
    assert_eq!(late, BTreeSet::from([(old, 3600 * SECOND, 200)]), "it is borne, and taken");
}

#[test]
fn tokens_are_minted_from_the_new_secret_once_it_is_read() {
    let drill = Drill::run("tokens-minted-anew", "lab", 0);
    drill.met(&["new_key_accepted", "old_key_refused", "old_key_unused", "client_errors", "rotation", "tokens_reminted"]).missed(&[]);
    let (old, new) = drill.keys("entra-secret");
    let (exchanges, tokens) = (drill.exchanges("azure-by-token"), drill.tokens());
    let bore: BTreeSet<&str> = exchanges.iter().filter(|exchange| exchange.replica.is_some()).map(|exchange| exchange.key).collect();
    let from: Vec<&str> = bore.iter().map(|token| tokens[token].0).collect();
    assert_eq!((bore.len(), from.into_iter().collect()), (2, BTreeSet::from([old, new])), "one of each, and no secret is shown to a model");
    assert_eq!(drill.lost(), 0);
}

#[test]
fn a_standby_whose_key_is_dead_carries_nobody() {
    let drill = Drill::run("standby-key-dead", "lab", 1);
    drill.met(&["old_key_refused"]);
    let missed = drill.with("missed");
    assert!(
        ["new_key_accepted", "client_errors", "rotation", "fallback"].iter().all(|name| missed.contains(name)),
        "{:?}",
        drill.objectives
    );
    drill.says("openai-eu: No new key was created: missed").says("azure-swedencentral: Clients lost ");
    assert!(drill.of_credential("key_minted", "openai-key").is_empty(), "nobody rotates it");
    let standby = drill.only("key_held", "openai-key")["key"].as_str().unwrap();
    assert_eq!(drill.standing("openai-key", standby), "refused");
    let (_, new) = drill.keys("azure-key");
    assert_eq!(drill.standing("azure-key", new), "accepted");
    // Until the gateway's breaker lets one request try the new key, some four seconds after the first refusals, nobody is served.
    assert!(drill.lost() > 100, "{}", drill.lost());
    let revoked = drill.only("key_revoked", "openai-key")["hi"].as_u64().unwrap();
    let standbys = drill.exchanges("openai-eu");
    assert!(standbys.iter().filter(|exchange| exchange.at > revoked).all(|exchange| exchange.status == 401));
}

#[test]
fn a_key_that_is_revoked_while_its_provider_is_down_is_replaced_all_the_same() {
    let drill = Drill::run("revoked-while-primary-is-down", "lab", 0);
    drill.met(&["rto", "new_key_accepted", "old_key_refused", "old_key_unused", "rotation", "primary_resumed"]).missed(&[]);
    let (old, new) = drill.keys("azure-key");
    let (exchanges, revoked) = (drill.exchanges(AZURE), drill.only("key_revoked", "azure-key")["lo"].as_u64().unwrap());
    assert!(exchanges.iter().all(|exchange| !matches!(exchange.status, 401 | 403)), "nobody gets through to be refused");
    let (_, last_old) = span(exchanges.iter().filter(|exchange| exchange.key == old));
    let (first_new, _) = span(exchanges.iter().filter(|exchange| exchange.key == new && exchange.status == 200));
    let healed = drill.all("fault_healed").into_iter().find(|healed| healed["fault"] == 0).unwrap()["lo"].as_u64().unwrap();
    assert!(last_old < revoked && revoked < healed && healed < first_new, "{last_old} {revoked} {healed} {first_new}");
    assert_eq!((drill.standing("azure-key", new), drill.standing("azure-key", old)), ("accepted", "refused"));
}

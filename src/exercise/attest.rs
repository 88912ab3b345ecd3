//! What is done with a drill's record so that others can check it: signed, stamped by a witness, and taken to where it is kept.
//!
//! A key that cannot be read and a witness's certificates that are not there are told before the drill begins. What fails at its end is told beside
//! the verdict, which stands all the same.
//!
//! What this file does not do: the manifest, or any of the forms (`evidence`).

use super::judge::Judged;
use super::orders::{DrillOrders, PlannedDrill};
use crate::evidence::attestation::{self, DrillOutcome, TestOutcome};
use crate::evidence::witness::{StampedPart, Witness};
use crate::evidence::{bundle, ship};
use crate::host;
use crate::model::{CredentialSource, SecretStore, ShipTo, SourceFile};
use crate::secret::{SecretContext, key};
use crate::signing::SigningKey;
use crate::units::{Problem, Secret, explained};
use crate::verdict::{Decision, Verdict};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// No file of a key is longer. In bytes.
const KEY: usize = 1 << 16;

/// Who signs, who witnesses, and where the record is kept; as it was found before the drill began.
#[derive(Debug, Clone, Default)]
pub struct Attesting {
    key: Option<SigningKey>,
    witness: Option<Witness>,
    ship: Vec<ShipTo>,
    root: PathBuf,
    /// The hash of the plan, as it is approved.
    plan_sha256: String,
}

/// What became of a drill's record.
#[derive(Debug, Default)]
pub struct Attested {
    /// The name of the key that signed it.
    pub signed: Option<String>,
    /// Where its bundle is kept.
    pub kept: Vec<String>,
    /// What could not be done, each with what to do about it.
    pub problems: Vec<String>,
}

impl Attesting {
    /// What a project's inventory and a command line say.
    ///
    /// # Errors
    /// Where a key or the certificates of a witness cannot be read.
    pub fn of(orders: &DrillOrders, planned: &PlannedDrill, plan_sha256: String) -> Result<Self, Problem> {
        let PlannedDrill { root, evidence, .. } = planned;
        let key = match (&orders.sign, &evidence.key) {
            (Some(file), _) => Some(of_file(file)),
            (None, Some(CredentialSource::File(file))) => Some(of_file(&root.join(file))),
            (None, Some(source)) => Some(of_source(source, root)),
            (None, None) => None,
        };
        let witness = evidence.witness.clone().map(|policy| Witness::new(policy, root));
        let witness = witness.transpose().map_err(|error| Problem::new(explained(&error)))?;
        Ok(Self { key: key.transpose()?, witness, ship: evidence.ship.clone(), root: root.clone(), plan_sha256 })
    }

    /// Who is to stamp the plan before anything is broken.
    pub(super) fn witness(&self) -> Option<Witness> {
        self.witness.clone()
    }

    /// True where anything is to be done at a drill's end.
    pub(super) const fn is_asked(&self) -> bool {
        self.key.is_some() || self.witness.is_some() || !self.ship.is_empty()
    }

    /// Has the whole record stamped and signs it, once every file of the folder is written that the signature is to cover.
    pub(super) async fn attest(&self, folder: &Path, judged: &Judged, files: &[SourceFile]) -> Attested {
        let mut attested = Attested::default();
        if let Some(witness) = &self.witness
            && let Err(error) = witness.stamp(StampedPart::Head, folder).await
        {
            attested.problems.push(explained(&error));
        }
        if let Some(key) = &self.key {
            match attestation::sign(folder, &outcome(judged, files, self.plan_sha256.clone()), key) {
                Ok(name) => attested.signed = Some(name.to_string()),
                Err(error) => attested.problems.push(format!("the drill is not signed: {error}")),
            }
        }
        if !self.ship.is_empty() {
            self.ship(folder, &mut attested).await;
        }
        attested
    }

    /// Takes the folder's bundle everywhere. Where that succeeds nothing of it stays beside the folder.
    async fn ship(&self, folder: &Path, attested: &mut Attested) {
        let packed = match bundle::pack(folder, None) {
            Ok(packed) => packed,
            Err(error) => return attested.problems.push(format!("no bundle was made: {}", explained(&error))),
        };
        let stores: BTreeMap<String, SecretStore> = BTreeMap::new();
        let before = attested.problems.len();
        for place in &self.ship {
            match ship::ship(&packed.path, place, SecretContext { stores: &stores, root: &self.root }).await {
                Ok(kept) => attested.kept.push(kept),
                Err(problem) => attested.problems.push(explained(&problem)),
            }
        }
        if attested.problems.len() == before {
            let _ = std::fs::remove_file(&packed.path);
        }
    }
}

fn of_file(path: &Path) -> Result<SigningKey, Problem> {
    let shown = path.display();
    let text =
        host::bytes_of(path, KEY).map_err(|error| Problem::new(format!("cannot read the key {shown}")).hint(PAIR).caused_by(error))?;
    let text = Secret::from_bytes(text).unwrap_or_else(|| Secret::new(String::new()));
    SigningKey::from_pem(text.expose()).map_err(|error| Problem::new(format!("{shown}: {error}")).hint(PAIR))
}

const PAIR: &str = "make a pair with `lifeboat key --out FILE`";

fn of_source(source: &CredentialSource, root: &Path) -> Result<SigningKey, Problem> {
    let stores = BTreeMap::new();
    let text = key(source, SecretContext { stores: &stores, root }).map_err(|error| Problem::new(explained(&error)))?;
    SigningKey::from_pem(text.expose()).map_err(|error| Problem::new(format!("{source}: {error}")).hint(PAIR))
}

/// How it ended, in the words of its statements.
fn outcome(judged: &Judged, files: &[SourceFile], plan_sha256: String) -> DrillOutcome {
    let verdict = &judged.verdict;
    let mut tests = objectives(verdict, "");
    for each in &verdict.workloads {
        tests.extend(objectives(&each.verdict, &format!("{}/", each.name)));
    }
    // Where nothing could be held against anything, that is what is to be looked into.
    if tests.is_empty() {
        let why = verdict.reason.and_then(|reason| serde_json::to_value(reason).ok());
        tests.push((why.as_ref().and_then(|why| why.as_str()).unwrap_or("verdict").to_owned(), of_decision(verdict.verdict)));
    }
    let named = files.iter().map(|file| (file.path.clone(), file.sha256.clone()));
    let configuration = named.chain([("plan".to_owned(), plan_sha256)]).collect();
    let record = serde_json::to_value(judged.record()).unwrap_or_default();
    let measured = match record {
        // What it rests on and what it says in words stands in verdict.json, which the manifest covers.
        serde_json::Value::Object(fields) => fields.into_iter().filter(|(name, _)| STATED.contains(&name.as_str())).collect(),
        _ => serde_json::Map::new(),
    };
    DrillOutcome { result: of_decision(verdict.verdict), tests, configuration, measured }
}

/// The fields of `verdict.json` that are stated.
const STATED: [&str; 15] = [
    "lifeboat",
    "drill",
    "scenario",
    "environment",
    "seed",
    "started_at",
    "verdict",
    "reason",
    "stopped",
    "resolution_ms",
    "objectives",
    "measures",
    "rotations",
    "terms",
    "workloads",
];

fn objectives(verdict: &Verdict, before: &str) -> Vec<(String, TestOutcome)> {
    verdict.objectives.iter().map(|each| (format!("{before}{}", each.name), of_decision(each.verdict))).collect()
}

const fn of_decision(decision: Decision) -> TestOutcome {
    match decision {
        Decision::Met => TestOutcome::Passed,
        Decision::Missed => TestOutcome::Failed,
        Decision::Inconclusive | Decision::Void | Decision::InvalidPlan => TestOutcome::Warned,
    }
}

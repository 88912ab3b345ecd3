//! Approvals of drills in protected environments: who must approve, what an approval holds, and whether those that were given are enough.
//!
//! A signed approval is a DSSE envelope of the kind `application/vnd.lifeboat.approval+json`. Its payload is JSON: `approval` (the form, `1.0`), `who`,
//! `environment`, `scenario`, `plan` (the plan's hash), `files` (those of the project that the plan names, by their hashes), `until`, `made`, and
//! `key` (the public half, in PEM, for inventories that name keys by their hashes). It counts where the inventory names `who` as an approver and the
//! envelope is signed with the key that the inventory names for them; what it says of itself is no proof of anything. It may be used until it
//! ends, as often as the same plan is run.
//!
//! | the inventory says | what is enough |
//! |---|---|
//! | `protected: true` | the environment's name, typed in full at the terminal |
//! | and `approvals: {of: […], needed: N}` | N different approvers: signed by those who have a `key`, typed at the terminal by those who have none |
//!
//! A runbook that is walked in a real incident (`lifeboat execute`) needs no approval, and no freeze or hour stops it: it repairs, and breaks nothing.
//! Neither does what takes back what a drill left (`run --undo`, `heal`).

use super::named_files::NamedHash;
use crate::history::{ApprovalWay, Approved};
use crate::host::bytes_of;
use crate::model::{Approvals, Approver, Environment};
use crate::signing::{Envelope, SigningKey, VerifyingKey};
use crate::units::{Explained, one_line};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

/// The kind of the payload.
pub const APPROVAL_KIND: &str = "application/vnd.lifeboat.approval+json";

/// The form of the payload that this build writes; the same major form is read.
const FORM: &str = "1.0";

/// The largest file of an approval that is read: a thousand files by their hashes, and some more.
const LARGEST: usize = 1_000_000;

/// What is to be approved, and by whom.
#[derive(Debug, Clone)]
pub struct ApprovalSubject<'a> {
    /// The environment's name.
    pub environment_name: &'a str,
    /// The environment.
    pub environment: &'a Environment,
    /// The scenario's name.
    pub scenario: &'a str,
    /// The plan's hash.
    pub plan: String,
    /// The files of the project that the plan names.
    pub files: Vec<NamedHash>,
    /// The project's root, from which files of keys are found.
    pub root: &'a Path,
}

/// An approval that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// What is recorded of it.
    pub record: Approved,
    /// Until when it holds; `None` for the drill that it was typed for.
    pub until: Option<DateTime<Utc>>,
}

/// The signed payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ApprovalStatement {
    approval: String,
    who: String,
    environment: String,
    scenario: String,
    plan: String,
    #[serde(default)]
    files: Vec<NamedHash>,
    until: DateTime<Utc>,
    made: DateTime<Utc>,
    key: String,
}

/// Why approvals are not enough, or one is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalProblem {
    /// Nobody has approved, or too few have.
    #[error("the environment `{environment}` is protected, and {}", lacking(.needed, .given, .of))]
    Missing {
        /// The environment.
        environment: String,
        /// How many it takes.
        needed: usize,
        /// How many there are.
        given: usize,
        /// Who else may approve; nobody where the terminal alone counts.
        of: Vec<String>,
    },
    /// Something else was typed than the environment's name.
    #[error("what was typed is not the name of the environment `{environment}`, so nothing was approved")]
    Mistyped {
        /// The environment.
        environment: String,
    },
    /// The file is no approval.
    #[error("{file} is no approval that can be read: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// The environment takes none from files.
    #[error("the environment `{environment}` names no approvers, so that no file can approve anything there: {file}")]
    NobodyNamed {
        /// The file.
        file: String,
        /// The environment.
        environment: String,
    },
    /// It is by somebody who is no approver.
    #[error("{file} is by `{who}`, who is no approver of the environment `{environment}`")]
    UnknownApprover {
        /// The file.
        file: String,
        /// By whom.
        who: String,
        /// The environment.
        environment: String,
        /// Who is.
        of: Vec<String>,
    },
    /// Nobody knows the approver's key.
    #[error("{file}: the inventory names no key of `{who}`, so that nobody can tell whose signature it is")]
    NoKey {
        /// The file.
        file: String,
        /// By whom.
        who: String,
        /// The name of the key that signed it, as it says itself.
        key: Option<String>,
    },
    /// The approver's key cannot be read.
    #[error("the key `{key}` of `{who}` cannot be used: {why}")]
    BadKey {
        /// Whose.
        who: String,
        /// As the inventory names it.
        key: String,
        /// Why.
        why: String,
    },
    /// Somebody else signed it, or it was changed since.
    #[error("{file} is not signed with the key of `{who}`, or was changed after it was signed")]
    NotSigned {
        /// The file.
        file: String,
        /// By whom it says to be.
        who: String,
    },
    /// It approves something else.
    #[error("{file} approves another {what}: `{approved}`, and this is `{asked}`")]
    Other {
        /// The file.
        file: String,
        /// `environment`, `scenario` or `plan`.
        what: &'static str,
        /// What was approved.
        approved: String,
        /// What is asked for.
        asked: String,
    },
    /// A file that the plan names is not the one that was approved.
    #[error("{file} approves this plan with another file: {path} {how}")]
    FileChanged {
        /// The file of the approval.
        file: String,
        /// The file that the plan names.
        path: String,
        /// What became of it.
        how: &'static str,
    },
    /// It held until then.
    #[error("the approval by {who} held until {until}, and it is {now}")]
    Expired {
        /// By whom.
        who: String,
        /// Until when.
        until: String,
        /// What time it is.
        now: String,
    },
    /// A file that the plan names cannot be read, so that nobody can say what is approved.
    #[error("nobody can approve what cannot be read: {why}")]
    Unhashed {
        /// Which, and why.
        why: String,
    },
    /// Somebody who has a key wants to approve at the terminal.
    #[error("`{who}` has a key, and approves with a signed file alone")]
    SignsOnly {
        /// Who.
        who: String,
    },
    /// The same approver twice.
    #[error("`{who}` approves twice, and counts once")]
    Twice {
        /// Who.
        who: String,
    },
}

/// What is missing.
fn lacking(needed: &usize, given: &usize, of: &[String]) -> String {
    match (*needed, *given) {
        (1, 0) if of.is_empty() => "nobody has approved this drill".to_owned(),
        (1, _) => format!("nobody of {} has approved this drill", of.join(", ")),
        (needed, given) => format!(
            "{given} of {needed} approvals are there; {} can give {}",
            of.join(", "),
            if needed - given == 1 { "the other" } else { "the others" }
        ),
    }
}

impl Explained for ApprovalProblem {
    fn hint(&self) -> Option<Cow<'_, str>> {
        const AGAIN: &str =
            "let them approve what is to run now: `lifeboat approve SCENARIO --env ENV --as WHO --until WHEN --key KEY.pem --out FILE`";
        Some(match self {
            Self::Missing { of, environment, .. } if of.is_empty() => {
                format!("run it on a terminal and type the environment's name, `{environment}`, in full; `--yes` does not approve").into()
            }
            Self::Missing { .. } => {
                "have it approved beforehand with `lifeboat approve`, and run it with `--approval FILE` for each; who has no `key` approves on the terminal; `--yes` does not approve".into()
            }
            Self::Mistyped { environment } => format!("run it again, and type `{environment}`, if that is where it is meant to run").into(),
            Self::Unreadable { .. } => "an approval is a file that `lifeboat approve` writes".into(),
            Self::NobodyNamed { .. } => "name them in the inventory: `approvals: {of: [{contact: ada, key: keys/ada.pem}], needed: 1}`".into(),
            Self::UnknownApprover { of, .. } => format!("the approvers are {}", of.join(", ")).into(),
            Self::NoKey { who, key, .. } => {
                let key = key.clone().unwrap_or_else(|| "keys/NAME.pem".to_owned());
                format!("write `{{contact: {who}, key: {key}}}` in `approvals: {{of: […]}}`, if that is theirs; then it must be approved again").into()
            }
            Self::BadKey { .. } => "name the file of a public key in PEM, or the name of a key, as `lifeboat key` prints it".into(),
            Self::SignsOnly { .. } | Self::NotSigned { .. } | Self::Other { .. } | Self::FileChanged { .. } | Self::Expired { .. } => AGAIN.into(),
            Self::Unhashed { .. } => "see that every file which the scenario, its runbook and the environment name can be read".into(),
            Self::Twice { .. } => "give each approval once, and ask another approver".into(),
        })
    }
}

/// An approval that a plan needs: whose, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededApproval {
    /// How many.
    pub needed: usize,
    /// Whose, each with how they give it; nobody where whoever sits at the terminal may.
    pub of: Vec<(String, ApprovalWay)>,
}

impl NeededApproval {
    /// In words: `2 of ada (signed), grace (typed)`.
    pub fn told(&self) -> String {
        if self.of.is_empty() {
            return "its name typed in full at the terminal".to_owned();
        }
        let each: Vec<String> = self.of.iter().map(|(who, how)| format!("{who} ({how})")).collect();
        format!("{} of {}", self.needed, each.join(", "))
    }
}

/// Whose approval a drill in this environment needs; `None` where it needs none.
pub fn needed(environment: &Environment) -> Option<NeededApproval> {
    let way = |approver: &Approver| if approver.key.is_some() { ApprovalWay::Signed } else { ApprovalWay::Typed };
    environment.protected.then(|| match &environment.approvals {
        Some(Approvals { of, needed }) => {
            NeededApproval { needed: *needed as usize, of: of.iter().map(|approver| (approver.contact.clone(), way(approver))).collect() }
        }
        None => NeededApproval { needed: 1, of: Vec::new() },
    })
}

/// Makes a signed approval: the text of its file.
///
/// # Errors
/// Where it would count for nothing: by somebody who is no approver, or with another key than the inventory names.
pub fn sign(
    subject: &ApprovalSubject<'_>,
    who: &str,
    until: DateTime<Utc>,
    made: DateTime<Utc>,
    key: &SigningKey,
) -> Result<String, ApprovalProblem> {
    let file = "the approval".to_owned();
    let trusted = trusted(subject, who, &file, Some(key.public().name().to_string()))?;
    if trusted != key.public().name().to_string() {
        let why = format!("it is {trusted}, and the approval would be signed with {}", key.public().name());
        return Err(ApprovalProblem::BadKey { who: who.to_owned(), key: named_key(subject, who), why });
    }
    let statement = ApprovalStatement {
        approval: FORM.to_owned(),
        who: who.to_owned(),
        environment: subject.environment_name.to_owned(),
        scenario: subject.scenario.to_owned(),
        plan: subject.plan.clone(),
        files: subject.files.clone(),
        until,
        made,
        key: key.public().to_pem(),
    };
    let payload = serde_json::to_vec(&statement).expect("a statement has text keys only");
    let envelope = Envelope::sign(APPROVAL_KIND, &payload, key);
    Ok(serde_json::to_string_pretty(&envelope).expect("an envelope has text keys only") + "\n")
}

/// Reads a signed approval, and whether it is one of this.
///
/// # Errors
/// Where it is not, each with its reason.
pub fn read(path: &Path, subject: &ApprovalSubject<'_>, now: DateTime<Utc>) -> Result<Approval, ApprovalProblem> {
    let file = path.display().to_string();
    let unreadable = |why: String| ApprovalProblem::Unreadable { file: file.clone(), why };
    if subject.environment.approvals.is_none() {
        return Err(ApprovalProblem::NobodyNamed { file, environment: subject.environment_name.to_owned() });
    }
    let bytes = bytes_of(path, LARGEST).map_err(|error| unreadable(error.to_string()))?;
    let envelope: Envelope = serde_json::from_slice(&bytes).map_err(|_| unreadable("it is no DSSE envelope".to_owned()))?;
    // By whom it says to be decides whose key it must be signed with, and nothing more.
    let said = unverified(&envelope).map_err(unreadable)?;
    let who = one_line(&said.who);
    let trusted = trusted(subject, &who, &file, envelope.named_keys().next().map(one_line))?;
    let key = public_half(subject, &who, &said.key).filter(|key| key.name().to_string() == trusted);
    let verified = key.and_then(|key| Some((envelope.verified(APPROVAL_KIND, &key).ok()?, key)));
    let Some((payload, key)) = verified else { return Err(ApprovalProblem::NotSigned { file, who }) };
    let statement: ApprovalStatement = serde_json::from_slice(&payload).map_err(|error| unreadable(error.to_string()))?;
    let same = [
        ("environment", &statement.environment, subject.environment_name),
        ("scenario", &statement.scenario, subject.scenario),
        ("plan", &statement.plan, &subject.plan),
    ];
    if let Some((what, approved, asked)) = same.into_iter().find(|(_, approved, asked)| approved.as_str() != *asked) {
        return Err(ApprovalProblem::Other { file, what, approved: one_line(approved), asked: asked.to_owned() });
    }
    if let Some((path, how)) = changed(&statement.files, &subject.files) {
        return Err(ApprovalProblem::FileChanged { file, path, how });
    }
    let until = told(statement.until);
    let record =
        Approved { who, how: ApprovalWay::Signed, key: Some(key.name().to_string()), until: Some(until), plan: subject.plan.clone() };
    let approval = Approval { record, until: Some(statement.until) };
    approval.holds(now)?;
    Ok(approval)
}

/// The approval of somebody who typed the environment's name at the terminal.
pub fn typed(subject: &ApprovalSubject<'_>, who: &str, words: &str) -> Result<Approval, ApprovalProblem> {
    if words.trim() != subject.environment_name {
        return Err(ApprovalProblem::Mistyped { environment: subject.environment_name.to_owned() });
    }
    let record = Approved { who: who.to_owned(), how: ApprovalWay::Typed, key: None, until: None, plan: subject.plan.clone() };
    Ok(Approval { record, until: None })
}

/// Whether these approvals are enough for a drill now.
///
/// # Errors
/// Which is missing, has ended, is of another plan, or is there twice.
pub fn are_enough(subject: &ApprovalSubject<'_>, given: &[Approval], now: DateTime<Utc>) -> Result<(), ApprovalProblem> {
    let Some(needed) = needed(subject.environment) else { return Ok(()) };
    let (mut who, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for Approval { record, .. } in given {
        if record.plan != subject.plan {
            let (file, approved, asked) = (format!("the approval by {}", record.who), record.plan.clone(), subject.plan.clone());
            return Err(ApprovalProblem::Other { file, what: "plan", approved, asked });
        }
        if !who.insert(&record.who) || record.key.as_ref().is_some_and(|key| !keys.insert(key)) {
            return Err(ApprovalProblem::Twice { who: record.who.clone() });
        }
    }
    for approval in given {
        approval.holds(now)?;
    }
    let counts = |approval: &&Approval| {
        let of = |(who, how): &(String, ApprovalWay)| *who == approval.record.who && *how == approval.record.how;
        needed.of.is_empty() && approval.record.how == ApprovalWay::Typed || needed.of.iter().any(of)
    };
    let given = given.iter().filter(counts).collect::<Vec<_>>();
    if given.len() >= needed.needed {
        return Ok(());
    }
    let of = needed.of.iter().map(|(who, _)| who.clone()).filter(|who| !given.iter().any(|approval| approval.record.who == *who)).collect();
    Err(ApprovalProblem::Missing { environment: subject.environment_name.to_owned(), needed: needed.needed, given: given.len(), of })
}

impl Approval {
    /// Whether it holds at a moment.
    ///
    /// # Errors
    /// Where it has ended.
    pub fn holds(&self, now: DateTime<Utc>) -> Result<(), ApprovalProblem> {
        match self.until.filter(|until| *until <= now) {
            Some(until) => Err(ApprovalProblem::Expired { who: self.record.who.clone(), until: told(until), now: told(now) }),
            None => Ok(()),
        }
    }
}

fn told(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn unverified(envelope: &Envelope) -> Result<ApprovalStatement, String> {
    if envelope.payload_type != APPROVAL_KIND {
        return Err(format!("it is a signed `{}`", one_line(&envelope.payload_type)));
    }
    let payload = envelope.unverified().map_err(|error| error.to_string())?;
    let whole: serde_json::Value = serde_json::from_slice(&payload).map_err(|error| error.to_string())?;
    let form = whole["approval"].as_str().unwrap_or("none");
    if form.split('.').next() != FORM.split('.').next() {
        return Err(format!("its form is {}, and this build reads {FORM}", one_line(form)));
    }
    serde_json::from_value(whole).map_err(|error| error.to_string())
}

/// The name of the key that the inventory trusts for an approver.
fn trusted(subject: &ApprovalSubject<'_>, who: &str, file: &str, signer: Option<String>) -> Result<String, ApprovalProblem> {
    let (file, environment) = (file.to_owned(), subject.environment_name.to_owned());
    let Some(approvals) = &subject.environment.approvals else { return Err(ApprovalProblem::NobodyNamed { file, environment }) };
    let Some(approver) = approvals.approver(who) else {
        let of = approvals.of.iter().map(|approver| approver.contact.clone()).collect();
        return Err(ApprovalProblem::UnknownApprover { file, who: who.to_owned(), environment, of });
    };
    match &approver.key {
        None => Err(ApprovalProblem::NoKey { file, who: who.to_owned(), key: signer }),
        Some(key) if Approver::is_key_name(key) => Ok(key.clone()),
        Some(key) => key_in(subject.root, key).map(|key| key.name().to_string()).map_err(|why| ApprovalProblem::BadKey {
            who: who.to_owned(),
            key: key.clone(),
            why,
        }),
    }
}

/// As the inventory names it.
fn named_key(subject: &ApprovalSubject<'_>, who: &str) -> String {
    let approver = subject.environment.approvals.as_ref().and_then(|approvals| approvals.approver(who));
    approver.and_then(|approver| approver.key.clone()).unwrap_or_default()
}

/// The public half of an approver's key: from the inventory's file, or as the approval brings it, where the inventory knows its name.
fn public_half(subject: &ApprovalSubject<'_>, who: &str, brought: &str) -> Option<VerifyingKey> {
    let key = named_key(subject, who);
    if Approver::is_key_name(&key) { VerifyingKey::from_pem(brought).ok() } else { key_in(subject.root, &key).ok() }
}

fn key_in(root: &Path, file: &str) -> Result<VerifyingKey, String> {
    let bytes = bytes_of(&root.join(file), 100_000).map_err(|error| error.to_string())?;
    VerifyingKey::from_pem(&String::from_utf8_lossy(&bytes)).map_err(|error| error.to_string())
}

/// The first file that is not as it was approved, and what became of it.
fn changed(approved: &[NamedHash], now: &[NamedHash]) -> Option<(String, &'static str)> {
    let of = |files: &[NamedHash], path: &str| files.iter().find(|file| file.path == path).map(|file| file.sha256.clone());
    let before = approved.iter().find_map(|file| match of(now, &file.path) {
        None => Some((one_line(&file.path), "is gone")),
        Some(hash) if hash != file.sha256 => Some((one_line(&file.path), "has changed since")),
        Some(_) => None,
    });
    before.or_else(|| now.iter().find(|file| of(approved, &file.path).is_none()).map(|file| (file.path.clone(), "is new")))
}

//! What is done with a drill's record so that others can check it: who signs it, who witnesses it, where it is kept.

use super::{CredentialSource, KeptTexts, words};
use crate::units::Duration;
use serde::{Deserialize, Serialize};

/// An inventory's `evidence:`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EvidencePolicy {
    /// Where the private key is that signs each drill: a whole file, or whatever else holds the text of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<CredentialSource>,
    /// Who states when the plan and the whole record were there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessPolicy>,
    /// Where each drill's bundle is kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ship: Vec<ShipTo>,
    /// What is kept of the team's own texts in histories; `None` keeps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<KeptTexts>,
}

/// A time-stamping authority (RFC 3161).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessPolicy {
    /// How it is asked.
    pub from: WitnessSource,
    /// The certificates of whom it must be certified by, as a file in PEM, from the project's root. `None`: who it is is not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// True where nothing is broken before the plan was stamped.
    pub required: bool,
}

/// How a time-stamping authority is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WitnessSource {
    /// At this address, over HTTP.
    Url(String),
    /// By a program, which finds the query in the file `${query}` and writes the answer into the file `${answer}`.
    Run(Vec<String>),
}

/// Where bundles are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShipTo {
    /// A folder, from the project's root.
    Folder(String),
    /// Whatever a program does with the file `${bundle}`.
    Run(Vec<String>),
    /// A bucket of S3, or of what speaks like it.
    S3(Box<BucketPlace>),
}

/// A place in a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketPlace {
    /// The bucket.
    pub bucket: String,
    /// What stands before the bundle's name, without slashes at its ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Its region.
    pub region: String,
    /// Where it answers; `None` for AWS's own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Where the identifier of the access key is.
    pub access_key_id: CredentialSource,
    /// Where the key is.
    pub secret_access_key: CredentialSource,
    /// Where the token of a session is, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<CredentialSource>,
    /// For how long nobody may delete or overwrite it; `None` leaves that to the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<ObjectLock>,
}

/// A lock on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectLock {
    /// For whom it holds.
    pub mode: LockMode,
    /// From when it is stored.
    pub keep: Duration,
}

words! {
    /// For whom a lock on an object holds.
    LockMode {
        /// For everybody, the account's owner included: nothing lifts it.
        Compliance = "compliance",
        /// For everybody but those who were given the right to lift it.
        Governance = "governance",
    }
}

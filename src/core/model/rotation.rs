//! A credential that is replaced: who mints and revokes it, and what a step of a rotation does.

use super::{CredentialSource, words};
use serde::{Deserialize, Serialize};

words! {
    /// One part of a rotation, as a step of a runbook does it.
    RotationPart {
        /// The issuer makes a new key.
        Mint = "mint",
        /// A spare key that somebody made before is the new one.
        Take = "take",
        /// The store holds the new key beside the current one.
        Stage = "stage",
        /// What is staged becomes current.
        Commit = "commit",
        /// The new key becomes current in the store, at once.
        Store = "store",
        /// What was current before the rotation is so again.
        Rollback = "rollback",
        /// The issuer takes the old key back.
        Revoke = "revoke",
        /// Waits until the provider takes the new key.
        Accepted = "accepted",
        /// Waits until the provider refuses the old key: a 401 or 403 that came, never a timeout.
        Refused = "refused",
    }
}

impl RotationPart {
    /// True where it changes nothing.
    pub const fn only_reads(self) -> bool {
        matches!(self, Self::Accepted | Self::Refused)
    }

    /// True where it changes what a store holds.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Stage | Self::Commit | Self::Store | Self::Rollback)
    }

    /// True where the issuer does it.
    pub const fn needs_issuer(self) -> bool {
        matches!(self, Self::Mint | Self::Revoke | Self::Accepted | Self::Refused)
    }
}

/// One part of the rotation of one credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotate {
    /// What is done.
    pub part: RotationPart,
    /// The credential's name in the inventory.
    pub credential: String,
    /// Where `take` finds the spare key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<CredentialSource>,
}

words! {
    /// Which of Azure's two keys.
    AzureSlot {
        /// `Key1`.
        Key1 = "key1",
        /// `Key2`.
        Key2 = "key2",
    }
}

/// Who mints and revokes a credential. Keys of administrators are named by where they are found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Issuer {
    /// OpenAI: the service accounts of a project.
    Openai {
        /// The project's identifier.
        project: String,
        /// An administrator's key, which is another than the project's.
        admin: CredentialSource,
        /// Where it answers, where that is not OpenAI's own address.
        address: Option<String>,
    },
    /// Azure OpenAI: the two keys of a resource.
    Azure {
        /// `/subscriptions/…/accounts/NAME`.
        resource: String,
        /// A bearer token of the management API.
        token: CredentialSource,
        /// The slot that nobody uses, which is renewed.
        idle: AzureSlot,
        /// Where it answers, where that is not Azure's own address.
        address: Option<String>,
    },
    /// AWS Bedrock: service-specific credentials of an IAM user.
    Bedrock {
        /// The IAM user.
        user: String,
        /// Identifier of an access key that may manage it.
        access_key_id: CredentialSource,
        /// That access key.
        secret_access_key: CredentialSource,
        /// Where IAM answers, where that is not AWS's own address.
        address: Option<String>,
    },
    /// AWS: the access keys of an IAM user, which sign requests.
    Iam {
        /// The IAM user.
        user: String,
        /// Identifier of an access key that may manage it.
        access_key_id: CredentialSource,
        /// That access key.
        secret_access_key: CredentialSource,
        /// Where IAM answers, where that is not AWS's own address.
        address: Option<String>,
        /// Where AWS's token service answers, which is asked whether a key lives; where that is not its worldwide address.
        token_service: Option<String>,
        /// What both are signed for, where that is not `us-east-1`: of another partition of AWS, or a token service of one region.
        region: Option<String>,
    },
    /// Google: the keys of a service account.
    Google {
        /// Its e-mail address.
        account: String,
        /// A bearer token.
        token: CredentialSource,
        /// Where IAM answers, where that is not Google's own address.
        address: Option<String>,
    },
    /// Any other, by three commands; lists of arguments.
    Command {
        /// Prints `{"id": …, "key": …}`.
        mint: Vec<String>,
        /// Finds the identifier in `LIFEBOAT_KEY_ID`.
        revoke: Vec<String>,
        /// Takes a key from its standard input and prints `accepted` or `refused`.
        probe: Vec<String>,
        /// The variables of Lifeboat's own environment that they are given besides.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pass: Vec<String>,
    },
}

impl Issuer {
    /// True where a key itself says what the issuer calls it.
    pub const fn names_by_the_key(&self) -> bool {
        matches!(self, Self::Iam { .. })
    }

    /// The variable in which a revoking command finds which key it is.
    pub const KEY_ID: &'static str = "LIFEBOAT_KEY_ID";

    /// The kinds, as written in YAML.
    pub const WORDS: &'static [&'static str] = &["openai", "azure", "bedrock", "iam", "google", "command"];
}

//! AWS Bedrock: long-term API keys, which are service-specific credentials of an IAM user.
//!
//! Traps: `ResetServiceSpecificCredential` has no overlap, so a new one is created and the old one deleted; a user may have two; all this
//! needs AWS credentials of another kind, which are not revoked with it.
//! Source: docs.aws.amazon.com/IAM/latest/APIReference (CreateServiceSpecificCredential, DeleteServiceSpecificCredential).

use super::super::{Pending, SecretError};
use super::iam::{IamUser, element};
use super::openai::no_key;
use super::{KeyId, KeyIssuer, KeyProbe, Minted, Standing};
use crate::units::{AccessKey, Secret};

/// Where IAM is signed for, in the one partition of AWS that has Bedrock's keys.
const REGION: &str = "us-east-1";

/// Those of one IAM user.
#[derive(Debug)]
pub struct BedrockKeys {
    user: IamUser,
    probe: KeyProbe,
}

impl BedrockKeys {
    /// At IAM's address, for one user, by the access key of whoever manages it.
    ///
    /// # Errors
    /// Where the address is none.
    pub fn new(address: &str, user: &str, manager: AccessKey, probe: KeyProbe) -> Result<Self, SecretError> {
        Ok(Self { user: IamUser::new(address, REGION, user, manager)?, probe })
    }
}

impl KeyIssuer for BedrockKeys {
    fn place(&self) -> &str {
        self.user.place()
    }

    fn mint(&self) -> Pending<'_, Minted> {
        Box::pin(async {
            let made = self.user.call("CreateServiceSpecificCredential", &[("ServiceName", "bedrock.amazonaws.com")]).await?;
            match (element(&made, "ServiceSpecificCredentialId"), element(&made, "ServiceCredentialSecret")) {
                (Some(id), Some(value)) => Ok(Minted { id: KeyId(id.to_owned()), value: Secret::new(value.to_owned()) }),
                _ => Err(no_key(self.place())),
            }
        })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Pending<'a, ()> {
        Box::pin(
            async move { self.user.call("DeleteServiceSpecificCredential", &[("ServiceSpecificCredentialId", &id.0)]).await.map(drop) },
        )
    }

    fn probe<'a>(&'a self, value: &'a Secret) -> Pending<'a, Standing> {
        Box::pin(async move { Ok(self.probe.ask(value, self.place()).await) })
    }
}

//! AWS: the access keys of an IAM user, which sign requests. A key is one value: [`AccessKey`].
//!
//! Traps: a user may have two. A new key, and the end of an old one, take some seconds until every region knows of it. Sessions that were
//! begun with a key (`GetSessionToken`) outlive it by up to 36 hours, unless a policy of the user denies what was begun before.
//! Whether a key lives is asked of AWS's token service. Only `InvalidClientTokenId` says that a key is dead: other refusals may mean its
//! secret or this host's clock. (It also says that a key is of another partition of AWS, or the region not switched on: then no key of it is
//! accepted before, and a rotation stops there.)
//! Sources: docs.aws.amazon.com/IAM/latest/APIReference (CreateAccessKey, DeleteAccessKey); docs.aws.amazon.com/STS/latest/APIReference
//! (GetCallerIdentity).

use super::super::call::ApiClient;
use super::super::error::words;
use super::super::{Pending, SecretError};
use super::iam::{IamUser, element, said, whose};
use super::openai::no_key;
use super::probe::unknown;
use super::{KeyId, KeyIssuer, Minted, Standing};
use crate::units::{AccessKey, Secret};

/// What AWS calls the refusal of a key that was deleted or deactivated, or never was.
const DEAD: &str = "InvalidClientTokenId";

/// Those of one IAM user.
#[derive(Debug)]
pub struct AccessKeys {
    user: IamUser,
    token_service: ApiClient,
    region: String,
}

impl AccessKeys {
    /// At the addresses of IAM and of the token service, which are signed for as of this region, for one user, by the access key of whoever
    /// manages it.
    ///
    /// # Errors
    /// Where an address is none.
    pub fn new(address: &str, token_service: &str, region: &str, user: &str, manager: AccessKey) -> Result<Self, SecretError> {
        let user = IamUser::new(address, region, user, manager)?;
        Ok(Self { token_service: ApiClient::to(token_service, None, user.place())?, user, region: region.to_owned() })
    }
}

impl KeyIssuer for AccessKeys {
    fn place(&self) -> &str {
        self.user.place()
    }

    fn mint(&self) -> Pending<'_, Minted> {
        Box::pin(async {
            let made = self.user.call("CreateAccessKey", &[]).await?;
            let (id, secret) = element(&made, "AccessKeyId").zip(element(&made, "SecretAccessKey")).ok_or_else(|| no_key(self.place()))?;
            let key = AccessKey::lasting(id.to_owned(), Secret::from(secret));
            Ok(Minted { value: key.write(), id: KeyId(key.id) })
        })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Pending<'a, ()> {
        Box::pin(async move { self.user.call("DeleteAccessKey", &[("AccessKeyId", &id.0)]).await.map(drop) })
    }

    fn probe<'a>(&'a self, value: &'a Secret) -> Pending<'a, Standing> {
        Box::pin(async move {
            let Some(key) = AccessKey::read(value) else {
                return Ok(Standing::Unknown("it has no `AccessKeyId` and `SecretAccessKey`".to_owned()));
            };
            Ok(match whose(&self.token_service, &self.region, key).await {
                Ok(answer) if answer.is_good() => Standing::Accepted,
                Ok(answer) if element(&answer.text, "Code") == Some(DEAD) => Standing::Refused(answer.status),
                Ok(answer) => Standing::Unknown(format!("status {}, {}", answer.status, words(&said(&answer), &[value]))),
                Err(error) => unknown(&error),
            })
        })
    }

    fn id_of(&self, value: &Secret) -> Option<KeyId> {
        AccessKey::read(value).map(|key| KeyId(key.id))
    }
}

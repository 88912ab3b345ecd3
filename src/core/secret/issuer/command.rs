//! Any issuer by three commands: one mints, one revokes, one asks.
//!
//! *mint* prints `{"id": "…", "key": "…"}`; *revoke* finds the identifier in the environment variable `LIFEBOAT_KEY_ID`; *probe* takes the
//! key from its standard input and prints `accepted` or `refused`, the latter only for a refusal that came from the provider. Anything else
//! that it prints proves nothing.

use super::super::command::Commands;
use super::super::{Pending, SecretError};
use super::openai::no_key;
use super::{KeyId, KeyIssuer, Minted, Standing};
use crate::model;
use crate::units::Secret;
use serde_json::Value;
use std::path::Path;

/// The three commands, as lists of arguments.
#[derive(Debug)]
pub struct IssuerCommands {
    commands: Commands,
    mint: Vec<String>,
    revoke: Vec<String>,
    probe: Vec<String>,
}

impl IssuerCommands {
    /// Of these commands (mint, revoke, probe), which run in `folder` and are given the variables `pass` of this process's environment.
    pub fn new(name: &str, [mint, revoke, probe]: [Vec<String>; 3], pass: Vec<String>, folder: &Path) -> Self {
        let place = format!("the issuer {name}");
        Self { commands: Commands { place, read: Vec::new(), write: None, pass, folder: folder.to_owned() }, mint, revoke, probe }
    }
}

impl KeyIssuer for IssuerCommands {
    fn place(&self) -> &str {
        &self.commands.place
    }

    fn mint(&self) -> Pending<'_, Minted> {
        Box::pin(async {
            let said = self.commands.run(&self.mint, None, None).await?;
            let made: Value = serde_json::from_str(said.expose()).map_err(|_| no_key(self.place()))?;
            match (made["id"].as_str(), made["key"].as_str()) {
                (Some(id), Some(key)) => Ok(Minted { id: KeyId(id.to_owned()), value: Secret::new(key.to_owned()) }),
                _ => Err(no_key(self.place())),
            }
        })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Pending<'a, ()> {
        Box::pin(async move { self.commands.run(&self.revoke, None, Some((model::Issuer::KEY_ID, &id.0))).await.map(drop) })
    }

    fn probe<'a>(&'a self, value: &'a Secret) -> Pending<'a, Standing> {
        Box::pin(async move {
            Ok(match self.commands.run(&self.probe, Some(value), None).await {
                Ok(said) if said.expose() == "accepted" => Standing::Accepted,
                Ok(said) if said.expose() == "refused" => Standing::Refused(401),
                Ok(_) => Standing::Unknown("the command printed neither `accepted` nor `refused`".to_owned()),
                Err(SecretError::Refused { why, .. }) => Standing::Unknown(why),
                Err(_) => Standing::Unknown("the command failed".to_owned()),
            })
        })
    }
}

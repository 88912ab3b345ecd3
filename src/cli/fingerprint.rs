//! `lifeboat fingerprint`: how faults and the control API name a credential.

use super::{Exit, put, say};
use crate::model::CredentialSource;
use crate::secret::{SecretContext, key};
use std::collections::BTreeMap;
use std::path::Path;

/// Prints the fingerprint of a credential, for `match: {key: …}` of a fault. It is the same on every host, so that fault proxies know whose
/// requests are meant; what a drill records and reports are fingerprints of its own.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the credential is: env:NAME, file:PATH or dotenv:PATH#NAME; never the credential itself
    #[arg(value_name = "FROM")]
    from: String,
}

pub(super) fn fingerprint(args: &Args) -> anyhow::Result<Exit> {
    let Some(source) = CredentialSource::parse(&args.from) else {
        // It may be a key that somebody typed, so it is not repeated.
        say("error: this does not say where a credential is\n\nhint: write env:NAME, file:PATH or dotenv:PATH#NAME");
        return Ok(Exit::Usage);
    };
    match key(&source, SecretContext { stores: &BTreeMap::new(), root: Path::new("") }) {
        Ok(key) => {
            put(&format!("{}\n", key.fingerprint()))?;
            Ok(Exit::Met)
        }
        Err(error) => {
            say(&format!("error: {}", crate::units::explained(&error)));
            Ok(Exit::Usage)
        }
    }
}

//! `lifeboat proxy ca`: the local authority, made once, and how to trust it.

use super::{Exit, put, say};
use crate::proxy::{Authority, Origin};
use anyhow::Context;
use std::path::{Path, PathBuf};

/// Makes the local authority that signs for proxies with TLS, once, and tells how to trust it. One that is there is shown, never
/// overwritten. Its key stays in the folder, for its owner alone: whoever has it can stand for any host before all who trust it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The authority's folder [default: lifeboat/authority in $XDG_DATA_HOME or ~/.local/share]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn ca(args: &Args) -> anyhow::Result<Exit> {
    let Some(folder) = args.dir.clone().or_else(usual) else {
        say("error: there is no home folder to keep the authority in\n\nhint: name one with --dir DIR");
        return Ok(Exit::Usage);
    };
    let (_, origin) = match Authority::make(&folder) {
        Ok(made) => made,
        Err(error) => {
            say(&format!("error: {error}"));
            return Ok(Exit::Usage);
        }
    };
    // What is printed is pasted elsewhere, where another folder may be the current one.
    let folder = std::fs::canonicalize(&folder).with_context(|| format!("cannot find {}", folder.display()))?;
    let happened = if origin == Origin::Made { "made" } else { "already there" };
    put(&format!("{happened}: {}\n\n{}", folder.display(), how_to_trust(&folder)))?;
    Ok(Exit::Met)
}

fn usual() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    Some(set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))?.join("lifeboat/authority"))
}

fn how_to_trust(folder: &Path) -> String {
    let (file, folder) = (quoted(&Authority::certificate(folder)), quoted(folder));
    format!(
        "\
Trust it where the gateway runs, and nowhere else:
  export SSL_CERT_FILE={file}         # Python's ssl and httpx (openai, anthropic, LiteLLM), OpenSSL, Go
  export REQUESTS_CA_BUNDLE={file}    # Python's requests
  export AWS_CA_BUNDLE={file}         # boto3
  export NODE_EXTRA_CA_CERTS={file}   # Node
  curl --cacert {file} https://…
  cp {file} /usr/local/share/ca-certificates/lifeboat.crt && update-ca-certificates    # all of a Debian
All but Node's and Debian's trust this authority alone: what must also reach other hosts directly needs both in one file.

Sign with it:
  lifeboat proxy --authority {folder}
"
    )
}

/// As a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = text.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-+".contains(letter));
    if is_plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

//! `lifeboat proxy ca`: the local authority, made once, and how to trust it.

use super::{Exit, environment, put, say, told};
use crate::model::origin_and_path;
use crate::project::Project;
use crate::proxy::{Authority, AuthorityOrigin};
use anyhow::Context;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Makes the local authority that signs for proxies with TLS, once, and tells how to trust it. It may sign for the hosts that proxies stand
/// for and for no other, and for one year; one that is there is shown, or with --renew renewed. Its key stays in the folder, for its
/// owner alone: anybody who has it can pose as these hosts to everybody who trusts it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The authority's folder [default: lifeboat/authority in $XDG_DATA_HOME or ~/.local/share]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A host that it may sign for, with all below its name; repeatable [default: every provider's host and every proxy's `hosts:` of the
    /// inventory that the current folder lies under]
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// The hosts of the inventory's providers, and of the proxies of this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    env: Option<String>,
    /// Renew key and certificate, for a year from now and for today's hosts; then give ca.pem to everybody who trusts the old one
    #[arg(long)]
    renew: bool,
}

pub(super) fn ca(args: &Args) -> anyhow::Result<Exit> {
    let Some(folder) = args.dir.clone().or_else(usual) else {
        say("error: there is no home folder to keep the authority in\n\nhint: name one with --dir DIR");
        return Ok(Exit::Usage);
    };
    let made = hosts(args).and_then(|hosts| Ok((Authority::make(&folder, &hosts, args.renew)?, hosts)));
    let ((_, origin), hosts) = match made {
        Ok(made) => made,
        Err(error) => {
            say(&format!("error: {}", told(&error)));
            return Ok(Exit::Usage);
        }
    };
    // What is printed is pasted elsewhere, where another folder may be the current one.
    let folder = std::fs::canonicalize(&folder).with_context(|| format!("cannot find {}", folder.display()))?;
    let happened = match origin {
        AuthorityOrigin::Made => "made",
        AuthorityOrigin::Found => "already there",
        AuthorityOrigin::Renewed => "renewed",
    };
    let hosts: Vec<String> = hosts.into_iter().collect();
    put(&format!(
        "{happened}: {}\nit may sign for {}, and for this machine's loopback addresses\n\n{}",
        folder.display(),
        hosts.join(", "),
        how_to_trust(&folder)
    ))?;
    Ok(Exit::Met)
}

/// For whom it may sign: those that were named, or those of the inventory.
fn hosts(args: &Args) -> anyhow::Result<BTreeSet<String>> {
    let mut hosts = BTreeSet::new();
    for text in &args.hosts {
        hosts.insert(
            host_of(text).with_context(|| {
                format!("`{text}` is not a host\n\nhint: write a name or an address, for example `--host api.openai.com`")
            })?,
        );
    }
    if args.env.is_some() || args.hosts.is_empty() {
        let (inventory, environments) = match &args.env {
            Some(name) => {
                let (project, environment) = environment::named(name)?.map_err(anyhow::Error::msg)?;
                (project.inventory, vec![environment])
            }
            None => {
                let found = Project::find(Path::new("."));
                let root = found.map_err(|_| anyhow::anyhow!("there is no inventory here that says which hosts the authority may sign for\n\nhint: run it in the project's folder, or name them with --host NAME"))?;
                let (project, _) = Project::open(&root);
                let environments = project.inventory.environments.values().cloned().collect();
                (project.inventory, environments)
            }
        };
        let providers = inventory.providers.values().filter_map(|provider| provider.base_url.as_deref());
        hosts.extend(providers.filter_map(|url| host_of(origin_and_path(url).0.split_once("://")?.1)));
        for place in environments.iter().flat_map(|environment| environment.proxies.values()) {
            hosts.extend(place.hosts.iter().filter_map(|host| host_of(host)));
            hosts.extend(
                place
                    .listen
                    .iter()
                    .filter(|_| place.tls)
                    .filter_map(|listen| host_of(listen))
                    .filter(|host| host != "0.0.0.0" && host != "::"),
            );
        }
    }
    if hosts.is_empty() {
        anyhow::bail!("no provider of the inventory has a base_url, and no proxy has `hosts:`\n\nhint: name the hosts with --host NAME");
    }
    Ok(hosts)
}

/// The host of `host` or `host:port`, as a certificate names it.
fn host_of(text: &str) -> Option<String> {
    let bare = |text: &str| text.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    if bare(text).parse::<IpAddr>().is_ok() {
        return Some(bare(text));
    }
    let host = match text.rsplit_once(':') {
        Some((host, port)) => port.parse::<u16>().is_ok().then(|| bare(host))?,
        None => bare(text),
    };
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = host.parse::<IpAddr>().is_ok() || (!host.is_empty() && !host.starts_with('.') && host.chars().all(letter));
    good.then_some(host)
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

//! `lifeboat token`: who may call the HTTP API and sign in to the page.

use super::stored::StoreOption;
use super::{Exit, note, put, say};
use crate::host;
use crate::project::Project;
use crate::serve::{AccessRole, MadeToken, TokenName, make_token};
use crate::store::{AuditEntry, DrillStore, TokenEntry};
use crate::units::Duration;
use chrono::{DateTime, NaiveDate, Utc};
use clap::Subcommand;
use std::path::Path;

/// Make, list and revoke the tokens by which programs call the HTTP API and people sign in to the page.
///
/// The first token ends the time in which everybody on this host may do everything. Of a token only a hash is kept.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: TokenCommand,
    #[command(flatten)]
    store: StoreOption,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token, and print it this once
    Create(Create),
    /// List tokens: names, roles, when each was used last and ends
    List,
    /// End a token, and the sessions of whoever signed in by it
    Revoke {
        /// Its name
        name: String,
    },
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct Create {
    /// What it is for, as the audit log names it; no two tokens ever have the same name
    name: TokenName,
    /// What it allows: read, run, approve, stop or admin; may be given several times. Each includes reading, and admin everything
    #[arg(long, value_name = "ROLE", required = true, value_parser = role)]
    role: Vec<AccessRole>,
    /// When it ends by itself: after a length of time such as 90d, or at the beginning of a day such as 2027-03-31 (UTC)
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
}

const EXAMPLES: &str = "Examples:
  lifeboat token create ci --role run --expires 90d
  lifeboat token create on-call --role read --role stop
  lifeboat token create prometheus --role read";

fn role(text: &str) -> Result<AccessRole, String> {
    AccessRole::from_word(text).ok_or_else(|| format!("choose one of {}", AccessRole::WORDS.join(", ")))
}

pub(super) fn token(args: &Args) -> anyhow::Result<Exit> {
    let root = Project::find(Path::new("."))?;
    let expires = match &args.command {
        TokenCommand::Create(Create { expires: Some(text), .. }) => match moment(text, Utc::now()) {
            Some(expires) => Some(expires),
            None => {
                say(&format!(
                    "error: `{text}` is no time to come\n\nhint: write a length of time such as 90d, or a day such as 2027-03-31"
                ));
                return Ok(Exit::Usage);
            }
        },
        _ => None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = args.store.open(&root).await?;
        match &args.command {
            TokenCommand::Create(create) => {
                let made = make_token(&store, &create.name, &create.role, expires, &me()).await?;
                told(&store, "token.create", create.name.as_str()).await?;
                shown(&made)?;
            }
            TokenCommand::List => put(&listed(&store.tokens().await?, Utc::now()))?,
            TokenCommand::Revoke { name } => {
                if !store.revoke_token(name, Utc::now()).await? {
                    say(&format!("error: no token `{name}` is open\n\nhint: `lifeboat token list` shows those that are open"));
                    return Ok(Exit::Usage);
                }
                told(&store, "token.revoke", name).await?;
                put(&format!("{name} opens nothing any more\n"))?;
            }
        }
        Ok(Exit::Met)
    })
}

/// A moment in words of the command line.
fn moment(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(day.and_hms_opt(0, 0, 0)?.and_utc());
    }
    now.checked_add_signed(chrono::TimeDelta::from_std(text.parse::<Duration>().ok()?.std()).ok()?)
}

/// The token alone goes to stdout, so that a script can take it.
fn shown(made: &MadeToken) -> anyhow::Result<()> {
    put(&format!("{}\n", made.text.expose()))?;
    let ends = made
        .entry
        .expires
        .map_or_else(|| "it does not end by itself".to_owned(), |at| format!("it ends on {}", at.format("%Y-%m-%d %H:%M UTC")));
    note(&format!("keep it now: it cannot be shown again; {ends}"));
    Ok(())
}

fn listed(tokens: &[TokenEntry], now: DateTime<Utc>) -> String {
    if tokens.is_empty() {
        return "no token was made: `lifeboat serve` listens on loopback alone, and asks nobody there who they are\n".to_owned();
    }
    let day = |at: DateTime<Utc>| at.format("%Y-%m-%d").to_string();
    let rows = tokens.iter().map(|token| {
        let roles: Vec<&str> = token.roles.iter().map(|role| role.word()).collect();
        let ends = match (token.revoked, token.expires) {
            (Some(at), _) => format!("revoked {}", day(at)),
            (None, Some(_)) if !token.is_valid(now) => "expired".to_owned(),
            (None, expires) => expires.map_or_else(|| "-".to_owned(), day),
        };
        let used = token.used.map_or_else(|| "never".to_owned(), day);
        [token.name.clone(), format!("{}…", token.shown), roles.join(","), day(token.made), used, ends]
    });
    let head = ["NAME", "BEGINS WITH", "ROLES", "MADE", "USED", "ENDS"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(rows).collect();
    let wide = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(wide);
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

async fn told(store: &DrillStore, action: &str, name: &str) -> anyhow::Result<()> {
    let host = host::host_name().unwrap_or_default();
    store.add_audit(&AuditEntry::new(Utc::now(), &me(), "command", &host).did(action, name, "done")).await?;
    Ok(())
}

/// This user on this host.
fn me() -> String {
    host::host_name().map_or_else(host::user, |host| format!("{}@{host}", host::user()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_after_a_time_or_on_a_day() {
        let now: DateTime<Utc> = "2026-11-30T09:00:00Z".parse().unwrap();
        let at = |text: &str| moment(text, now).map(|at| at.to_rfc3339());
        assert_eq!(at("90d").as_deref(), Some("2027-02-28T09:00:00+00:00"));
        assert_eq!(at("2027-03-31").as_deref(), Some("2027-03-31T00:00:00+00:00"));
        assert_eq!((at("tomorrow"), at("31.3.2027"), at("")), (None, None, None));
    }
}

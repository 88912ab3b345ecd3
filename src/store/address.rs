//! Where a store is: a file of SQLite, or a database of PostgreSQL.

use super::StoreError;
use crate::units::Secret;
use std::path::{Path, PathBuf};

/// Where the store is below a project's root, where nothing else is said.
const FILE: &str = "drills/lifeboat.db";

/// Where a store is.
#[derive(Debug, Clone)]
pub enum StoreAddress {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of PostgreSQL, with its password.
    Postgres(Secret),
    /// Nowhere: an index for as long as the process runs.
    Memory,
}

impl StoreAddress {
    /// What was given, else that of the project: `drills/lifeboat.db`.
    ///
    /// # Errors
    /// Where a URL of another database was given.
    pub fn of(given: Option<&str>, root: &Path) -> Result<Self, StoreError> {
        let Some(given) = given else { return Ok(Self::File(root.join(FILE))) };
        match given.split_once("://") {
            None => Ok(Self::File(PathBuf::from(given))),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(Secret::from(given))),
            Some((scheme, _)) => Err(StoreError::Address { address: format!("{scheme}://…") }),
        }
    }

    /// For messages: the file, or host and database without user and password.
    pub fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Postgres(url) => {
                let rest = url.expose().split_once("://").map_or("", |(_, rest)| rest);
                let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
                format!("postgres://{}", rest.split('?').next().unwrap_or_default())
            }
            Self::Memory => "the index in memory".to_owned(),
        }
    }

    /// The URL by which the library knows it.
    pub(super) fn url(&self) -> String {
        match self {
            Self::File(path) => {
                // A relative path would be read as a host.
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
                format!("sqlite://{path}?mode=rw")
            }
            Self::Postgres(url) => url.expose().to_owned(),
            Self::Memory => "sqlite::memory:".to_owned(),
        }
    }

    /// The file of lines beside a file of SQLite: `records.jsonl`, with the store's name before it where that is not the usual one.
    pub(super) fn journal(&self) -> Option<PathBuf> {
        let Self::File(path) = self else { return None };
        let stem = path.file_stem()?.to_string_lossy();
        Some(path.with_file_name(if stem == "lifeboat" { "records.jsonl".to_owned() } else { format!("{stem}.records.jsonl") }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_file_or_a_database_and_tells_no_password() {
        let root = Path::new("/p");
        let of = |given: Option<&str>| StoreAddress::of(given, root).unwrap();
        assert_eq!(of(None).place(), "/p/drills/lifeboat.db");
        assert_eq!(of(None).journal().unwrap(), Path::new("/p/drills/records.jsonl"));
        assert_eq!(of(Some("x/a?b#c%d.db")).journal().unwrap(), Path::new("x/a?b#c%d.records.jsonl"));
        assert!(of(Some("/x/a?b#c%d.db")).url().ends_with("/x/a%3Fb%23c%25d.db?mode=rw"));
        let shared = of(Some("postgres://ann:secret@db.example/drills?sslmode=require"));
        assert_eq!((shared.place().as_str(), shared.journal()), ("postgres://db.example/drills", None));
        let error = StoreAddress::of(Some("mysql://ann:secret@db/x"), root).unwrap_err().to_string();
        assert_eq!(error, "`mysql://…` is no address of a store");
    }
}

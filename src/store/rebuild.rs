//! The index made again from the folders, and said whether it is well.

use super::address::StoreAddress;
use super::backup::beside;
use super::drill_store::DrillStore;
use super::error::StoreError;
use super::holder;
use super::journal;
use super::replay::PutBack;
use super::sync::Synced;
use std::path::{Path, PathBuf};

/// What making it again came to.
#[derive(Debug, Clone, Default)]
pub struct Rebuilt {
    /// Where the damaged file is now, where there was one.
    pub set_aside: Option<PathBuf>,
    /// What was put back of `records.jsonl`, where the file is a new one.
    pub put_back: Option<PutBack>,
    /// The folders.
    pub synced: Synced,
}

/// What a look at the store found.
#[derive(Debug, Clone, Default)]
pub struct StoreHealth {
    /// The version of its tables.
    pub version: i64,
    /// Drills, executions and series that it knows, with the trials of series.
    pub drills: u64,
    /// Findings of theirs.
    pub findings: u64,
    /// Lines in `records.jsonl`; `None` where there is none for such a store.
    pub lines: Option<u64>,
    /// What is wrong, a sentence each.
    pub problems: Vec<String>,
}

impl DrillStore {
    /// Makes the index of drills and findings again from the folders of a project. A file that is damaged is set aside, a new one made, and what
    /// `records.jsonl` holds put back into it.
    ///
    /// # Errors
    /// Where it cannot be opened for another reason, or another process has the damaged file open.
    pub async fn rebuild(address: StoreAddress, root: &Path, more: &[PathBuf]) -> Result<(Self, Rebuilt), StoreError> {
        let mut rebuilt = Rebuilt::default();
        let opened = match Self::open_telling(address.clone()).await {
            Ok((store, put_back)) => store.sound().await.map(|()| (store, put_back)),
            Err(error) => Err(error),
        };
        let store = match opened {
            Ok((store, put_back)) => {
                rebuilt.put_back = put_back;
                store
            }
            Err(StoreError::Damaged { place, source }) => {
                let StoreAddress::File(path) = &address else { return Err(StoreError::Damaged { place, source }) };
                let holders = holder::of(path);
                if !holders.is_empty() {
                    return Err(StoreError::Locked { place, holders, source });
                }
                rebuilt.set_aside = Some(set_aside(path)?);
                let (store, put_back) = Self::open_telling(address).await?;
                rebuilt.put_back = put_back;
                store
            }
            Err(error) => return Err(error),
        };
        rebuilt.synced = store.read_again(root, more).await?;
        Ok((store, rebuilt))
    }

    /// Sees that no page of the file is damaged.
    async fn sound(&self) -> Result<(), StoreError> {
        if self.is_shared() {
            return Ok(());
        }
        let told: Vec<String> =
            sqlx::query_scalar("PRAGMA quick_check(5)").fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        match told.as_slice() {
            [fine] if fine == "ok" => Ok(()),
            told => {
                let source = sqlx::Error::Protocol(told.join("; "));
                self.pool.close().await;
                Err(StoreError::Damaged { place: self.address().place(), source })
            }
        }
    }

    /// Says whether the store is well, and changes nothing.
    ///
    /// # Errors
    /// Where it cannot be asked.
    pub async fn check(&self) -> Result<StoreHealth, StoreError> {
        let mut health = StoreHealth { version: self.version().await?, ..StoreHealth::default() };
        match self.sound().await {
            Err(StoreError::Damaged { source, .. }) => {
                health.problems.push(format!("the file is damaged: {source}"));
                return Ok(health);
            }
            sound => sound?,
        }
        let count = async |table: &str| -> Result<u64, StoreError> {
            let text = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
            let count: i64 = sqlx::query_scalar(text).fetch_one(&self.pool).await.map_err(|source| self.failed(source))?;
            Ok(u64::try_from(count).unwrap_or(0))
        };
        health.drills = count("drills").await?;
        health.findings = count("findings").await?;
        if !self.is_shared() {
            let broken: Vec<String> = sqlx::query_scalar("SELECT \"table\" FROM pragma_foreign_key_check")
                .fetch_all(&self.pool)
                .await
                .map_err(|source| self.failed(source))?;
            health.problems.extend((!broken.is_empty()).then(|| format!("rows of {} name others that are not there", broken.join(", "))));
        }
        if let Some(path) = self.journal() {
            match journal::lines(&path) {
                Ok((lines, broken)) => {
                    health.lines = Some(lines.len() as u64);
                    let torn = || format!("{broken} lines of {} cannot be read", path.display());
                    health.problems.extend((broken > 0).then(torn));
                }
                Err(error) => health.problems.push(format!("{} cannot be read: {error}", path.display())),
            }
        }
        Ok(health)
    }
}

/// Gives a damaged file, and what SQLite keeps beside it, another name.
fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let to = beside(path, &format!("damaged-{}", chrono::Utc::now().format("%Y-%m-%dT%H-%M-%S%.3f")));
    for end in ["-wal", "-shm", ""] {
        let with = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        match std::fs::rename(with(path), with(&to)) {
            Err(source) if end.is_empty() => return Err(StoreError::File { path: path.to_owned(), source }),
            _ => {}
        }
    }
    Ok(to)
}

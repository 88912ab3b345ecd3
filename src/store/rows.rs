//! The rows of drills, their places and their findings, written many at a time.

use super::entry::{DrillEntry, RunKind};
use super::finding::FindingEntry;
use super::look::FolderLook;
use super::sources::DrillSources;
use crate::units::sha256_hex;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Rows of one statement.
const ROWS: usize = 50;

/// What is to be changed in the index.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Folders that were read, with their stamps.
    pub(super) read: Vec<(PathBuf, String, FolderLook)>,
    /// Folders that are gone.
    pub(super) gone: Vec<String>,
}

/// Drills that are known, each with the folders that hold it.
pub(super) type DrillFolders = BTreeMap<String, Vec<String>>;

/// The value of a column.
enum Field {
    Text(String),
    Maybe(Option<String>),
    Number(i64),
}

/// Forgets all drills and findings; where several share the store, those of a project's folders that this host knows.
pub(super) async fn forget_all(connection: &mut AnyConnection, shared: Option<(&str, &Path)>) -> Result<(), sqlx::Error> {
    let Some((host, root)) = shared else {
        for table in ["findings", "reviews", "drills", "places"] {
            sqlx::query(AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut *connection).await?;
        }
        return Ok(());
    };
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned()).to_string_lossy().into_owned() + "/";
    let own = "SELECT drill FROM places WHERE host = $1 AND substr(folder, 1, length($2)) = $2";
    for (table, column) in [("findings", "drill"), ("reviews", "drill"), ("drills", "id")] {
        let text = format!("DELETE FROM {table} WHERE {column} IN ({own})");
        sqlx::query(AssertSqlSafe(text)).bind(host.to_owned()).bind(root.clone()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Does all changes.
pub(super) async fn write(connection: &mut AnyConnection, host: &str, changes: Changes, taken: &DrillFolders) -> Result<(), sqlx::Error> {
    for folder in &changes.gone {
        forget(connection, host, folder).await?;
    }
    let before: BTreeMap<&str, &str> =
        taken.iter().flat_map(|(drill, folders)| folders.iter().map(move |folder| (folder.as_str(), drill.as_str()))).collect();
    let mut places = Vec::new();
    let mut drills: BTreeMap<&str, (&Path, &FolderLook, &DrillEntry)> = BTreeMap::new();
    for (folder, stamp, look) in &changes.read {
        let entry = look.entry.as_ref();
        let name = entry.map_or("", |entry| entry.id.as_str());
        let folder_text = folder.to_string_lossy().into_owned();
        places.push(vec![
            Field::Text(host.to_owned()),
            Field::Text(folder_text.clone()),
            Field::Text(stamp.clone()),
            Field::Text(name.to_owned()),
        ]);
        // It held another one, or holds none any more.
        if before.get(folder_text.as_str()).is_some_and(|before| *before != name) {
            orphan(connection, &folder_text).await?;
        }
        let Some(entry) = entry else { continue };
        // Of copies of one folder the one that is called as its drill is counts.
        let is_named = |folder: &Path| folder.file_name().is_some_and(|name| name == entry.id.as_str());
        let elsewhere = taken.get(&entry.id).into_iter().flatten().any(|other| *other != folder_text && is_named(Path::new(other)));
        let here = drills.get(name).is_some_and(|(other, ..)| is_named(other));
        if is_named(folder) || !(elsewhere || here) {
            drills.insert(name, (folder, look, entry));
        }
    }
    upsert(connection, "places", &["host", "folder", "stamp", "drill"], 2, places).await?;
    let rows = drills.values().map(|(_, look, entry)| drill_row(entry, &look.sources)).collect();
    upsert(connection, "drills", &DRILL_COLUMNS, 1, rows).await?;
    findings(connection, drills.values().map(|(_, look, entry)| (*look, *entry)).collect()).await
}

/// The columns of drills, in the order of their rows here.
const DRILL_COLUMNS: [&str; 14] = [
    "id",
    "kind",
    "series",
    "folder",
    "service",
    "services",
    "scenario",
    "environment",
    "started",
    "state",
    "verdict",
    "record",
    "made_of",
    "sources",
];

fn drill_row(entry: &DrillEntry, sources: &DrillSources) -> Vec<Field> {
    vec![
        Field::Text(entry.id.clone()),
        Field::Text(entry.kind.word().to_owned()),
        Field::Maybe(entry.series.clone()),
        Field::Text(entry.folder.to_string_lossy().into_owned()),
        Field::Text(entry.service.clone()),
        Field::Text(serde_json::to_string(&entry.services).unwrap_or_default()),
        Field::Text(entry.scenario.clone()),
        Field::Text(entry.environment.clone()),
        Field::Number(entry.started.timestamp_millis()),
        Field::Text(entry.state.word().to_owned()),
        Field::Maybe(entry.verdict.map(|verdict| verdict.word().to_owned())),
        Field::Text(serde_json::to_string(entry).expect("an entry has text keys only, and its folder is text")),
        Field::Text(made_of(entry, sources)),
        Field::Text(serde_json::to_string(sources).expect("sources are texts")),
    ]
}

/// The same for drills of which each shows what the others show: of one service, one plan, one state of its files.
fn made_of(entry: &DrillEntry, sources: &DrillSources) -> String {
    let text = serde_json::to_string(&(&entry.service, &entry.plan, &entry.modes, &sources.files));
    let mut hash = sha256_hex(text.unwrap_or_default().as_bytes());
    hash.truncate(32);
    hash
}

/// What the files of findings of these drills say, in the place of what they said before. Trials of a series have none of their own that count.
async fn findings(connection: &mut AnyConnection, drills: Vec<(&FolderLook, &DrillEntry)>) -> Result<(), sqlx::Error> {
    let (mut rows, mut reviews) = (Vec::new(), Vec::new());
    for part in drills.chunks(ROWS) {
        let list = (1..=part.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
        for table in ["findings", "reviews"] {
            let mut query = sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE drill IN ({list})")));
            for (_, entry) in part {
                query = query.bind(entry.id.clone());
            }
            query.execute(&mut *connection).await?;
        }
    }
    for (look, entry) in drills.iter().filter(|(_, entry)| entry.series.is_none() && entry.kind == RunKind::Drill) {
        let Some(kept) = &look.findings else { continue };
        let scenario = kept.scenario.clone().unwrap_or_else(|| entry.scenario.clone());
        let environment = kept.environment.clone().unwrap_or_else(|| entry.environment.clone());
        let started = entry.started.timestamp_millis();
        reviews.push(vec![
            Field::Text(entry.id.clone()),
            Field::Text(scenario.clone()),
            Field::Text(environment.clone()),
            Field::Number(started),
        ]);
        for (place, finding) in kept.entries.iter().enumerate() {
            let finding = FindingEntry::of(entry, finding);
            rows.push(vec![
                Field::Text(entry.id.clone()),
                Field::Number(place as i64),
                Field::Text(finding.id.clone()),
                Field::Text(scenario.clone()),
                Field::Text(environment.clone()),
                Field::Number(started),
                Field::Text(finding.state.word().to_owned()),
                Field::Maybe(finding.owner.clone()),
                Field::Maybe(finding.due_day().map(|day| day.to_string())),
                Field::Text(serde_json::to_string(&finding).expect("a finding has text keys only")),
            ]);
        }
    }
    upsert(connection, "reviews", &["drill", "scenario", "environment", "started"], 1, reviews).await?;
    let columns = ["drill", "place", "finding", "scenario", "environment", "started", "state", "owner", "due", "record"];
    upsert(connection, "findings", &columns, 2, rows).await
}

/// Inserts rows, or replaces those with the same key: the first `key` columns.
async fn upsert(
    connection: &mut AnyConnection,
    table: &str,
    columns: &[&str],
    key: usize,
    rows: Vec<Vec<Field>>,
) -> Result<(), sqlx::Error> {
    let set: Vec<String> = columns[key..].iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let (names, keys, set) = (columns.join(", "), columns[..key].join(", "), set.join(", "));
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let part: Vec<Vec<Field>> = rows.by_ref().take(ROWS).collect();
        let places = |row: usize| (1..=columns.len()).map(move |place| format!("${}", row * columns.len() + place)).collect::<Vec<_>>();
        let values: Vec<String> = (0..part.len()).map(|row| format!("({})", places(row).join(", "))).collect();
        let text = format!("INSERT INTO {table} ({names}) VALUES {} ON CONFLICT ({keys}) DO UPDATE SET {set}", values.join(", "));
        let query = sqlx::query(AssertSqlSafe(text));
        part.into_iter().flatten().fold(query, bound).execute(&mut *connection).await?;
    }
    Ok(())
}

fn bound(query: Query<'static, Any, AnyArguments>, field: Field) -> Query<'static, Any, AnyArguments> {
    match field {
        Field::Text(text) => query.bind(text),
        Field::Maybe(text) => query.bind(text),
        Field::Number(number) => query.bind(number),
    }
}

/// A folder is gone: so is its drill, unless it is known from another place, where it is looked at again.
async fn forget(connection: &mut AnyConnection, host: &str, folder: &str) -> Result<(), sqlx::Error> {
    let text = "DELETE FROM places WHERE host = $1 AND folder = $2";
    sqlx::query(text).bind(host.to_owned()).bind(folder.to_owned()).execute(&mut *connection).await?;
    orphan(connection, folder).await
}

/// The drill that was known from this folder is not in it any more.
async fn orphan(connection: &mut AnyConnection, folder: &str) -> Result<(), sqlx::Error> {
    let found: Option<String> =
        sqlx::query_scalar("SELECT id FROM drills WHERE folder = $1").bind(folder.to_owned()).fetch_optional(&mut *connection).await?;
    let Some(id) = found else { return Ok(()) };
    let looked_again = "UPDATE places SET stamp = '' WHERE drill = $1 AND folder <> $2";
    let others = sqlx::query(looked_again).bind(id.clone()).bind(folder.to_owned()).execute(&mut *connection).await?;
    if others.rows_affected() == 0 {
        for text in ["DELETE FROM drills WHERE id = $1", "DELETE FROM findings WHERE drill = $1", "DELETE FROM reviews WHERE drill = $1"] {
            sqlx::query(text).bind(id.clone()).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

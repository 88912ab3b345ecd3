//! What `records.jsonl` holds, put back into a store that was made anew.

use super::drill_store::DrillStore;
use super::error::StoreError;
use super::journal::{JournalLine, lines};
use serde_json::{Map, Value};
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use std::collections::BTreeMap;

/// Tables that are made from drills' folders, or belong to the library.
const NOT_KEPT: [&str; 5] = ["drills", "findings", "places", "reviews", "_sqlx_migrations"];

/// What was put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PutBack {
    /// Lines that were done again.
    pub lines: u64,
    /// Lines that are torn, or of tables or columns that this build does not know.
    pub left_out: u64,
}

/// A table's columns, and those of them that are its primary key.
struct Columns {
    all: Vec<String>,
    key: Vec<String>,
}

impl DrillStore {
    /// Does the lines of `records.jsonl` again, in their order and all or none.
    pub(super) async fn put_back(&self) -> Result<PutBack, StoreError> {
        let Some(path) = self.journal() else { return Ok(PutBack::default()) };
        let (lines, broken) = lines(&path).map_err(|source| StoreError::File { path, source })?;
        let mut told = PutBack { lines: 0, left_out: broken };
        if lines.is_empty() {
            return Ok(told);
        }
        let tables = self.tables().await?;
        let mut all = self.begin().await?;
        for line in &lines {
            let Some(columns) = tables.get(&line.kind) else {
                told.left_out += 1;
                continue;
            };
            // A line that does not fit is left out alone.
            let done = done_again(&mut all, line, columns).await;
            told.lines += u64::from(done.is_ok());
            told.left_out += u64::from(done.is_err());
        }
        all.commit().await.map_err(|source| self.failed(source))?;
        Ok(told)
    }

    /// The tables of which lines may tell.
    async fn tables(&self) -> Result<BTreeMap<String, Columns>, StoreError> {
        let asked = "SELECT m.name, c.name, c.pk FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY c.cid";
        let rows = sqlx::query(asked).fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        let mut tables: BTreeMap<String, Columns> = BTreeMap::new();
        for row in rows {
            let (table, column): (String, String) = (row.get(0), row.get(1));
            if NOT_KEPT.contains(&table.as_str()) || table.starts_with("sqlite_") {
                continue;
            }
            let columns = tables.entry(table).or_insert_with(|| Columns { all: Vec::new(), key: Vec::new() });
            columns.key.extend((row.get::<i64, _>(2) > 0).then(|| column.clone()));
            columns.all.push(column);
        }
        Ok(tables)
    }
}

/// Does one line again. Names come from the tables themselves, never from the line.
async fn done_again(connection: &mut AnyConnection, line: &JournalLine, columns: &Columns) -> Result<(), sqlx::Error> {
    let table = &line.kind;
    if let Some(gone) = &line.gone {
        let (names, values) = known(gone, &columns.all);
        if names.is_empty() || names.len() < gone.len() {
            return Err(sqlx::Error::RowNotFound);
        }
        let which: Vec<String> = names.iter().enumerate().map(|(place, name)| format!("\"{name}\" = ${}", place + 1)).collect();
        return execute(connection, format!("DELETE FROM \"{table}\" WHERE {}", which.join(" AND ")), values).await;
    }
    let Some(row) = &line.row else { return Err(sqlx::Error::RowNotFound) };
    let (names, values) = known(row, &columns.all);
    if names.is_empty() {
        return Err(sqlx::Error::RowNotFound);
    }
    let list = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let places = (1..=names.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
    let mut text = format!("INSERT INTO \"{table}\" ({list}) VALUES ({places})");
    if !columns.key.is_empty() {
        let key = columns.key.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let set = names.iter().map(|name| format!("\"{name}\" = excluded.\"{name}\"")).collect::<Vec<_>>().join(", ");
        text += &format!(" ON CONFLICT ({key}) DO UPDATE SET {set}");
    }
    execute(connection, text, values).await
}

/// The columns of a row that there are, with their values.
fn known<'a>(row: &'a Map<String, Value>, all: &'a [String]) -> (Vec<&'a String>, Vec<&'a Value>) {
    all.iter().filter_map(|name| Some((name, row.get(name)?))).unzip()
}

async fn execute(connection: &mut AnyConnection, text: String, values: Vec<&Value>) -> Result<(), sqlx::Error> {
    let mut query = sqlx::query(AssertSqlSafe(text));
    for value in values {
        query = match value {
            Value::Null => query.bind(None::<String>),
            Value::Bool(is) => query.bind(i64::from(*is)),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => query.bind(whole),
                None => query.bind(number.as_f64()),
            },
            Value::String(text) => query.bind(text.clone()),
            // Lists and objects are kept as their JSON.
            Value::Array(_) | Value::Object(_) => query.bind(value.to_string()),
        };
    }
    query.execute(connection).await.map(drop)
}

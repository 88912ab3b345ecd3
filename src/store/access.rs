//! Tokens, sessions and sign-ins that have begun. None of them is kept: only its hash is.
//!
//! What this file does not do: make one, or decide what its owner may do (`serve`).

use super::drill_store::DrillStore;
use super::error::StoreError;
use crate::model::AccessRole;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::Row;
use sqlx::any::AnyRow;

/// A minute in milliseconds: as exactly it is kept when something was used last.
const MINUTE: i64 = 60_000;

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenEntry {
    /// Its name, unique for ever: the audit log names it.
    pub name: String,
    /// Its first letters.
    pub shown: String,
    /// What whoever has it may do.
    pub roles: Vec<AccessRole>,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// Who made it.
    pub made_by: String,
    /// When it ends by itself.
    pub expires: Option<DateTime<Utc>>,
    /// When somebody ended it.
    pub revoked: Option<DateTime<Utc>>,
    /// When it was used last, to the minute.
    pub used: Option<DateTime<Utc>>,
}

impl TokenEntry {
    /// Whether it opens anything at a moment.
    pub fn is_valid(&self, now: DateTime<Utc>) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }
}

/// A session of a person with a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    /// Who.
    pub name: String,
    /// What they may do.
    pub roles: Vec<AccessRole>,
    /// The hash of the token by which they signed in, where they did so by one.
    pub token: Option<String>,
    /// When they were seen last, to the minute.
    pub seen: DateTime<Utc>,
    /// When it ends, whatever they do.
    pub expires: DateTime<Utc>,
}

/// A sign-in that a provider was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunSignIn {
    /// What the answer must repeat.
    pub nonce: String,
    /// What proves to the provider that the same server asks.
    pub verifier: String,
    /// The page that was asked for.
    pub back: String,
    /// When it is too late.
    pub expires: DateTime<Utc>,
}

impl DrillStore {
    /// Keeps a token by its hash; `false` where the name is taken, by an ended token as well.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn add_token(&self, entry: &TokenEntry, hash: &str) -> Result<bool, StoreError> {
        let text = "INSERT INTO tokens (name, hash, shown, roles, made, made_by, expires) VALUES ($1, $2, $3, $4, $5, $6, $7) \
                    ON CONFLICT (name) DO NOTHING";
        let done = sqlx::query(text)
            .bind(entry.name.clone())
            .bind(hash.to_owned())
            .bind(entry.shown.clone())
            .bind(roles_text(&entry.roles))
            .bind(entry.made.timestamp_millis())
            .bind(entry.made_by.clone())
            .bind(entry.expires.map(|expires| expires.timestamp_millis()))
            .execute(&self.pool)
            .await;
        if done.map_err(|source| self.failed(source))?.rows_affected() == 0 {
            return Ok(false);
        }
        self.note_token(entry, hash).await?;
        Ok(true)
    }

    /// So that a store that is made anew knows it again: without tokens everybody on this host would be let in.
    async fn note_token(&self, entry: &TokenEntry, hash: &str) -> Result<(), StoreError> {
        let ms = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_millis());
        let TokenEntry { name, shown, roles, made, made_by, expires, revoked, used } = entry;
        let row = json!({
            "name": name, "hash": hash, "shown": shown, "roles": roles, "made": made.timestamp_millis(), "made_by": made_by,
            "expires": ms(*expires), "revoked": ms(*revoked), "used": ms(*used),
        });
        self.note("tokens", &row).await
    }

    /// Every token that was ever made, by name.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn tokens(&self) -> Result<Vec<TokenEntry>, StoreError> {
        let text = "SELECT name, shown, roles, made, made_by, expires, revoked, used FROM tokens ORDER BY name";
        let rows = sqlx::query(text).fetch_all(&self.pool).await.map_err(|source| self.failed(source))?;
        rows.iter().map(token).collect::<Result<_, _>>().map_err(|source| self.failed(source))
    }

    /// The token with this hash.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn token(&self, hash: &str) -> Result<Option<TokenEntry>, StoreError> {
        let text = "SELECT name, shown, roles, made, made_by, expires, revoked, used FROM tokens WHERE hash = $1";
        let row = sqlx::query(text).bind(hash.to_owned()).fetch_optional(&self.pool).await.map_err(|source| self.failed(source))?;
        row.as_ref().map(token).transpose().map_err(|source| self.failed(source))
    }

    /// Whether a token was ever made, be it ended or not.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn has_tokens(&self) -> Result<bool, StoreError> {
        let found = sqlx::query("SELECT name FROM tokens LIMIT 1").fetch_optional(&self.pool).await;
        Ok(found.map_err(|source| self.failed(source))?.is_some())
    }

    /// Ends a token and every session that was begun by it; `false` where there is none of this name that is not ended.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn revoke_token(&self, name: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let text = "UPDATE tokens SET revoked = $1 WHERE name = $2 AND revoked IS NULL";
        let done = sqlx::query(text).bind(at.timestamp_millis()).bind(name.to_owned()).execute(&self.pool).await;
        let ended = done.map_err(|source| self.failed(source))?.rows_affected() == 1;
        let text = "DELETE FROM sessions WHERE token IN (SELECT hash FROM tokens WHERE name = $1)";
        sqlx::query(text).bind(name.to_owned()).execute(&self.pool).await.map_err(|source| self.failed(source))?;
        if ended {
            let row = sqlx::query("SELECT name, hash, shown, roles, made, made_by, expires, revoked, used FROM tokens WHERE name = $1");
            let row = row.bind(name.to_owned()).fetch_one(&self.pool).await.map_err(|source| self.failed(source))?;
            let known = token(&row).and_then(|entry| Ok((entry, row.try_get::<String, _>("hash")?)));
            let (entry, hash) = known.map_err(|source| self.failed(source))?;
            self.note_token(&entry, &hash).await?;
        }
        Ok(ended)
    }

    /// Notes that a token was used, once a minute.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn touch_token(&self, hash: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        let now = at.timestamp_millis();
        let text = "UPDATE tokens SET used = $1 WHERE hash = $2 AND (used IS NULL OR used < $3)";
        let done = sqlx::query(text).bind(now).bind(hash.to_owned()).bind(now - MINUTE).execute(&self.pool).await;
        done.map(drop).map_err(|source| self.failed(source))
    }

    /// Begins a session, and forgets those that are over.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn begin_session(&self, hash: &str, session: &SessionEntry) -> Result<(), StoreError> {
        let now = session.seen.timestamp_millis();
        let over = sqlx::query("DELETE FROM sessions WHERE expires < $1").bind(now).execute(&self.pool).await;
        over.map_err(|source| self.failed(source))?;
        let text = "INSERT INTO sessions (hash, name, roles, token, began, seen, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let done = sqlx::query(text)
            .bind(hash.to_owned())
            .bind(session.name.clone())
            .bind(roles_text(&session.roles))
            .bind(session.token.clone())
            .bind(now)
            .bind(now)
            .bind(session.expires.timestamp_millis())
            .execute(&self.pool)
            .await;
        done.map(drop).map_err(|source| self.failed(source))
    }

    /// The session with this hash.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn session(&self, hash: &str) -> Result<Option<SessionEntry>, StoreError> {
        let text = "SELECT name, roles, token, seen, expires FROM sessions WHERE hash = $1";
        let row = sqlx::query(text).bind(hash.to_owned()).fetch_optional(&self.pool).await.map_err(|source| self.failed(source))?;
        row.as_ref().map(session).transpose().map_err(|source| self.failed(source))
    }

    /// Notes that somebody was seen.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn touch_session(&self, hash: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        let done = sqlx::query("UPDATE sessions SET seen = $1 WHERE hash = $2").bind(at.timestamp_millis()).bind(hash.to_owned());
        done.execute(&self.pool).await.map(drop).map_err(|source| self.failed(source))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn end_session(&self, hash: &str) -> Result<(), StoreError> {
        let done = sqlx::query("DELETE FROM sessions WHERE hash = $1").bind(hash.to_owned()).execute(&self.pool).await;
        done.map(drop).map_err(|source| self.failed(source))
    }

    /// Keeps a sign-in that has begun, and forgets those that were never ended.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn begin_sign_in(&self, hash: &str, begun: &BegunSignIn, now: DateTime<Utc>) -> Result<(), StoreError> {
        let over = sqlx::query("DELETE FROM sign_ins WHERE expires < $1").bind(now.timestamp_millis()).execute(&self.pool).await;
        over.map_err(|source| self.failed(source))?;
        let done = sqlx::query("INSERT INTO sign_ins (hash, nonce, verifier, back, expires) VALUES ($1, $2, $3, $4, $5)")
            .bind(hash.to_owned())
            .bind(begun.nonce.clone())
            .bind(begun.verifier.clone())
            .bind(begun.back.clone())
            .bind(begun.expires.timestamp_millis())
            .execute(&self.pool)
            .await;
        done.map(drop).map_err(|source| self.failed(source))
    }

    /// Takes a sign-in that has begun: it can be taken once.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn take_sign_in(&self, hash: &str) -> Result<Option<BegunSignIn>, StoreError> {
        let text = "DELETE FROM sign_ins WHERE hash = $1 RETURNING nonce, verifier, back, expires";
        let row = sqlx::query(text).bind(hash.to_owned()).fetch_optional(&self.pool).await.map_err(|source| self.failed(source))?;
        let begun = |row: &AnyRow| -> Result<BegunSignIn, sqlx::Error> {
            let expires = moment(row.try_get("expires")?);
            Ok(BegunSignIn { nonce: row.try_get("nonce")?, verifier: row.try_get("verifier")?, back: row.try_get("back")?, expires })
        };
        row.as_ref().map(begun).transpose().map_err(|source| self.failed(source))
    }
}

fn roles_text(roles: &[AccessRole]) -> String {
    serde_json::to_string(roles).unwrap_or_default()
}

/// Roles that this build does not know give nothing.
fn roles_of(text: &str) -> Vec<AccessRole> {
    let words: Vec<String> = serde_json::from_str(text).unwrap_or_default();
    words.iter().filter_map(|word| AccessRole::from_word(word)).collect()
}

fn moment(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

fn token(row: &AnyRow) -> Result<TokenEntry, sqlx::Error> {
    Ok(TokenEntry {
        name: row.try_get("name")?,
        shown: row.try_get("shown")?,
        roles: roles_of(row.try_get("roles")?),
        made: moment(row.try_get("made")?),
        made_by: row.try_get("made_by")?,
        expires: row.try_get::<Option<i64>, _>("expires")?.map(moment),
        revoked: row.try_get::<Option<i64>, _>("revoked")?.map(moment),
        used: row.try_get::<Option<i64>, _>("used")?.map(moment),
    })
}

fn session(row: &AnyRow) -> Result<SessionEntry, sqlx::Error> {
    Ok(SessionEntry {
        name: row.try_get("name")?,
        roles: roles_of(row.try_get("roles")?),
        token: row.try_get("token")?,
        seen: moment(row.try_get("seen")?),
        expires: moment(row.try_get("expires")?),
    })
}

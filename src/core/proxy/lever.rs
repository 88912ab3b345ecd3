//! The lever of a standing proxy: while it is pulled, no new fault is taken, and the drills that use the proxy, which ask for it, stop.
//!
//! Healing, and whatever a drill does on its way out, is let through. It is kept in memory: a proxy that is started again has a lever that is not
//! pulled, and no fault either.

use crate::api::ApiError;
use crate::permission::LeverAnswer;
use crate::units::one_line;
use serde::Deserialize;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Characters of a name or a reason that are kept.
const KEPT: usize = 1_000;

/// What whoever pulls it says.
#[derive(Debug, Deserialize)]
struct Pull {
    reason: String,
    by: Option<String>,
}

/// A lever, and who pulled it.
#[derive(Debug, Default)]
pub(super) struct Lever(Mutex<LeverAnswer>);

impl Lever {
    /// As it is now.
    pub(super) fn shown(&self) -> LeverAnswer {
        self.held().clone()
    }

    /// Pulls it; what it was before. One that is pulled already stays as it is.
    ///
    /// # Errors
    /// Where nobody says why.
    pub(super) fn pull(&self, body: &[u8]) -> Result<LeverAnswer, ApiError> {
        let hint = r#"send {"reason": "…", "by": "…"}"#;
        let Ok(Pull { reason, by }) = serde_json::from_slice::<Pull>(body) else {
            return Err(ApiError::bad_request("bad request body: a lever is pulled for a reason").with_hint(hint));
        };
        let kept = |text: String| one_line(text.trim()).chars().take(KEPT).collect::<String>();
        let reason = kept(reason);
        if reason.is_empty() {
            return Err(ApiError::bad_request("the reason is empty").with_hint(hint));
        }
        let mut lever = self.held();
        let before = lever.clone();
        if !before.stopped {
            let since = Some(chrono::Local::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, false));
            let by = Some(kept(by.unwrap_or_default())).filter(|by| !by.is_empty());
            *lever = LeverAnswer { stopped: true, by, since, reason: Some(reason) };
            tracing::warn!(by = lever.by.as_deref(), reason = lever.reason.as_deref(), "the lever is pulled: no new fault is taken");
        }
        Ok(before)
    }

    /// Lifts it; what it was before.
    pub(super) fn lift(&self) -> LeverAnswer {
        std::mem::take(&mut *self.held())
    }

    /// # Errors
    /// Where it is pulled, so that no new fault is taken.
    pub(super) fn refuses(&self) -> Result<(), ApiError> {
        let lever = self.held();
        if !lever.stopped {
            return Ok(());
        }
        let said = |text: &Option<String>, unknown: &str| text.clone().unwrap_or_else(|| unknown.to_owned());
        let (by, since, reason) = (said(&lever.by, "somebody"), said(&lever.since, "an unknown time"), said(&lever.reason, "no reason"));
        let error = format!("drills are stopped: {by} pulled the lever at {since}: {reason}");
        Err(ApiError::locked(error).with_hint("lifeboat resume --control URL, when that is over"))
    }

    fn held(&self) -> MutexGuard<'_, LeverAnswer> {
        // A panic while it was held leaves a record that is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

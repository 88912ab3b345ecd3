//! A lever that is asked over HTTP. It answers 200 with
//!
//! ```json
//! {"stopped": true, "by": "ada@ops-1", "since": "2026-11-30T12:00:00+01:00", "reason": "the database is being moved"}
//! ```
//!
//! or `{"stopped": false}`; or with a text whose first word is `stopped` or `running`. A standing fault proxy answers so at `/lever`. Whatever else
//! an address answers that a person named counts as pulled. What a standing proxy answers does not: one that is older has no lever, and one that is
//! gone ends the drill anyway.

use super::pulled_lever::{LeverNote, PulledLever};
use crate::model::Environment;
use crate::units::{Secret, with_causes};
use crate::web::{Purpose, ask};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest, in bytes.
const LONGEST: usize = 64 << 10;

/// A lever at an address.
#[derive(Debug, Clone)]
pub struct LeverCall {
    url: String,
    token: Option<Secret>,
    purpose: Purpose,
    lifted_by: String,
    /// Whether no answer counts as pulled.
    pub(super) must_answer: bool,
}

/// What such an address answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeverAnswer {
    /// Whether it is pulled.
    pub stopped: bool,
    /// Who pulled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl LeverCall {
    /// Those of an environment of this name: the address that it names, and its standing proxy's control API.
    pub(super) fn of(name: &str, environment: &Environment) -> Vec<Self> {
        let lifted_by = format!("lifeboat resume --env {name}");
        let token = |variable: &Option<String>| Some(Secret::new(std::env::var(variable.as_ref()?).ok()?.trim().to_owned()));
        let named = environment.lever.as_ref().and_then(|lever| Some((lever.url.clone()?, token(&lever.token_from))));
        let named = named.map(|(url, token)| Self {
            lifted_by: format!("ask who keeps {}", origin(&url)),
            url,
            token,
            purpose: Purpose::Steps,
            must_answer: true,
        });
        let control = environment.control.as_ref().map(|control| Self {
            url: at(&control.url),
            token: token(&control.token_from),
            purpose: Purpose::Faults,
            lifted_by,
            must_answer: false,
        });
        named.into_iter().chain(control).collect()
    }

    /// The lever, where it is pulled.
    ///
    /// # Errors
    /// What is said where it does not say whether it is.
    pub(super) async fn ask(&self) -> Result<Option<PulledLever>, Box<PulledLever>> {
        let pulled = |note, trouble| PulledLever { place: self.place(), note, trouble, lifted_by: self.lifted_by.clone() };
        let unsaid = |trouble: String| Err(Box::new(pulled(None, Some(trouble))));
        let (status, body) = match ask(self.purpose, &self.url, self.token.as_ref(), PATIENCE, LONGEST).await {
            Ok(answer) => answer,
            Err(problem) => return unsaid(format!("cannot be asked ({})", with_causes(&problem))),
        };
        if status != 200 {
            return unsaid(format!("answers with status {status}"));
        }
        match read(&body) {
            Some(answer) if answer.stopped => {
                let unnamed = || "somebody".to_owned();
                let note = LeverNote {
                    lever: 0,
                    by: answer.by.unwrap_or_else(unnamed),
                    since: answer.since.unwrap_or_else(|| "an unknown time".to_owned()),
                    reason: answer.reason.unwrap_or_else(|| "no reason is given".to_owned()),
                };
                Ok(Some(pulled(Some(note), None)))
            }
            Some(_) => Ok(None),
            None => unsaid("answers neither `stopped` nor `running`".to_owned()),
        }
    }

    /// Where it is, for messages: the rest of an address may hold a token.
    fn place(&self) -> String {
        match self.purpose {
            Purpose::Faults => self.url.clone(),
            _ => origin(&self.url),
        }
    }
}

/// The lever of a control API.
fn at(control: &str) -> String {
    let control = control.trim_end_matches('/');
    if control.contains("://") { format!("{control}/lever") } else { format!("http://{control}/lever") }
}

fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{}", authority.rsplit('@').next().unwrap_or_default())
}

/// What an answer says; `None` where it says neither.
fn read(body: &[u8]) -> Option<LeverAnswer> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if text.starts_with('{') {
        return serde_json::from_str(text).ok();
    }
    let (word, rest) = text.split_once(|letter: char| !letter.is_alphanumeric()).unwrap_or((text, ""));
    let reason = Some(rest.trim_start_matches([':', ' ']).trim().to_owned()).filter(|reason| !reason.is_empty());
    match word.to_lowercase().as_str() {
        "stopped" => Some(LeverAnswer { stopped: true, reason, ..LeverAnswer::default() }),
        "running" => Some(LeverAnswer::default()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_one_or_the_other_or_nothing() {
        for (body, stopped) in [
            (r#"{"stopped": true, "by": "ada"}"#, Some(true)),
            (r#"{"stopped": false, "more": 1}"#, Some(false)),
            ("stopped: the database is being moved\n", Some(true)),
            ("Running", Some(false)),
            (r#"{"stopped": "yes"}"#, None),
            ("{", None),
            ("", None),
            ("ok", None),
            ("<title>stopped</title>", None),
        ] {
            assert_eq!(read(body.as_bytes()).map(|answer| answer.stopped), stopped, "{body}");
        }
        assert_eq!(read(b"stopped: why").unwrap().reason.as_deref(), Some("why"));
        assert_eq!(origin("https://user:pass@host:1/path?token=x"), "https://host:1");
        assert_eq!((at("http://127.0.0.1:1/"), at("h:1")), ("http://127.0.0.1:1/lever".into(), "http://h:1/lever".into()));
    }
}

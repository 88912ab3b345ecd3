//! What `lifeboat serve` does besides serving: under which address people find it, who may sign in, whom it posts what happens to, where traces go.
//!
//! What this file does not do: say what a notice holds (`schedule`), or send it (`serve`).

use super::{CredentialSource, OidcProvider, words};
use serde::{Deserialize, Serialize};

words! {
    /// What a notice is about.
    NoticeKind {
        /// A drill will be due, as long beforehand as its schedule says.
        Soon = "drill.soon",
        /// An occurrence is due.
        Due = "drill.due",
        /// An approval is wanted before an occurrence may begin.
        Approval = "drill.approval",
        /// A drill began.
        Started = "drill.started",
        /// A drill ended, with its verdict or without one.
        Verdict = "drill.verdict",
        /// An occurrence was missed.
        Missed = "drill.missed",
        /// A schedule was not kept for longer than its cadence.
        Overdue = "drill.overdue",
        /// A guard stopped a drill.
        Guard = "drill.guard",
        /// Somebody tries whether it arrives.
        Test = "drill.test",
    }
}

/// An inventory's `serve:`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServePolicy {
    /// Where people find its pages, for links; `None` gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Who says who people are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcProvider>,
    /// Where what happens is posted to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<Webhook>,
    /// The collector of OpenTelemetry that gets a trace of each drill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otlp: Option<String>,
}

/// Where what happens is posted to, by Standard Webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// By what it is known in lists and metrics; the URL's host where nothing is said.
    pub name: String,
    /// Where it is posted to; may contain `${VARIABLE}`.
    pub url: String,
    /// Where the secrets are found that it is signed with, as `whsec_…`. Never empty; several while they are exchanged.
    pub secret_from: Vec<CredentialSource>,
    /// What is posted; everything where it is empty.
    pub events: Vec<NoticeKind>,
}

impl Webhook {
    /// Whether it wants this.
    pub fn wants(&self, kind: NoticeKind) -> bool {
        self.events.is_empty() || self.events.contains(&kind)
    }
}

//! The files of a new project as text, a file a kind. Each begins with the line by which editors find its schema.

pub(super) mod inventory;
pub(super) mod pointing;
pub(super) mod runbook;
pub(super) mod scenario;

use super::beginning::BegunProject;
use crate::units::Duration;

/// Where the schemas lie, from the project's root.
pub(super) const SCHEMAS: &str = ".lifeboat/schemas";
/// The runbook, from the project's root.
pub(super) const RUNBOOK: &str = "runbooks/gateway-fails-over.yaml";

/// The line by which an editor with a YAML language server completes and checks a file of this form, one folder below the root.
pub(super) fn modeline(form: &str) -> String {
    format!("# yaml-language-server: $schema=../{SCHEMAS}/{form}.schema.json\n")
}

/// A text between quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.push(' '),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// The times of a drill and of the lab, which follow from the RTO.
pub(super) struct DrillTimes {
    /// An answer is good if it begins within this.
    pub(super) slo: Duration,
    /// When a client gives up.
    pub(super) deadline: Duration,
    /// For so long service must be good.
    pub(super) hold: Duration,
    /// Undisturbed traffic before a fault.
    pub(super) baseline: Duration,
    /// How long a fault lasts.
    pub(super) fault: Duration,
    /// How long a drill watches after it.
    pub(super) watch: Duration,
    /// How long the lab's gateway waits for a provider.
    pub(super) try_timeout: Duration,
    /// How long it leaves one alone.
    pub(super) cooldown: Duration,
    /// The median of the lab's times to the first token, and their 95th percentile.
    pub(super) first_token: [Duration; 2],
}

impl DrillTimes {
    pub(super) fn of(begun: &BegunProject) -> Self {
        let rto = begun.rto.as_nanos() / 1_000_000;
        let millis = Duration::from_millis;
        // The hold is two cooldowns of the lab's breaker and at least 5 s.
        let is_short = rto < 10_000;
        let hold = if is_short { 5_000 } else { 8_000 };
        let slo = (rto / 4).min(2_500);
        Self {
            slo: millis(slo),
            deadline: millis(rto.clamp(slo, 8_000)),
            hold: millis(hold),
            baseline: millis(if is_short { 3_000 } else { 4_000 }),
            fault: millis(rto + hold + 1_000),
            watch: millis(3_000),
            try_timeout: millis(if is_short { rto * 3 / 20 } else { 3_000 }),
            cooldown: millis(if is_short { 2_000 } else { 4_000 }),
            first_token: [millis((slo / 8).min(160)), millis((slo / 4).min(290))],
        }
    }
}

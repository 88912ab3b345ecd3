//! A report as JSON: the whole model as it is, and the verdict beside it. `lifeboat schema report` tells its form.
//!
//! What this file does not do: choose or word anything.

use crate::history::FormatVersion;
use crate::report::model::Report;
use crate::units::is_unprintable;
use crate::verdict::VerdictRecord;
use serde::Serialize;

/// The version of the form of reports in JSON that this build writes. Keys are only ever added to it.
pub const REPORT_FORMAT: FormatVersion = FormatVersion { major: 1, minor: 0 };

/// A report for machines.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct ReportDocument<'r> {
    /// The version of this form.
    pub format: FormatVersion,
    /// The version of Lifeboat that wrote it.
    pub lifeboat: &'static str,
    /// What the report says.
    pub report: &'r Report,
    /// What `verdict.json` says; absent for an execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'r VerdictRecord>,
}

/// The form of reports in JSON, for machines.
pub fn report_schema() -> serde_json::Value {
    let mut schema =
        schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<ReportDocument<'_>>();
    schema.insert("title".to_owned(), "A report of Lifeboat".into());
    let told = "What `lifeboat report --format json` writes. Names that end in `_ns` are nanoseconds, in `_ms` milliseconds. Keys are only ever added.";
    schema.insert("description".to_owned(), told.into());
    schema.to_value()
}

/// The whole report. Two blanks of indentation, a line break at the end.
pub fn report_json(report: &Report, verdict: Option<&VerdictRecord>) -> String {
    written(&ReportDocument { format: REPORT_FORMAT, lifeboat: env!("CARGO_PKG_VERSION"), report, verdict })
}

/// A document, with two blanks of indentation and a line break at the end. What could drive a terminal is escaped, as JSON escapes it.
pub(in crate::report) fn written(document: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(document).expect("what is written has text keys only");
    let mut safe = String::with_capacity(text.len() + 1);
    for letter in text.chars() {
        match letter {
            letter if is_unprintable(letter) => {
                let mut units = [0; 2];
                letter.encode_utf16(&mut units).iter().for_each(|unit| safe.push_str(&format!("\\u{unit:04x}")));
            }
            letter => safe.push(letter),
        }
    }
    safe + "\n"
}

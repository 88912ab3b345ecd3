//! `lifeboat help`: a command's own help, or a topic: a section of the documentation as it stands beside what it describes. The texts are those
//! of the files, and of the faults' declarations, so that nothing is told twice.

use super::reflow::reflowed;
use super::terminal::width;
use super::{Exit, put, say};
use crate::fault::reference;
use crate::units::closest;
use clap::Command;
use std::fmt::Write;
use std::io::IsTerminal;

const README: &str = include_str!("../../README.md");
const SCENARIOS: &str = include_str!("../../scenarios/README.md");
const RUNBOOKS: &str = include_str!("../../runbooks/README.md");
const PROXY: &str = crate::proxy::GUIDE;
const MEASUREMENT: &str = crate::verdict::GUIDE;
const PREDICT: &str = include_str!("../gateway/README.md");
const RECORDS: &str = crate::import::GUIDE;
const EVIDENCE: &str = include_str!("../evidence/README.md");
const READINESS: &str = include_str!("../readiness/README.md");
const SCHEDULES: &str = include_str!("../schedule/README.md");
const QUARTERS: &str = include_str!("../serve/README.md");
const COMPARISONS: &str = include_str!("../compare/README.md");
const PROVE: &str = include_str!("../proof/README.md");

/// Explains a command, or a topic such as `faults`. Without a name: lists all of both.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A topic or a command
    #[arg(value_name = "TOPIC")]
    words: Vec<String>,
}

/// Something that can be read about.
struct Topic {
    name: &'static str,
    /// In a few words, for the list.
    about: &'static str,
    text: &'static str,
    /// The section of the text; the whole where there is none.
    heading: Option<&'static str>,
}

const fn part(name: &'static str, about: &'static str, text: &'static str, heading: &'static str) -> Topic {
    Topic { name, about, text, heading: Some(heading) }
}

const fn whole(name: &'static str, about: &'static str, text: &'static str) -> Topic {
    Topic { name, about, text, heading: None }
}

const TOPICS: [Topic; 33] = [
    part("gateway", "a drill of your own gateway, from its files to the verdict", README, "Your own gateway"),
    part("verdict", "how to read it", README, "How to read the verdict"),
    part("exit-codes", "what a command's exit code says", README, "Exit codes"),
    whole("scenarios", "what goes wrong: everything about scenarios", SCENARIOS),
    part("traffic", "requests, arrivals, workloads, k6", SCENARIOS, "Traffic"),
    part("timeline", "baseline, faults, watch", SCENARIOS, "Timeline"),
    part("faults", "all faults, and which requests they take", SCENARIOS, "Faults"),
    part("objectives", "what can be promised", SCENARIOS, "Objectives"),
    part("inventory", "contacts, providers, services", RUNBOOKS, "Inventory"),
    part("csv", "an inventory in a spreadsheet", RUNBOOKS, "Inventory as CSV"),
    part("environments", "where drills run, and what they may do there", RUNBOOKS, "Environments"),
    part("permission", "hours, freezes, approvals: when a drill may begin", RUNBOOKS, "Permission"),
    part("credentials", "where keys are found, and how they are kept secret", RUNBOOKS, "Credentials"),
    part("stores", "Vault, AWS Secrets Manager, Kubernetes, commands", RUNBOOKS, "Stores"),
    part("issuers", "who mints and revokes keys", RUNBOOKS, "Issuers"),
    part("runbooks", "who does what when it goes wrong", RUNBOOKS, "Runbooks"),
    part("steps", "what a runbook can do", RUNBOOKS, "Steps"),
    part("alerts", "the team's own alert starts the runbook", RUNBOOKS, "Alerts"),
    part("incidents", "a runbook for real", RUNBOOKS, "Incidents"),
    whole("schedules", "when drills are due, and what becomes of each time", SCHEDULES),
    part("switching", "users moved by one line", RUNBOOKS, "Switching by one line"),
    part("examples", "runbooks as real teams walk them", RUNBOOKS, "Examples"),
    part("leaked-keys", "a key is in public", RUNBOOKS, "Leaked keys"),
    whole("proxies", "where the fault proxy can stand", PROXY),
    whole("measurement", "what is measured, and how", MEASUREMENT),
    whole("predict", "the longest time to cut over, from the gateway's configuration", PREDICT),
    whole("records", "judging what other tools recorded", RECORDS),
    whole("evidence", "what a drill leaves, and how others check it", EVIDENCE),
    whole("quarters", "drills every quarter, without anyone remembering", QUARTERS),
    whole("comparisons", "candidate providers side by side: prompts, expectations, what is shown", COMPARISONS),
    whole("readiness", "whether every hop is alive today", READINESS),
    part("bare-history", "a record of your own, as JSON", RECORDS, "Bare histories"),
    whole("controls", "copies that are broken on purpose must go red", PROVE),
];

impl Topic {
    /// Its text, with one heading at the top. That on faults ends with the reference of all of them, from their declarations.
    fn text(&self) -> String {
        let text = self.heading.map_or(self.text, |heading| section(self.text, heading)).trim_end();
        if self.name == "faults" { format!("{text}\n\n{}", reference().trim_end()) } else { text.to_owned() }
    }
}

/// A section of a Markdown file, to the next heading of its level.
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let start = text.find(&format!("\n## {heading}\n")).map_or(text.len(), |place| place + 1);
    let rest = &text[start..];
    rest.find("\n## ").map_or(rest, |end| &rest[..end])
}

/// What a word stands for. `proxy` and `judge` are commands, and there is more to read about them.
fn topic(word: &str) -> Option<&'static Topic> {
    let name = match word {
        "proxy" => "proxies",
        "judge" => "records",
        "execute" => "incidents",
        "verify" => "evidence",
        "schedule" => "schedules",
        "serve" => "quarters",
        "compare" => "comparisons",
        "prove" => "controls",
        word => word,
    };
    TOPICS.iter().find(|topic| topic.name == name)
}

/// The topic that a link in one of the texts leads to: a section, or another of the files.
fn linked(target: &str) -> Option<&'static str> {
    let slug = |heading: &str| heading.to_lowercase().replace(' ', "-");
    let is_meant = |topic: &&Topic| match (topic.heading, target.strip_prefix('#')) {
        (Some(heading), Some(section)) => slug(heading) == section,
        _ => false,
    };
    let of_file = || match target.trim_start_matches("../").trim_end_matches("/README.md") {
        "scenarios" => Some("scenarios"),
        "runbooks" => Some("runbooks"),
        "proxy" | "src/core/proxy" => Some("proxies"),
        "schedule" | "src/schedule" => Some("schedules"),
        "verdict" | "src/core/verdict" => Some("measurement"),
        "import" | "src/core/import" => Some("records"),
        "evidence" | "src/evidence" => Some("evidence"),
        "readiness" | "src/readiness" => Some("readiness"),
        "serve" | "src/serve" => Some("quarters"),
        "proof" | "src/proof" => Some("controls"),
        "gateway" | "src/gateway" => Some("predict"),
        _ => None,
    };
    TOPICS.iter().find(is_meant).map(|topic| topic.name).or_else(of_file)
}

pub(super) fn help(args: &Args, mut command: Command) -> anyhow::Result<Exit> {
    command.build();
    let Some(word) = args.words.first() else {
        put(&format!("{}\n{}", command.render_long_help(), list()))?;
        return Ok(Exit::Met);
    };
    if let Some(found) = subcommand(&mut command, &args.words) {
        put(&format!("{}\n", found.render_long_help().to_string().trim_end()))?;
        if let Some(topic) = topic(word) {
            put(&format!("\n`lifeboat help {}` says more: {}\n", topic.name, topic.about))?;
        }
        return Ok(Exit::Met);
    }
    if let ([_], Some(topic)) = (&args.words[..], topic(word)) {
        // Whoever keeps the text gets it as it is.
        let text = topic.text();
        put(&if std::io::stdout().is_terminal() { reflowed(&text, width().max(20), linked) } else { format!("{text}\n") })?;
        return Ok(Exit::Met);
    }
    let visible = command.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name);
    let known: Vec<&str> = TOPICS.iter().map(|topic| topic.name).chain(visible).collect();
    let typed = args.words.join(" ");
    let meant = closest(&typed, known.into_iter()).map_or_else(String::new, |name| format!("did you mean `{name}`? "));
    say(&format!("error: there is no topic and no command `{typed}`\n\nhint: {meant}`lifeboat help` lists all of them"));
    Ok(Exit::Usage)
}

/// The command of these words, as in `proxy ca`.
fn subcommand<'c>(command: &'c mut Command, words: &[String]) -> Option<&'c mut Command> {
    words.iter().try_fold(command, |command, word| command.find_subcommand_mut(word))
}

fn list() -> String {
    let mut text = "Topics of `lifeboat help TOPIC`:\n".to_owned();
    for topic in &TOPICS {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {:<14}{}", topic.name, topic.about);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_a_text_that_begins_with_its_heading_and_ends_before_the_next() {
        for topic in &TOPICS {
            let text = topic.text();
            assert!(text.len() > 100, "{}: {text:?}", topic.name);
            let headings = text.lines().filter(|line| line.starts_with("## ")).count();
            match topic.heading {
                Some(heading) => assert!(text.starts_with(&format!("## {heading}\n")) && headings == 1, "{}: {headings}", topic.name),
                None => assert!(text.starts_with("# "), "{}", topic.name),
            }
        }
    }

    #[test]
    fn links_lead_to_topics_and_on_a_terminal_every_text_fits() {
        assert_eq!(
            ["#inventory-as-csv", "../src/core/verdict/README.md", "provider-outage.yaml"].map(linked),
            [Some("csv"), Some("measurement"), None]
        );
        for topic in &TOPICS {
            let shown = reflowed(&topic.text(), 60, linked);
            assert!(!shown.contains("](") && !shown.contains("See `src/"), "{}: {shown}", topic.name);
            let mut is_code = false;
            for line in shown.lines() {
                is_code ^= line.starts_with("```");
                let is_free = is_code || line.starts_with(['|', '#', '`']) || line.trim().split(' ').count() == 1;
                assert!(is_free || line.chars().count() <= 60, "{}: {line}", topic.name);
            }
        }
    }

    #[test]
    fn no_two_topics_have_the_same_name_and_every_section_of_the_references_is_one() {
        for (place, topic) in TOPICS.iter().enumerate() {
            assert!(TOPICS[..place].iter().all(|other| other.name != topic.name), "{}", topic.name);
        }
        for text in [RUNBOOKS, RECORDS] {
            for heading in text.lines().filter_map(|line| line.strip_prefix("## ")) {
                let is_topic = TOPICS.iter().any(|topic| topic.heading == Some(heading));
                assert!(is_topic || text == RECORDS, "nobody finds {heading}");
            }
        }
    }
}

//! The commands as `--help` lists them: under headings, by what they are for. (clap has headings for options alone.)

use super::Cli;
use super::terminal::width;
use clap::CommandFactory;
use std::io::IsTerminal;

/// Each visible command stands under one heading, in this order. One that is missing here stands under the last.
const GROUPS: [(&str, &[&str]); 8] = [
    ("Drills", &["check", "doctor", "trust", "run", "stop", "resume", "approve", "lab"]),
    ("In an incident", &["execute", "review"]),
    ("Reading", &["judge", "report", "show", "findings"]),
    ("Which provider, and is it ready", &["compare", "ready", "prove"]),
    ("Every quarter", &["schedule", "serve", "list", "coverage", "ledger", "notify", "token", "store"]),
    ("Evidence", &["verify", "key", "bundle"]),
    ("The fault proxy", &["proxy", "heal", "fingerprint"]),
    ("Set-up", &["init", "schema", "completions", "man", "help"]),
];

/// Columns before what a command is for.
const INDENT: usize = 15;

/// The whole command line, as it is parsed and as help shows it.
pub(super) fn command() -> clap::Command {
    let command = Cli::command();
    // Where it is read by no terminal it is as wide as clap makes the rest.
    let width = if std::io::stdout().is_terminal() { width() } else { 100 };
    let listed = listed(&command, width.clamp(50, 100));
    command.help_template(format!("{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{listed}Options:\n{{options}}{{after-help}}"))
}

/// The same for whoever completes or documents it: without the commands that are not for people.
pub(super) fn visible() -> clap::Command {
    let whole = command();
    let subcommands = whole.get_subcommands().filter(|each| !each.is_hide_set()).cloned();
    let bare = clap::Command::new("lifeboat").version(env!("CARGO_PKG_VERSION")).subcommand_required(true).disable_help_subcommand(true);
    let about = whole.get_about().cloned().unwrap_or_default();
    bare.about(about).after_help(super::exit::TABLE).args(whole.get_arguments().cloned()).subcommands(subcommands)
}

fn listed(command: &clap::Command, width: usize) -> String {
    let mut text = String::new();
    for (place, (heading, _)) in GROUPS.iter().enumerate() {
        text += &format!("{heading}:\n");
        for (name, about) in commands(command).iter().filter(|(name, _)| group(name) == place) {
            text += &format!("  {name:<12} {}\n", hung(about, width));
        }
        text.push('\n');
    }
    text
}

/// Visible commands in the order of the table, and what each is for.
fn commands(command: &clap::Command) -> Vec<(String, String)> {
    let about = |each: &clap::Command| each.get_about().map(ToString::to_string).unwrap_or_default();
    let visible = command.get_subcommands().filter(|each| !each.is_hide_set());
    let mut all: Vec<(String, String)> = visible.map(|each| (each.get_name().to_owned(), about(each))).collect();
    // clap makes its own only when it parses.
    if !all.iter().any(|(name, _)| name == "help") && !command.is_disable_help_subcommand_set() {
        all.push(("help".to_owned(), "Print this, or the help of a command".to_owned()));
    }
    all.sort_by_key(|(name, _)| (group(name), GROUPS.iter().flat_map(|(_, names)| *names).position(|known| known == name)));
    all
}

fn group(name: &str) -> usize {
    GROUPS.iter().position(|(_, names)| names.contains(&name)).unwrap_or(GROUPS.len() - 1)
}

/// Broken between words, and what goes on indented.
fn hung(text: &str, width: usize) -> String {
    super::terminal::broken(text, width - INDENT).replace('\n', &format!("\n{}", " ".repeat(INDENT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_stands_once_in_the_help_under_a_heading_of_its_own() {
        let command = command();
        command.clone().debug_assert();
        let mut table: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let visible = commands(&command);
        let mut known: Vec<&str> = visible.iter().map(|(name, _)| name.as_str()).collect();
        table.sort_unstable();
        known.sort_unstable();
        assert_eq!(table, known, "the table is to name each command once");
        let help = command.clone().render_help().to_string();
        for (name, about) in &visible {
            let line = format!("  {name:<12} {}", about.split(' ').next().unwrap());
            assert_eq!(help.matches(&line).count(), 1, "{name}: {help}");
        }
        for (heading, _) in GROUPS {
            assert!(help.contains(&format!("\n{heading}:\n")), "{help}");
        }
        assert!(!help.contains("watchdog") && !help.contains("keep "), "{help}");
        assert!(help.contains("--quiet") && help.contains("--color") && help.contains("the worst counts: 70"), "{help}");
    }

    #[test]
    fn a_list_of_commands_fits_where_it_is_shown() {
        for width in [50, 60, 80, 100] {
            let listed = listed(&Cli::command(), width);
            assert!(listed.lines().all(|line| line.chars().count() <= width), "{width}: {listed}");
        }
    }
}

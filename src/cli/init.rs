//! `lifeboat init`: a project to begin with. It reads one file or asks six questions, and writes only what is not there.

use super::terminal::note;
use super::{Exit, put, say, told};
use crate::gateway;
use crate::host::bytes_of;
use crate::init::{Answers, BegunProject, InitQuestion, files, from_gateway, from_variables, is_variables, place};
use crate::units::{Problem, explained};
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

/// Writes an inventory, three scenarios, a runbook that only watches, and schemas for editors; `lifeboat check` accepts them, and the lab plays them
/// at once.
///
/// From a gateway's configuration it takes providers, their order, and where their keys are; from a .env file the names of variables. Without a file it
/// asks six questions. Keys stay references: no value of one is kept. What is there already is never written over.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A configuration of LiteLLM, Portkey, Envoy, HAProxy or nginx, or a .env file
    #[arg(value_name = "FROM")]
    from: Option<PathBuf>,
    /// Where to; it is made where there is none
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// What users ask: the service's name
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Who serves it, without FROM: azure-openai, openai, anthropic, bedrock, vertex, gemini, …, or an address
    #[arg(long, value_name = "PROVIDER", conflicts_with = "from")]
    primary: Option<String>,
    /// Who serves it when that does not, without FROM; or `none`
    #[arg(long, value_name = "PROVIDER", conflicts_with = "from")]
    standby: Option<String>,
    /// Where users reach it
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    /// Within which time users must be served again; the drills are as long as it takes to prove that
    #[arg(long, value_name = "TIME")]
    rto: Option<String>,
    /// Whose it is: a name, or an e-mail address
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Ask nothing: what no option says is as usual
    #[arg(long, short)]
    yes: bool,
}

const EXAMPLES: &str = "Examples:
  lifeboat init litellm/config.yaml
  lifeboat init .env --service support-chat --rto 30s
  lifeboat init
  lifeboat init --yes --primary anthropic --standby bedrock --dir drills-of-chat";

/// The largest file that is read.
const FILE_MAX: usize = 5_000_000;
/// So many warnings are told.
const WARNINGS_TOLD: usize = 12;

pub(super) fn init(args: &Args) -> anyhow::Result<Exit> {
    // Whatever goes wrong here is about what was typed, or about what lies in the folder.
    begin(args).or_else(|error| {
        say(&format!("error: {}", told(&error)));
        Ok(Exit::Usage)
    })
}

fn begin(args: &Args) -> anyhow::Result<Exit> {
    let begun = match &args.from {
        Some(from) => of_file(from, args)?,
        None => of_answers(args)?,
    }
    .without_clear_text();
    let files = files(&begun);
    let left = place(&files, &args.dir)?;
    for file in files.iter().filter(|file| !left.contains(&file.path)) {
        put(&format!("{}\n", args.dir.join(&file.path).display()))?;
    }
    for warning in begun.warnings.iter().take(WARNINGS_TOLD) {
        say(&format!("warning: {warning}"));
    }
    if begun.warnings.len() > WARNINGS_TOLD {
        say(&format!("and {} more warnings", begun.warnings.len() - WARNINGS_TOLD));
    }
    if left.iter().any(|path| path == ".gitignore") {
        note("there is a .gitignore already: see that it names /drills/");
    }
    note(&next(&args.dir));
    Ok(Exit::Met)
}

/// What to type next.
fn next(dir: &Path) -> String {
    let first = BegunProject::FIRST_SCENARIO;
    let go = if dir == Path::new(".") { String::new() } else { format!("cd {} && ", quoted(&dir.display().to_string())) };
    format!(
        "\nnext, in the lab:        {go}lifeboat check && lifeboat run {first}\n\
         then, in an editor:      runbooks/inventory.yaml tells what to change in the gateway, and which addresses are missing\n\
         then, the real gateway:  lifeboat doctor {first} --env {}",
        BegunProject::REAL
    )
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let is_plain = path.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-+".contains(letter));
    if is_plain { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

/// From a configuration, or from the names of variables.
fn of_file(from: &Path, args: &Args) -> anyhow::Result<BegunProject> {
    let shown = from.display().to_string();
    let unread = |error: std::io::Error| {
        Problem::new(format!("cannot read {shown}")).caused_by(error).hint("name a configuration of a gateway or a .env file")
    };
    let bytes = bytes_of(from, FILE_MAX).map_err(unread)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Problem::new(format!("{shown} is no text")).hint("name a configuration of a gateway or a .env file"))?;
    let inside = within(from, &args.dir);
    let mut begun = if is_variables(&shown) {
        from_variables(&text, inside.as_deref(), &shown)?
    } else {
        let kind = gateway::kind_of(&shown, &text).ok_or_else(|| {
            Problem::new(format!("{shown} is no configuration of a gateway that is known here"))
                .hint("it knows those of LiteLLM, Portkey, Envoy, HAProxy and nginx, and .env files; without a file it asks six questions")
        })?;
        let setup = gateway::read(kind, &text).map_err(|problem| {
            let told = Problem::new(format!("{shown}: {problem}"));
            match problem.hint {
                Some(hint) => told.hint(hint),
                None => told,
            }
        })?;
        from_gateway(&setup, inside.as_deref(), &shown)
    };
    for (question, text) in [
        (InitQuestion::Service, &args.service),
        (InitQuestion::Gateway, &args.gateway),
        (InitQuestion::Rto, &args.rto),
        (InitQuestion::Owner, &args.owner),
    ] {
        if let Some(text) = text {
            begun.answer(question, text)?;
        }
    }
    Ok(begun)
}

/// The path of a file from a folder's root, where it lies below it.
fn within(file: &Path, folder: &Path) -> Option<String> {
    let file = std::fs::canonicalize(file).ok()?;
    let folder = std::fs::canonicalize(folder).ok()?;
    file.strip_prefix(folder).ok()?.to_str().map(str::to_owned)
}

/// From options, and from answers at a terminal.
fn of_answers(args: &Args) -> anyhow::Result<BegunProject> {
    let given = |question| match question {
        InitQuestion::Service => &args.service,
        InitQuestion::Primary => &args.primary,
        InitQuestion::Standby => &args.standby,
        InitQuestion::Gateway => &args.gateway,
        InitQuestion::Rto => &args.rto,
        InitQuestion::Owner => &args.owner,
    };
    let is_there = std::io::stdin().is_terminal();
    if !args.yes && !is_there && InitQuestion::ALL.iter().any(|question| given(*question).is_none()) {
        let hint =
            "name a configuration or a .env file, or say `--yes` for the usual answers, beside options such as `--primary` and `--rto`";
        return Err(Problem::new("there is nobody at a terminal to ask").hint(hint).into());
    }
    let mut answers = Answers::default();
    for question in InitQuestion::ALL {
        match given(question) {
            Some(text) => answers.take(question, text)?,
            None if args.yes => answers.take(question, &question.usual(&answers))?,
            None => ask(question, &mut answers)?,
        }
    }
    Ok(answers.beginning())
}

/// Asks until there is an answer that can be taken.
fn ask(question: InitQuestion, answers: &mut Answers) -> anyhow::Result<()> {
    let usual = question.usual(answers);
    loop {
        say(&format!("{} [{usual}]", question.text()));
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(Problem::new("nobody answers any more").hint("nothing was written; `--yes` takes the usual answers").into());
        }
        let text = if line.trim().is_empty() { usual.as_str() } else { line.trim() };
        match answers.take(question, text) {
            Ok(()) => return Ok(()),
            Err(problem) => say(&explained(&problem)),
        }
    }
}

//! `lifeboat compare`: candidate providers side by side, on the team's own prompts.
//!
//! Who is asked must be allowed, what it may cost is asked about, and commands that score are trusted, as with drills. In an environment that is
//! embedded the candidates are the lab's own, and nothing costs anything.

use super::arguments::{relative, seed};
use super::compare_render::{CompareFormat, conclude};
use super::prompts::{prompts_of, scoring};
use super::terminal::show_work;
use super::trust::{self, TrustArgs};
use super::{Exit, ask, environment, note, say, until_interrupted};
use crate::asking::{AskError, AskedProvider, RequestProof};
use crate::compare::{
    Candidate, CompareCourse, CompareOrder, ComparisonFolder, KeepPolicy, Scorer, SpendEstimate, StoredComparison, estimate,
    last_comparison, read_comparison,
};
use crate::console::WorkProgress;
use crate::evaluation::{
    AnswerSample, COMPARISON_FORMAT, CompareMeasure, ComparedAnswers, Comparison, ComparisonEnd, ComparisonHead, EvaluationPrompt,
    IdealMatch, UnreadPrompt, Volume, changes,
};
use crate::exercise::drawn_seed;
use crate::lab::SimulatedProvider;
use crate::model::Environment;
use crate::project::Project;
use crate::secret::SecretContext;
use crate::units::{Duration, Money, Problem, Salt, Secret, Seed, counted, explained};
use rand::RngExt;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// What may be spent where nobody says.
const CEILING: &str = "1 USD";
/// The most letters of candidates' names that stand in a folder's.
const NAMES: usize = 60;

/// Asks several providers the same prompts in turn, and says which is better, or that no difference is shown.
///
/// Exit codes: 0 when it has measured, whatever came out · 1 something is shown to be worse than in the comparison of `--against` · 2 usage ·
/// 3 a candidate answered nothing at all, so not everything can be concluded · 4 somebody stopped it or did not agree to its cost.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The candidates, by their names in the inventory
    #[arg(required = true, value_name = "PROVIDER")]
    providers: Vec<String>,
    /// A file of prompts: JSON lines of Lifeboat's own or of OpenAI's evals, or promptfoo's YAML; may be repeated
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    prompts: Vec<PathBuf>,
    /// Where: an environment of the inventory; in one that is embedded the lab's simulated providers are asked
    #[arg(long, default_value = "lab")]
    env: String,
    /// How often every prompt is asked of every candidate, at the most
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// How many prompts are asked, at the most, in all rounds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// End as soon as the order by all of these is shown; with nothing behind it, never [default: quality,first-token,end,cost]
    #[arg(long, value_name = "MEASURES", value_delimiter = ',', value_parser = measure, num_args = 0..=1)]
    until: Option<Vec<CompareMeasure>>,
    /// The most that may be spent; never beyond the environment's own [default: 1 USD]
    #[arg(long, value_name = "MONEY")]
    max_spend: Option<Money>,
    /// Draws the order of asking; up to 16 hexadecimal digits
    #[arg(long, value_parser = seed)]
    seed: Option<Seed>,
    /// How many requests the team sends, for what a month costs: 100000/day
    #[arg(long, value_name = "N/TIME")]
    volume: Option<Volume>,
    /// How long an answer may take
    #[arg(long, value_name = "TIME", default_value = "60s")]
    timeout: Duration,
    /// How many prompts are under way at once; each is asked of one candidate after the other
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    at_once: u16,
    /// How `ideal` of OpenAI's evals is held against answers: begins, or includes
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    ideal: IdealOption,
    /// The folder of a comparison to hold it against, or `last`
    #[arg(long, value_name = "DIR")]
    against: Option<String>,
    /// The folder for it, instead of a new one under drills/comparisons/
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the report so, instead of a summary
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<CompareFormat>,
    /// Write prompts and answers into the folder as well; without it they stand there as salted hashes
    #[arg(long, value_name = "WHAT", value_enum)]
    keep: Option<KeepOption>,
    /// Agree to what real providers bill
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    trust: TrustArgs,
}

const EXAMPLES: &str = "Examples:
  lifeboat compare azure-swedencentral bedrock-eu-west-1 openai-eu --prompts prompts/support.jsonl --volume 100000/day
  lifeboat compare a b --env staging --prompts promptfooconfig.yaml --max-spend '2 USD' --against last --format junit
  lifeboat report drills/comparisons/2026-11-30T10-00-00-compare-a-b-2a1f --format html";

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum KeepOption {
    /// Prompts and answers as they are
    Prompts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum IdealOption {
    /// The answer begins with it
    #[default]
    Begins,
    /// It stands in the answer
    Includes,
}

fn measure(text: &str) -> Result<CompareMeasure, String> {
    CompareMeasure::from_word(text).ok_or_else(|| format!("write one of {}", CompareMeasure::WORDS.join(", ")))
}

/// What is compared, before anybody is asked.
struct Prepared {
    project: Project,
    environment: Environment,
    prompts: Vec<EvaluationPrompt>,
    against: Option<StoredComparison>,
    scorer: Scorer,
    seed: Seed,
}

pub(super) fn compare(args: Args) -> anyhow::Result<Exit> {
    let mut prepared = match prepared(&args) {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(exit)) => return Ok(exit),
        Err(error) => return refused(error),
    };
    // In the lab every candidate is asked where it listens, which is not known yet.
    let embedded = prepared.environment.embedded;
    let mut known = Vec::new();
    if !embedded {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        match runtime.block_on(real(&args, &prepared)) {
            Ok(candidates) => known = candidates,
            Err(error) => return refused(error),
        }
        if let Some(exit) = unaffordable(&args, &prepared, &known) {
            return Ok(exit);
        }
    }
    until_interrupted("stopping: what is known so far is told (press Ctrl-C again to leave at once)", async |stop| {
        let mut simulated = Vec::new();
        let candidates = if embedded { in_the_lab(&args, &prepared, &mut simulated)? } else { known };
        let order = order(&args, &mut prepared, candidates);
        let work = Arc::new(WorkProgress::default());
        let showing = show_work(&work);
        let (facts, began, started_at) = (order.facts(), Instant::now(), now());
        let folder_name = folder_name(&args.providers, &started_at, prepared.seed);
        let head = head(&args, &order, &prepared, started_at);
        let folder = ComparisonFolder::new(&prepared.project.root, args.out.as_deref(), &folder_name);
        let folder = match folder {
            Ok(folder) => folder,
            Err(problem) => return refused(problem.into()),
        };
        let prompts = order.prompts.clone();
        let course = order.run(&work, stop).await?;
        drop(showing);
        for provider in simulated {
            provider.stop().await;
        }
        let CompareCourse { answers, ended, spent, unscored } = course;
        let id = folder.path().file_name().map_or(folder_name, |name| name.to_string_lossy().into_owned());
        let head = ComparisonHead { id, seconds: began.elapsed().as_secs_f64(), ended, spent, unscored, ..head };
        let mut comparison = Comparison::of(head, facts, &answers, args.volume);
        hold(&mut comparison, &answers, prepared.against.as_ref(), &prompts);
        folder.keep(&comparison, &answers)?;
        conclude(&comparison, &folder, args.format)
    })
}

/// What cannot be had is no fault of this program's.
fn refused(error: anyhow::Error) -> anyhow::Result<Exit> {
    match error.downcast::<Problem>() {
        Ok(problem) => say(&format!("error: {}", explained(&problem))),
        Err(error) => match error.downcast::<UnreadPrompt>() {
            Ok(problem) => say(&format!("error: {}", explained(&problem))),
            Err(error) => match error.downcast::<AskError>() {
                Ok(problem) => say(&format!("error: {}", explained(&problem))),
                Err(error) => return Err(error),
            },
        },
    }
    Ok(Exit::Usage)
}

/// Everything that needs nobody: the project, the prompts, whether commands are trusted, the comparison before.
fn prepared(args: &Args) -> anyhow::Result<Result<Prepared, Exit>> {
    let (project, environment) = match environment::named(&args.env)? {
        Ok(found) => found,
        Err(problem) => return Err(Problem::new(problem).into()),
    };
    if args.providers.len() == 1 && args.against.is_none() {
        return Err(Problem::new("there is nothing to compare it with")
            .hint("name two providers or more, or one with `--against last`")
            .into());
    }
    for (place, name) in args.providers.iter().enumerate() {
        if args.providers[..place].contains(name) {
            return Err(Problem::new(format!("`{name}` is named twice")).hint("name each candidate once").into());
        }
        allowed(&project, &environment, &args.env, name)?;
    }
    let ideal = if args.ideal == IdealOption::Begins { IdealMatch::Begins } else { IdealMatch::Includes };
    let prompts = prompts_of(&args.prompts, ideal)?;
    if let Some(exit) = trust::refused(args.trust, &project.root, &scoring(&prompts))? {
        return Ok(Err(exit));
    }
    let keep = if args.keep.is_some() { KeepPolicy::Prompts } else { KeepPolicy::Hashes };
    let scorer = Scorer { root: project.root.clone(), salt: Salt::of(rand::rng().random()), keep };
    scorer.can_score(&prompts)?;
    let against = match args.against.as_deref() {
        None => None,
        Some("last") => Some(last_comparison(&project.root, &args.providers)?.ok_or_else(|| {
            Problem::new("there is no comparison of these candidates before this one").hint("leave out `--against last` this time")
        })?),
        Some(folder) => Some(read_comparison(Path::new(folder))?),
    };
    Ok(Ok(Prepared { project, environment, prompts, against, scorer, seed: args.seed.unwrap_or_else(drawn_seed) }))
}

/// Whether a provider is there, and may be asked in this environment.
fn allowed(project: &Project, environment: &Environment, env: &str, name: &str) -> anyhow::Result<()> {
    let inventory = &project.inventory;
    if !inventory.providers.contains_key(name) {
        let known = inventory.providers.keys().cloned().collect();
        return Err(AskError::Unknown { name: name.to_owned(), known }.into());
    }
    let used = inventory.services.values().any(|service| service.providers.iter().any(|provider| provider == name));
    if environment.embedded || environment.allow.may_ask(name, used) {
        return Ok(());
    }
    let why = if environment.allow.asks.is_some() { "is not among those that it may ask" } else { "is used by no service" };
    let hint = format!("if it may be asked, say so in the inventory: `environments: {{{env}: {{allow: {{asks: [{name}]}}}}}}`");
    Err(Problem::new(format!("`{name}` may not be asked in the environment `{env}`: it {why}")).hint(hint).into())
}

/// The candidates where the inventory says that they are.
async fn real(args: &Args, prepared: &Prepared) -> anyhow::Result<Vec<Candidate>> {
    let inventory = &prepared.project.inventory;
    let site = SecretContext { stores: &inventory.stores, root: &prepared.project.root };
    let mut found = Vec::new();
    for name in &args.providers {
        let asked = AskedProvider::of(name, inventory, site).await?;
        found.push(Candidate::new(asked, &inventory.providers[name], SystemTime::now()));
    }
    Ok(found)
}

/// The candidates as the lab imitates them.
fn in_the_lab(args: &Args, prepared: &Prepared, running: &mut Vec<SimulatedProvider>) -> anyhow::Result<Vec<Candidate>> {
    let mut found = Vec::new();
    for name in &args.providers {
        let provider = &prepared.project.inventory.providers[name];
        let key = Secret::new(format!("sk-lab-{}", prepared.seed.derive(name)));
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let simulated = SimulatedProvider::start(name, provider, key.clone(), prepared.seed.derive(name), listen)?;
        let base_url = simulated.base_url().trim_end_matches('/').to_owned();
        let model = provider.chat_model().to_owned();
        let asked =
            AskedProvider { name: name.clone(), dialect: provider.dialect, base_url, key: Some(key), model, proof: RequestProof::Key };
        found.push(Candidate::new(asked, provider, SystemTime::now()));
        running.push(simulated);
    }
    Ok(found)
}

/// What may be spent: nothing limits what costs nothing, unless somebody says so.
fn ceiling(args: &Args, environment: &Environment) -> Option<Money> {
    if environment.embedded {
        return args.max_spend;
    }
    let wanted = args.max_spend.unwrap_or_else(|| CEILING.parse().unwrap_or(Money::ZERO));
    Some(environment.allow.max_spend.map_or(wanted, |most| most.min(wanted)))
}

/// How it ends where nobody agrees to what it costs, told before.
fn unaffordable(args: &Args, prepared: &Prepared, candidates: &[Candidate]) -> Option<Exit> {
    if candidates.iter().all(Candidate::is_local) {
        return None;
    }
    let bills = estimate(candidates, &prepared.prompts, args.rounds, args.limit);
    let total = bills.iter().filter_map(|bill| bill.most).fold(Money::ZERO, Money::plus);
    let ceiling = ceiling(args, &prepared.environment).unwrap_or(total);
    let line = |bill: &SpendEstimate| {
        let most = bill.most.map_or_else(|| "an unknown price".to_owned(), |most| format!("up to {most:.2}"));
        format!("  {most} with {} for {}\n", bill.candidate, counted(bill.requests, "request"))
    };
    let lines: String = bills.iter().map(line).collect();
    let unknown = if bills.iter().any(|bill| bill.most.is_none()) { " and what the others bill" } else { "" };
    let told = format!("real providers will be asked, and will send a bill\n{lines}  stops at {ceiling}\n");
    if args.yes {
        note(&told);
        return None;
    }
    if !std::io::stdin().is_terminal() {
        say(&format!(
            "error: {told}there is no terminal to ask on\n\nhint: agree to up to {:.2}{unknown} beforehand with --yes",
            total.min(ceiling)
        ));
        return Some(Exit::Usage);
    }
    say(&told);
    (!ask::yes_or_no(&format!("Spend {:.2}{unknown} at most?", total.min(ceiling)))).then_some(Exit::Safety)
}

fn order(args: &Args, prepared: &mut Prepared, candidates: Vec<Candidate>) -> CompareOrder {
    let order = CompareOrder {
        candidates,
        prompts: std::mem::take(&mut prepared.prompts),
        rounds: args.rounds,
        limit: args.limit,
        ceiling: ceiling(args, &prepared.environment),
        seed: prepared.seed,
        within: args.timeout.std(),
        at_once: usize::from(args.at_once),
        until: Vec::new(),
        scorer: prepared.scorer.clone(),
    };
    // What cannot be known does not keep it from ending.
    let says = order.measures();
    let usual = [CompareMeasure::Quality, CompareMeasure::FirstToken, CompareMeasure::Whole, CompareMeasure::Cost];
    let wanted = args.until.clone().unwrap_or_else(|| usual.to_vec());
    CompareOrder { until: wanted.into_iter().filter(|measure| says.contains(measure) && args.providers.len() > 1).collect(), ..order }
}

/// What is told of it, as far as it is known before anybody is asked.
fn head(args: &Args, order: &CompareOrder, prepared: &Prepared, started_at: String) -> ComparisonHead {
    ComparisonHead {
        format: COMPARISON_FORMAT,
        lifeboat: env!("CARGO_PKG_VERSION").to_owned(),
        id: String::new(),
        started_at,
        seconds: 0.0,
        environment: args.env.clone(),
        seed: prepared.seed,
        salt: prepared.scorer.salt.hex(),
        files: args.prompts.iter().map(|path| relative(path)).collect(),
        prompts: order.prompts.len() as u64,
        expecting: order.prompts.iter().filter(|prompt| !prompt.expects.is_empty()).count() as u64,
        rounds: args.rounds,
        volume: args.volume.map(|volume| volume.to_string()),
        requests_a_month: args.volume.map(Volume::a_month),
        until: order.until.clone(),
        ended: ComparisonEnd::Stopped,
        spent: Money::ZERO,
        unscored: 0,
        ceiling: order.ceiling,
    }
}

/// Holds it against the one before, by the prompts that both have: their hashes with the salt of then tell which.
fn hold(comparison: &mut Comparison, answers: &[AnswerSample], before: Option<&StoredComparison>, prompts: &[EvaluationPrompt]) {
    let Some(before) = before else { return };
    let salt = Salt::from_hex(&before.comparison.head.salt);
    let then: BTreeMap<&str, &str> = before.answers.iter().map(|answer| (answer.asked.as_str(), answer.prompt.as_str())).collect();
    let same = prompts.iter().filter_map(|prompt| Some((prompt.id.clone(), (*then.get(salt?.name(&prompt.text()).as_str())?).to_owned())));
    let same: BTreeMap<String, String> = same.collect();
    let now = ComparedAnswers { comparison, answers };
    let found = changes(now, ComparedAnswers { comparison: &before.comparison, answers: &before.answers }, &same);
    comparison.changes = found;
    comparison.against = Some(relative(&before.folder));
}

fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// `2026-11-30T10-00-00-compare-a-b-2a1f`.
fn folder_name(names: &[String], started_at: &str, seed: Seed) -> String {
    let time = started_at.trim_end_matches('Z').replace(':', "-");
    let names: String = names.join("-").chars().filter(|letter| letter.is_alphanumeric() || "-_.".contains(*letter)).take(NAMES).collect();
    format!("{time}-compare-{names}-{:04x}", seed.0 & 0xffff)
}

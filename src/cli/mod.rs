//! The command line: one file a command, and the exit codes.
//!
//! Data goes to stdout, everything else to stderr. What this room does not do: anything that a library's user would miss.

mod another;
mod approve;
mod arguments;
mod ask;
mod assign;
mod beside;
mod bill;
mod bundle;
mod ca;
mod check;
mod compare;
mod compare_render;
mod completions;
mod configurations;
mod coverage;
mod desk;
mod doctor;
mod end;
mod environment;
mod execute;
mod exit;
mod findings;
mod fingerprint;
mod groups;
mod heal;
mod help;
mod index;
mod init;
mod judge;
mod keep;
mod key;
mod lab;
mod leases;
mod ledger;
mod leftovers;
mod list;
mod logging;
mod man;
mod named_schedules;
mod notify;
mod open;
mod outline;
mod parameters;
mod permit;
mod prompts;
mod prove;
mod proxy;
mod ready;
mod record;
mod reflow;
mod report;
mod resume;
mod resuming;
mod review;
mod run;
mod sarif;
mod schedule;
mod schedule_defer;
mod schedule_export;
mod schedule_late;
mod schedule_preview;
mod schema;
mod series;
mod serve;
mod show;
mod stop;
mod stored;
mod stores;
mod terminal;
mod token;
mod trials;
mod trust;
mod verify;
mod watchdog;

pub use exit::Exit;

use crate::alert::{AlertError, UnreadAlert};
use crate::api::ApiError;
use crate::asking::AskError;
use crate::control::ControlError;
use crate::drill::DrillStop;
use crate::evaluation::UnreadPrompt;
use crate::evidence::opened::BundleError;
use crate::evidence::witness::WitnessError;
use crate::evidence::{ManifestError, VerifyError};
use crate::execution::{DoorbellError, ExecutionError};
use crate::exercise::{ExerciseError, JudgeError, ProofFileError, Refusal, ReviewProblem};
use crate::history::{BareError, ReadError};
use crate::import::ImportError;
use crate::init::PlaceError;
use crate::lab::LabError;
use crate::permission::LeverError;
use crate::permission::trust::TrustError;
use crate::permission::{ApprovalProblem, NotPermitted};
use crate::project::ReviewError;
use crate::proxy::{AuthorityError, ProxyError};
use crate::scheduler::{HealProblem, LateProblem, NotBegun};
use crate::secret::{SecretError, Unread};
use crate::serve::{ServeError, TokenError};
use crate::signing::KeyError;
use crate::step::StepError;
use crate::store::{AssignError, StoreError};
use crate::traffic::TrafficError;
use crate::units::{Explained, Problem};
use crate::verdict::VerdictReadError;
use crate::verdict::record::RepeatsReadError;
use clap::{FromArgMatches, Parser, Subcommand};
use terminal::{note, put, say};
use tokio::sync::watch;

/// Failover drills for services that depend on AI models: break a provider, time the cutover, prove it.
#[derive(Debug, Parser)]
#[command(name = "lifeboat", version, max_term_width = 100, after_help = exit::TABLE, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    options: terminal::TerminalOptions,
    #[command(subcommand)]
    command: CliCommand,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Run drills: break a provider, drive traffic, walk the runbook, time the cutover
    Run(run::Args),
    /// Approve a drill beforehand, in an environment that demands it: makes a signed file
    Approve(approve::Args),
    /// Validate inventory, runbooks and scenarios, and show gaps in cover
    Check(check::Args),
    /// Try everything that a drill needs, and break nothing
    Doctor(doctor::Args),
    /// Hold candidate providers side by side on your own prompts: speed, cost, quality
    Compare(compare::Args),
    /// Look whether every hop of every service is alive today: key, model, quota, region, dates
    Ready(ready::Args),
    /// Run a scenario on copies that are broken on purpose: each must go red, for its own reason
    Prove(prove::Args),
    /// Begin a project from a gateway's configuration, a .env file, or six answers
    Init(init::Args),
    /// Agree to the commands that a project's drills and runbooks start
    Trust(trust::Args),
    /// Walk a runbook for real, with the clock running; it can continue after a crash
    Execute(execute::Args),
    /// Ask what a review needs after a runbook was walked, and write its draft
    Review(review::Args),
    /// Judge a stored drill again, or a history that something else recorded
    Judge(judge::Args),
    /// Render a stored drill's report again
    Report(report::Args),
    /// Print a stored drill's report in the terminal
    Show(show::Args),
    /// Say whether what a drill left is as it was, and where it is not
    Verify(verify::Args),
    /// Print the form of a file as JSON Schema
    Schema(schema::Args),
    /// List what past drills found and is still open
    Findings(findings::Args),
    /// Pack a drill's folder as one file, and take it to where it is kept
    Bundle(bundle::Args),
    /// Make a pair of keys by which drills are signed, or show one
    Key(key::Args),
    /// Start simulated providers and a reference gateway, to try things by hand
    Lab(lab::Args),
    /// Run a program until it ends or stdin does: how a drill starts what it drills
    #[command(hide = true)]
    Keep(keep::Args),
    /// List past drills, runbooks that were walked, and series, the newest first
    List(list::Args),
    /// Look after the store: make the index of past drills again, copy it, check it
    Store(index::Args),
    /// Show what is due next, what is overdue, and what was never drilled; preview, export, defer
    Schedule(schedule::Args),
    /// Serve the page, the HTTP API and metrics, and begin what schedules say
    Serve(serve::Args),
    /// Make, list and revoke the tokens by which programs and people use what `serve` serves
    Token(token::Args),
    /// Try whether a webhook of the inventory takes what it gets
    Notify(notify::Args),
    /// Show which failures of which service were drilled, and which were not
    Coverage(coverage::Args),
    /// Show quarters by services and schedules: done, late, deferred or missed
    Ledger(ledger::Args),
    /// Start a standing fault proxy that any Toxiproxy client can drive
    Proxy(proxy::Args),
    /// Print the fingerprint by which faults name a credential
    Fingerprint(fingerprint::Args),
    /// Deal with what killed drills left, or remove every fault from a standing fault proxy
    Heal(heal::Args),
    /// Stop running drills and block new ones, until `resume`
    Stop(stop::Args),
    /// Lift the lever that `stop` pulled
    Resume(resume::Args),
    /// Print what a shell needs to complete commands and options
    Completions(completions::Args),
    /// Print the manual page, or write that of every command into a folder
    Man(man::Args),
    /// Explain a command, or a topic such as `faults`; without a name, list both
    Help(help::Args),
    #[command(hide = true)]
    Watchdog(watchdog::Args),
}

/// Reads the command line, does what it says, returns the exit code.
pub fn main() -> std::process::ExitCode {
    exit::own_faults_exit_with_70();
    let code = command_line();
    crate::console::leave();
    code
}

fn command_line() -> std::process::ExitCode {
    let parsed = groups::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout in clap's colours; an error repeats what was typed, which may be the name of a file.
            if error.use_stderr() {
                say(&(error.render().to_string().trim_end().to_owned() + &meant(&error)));
                return Exit::Usage.into();
            }
            error.exit();
        }
    };
    terminal::decide(cli.options);
    logging::start();
    leave_no_core();
    // Before any store, provider or server is asked. It fails only where it was done before, and then it is done.
    let _ = rustls::crypto::ring::default_provider().install_default();
    done(cli.command)
}

/// What the command says, done.
fn done(command: CliCommand) -> std::process::ExitCode {
    let done = match command {
        CliCommand::Run(args) => run::run(args),
        CliCommand::Approve(args) => approve::approve(&args),
        CliCommand::Check(args) => check::check(&args),
        CliCommand::Doctor(args) => doctor::doctor(args),
        CliCommand::Compare(args) => compare::compare(args),
        CliCommand::Ready(args) => ready::ready(&args),
        CliCommand::Prove(args) => prove::prove(args),
        CliCommand::Init(args) => init::init(&args),
        CliCommand::Trust(args) => trust::trust(&args),
        CliCommand::Execute(args) => execute::execute(args),
        CliCommand::Review(args) => review::review(&args),
        CliCommand::Judge(args) => judge::judge(&args),
        CliCommand::Report(args) => report::report(&args),
        CliCommand::Show(args) => show::show(&args),
        CliCommand::Verify(args) => verify::verify(&args),
        CliCommand::Schema(args) => schema::schema(&args),
        CliCommand::Findings(args) => findings::findings(&args),
        CliCommand::Bundle(args) => bundle::bundle(&args),
        CliCommand::Key(args) => key::key(&args),
        CliCommand::Lab(args) => lab::lab(&args),
        CliCommand::Keep(args) => return keep::keep(&args),
        CliCommand::List(args) => list::list(&args),
        CliCommand::Store(args) => index::index(&args),
        CliCommand::Schedule(args) => schedule::schedule(args),
        CliCommand::Serve(args) => serve::serve(args),
        CliCommand::Token(args) => token::token(&args),
        CliCommand::Notify(args) => notify::notify(&args),
        CliCommand::Coverage(args) => coverage::coverage(&args),
        CliCommand::Ledger(args) => ledger::ledger(&args),
        CliCommand::Proxy(args) => proxy::proxy(&args),
        CliCommand::Fingerprint(args) => fingerprint::fingerprint(&args),
        CliCommand::Heal(args) => heal::heal(args),
        CliCommand::Stop(args) => stop::stop(&args),
        CliCommand::Resume(args) => resume::resume(&args),
        CliCommand::Completions(args) => completions::completions(&args),
        CliCommand::Man(args) => man::man(&args),
        CliCommand::Help(args) => help::help(&args, groups::command()),
        CliCommand::Watchdog(args) => watchdog::watchdog(&args),
    };
    let exit = done.unwrap_or_else(|error| {
        say(&format!("error: {}", told(&error)));
        Exit::of(&error)
    });
    exit.into()
}

/// The command that was meant where two letters changed places, which the parser does not see.
fn meant(error: &clap::Error) -> String {
    use clap::error::{ContextKind, ContextValue};
    let (Some(ContextValue::String(typed)), None) =
        (error.get(ContextKind::InvalidSubcommand), error.get(ContextKind::SuggestedSubcommand))
    else {
        return String::new();
    };
    let command = groups::visible();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let name = crate::units::closest(typed, names.into_iter());
    name.map_or_else(String::new, |name| format!("\n\nhint: did you mean `lifeboat {name}`?"))
}

/// An error with those of its causes that it does not tell itself, and then the first hint among them.
fn told(error: &anyhow::Error) -> String {
    let whole = error.to_string();
    let (problem, own) = whole.split_once("\n\nhint: ").unwrap_or((&whole, ""));
    let mut text = problem.to_owned();
    for cause in error.chain().skip(1).map(ToString::to_string).filter(|cause| !whole.contains(cause.as_str())) {
        text += &format!(": {cause}");
    }
    let hint = if own.is_empty() { error.chain().find_map(hint_of) } else { Some(own.to_owned()) };
    hint.map_or_else(|| text.clone(), |hint| format!("{text}\n\nhint: {hint}"))
}

/// The hint of an error of one of the rooms.
fn hint_of(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    fn of<E: Explained + 'static>(error: &(dyn std::error::Error + 'static)) -> Option<String> {
        error.downcast_ref::<E>()?.hint().map(Into::into)
    }
    // Every type that implements `Explained`.
    let kinds = [
        of::<Problem>,
        of::<AlertError>,
        of::<ApiError>,
        of::<ApprovalProblem>,
        of::<AskError>,
        of::<AuthorityError>,
        of::<BareError>,
        of::<BundleError>,
        of::<ControlError>,
        of::<DoorbellError>,
        of::<DrillStop>,
        of::<ExecutionError>,
        of::<ExerciseError>,
        of::<ImportError>,
        of::<PlaceError>,
        of::<JudgeError>,
        of::<LabError>,
        of::<ManifestError>,
        of::<LeverError>,
        of::<NotPermitted>,
        of::<ProxyError>,
        of::<ReadError>,
        of::<Refusal>,
        of::<RepeatsReadError>,
        of::<ReviewError>,
        of::<ReviewProblem>,
        of::<SecretError>,
        of::<StepError>,
        of::<TrafficError>,
        of::<TrustError>,
        of::<Unread>,
        of::<UnreadAlert>,
        of::<ProofFileError>,
        of::<VerdictReadError>,
        of::<VerifyError>,
        of::<WitnessError>,
        of::<KeyError>,
        of::<NotBegun>,
        of::<HealProblem>,
        of::<LateProblem>,
        of::<ServeError>,
        of::<AssignError>,
        of::<TokenError>,
        of::<StoreError>,
        of::<UnreadPrompt>,
    ];
    kinds.iter().find_map(|of| of(error))
}

/// How long what is dropped at a command's end may take to end.
const HALT: std::time::Duration = std::time::Duration::from_millis(500);

/// Does a command's work, which is told when a person asks it to stop (Ctrl-C, SIGTERM, a terminal that is closed). The second time, what
/// it has not ended is dropped, which ends every process and proxy that it started; leases heal what it leaves behind elsewhere.
fn until_interrupted<F>(stopping: &'static str, work: impl FnOnce(watch::Receiver<bool>) -> F) -> anyhow::Result<Exit>
where
    F: Future<Output = anyhow::Result<Exit>>,
{
    open_all_files_allowed();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        let (stop, stopped) = watch::channel(false);
        // Signals are heard before anything is said: whoever reads the first line may send one. And in a task of their own, so that they are
        // heard whatever the work waits for.
        let leaving = tokio::spawn(interrupts(Signals::heard(), stopping, stop));
        tokio::select! {
            biased;
            _ = leaving => Ok(Exit::Safety),
            done = work(stopped) => done,
        }
    });
    // A question that nobody answers holds a thread; it must not hold up the end.
    runtime.shutdown_timeout(HALT);
    done
}

/// Where this process or one that it starts crashes, its memory, which holds keys, does not go into a file. (Whoever wants a core of a system
/// under test raises its own limit; that of this process is left out whatever the limit says.)
fn leave_no_core() {
    use rustix::process::{DumpableBehavior, Resource, getrlimit, set_dumpable_behavior, setrlimit};
    let mut limit = getrlimit(Resource::Core);
    limit.current = Some(0);
    let left_out = setrlimit(Resource::Core, limit).and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable));
    if let Err(error) = left_out {
        tracing::debug!(%error, "a crash may leave a core file");
    }
}

/// As many files as the hard limit allows, as servers do: the soft one of 1,024 is for programs that use select(2).
fn open_all_files_allowed() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit on open files stays as it was");
    }
}

/// What asks a command to stop.
struct Signals([tokio::signal::unix::Signal; 3]);

impl Signals {
    fn heard() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let of = |kind| signal(kind).ok();
        Some(Self([of(SignalKind::interrupt())?, of(SignalKind::terminate())?, of(SignalKind::hangup())?]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Tells of the first interrupt and ends with the second.
async fn interrupts(signals: Option<Signals>, stopping: &'static str, stop: watch::Sender<bool>) {
    let Some(mut signals) = signals else { return std::future::pending().await };
    signals.next().await;
    // Before anything else: a fault is active, and who reads what is said may be slow.
    stop.send_replace(true);
    crate::console::hurry();
    terminal::over_the_echo();
    terminal::note(stopping);
    signals.next().await;
    say("leaving at once");
    // Work that waits for whoever reads its data cannot be dropped.
    tokio::spawn(async {
        tokio::time::sleep(4 * HALT).await;
        std::process::exit(i32::from(Exit::Safety.code()));
    });
}

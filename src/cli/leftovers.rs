//! What stands in the way of drills before the first of them begins: levers, what killed drills left, faults that nobody renews at standing proxies.
//! Each is named, and dealt with where somebody agrees: on a terminal by an answer, else by `--heal` or `--yes`.
//!
//! What a runbook did is taken back only where somebody at a terminal says so: it does things in their name.

use super::arguments::relative;
use super::{Exit, ask, execute, say};
use crate::execution::{LeftProcess, Leftover, leftovers};
use crate::exercise::{DrillOrders, PlannedDrill, levers_of, lock_order};
use crate::model::{ControlBinding, Environment};
use crate::permission::lock_all;
use crate::scheduler::{HealOrder, stray_faults};
use crate::units::{Explained, explained, one_line};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use tokio::sync::watch;

/// What heals faults.
const HEAL: &str = "lifeboat heal; or lifeboat run with --heal";

/// Who decides what becomes of what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HealPolicy {
    /// Somebody at the terminal.
    Asked,
    /// Faults are healed; nobody is asked.
    Heal,
    /// Nobody: it is only told.
    Told,
}

/// What there was, and what is left of it.
#[derive(Debug, Default)]
pub(super) struct FoundLeft {
    /// Whether anything was found.
    pub(super) any: bool,
    /// What to type for each thing that still stands in the way.
    pub(super) todo: Vec<String>,
    /// Control APIs at which something is left that was named already.
    named: Vec<String>,
}

impl HealPolicy {
    /// By what was typed, and whether somebody is there.
    pub(super) fn of(heals: bool) -> Self {
        match heals {
            true => Self::Heal,
            false if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => Self::Asked,
            false => Self::Told,
        }
    }
}

/// Looks for all of it before drills begin; how that ends where they may not.
pub(super) fn before_drills(orders: &DrillOrders, policy: HealPolicy) -> anyhow::Result<Option<Exit>> {
    let DrillOrders { drills, out, wait, locks, .. } = orders;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut looked = Vec::new();
    for PlannedDrill { root, plan, .. } in drills {
        let place = (root.clone(), plan.environment_name.clone());
        if looked.contains(&place) {
            continue;
        }
        looked.push(place);
        if let Some(pulled) = runtime.block_on(levers_of(plan, root).pulled()) {
            say(&format!("error: drills are stopped: {}", explained(&pulled)));
            return Ok(Some(Exit::Safety));
        }
        // Whoever waits finds what the other has left, should it be killed meanwhile.
        if wait.is_some()
            && let Err(refusal) =
                runtime.block_on(lock_all(lock_order(plan, root, *wait, locks.as_ref()), watch::channel(false).1, |what| say(&what)))
        {
            say(&format!("error: {}", explained(&refusal)));
            return Ok(Some(Exit::Safety));
        }
    }
    let mut roots: Vec<PathBuf> = drills.iter().map(|each| each.root.clone()).collect();
    roots.sort();
    roots.dedup();
    let mut found = of_killed(&roots, out.as_deref(), policy, &runtime)?;
    let mut asked = Vec::new();
    for PlannedDrill { root, plan, .. } in drills {
        let Some(control) = &plan.environment.control else { continue };
        if asked.contains(&control.url) {
            continue;
        }
        asked.push(control.url.clone());
        let names: Vec<String> = plan.providers.keys().cloned().collect();
        strays(&mut found, control, &plan.environment, root, &names, policy, &runtime);
    }
    Ok(found.blocks())
}

impl FoundLeft {
    /// Something is still to be done by typing this.
    fn needs(&mut self, command: &str) {
        if !self.todo.iter().any(|known| known == command) {
            self.todo.push(command.to_owned());
        }
    }

    /// Says what is still to be done before drills may begin.
    fn blocks(&self) -> Option<Exit> {
        if self.todo.is_empty() {
            return None;
        }
        let (count, hints) = (self.todo.len(), self.todo.join("\n      "));
        let what = if count == 1 { "one thing is".to_owned() } else { format!("{count} things are") };
        say(&format!("error: {what} to be done before a drill may begin, for what an earlier one has left\n\nhint: {hints}"));
        Some(Exit::Safety)
    }
}

/// Deals with what killed drills of these projects have left.
pub(super) fn of_killed(
    roots: &[PathBuf],
    out: Option<&Path>,
    policy: HealPolicy,
    runtime: &tokio::runtime::Runtime,
) -> anyhow::Result<FoundLeft> {
    let mut found = FoundLeft::default();
    let beside =
        out.and_then(Path::parent).map(|folder| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() });
    let mut folders: Vec<PathBuf> = roots.iter().map(|root| root.join("drills")).chain(beside).collect();
    folders.sort();
    folders.dedup();
    for left in leftovers(&folders, roots) {
        found.any = true;
        let folder = relative(&left.folder);
        say(&told(&left, &folder));
        let faulty = left.standing.is_some() || !left.processes.is_empty();
        let agreed = faulty && is_agreed(policy, "Heal that now?");
        let ended = agreed && left.processes.iter().all(end);
        let healed = !faulty || ended && heal(&left, roots, runtime);
        if !healed || left.unread.is_some() {
            found.needs(HEAL);
        }
        found.named.extend(left.standing.as_ref().filter(|_| !healed).map(|note| note.control.clone()));
        let undone = !left.undo || policy == HealPolicy::Asked && undo(&left.folder)?;
        if !undone {
            found.needs(&format!("lifeboat run --undo {folder}"));
        }
        if healed && undone && left.unread.is_none() {
            left.forget();
        }
    }
    Ok(found)
}

fn told(left: &Leftover, folder: &str) -> String {
    let mut text = format!("warning: {folder}: this drill was killed");
    if let Some((_, entry)) = &left.entry {
        text += &format!(" ({} began it at {} in `{}`)", one_line(&entry.who), one_line(&entry.since), one_line(&entry.environment));
    }
    text += &format!("; {}\n", left.history.told());
    if let Some(note) = &left.standing {
        let made =
            |name: &String| if note.made.iter().any(|made| made.name == *name) { format!("{name} (made by it)") } else { name.clone() };
        let proxies: Vec<String> = note.proxies.iter().map(|name| one_line(&made(name))).collect();
        text += &format!("  it had proxies and faults at {}: {}\n", one_line(&note.control), proxies.join(", "));
    }
    if let Some(why) = &left.unread {
        text += &format!("  what it had at a standing proxy cannot be read: {why}\n");
    }
    for LeftProcess { process, command } in &left.processes {
        text += &format!("  a process of the system that it started still runs: {} ({})\n", process.pid, one_line(command));
    }
    if left.undo {
        text += "  what it did has not been undone\n";
    }
    if left.is_harmless() {
        text += "  nothing else is left of it\n";
    }
    text
}

fn end(process: &LeftProcess) -> bool {
    let ended = process.end();
    let what = if ended { "ended" } else { "cannot end" };
    say(&format!("  {what} process {} ({})", process.process.pid, one_line(&process.command)));
    ended
}

fn is_agreed(policy: HealPolicy, question: &str) -> bool {
    match policy {
        HealPolicy::Asked => ask::yes_or_no(question),
        HealPolicy::Heal => true,
        HealPolicy::Told => false,
    }
}

fn undo(folder: &Path) -> anyhow::Result<bool> {
    if !ask::yes_or_no("Undo what it did now?") {
        return Ok(false);
    }
    Ok(execute::take_back(folder.to_owned(), false, false)? == Exit::Met)
}

/// Heals what a killed drill left at a standing proxy; true where nothing of it is left there.
fn heal(left: &Leftover, roots: &[PathBuf], runtime: &tokio::runtime::Runtime) -> bool {
    let Some(note) = &left.standing else { return true };
    let order = HealOrder { roots: roots.to_vec(), ..HealOrder::default() };
    match runtime.block_on(order.leftover(left, |what| say(&what))) {
        Ok(done) if done.is_empty() => say(&format!("  nothing of it is left at {}: its faults ended by themselves", note.control)),
        Ok(done) => done.iter().for_each(|done| say(&format!("  {}", one_line(done)))),
        Err(error) => return failed(&error),
    }
    true
}

/// Faults at a standing proxy that no drill renews: those of a drill of another user or host, or of no drill at all.
pub(super) fn strays(
    found: &mut FoundLeft,
    binding: &ControlBinding,
    environment: &Environment,
    root: &Path,
    names: &[String],
    policy: HealPolicy,
    runtime: &tokio::runtime::Runtime,
) {
    if found.named.contains(&binding.url) {
        return;
    }
    let faulty = runtime.block_on(stray_faults(binding, environment, root, names));
    if faulty.is_empty() {
        return;
    }
    found.any = true;
    let lines: String = faulty.iter().map(|(name, what)| format!("  {}: {}\n", one_line(name), one_line(what))).collect();
    say(&format!("warning: there are faults at {}, and no drill holds its lock\n{lines}", binding.url));
    let healed = is_agreed(policy, "Heal them now?") && {
        let order = HealOrder { roots: vec![root.to_owned()], ..HealOrder::default() };
        match runtime.block_on(order.strays(binding, environment, faulty.keys(), |what| say(&what))) {
            Ok(done) => {
                done.iter().for_each(|done| say(&format!("  {done}")));
                true
            }
            Err(error) => failed(&error),
        }
    };
    if !healed {
        found.needs(HEAL);
    }
}

fn failed(error: &(impl Explained + ?Sized)) -> bool {
    say(&format!("error: {}", explained(error)));
    false
}

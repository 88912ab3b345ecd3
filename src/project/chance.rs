//! The chance that a drill fails though nothing is wrong: providers are late now and then, and a baseline or a hold that needs more good
//! answers than they give proves nothing about the gateway.
//!
//! Known where the lab imitates the providers, and where the inventory states their times (`simulation:`). Counts are binomial, exactly; that
//! more bad requests follow each other than a recovery may contain is counted beside that. What the gateway adds is not known here.

use crate::model::{DrillPlan, ModelTimes, NamedWorkload, Objectives, Operation, Provider, SloOn, Timeline};
use crate::units::{Binomial, Duration, spare};

/// What is more probable than this is worth a warning.
const BEARABLE: f64 = 0.01;
/// Tokens of an answer that repeats its words: eight of one or two.
const TOKENS: u32 = 12;
/// More requests than this are counted as so many: what is probable there is seen below it.
const MOST: f64 = 20_000.0;

/// What to say of one workload of a plan, and what to write, where the chance is worth a warning. `stated` tells the providers whose
/// times are known.
pub(super) fn doubt(each: &NamedWorkload, plan: &DrillPlan, stated: impl Fn(&str) -> bool, whose: &str) -> Option<(String, String)> {
    let asked = ExpectedLoad::of(each, &plan.scenario.timeline, |name| plan.providers.get(name).filter(|_| stated(name)))?;
    let Chance { fails, late, requests: [baseline, hold] } = asked.chance();
    if fails <= BEARABLE {
        return None;
    }
    let message = format!(
        "{} of all drills would fail though nothing is wrong{whose}: {} of the answers come late by themselves, and the promise must hold in a baseline of {baseline} requests and a hold of {hold}",
        share(fails),
        share(late),
    );
    let instead = asked.instead().map_or_else(String::new, |instead| format!("write {instead}, or "));
    Some((message, format!("{instead}shorten the tail in `simulation:` of the providers")))
}

/// The chance of one workload, and what it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Chance {
    /// That the baseline or a hold fails.
    fails: f64,
    /// The share of answers that come late, of whoever serves worst.
    late: f64,
    /// Requests of the baseline and of the hold.
    requests: [u64; 2],
}

/// The requests that a workload will send, and the times of the providers that will serve it: what its chances are computed from.
struct ExpectedLoad<'p> {
    objectives: &'p Objectives,
    requests: [u64; 2],
    /// Who serves in the baseline, who in the hold, and the tokens of an answer.
    serving: [Vec<ModelTimes>; 2],
    tokens: u32,
}

impl<'p> ExpectedLoad<'p> {
    /// `known` gives the providers whose times are known; `None` where they are not, or where no model is asked.
    fn of(each: &'p NamedWorkload, timeline: &Timeline, known: impl Fn(&str) -> Option<&'p Provider>) -> Option<Self> {
        let (workload, service) = (&each.workload, &each.service);
        if workload.script.is_some() || workload.errand.is_some() {
            return None;
        }
        let operation = workload.request.operation();
        let pace = |name: &String| {
            let provider = known(name)?;
            let model = provider.model_for(operation);
            Some(provider.simulation.models.get(model).copied().unwrap_or_else(|| provider.simulation.pace()))
        };
        let before = service.primaries().iter().map(pace).collect::<Option<Vec<_>>>()?;
        // Those that share the load go on with it; who has none to go over to waits for the one that broke.
        let standby = service.standbys().first().filter(|_| !service.shares());
        let after = if let Some(standby) = standby { vec![pace(standby)?] } else { before.clone() };
        let rate = workload.mean(timeline.total()).as_per_second();
        let count = |requests: f64| requests.round().clamp(0.0, MOST) as u64;
        let hold = each.objectives.hold;
        Some(Self {
            objectives: &each.objectives,
            requests: [count(workload.requests(timeline.baseline)), count(rate * hold.as_secs_f64())],
            serving: [before, after],
            tokens: if operation == Operation::Embeddings { 0 } else { TOKENS },
        })
    }

    /// The chance as it is.
    fn chance(&self) -> Chance {
        self.with(self.promised())
    }

    fn promised(&self) -> Promise {
        let objectives = self.objectives;
        Promise { success: objectives.success.get(), slo: objectives.slo, consecutive: objectives.max_consecutive_bad }
    }

    /// The chance with another promise.
    fn with(&self, promise: Promise) -> Chance {
        let late = self.serving.each_ref().map(|paces| self.late(paces, promise.slo));
        let allowed = |place: usize| spare(self.requests[place], promise.success);
        let counted = |place: usize| Binomial::hitting(late[place], self.requests[place]).at_most(allowed(place));
        let held = counted(1) * no_run(self.requests[1], promise.consecutive.saturating_add(1), late[1]);
        Chance { fails: 1.0 - counted(0) * held, late: late[0].max(late[1]), requests: self.requests }
    }

    /// The share that is late, on average over those who share the load.
    fn late(&self, paces: &[ModelTimes], slo: Duration) -> f64 {
        let deadline = self.objectives.deadline;
        let share = |pace: &ModelTimes| {
            let rest = pace.token_gap.times(self.tokens);
            let whole = Duration::from_nanos(deadline.as_nanos().saturating_sub(rest.as_nanos()));
            let told = match self.objectives.slo_on {
                SloOn::Proof => slo,
                SloOn::Done => Duration::from_nanos(slo.as_nanos().saturating_sub(rest.as_nanos())),
            };
            pace.later_than(told.min(whole))
        };
        paces.iter().map(share).sum::<f64>() / paces.len().max(1) as f64
    }

    /// What to promise instead: a smaller share, if need be with more bad requests in a row, or a longer service level, each the nearest that
    /// is bearable.
    fn instead(&self) -> Option<String> {
        let promise = self.promised();
        let bears = |promise: &Promise| self.with(*promise).fails <= BEARABLE;
        // What is promised less is borne more, so that the nearest is found by halves.
        let nearest = |promises: Vec<Promise>| promises.get(promises.partition_point(|promise| !bears(promise))).copied();
        let less = |consecutive| {
            let steps = (0..100).map(|step| ((promise.success * 200.0).floor() - f64::from(step)) / 200.0);
            nearest(steps.take_while(|success| *success >= 0.5).map(|success| Promise { success, consecutive, ..promise }).collect())
        };
        let share = (0..3).map(|more| promise.consecutive.saturating_add(more)).find_map(less).map(|found| {
            let row = Some(found.consecutive).filter(|row| *row > promise.consecutive);
            let row = row.map_or_else(String::new, |row| format!("max_consecutive_bad: {row}, "));
            format!("`{row}success: {}%`", (found.success * 1000.0).round() / 10.0)
        });
        let moment = if self.objectives.slo_on == SloOn::Proof { "first_token" } else { "complete" };
        let step = Duration::from_nanos((promise.slo.as_nanos() / 4).div_ceil(100_000_000) * 100_000_000);
        let longer = (1..40).map(|times| Promise { slo: promise.slo.plus(step.times(times)), ..promise });
        let level = nearest(longer.take_while(|longer| longer.slo <= self.objectives.deadline).collect());
        let level = level.map(|found| format!("`slo: {{{moment}: {}}}`", found.slo.typed()));
        [share, level].into_iter().flatten().reduce(|one, other| format!("{one} or {other}"))
    }
}

/// What of a promise a chance depends on.
#[derive(Debug, Clone, Copy)]
struct Promise {
    success: f64,
    slo: Duration,
    /// Bad requests in a row that a recovery may contain.
    consecutive: u32,
}

/// A share in words; of what is below a tenth of a percent, its first two digits.
fn share(part: f64) -> String {
    let percent = part * 100.0;
    let places = if (1e-12..0.1).contains(&percent) { (1.0 - percent.log10().floor()) as usize } else { 1 };
    format!("{percent:.places$}%")
}

/// The probability that of `n`, each with probability `p`, no `length` follow each other.
fn no_run(n: u64, length: u32, p: f64) -> f64 {
    let (length, n) = (length as usize, usize::try_from(n).unwrap_or(usize::MAX));
    if length > n {
        return 1.0;
    }
    let run = p.powi(i32::try_from(length).unwrap_or(i32::MAX));
    // Of the last `length` + 1 numbers of requests; before `length` of them there is no run.
    let mut none = vec![1.0; length + 1];
    for place in length..=n {
        let last = none[place % (length + 1)];
        let next = if place == length { 1.0 - run } else { none[(place - 1) % (length + 1)] - (1.0 - p) * run * last };
        none[place % (length + 1)] = next;
    }
    none[n % (length + 1)]
}

#[cfg(test)]
mod tests {
    use super::{ExpectedLoad, no_run, share};
    use crate::project::Project;
    use std::path::Path;

    /// The chance that a drill in the lab fails though nothing is wrong.
    fn fails(root: &Path, scenario: &str) -> f64 {
        let (project, _) = Project::open(root);
        let (plan, _) = project.plan(&root.join(scenario), "lab").unwrap();
        let each = plan.workloads.leading();
        ExpectedLoad::of(each, &plan.scenario.timeline, |name| plan.providers.get(name)).unwrap().chance().fails
    }

    #[test]
    fn what_the_readme_and_the_shipped_drill_promise_is_kept_999_times_in_1000() {
        let folder = tempfile::tempdir().unwrap();
        for block in include_str!("../../README.md").split("\n```yaml\n# ").skip(1) {
            let (name, text) = block.split_once("\n```").unwrap().0.split_once('\n').unwrap();
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let chance = fails(folder.path(), "scenarios/outage.yaml");
        assert!(chance <= 0.001, "{chance}");
        // Another promise would not be.
        let inventory = folder.path().join("runbooks/inventory.yaml");
        let stricter = std::fs::read_to_string(&inventory).unwrap().replace("first_token: 3s", "first_token: 1200ms");
        std::fs::write(inventory, stricter).unwrap();
        assert!(fails(folder.path(), "scenarios/outage.yaml") > 0.001);
        let shipped = fails(Path::new(env!("CARGO_MANIFEST_DIR")), "scenarios/azure-outage.yaml");
        assert!(shipped <= 0.001, "{shipped}");
    }

    #[test]
    fn a_run_longer_than_all_requests_never_happens_and_costs_nothing() {
        for length in [u32::MAX, 4_000_000_000, 20_001] {
            assert_eq!(no_run(20_000, length, 0.5).to_bits(), 1.0_f64.to_bits());
        }
    }

    #[test]
    fn a_small_share_is_told_with_its_first_digits() {
        let told = [0.25, 0.012, 0.001, 0.000_34, 0.000_001_2, 0.0].map(share);
        assert_eq!(told, ["25.0%", "1.2%", "0.1%", "0.034%", "0.00012%", "0.0%"]);
    }

    #[test]
    fn runs_are_as_probable_as_counting_says() {
        for (n, length, p) in [(1, 2, 0.3), (2, 2, 0.3), (3, 2, 0.3), (9, 2, 0.3), (10, 3, 0.6), (12, 1, 0.1)] {
            let mut wanted = 0.0;
            for case in 0..1_u32 << n {
                let bad = |place: u64| case >> place & 1 == 1;
                let mut run = 0;
                let longest = (0..n)
                    .map(|place| {
                        run = if bad(place) { run + 1 } else { 0 };
                        run
                    })
                    .max()
                    .unwrap();
                let chance: f64 = (0..n).map(|place| if bad(place) { p } else { 1.0 - p }).product();
                wanted += if longest < length { chance } else { 0.0 };
            }
            assert!((no_run(n, length, p) - wanted).abs() < 1e-9, "{n} {length} {p}: {} {wanted}", no_run(n, length, p));
        }
    }
}

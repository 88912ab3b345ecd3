//! Drills that are killed with `kill -9` at random moments, against standing proxies. Over a fault proxy of ours every fault ends with its lease; over
//! Shopify's, which has none, by the watchdog. Each history can be read, and the next start tells what it found, and deals with it.
//!
//! 40 and 10 kills, in lanes that each have a server of their own, for one server takes one drill at a time. As many as are wanted:
//!
//! ```text
//! LIFEBOAT_KILLS=200 LIFEBOAT_KILLS_PLAIN=50 cargo test --test all killed_drills -- --nocapture
//! ```

use crate::support::{Project, Standing, wait_for};
use lifeboat::history::{Event, Reader};
use rand::{RngExt, SeedableRng};
use std::io::BufReader;
use std::time::{Duration, Instant};

const SEED: u64 = 2026;
/// So long a fault outlives its drill.
const LEASE: Duration = Duration::from_secs(1);
/// From the start of a drill to well within its fault.
const LONGEST: u64 = 2_700;

const SCENARIO: &str = "\
version: 1
scenario: quick
title: The first provider stops answering
service: chat
traffic: {rate: 50/s, request: chat-stream}
timeline:
  baseline: 1s
  faults: [{at: 0s, on: first, fault: blackhole, for: 7500ms}]
  watch: 1s
";

fn count(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// What the kills of one lane met.
#[derive(Debug, Default)]
struct Met {
    kills: usize,
    /// In how many of them a fault was in force when the drill was gone.
    faults: usize,
    /// How many had begun a history.
    histories: usize,
    /// How many of the next starts told of the drill.
    told: usize,
    /// The longest that a fault outlived its drill.
    longest: Duration,
}

impl Met {
    fn and(self, other: Self) -> Self {
        Self {
            kills: self.kills + other.kills,
            faults: self.faults + other.faults,
            histories: self.histories + other.histories,
            told: self.told + other.told,
            longest: self.longest.max(other.longest),
        }
    }
}

/// How many faults are in force on a server.
fn faults(standing: &Standing) -> usize {
    let (status, proxies) = standing.call("GET", "/proxies", "");
    assert_eq!(status, 200, "{proxies}");
    let of = |proxy: &serde_json::Value| proxy["toxics"].as_array().map_or(0, Vec::len) + usize::from(proxy["enabled"] == false);
    proxies.as_object().unwrap().values().map(of).sum()
}

/// Whether it was noted that this drill runs.
fn is_noted(project: &Project, out: &str) -> bool {
    let notes = std::fs::read_dir(project.path(".state/running")).into_iter().flatten().flatten();
    notes.map(|note| std::fs::read_to_string(note.path()).unwrap()).any(|note| note.contains(&format!("{out}\"")))
}

/// Kills so many drills over this server, one after the other.
fn lane(standing: &Standing, settings: &str, kills: usize, seed: u64, bound: Duration) -> Met {
    let project = Project::quick();
    let gateway = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}";
    project.write("scenarios/quick.yaml", SCENARIO);
    let inventory = "runbooks/inventory.yaml";
    project.edit(inventory, "first_token: 250ms", "first_token: 1s").edit(inventory, "lag_max: 200ms", "lag_max: 1s");
    project.environment("standing", &format!("{gateway}, control: {{url: 'http://{}'{settings}}}", standing.api));
    let mut random = rand::rngs::ChaCha8Rng::seed_from_u64(seed);
    let mut met = Met::default();
    for number in 0.. {
        if met.kills == kills {
            break;
        }
        assert!(number < 3 * kills + 3, "too many of them ended before they were killed: {met:?}");
        let out = format!("drills/{number}");
        let mut drill = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--env", "standing", "--out", &out, "--heal"]);
        let wait = Duration::from_millis(random.random_range(20..LONGEST));
        std::thread::sleep(wait);
        drill.signal(9);
        let run = drill.finish();
        if run.code.is_some() {
            // On a busy machine the traffic before the fault may not be steady, and the drill ends by itself.
            run.exits_with(3).says("the traffic before the fault is not steady");
            continue;
        }
        met.kills += 1;
        let gone = Instant::now();
        if faults(standing) > 0 {
            met.faults += 1;
            wait_for("the end of its faults", || (faults(standing) == 0).then_some(()));
            met.longest = met.longest.max(gone.elapsed());
            assert!(gone.elapsed() < bound, "a fault outlived its drill by {:?} (seed {seed}, kill {number})", gone.elapsed());
        }
        let history = project.path(&out).join("history.jsonl");
        let is_begun = history.metadata().is_ok_and(|about| about.len() > 0);
        if is_begun {
            met.histories += 1;
            let mut reader = Reader::new(BufReader::new(std::fs::File::open(&history).unwrap()));
            let mut over = false;
            while let Some(stamped) = reader.next_event().unwrap_or_else(|error| panic!("seed {seed}, kill {number}: {error}")) {
                over |= matches!(stamped.event, Event::Finished(_));
            }
            assert!(!over, "seed {seed}, kill {number}: it was over");
        }
        // One that had a folder is told of by whoever starts next; every other time that is the next drill.
        if is_noted(&project, &out) && number % 2 == 0 {
            let next = project.lifeboat(&["heal"]);
            next.exits_with(0).says(&format!("{out}: this drill was killed")).says("nothing is left to be done");
            assert!(!is_begun || next.stderr.contains("its history can be read up to the kill ("), "{}", next.stderr);
            assert_eq!(standing.call("GET", "/proxies", "").1, serde_json::json!({}), "its proxies are gone as well");
            met.told += 1;
        }
    }
    let last = project.lifeboat(&["heal"]);
    last.exits_with(0);
    project.lifeboat(&["heal"]).exits_with(0).says("nothing was left by any drill of this project");
    assert_eq!(standing.call("GET", "/proxies", "").1, serde_json::json!({}));
    met
}

fn lanes(count: usize, kills: usize, bound: Duration, start: impl Fn() -> (Standing, &'static str) + Copy + Send) -> Met {
    lanes_from(SEED, count, kills, bound, start)
}

fn lanes_from(seed: u64, count: usize, kills: usize, bound: Duration, start: impl Fn() -> (Standing, &'static str) + Copy + Send) -> Met {
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..count)
            .map(|number| {
                let share = kills / count + usize::from(number < kills % count);
                scope.spawn(move || {
                    let (standing, settings) = start();
                    lane(&standing, settings, share, seed + number as u64, bound)
                })
            })
            .collect();
        lanes.into_iter().fold(Met::default(), |met, lane| met.and(lane.join().unwrap()))
    })
}

#[test]
fn at_forty_random_moments_every_fault_of_a_killed_drill_ends_with_its_lease() {
    let kills = count("LIFEBOAT_KILLS", 40);
    // The lease, and what a busy machine needs to look and to be looked at.
    let met = lanes(4, kills, LEASE + Duration::from_secs(4), || (Standing::start(&[]), ", lease: 1s"));
    println!("seed {SEED}: {met:?}");
    assert!(met.kills == kills && met.faults > kills / 10, "too few kills met a fault: {met:?}");
}

#[test]
fn at_ten_random_moments_every_fault_on_shopifys_server_is_healed_by_the_watchdog() {
    let kills = count("LIFEBOAT_KILLS_PLAIN", 10);
    let mut met = Met::default();
    // On a busy machine drills begin late, and ten kills may all come before the first fault.
    for round in 1..=4 {
        met = met.and(lanes_from(SEED + 100 * (round - 1), 2, kills, Duration::from_secs(10), || (Standing::shopifys(), "")));
        println!("seed {SEED}, round {round}: {met:?}");
        if met.faults > 0 {
            break;
        }
    }
    assert!(met.kills >= kills && met.faults > 0, "no kill met a fault: {met:?}");
}

//! What drives them, in interleaved rounds: wrk, each round every contender once, so that a busy moment of the machine hits all alike.

use std::path::Path;
use std::process::Command;

/// Prints what wrk measured as one line of numbers.
const SCRIPT: &str = r#"
done = function(summary, latency)
  local bad = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout + summary.errors.status
  print(string.format("MEASURED %d %d %d %d %d %d", summary.requests, summary.bytes, summary.duration,
    latency:percentile(50), latency:percentile(99), bad))
end
"#;

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) path: &'static str,
    pub(crate) connections: u32,
    pub(crate) closing: bool,
    pub(crate) seconds: u32,
}

/// One run of wrk: a second, a millisecond.
#[derive(Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) requests: f64,
    pub(crate) bytes: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) bad: f64,
}

pub(crate) fn wrk(folder: &Path, port: u16, ask: Ask) -> Measured {
    let script = folder.join("measured.lua");
    std::fs::write(&script, SCRIPT).unwrap();
    let mut command = Command::new("wrk");
    command.args(["-t1", &format!("-c{}", ask.connections), &format!("-d{}s", ask.seconds), "-s", script.to_str().unwrap()]);
    if ask.closing {
        command.args(["-H", "Connection: close"]);
    }
    let output = command.arg(format!("http://127.0.0.1:{port}{}", ask.path)).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("MEASURED ")).unwrap_or_else(|| panic!("wrk said {text}"));
    let numbers: Vec<f64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
    let seconds = numbers[2] / 1e6;
    Measured { requests: numbers[0] / seconds, bytes: numbers[1] / seconds, p50: numbers[3] / 1e3, p99: numbers[4] / 1e3, bad: numbers[5] }
}

/// Each contender's runs, round after round.
pub(crate) fn rounds(folder: &Path, contenders: &[(&'static str, u16)], ask: Ask, count: usize) -> Vec<Vec<Measured>> {
    let mut runs = vec![Vec::new(); contenders.len()];
    for (_, port) in contenders {
        // Not counted: the first run opens files and fills pools.
        wrk(folder, *port, Ask { seconds: 1, ..ask });
    }
    for round in 0..count {
        for place in 0..contenders.len() {
            // Nobody always comes after the same neighbour.
            let place = (place + round) % contenders.len();
            runs[place].push(wrk(folder, contenders[place].1, ask));
        }
    }
    runs
}

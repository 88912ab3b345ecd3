//! What drives them, in interleaved rounds: wrk, each round every contender once, so that a busy moment of the machine hits all alike.

use crate::processor;
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

/// A question to a model, as wrk posts it.
const POST: &str = r#"
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = '{"model":"gpt-4o","messages":[{"role":"user","content":"How many boats are there?"}],"max_tokens":64}'
"#;

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) path: &'static str,
    pub(crate) connections: u32,
    pub(crate) manner: Manner,
    pub(crate) seconds: u32,
}

/// How it is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// `GET`s on connections that are kept.
    Kept,
    /// A connection for each.
    Closing,
    /// A model is asked, on connections that are kept.
    Post,
}

/// Who is asked.
#[derive(Clone, Copy)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    /// The process that does the work; absent where nobody stands between.
    pub(crate) process: Option<u32>,
}

/// One run of wrk: a second, a millisecond; processor time in microseconds a request.
#[derive(Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) requests: f64,
    pub(crate) bytes: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) bad: f64,
    /// Of wrk itself.
    pub(crate) wrk_cpu_us: f64,
    /// Of who was asked; 0 where nobody stands between.
    pub(crate) cpu_us: f64,
}

pub(crate) fn wrk(folder: &Path, port: u16, ask: Ask) -> Measured {
    let script = folder.join("measured.lua");
    std::fs::write(&script, if ask.manner == Manner::Post { format!("{POST}{SCRIPT}") } else { SCRIPT.to_owned() }).unwrap();
    let mut command = Command::new("wrk");
    command.args(["-t1", &format!("-c{}", ask.connections), &format!("-d{}s", ask.seconds), "-s", script.to_str().unwrap()]);
    if ask.manner == Manner::Closing {
        command.args(["-H", "Connection: close"]);
    }
    let before = processor::of_the_ended();
    let output = command.arg(format!("http://127.0.0.1:{port}{}", ask.path)).output().unwrap();
    let used = processor::of_the_ended() - before;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("MEASURED ")).unwrap_or_else(|| panic!("wrk said {text}"));
    let numbers: Vec<f64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
    let seconds = numbers[2] / 1e6;
    Measured {
        requests: numbers[0] / seconds,
        bytes: numbers[1] / seconds,
        p50: numbers[3] / 1e3,
        p99: numbers[4] / 1e3,
        bad: numbers[5],
        wrk_cpu_us: used * 1e6 / numbers[0],
        cpu_us: 0.0,
    }
}

/// One run against a contender, with the processor time that it took.
pub(crate) fn asked(folder: &Path, contender: Contender, ask: Ask) -> Measured {
    let used = || contender.process.map_or(0.0, processor::of_process);
    let before = used();
    let run = wrk(folder, contender.port, ask);
    let cpu_us = (used() - before) * 1e6 / (run.requests * f64::from(ask.seconds));
    Measured { cpu_us, ..run }
}

/// Each contender's runs, round after round.
pub(crate) fn rounds(folder: &Path, contenders: &[Contender], ask: Ask, count: usize) -> Vec<Vec<Measured>> {
    let mut runs = vec![Vec::new(); contenders.len()];
    for contender in contenders {
        // Not counted: the first run opens files and fills pools.
        wrk(folder, contender.port, Ask { seconds: 1, ..ask });
    }
    for round in 0..count {
        for place in 0..contenders.len() {
            // Nobody always comes after the same neighbour.
            let place = (place + round) % contenders.len();
            runs[place].push(asked(folder, contenders[place], ask));
        }
    }
    runs
}

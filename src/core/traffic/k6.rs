//! Somebody else's generator as the traffic of a drill: the real k6 runs a script, and its lines become the drill's requests.
//!
//! What the drill needs of each request the script tells: its number and when it was due (tags `lifeboat` and `due`), and whether the
//! answer was what it should be (the metric [`SERVED`]). An answer that the script did not judge proves nothing and is unknown. Moments of
//! k6 are by the wall clock; they are put on the drill's by how far the two are apart, and where the wall clock was set meanwhile the drill
//! is over.
//!
//! Nobody can tell a k6 to send no more and to wait for its answers. So it sends on while the drill ends, until everything that was due before
//! has ended; what is due after is counted for what it costs and in a remark, and is no part of what is measured.
//!
//! What this file does not do: pace. Whether k6 kept up is seen from its own due times and from the iterations that it dropped.

use super::{Budget, Observed, Spent, TrafficError};
use crate::history::{Event, Outcome, Remark, RemarkAbout, RequestDone, Shed, number_of, request_id, workload_of};
use crate::host::private;
use crate::import::{K6Point, K6Points, K6Sample, SERVED};
use crate::journal::{Clock, Recorder, Wall};
use crate::model::Workload;
use crate::process::{ChildProcess, Lifeline, ProcessExit, Program, RedactedLog, Supervision, SupervisionScope};
use crate::redact::Redactor;
use crate::units::Secret;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::ChildStdout;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A longer line is none of k6's.
const LONGEST_LINE: u64 = 1 << 20;
/// The wall clock may drift this far from the drill's before it counts as set, in nanoseconds. NTP slews by at most half a millisecond a
/// second; a drill that loses more has a broken clock.
const DRIFT: i64 = 50_000_000;
/// More answers than this that nobody judged are a script that judges none.
const MOST_UNJUDGED: usize = 1 << 20;
/// How long k6 may take to end when it is asked to.
const END: std::time::Duration = std::time::Duration::from_secs(10);
/// How long what it said just before its end may take to arrive.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_secs(1);

/// So many runs of the script before its first request, and the script sends none: each run that sends tells of its request first.
const MOST_SILENT: u32 = 30;

/// The k6 script of a workload: its files, its environment, and where its output goes.
#[derive(Debug)]
pub struct Script {
    /// The binary whose command `keep` ends what it started when the drill does.
    pub supervisor: PathBuf,
    /// The script.
    pub file: PathBuf,
    /// Where it runs.
    pub folder: PathBuf,
    /// Where what k6 says on stderr goes, without secrets.
    pub log: PathBuf,
    /// Takes secrets out of that.
    pub redactor: Redactor,
    /// What the script finds in `__ENV`. It is the only way in which it learns a key.
    pub env: BTreeMap<String, Secret>,
    /// The index of the workload among those of the drill.
    pub workload: usize,
    /// How many requests may be on their way at once, for what they may cost.
    pub on_the_way: u64,
    /// What it may cost.
    pub budget: Arc<Budget>,
    /// Told why, once k6 has ended before it was asked to or its lines cannot be used.
    pub breaks: watch::Sender<Option<String>>,
}

/// A k6 that runs as the traffic of a workload. Dropping it lets go of the supervisor's pipe, and k6 is ended.
#[derive(Debug)]
pub struct K6Run {
    lifeline: Option<Lifeline>,
    /// Kills the supervisor.
    kill: watch::Sender<bool>,
    ended: watch::Receiver<Option<ProcessExit>>,
    until: watch::Sender<Option<u64>>,
    begun: watch::Receiver<Option<u64>>,
    whole: watch::Receiver<bool>,
    log: RedactedLog,
    follower: JoinHandle<Observed>,
}

impl K6Run {
    /// Starts k6.
    ///
    /// # Errors
    /// Where no process can be started.
    pub fn start(script: Script, recorder: Recorder) -> Result<Self, TrafficError> {
        let (log, says) = RedactedLog::into_file(private::create(&script.log)?, &script.redactor)?;
        let argv = ["k6", "run", "--quiet", "--no-usage-report", "--no-summary", "--out", "json"].map(str::to_owned);
        let program = Program {
            argv: argv.into_iter().chain([script.file.display().to_string()]).collect(),
            folder: script.folder.clone(),
            pass: Workload::PASSED.map(str::to_owned).to_vec(),
            env: script.env.into_iter().collect(),
            supervision: Supervision::By(script.supervisor, SupervisionScope::All),
            grace: END / 2,
        };
        let mut k6 = program.start([Stdio::piped(), says.into()]).map_err(std::io::Error::other)?;
        let lifeline = Some(k6.take_lifeline());
        let lines = k6.stdout().ok_or_else(|| std::io::Error::other("k6 has no output"))?;
        let (until, asked) = watch::channel(None);
        let (begins, begun) = watch::channel(None);
        let (wholes, whole) = watch::channel(false);
        let (kill, killed) = watch::channel(false);
        let (ends, ended) = watch::channel(None);
        tokio::spawn(wait(k6, killed, ends));
        script.budget.stands(script.workload, script.on_the_way);
        let clock = recorder.clock();
        let follower = K6OutputReader {
            points: K6Points::new(vec!["lifeboat".into(), "due".into()]),
            walls: WallOffset::read(clock),
            recorder,
            workload: script.workload,
            budget: script.budget,
            redactor: script.redactor,
            unjudged: HashMap::new(),
            dropped: Vec::new(),
            recorded: 0,
            later: 0,
            silent: Some(0),
            numbers: EndedRequests::default(),
            until: asked,
            ended: ended.clone(),
            begins,
            wholes,
            breaks: script.breaks,
        };
        Ok(Self { lifeline, kill, ended, until, begun, whole, log, follower: tokio::spawn(follower.follow(lines)) })
    }

    /// When the first request that ended was due, once one has.
    pub fn begun(&self) -> watch::Receiver<Option<u64>> {
        self.begun.clone()
    }

    /// What is due from now on no longer counts. k6 goes on until what was due before has ended, at the longest until `patience` ends; then it
    /// is ended.
    pub async fn finish(mut self, clock: Clock, patience: impl Future<Output = ()>) -> Observed {
        let until = clock.now();
        self.until.send_replace(Some(until));
        tokio::select! {
            () = patience => {}
            // It goes where the follower does, which is at k6's end.
            _ = self.whole.wait_for(|whole| *whole) => {}
        }
        self.lifeline = None;
        if tokio::time::timeout(END, self.ended.wait_for(Option::is_some)).await.is_err() {
            self.kill.send_replace(true);
        }
        self.log.end(LAST_WORDS).await;
        self.follower.await.unwrap_or(Observed { requests: 0, until })
    }
}

/// Waits for k6's end, as its supervisor tells it, or kills both.
async fn wait(mut k6: ChildProcess, mut killed: watch::Receiver<bool>, ends: watch::Sender<Option<ProcessExit>>) {
    let is_killed = async {
        if killed.wait_for(|killed| *killed).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let ended = tokio::select! {
        status = k6.wait() => Some(status),
        () = is_killed => None,
    };
    let status = match ended {
        Some(status) => status,
        None => k6.kill().await,
    };
    ends.send_replace(Some(status.map_or(ProcessExit::Code(-1), ProcessExit::of_supervised)));
}

/// How k6 ended, in words, where it should have gone on.
fn told(exit: ProcessExit) -> String {
    let number = match exit {
        ProcessExit::Code(code) => return format!("k6 ended before the drill did, with exit code {code}"),
        ProcessExit::Signal(number) => number,
    };
    let name = match number {
        6 => "SIGABRT",
        9 => "SIGKILL, as the kernel does when memory runs out",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        _ => return format!("k6 was killed by signal {number} before the drill ended"),
    };
    format!("k6 was killed by {name}, before the drill ended")
}

/// The numbers of the requests that have ended.
#[derive(Debug, Default)]
struct EndedRequests {
    /// All below this have.
    below: u64,
    /// And these.
    beyond: BTreeSet<u64>,
    /// The first that is due when nothing counts any more, as far as one has ended.
    first_later: Option<u64>,
}

impl EndedRequests {
    fn ended(&mut self, number: u64, later: bool) {
        if later {
            self.first_later = Some(self.first_later.map_or(number, |first| first.min(number)));
        }
        if number >= self.below {
            self.beyond.insert(number);
        }
        while self.beyond.remove(&self.below) {
            self.below += 1;
        }
    }

    /// True once nothing that counts is missing. Where a script does not count its requests from its first, this never comes.
    fn is_whole(&self) -> bool {
        self.first_later.is_some_and(|first| first <= self.below)
    }
}

/// The offset of the wall clock from the drill's clock.
#[derive(Debug, Clone, Copy)]
struct WallOffset {
    ahead: i64,
}

impl WallOffset {
    fn read(clock: Clock) -> Self {
        Self { ahead: Wall::read().at(clock.host(0)) }
    }

    /// A moment of the wall clock on the drill's; 0 for one before it.
    fn at(self, wall: i64) -> u64 {
        u64::try_from(wall - self.ahead).unwrap_or(0)
    }
}

/// The reader of k6's output lines, which records requests as they end.
struct K6OutputReader {
    points: K6Points,
    walls: WallOffset,
    recorder: Recorder,
    workload: usize,
    budget: Arc<Budget>,
    redactor: Redactor,
    /// Good by what k6 saw; the script has not said yet what it thinks.
    unjudged: HashMap<u64, RequestDone>,
    dropped: Vec<u64>,
    recorded: u64,
    /// Requests that were due when nothing counted any more.
    later: u64,
    /// Runs of the script before its first request; `None` once one has come. What later runs send or do not is the script's affair.
    silent: Option<u32>,
    numbers: EndedRequests,
    until: watch::Receiver<Option<u64>>,
    ended: watch::Receiver<Option<ProcessExit>>,
    begins: watch::Sender<Option<u64>>,
    wholes: watch::Sender<bool>,
    breaks: watch::Sender<Option<String>>,
}

impl K6OutputReader {
    async fn follow(mut self, lines: ChildStdout) -> Observed {
        let mut lines = BufReader::with_capacity(1 << 16, lines);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut lines).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
                Ok(1..) => {}
                _ => break,
            }
            let text = String::from_utf8_lossy(&line);
            let read = self.points.line(text.trim_end()).map_err(|why| format!("a line of k6 cannot be used: {why}"));
            let told = read.and_then(|point| self.sort(point));
            match told {
                Ok(Some((done, spent))) => self.record(done, spent).await,
                Ok(None) => {}
                Err(why) => self.breaks_off(why),
            }
        }
        if self.until.borrow().is_none() {
            let ending = tokio::time::timeout(LAST_WORDS, self.ended.wait_for(Option::is_some)).await;
            let ending = ending.ok().and_then(Result::ok).and_then(|ending| *ending);
            self.breaks_off(ending.map_or_else(|| "k6 ended before the drill did".into(), told));
        }
        self.end().await
    }

    /// What a point means for the drill: a request that has ended and was judged, or nothing yet.
    fn sort(&mut self, point: Option<K6Point>) -> Result<Option<(RequestDone, Spent)>, String> {
        match point {
            Some(K6Point::Iterated) => {
                self.silent = self.silent.map(|silent| silent + 1);
                if self.silent.is_some_and(|silent| silent > MOST_SILENT) {
                    return Err("the script runs and sends no request with the tag `lifeboat`".into());
                }
                Ok(None)
            }
            Some(K6Point::Request(sample)) => {
                let Some(done) = self.request(&sample)? else { return Ok(None) };
                self.silent = None;
                let spent = spent(&sample);
                if done.outcome != Outcome::Ok {
                    return Ok(Some((done, spent)));
                }
                self.unjudged.insert(done.id, done);
                if self.unjudged.len() > MOST_UNJUDGED {
                    return Err(format!("the script does not say whether its answers were good (`{SERVED}`)"));
                }
                Ok(None)
            }
            Some(K6Point::Judged { tags, served, why }) => {
                let judged = number(&tags, 0).and_then(|id| self.unjudged.remove(&id));
                let judged = judged.map(|done| if served { done } else { refused(done, why.map(|why| self.redactor.redact(&why))) });
                Ok(judged.map(|done| (done, Spent::Something(None))))
            }
            Some(K6Point::Dropped { at, count }) => {
                let at = self.walls.at(at);
                self.dropped.extend((0..count).map(|_| at));
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// A request as the drill records it; `None` where it is none of the drill's.
    fn request(&self, sample: &K6Sample) -> Result<Option<RequestDone>, String> {
        let Some(id) = number(&sample.tags, 0).filter(|id| workload_of(*id) == self.workload) else { return Ok(None) };
        let due = sample.tags.get(1).and_then(Option::as_deref).and_then(|due| due.parse::<f64>().ok()).filter(|due| due.is_finite());
        let due = due.ok_or_else(|| format!("request {id} does not say when it was due (the tag `due`, in milliseconds since 1970)"))?;
        let ended = self.walls.at(sample.ended);
        // Scripts know milliseconds only: none is sent before it was due.
        let sent = ended.saturating_sub(u64::try_from(sample.took + sample.blocked).unwrap_or(0));
        let due = self.walls.at((due * 1e6) as i64).min(sent);
        self.begins.send_if_modified(|begun| begun.is_none() && begun.replace(due).is_none());
        let (outcome, why) = outcome(sample);
        Ok(Some(RequestDone { id, due, lag: sent - due, proof: None, done: ended - due, outcome, why: why.map(Into::into) }))
    }

    async fn record(&mut self, done: RequestDone, spent: Spent) {
        let now = WallOffset::read(self.recorder.clock());
        if (now.ahead - self.walls.ahead).abs() > DRIFT {
            self.breaks_off("the wall clock was set while k6 ran, so its times cannot be used any more".into());
        }
        // It does not ask before it sends: what may be on its way is held back, and this tells when the rest is spent.
        self.budget.sent(done.id, spent);
        let later = self.until.borrow().is_some_and(|until| done.due >= until);
        self.numbers.ended(number_of(done.id), later);
        if self.numbers.is_whole() {
            self.wholes.send_replace(true);
        }
        if later {
            self.later += 1;
            return;
        }
        self.recorded += 1;
        self.recorder.record(Event::Request(done)).await;
    }

    /// What nobody judged is unknown; what was dropped comes after everything else, in the order of its due times.
    async fn end(mut self) -> Observed {
        let mut unjudged: Vec<RequestDone> = std::mem::take(&mut self.unjudged).into_values().collect();
        unjudged.sort_by_key(|done| done.id);
        for done in unjudged {
            let done = RequestDone { outcome: Outcome::Unknown, why: Some("not-judged".into()), ..done };
            self.record(done, Spent::Something(None)).await;
        }
        let until = (*self.until.borrow()).unwrap_or_else(|| self.recorder.clock().now());
        for due in std::mem::take(&mut self.dropped).into_iter().filter(|due| *due < until) {
            let id = request_id(self.workload, self.recorded);
            self.recorded += 1;
            self.recorder.record(Event::Shed(Shed { id, due })).await;
        }
        if self.later > 0 {
            let text = format!("k6 sent {} more requests while the drill ended; they count only towards its cost", self.later);
            self.recorder.record(Event::Remark(Remark { about: RemarkAbout::Traffic, text })).await;
        }
        Observed { requests: self.recorded, until }
    }

    fn breaks_off(&self, why: String) {
        self.breaks.send_if_modified(|broken| {
            let first = broken.is_none();
            if first {
                *broken = Some(why);
            }
            first
        });
    }
}

/// A number among the tags.
fn number(tags: &[Option<String>], index: usize) -> Option<u64> {
    tags.get(index)?.as_deref()?.parse().ok()
}

/// An answer that the script did not accept.
fn refused(done: RequestDone, why: Option<String>) -> RequestDone {
    let why = why.unwrap_or_else(|| "wrong-content".into());
    let outcome = if why.ends_with("truncated") { Outcome::Truncated } else { Outcome::Error };
    RequestDone { outcome, why: Some(why.into()), ..done }
}

/// What a request costs, as far as k6 knows.
const fn spent(sample: &K6Sample) -> Spent {
    match sample.code {
        1020 | 1100..=1111 | 1202 | 1210..=1213 | 1300..=1399 => Spent::Nothing,
        _ if sample.status >= 400 => Spent::Refused,
        _ => Spent::Something(None),
    }
}

/// How a request ended, in the words of the drill's own traffic. Source of the codes: k6's documentation, "Error codes".
fn outcome(sample: &K6Sample) -> (Outcome, Option<String>) {
    let word = match sample.code {
        1020 => "unsendable".to_owned(),
        1050 => "no-answer".to_owned(),
        1100..=1111 => "not-resolved".to_owned(),
        1211 => "connect-timed-out".to_owned(),
        1212 => "refused".to_owned(),
        1202 | 1210 | 1213 => "not-connected".to_owned(),
        1310 => "certificate-untrusted".to_owned(),
        1311 => "certificate-wrong-name".to_owned(),
        1300..=1399 => "tls-refused".to_owned(),
        _ if sample.status >= 400 => format!("status-{}", sample.status),
        // Only what broke within a body has a status.
        _ if sample.error && sample.status == 0 => "cut-before-headers".to_owned(),
        _ if sample.error => "cut".to_owned(),
        _ => format!("status-{}", sample.status),
    };
    match sample.kind() {
        Outcome::Ok => (Outcome::Ok, None),
        Outcome::Timeout => (Outcome::Timeout, Some(word)),
        Outcome::Truncated => (Outcome::Truncated, Some(word)),
        _ => (Outcome::Error, Some(word)),
    }
}

#[cfg(test)]
mod tests;

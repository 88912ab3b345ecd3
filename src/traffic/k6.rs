//! Somebody else's generator as the traffic of a drill: the real k6 runs a script, and its lines become the drill's requests.
//!
//! What the drill needs of each request the script tells: its number and when it was due (tags `lifeboat` and `due`), and whether the
//! answer was what it should be (the metric [`SERVED`]). An answer that the script did not judge proves nothing and is unknown. Moments of
//! k6 are by the wall clock; they are put on the drill's by how far the two are apart, and where the wall clock was set meanwhile the drill
//! is over.
//!
//! What this file does not do: pace. Whether k6 kept up is seen from its own due times and from the iterations that it dropped.

use super::{Budget, Observed, TrafficError};
use crate::history::{Event, Kind, Outcome, RequestDone, Shed, request_id, workload_of};
use crate::host::{self, private};
use crate::import::{Point, Points, SERVED, Sample};
use crate::journal::{Clock, Recorder, Wall};
use crate::model::Workload;
use crate::redact::{Log, Redactor};
use crate::units::Secret;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
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

/// What k6 is to do.
#[derive(Debug)]
pub struct Script {
    /// The binary whose command `keep` ends what it started when the drill does.
    pub keeper: PathBuf,
    /// The script.
    pub file: PathBuf,
    /// Where it runs.
    pub folder: PathBuf,
    /// Where what k6 says on stderr goes, without secrets.
    pub log: PathBuf,
    /// Knows them.
    pub redactor: Redactor,
    /// What the script finds in `__ENV`. It is the only way in which it learns a key.
    pub env: BTreeMap<String, Secret>,
    /// The place of the workload among those of the drill.
    pub workload: usize,
    /// How many requests may be on their way at once, for what they may cost.
    pub on_the_way: u64,
    /// What it may cost.
    pub budget: Arc<Budget>,
    /// Told why, once k6 has ended before it was asked to or its lines cannot be used.
    pub breaks: watch::Sender<Option<String>>,
}

/// A running k6. Dropping it lets go of the keeper's pipe, and k6 is ended.
#[derive(Debug)]
pub struct Driven {
    keeper: Child,
    held: Option<ChildStdin>,
    until: watch::Sender<Option<u64>>,
    begun: watch::Receiver<bool>,
    log: Log,
    follower: JoinHandle<Observed>,
}

impl Driven {
    /// Starts k6.
    ///
    /// # Errors
    /// Where no process can be started.
    pub fn start(script: Script, recorder: Recorder) -> Result<Self, TrafficError> {
        let (log, says) = Log::into_file(private::create(&script.log)?, &script.redactor)?;
        let mut command = Command::new(&script.keeper);
        let passed = Workload::PASSED.map(str::to_owned);
        host::environment(command.as_std_mut(), &passed, script.env.iter().map(|(name, value)| (name.clone(), value.expose())));
        let mut keeper = command
            .args(["keep", "--private", "--all", "--", "k6", "run", "--quiet", "--no-usage-report", "--no-summary", "--out", "json"])
            .arg(&script.file)
            .current_dir(&script.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(says)
            .process_group(0)
            .spawn()?;
        // It holds the pipe's end too, and what was said is whole only once nobody does.
        drop(command);
        let held = keeper.stdin.take();
        let lines = keeper.stdout.take().ok_or_else(|| std::io::Error::other("k6 has no output"))?;
        let (until, asked) = watch::channel(None);
        let (begins, begun) = watch::channel(false);
        let clock = recorder.clock();
        let follower = Follower {
            points: Points::new(vec!["lifeboat".into(), "due".into()]),
            walls: Walls::read(clock),
            recorder,
            workload: script.workload,
            on_the_way: script.on_the_way,
            budget: script.budget,
            redactor: script.redactor,
            unjudged: HashMap::new(),
            dropped: Vec::new(),
            recorded: 0,
            until: asked,
            begins,
            breaks: script.breaks,
        };
        Ok(Self { keeper, held, until, begun, log, follower: tokio::spawn(follower.follow(lines)) })
    }

    /// Becomes true with the first request.
    pub fn begun(&self) -> watch::Receiver<bool> {
        self.begun.clone()
    }

    /// What is due from now on no longer counts. k6 goes on while `patience` lasts, so that what was due before can end; then it is ended.
    pub async fn finish(mut self, clock: Clock, patience: impl Future<Output = ()>) -> Observed {
        let until = clock.now();
        self.until.send_replace(Some(until));
        patience.await;
        self.held = None;
        if tokio::time::timeout(END, self.keeper.wait()).await.is_err() {
            let _ = self.keeper.kill().await;
        }
        self.log.end(LAST_WORDS).await;
        self.follower.await.unwrap_or(Observed { requests: 0, until })
    }
}

/// How far the wall clock is ahead of the drill's.
#[derive(Debug, Clone, Copy)]
struct Walls {
    ahead: i64,
}

impl Walls {
    fn read(clock: Clock) -> Self {
        Self { ahead: Wall::read().at(clock.host(0)) }
    }

    /// A moment of the wall clock on the drill's; 0 for one before it.
    fn at(self, wall: i64) -> u64 {
        u64::try_from(wall - self.ahead).unwrap_or(0)
    }
}

struct Follower {
    points: Points,
    walls: Walls,
    recorder: Recorder,
    workload: usize,
    on_the_way: u64,
    budget: Arc<Budget>,
    redactor: Redactor,
    /// Good by what k6 saw; the script has not said yet what it thinks.
    unjudged: HashMap<u64, RequestDone>,
    dropped: Vec<u64>,
    recorded: u64,
    until: watch::Receiver<Option<u64>>,
    begins: watch::Sender<bool>,
    breaks: watch::Sender<Option<String>>,
}

impl Follower {
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
            let told = self.points.line(text.trim_end()).and_then(|point| self.sort(point));
            match told {
                Ok(Some(done)) => self.record(done).await,
                Ok(None) => {}
                Err(why) => self.breaks_off(format!("a line of k6 cannot be used: {why}")),
            }
        }
        if self.until.borrow().is_none() {
            self.breaks_off("k6 ended before the drill did".into());
        }
        self.end().await
    }

    /// What a point means for the drill: a request that has ended and was judged, or nothing yet.
    fn sort(&mut self, point: Option<Point>) -> Result<Option<RequestDone>, String> {
        match point {
            Some(Point::Request(sample)) => {
                let Some(done) = self.request(&sample)? else { return Ok(None) };
                if done.outcome != Outcome::Ok {
                    return Ok(Some(done));
                }
                self.unjudged.insert(done.id, done);
                if self.unjudged.len() > MOST_UNJUDGED {
                    return Err(format!("the script does not say of its answers whether they were served (`{SERVED}`)"));
                }
                Ok(None)
            }
            Some(Point::Judged { tags, served, why }) => {
                let judged = number(&tags, 0).and_then(|id| self.unjudged.remove(&id));
                Ok(judged.map(|done| if served { done } else { refused(done, why.map(|why| self.redactor.redact(&why))) }))
            }
            Some(Point::Dropped { at, count }) => {
                let at = self.walls.at(at);
                self.dropped.extend((0..count).map(|_| at));
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// A request as the drill records it; `None` where it is none of the drill's.
    fn request(&self, sample: &Sample) -> Result<Option<RequestDone>, String> {
        let Some(id) = number(&sample.tags, 0).filter(|id| workload_of(*id) == self.workload) else { return Ok(None) };
        self.begins.send_if_modified(|begun| !std::mem::replace(begun, true));
        let due = sample.tags.get(1).and_then(Option::as_deref).and_then(|due| due.parse::<f64>().ok()).filter(|due| due.is_finite());
        let due = due.ok_or_else(|| format!("request {id} does not say when it was due (the tag `due`, in milliseconds since 1970)"))?;
        let ended = self.walls.at(sample.ended);
        // Scripts know milliseconds only: none is sent before it was due.
        let sent = ended.saturating_sub(u64::try_from(sample.took + sample.blocked).unwrap_or(0));
        let due = self.walls.at((due * 1e6) as i64).min(sent);
        let (outcome, why) = outcome(sample);
        Ok(Some(RequestDone { id, due, late: sent - due, proof: None, done: ended - due, outcome, why: why.map(Into::into) }))
    }

    async fn record(&mut self, done: RequestDone) {
        let now = Walls::read(self.recorder.clock());
        if (now.ahead - self.walls.ahead).abs() > DRIFT {
            self.breaks_off("the wall clock was set while k6 ran, and its moments cannot be placed any more".into());
        }
        if self.until.borrow().is_some_and(|until| done.due >= until) {
            return;
        }
        self.recorded += 1;
        // It does not ask before it sends: what may be on its way is held back, and this tells when the rest is spent.
        let _ = self.budget.affords(self.workload, self.on_the_way, self.recorded);
        self.recorder.record(Event::Request(done)).await;
    }

    /// What nobody judged is unknown; what was dropped comes after everything else, in the order of its due times.
    async fn end(mut self) -> Observed {
        let mut unjudged: Vec<RequestDone> = std::mem::take(&mut self.unjudged).into_values().collect();
        unjudged.sort_by_key(|done| done.id);
        for done in unjudged {
            self.record(RequestDone { outcome: Outcome::Unknown, why: Some("not-judged".into()), ..done }).await;
        }
        let until = (*self.until.borrow()).unwrap_or_else(|| self.recorder.clock().now());
        for due in std::mem::take(&mut self.dropped).into_iter().filter(|due| *due < until) {
            let id = request_id(self.workload, self.recorded);
            self.recorded += 1;
            self.recorder.record(Event::Shed(Shed { id, due })).await;
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
fn number(tags: &[Option<String>], place: usize) -> Option<u64> {
    tags.get(place)?.as_deref()?.parse().ok()
}

/// An answer that the script did not accept.
fn refused(done: RequestDone, why: Option<String>) -> RequestDone {
    let why = why.unwrap_or_else(|| "wrong-content".into());
    let outcome = if why.ends_with("truncated") { Outcome::Truncated } else { Outcome::Error };
    RequestDone { outcome, why: Some(why.into()), ..done }
}

/// How a request ended, in the words of the drill's own traffic.
fn outcome(sample: &Sample) -> (Outcome, Option<String>) {
    let word = match sample.code {
        1050 => "no-answer".to_owned(),
        1100..=1111 => "not-resolved".to_owned(),
        1211 => "connect-timed-out".to_owned(),
        1212 => "refused".to_owned(),
        1220 => "reset".to_owned(),
        1300..=1399 => "not-trusted".to_owned(),
        _ if sample.status >= 400 => format!("status-{}", sample.status),
        _ if sample.error => "cut".to_owned(),
        _ => format!("status-{}", sample.status),
    };
    match sample.kind() {
        Kind::Ok => (Outcome::Ok, None),
        Kind::Timeout => (Outcome::Timeout, Some(word)),
        Kind::Truncated => (Outcome::Truncated, Some(word)),
        _ => (Outcome::Error, Some(word)),
    }
}

//! Several locks, taken together or not at all, renewed while they are held, and given back.
//!
//! Whoever waits holds none of them meanwhile, so that no two wait for each other.

use super::lock::{HolderOfLock, LockRecord, LockState};
use super::lock_table::{LockEntry, LockTable};
use super::stillness::stands_for;
use crate::units::{Duration, Explained};
use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often whoever waits looks again.
const LOOK: std::time::Duration = std::time::Duration::from_millis(250);
/// A lock is renewed so many times in the length of its lease.
const RENEWALS: u32 = 4;
/// A lock that several take over in one moment is had by one of them; so often the others look who.
const TRIES: u32 = 50;

/// A lock that is wanted.
#[derive(Debug, Clone)]
pub struct LockWish {
    /// By which others know it: the same for the same thing.
    pub name: String,
    /// What it locks, in words: `the service chat at http://…`.
    pub what: String,
    /// Where it is kept.
    pub table: Arc<dyn LockTable>,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct LockOrder {
    /// Which.
    pub wishes: Vec<LockWish>,
    /// What for, for whoever waits for it.
    pub drill: String,
    /// How long one stays held that nobody renews.
    pub lease: Duration,
    /// How long to wait for those that are held; `None` does not wait.
    pub wait: Option<Duration>,
}

/// Why locks are not had.
#[derive(Debug, thiserror::Error)]
pub enum LockRefusal {
    /// Somebody holds one.
    #[error("{holder}{}", .waited.map(|waited| format!("; waited {waited} for it")).unwrap_or_default())]
    Held {
        /// Who.
        holder: Box<HolderOfLock>,
        /// How long it was waited for.
        waited: Option<Duration>,
        /// How long one stays held that nobody renews.
        lease: Duration,
    },
    /// A place for locks cannot be used.
    #[error("the lock {place} cannot be taken: {source}")]
    Place {
        /// Where.
        place: String,
        /// The operating system's words.
        source: Error,
    },
    /// Somebody asked for the end while it was waited.
    #[error("stopped while it waited for {what}")]
    Stopped {
        /// What for.
        what: String,
    },
}

impl Explained for LockRefusal {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Held { holder, lease, .. } => Some(match &holder.record {
                Some(record) if record.runs() => "run it again when that drill has ended, or let it wait: --wait 10m".into(),
                _ => format!(
                    "run it again when that drill has ended, or let it wait with --wait 10m: a lock that is not renewed for {lease} is taken over"
                )
                .into(),
            }),
            Self::Place { .. } => {
                Some("see who may write in that folder; `locks: {folder: …}` of the environment names another".into())
            }
            Self::Stopped { .. } => None,
        }
    }
}

/// A lock that this process holds.
#[derive(Debug)]
struct HeldLock {
    wish: LockWish,
    generation: u64,
    record: LockRecord,
}

/// Locks that this process holds. Dropping it gives them back.
#[derive(Debug, Default)]
pub struct HeldLocks {
    held: Arc<Mutex<Vec<HeldLock>>>,
    renewing: Option<JoinHandle<()>>,
    lost: Option<watch::Receiver<Option<String>>>,
}

/// Who holds a lock now; `None` where nobody does, as far as can be told without waiting.
pub fn held_by(wish: &LockWish) -> Option<HolderOfLock> {
    let entry = wish.table.newest(&wish.name).ok().flatten()?;
    let is_held = entry.record.as_ref().is_none_or(|record| record.state() == LockState::Held);
    is_held.then(|| holder(wish, &entry))
}

/// Takes all of them, or none. Whoever looks on is told who holds one that is waited for, and of each that was left by somebody who is gone.
///
/// # Errors
/// Where one is held, cannot be taken, or `stop` says that nobody waits any longer.
pub async fn lock_all(order: LockOrder, mut stop: watch::Receiver<bool>, mut tell: impl FnMut(String)) -> Result<HeldLocks, LockRefusal> {
    let began = Instant::now();
    let mut waits = Waits::default();
    loop {
        let holder = match take_all(&order, &mut waits, &mut tell)? {
            Ok(held) => return Ok(HeldLocks::of(held, order.lease)),
            Err(holder) => holder,
        };
        let waited = order.wait.filter(|wait| began.elapsed() >= wait.std());
        if order.wait.is_none() || waited.is_some() {
            return Err(LockRefusal::Held { holder: Box::new(holder), waited, lease: order.lease });
        }
        if waits.told.as_ref() != holder.record.as_ref().map(|record| &record.token) || waits.told.is_none() {
            waits.told = Some(holder.record.as_ref().map_or_else(String::new, |record| record.token.clone()));
            tell(format!("waiting: {holder}"));
        }
        tokio::select! {
            Ok(_) = stop.wait_for(|stop| *stop) => return Err(LockRefusal::Stopped { what: holder.what }),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// What somebody who waits has told.
#[derive(Debug, Default)]
struct Waits {
    /// The holder who was told of last.
    told: Option<String>,
    /// Of whom it was said that a lock was taken over from them.
    said: HashSet<String>,
}

/// Whether a lock has not been renewed for the length of its lease.
fn has_expired(wish: &LockWish, entry: &LockEntry, usual: Duration) -> bool {
    let lease = entry.record.as_ref().map_or(usual.std(), LockRecord::lease);
    stands_for(wish.table.place(&wish.name), entry) >= lease
}

/// Tries all; those that were had are given back where one is held.
fn take_all(
    order: &LockOrder,
    waits: &mut Waits,
    tell: &mut impl FnMut(String),
) -> Result<Result<Vec<HeldLock>, HolderOfLock>, LockRefusal> {
    let mut held = Vec::new();
    for wish in &order.wishes {
        let taken = take(order, wish, waits, tell);
        match taken {
            Ok(Ok(lock)) => held.push(lock),
            Ok(Err(holder)) => {
                give_back_all(held);
                return Ok(Err(holder));
            }
            Err(source) => {
                give_back_all(held);
                return Err(LockRefusal::Place { place: wish.table.place(&wish.name), source });
            }
        }
    }
    Ok(Ok(held))
}

fn take(
    order: &LockOrder,
    wish: &LockWish,
    waits: &mut Waits,
    tell: &mut impl FnMut(String),
) -> Result<Result<HeldLock, HolderOfLock>, Error> {
    for _ in 0..TRIES {
        let newest = wish.table.newest(&wish.name)?;
        let (left, next) = match &newest {
            None => (None, 1),
            Some(entry) => {
                let state = entry.record.as_ref().map_or(LockState::Held, LockRecord::state);
                let left = match state {
                    LockState::Free => None,
                    LockState::Left => Some("whose process is gone"),
                    LockState::Held if has_expired(wish, entry, order.lease) => Some("which was not renewed for as long as its lease"),
                    LockState::Held => return Ok(Err(holder(wish, entry))),
                };
                (left.map(|why| (why, holder(wish, entry))), entry.generation + 1)
            }
        };
        let record = LockRecord::new(&wish.what, &order.drill, order.lease, token()?);
        if wish.table.put(&wish.name, next, &record)? {
            if let Some((why, holder)) = left {
                let text = format!("taken over: the lock of a drill {why}: {}", holder.left());
                // It may lie in several places.
                if waits.said.insert(text.clone()) {
                    tell(text);
                }
            }
            return Ok(Ok(HeldLock { wish: wish.clone(), generation: next, record }));
        }
    }
    Err(Error::other("others take it again and again"))
}

fn holder(wish: &LockWish, entry: &LockEntry) -> HolderOfLock {
    HolderOfLock { what: wish.what.clone(), record: entry.record.clone(), place: wish.table.place(&wish.name) }
}

fn token() -> Result<String, Error> {
    let mut bytes = [0; 16];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

/// Gives a lock back; one that is another's by now stays theirs. False where that could not be written.
fn give_back(lock: &mut HeldLock) -> bool {
    lock.record.free = true;
    let written = lock.wish.table.rewrite(&lock.wish.name, lock.generation, &lock.record);
    if let Err(error) = &written {
        tracing::debug!(%error, "a lock was not given back; if it never is it ends with its lease");
    }
    written.is_ok()
}

/// Gives all of them back, at once where that can be.
fn give_back_all(mut held: Vec<HeldLock>) {
    held.retain_mut(|lock| !give_back(lock));
    let Some(lease) = held.iter().map(|lock| lock.record.lease()).max() else { return };
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(give_back_late(held, lease));
    }
}

/// Gives back what could not be given back at once: its place may be away for a while, and as long as this process runs it would seem held.
async fn give_back_late(mut left: Vec<HeldLock>, lease: std::time::Duration) {
    let mut pause = LOOK;
    for _ in 0..TRIES {
        tokio::time::sleep(pause).await;
        let tried = tokio::task::spawn_blocking(move || {
            left.retain_mut(|lock| !give_back(lock));
            left
        });
        match tried.await {
            Ok(still) if !still.is_empty() => left = still,
            _ => return,
        }
        pause = (2 * pause).min(lease.max(LOOK));
    }
}

impl HeldLocks {
    fn of(held: Vec<HeldLock>, lease: Duration) -> Self {
        if held.is_empty() {
            return Self::default();
        }
        let (held, (sender, lost)) = (Arc::new(Mutex::new(held)), watch::channel(None));
        let renewing = tokio::spawn(renew(held.clone(), lease.std(), sender));
        Self { held, renewing: Some(renewing), lost: Some(lost) }
    }

    /// Says why, once one of them is another's.
    pub fn lost(&self) -> watch::Receiver<Option<String>> {
        // Without locks there is nobody who says so.
        self.lost.clone().unwrap_or_else(|| watch::channel(None).1)
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        locked(&self.held).len()
    }
}

impl Drop for HeldLocks {
    fn drop(&mut self) {
        if let Some(renewing) = self.renewing.take() {
            renewing.abort();
        }
        // A renewal that is being written is waited for.
        give_back_all(std::mem::take(&mut *locked(&self.held)));
    }
}

fn locked(held: &Mutex<Vec<HeldLock>>) -> std::sync::MutexGuard<'_, Vec<HeldLock>> {
    // A panic while it was locked leaves records that are whole.
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Renews them until one is lost.
async fn renew(held: Arc<Mutex<Vec<HeldLock>>>, lease: std::time::Duration, lost: watch::Sender<Option<String>>) {
    let mut well = Instant::now();
    loop {
        tokio::time::sleep(lease / RENEWALS).await;
        let all = held.clone();
        let renewed = tokio::task::spawn_blocking(move || locked(&all).iter_mut().try_for_each(renew_one)).await;
        match renewed {
            Ok(Ok(())) => well = Instant::now(),
            Ok(Err(Renewal::Lost(why))) => {
                lost.send_replace(Some(why));
                return;
            }
            Ok(Err(Renewal::Failed(_))) | Err(_) if well.elapsed() < lease => {}
            Ok(Err(Renewal::Failed(why))) => {
                lost.send_replace(Some(why));
                return;
            }
            Err(_) => return,
        }
    }
}

/// Why a lock is not renewed.
enum Renewal {
    Lost(String),
    Failed(String),
}

fn renew_one(lock: &mut HeldLock) -> Result<(), Renewal> {
    lock.record.renewed += 1;
    let HeldLock { wish, generation, record } = lock;
    match wish.table.rewrite(&wish.name, *generation, record) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let by = held_by(wish).map_or_else(|| "another drill has had it since".to_owned(), |holder| holder.to_string());
            Err(Renewal::Lost(format!("the lock on {} was lost: it was not renewed for as long as its lease, and {by}", wish.what)))
        }
        Err(error) => Err(Renewal::Failed(format!("the lock on {} could not be renewed: {error}", wish.what))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::ProcessIdentity;
    use crate::permission::LockFolder;
    use std::path::Path;

    const LEASE: Duration = Duration::from_millis(400);

    fn order(folder: &Path, wait: Option<Duration>) -> LockOrder {
        let wish = |name: &str| LockWish {
            name: name.to_owned(),
            what: format!("the service {name}"),
            table: Arc::new(LockFolder::at(folder.to_owned())),
        };
        LockOrder { wishes: vec![wish("a"), wish("b")], drill: "outage in staging".into(), lease: LEASE, wait }
    }

    async fn locked_by(order: LockOrder) -> (Result<HeldLocks, LockRefusal>, Vec<String>) {
        let mut told = Vec::new();
        let held = lock_all(order, watch::channel(false).1, |what| told.push(what)).await;
        (held, told)
    }

    /// A lock that somebody on another host holds, renewed so often.
    fn foreign(folder: &Path, renewed: u64) -> LockRecord {
        let process = ProcessIdentity { boot: "another".into(), ..ProcessIdentity::own() };
        let mut record = LockRecord { process, ..LockRecord::new("the service b", "outage in staging", LEASE, "theirs".into()) };
        (record.who, record.host, record.renewed) = ("grace@ops-2".into(), "ops-2".into(), renewed);
        let table = LockFolder::at(folder.to_owned());
        let newest = table.newest("b").unwrap();
        let next = newest.as_ref().map_or(1, |newest| newest.generation + 1);
        match newest.filter(|newest| newest.record.as_ref().is_some_and(|there| there.token == record.token)) {
            Some(there) => assert!(table.rewrite("b", there.generation, &record).unwrap()),
            None => assert!(table.put("b", next, &record).unwrap()),
        }
        record
    }

    #[tokio::test]
    async fn they_are_held_until_they_are_given_back_and_whoever_wants_them_is_told_by_whom() {
        let folder = tempfile::tempdir().unwrap();
        let (held, told) = locked_by(order(folder.path(), None)).await;
        let held = held.unwrap();
        assert_eq!((held.count(), told.len()), (2, 0));
        let (refused, _) = locked_by(order(folder.path(), None)).await;
        let refused = refused.unwrap_err();
        let words = crate::units::explained(&refused);
        assert!(words.starts_with("the service a is held by ") && words.contains(" since ") && words.contains("--wait"), "{words}");
        let began = Instant::now();
        let (late, told) = locked_by(order(folder.path(), Some(Duration::from_millis(600)))).await;
        assert!(late.unwrap_err().to_string().ends_with("waited 600 ms for it"));
        // Longer than a lease: it is renewed.
        assert!(began.elapsed() >= LEASE.std() && told.len() == 1 && told[0].starts_with("waiting: the service a is held by"), "{told:?}");
        let waiting = tokio::spawn(locked_by(order(folder.path(), Some(Duration::from_secs(60)))));
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        drop(held);
        let (had, _) = waiting.await.unwrap();
        assert_eq!(had.unwrap().count(), 2);
        assert!(order(folder.path(), None).wishes.iter().all(|wish| held_by(wish).is_none()), "all are given back");
    }

    #[tokio::test]
    async fn what_a_dead_process_left_is_taken_over_at_once_and_what_a_dead_host_left_after_its_lease() {
        let folder = tempfile::tempdir().unwrap();
        let table = LockFolder::at(folder.path().to_owned());
        let gone = ProcessIdentity { born: 1, ..ProcessIdentity::own() };
        let record = LockRecord { process: gone, ..LockRecord::new("the service a", "x", Duration::from_secs(600), "dead".into()) };
        assert!(table.put("a", 1, &record).unwrap());
        let (held, told) = locked_by(order(folder.path(), None)).await;
        assert!(
            told[0].starts_with("taken over: the lock of a drill whose process is gone: ")
                && told[0].contains(" held the service a since "),
            "{told:?}"
        );
        drop(held.unwrap());

        foreign(folder.path(), 0);
        let (refused, _) = locked_by(order(folder.path(), None)).await;
        let words = crate::units::explained(&refused.unwrap_err());
        assert!(words.contains("held by grace@ops-2") && words.contains("a lock that is not renewed for 400 ms is taken over"), "{words}");
        // As long as it is renewed it is theirs, whatever their clock says.
        let path = folder.path().to_owned();
        let renews = std::thread::spawn(move || {
            for renewed in 1..=12 {
                std::thread::sleep(std::time::Duration::from_millis(100));
                foreign(&path, renewed);
            }
            Instant::now()
        });
        let (held, told) = locked_by(order(folder.path(), Some(Duration::from_secs(60)))).await;
        let (had, last) = (Instant::now(), renews.join().unwrap());
        assert!(had >= last + LEASE.std() - std::time::Duration::from_millis(100), "it was taken from a host that lives");
        assert!(told.last().unwrap().contains("not renewed for as long as its lease"), "{told:?}");
        drop(held.unwrap());
    }

    #[tokio::test]
    async fn whoever_tries_again_and_again_without_waiting_notices_a_host_that_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        foreign(folder.path(), 0);
        let began = Instant::now();
        let held = loop {
            match locked_by(order(folder.path(), None)).await.0 {
                Ok(held) => break held,
                Err(error) => assert!(began.elapsed() < LEASE.std() * 100, "{error}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        assert!(began.elapsed() >= LEASE.std() && held.count() == 2);
    }

    /// A place that is away for a while.
    #[derive(Debug)]
    struct Away(LockFolder, std::sync::atomic::AtomicBool);

    impl LockTable for Away {
        fn place(&self, name: &str) -> String {
            self.0.place(name)
        }

        fn newest(&self, name: &str) -> Result<Option<LockEntry>, Error> {
            self.0.newest(name)
        }

        fn put(&self, name: &str, generation: u64, record: &LockRecord) -> Result<bool, Error> {
            self.0.put(name, generation, record)
        }

        fn rewrite(&self, name: &str, generation: u64, record: &LockRecord) -> Result<bool, Error> {
            if self.1.load(std::sync::atomic::Ordering::SeqCst) {
                Err(Error::other("away"))
            } else {
                self.0.rewrite(name, generation, record)
            }
        }
    }

    #[tokio::test]
    async fn what_could_not_be_given_back_is_given_back_once_its_place_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let table = Arc::new(Away(LockFolder::at(folder.path().to_owned()), false.into()));
        let wish = LockWish { name: "a".into(), what: "the service a".into(), table: table.clone() };
        let wishes = vec![wish.clone()];
        // Its lease never runs out here: the process that holds it lives.
        let order = LockOrder { wishes, drill: "outage in staging".into(), lease: Duration::from_secs(600), wait: None };
        let held = locked_by(order.clone()).await.0.unwrap();
        table.1.store(true, std::sync::atomic::Ordering::SeqCst);
        drop(held);
        assert!(held_by(&wish).is_some(), "it could not be given back");
        table.1.store(false, std::sync::atomic::Ordering::SeqCst);
        let had = locked_by(LockOrder { wait: Some(Duration::from_secs(60)), ..order }).await.0;
        assert_eq!(had.unwrap().count(), 1);
    }

    #[tokio::test]
    async fn whoever_loses_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let held = locked_by(order(folder.path(), None)).await.0.unwrap();
        let table = LockFolder::at(folder.path().to_owned());
        let record = LockRecord::new("the service b", "another in staging", LEASE, "another".into());
        assert!(table.put("b", 2, &record).unwrap());
        let mut lost = held.lost();
        let why = lost.wait_for(Option::is_some).await.unwrap().clone().unwrap();
        assert!(why.contains("the lock on the service b was lost") && why.contains("for another in staging"), "{why}");
        drop(held);
        assert_eq!(table.newest("b").unwrap().unwrap().record.unwrap(), record, "it stays theirs");
    }

    #[tokio::test]
    async fn a_lock_that_says_nothing_is_held_until_it_has_stood_still_for_a_lease() {
        let folder = tempfile::tempdir().unwrap();
        let wish = order(folder.path(), None).wishes.remove(0);
        let record = LockRecord::new("x", "x", LEASE, "x".into());
        assert!(wish.table.put(&wish.name, 1, &record).unwrap());
        std::fs::write(wish.table.place(&wish.name) + ".1", "{").unwrap();
        let (refused, _) = locked_by(order(folder.path(), None)).await;
        assert!(refused.unwrap_err().to_string().contains("does not say by which drill"));
        let (held, _) = locked_by(order(folder.path(), Some(Duration::from_secs(60)))).await;
        assert_eq!(held.unwrap().count(), 2);
    }
}

//! A store that is put back as it was found: for drills that write the lab's keys where a team's real ones are.
//!
//! Before the first write what the store holds goes into a file of the drill's folder, which only its owner can read, and onto the disk. At
//! the drill's end it is written back, and the file goes. Where the drill's process was killed the file stays, with all that it takes to put
//! the value back ([`put_back`]): `{"from": "dotenv:.env#KEY", "root": …, "stores": …, "value": …, "version": …, "written": […]}`, where `written` has the
//! fingerprints of what the drill wrote. A store that holds anything else, then or at any write before, was changed by somebody else, and is
//! left so. A file is believed only where nobody but this user can have written it: what it says is done in this user's name.
//!
//! What this file does not do: decide which stores may be written (`project`), or say anything: whoever puts back is told.

use super::{Ability, Pending, SecretContext, SecretError, Store, Version, VersionedSecret, open};
use crate::host::private;
use crate::model::{CredentialSource, SecretStore};
use crate::run_folder::{RunFile, files_of};
use crate::units::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use zeroize::{Zeroize, Zeroizing};

/// The record on disk by which a store is restored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RestoreRecord {
    from: CredentialSource,
    root: PathBuf,
    stores: BTreeMap<String, SecretStore>,
    value: String,
    /// How the store names that value, where it names versions.
    version: Option<String>,
    /// Fingerprints of everything that the drill wrote or was about to write.
    written: Vec<String>,
}

impl Drop for RestoreRecord {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

/// A store whose first value is kept and put back.
pub struct RestoringStore {
    store: Box<dyn Store>,
    file: PathBuf,
    note: Mutex<RestoreRecord>,
}

impl std::fmt::Debug for RestoringStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RestoringStore({:?}, {})", self.store, self.file.display())
    }
}

impl RestoringStore {
    /// The store of a source that holds `value` now. What it takes to put it back goes into `folder` under this number, once it is needed.
    ///
    /// # Errors
    /// See [`open`].
    pub fn new(
        source: &CredentialSource,
        site: SecretContext<'_>,
        value: &Secret,
        folder: &Path,
        number: usize,
    ) -> Result<Self, SecretError> {
        let needed = source.store().and_then(|(name, _)| site.stores.get_key_value(name));
        let note = RestoreRecord {
            from: source.clone(),
            root: site.root.to_owned(),
            stores: needed.map(|(name, store)| (name.clone(), store.clone())).into_iter().collect(),
            value: value.expose().to_owned(),
            version: None,
            written: Vec::new(),
        };
        Ok(Self { store: open(source, site)?, file: RunFile::OldStoreValue(number).within(folder), note: Mutex::new(note) })
    }

    fn note(&self) -> MutexGuard<'_, RestoreRecord> {
        self.note.lock().expect("nothing panics while it holds it")
    }

    /// Before every change: the store holds what will be put back, or what this drill wrote. Anything else is a key that somebody made
    /// current meanwhile, which is kept nowhere. Returns which version that is, to be written over and no other.
    async fn look(&self) -> Result<Version, SecretError> {
        let held = self.store.read().await?;
        let mut note = self.note();
        if held.value.expose() == note.value.trim() {
            if note.written.is_empty() {
                // With the white space that stands around it there.
                held.stored().expose().clone_into(&mut note.value);
            }
            let version = Some(held.version.0.clone()).filter(|_| self.store.abilities().contains(&Ability::Rollback));
            note.version = note.version.take().or(version);
        } else if !note.written.contains(&held.value.fingerprint().to_string()) {
            let expected = VersionedSecret::unnumbered(note.value.as_str().into()).version;
            return Err(SecretError::Changed { place: self.store.place().to_owned(), expected, found: None });
        }
        Ok(held.version)
    }

    /// Nothing is written before what it replaces is on the disk.
    fn keep(&self, new: &Secret) -> Result<(), SecretError> {
        let mut note = self.note();
        let fingerprint = new.fingerprint().to_string();
        if note.written.contains(&fingerprint) {
            return Ok(());
        }
        if note.written.is_empty() && self.file.symlink_metadata().is_ok() {
            return Err(self.cannot_keep("it already exists, and contains the key of another drill"));
        }
        note.written.push(fingerprint);
        let text = Zeroizing::new(serde_json::to_vec(&*note).unwrap_or_default());
        private::write(&self.file, &text).map_err(|error| {
            // Who tries again finds nothing kept.
            note.written.pop();
            if note.written.is_empty() {
                let _ = std::fs::remove_file(&self.file);
            }
            self.cannot_keep(&error.to_string())
        })
    }

    fn cannot_keep(&self, problem: &str) -> SecretError {
        SecretError::Refused {
            place: self.store.place().to_owned(),
            why: format!("what it holds cannot be kept in {}: {problem}", self.file.display()),
            hint: "make room on the disk, or choose another folder with `--out`".to_owned(),
        }
    }

    /// What a store holds once it was written to is this drill's doing, even where it is not what was written: programs that keep keys may
    /// have a form of their own. Where the store says that this is another version, somebody else wrote it.
    async fn keep_what_is_there(&self, written: &Version) -> Result<(), SecretError> {
        // Whoever reads next what cannot be read will say so.
        let Ok(held) = self.store.read().await else { return Ok(()) };
        let unnumbered = self.note().from.store().is_some() && held.version == VersionedSecret::unnumbered(held.value.clone()).version;
        let ours = held.version == *written || unnumbered;
        if ours && held.value.expose() != self.note().value.trim() { self.keep(&held.value) } else { Ok(()) }
    }

    /// Puts back what was found, where this drill wrote anything. True where it had to.
    ///
    /// # Errors
    /// Where it could not; the file stays.
    pub async fn put_back(&self) -> Result<bool, SecretError> {
        let (value, version, written) = {
            let note = self.note();
            (Secret::from(note.value.as_str()), note.version.clone().map(Version), note.written.clone())
        };
        if written.is_empty() {
            return Ok(false);
        }
        let changed = restored(&*self.store, &value, version.as_ref(), &written, &self.file).await?;
        self.note().written.clear();
        Ok(changed)
    }
}

impl Drop for RestoringStore {
    /// The drill's way out was not gone to its end: it panicked, or a person left at once. What is on this host is put back all the same,
    /// which takes no waiting; for the rest there is the file.
    fn drop(&mut self) {
        let is_here = self.note().from.store().is_none();
        if is_here {
            let mut putting = std::pin::pin!(self.put_back());
            let _ = putting.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        }
    }
}

impl Store for RestoringStore {
    fn place(&self) -> &str {
        self.store.place()
    }

    fn abilities(&self) -> &'static [Ability] {
        self.store.abilities()
    }

    fn read(&self) -> Pending<'_, VersionedSecret> {
        self.store.read()
    }

    fn write<'a>(&'a self, value: &'a Secret, over: Option<&'a Version>) -> Pending<'a, Version> {
        Box::pin(async move {
            let seen = self.look().await?;
            self.keep(value)?;
            let written = self.store.write(value, over.or(Some(&seen))).await?;
            self.keep_what_is_there(&written).await?;
            Ok(written)
        })
    }

    fn stage<'a>(&'a self, value: &'a Secret) -> Pending<'a, Version> {
        Box::pin(async move {
            self.look().await?;
            self.keep(value)?;
            self.store.stage(value).await
        })
    }

    fn staged(&self) -> Pending<'_, Option<VersionedSecret>> {
        self.store.staged()
    }

    fn commit<'a>(&'a self, version: &'a Version) -> Pending<'a, ()> {
        Box::pin(async move {
            self.look().await?;
            // What somebody else staged before becomes current by this drill's hand.
            if let Some(staged) = self.store.staged().await? {
                self.keep(&staged.value)?;
            }
            self.store.commit(version).await
        })
    }

    fn rollback<'a>(&'a self, version: &'a Version) -> Pending<'a, Version> {
        Box::pin(async move {
            self.look().await?;
            let rolled = self.store.rollback(version).await?;
            self.keep_what_is_there(&rolled).await?;
            Ok(rolled)
        })
    }
}

/// Writes a value back where the store holds something of these fingerprints, and takes the file away. True where it had to.
async fn restored(
    store: &dyn Store,
    value: &Secret,
    version: Option<&Version>,
    written: &[String],
    file: &Path,
) -> Result<bool, SecretError> {
    let ours = |held: &Secret| written.contains(&held.fingerprint().to_string());
    let key = value.clone().trimmed();
    if store.abilities().contains(&Ability::Stage)
        && let Some(staged) = store.staged().await?.filter(|staged| ours(&staged.value) && staged.value != key)
    {
        store.rollback(&staged.version).await?;
    }
    let held = match store.read().await {
        Ok(held) => Some(held),
        Err(SecretError::Absent { .. }) => None,
        Err(error) => return Err(error),
    };
    let is_there = held.as_ref().is_some_and(|held| held.value == key);
    let over = held.as_ref().map(|held| held.version.clone());
    if let Some(held) = held.filter(|held| held.value != key && !ours(&held.value)) {
        return Err(SecretError::Changed {
            place: store.place().to_owned(),
            expected: VersionedSecret::unnumbered(value.clone()).version,
            found: Some(held.version),
        });
    }
    if !is_there {
        // The version that it was, where the store still has it; else the value as a new one.
        let rolled = match version.filter(|_| store.abilities().contains(&Ability::Rollback)) {
            Some(version) => store.rollback(version).await.is_ok() && store.read().await.is_ok_and(|now| now.value == key),
            None => false,
        };
        if !rolled {
            store.write(value, over.as_ref()).await?;
        }
        let now = store.read().await?;
        if now.value != key {
            let expected = VersionedSecret::unnumbered(value.clone()).version;
            return Err(SecretError::Changed { place: store.place().to_owned(), expected, found: Some(now.version) });
        }
    }
    std::fs::remove_file(file).map_err(|error| SecretError::Refused {
        place: store.place().to_owned(),
        why: format!("it was restored, but {} cannot be removed: {error}", file.display()),
        hint: "remove it by hand: it contains a key".to_owned(),
    })?;
    Ok(!is_there)
}

/// The files of a drill's folder that tell of stores which were not put back.
pub fn left_in(folder: &Path) -> Vec<PathBuf> {
    let left = files_of(folder).into_iter().filter(|file| matches!(file, RunFile::OldStoreValue(_)));
    left.map(|file| file.within(folder)).collect()
}

/// Puts back what one of these files tells of. Returns the store's place; the file goes.
///
/// # Errors
/// Where it cannot be read, or the store not be written; the file stays.
pub async fn put_back(file: &Path) -> Result<String, SecretError> {
    let place = file.display().to_string();
    let malformed = |problem: String| SecretError::Malformed {
        place: place.clone(),
        problem,
        hint: "find out who wrote it and what is in it; if that is your key, write it back into its store by hand".to_owned(),
    };
    let text = Zeroizing::new(private::read_own(file).map_err(|error| malformed(format!("it cannot be read: {error}")))?);
    let note: RestoreRecord = serde_json::from_slice(&text).map_err(|_| malformed("it does not name a store".to_owned()))?;
    if note.written.is_empty() {
        return Err(malformed("it names nothing that a drill wrote".to_owned()));
    }
    let store = open(&note.from, SecretContext { stores: &note.stores, root: &note.root })?;
    let (value, version) = (Secret::from(note.value.as_str()), note.version.clone().map(Version));
    restored(&*store, &value, version.as_ref(), &note.written, file).await?;
    Ok(note.from.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    struct Place {
        folder: tempfile::TempDir,
        source: CredentialSource,
        stores: BTreeMap<String, SecretStore>,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(".env"), "OTHER=x\nKEY=sk-the-real-key\n").unwrap();
            Self { folder, source: CredentialSource::parse("dotenv:.env#KEY").unwrap(), stores: BTreeMap::new() }
        }

        fn kept(&self) -> RestoringStore {
            let site = SecretContext { stores: &self.stores, root: self.folder.path() };
            RestoringStore::new(&self.source, site, &"sk-the-real-key".into(), self.folder.path(), 1).unwrap()
        }

        fn text(&self) -> String {
            std::fs::read_to_string(self.folder.path().join(".env")).unwrap()
        }

        fn left(&self) -> Vec<PathBuf> {
            left_in(self.folder.path())
        }
    }

    const WHOLE: &str = "OTHER=x\nKEY=sk-the-real-key\n";

    #[tokio::test]
    async fn what_was_there_is_kept_for_its_owner_alone_and_comes_back() {
        let place = Place::new();
        let kept = place.kept();
        assert!(!kept.put_back().await.unwrap() && place.left().is_empty(), "nothing was written");
        kept.write(&"sk-lab-1".into(), None).await.unwrap();
        let file = place.left().pop().unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        kept.write(&"sk-lab-2".into(), None).await.unwrap();
        assert_eq!(place.text(), "OTHER=x\nKEY=sk-lab-2\n");
        assert!(kept.put_back().await.unwrap());
        assert_eq!((place.text().as_str(), place.left()), (WHOLE, vec![]));
    }

    #[tokio::test]
    async fn it_comes_back_where_nobody_goes_to_the_end() {
        let place = Place::new();
        let kept = place.kept();
        kept.write(&"sk-lab-1".into(), None).await.unwrap();
        drop(kept);
        assert_eq!((place.text().as_str(), place.left()), (WHOLE, vec![]));
    }

    #[tokio::test]
    async fn it_comes_back_from_the_file_alone() {
        let place = Place::new();
        let kept = place.kept();
        kept.write(&"sk-lab-1".into(), None).await.unwrap();
        // Nothing of `kept` runs before that, as if its process were gone.
        let file = place.left().pop().unwrap();
        assert_eq!(put_back(&file).await.unwrap(), "dotenv:.env#KEY");
        assert_eq!((place.text().as_str(), place.left()), (WHOLE, vec![]));
        let again = put_back(&file).await.unwrap_err().to_string();
        assert!(again.contains("cannot be read"), "{again}");
    }

    #[tokio::test]
    async fn what_somebody_else_wrote_meanwhile_stays() {
        let place = Place::new();
        let kept = place.kept();
        kept.write(&"sk-lab-1".into(), None).await.unwrap();
        std::fs::write(place.folder.path().join(".env"), "KEY=sk-somebody-elses\n").unwrap();
        assert!(matches!(kept.put_back().await, Err(SecretError::Changed { .. })));
        drop(kept);
        assert_eq!((place.text().as_str(), place.left().len()), ("KEY=sk-somebody-elses\n", 1), "the old value is still kept");
    }

    #[tokio::test]
    async fn a_key_that_somebody_made_current_before_a_write_stays() {
        let place = Place::new();
        let kept = place.kept();
        let theirs = "KEY=sk-somebody-elses\n";
        std::fs::write(place.folder.path().join(".env"), theirs).unwrap();
        for _ in 0..2 {
            assert!(matches!(kept.write(&"sk-lab-1".into(), None).await, Err(SecretError::Changed { .. })));
        }
        assert!(!kept.put_back().await.unwrap());
        assert_eq!((place.text().as_str(), place.left()), (theirs, vec![]), "the drill has done nothing that is to be taken back");

        std::fs::write(place.folder.path().join(".env"), WHOLE).unwrap();
        kept.write(&"sk-lab-1".into(), None).await.unwrap();
        std::fs::write(place.folder.path().join(".env"), theirs).unwrap();
        assert!(matches!(kept.write(&"sk-lab-2".into(), None).await, Err(SecretError::Changed { .. })), "between two writes");
        assert_eq!(place.text(), theirs);
    }

    #[tokio::test]
    async fn nothing_is_written_that_could_not_be_kept() {
        let place = Place::new();
        let site = SecretContext { stores: &place.stores, root: place.folder.path() };
        let folder = place.folder.path().join("drill");
        let kept = RestoringStore::new(&place.source, site, &"sk-the-real-key".into(), &folder, 1).unwrap();
        for _ in 0..2 {
            let refused = kept.write(&"sk-lab-1".into(), None).await.unwrap_err().to_string();
            assert!(refused.contains("cannot be kept in") && refused.contains("drill/before-store-1.json"), "{refused}");
            assert_eq!(place.text(), WHOLE);
        }
        std::fs::create_dir(&folder).unwrap();
        kept.write(&"sk-lab-1".into(), None).await.unwrap();
        assert_eq!(left_in(&folder).len(), 1);
        let again = RestoringStore::new(&place.source, site, &"sk-lab-1".into(), &folder, 1).unwrap();
        let refused = again.write(&"sk-lab-2".into(), None).await.unwrap_err().to_string();
        assert!(refused.contains("it already exists"), "{refused}");
        assert!(kept.put_back().await.unwrap());
        assert_eq!((place.text().as_str(), left_in(&folder)), (WHOLE, vec![]));
    }

    #[tokio::test]
    async fn a_file_that_somebody_else_may_have_written_is_not_believed() {
        let place = Place::new();
        let (planted, made) = (place.folder.path().join("before-store-1.json"), place.folder.path().join("made"));
        let note = |written: &str| {
            format!(
                r#"{{"from": {{"file": {made:?}}}, "root": "/", "stores": {{}}, "value": "x", "version": null, "written": [{written}]}}"#
            )
        };
        let refused = async |mode: u32| {
            std::fs::set_permissions(&planted, std::fs::Permissions::from_mode(mode)).unwrap();
            let refused = put_back(&planted).await.unwrap_err().to_string();
            assert!(!made.exists() && planted.exists());
            refused
        };
        std::fs::write(&planted, note("")).unwrap();
        assert!(refused(0o600).await.contains("it names nothing that a drill wrote"));
        std::fs::write(&planted, note(r#""00""#)).unwrap();
        assert!(refused(0o620).await.contains("can be written by others"));
        std::fs::set_permissions(&planted, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(put_back(&planted).await.unwrap(), format!("file:{}", made.display()), "it is the form of such a file");
    }
}

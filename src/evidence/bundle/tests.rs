//! Bundles that are packed again and again, changed, cut, and made by somebody who means harm.

use super::*;
use crate::host::private;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use std::os::unix::fs::PermissionsExt;

/// A drill's folder, with what belongs into a bundle and what does not.
fn folder(place: &Path) -> PathBuf {
    let folder = place.join("2026-11-30T05-46-45-outage-2a1f");
    for (name, text) in [
        ("history.jsonl", &*"{\"t\":0,\"started\":{}}\n".repeat(40)),
        ("verdict.json", "{}"),
        ("manifest.json", "{\"manifest\":\"1.0\"}\n"),
        ("inputs/scenarios/outage.yaml", "version: 1\n"),
        ("inputs/runbooks/inventory.yaml", ""),
        ("undo/history.jsonl", "{}\n"),
        ("undo/salt", "a key"),
        ("salt", "a key"),
        ("before-step-1", "a key"),
        ("undo.json", "{}"),
        ("notes.txt", "somebody's own"),
        (".report.md.0a", "half"),
    ] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// A bundle of an archive, with the right hash.
fn sealed(archive: &[u8], place: &Path) -> PathBuf {
    let mut bundle = ruzstd::encoding::compress_to_vec(archive, ruzstd::encoding::CompressionLevel::Fastest);
    let (sha256, _) = hash_through(&bundle[..]).unwrap();
    bundle.extend(Trailer { sha256 }.bytes());
    let path = place.join("made.lifeboat.tar.zst");
    std::fs::write(&path, bundle).unwrap();
    path
}

/// An entry of an archive, whose name nobody checks.
fn entry(name: &[u8], kind: tar::EntryType, bytes: &[u8]) -> Vec<u8> {
    let mut header = header(bytes.len() as u64);
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    if kind.is_symlink() || kind.is_hard_link() {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    let padding = bytes.len().next_multiple_of(512) - bytes.len();
    [header.as_bytes(), bytes, &vec![0; padding]].concat()
}

/// What is said of an archive of these entries; nothing is left anywhere.
fn refused(entries: &[Vec<u8>]) -> String {
    let place = tempfile::tempdir().unwrap();
    let archive = [entries.concat(), vec![0; 1024]].concat();
    let path = sealed(&archive, place.path());
    let error = OpenedBundle::open(&path).unwrap_err().to_string();
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "nothing is written beside it");
    error
}

#[test]
fn a_bundle_holds_what_may_be_given_to_others_and_is_opened_to_the_same() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(place.path());
    let packed = pack(&folder, None).unwrap();
    assert_eq!(packed.path, place.path().canonicalize().unwrap().join("2026-11-30T05-46-45-outage-2a1f.lifeboat.tar.zst"));
    assert_eq!(packed.bytes, std::fs::metadata(&packed.path).unwrap().len());
    let opened = OpenedBundle::open(&packed.path).unwrap();
    assert!(opened.folder().ends_with("2026-11-30T05-46-45-outage-2a1f"));
    let mut names = Vec::new();
    all_files(opened.folder(), "", &mut names).unwrap();
    names.sort();
    let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    let right = [
        "history.jsonl",
        "inputs/runbooks/inventory.yaml",
        "inputs/scenarios/outage.yaml",
        "manifest.json",
        "undo/history.jsonl",
        "verdict.json",
    ];
    assert_eq!((&names[..], packed.files), (&right[..], right.len()));
    for name in right {
        let mode = std::fs::metadata(opened.folder().join(name)).unwrap().permissions().mode();
        assert_eq!((std::fs::read(opened.folder().join(name)).unwrap(), mode & 0o777), (std::fs::read(folder.join(name)).unwrap(), 0o600));
    }
    let (kept, gone) = (opened.folder().to_owned(), opened);
    drop(gone);
    assert!(!kept.exists(), "it is removed when nobody looks at it any more");
    // Packed again it is the same, and something else is never overwritten.
    assert_eq!(pack(&folder, None).unwrap(), packed);
    std::fs::write(folder.join("verdict.json"), "{ }").unwrap();
    assert!(matches!(pack(&folder, None), Err(BundleError::Taken { .. })));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2, "no scratch is left");
}

#[test]
fn a_thousand_repackings_are_the_same_bytes() {
    let places: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    let mut hashes = std::collections::BTreeSet::new();
    for place in &places {
        let folder = folder(place.path());
        let scratch = place.path().join("scratch");
        for round in 0..250 {
            // Neither times nor modes nor what is beside them matter.
            let mode = if round % 2 == 0 { 0o600 } else { 0o644 };
            std::fs::set_permissions(folder.join("verdict.json"), std::fs::Permissions::from_mode(mode)).unwrap();
            std::fs::write(folder.join("history.jsonl"), "{\"t\":0,\"started\":{}}\n".repeat(40)).unwrap();
            private::folder(&scratch).unwrap();
            let scratch = ScratchFolder::within(&scratch).unwrap();
            hashes.insert(packed(&folder, "drill", &scratch).unwrap().sha256);
        }
    }
    assert_eq!(hashes.len(), 1);
}

#[test]
fn every_single_change_of_a_bundles_bytes_is_found() {
    let place = tempfile::tempdir().unwrap();
    let packed = pack(&folder(place.path()), None).unwrap();
    let whole = std::fs::read(&packed.path).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(17);
    let path = place.path().join("changed.lifeboat.tar.zst");
    let mut told = std::collections::BTreeMap::new();
    for round in 0..4_000 {
        let (mut bytes, at) = (whole.clone(), random.random_range(0..whole.len()));
        match round % 5 {
            0 | 1 => bytes[at] ^= 1 << random.random_range(0..8),
            2 => drop(bytes.remove(at)),
            3 => bytes.insert(at, random.random()),
            _ => bytes.truncate(at),
        }
        if bytes == whole {
            continue;
        }
        std::fs::write(&path, &bytes).unwrap();
        let error = OpenedBundle::open(&path).expect_err("a change was not found");
        let kind = error.to_string().replace(&path.display().to_string(), "it");
        *told.entry(kind.split(':').next().unwrap().to_owned()).or_insert(0) += 1;
    }
    let known = ["it was changed", "it was cut", "it is no bundle of Lifeboat", "it is a bundle of form "];
    assert!(told.keys().all(|kind| known.iter().any(|known| kind.starts_with(known))), "{told:?}");
    assert!(told["it was changed"] > 1_000 && told["it was cut"] > 500, "{told:?}");
    // Whatever is appended is found, too, and one of a form that is not known here is told from a changed one.
    std::fs::write(&path, [&whole[..], b"\0"].concat()).unwrap();
    assert!(OpenedBundle::open(&path).is_err());
    let newer = [&whole[..whole.len() - 74], b"2", &whole[whole.len() - 73..]].concat();
    std::fs::write(&path, newer).unwrap();
    let error = OpenedBundle::open(&path).unwrap_err();
    assert!(error.to_string().contains("is a bundle of form 2; this build"), "{error}");
}

#[test]
fn what_is_in_an_archive_never_gets_out_of_its_folder() {
    use tar::EntryType as Kind;
    let file = |name: &str| entry(name.as_bytes(), Kind::Regular, b"x");
    for (name, why) in [
        ("../../../../tmp/out", "leads out of the folder"),
        ("a/../../out", "leads out of the folder"),
        ("/etc/out", "begins at the root"),
        ("out", "none that a drill gives"),
        ("a//b", "none that a drill gives"),
        ("a/./b", "none that a drill gives"),
        ("a/b/", "none that a drill gives"),
        ("a/b\\c", "none that a drill gives"),
        ("a/b\nc", "none that a drill gives"),
        ("a/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", "none that a drill gives"),
    ] {
        let error = refused(&[file("a/first"), file(name)]);
        assert!(error.contains(why), "{name}: {error}");
    }
    assert!(refused(&[entry(b"a/\xff", Kind::Regular, b"")]).contains("no UTF-8"));
    for (kind, why) in [
        (Kind::Symlink, "is a link"),
        (Kind::Link, "is a link"),
        (Kind::Directory, "is a folder"),
        (Kind::Char, "no plain file"),
        (Kind::Block, "no plain file"),
        (Kind::Fifo, "no plain file"),
        (Kind::GNUSparse, "no plain file"),
        (Kind::GNULongName, "no plain file"),
        (Kind::XHeader, "no plain file"),
        (Kind::XGlobalHeader, "no plain file"),
    ] {
        let error = refused(&[entry(b"a/b", kind, b"")]);
        assert!(error.contains(why), "{kind:?}: {error}");
    }
    assert!(refused(&[file("a/b"), file("a/b")]).contains("there are two of this name"));
    assert!(refused(&[file("a/b"), file("b/b")]).contains("in another folder than those before it"));
    assert!(refused(&[file("a/b"), file("a/b/c")]).contains("its folder is a file"));
    assert!(refused(&[file("a/b/c"), file("a/b")]).contains("cannot be written beside the others"));
    assert!(refused(&[]).contains("the archive is empty"));
    assert!(refused(&[file("a/b"), vec![0; 1024], vec![7; 512]]).contains("something stands behind the archive"));
    let mut cut = file("a/b");
    cut.truncate(512 + 1);
    let place = tempfile::tempdir().unwrap();
    assert!(OpenedBundle::open(&sealed(&cut, place.path())).is_err(), "an archive that was cut before it was packed");
}

#[test]
fn what_holds_too_much_is_not_unpacked() {
    let header = entry(b"a/0000000", tar::EntryType::Regular, b"");
    let many: Vec<Vec<u8>> = (0..100_000_u32)
        .map(|number| {
            let mut header: tar::Header = tar::Header::from_byte_slice(&header).clone();
            header.as_old_mut().name[2..9].copy_from_slice(format!("{number:07}").as_bytes());
            header.set_cksum();
            header.as_bytes().to_vec()
        })
        .collect();
    assert_eq!(refused(&many), "there are more than 10000 files in it");
    // 128 MiB of zeros are some kilobytes.
    let error = refused(&[entry(b"a/zeros", tar::EntryType::Regular, &vec![0; 128 << 20])]);
    assert!(error.contains("unpacks to more than 1000 times its size"), "{error}");
}

#[test]
fn what_is_no_bundle_is_told_and_no_pipe_is_waited_for() {
    let place = tempfile::tempdir().unwrap();
    let told = |bytes: &[u8]| {
        std::fs::write(place.path().join("x"), bytes).unwrap();
        OpenedBundle::open(&place.path().join("x")).unwrap_err().to_string()
    };
    assert!(told(b"").ends_with("is no bundle of Lifeboat") && told(b"PK\x03\x04....").ends_with("is no bundle of Lifeboat"));
    assert!(told(&0xFD2F_B528_u32.to_le_bytes()).contains("was cut"));
    // What others have packed is whole for them, and not for us.
    let plain = ruzstd::encoding::compress_to_vec(&[0; 2048][..], ruzstd::encoding::CompressionLevel::Fastest);
    assert!(told(&plain).contains("was cut"));
    let pipe = place.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    assert!(OpenedBundle::open(&pipe).unwrap_err().to_string().ends_with("it is not a file"));
    assert!(super::super::opened::is_bundle(&place.path().join("x")) && !super::super::opened::is_bundle(&pipe));
}

#[test]
fn a_folder_that_holds_a_link_or_too_much_or_no_drill_is_not_packed() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(place.path());
    std::os::unix::fs::symlink("/etc/passwd", folder.join("report.md")).unwrap();
    assert!(pack(&folder, None).unwrap_err().to_string().contains("`report.md`: it is a link"));
    std::fs::remove_file(folder.join("report.md")).unwrap();
    std::os::unix::fs::symlink("/etc", folder.join("inputs/all")).unwrap();
    assert!(pack(&folder, None).unwrap_err().to_string().contains("`inputs/all`: it is a link"));
    std::fs::remove_file(folder.join("inputs/all")).unwrap();
    for number in 0..=FILES_MAX {
        std::fs::write(folder.join(format!("inputs/{number}")), "").unwrap();
    }
    assert!(matches!(pack(&folder, None), Err(BundleError::TooMany)));
    let none = place.path().join("none");
    std::fs::create_dir(&none).unwrap();
    assert!(matches!(pack(&none, None), Err(BundleError::NoDrill { .. })));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2, "nothing is left of what was begun");
}

#[test]
fn a_series_is_packed_with_its_trials_and_a_drill_that_runs_is_not() {
    let place = tempfile::tempdir().unwrap();
    let series = place.path().join("series");
    for (name, text) in [("repeats.json", "{}"), ("trial-01/history.jsonl", "{}\n"), ("trial-01/salt", "a key"), ("other/x", "")] {
        std::fs::create_dir_all(series.join(name).parent().unwrap()).unwrap();
        std::fs::write(series.join(name), text).unwrap();
    }
    let names: Vec<String> = listed(&series).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["repeats.json", "trial-01/history.jsonl"]);
    let drill = folder(place.path());
    for path in [&drill, &drill.join("history.jsonl")] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let held = File::open(drill.join("history.jsonl")).unwrap();
    held.lock().unwrap();
    assert!(matches!(pack(&drill, None), Err(BundleError::Running { .. })));
}

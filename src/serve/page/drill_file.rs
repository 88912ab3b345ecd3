//! A drill's files, given out: those that are evidence, by the names that runs give them, and its report under rules of its own.
//!
//! No path comes from outside: a name is looked up among those that Lifeboat writes, and what is no plain file is not opened.

use super::problem::PageProblem;
use super::project::apart;
use super::stored_drill::{entry, folder_of};
use crate::run_folder::{FileNature, RunFile, files_of};
use crate::serve::App;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path as FilePath, PathBuf};
use tokio::sync::mpsc;

/// What a report may do: show itself, and nothing else; no script runs in it, and it has no part in our origin.
pub(super) const REPORT_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox";

/// So much of a file is read at once.
const PIECE: usize = 256 * 1024;

/// A file that may be given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Belonging {
    /// Its name.
    pub(super) name: String,
    /// Its length in bytes.
    pub(super) bytes: u64,
}

impl Belonging {
    /// Its length for people.
    pub(super) fn size(&self) -> String {
        match self.bytes {
            0..1_000 => format!("{} B", self.bytes),
            1_000..1_000_000 => format!("{:.0} kB", self.bytes as f64 / 1e3),
            _ => format!("{:.1} MB", self.bytes as f64 / 1e6),
        }
    }
}

/// The files of a drill's folder that may be given out, in the order of their names.
pub(super) fn belongings(folder: &FilePath) -> Vec<Belonging> {
    let plain = |file: RunFile| {
        let facts = file.within(folder).symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some(Belonging { name: file.name().into_owned(), bytes: facts.len() })
    };
    files_of(folder).into_iter().filter(|file| file.nature() == FileNature::Evidence).filter_map(plain).collect()
}

/// `GET /drills/{id}/files/{name}`.
pub(super) async fn download(State(app): State<App>, Path((id, name)): Path<(String, String)>) -> Result<Response, PageProblem> {
    let known = RunFile::of_name(&name).filter(|file| file.nature() == FileNature::Evidence);
    let file = known.ok_or_else(|| PageProblem::absent("No file of this name is given out."))?;
    let drill = entry(&app, &id).await?;
    let (content, length) = opened(file.within(&folder_of(&app, &drill))).await?;
    let headers = [
        (CONTENT_TYPE, kind(&name).to_owned()),
        (CONTENT_LENGTH, length.to_string()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ];
    Ok((headers, streamed(content)).into_response())
}

/// `GET /drills/{id}/report`.
pub(super) async fn report(State(app): State<App>, Path(id): Path<String>) -> Result<Response, PageProblem> {
    let drill = entry(&app, &id).await?;
    let (content, _) = opened(RunFile::Page.within(&folder_of(&app, &drill))).await?;
    Ok((as_report(), streamed(content)).into_response())
}

/// What every report is sent with.
pub(super) fn as_report() -> impl axum::response::IntoResponseParts {
    [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, REPORT_POLICY),
        (X_FRAME_OPTIONS, "SAMEORIGIN"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ]
}

/// A plain file, and its length.
async fn opened(path: PathBuf) -> Result<(File, u64), PageProblem> {
    let open = move || {
        // No link is followed, and nothing is waited for that is no file.
        let file = File::options().read(true).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed()).open(&path).ok()?;
        let facts = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some((file, facts.len()))
    };
    apart(open).await?.ok_or_else(|| PageProblem::absent("The drill's folder holds no such file, or is not on this host."))
}

/// A file in pieces, read as fast as they are taken.
fn streamed(mut file: File) -> Body {
    let (sender, mut pieces) = mpsc::channel::<std::io::Result<Bytes>>(2);
    tokio::task::spawn_blocking(move || {
        let mut piece = vec![0; PIECE];
        loop {
            let next = match file.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => Ok(Bytes::copy_from_slice(&piece[..count])),
                Err(error) => Err(error),
            };
            let failed = next.is_err();
            if sender.blocking_send(next).is_err() || failed {
                return;
            }
        }
    });
    Body::from_stream(futures_util::stream::poll_fn(move |context| pieces.poll_recv(context)))
}

/// What a file is, by the end of its name; a text where nothing is known, so that no browser guesses.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("json") => "application/json",
        Some("jsonl") => "application/jsonl",
        Some("zst") => "application/zstd",
        Some("svg") => "image/svg+xml",
        Some("html") => "text/html; charset=utf-8",
        Some("yaml") => "application/yaml",
        Some("md") => "text/markdown; charset=utf-8",
        Some("tsr") => "application/timestamp-reply",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_notes_links_and_folders_are_not_given_out() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["history.jsonl", "salt", "before-step-1", "undo.json", "notes.txt"] {
            std::fs::write(at(name), "12345").unwrap();
        }
        std::fs::create_dir(at("inputs")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", at("report.html")).unwrap();
        assert_eq!(belongings(folder.path()), [Belonging { name: "history.jsonl".into(), bytes: 5 }]);
        for name in ["salt", "../history.jsonl", "before-step-1", "undo.json", "notes.txt", ""] {
            assert!(RunFile::of_name(name).is_none_or(|file| file.nature() != FileNature::Evidence), "{name}");
        }
        assert_eq!((Belonging { name: String::new(), bytes: 1_500_000 }).size(), "1.5 MB");
    }

    #[tokio::test]
    async fn a_link_is_not_followed_and_a_file_is_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("report.html")).unwrap();
        assert!(opened(folder.path().join("report.html")).await.is_err());
        let long = "x".repeat(600_000);
        std::fs::write(folder.path().join("report.md"), &long).unwrap();
        let (file, length) = opened(folder.path().join("report.md")).await.unwrap();
        let read = axum::body::to_bytes(streamed(file), 1 << 20).await.unwrap();
        assert_eq!((length, read.len()), (600_000, 600_000));
    }
}

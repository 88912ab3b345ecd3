//! `lifeboat key`: the pair of keys by which drills are signed.

use super::arguments::relative;
use super::terminal::put_path;
use super::{Exit, note, put, say};
use crate::host::{self, private};
use crate::signing::{SigningKey, VerifyingKey};
use crate::units::{Problem, Secret, explained};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// No file of a key is longer. In bytes.
const LONGEST: usize = 1 << 16;

/// Makes a pair of keys (Ed25519): the private half in FILE, for `lifeboat run --sign FILE`, and the public half in FILE.pub, for whoever verifies
/// what was signed. OpenSSL and cosign read both.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file of the private half; one that is there is never overwritten
    #[arg(long, value_name = "FILE", default_value = "lifeboat-key.pem")]
    out: PathBuf,
    /// Print the name and the public half of the key in FILE, of either half
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    show: Option<PathBuf>,
}

pub(super) fn key(args: &Args) -> anyhow::Result<Exit> {
    let done = match &args.show {
        Some(file) => show(file),
        None => make(&args.out),
    };
    match done {
        Ok(told) => {
            told.put()?;
            Ok(Exit::Met)
        }
        Err(problem) => {
            say(&format!("error: {}", explained(&problem)));
            Ok(Exit::Usage)
        }
    }
}

/// What is printed.
enum KeyTold {
    Made { private: PathBuf, public: PathBuf, name: String },
    Shown { name: String, public: String },
}

impl KeyTold {
    fn put(&self) -> anyhow::Result<()> {
        match self {
            Self::Made { private, public, name } => {
                put_path("private key", &relative(private))?;
                put_path("public key", &relative(public))?;
                put(&format!("{:<14}{name}\n", "name"))?;
                note(&format!(
                    "keep {} to yourself; give {} to everyone who is to verify what you sign\nlifeboat run SCENARIO --sign {}",
                    relative(private),
                    relative(public),
                    relative(private)
                ));
                Ok(())
            }
            Self::Shown { name, public } => put(&format!("{name}\n{public}")),
        }
    }
}

fn make(file: &Path) -> Result<KeyTold, Problem> {
    let public = beside(file);
    for path in [file, &public] {
        if path.symlink_metadata().is_ok() {
            return Err(taken(path));
        }
    }
    let wrong = |path: &Path, error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => taken(path),
        _ => Problem::new(format!("cannot write {}", path.display())).caused_by(error),
    };
    let key = SigningKey::generate().map_err(|error| Problem::new(error.to_string()))?;
    // Each only where nothing is by now; and never half a pair.
    new_file(file, key.to_pem().as_bytes()).map_err(|error| wrong(file, error))?;
    let written = new_file(&public, key.public().to_pem().as_bytes()).and_then(|()| readable(&public));
    written.map_err(|error| {
        let _ = std::fs::remove_file(file);
        wrong(&public, error)
    })?;
    Ok(KeyTold::Made { private: file.to_owned(), public, name: key.public().name().to_string() })
}

fn taken(path: &Path) -> Problem {
    let path = path.display();
    Problem::new(format!("{path} is there already, and a key is never overwritten"))
        .hint(format!("choose another file with `--out`, or see what it is: `lifeboat key --show {path}`"))
}

fn new_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = private::create_new(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

/// The public half is for everybody.
fn readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

/// `FILE.pub`.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

fn show(file: &Path) -> Result<KeyTold, Problem> {
    let shown = file.display();
    let bytes = host::bytes_of(file, LONGEST).map_err(|error| Problem::new(format!("cannot read {shown}")).caused_by(error))?;
    let text = Secret::from_bytes(bytes).unwrap_or_else(|| Secret::new(String::new()));
    let public = VerifyingKey::from_pem(text.expose()).or_else(|_| SigningKey::from_pem(text.expose()).map(|key| key.public()));
    let public = public.map_err(|_| {
        Problem::new(format!("{shown} holds no key of Ed25519 in PEM"))
            .hint("make a pair with `lifeboat key`, or with `openssl genpkey -algorithm ed25519`")
    })?;
    Ok(KeyTold::Shown { name: public.name().to_string(), public: public.to_pem() })
}

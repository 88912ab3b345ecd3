//! Stores against what stands on this host, and against recorded shapes of servers that no test can start.

mod kubernetes;
mod local;
mod trimming;
mod vault;

use super::{SecretContext, Store, open};
use crate::model::{CredentialSource, SecretStore};
use crate::units::Secret;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A request as it came.
#[derive(Debug, Clone)]
pub(in crate::secret) struct Asked {
    pub(in crate::secret) method: String,
    pub(in crate::secret) path: String,
    pub(in crate::secret) headers: BTreeMap<String, String>,
    pub(in crate::secret) body: Value,
    /// The body as it stood.
    pub(in crate::secret) text: String,
}

/// A server that answers as a closure says, one request a connection.
pub(in crate::secret) struct Recorded {
    pub(in crate::secret) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Recorded {
    pub(in crate::secret) fn start(mut answer: impl FnMut(&Asked) -> (u16, Value) + Send + 'static) -> Self {
        Self::text(move |asked| {
            let (status, body) = answer(asked);
            (status, if body.is_null() { String::new() } else { body.to_string() })
        })
    }

    /// The same of a server that does not speak JSON.
    pub(in crate::secret) fn text(mut answer: impl FnMut(&Asked) -> (u16, String) + Send + 'static) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        std::thread::spawn(move || {
            for mut wire in listener.incoming().map_while(Result::ok) {
                let Some(request) = read(&mut BufReader::new(&wire)) else { continue };
                let (status, body) = answer(&request);
                seen.lock().unwrap().push(request);
                let length = body.len();
                let _ = write!(wire, "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            }
        });
        Self { address, asked }
    }

    pub(in crate::secret) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(wire: &mut impl BufRead) -> Option<Asked> {
    let mut line = String::new();
    wire.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        wire.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
    wire.read_exact(&mut body).ok()?;
    let text = String::from_utf8(body).ok()?;
    Some(Asked { method, path, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text })
}

pub(in crate::secret) fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// The store of a source, with one declared store of this name.
fn store(from: &str, declared: Option<(&str, SecretStore)>, root: &Path) -> Box<dyn Store> {
    let stores = declared.into_iter().map(|(name, store)| (name.to_owned(), store)).collect();
    open(&CredentialSource::parse(from).unwrap(), SecretContext { stores: &stores, root }).unwrap()
}

/// A key in a file of this folder.
fn key_file(root: &Path, name: &str, key: &str) -> CredentialSource {
    std::fs::write(root.join(name), format!("{key}\n")).unwrap();
    CredentialSource::File(name.to_owned())
}

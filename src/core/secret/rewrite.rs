//! Files that hold keys: read up to a bound, and replaced whole.

use super::SecretError;
use crate::host;
use std::io::ErrorKind;
use std::path::Path;
use zeroize::Zeroizing;

/// A store is read up to here; a longer file is no store of keys. In bytes.
const LONGEST: u64 = 1 << 20;

/// A file's bytes; `None` where there is no such file.
pub(super) fn bytes(path: &Path, place: &str) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
    let failed = |error: &std::io::Error| SecretError::Refused {
        place: place.to_owned(),
        why: format!("{} cannot be read: {error}", path.display()),
        hint: "give the user that runs Lifeboat the right to read it".to_owned(),
    };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
        // A pipe would be waited for without end.
        Ok(about) if !about.is_file() || about.len() > LONGEST => {
            return Err(SecretError::Malformed {
                place: place.to_owned(),
                problem: format!("{} is not a file of at most 1 MiB", path.display()),
                hint: "name a file that holds keys and little else".to_owned(),
            });
        }
        Ok(_) => {}
    }
    std::fs::read(path).map(|bytes| Some(Zeroizing::new(bytes))).map_err(|error| failed(&error))
}

/// Puts these bytes in its place, at once or not at all.
pub(super) fn replace(path: &Path, bytes: &[u8], place: &str) -> Result<(), SecretError> {
    host::replace(path, bytes).map_err(|error| SecretError::Refused {
        place: place.to_owned(),
        why: format!("{} cannot be written: {error}", std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display()),
        hint: "give the user that runs Lifeboat the right to write in its folder".to_owned(),
    })
}

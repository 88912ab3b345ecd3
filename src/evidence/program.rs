//! The program that runs, by its hash: whoever has a release can tell whether it was that one.

use super::listing;
use std::path::Path;
use std::sync::OnceLock;

/// SHA-256 of the file that this process was started from, also where another was put in its place since; `None` where it cannot be read.
pub(super) fn program_sha256() -> Option<String> {
    static HASH: OnceLock<Option<String>> = OnceLock::new();
    // The kernel's own way to it is a link, and leads to the file that runs.
    HASH.get_or_init(|| listing::hash_through(std::fs::File::open(Path::new("/proc/self/exe")).ok()?).ok().map(|(hash, _)| hash)).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hash_of_this_program() {
        let own = std::env::current_exe().unwrap();
        assert_eq!(program_sha256(), Some(listing::hash_of(&own).unwrap().0));
    }
}

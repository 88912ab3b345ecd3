//! Diagnostics for developers: silent unless `LIFEBOAT_LOG` asks (`LIFEBOAT_LOG=debug`, `LIFEBOAT_LOG=lifeboat::proxy=trace`).

use super::terminal::Cleaned;
use tracing_subscriber::EnvFilter;

pub(super) fn start() {
    let Ok(wanted) = std::env::var("LIFEBOAT_LOG") else { return };
    // Fails only where a subscriber is there already.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(in_both_crates(&wanted)))
        .with_ansi(false)
        .with_writer(|| Cleaned)
        .try_init();
}

/// Whoever asks for a room need not know which crate it is in.
fn in_both_crates(wanted: &str) -> String {
    let each = wanted.split(',').flat_map(|part| [part.to_owned(), part.replace("lifeboat::", "lifeboat_core::")]);
    each.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::in_both_crates;

    #[test]
    fn a_room_is_asked_for_by_its_name_whichever_crate_it_is_in() {
        let wanted = in_both_crates("warn,lifeboat::proxy=trace");
        assert_eq!(wanted, "warn,warn,lifeboat::proxy=trace,lifeboat_core::proxy=trace");
    }
}

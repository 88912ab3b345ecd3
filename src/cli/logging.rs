//! Diagnostics for developers: silent unless `LIFEBOAT_LOG` asks (`LIFEBOAT_LOG=debug`, `LIFEBOAT_LOG=lifeboat::proxy=trace`).

use super::terminal::Cleaned;
use tracing_subscriber::EnvFilter;

pub(super) fn start() {
    let Ok(wanted) = std::env::var("LIFEBOAT_LOG") else { return };
    // Fails only where a subscriber is there already.
    let _ = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(wanted)).with_ansi(false).with_writer(|| Cleaned).try_init();
}

//! Reports that are made when somebody asks: histories are read again, a few at once.

use super::problem::PageProblem;
use super::project::apart;
use tokio::sync::Semaphore;

/// Reports that are made at once: each may read histories of some hundred megabytes.
static PLACES: Semaphore = Semaphore::const_new(2);

/// A report's page, made on a thread of its own once there is a place.
///
/// # Errors
/// Why there is none, in words.
pub(super) async fn made(make: impl FnOnce() -> Result<String, String> + Send + 'static) -> Result<String, PageProblem> {
    let _place = PLACES.acquire().await.map_err(|error| PageProblem::Failed(error.to_string()))?;
    apart(make).await?.map_err(PageProblem::Absent)
}

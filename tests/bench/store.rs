//! The store with ten thousand drills: how soon it is made again from their folders, brought up to date, and asked.

use crate::past_drills::{ENVIRONMENTS, PastDrills, SCENARIOS, VERDICTS};
use lifeboat::store::{DrillQuery, DrillStore, FindingQuery, StoreAddress};
use lifeboat::verdict::Decision;
use std::time::Instant;

/// Drills.
const COUNT: usize = 10_000;

/// With a file of SQLite, or with the database of this URL as well.
pub(crate) fn bench(url: Option<&str>) {
    let root = tempfile::tempdir().unwrap();
    let past = PastDrills::of_one();
    for number in 0..COUNT {
        past.write(&root.path().join("drills"), number);
    }
    println!(
        "\nstore: {COUNT} drills of {} scenarios in {} environments with {} verdicts",
        SCENARIOS.len(),
        ENVIRONMENTS.len(),
        VERDICTS.len()
    );
    for given in std::iter::once(None).chain(url.map(Some)) {
        let address = StoreAddress::of(given, root.path()).unwrap();
        println!("{:>18}", address.place());
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(one(address, root.path()));
    }
}

async fn one(address: StoreAddress, root: &std::path::Path) {
    let began = Instant::now();
    let (store, rebuilt) = DrillStore::rebuild(address, root, &[]).await.unwrap();
    assert_eq!(rebuilt.synced.read, COUNT as u64);
    let rate = COUNT as f64 / began.elapsed().as_secs_f64();
    println!("{:>34} {rate:>9.0} folders/s", "rebuild");
    // What was written a moment ago is read once more.
    store.sync(root).await.unwrap();
    let all = DrillQuery::default();
    let page = DrillQuery { limit: Some(50), ..all.clone() };
    let deep = DrillQuery { offset: 9_000, ..page.clone() };
    let few = DrillQuery { verdict: Some(Decision::Missed), scenario: Some(SCENARIOS[1].into()), ..page.clone() };
    let service = DrillQuery { service: Some("support-chat".into()), ..page.clone() };
    median("look at known folders", async || assert_eq!(store.sync(root).await.unwrap().read, 0)).await;
    median("newest 50", async || assert_eq!(store.drills(&page).await.unwrap().len(), 50)).await;
    median("50 from the 9,000th", async || assert_eq!(store.drills(&deep).await.unwrap().len(), 50)).await;
    median("50 by verdict and scenario", async || assert_eq!(store.drills(&few).await.unwrap().len(), 50)).await;
    median("50 by service", async || assert_eq!(store.drills(&service).await.unwrap().len(), 50)).await;
    median("all of them", async || assert_eq!(store.drills(&all).await.unwrap().len(), COUNT)).await;
    median("count", async || assert_eq!(store.count(&all).await.unwrap(), COUNT as u64)).await;
    median("open findings", async || assert!(!store.findings(&FindingQuery::default()).await.unwrap().is_empty())).await;
}

async fn median(what: &str, work: impl AsyncFn()) {
    let mut times = Vec::new();
    for _ in 0..15 {
        let began = Instant::now();
        work().await;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!("{what:>34} {:>9.2} ms", super::quantile(&times, 0.5));
}

//! Generations that a rebuild does not touch, and files that it does not believe.

use vitrine::rebuild::progress::Phase;
use vitrine::rebuild::{RebuildError, fill};

use super::dump::dump;
use super::embedded::{SCARCE, stream};
use super::shop::{AMPLE, Shop, is_not_mine, open, runtime};

#[test]
fn what_others_have_written_is_left_alone() {
    runtime().block_on(async {
        let shop = Shop::new(&stream(6)[..300]).await;
        let before = shop.projected(100).await;
        let path = shop.path("projected.db");
        let store = open(&path).await;
        is_not_mine(fill(shop.job(store.clone(), AMPLE)).await);
        store.close().await;
        assert_eq!(dump(&path).await, before);
    });
}

#[test]
fn a_filled_generation_is_filled_once() {
    runtime().block_on(async {
        let shop = Shop::new(&stream(7)[..500]).await;
        let (filled, progress, before) = shop.rebuilt(SCARCE).await;
        assert_eq!(progress.phase, Phase::Done);
        let (mut again, _, after) = shop.rebuilt(SCARCE).await;
        let mut filled = filled;
        filled.positions.sort();
        again.positions.sort();
        assert_eq!(again, filled);
        assert_eq!(before, after);
        assert!(!shop.path("rebuild").exists(), "its files are gone");
    });
}

/// Stops a rebuild once it has kept some of what it has read.
async fn stopped(shop: &Shop, name: &str) {
    let store = open(&shop.path(name)).await;
    let job = shop.job(store.clone(), SCARCE);
    job.stop.cancel();
    let ended = fill(job).await;
    assert!(matches!(ended, Err(RebuildError::Stopped)), "{ended:?}");
    let job = shop.job(store.clone(), SCARCE);
    let (stop, mut progress) = (job.stop.clone(), job.progress.subscribe());
    let stopping = tokio::spawn(async move {
        progress.wait_for(|p| p.spilled_bytes > 0).await.map(|_| ()).unwrap();
        stop.cancel();
    });
    let ended = fill(job).await;
    assert!(matches!(ended, Err(RebuildError::Stopped)), "{ended:?}");
    stopping.await.unwrap();
    store.close().await;
}

#[test]
fn files_of_another_generation_are_not_believed() {
    runtime().block_on(async {
        let shop = Shop::new(&stream(9)).await;
        stopped(&shop, "g.db").await;
        let job = shop.job(open(&shop.path("h.db")).await, AMPLE);
        let progress = job.progress.clone();
        let filled = fill(job).await.unwrap();
        assert_eq!(filled.events, 3_000);
        assert!(!progress.borrow().resumed);
        // And they are gone: the first one begins anew.
        let job = shop.job(open(&shop.path("g.db")).await, AMPLE);
        assert_eq!(fill(job).await.unwrap().events, 3_000);
    });
}

#[test]
fn a_damaged_file_is_told_of() {
    runtime().block_on(async {
        let shop = Shop::new(&stream(10)).await;
        stopped(&shop, "g.db").await;
        let run = shop.path("rebuild").join("run-000001");
        let mut bytes = std::fs::read(&run).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&run, bytes).unwrap();
        let store = open(&shop.path("g.db")).await;
        let ended = fill(shop.job(store.clone(), SCARCE)).await;
        let Err(RebuildError::Directory(says)) = ended else { panic!("{ended:?}") };
        assert!(says.contains("run-000001 is damaged"), "{says}");
        // As it says.
        std::fs::remove_dir_all(shop.path("rebuild")).unwrap();
        assert_eq!(fill(shop.job(store, SCARCE)).await.unwrap().events, 3_000);
    });
}

//! Rebuilds that are cut at random moments, in order and by force, and go on.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use vitrine::log::Log;
use vitrine::rebuild::progress::Progress;
use vitrine::rebuild::{Filled, RebuildError, fill};
use vitrine::store::StoreError;

use super::dump::{Dump, OUTCOMES, assert_same, counted, dump, live};
use super::embedded::stream;
use super::shop::{AMPLE, Shop, job, open, open_log, runtime};
use crate::harness::stream::Rng;

/// How a run is cut.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// It is told to stop, and ends by itself.
    Stop,
    /// Nothing of it goes on, wherever it is.
    Kill,
}

/// When it is cut.
#[derive(Clone, Copy)]
enum When {
    /// Once it has told of so many steps.
    Steps(usize),
    /// Once it has written so many products.
    Products(u64),
}

/// What became of a run.
enum Ended {
    Filled(Filled),
    Cut { between_parts: bool },
}

async fn wait(when: When, progress: &mut watch::Receiver<Progress>) {
    match when {
        When::Steps(steps) => {
            for _ in 0..steps {
                if progress.changed().await.is_err() {
                    break;
                }
            }
        }
        // An error: it has ended before.
        When::Products(products) => {
            let Ok(before) = progress.wait_for(|p| p.products_total > 0).await.map(|p| p.products)
            else {
                return;
            };
            let _ = progress.wait_for(|p| p.products >= before + products).await;
        }
    }
}

/// One run, in a runtime of its own, so that nothing of it is left.
fn run(directory: &Path, memory_bytes: u64, cut: Option<(Cut, When)>) -> Ended {
    let runtime = runtime();
    let ended = runtime.block_on(async {
        let log = Log::Embedded(open_log(directory).await);
        let store = open(&directory.join("cut.db")).await;
        let job = job(log, store, memory_bytes, directory.join("rebuild"));
        let (stop, mut progress) = (job.stop.clone(), job.progress.subscribe());
        let Some((cut, when)) = cut else { return Ended::Filled(fill(job).await.unwrap()) };
        let filling = tokio::spawn(fill(job));
        wait(when, &mut progress).await;
        let filled = match cut {
            Cut::Kill => {
                filling.abort();
                filling.await.ok().map(Result::unwrap)
            }
            Cut::Stop => {
                stop.cancel();
                match filling.await.unwrap() {
                    Err(RebuildError::Stopped) => None,
                    filled => Some(filled.unwrap()),
                }
            }
        };
        let Progress { products, products_total, .. } = progress.borrow().clone();
        let between_parts = products > 0 && products < products_total;
        filled.map_or(Ended::Cut { between_parts }, Ended::Filled)
    });
    drop(runtime);
    ended
}

/// Cuts runs until one comes through; says how many were cut, and how many of those between two parts.
fn cut_all_along(
    directory: &Path,
    memory_bytes: u64,
    cut: Cut,
    seed: u64,
) -> (Filled, usize, usize) {
    let mut rng = Rng::new(seed);
    let mut parts = 0;
    for cuts in 0..12 {
        let when = match cuts % 2 {
            0 => When::Steps(1 + rng.below(5)),
            _ => When::Products(1 + rng.below(30) as u64),
        };
        match run(directory, memory_bytes, Some((cut, when))) {
            Ended::Filled(filled) => return (filled, cuts, parts),
            Ended::Cut { between_parts } => parts += usize::from(between_parts),
        }
    }
    match run(directory, memory_bytes, None) {
        Ended::Filled(filled) => (filled, 12, parts),
        Ended::Cut { .. } => unreachable!("nobody cuts it"),
    }
}

fn cut_and_compared(cut: Cut, memory_bytes: u64, seeds: std::ops::Range<u64>) -> (usize, usize) {
    let (mut all_cuts, mut all_parts) = (0, 0);
    for seed in seeds {
        let lines = stream(seed);
        let (expected, filled, found, cuts, parts) = {
            let shop = runtime().block_on(Shop::new(&lines));
            let directory = shop.directory.path();
            let expected: Dump = runtime().block_on(async {
                // A pool belongs to the runtime that it was opened in.
                let log = Log::Embedded(open_log(directory).await);
                let shop = Shop { directory: tempfile::tempdir().unwrap(), log };
                shop.rebuilt(AMPLE).await.2
            });
            let (filled, cuts, parts) = cut_all_along(directory, memory_bytes, cut, seed);
            let found = runtime().block_on(dump(&directory.join("cut.db")));
            (expected, filled, found, cuts, parts)
        };
        all_cuts += cuts;
        all_parts += parts;
        assert_eq!(filled.events, lines.len() as u64);
        assert_eq!(filled.products, live(&expected));
        assert_same(&expected, &found, &[OUTCOMES]);
        assert_eq!(counted(&found), lines.len() as u64);
    }
    (all_cuts, all_parts)
}

#[track_caller]
fn cut_everywhere(cut: Cut, seed: u64) {
    // With ample memory there are few steps; some runs come through before they are cut.
    let mut ample = 0;
    for more in [0, 1, 4, 5, 6, 7] {
        ample += cut_and_compared(cut, 1 << 22, seed + more..seed + more + 1).0;
        if more > 0 && ample > 1 {
            break;
        }
    }
    let (scarce, between_parts) = cut_and_compared(cut, 30_000, seed + 2..seed + 4);
    assert!(ample > 1 && scarce > 3 && between_parts > 0, "{ample} {scarce} {between_parts}");
}

#[test]
fn stopped_at_random_moments() {
    cut_everywhere(Cut::Stop, 20);
}

#[test]
fn killed_at_random_moments() {
    cut_everywhere(Cut::Kill, 30);
}

/// As after a crash of the server that has taken back what was committed last, or beside somebody else who writes.
#[test]
fn what_is_not_written_as_far_as_it_was_is_not_gone_on_with() {
    let shop = runtime().block_on(Shop::new(&stream(50)));
    let directory = shop.directory.path();
    runtime().block_on(async {
        let log = Log::Embedded(open_log(directory).await);
        let store = open(&directory.join("lost.db")).await;
        let job = job(log, Arc::clone(&store), 30_000, directory.join("rebuild"));
        let mut progress = job.progress.subscribe();
        let filling = tokio::spawn(fill(job));
        wait(When::Products(1), &mut progress).await;
        let mut tx = store.begin().await.unwrap();
        let mark = tx.meta("rebuild").await.unwrap().unwrap();
        let other = mark.replace("\"refused\":0", "\"refused\":1");
        assert_ne!(mark, other);
        tx.set_meta("rebuild", Some(&other)).await.unwrap();
        tx.commit().await.unwrap();
        let ended = filling.await.unwrap();
        let Err(RebuildError::Store(StoreError::Unavailable(says))) = ended else {
            panic!("{ended:?}")
        };
        assert!(says.contains("is not written as far as it was"), "{says}");
    });
}

//! Rebuilds that are cut at random moments, in order and by force, and go on.

use std::path::Path;

use vitrine::rebuild::{Filled, RebuildError, fill};
use vitrine::stack::Log;

use crate::dump::{Dump, OUTCOMES, assert_same, counted, dump};
use crate::embedded::{stream, within_a_day};
use crate::harness::stream::Rng;
use crate::shop::{AMPLE, Shop, job, open, open_log, runtime};

/// How a run is cut.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// It is told to stop, and ends by itself.
    Stop,
    /// Nothing of it goes on, wherever it is.
    Kill,
}

/// One run, in a runtime of its own, so that nothing of it is left: cut once it has told of so many steps.
fn run(directory: &Path, memory_bytes: u64, cut: Option<(Cut, usize)>) -> Option<Filled> {
    let runtime = runtime();
    let filled = runtime.block_on(async {
        let log = Log::Embedded(open_log(directory).await);
        let store = open(&directory.join("cut.db")).await;
        let job = job(log, store, memory_bytes, directory.join("rebuild"));
        let (stop, mut progress) = (job.stop.clone(), job.progress.subscribe());
        let Some((cut, steps)) = cut else { return Some(fill(job).await.unwrap()) };
        let filling = tokio::spawn(fill(job));
        for _ in 0..steps {
            if progress.changed().await.is_err() {
                break;
            }
        }
        match cut {
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
        }
    });
    drop(runtime);
    filled
}

/// Cuts runs until one comes through, and says how many were cut.
fn cut_all_along(directory: &Path, memory_bytes: u64, cut: Cut, seed: u64) -> (Filled, usize) {
    let mut rng = Rng::new(seed);
    for cuts in 0..12 {
        if let Some(filled) = run(directory, memory_bytes, Some((cut, 1 + rng.below(5)))) {
            return (filled, cuts);
        }
    }
    (run(directory, memory_bytes, None).unwrap(), 12)
}

fn cut_and_compared(cut: Cut, memory_bytes: u64, seeds: std::ops::Range<u64>) {
    let mut all_cuts = 0;
    for seed in seeds {
        let lines = stream(seed);
        let (expected, filled, found, cuts): (Dump, Filled, Dump, usize) = within_a_day(|| {
            let shop = runtime().block_on(Shop::new(&lines));
            let directory = shop.directory.path();
            let expected = runtime().block_on(async {
                // A pool belongs to the runtime that it was opened in.
                let shop = Shop {
                    directory: tempfile::tempdir().unwrap(),
                    log: Log::Embedded(open_log(directory).await),
                };
                shop.rebuilt(AMPLE).await.2
            });
            let (filled, cuts) = cut_all_along(directory, memory_bytes, cut, seed);
            let found = runtime().block_on(dump(&directory.join("cut.db")));
            (expected, filled, found, cuts)
        });
        all_cuts += cuts;
        assert_eq!(filled.events, lines.len() as u64);
        assert_eq!(filled.products, expected["view"].len() as u64);
        assert_same(&expected, &found, &[OUTCOMES]);
        assert_eq!(counted(&found), lines.len() as u64);
    }
    assert!(all_cuts >= 6, "it was cut {all_cuts} times");
}

#[test]
fn stopped_at_random_moments() {
    cut_and_compared(Cut::Stop, 1 << 20, 20..22);
    cut_and_compared(Cut::Stop, 30_000, 22..24);
}

#[test]
fn killed_at_random_moments() {
    cut_and_compared(Cut::Kill, 1 << 20, 30..32);
    cut_and_compared(Cut::Kill, 30_000, 32..34);
}

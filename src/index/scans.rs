//! Scans of large listings: on threads of their own, a few at a time, so that no other request waits
//! behind them. The system runs these threads only where no other thread of the process wants the
//! processor.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::{Semaphore, oneshot};

use super::Times;

/// A listing with at most so many products is scanned at once, by the thread that asks: that takes
/// less than waiting for another thread.
pub const INLINE_PRODUCTS: u64 = 1_000;

/// From so many products on, a listing is looked through by two threads where a second turn is
/// free: what nobody else wants makes it quicker.
const SPLIT_PRODUCTS: u64 = 20_000;

/// The niceness of threads that scan: a thread that answers from memory gets some ten times their share.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// How much is scanned at a time.
#[derive(Clone, Copy, Debug)]
pub struct ScanLimits {
    /// Scans at a time.
    pub at_once: usize,
    /// Further ones that wait.
    pub waiting: usize,
}

/// Why nothing was scanned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScanError {
    /// More scans wait than may.
    Busy,
    /// The scan has panicked, or the process ends.
    Ended,
}

/// The scans of a process.
pub struct Scans {
    /// `None` where the system has no thread left.
    pool: Option<ThreadPool>,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    limits: ScanLimits,
    /// Those that were done by a thread of their own.
    pub times: Arc<Times>,
    refused: AtomicU64,
}

/// One that waits, until this is dropped.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Scans {
    pub fn new(limits: ScanLimits) -> Scans {
        let turns = Arc::new(Semaphore::new(limits.at_once.max(1)));
        let (waiting, refused) = (AtomicUsize::new(0), AtomicU64::new(0));
        Scans {
            pool: pool(limits.at_once.max(1)),
            turns,
            waiting,
            limits,
            times: Arc::default(),
            refused,
        }
    }

    /// Requests that wait for their turn.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many were refused since too many waited.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Runs what scans so many products, and tells it by how many threads it may.
    ///
    /// # Errors
    ///
    /// [`ScanError::Busy`] where too many wait already, [`ScanError::Ended`] where there is no
    /// answer.
    pub async fn run<T: Send + 'static>(
        &self,
        products: u64,
        scan: impl FnOnce(usize) -> T + Send + 'static,
    ) -> Result<T, ScanError> {
        if products <= INLINE_PRODUCTS {
            return Ok(scan(1));
        }
        let turn = if let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() {
            turn
        } else {
            let waiting = self.waiting.fetch_add(1, Ordering::AcqRel);
            let _place = Place(&self.waiting);
            if waiting >= self.limits.waiting {
                self.refused.fetch_add(1, Ordering::Relaxed);
                return Err(ScanError::Busy);
            }
            Arc::clone(&self.turns).acquire_owned().await.map_err(|_| ScanError::Ended)?
        };
        let spare = self.limits.waiting > 0 && self.waiting() == 0;
        let second = match products >= SPLIT_PRODUCTS && spare {
            true => Arc::clone(&self.turns).try_acquire_owned().ok(),
            false => None,
        };
        let times = Arc::clone(&self.times);
        let (answer, scanned) = oneshot::channel();
        self.pool.as_ref().ok_or(ScanError::Ended)?.spawn(move || {
            let began = Instant::now();
            let scanned = scan(1 + usize::from(second.is_some()));
            times.took(began.elapsed());
            // Also where nobody waits for it any more: it holds its turns until it is over.
            drop((turn, second));
            let _ = answer.send(scanned);
        });
        scanned.await.map_err(|_| ScanError::Ended)
    }
}

fn pool(threads: usize) -> Option<ThreadPool> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|nth| format!("scan-{nth}"))
        .start_handler(|_| give_way())
        // Who waits for the answer is told that there is none.
        .panic_handler(|_| {});
    pool.build()
        .inspect_err(|error| tracing::error!(%error, "large listings cannot be scanned"))
        .ok()
}

/// Lowers the priority of this thread. That it cannot be lowered is no fault.
fn give_way() {
    // On Linux it is the calling thread's, elsewhere the whole process's.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
}

//! Pages drawn by chance from those that are asked for, to be compared with what another generation says.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::cache::{PageKey, PageRef};
use crate::telemetry::generations::GenerationMetrics;

/// Pages that wait to be compared.
const QUEUE: usize = 64;

/// Draws pages by chance from those that are asked for.
pub struct Sampler {
    /// Of 1,000 pages.
    per_mille: u32,
    asked: AtomicU64,
    queue: mpsc::Sender<PageKey>,
    /// Until somebody compares them.
    drawn: Mutex<Option<mpsc::Receiver<PageKey>>>,
    metrics: GenerationMetrics,
}

impl Sampler {
    /// `None` where none are to be drawn.
    pub fn new(per_mille: u32, metrics: &GenerationMetrics) -> Option<Arc<Sampler>> {
        if per_mille == 0 {
            return None;
        }
        let (queue, drawn) = mpsc::channel(QUEUE);
        let (asked, drawn) = (AtomicU64::new(0), Mutex::new(Some(drawn)));
        Some(Arc::new(Sampler { per_mille, asked, queue, drawn, metrics: metrics.clone() }))
    }

    /// What is drawn; only who asks first gets it.
    pub fn drawn(&self) -> Option<mpsc::Receiver<PageKey>> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A page was asked for, as it is now.
    pub fn asked(&self, page: &PageRef<'_>) {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        if scattered(number) % 1_000 >= u64::from(self.per_mille) {
            return;
        }
        if self.queue.try_send(PageKey::from(*page)).is_err() {
            self.metrics.shadow_read("left_out");
        }
    }
}

/// Numbers in a row give numbers that look drawn by chance (the end of splitmix64): requests come in rhythms.
fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

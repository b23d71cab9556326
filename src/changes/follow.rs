//! Following the feed of changes, for a page cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{Change, ChangeCursor, ChangeHints};
use crate::backoff::Backoff;
use crate::store::{ReadStore, Result};
use crate::waits::Waits;

/// How often changes are looked for, whether or not a hint came.
pub const POLL: Duration = Duration::from_millis(25);

/// How far the feed is known.
pub struct Following {
    since: Instant,
    /// Milliseconds since then at which the last look began; 0 before the first.
    looked: AtomicU64,
}

impl Default for Following {
    fn default() -> Following {
        Following { since: Instant::now(), looked: AtomicU64::new(0) }
    }
}

impl Following {
    /// How long ago all that was committed was known; `None` before anything was.
    pub fn behind(&self) -> Option<Duration> {
        self.behind_at(Instant::now())
    }

    /// The same, where the time was looked at already.
    pub fn behind_at(&self, now: Instant) -> Option<Duration> {
        match self.looked.load(Ordering::Acquire) {
            0 => None,
            at => {
                let known = Duration::from_millis(at);
                Some(now.saturating_duration_since(self.since).saturating_sub(known))
            }
        }
    }

    /// Whether all is known that was committed before then: a look that began later has ended.
    pub fn is_beyond(&self, then: Instant) -> bool {
        let looked = Duration::from_millis(self.looked.load(Ordering::Acquire));
        looked > then.saturating_duration_since(self.since)
    }

    fn known_at(&self, began: Instant) {
        let millis = began.duration_since(self.since).as_millis();
        self.looked.store(u64::try_from(millis).unwrap_or(u64::MAX).max(1), Ordering::Release);
    }
}

/// The subject of waiting for the feed.
const FOLLOWING: &str = "changes cannot be read";

/// Tells every change from now on, until it is to stop. Without a store it tries again.
pub async fn follow(
    store: Arc<dyn ReadStore>,
    following: Arc<Following>,
    tell: impl Fn(Change) + Send,
    waits: Waits,
    stop: CancellationToken,
) {
    let mut backoff = Backoff::default();
    let mut cursor: Option<ChangeCursor> = None;
    let mut hints: Option<Box<dyn ChangeHints>> = None;
    while !stop.is_cancelled() {
        let began = Instant::now();
        match read(store.as_ref(), &mut cursor, &tell).await {
            Ok(()) => {
                following.known_at(began);
                waits.over(FOLLOWING);
                backoff = Backoff::default();
            }
            Err(error) => {
                waits.wait(FOLLOWING, error);
                hints = None;
                backoff.wait(&stop).await;
                continue;
            }
        }
        if hints.is_none() {
            hints = store.change_hints().await.ok();
        }
        let wait = async {
            match &mut hints {
                Some(hints) => hints.wait(POLL).await,
                None => tokio::time::sleep(POLL).await,
            }
        };
        tokio::select! {
            () = wait => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn read(
    store: &dyn ReadStore,
    cursor: &mut Option<ChangeCursor>,
    tell: &impl Fn(Change),
) -> Result<()> {
    let read = store.changes(cursor.as_ref()).await?;
    if read.lost {
        tracing::warn!("changes were deleted before they were read: nothing that is cached counts");
        tell(Change::everything());
    }
    for change in read.changes {
        tell(change);
    }
    *cursor = Some(read.cursor);
    Ok(())
}

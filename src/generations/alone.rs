//! One rebuild at a time: whoever rebuilds holds a lock, and sees to it that this stays so.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant as Clock;

use crate::catalogue::{Catalogue, RebuildLock};

/// How often it is looked whether the lock is still held. It also keeps a connection from being idle.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A server has noticed after so long that whoever had it before is gone. Until then marks keep off a second rebuild.
const NOTICED_WITHIN: Duration = Duration::from_secs(20);
/// How often it is tried to have it again.
const TRY_EVERY: Duration = Duration::from_millis(500);

/// Holds the lock until this is dropped. One that was lost is taken again; this ends where somebody else has it by then, and
/// the rebuild is to end, too.
pub async fn hold(catalogue: Arc<dyn Catalogue>, mut lock: Box<dyn RebuildLock>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if lock.is_held().await {
            continue;
        }
        // The server may yet have to notice that its connection is gone.
        drop(lock);
        tracing::warn!("the lock of the rebuild is lost: it is taken again");
        let lost = Clock::now();
        lock = loop {
            match catalogue.lock_rebuild().await {
                Ok(Some(lock)) => break lock,
                Ok(None) if lost.elapsed() >= NOTICED_WITHIN => return,
                // Without a database the rebuild waits, too.
                Ok(None) | Err(_) => tokio::time::sleep(TRY_EVERY).await,
            }
        };
    }
}

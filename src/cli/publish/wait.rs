//! `publish --wait`: returns once the view reflects what was published.

use std::time::{Duration, Instant};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};

use crate::config::Config;
use crate::embedded::Embedded;
use crate::log::position::Position;
use crate::store::{ReadStore, Snapshot};

const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often the whole of what waits is counted: that takes the longer the more there is.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// Waits for the view; fails where it does not move for `stall`.
pub async fn reflected(
    config: &Config,
    positions: &[Position],
    stall: Duration,
    quiet: bool,
) -> anyhow::Result<()> {
    let embedded = Embedded::open(config).await?;
    let target: i64 = positions.iter().map(|p| p.offset + 1).max().unwrap_or(0);
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(target.max(0) as u64) };
    bar.set_style(ProgressStyle::with_template("projecting {bar:30} {pos}/{len} ETA {eta}")?);
    let mut seen = (0, 0);
    let mut moved_at = Instant::now();
    let mut counted_at = moved_at;
    loop {
        let mut snapshot = embedded.store.snapshot().await?;
        if snapshot.reflects(positions).await? {
            bar.finish_and_clear();
            drop(snapshot);
            embedded.close().await;
            return Ok(());
        }
        if counted_at.elapsed() < COUNT_EVERY.min(stall) {
            drop(snapshot);
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        }
        counted_at = Instant::now();
        let now = standing(snapshot.as_mut(), &embedded).await?;
        drop(snapshot);
        if now != seen {
            (seen, moved_at) = (now, Instant::now());
        } else if moved_at.elapsed() > stall {
            bail!(
                "the events are published, but the view does not move: no projector seems to run \
                 on {}; start `vitrine serve` (looked for {} s, wait.publish_stall_seconds)",
                config.data_dir.display(),
                stall.as_secs()
            );
        }
        bar.set_position(now.0.max(0) as u64);
    }
}

/// How far the view is: the furthest position, and what is left of fan-outs.
async fn standing(snapshot: &mut dyn Snapshot, embedded: &Embedded) -> anyhow::Result<(i64, u64)> {
    let next = snapshot.positions().await?.into_iter().map(|(_, next)| next).max();
    let status = embedded.store.status().await?;
    Ok((next.unwrap_or(0), status.stale_products + status.fanout_tasks))
}

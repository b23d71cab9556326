//! `publish --wait`: returns once the view reflects what was published.

use std::time::{Duration, Instant};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};

use crate::config::{Config, StoreKind};
use crate::log::position::Position;
use crate::stack::Stack;
use crate::store::Snapshot;

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
    let stack = Stack::open(config).await?;
    let target: i64 = positions.iter().map(|p| p.offset + 1).sum();
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(target.max(0) as u64) };
    bar.set_style(ProgressStyle::with_template("projecting {bar:30} {pos}/{len} ETA {eta}")?);
    let mut seen = (0, 0);
    let mut moved_at = Instant::now();
    let mut counted_at = moved_at;
    loop {
        let mut snapshot = stack.store.snapshot().await?;
        if snapshot.reflects(positions).await? {
            bar.finish_and_clear();
            drop(snapshot);
            stack.close().await;
            return Ok(());
        }
        if counted_at.elapsed() < COUNT_EVERY.min(stall) {
            drop(snapshot);
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        }
        counted_at = Instant::now();
        let now = standing(snapshot.as_mut(), &stack, positions).await?;
        drop(snapshot);
        if now != seen {
            (seen, moved_at) = (now, Instant::now());
        } else if moved_at.elapsed() > stall {
            bail!(
                "the events are published, but the view does not move: no projector seems to run \
                 on {}; start `vitrine serve` (looked for {} s, wait.publish_stall_seconds)",
                match config.store_kind() {
                    StoreKind::Sqlite => config.data_dir.display().to_string(),
                    StoreKind::Postgres => config.store.url.redacted(),
                },
                stall.as_secs()
            );
        }
        bar.set_position(now.0.max(0) as u64);
    }
}

/// How far the view is on its way to these positions, and what is left of fan-outs.
async fn standing(
    snapshot: &mut dyn Snapshot,
    stack: &Stack,
    wanted: &[Position],
) -> anyhow::Result<(i64, u64)> {
    let known = snapshot.positions().await?;
    let reached = wanted.iter().map(|w| {
        let next = known.iter().find(|(p, _)| p.topic == w.topic && p.partition == w.partition);
        next.map_or(0, |(_, next)| (*next).min(w.offset + 1))
    });
    let status = stack.store.status().await?;
    Ok((reached.sum(), status.stale_products + status.fanout_tasks))
}

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
    let mut seen = 0;
    let mut moved_at = Instant::now();
    let mut counted_at: Option<Instant> = None;
    loop {
        let mut snapshot = stack.store.snapshot().await?;
        let now = match counted_at {
            Some(at) if at.elapsed() < COUNT_EVERY.min(stall) => None,
            _ => Some(standing(snapshot.as_mut(), positions).await?),
        };
        if snapshot.reflects(positions).await? {
            bar.finish_and_clear();
            drop(snapshot);
            stack.close().await;
            return Ok(());
        }
        drop(snapshot);
        let Some(now) = now else {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        counted_at = Some(Instant::now());
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
        bar.set_position(now.max(0) as u64);
    }
}

/// How far the view is on its way to these positions.
///
/// # Errors
/// Where one of the partitions is stopped: it will not get there.
async fn standing(snapshot: &mut dyn Snapshot, wanted: &[Position]) -> anyhow::Result<i64> {
    let known = snapshot.standings().await?;
    let of = |w: &Position| {
        known.iter().find(|s| s.partition.topic == w.topic && s.partition.partition == w.partition)
    };
    if let Some((standing, why)) =
        wanted.iter().filter_map(of).find_map(|s| Some((s, s.stopped.as_ref()?)))
    {
        bail!("the events are published, but {}: {why}", standing.partition.stopped_subject());
    }
    let reached = wanted.iter().map(|w| of(w).map_or(0, |s| s.next.min(w.offset + 1)));
    Ok(reached.sum())
}

//! Where partitions stand, as commands see it.

use crate::log::Log;
use crate::projector::embedded::is_another;
use crate::store::{LOG_ID, ReadStore, Standing};

/// How far a generation is, and what is stopped of it, whether or not a service has seen that yet.
pub async fn standings(log: &Log, store: &dyn ReadStore) -> anyhow::Result<Vec<Standing>> {
    let mut snapshot = store.snapshot().await?;
    let (mut standings, log_id) = (snapshot.standings().await?, snapshot.meta(LOG_ID).await?);
    drop(snapshot);
    if let Log::Embedded(log) = log
        && let Some(why) = is_another(log, log_id.as_deref(), &standings).await?
    {
        for standing in &mut standings {
            standing.stopped.get_or_insert_with(|| why.clone());
        }
    }
    Ok(standings)
}

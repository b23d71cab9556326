//! Dead letters into their topic. The table is the outbox: what is committed there is sent, and marked
//! once it has arrived, so that none is lost; one may come twice.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::generations::Live;
use crate::log::kafka::KafkaLog;
use crate::projector::drive::{ProjectorError, retry_later};
use crate::store::ReadStore;
use crate::store::dead_letter::DeadLetter;

/// How often new dead letters are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Dead letters sent at once.
const AT_ONCE: u32 = 100;

/// Forwards until told to stop.
pub async fn run(
    store: Arc<dyn ReadStore>,
    log: Arc<KafkaLog>,
    topic: String,
    live: Live,
    stop: CancellationToken,
) -> Result<(), ProjectorError> {
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        // Of several generations that are projected only the live one forwards.
        let forwarded = match live.is(store.generation()) {
            true => forward(store.as_ref(), &log, &topic, &live).await,
            false => Ok(0),
        };
        match forwarded {
            Ok(0) => {
                backoff = Backoff::default();
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = stop.cancelled() => {}
                }
            }
            Ok(letters) => tracing::info!(letters, topic, "dead letters forwarded"),
            // A topic that is missing may be made: dead letters wait in the store until then.
            Err(ProjectorError::Log(error)) => {
                tracing::warn!(%error, topic, "dead letters cannot be forwarded");
                backoff.wait(&stop).await;
            }
            Err(error) => retry_later(error, &mut backoff, &stop).await?,
        }
    }
    Ok(())
}

/// Under one transaction, which keeps other instances from sending the same ones.
async fn forward(
    store: &dyn ReadStore,
    log: &KafkaLog,
    topic: &str,
    live: &Live,
) -> Result<usize, ProjectorError> {
    let mut tx = store.begin().await?;
    let letters = tx.unforwarded_dead_letters(AT_ONCE).await?;
    // It may have been replaced a moment ago, by one that sends them as well.
    if letters.is_empty() || !live.is_now(store.generation()).await? {
        return Ok(0);
    }
    let ids: Vec<i64> = letters.iter().map(|letter| letter.id).collect();
    let outgoing: Vec<_> = letters.into_iter().map(|l| (l.record.clone(), reasons(&l))).collect();
    log.send_dead_letters(topic, &outgoing).await?;
    tx.mark_forwarded(&ids).await?;
    tx.commit().await?;
    Ok(ids.len())
}

/// Why it is dead, as headers.
fn reasons(letter: &DeadLetter) -> Vec<(&'static str, String)> {
    let mut reasons = vec![
        ("vitrine-position", letter.position.clone()),
        ("vitrine-code", letter.code.clone()),
        ("vitrine-detail", letter.detail.clone()),
        ("vitrine-received-at", letter.received_at.to_string()),
    ];
    if let (Some(kind), Some(key)) = (&letter.kind, &letter.entity_key) {
        reasons.push(("vitrine-entity", format!("{kind} {key}")));
    }
    reasons
}

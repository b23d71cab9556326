//! Dead letters into their topic. The table is the outbox: what is committed there is claimed, sent, and
//! marked once it has arrived, so that none is lost; one may come twice.

use std::time::Duration;

use projections::instant::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::catalogue::live::Live;
use crate::clock;
use crate::log::LogError;
use crate::log::kafka::KafkaLog;
use crate::projector::Projector;
use crate::projector::drive::{ProjectorError, retry_later};
use crate::store::ReadStore;
use crate::store::dead_letter::{DeadLetter, Forwarding};

/// How often new dead letters are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Dead letters sent at once.
const AT_ONCE: u32 = 100;
/// How much longer than sending may take an instance has dead letters to itself.
const CLAIMED_LONGER: Duration = Duration::from_secs(10);

/// The subject of waiting for the topic.
const FORWARDING: &str = "dead letters wait to be forwarded";

/// Forwards until told to stop.
pub async fn run(
    projector: &Projector,
    log: &KafkaLog,
    topic: &str,
    live: &Live,
    stop: &CancellationToken,
) -> Result<(), ProjectorError> {
    let (store, waits) = (projector.store().as_ref(), projector.waits());
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        // Of several generations that are projected only the live one forwards.
        let forwarded = match live.is(store.generation()) {
            true => forward(store, log, topic, live).await,
            false => Ok(0),
        };
        match forwarded {
            Ok(sent) => {
                backoff = Backoff::default();
                waits.over(FORWARDING);
                if sent > 0 {
                    tracing::info!(letters = sent, topic, "dead letters forwarded");
                    continue;
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = stop.cancelled() => {}
                }
            }
            // Whatever is wrong with the topic may be mended: dead letters are kept in the store until then.
            Err(ProjectorError::Log(error)) => {
                waits.wait(FORWARDING, error);
                backoff.wait(stop).await;
            }
            Err(error) => retry_later(error, FORWARDING, waits, &mut backoff, stop).await?,
        }
    }
    Ok(())
}

/// Claims some dead letters, which keeps other instances from sending them, and sends them; answers how many
/// are done with. No transaction is open meanwhile: others write.
async fn forward(
    store: &dyn ReadStore,
    log: &KafkaLog,
    topic: &str,
    live: &Live,
) -> Result<usize, ProjectorError> {
    let claimed = log.settings().delivery_timeout + CLAIMED_LONGER;
    let until = clock::now().millis().saturating_add(claimed.as_millis() as i64);
    let mut tx = store.begin().await?;
    let letters = tx.claim_dead_letters(AT_ONCE, Instant(until)).await?;
    // It may have been replaced a moment ago, by one that sends them as well.
    if letters.is_empty() || !live.is_now(store.generation()).await? {
        return Ok(0);
    }
    tx.commit().await?;
    let outgoing: Vec<_> = letters.iter().map(|l| (l.record.clone(), reasons(l))).collect();
    let sent = match log.send_dead_letters(topic, &outgoing).await {
        Ok(sent) => sent,
        Err(error) => letters.iter().map(|_| Err(error.clone())).collect(),
    };
    let (mut ended, mut failed) = (Vec::with_capacity(letters.len()), None);
    for (letter, sent) in letters.iter().zip(sent) {
        ended.push((letter.id, what_became(letter, topic, sent, &mut failed)));
    }
    let mut tx = store.begin().await?;
    tx.end_claims(&ended).await?;
    tx.commit().await?;
    let done = ended.iter().filter(|(_, forwarding)| forwarding.is_done()).count();
    match failed {
        Some(error) if done == 0 => Err(error.into()),
        _ => Ok(done),
    }
}

/// One that the topic does not take holds up none of the others.
fn what_became<T>(
    letter: &DeadLetter,
    topic: &str,
    sent: Result<T, LogError>,
    failed: &mut Option<LogError>,
) -> Forwarding {
    match sent {
        Ok(_) => Forwarding::Sent,
        Err(error @ (LogError::TooLarge(_) | LogError::Refused(_))) => {
            tracing::error!(
                id = letter.id,
                position = letter.position,
                topic,
                %error,
                "a dead letter is not forwarded: its topic does not take it; it stays in the store"
            );
            Forwarding::Refused(error.to_string())
        }
        Err(error) => {
            failed.get_or_insert(error);
            Forwarding::Again
        }
    }
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

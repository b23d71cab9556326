//! Whether the primary is known to be away: then nobody waits for a connection. What makes it known is a connection that
//! breaks or takes long; from then on it is asked again and again, beside all requests, until it answers.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::store::{Result, StoreError};

/// How long a connection may take before the primary is asked whether it is there.
const SUSPICIOUS_AFTER: Duration = Duration::from_millis(500);
/// How long it may take to answer that: a busy one takes its time, and one that is gone refuses at once.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// Time between two questions while it is away.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// Knows whether the primary is away.
pub struct Breaker {
    shared: Arc<Shared>,
    asking: JoinHandle<()>,
}

struct Shared {
    /// Why it is away, while it is.
    away: watch::Sender<Option<String>>,
    /// Somebody doubts that it is there.
    suspected: Notify,
}

impl Breaker {
    /// Asks at this address.
    pub fn new(address: PgConnectOptions) -> Breaker {
        let shared = Arc::new(Shared { away: watch::Sender::new(None), suspected: Notify::new() });
        let asking = tokio::spawn(ask(Arc::clone(&shared), address));
        Breaker { shared, asking }
    }

    /// Does what needs the primary, as long as it is not known to be away.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] at once where it is, or becomes so meanwhile.
    pub async fn guard<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut away = self.shared.away.subscribe();
        if let Some(why) = away.borrow_and_update().clone() {
            return Err(StoreError::Unavailable(why));
        }
        let suspect = async {
            tokio::time::sleep(SUSPICIOUS_AFTER).await;
            self.suspect();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            done = work => {
                if matches!(done, Err(StoreError::Unavailable(_))) {
                    self.suspect();
                }
                done
            }
            found = away.wait_for(Option::is_some) => {
                let why = found.ok().and_then(|away| away.clone());
                Err(StoreError::Unavailable(why.unwrap_or_default()))
            }
            () = suspect => Err(StoreError::Unavailable(String::new())),
        }
    }

    /// It may be away: it is asked.
    pub fn suspect(&self) {
        self.shared.suspected.notify_one();
    }
}

impl Drop for Breaker {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

async fn ask(shared: Arc<Shared>, address: PgConnectOptions) {
    loop {
        shared.suspected.notified().await;
        while let Err(why) = answers(&address).await {
            if shared.away.send_replace(Some(why.clone())).is_none() {
                tracing::warn!("the primary is away, and asked until it answers: {why}");
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        if shared.away.send_replace(None).is_some() {
            tracing::info!("the primary answers again");
        }
    }
}

/// Whether it is there. One that lets nobody in is: connections that are open may go on.
async fn answers(address: &PgConnectOptions) -> Result<(), String> {
    match tokio::time::timeout(ANSWERS_WITHIN, address.connect()).await {
        Ok(Ok(conn)) => {
            let _ = conn.close().await;
            Ok(())
        }
        Ok(Err(sqlx::Error::Database(error)))
            if !error.code().is_some_and(|code| code.starts_with("57P")) =>
        {
            Ok(())
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {ANSWERS_WITHIN:?}")),
    }
}

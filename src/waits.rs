//! What a process waits for: told in the log, by `/readyz` and by a metric alike.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a wait that lasts is logged again.
pub const TELL_EVERY: Duration = Duration::from_secs(60);

/// The waits of a process, by subject: `projecting waits`, `partition catalog.price:3 is stopped`.
#[derive(Clone, Default)]
pub struct Waits {
    known: Arc<Mutex<BTreeMap<String, Wait>>>,
    /// Which generation's they are: it follows the subject.
    scope: String,
}

/// A wait, and for a while after it is over when it was last logged: one that comes and goes does not fill
/// the log.
struct Wait {
    why: Option<String>,
    since: Instant,
    told: Instant,
}

impl Waits {
    /// The same waits, for what concerns one generation.
    pub fn of_generation(&self, generation: i64) -> Waits {
        Waits { known: Arc::clone(&self.known), scope: format!(" (generation {generation})") }
    }

    /// Something waits. It is logged when that begins, and again every [`TELL_EVERY`] while it lasts.
    pub fn wait(&self, subject: &str, why: impl Display) {
        let (name, why, now) = (self.name(subject), why.to_string(), Instant::now());
        let mut known = self.lock();
        let Some(wait) = known.get_mut(&name) else {
            tracing::warn!("{name}: {why}");
            known.insert(name, Wait { why: Some(why), since: now, told: now });
            return;
        };
        if wait.why.is_none() {
            wait.since = now;
        }
        if now.duration_since(wait.told) >= TELL_EVERY {
            wait.told = now;
            let seconds = now.duration_since(wait.since).as_secs();
            tracing::warn!("{name}, for {seconds} s now: {why}");
        }
        wait.why = Some(why);
    }

    /// Whether it waits.
    pub fn has(&self, subject: &str) -> bool {
        let known = self.lock();
        !known.is_empty() && known.get(&self.name(subject)).is_some_and(|wait| wait.why.is_some())
    }

    /// It goes on, which is logged once if the wait was.
    pub fn over(&self, subject: &str) {
        let mut known = self.lock();
        // Asked after every batch: mostly there is nothing.
        if known.is_empty() {
            return;
        }
        let name = self.name(subject);
        let Some(wait) = known.get_mut(&name) else { return };
        if wait.why.take().is_some() && wait.told >= wait.since {
            let seconds = wait.since.elapsed().as_secs();
            tracing::info!("over after {seconds} s: {name}");
        }
        if wait.told.elapsed() >= TELL_EVERY {
            known.remove(&name);
        }
    }

    /// Forgets the waits of its generation, which is not projected here any more.
    pub fn end(&self) {
        self.lock().retain(|name, _| self.scope.is_empty() || !name.ends_with(&self.scope));
    }

    /// The subjects of all waits, in their order, each with the reason.
    pub fn list(&self) -> Vec<(String, String)> {
        let waits = |(name, wait): (&String, &Wait)| Some((name.clone(), wait.why.clone()?));
        self.lock().iter().filter_map(waits).collect()
    }

    fn name(&self, subject: &str) -> String {
        format!("{subject}{}", self.scope)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Wait>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

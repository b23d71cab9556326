//! Which requests of a connection are in hand: their heads have come, and their answers have not begun.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

/// How long a connection may take for a request's head, and to begin one.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub head: Duration,
    pub keep_alive: Duration,
}

/// Longer than actix-http waits for the first head of a connection, which it answers.
pub(super) const SLACK: Duration = Duration::from_secs(1);

/// Those of one connection.
#[derive(Clone)]
pub struct Requests(Rc<State>);

struct State {
    in_hand: Cell<usize>,
    /// When the last one was answered, or bytes of an answer were sent.
    idle_since: Cell<Instant>,
    /// Since when there are bytes that belong to none in hand: of the next head, or of a body that nobody reads.
    unread_since: Cell<Option<Instant>>,
}

/// A request that is in hand until this is dropped.
pub struct InHand(Requests);

impl Default for Requests {
    fn default() -> Requests {
        let idle_since = Cell::new(Instant::now());
        Requests(Rc::new(State {
            in_hand: Cell::new(0),
            idle_since,
            unread_since: Cell::new(None),
        }))
    }
}

impl Requests {
    pub fn begin(&self) -> InHand {
        self.0.in_hand.set(self.0.in_hand.get() + 1);
        InHand(self.clone())
    }

    pub(super) fn received(&self, bytes: usize) {
        let state = &self.0;
        if bytes > 0 && state.in_hand.get() == 0 && state.unread_since.get().is_none() {
            state.unread_since.set(Some(Instant::now()));
        }
    }

    /// While an answer is taken, what comes after it has to wait.
    pub(super) fn sent(&self) {
        let now = Instant::now();
        self.0.idle_since.set(now);
        self.0.unread_since.set(self.0.unread_since.get().map(|_| now));
    }

    /// When the next request has to be in hand; `None` while one is.
    pub(super) fn deadline(&self, patience: &Patience) -> Option<Instant> {
        let state = &self.0;
        let deadline = match state.unread_since.get() {
            Some(since) => since + patience.head,
            // That is actix-http's to see to, but for bytes that came with the request before.
            None => state.idle_since.get() + patience.keep_alive + patience.head,
        };
        (state.in_hand.get() == 0).then_some(deadline + SLACK)
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        let state = &self.0.0;
        state.in_hand.set(state.in_hand.get().saturating_sub(1));
        state.idle_since.set(Instant::now());
        state.unread_since.set(None);
    }
}

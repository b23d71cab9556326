//! Runs: what some consecutive messages of one entity come to, so that a long log can be folded in parts, and the
//! parts be put together in their order.
//!
//! Folding a run message by message, and merging what two halves of it come to, give the same: the highest version with
//! its first content, and whether a tombstone came after it.

use crate::fold::{Head, Outcome, fold, fold_tombstone};
use crate::instant::Instant;

/// Where a message is from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// When it happened.
    pub time: Instant,
    /// A number that the reader of the log gave to its partition.
    pub partition: u32,
    pub offset: i64,
}

/// A run of messages of one entity; at least one. `C` is what is kept of the content.
#[derive(Clone, PartialEq, Debug)]
pub struct Run<C> {
    /// The highest version; 0 where there are only tombstones, which have none.
    head: Head,
    content: C,
    // A `Mark`, beside what would fill its gaps: there are millions of these.
    time: Instant,
    offset: i64,
    partition: u32,
    /// The highest version is no removal; a tombstone may have come after it.
    states: bool,
    /// Few entities ever have any.
    tombstones: Option<Box<Tombstones>>,
}

/// The tombstones that can ever matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tombstones {
    /// The first: it removes what was there before the run, unless that has a lower version than the run.
    pub first: Mark,
    /// The first one after the highest version.
    pub after: Option<Mark>,
}

impl<C> Run<C> {
    /// Of one event; `states`: it is no removal.
    pub fn of_event(head: Head, mark: Mark, states: bool, content: C) -> Run<C> {
        let Mark { time, partition, offset } = mark;
        Run { head, content, time, offset, partition, states, tombstones: None }
    }

    /// Of one tombstone. Its content stands for an entity of which nothing else is known.
    pub fn of_tombstone(mark: Mark, content: C) -> Run<C> {
        let head = Head { version: 0, digest: 0 };
        let tombstones = Some(Box::new(Tombstones { first: mark, after: Some(mark) }));
        Run { tombstones, ..Run::of_event(head, mark, false, content) }
    }

    /// With these tombstones: a run that was stored.
    pub fn with_tombstones(self, tombstones: Option<Tombstones>) -> Run<C> {
        Run { tombstones: tombstones.map(Box::new), ..self }
    }

    pub fn tombstones(&self) -> Option<Tombstones> {
        self.tombstones.as_deref().copied()
    }

    /// Of the highest version; `None` where there are only tombstones.
    pub fn head(&self) -> Option<Head> {
        (self.head.version > 0).then_some(self.head)
    }

    pub fn content(&self) -> &C {
        &self.content
    }

    /// Where the highest version is from.
    pub fn mark(&self) -> Mark {
        Mark { time: self.time, partition: self.partition, offset: self.offset }
    }

    /// Whether the highest version is no removal.
    pub fn states(&self) -> bool {
        self.states
    }

    /// Neither the highest version nor a tombstone after it removes the entity.
    pub fn is_live(&self) -> bool {
        self.states && self.removed_by().is_none()
    }

    /// Where what was applied last is from: the highest version, or the tombstone that removed it.
    pub fn applied(&self) -> Mark {
        self.removed_by().filter(|_| self.states).unwrap_or(self.mark())
    }

    fn removed_by(&self) -> Option<Mark> {
        self.tombstones.as_ref().and_then(|tombstones| tombstones.after)
    }

    /// One more event; its content is only asked for where it counts.
    pub fn event(
        &mut self,
        head: Head,
        mark: Mark,
        states: bool,
        content: impl FnOnce() -> C,
    ) -> Outcome {
        let outcome = fold(self.head(), head);
        if outcome == Outcome::Applied {
            let tombstones = self.tombstones.take().map(|mut tombstones| {
                tombstones.after = None;
                tombstones
            });
            *self = Run { tombstones, ..Run::of_event(head, mark, states, content()) };
        }
        outcome
    }

    /// One more tombstone.
    pub fn tombstone(&mut self, mark: Mark) -> Outcome {
        let known = self.head().is_some().then(|| self.is_live());
        match &mut self.tombstones {
            Some(tombstones) => tombstones.after = tombstones.after.or(Some(mark)),
            None => {
                self.tombstones = Some(Box::new(Tombstones { first: mark, after: Some(mark) }));
            }
        }
        fold_tombstone(known)
    }

    /// This run, and the one that came after it.
    pub fn merge(&mut self, later: Run<C>) {
        let first = self.tombstones().map(|tombstones| tombstones.first);
        if later.head.version > self.head.version {
            // What was before it no longer matters, but for the first tombstone: a run before this one may need it.
            let tombstones = match (first, later.tombstones()) {
                (None, tombstones) => tombstones,
                (Some(first), theirs) => {
                    Some(Tombstones { first, after: theirs.and_then(|t| t.after) })
                }
            };
            *self = later.with_tombstones(tombstones);
        } else if let Some(theirs) = later.tombstones {
            let first = first.unwrap_or(theirs.first);
            // Whatever version its first tombstone met there, here it meets this one.
            let after = self.removed_by().or(Some(theirs.first));
            self.tombstones = Some(Box::new(Tombstones { first, after }));
        }
    }
}

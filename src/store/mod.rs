//! The read store: facts, positions, dead letters and the feed of changes of one generation.
//!
//! [`ReadStore`] is what the rest of the service knows. Reads go through a [`Snapshot`], so that all
//! parts of an answer come from one state; writes go through a [`Transaction`], in which a batch's
//! changes and its positions commit together or not at all.

mod assembly;
pub mod dead_letter;
pub mod document;
pub mod facts;
pub mod feed;
pub mod late;
pub mod popular;
pub mod postgres;
pub mod query;
pub mod sqlite;
pub mod standing;
mod status;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use projections::codec::CorruptDocument;
use projections::facts::{ProductFacts, ReviewFact};
use projections::index::discounts::ScopedDiscount;
use projections::index::part::IndexPart;
use projections::instant::Instant;
use projections::page::LatestReviews;

use crate::log::LogError;
use crate::log::position::{Partition, Position, Reflected};
use dead_letter::{DeadLetter, DeadLetterFilter, Forwarding, NewDeadLetter, Settlement};
use facts::{FactKeys, FactWrites, KnownFacts};
use feed::{Change, ChangeCursor, ChangeHints, Changes};
use popular::PopularPage;
use query::{ReviewKeyset, ReviewSort};
pub use standing::{LOG_ID, Mark, Standing, is_stopped};
pub use status::StoreStatus;

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Passing: the same call may succeed later.
    #[error("the read store cannot be reached: {0}")]
    Unavailable(String),
    /// Another projector has moved this partition meanwhile; the batch must be dropped.
    #[error(
        "{}:{} is no longer at offset {expected}: another projector has moved it",
        .partition.topic,
        .partition.partition
    )]
    PositionMoved { partition: Partition, expected: i64 },
    /// Passing: another transaction was in the way, and this one is to be done again.
    #[error("another transaction was in the way: {0}")]
    Conflict(String),
    /// Passing: there is no room on the store's disk.
    #[error("the disk of the read store is full: {0}")]
    Full(String),
    /// The store's file is damaged.
    #[error("the read store is damaged: {0}")]
    Damaged(String),
    #[error(transparent)]
    Corrupt(#[from] CorruptDocument),
    /// The store was made by a version or a configuration that this one cannot go on with.
    #[error("{0}")]
    Incompatible(String),
    /// There is no generation yet, and who asks does not make one.
    #[error("{0}")]
    Absent(String),
    #[error("the read store refused a statement: {0}")]
    Database(String),
}

/// The catalogue of generations is in the log's file.
impl From<LogError> for StoreError {
    fn from(error: LogError) -> StoreError {
        match error {
            LogError::Full(why) => StoreError::Full(why),
            LogError::Damaged(why) => StoreError::Damaged(why),
            error if error.is_transient() => StoreError::Unavailable(error.to_string()),
            error => StoreError::Database(error.to_string()),
        }
    }
}

impl StoreError {
    /// Whether the same call may succeed later, with nothing changed here. Which of a database's errors
    /// are so is said in `src/sqlite/errors.rs` and `postgres/errors.rs`.
    pub fn is_transient(&self) -> bool {
        matches!(self, StoreError::Unavailable(_) | StoreError::Conflict(_) | StoreError::Full(_))
    }
}

/// The version of facts as they are stored. Another one needs another generation.
pub const PROJECTION_VERSION: i64 = 6;

/// Why this build does not go on with a generation, and what to do.
pub(crate) fn another_layout(place: &str, theirs: i64) -> String {
    format!(
        "the generation {place} has projection version {theirs}, this build needs {PROJECTION_VERSION}: \
         `vitrine rebuild --promote` with this build makes one that it can read, while the build that \
         has made this one goes on serving"
    )
}

/// A partition's move forward: only from the offset at which the batch started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advance {
    pub partition: Partition,
    pub expected: i64,
    pub next: i64,
    /// The last event before `next`; `None` leaves what is stored.
    pub last: Option<Mark>,
}

/// One generation of the read store.
#[async_trait]
pub trait ReadStore: Send + Sync {
    /// The number of the generation that this reads and writes.
    fn generation(&self) -> i64;

    /// A consistent state to read from. Where there are replicas it may be a little behind.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>>;

    /// The state that was committed last, for whoever waits for what [`ReadStore::snapshot`] does
    /// not reflect yet.
    async fn snapshot_fresh(&self) -> Result<Box<dyn Snapshot>> {
        self.snapshot().await
    }

    /// Begins to write. Waits its turn where the store has one writer.
    async fn begin(&self) -> Result<Box<dyn Transaction>>;

    /// Before a generation that nobody reads is filled: what only slows this down, such as the indexes of tables
    /// that are empty, is put off. To be asked again by whoever goes on with it after a crash.
    /// Until [`ReadStore::end_filling`] nothing but fills may write it.
    async fn begin_filling(&self) -> Result<()> {
        Ok(())
    }

    /// A transaction that only adds, in between [`ReadStore::begin_filling`] and [`ReadStore::end_filling`]: no row
    /// that it writes is there yet. Of what a transaction offers it needs only `meta`, `set_meta`,
    /// `save_facts`, `add_review_counts`, `put_dead_letters`, `count_outcomes` and `commit`; each fact is written once. A crash of the database may take back the last of
    /// them, each as a whole, until [`ReadStore::end_filling`]: what they were made from has to stay until then.
    async fn begin_fill(&self) -> Result<Box<dyn Transaction>> {
        self.begin().await
    }

    /// How many fills may be under way at once and get on for it. They are committed one after the other.
    fn fills_at_once(&self) -> usize {
        1
    }

    /// Makes up for what [`ReadStore::begin_filling`] has put off; from then on the generation is as any other, and all
    /// of it lasts. Harmless where there is nothing to make up for. Takes as long as it takes to sort all rows.
    async fn end_filling(&self) -> Result<()> {
        Ok(())
    }

    /// What `status` shows.
    async fn status(&self) -> Result<StoreStatus>;

    /// Dead letters, oldest first, after the given id.
    async fn dead_letters(
        &self,
        filter: DeadLetterFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeadLetter>>;

    /// One dead letter, whole.
    async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>>;

    /// The dead letter of the message at this position: ids are of one generation.
    async fn dead_letter_at(&self, position: &Position) -> Result<Option<DeadLetter>>;

    /// Dead letters that are not in the topic of dead letters yet, after the given id: ids and positions.
    async fn unforwarded(&self, after: i64, limit: u32) -> Result<Vec<(i64, Position)>>;

    /// Those of these positions whose dead letters are in the topic of dead letters.
    async fn forwarded(&self, positions: &[Position]) -> Result<Vec<Position>>;

    /// What was committed after the cursor, each change once; without a cursor only the one of now.
    /// Always read from where it is written. Independent of other readers.
    async fn changes(&self, since: Option<&ChangeCursor>) -> Result<Changes>;

    /// Notes that an image of all that a cursor sees was made, by a token of its own. What is committed is noted after it
    /// was seen: a store that has the note has all of that. Notes of images that were made long ago go
    /// ([`KEEP_NOTES`](feed::KEEP_NOTES)).
    async fn note_image(&self, token: &str) -> Result<()>;

    /// The cursor of an image, as this process goes on from it; `None` where the store does not have the note, as one
    /// that was restored from a backup since.
    async fn resume(&self, token: &str, cursor: &ChangeCursor) -> Result<Option<ChangeCursor>>;

    /// Tells when there may be changes to read.
    async fn change_hints(&self) -> Result<Box<dyn ChangeHints>>;

    /// Deletes changes that could be read for longer than `keep`, in bounded steps; answers how many.
    /// A cursor that has not seen one of them has lost.
    async fn prune_changes(&self, keep: Duration) -> Result<u64>;

    /// The pages that are asked for most, the most popular first, at most `limit`: of all generations.
    async fn popular_pages(&self, limit: u32) -> Result<Vec<PopularPage>>;

    /// Remembers how popular these pages are. Where one is known the higher rank stays, so that what many
    /// processes save adds up, and what is saved twice counts once. Only the most popular
    /// [`MAX_POPULAR_PAGES`](popular::MAX_POPULAR_PAGES) stay.
    async fn save_popular_pages(&self, pages: &[PopularPage]) -> Result<()>;

    /// Closes all connections; what was committed stays.
    async fn close(&self);
}

/// Reads from one state of the store.
#[async_trait]
pub trait Snapshot: Send {
    /// The offset that comes next, for every partition that was ever projected.
    async fn positions(&mut self) -> Result<Vec<(Partition, i64)>>;
    /// The same with what is known of each partition besides.
    async fn standings(&mut self) -> Result<Vec<Standing>>;

    /// How far the store reflects each partition.
    async fn reflected(&mut self) -> Result<Reflected> {
        Ok(self.positions().await?.into_iter().collect())
    }

    /// Whether the store reflects all of these events.
    async fn reflects(&mut self, positions: &[Position]) -> Result<bool> {
        Ok(positions.is_empty() || self.reflected().await?.holds(positions))
    }

    /// A setting that the generation was built with.
    async fn meta(&mut self, key: &str) -> Result<Option<String>>;

    /// All that is known of these products, in any order; those that are not live are left out.
    async fn product_facts(&mut self, ids: &[String]) -> Result<Vec<ProductFacts>>;

    /// What the listing index needs of these products, in any order; those that are not live are
    /// left out.
    async fn index_parts(&mut self, ids: &[String]) -> Result<Vec<IndexPart>>;

    /// The same of the products that are live, after `after` in id order, at most `limit`; in that
    /// order.
    async fn next_index_parts(&mut self, after: &str, limit: u32) -> Result<Vec<IndexPart>>;

    /// Every live discount, in any order.
    async fn discounts(&mut self) -> Result<Vec<ScopedDiscount>>;

    /// The reviews that product pages show, by product, for each of these ids; `next_cursor` is left to the caller.
    /// The flag says whether there are more than those.
    async fn latest_reviews_of(
        &mut self,
        ids: &[String],
    ) -> Result<HashMap<String, (LatestReviews, bool)>>;

    /// The same of one product.
    async fn latest_reviews(&mut self, product_id: &str) -> Result<(LatestReviews, bool)> {
        let mut of = self.latest_reviews_of(&[product_id.to_owned()]).await?;
        Ok(of.remove(product_id).unwrap_or_default())
    }

    /// One page of a product's published reviews.
    async fn reviews(
        &mut self,
        product_id: &str,
        sort: ReviewSort,
        after: Option<&ReviewKeyset>,
        limit: u32,
    ) -> Result<Vec<ReviewFact>>;

    /// The products that are live, after `after` in id order, at most `limit`.
    async fn product_ids(&mut self, after: &str, limit: u32) -> Result<Vec<String>>;
}

/// A batch's changes. Nothing shows before [`Transaction::commit`]; dropping it undoes everything.
#[async_trait]
pub trait Transaction: Send {
    async fn positions(&mut self) -> Result<Vec<(Partition, i64)>>;

    /// Stops partitions, for that reason, or has them go on. One that has no position yet gets one at 0.
    async fn stop(&mut self, partitions: &[Partition], why: Option<&str>) -> Result<()>;
    /// Moves positions, each only from where it is expected: else [`StoreError::PositionMoved`].
    async fn advance(&mut self, moves: &[Advance]) -> Result<()>;

    async fn meta(&mut self, key: &str) -> Result<Option<String>>;
    /// Sets a setting; `None` removes it.
    async fn set_meta(&mut self, key: &str, value: Option<&str>) -> Result<()>;

    /// What is known of these entities.
    async fn known(&mut self, keys: &FactKeys) -> Result<KnownFacts>;
    /// How many live prices these products have; those without any are left out.
    async fn live_prices(&mut self, product_ids: &[String]) -> Result<HashMap<String, u64>>;
    /// Replaces the facts of these entities.
    async fn save_facts(&mut self, writes: &FactWrites) -> Result<()>;
    /// Adds to the counts of published reviews by rating.
    async fn add_review_counts(&mut self, deltas: &[(String, [i64; 5])]) -> Result<()>;

    async fn put_dead_letters(&mut self, letters: &[NewDeadLetter]) -> Result<()>;
    /// A newer good version of an entity settles what was dead of it.
    async fn settle_dead_letters(&mut self, settled: &[Settlement<'_>]) -> Result<u64>;
    /// Closes a dead letter as `retried` or `discarded`; false if it is not open.
    async fn close_dead_letter(&mut self, id: i64, state: &str) -> Result<bool>;
    /// The oldest dead letters that are not in the topic of dead letters yet; without those that
    /// somebody has claimed. Until `until` they are claimed by this one.
    async fn claim_dead_letters(&mut self, limit: u32, until: Instant) -> Result<Vec<DeadLetter>>;
    /// Ends claims: what became of each dead letter, by id.
    async fn end_claims(&mut self, ended: &[(i64, Forwarding)]) -> Result<()>;
    /// These dead letters are in the topic of dead letters.
    async fn mark_forwarded(&mut self, ids: &[i64]) -> Result<()>;
    /// Adds to what is counted of events: by outcome, and [warnings](crate::decode::counted) by code.
    async fn count_outcomes(&mut self, counts: &[(&'static str, u64)]) -> Result<()>;

    /// Tells what this transaction changes, with all else that it writes. An empty change is not
    /// written. Comes last, and once a transaction.
    async fn record_change(&mut self, change: &Change) -> Result<()>;

    async fn commit(self: Box<Self>) -> Result<()>;
}

//! The first version of an index: from its image, or from all products.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Clock};

use projections::index::writer::Writer;
use projections::instant::Instant;

use super::bounds::{Estimate, LoadError};
use super::follow::{Feed, Follower, Heard, Versions, apart, apply, lock, publish};
use super::image::{ImageError, Opened};
use super::images::Kept;
use super::rounds::{self, Names, Read};
use crate::log::position::Reflected;
use crate::store::{Snapshot, StoreError};

/// The number of the first version.
pub(super) const FIRST: u64 = 1;
/// How often a long load says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);

impl Follower {
    /// The first version.
    pub(super) async fn load(&self) -> Result<Feed, LoadError> {
        let resumed = match &self.images {
            Some(images) => match apart(images.opening()).await {
                Ok(Some(image)) => self.resume(image).await,
                Ok(None) => Ok(None),
                Err(error) => Err(error.into()),
            },
            None => Ok(None),
        };
        match resumed {
            Ok(Some(feed)) => return Ok(feed),
            Ok(None) => {}
            Err(NotResumed::Image(error)) => {
                tracing::warn!(%error, "the image of the listing index is not used: all products are read");
            }
            Err(NotResumed::Load(error)) => return Err(error),
        }
        self.load_all().await
    }

    /// Goes on from an image; `None` where the store does not say all that was changed since.
    async fn resume(&self, image: Opened) -> Result<Option<Feed>, NotResumed> {
        let started = Clock::now();
        let head = image.head.clone();
        let Some(cursor) = self.store.resume(&head.token, &head.cursor).await? else {
            tracing::info!("the image of the listing index is of another state of the store");
            return Ok(None);
        };
        let mut heard = Heard { cursor, pending: head.pending };
        self.look(&mut heard).await?;
        if heard.pending.everything {
            return Ok(None);
        }
        let markets = self.markets.clone();
        let writer = apart(move || image.writer(markets)).await?;
        let estimate = Estimate::new(self.index.max_bytes, writer.len());
        estimate.loaded(&writer)?;
        self.index.loaded.store(writer.len(), Ordering::Relaxed);
        let writer = Arc::new(Mutex::new(writer));
        let mut snapshot = self.store.snapshot_fresh().await?;
        let reflected = snapshot.reflected().await?;
        // As in every round: what was committed before the snapshot, and perhaps after it.
        let mut names = std::mem::take(&mut heard.pending);
        self.look(&mut heard).await?;
        names.extend(&heard.pending);
        if names.everything {
            return Ok(None);
        }
        // The image stays the newest one until something changes.
        let every = self.images.as_ref().map_or(Duration::ZERO, |images| images.every);
        let kept = Kept::resumed(names.is_empty(), every);
        names.discounts = true;
        self.read(snapshot.as_mut(), &writer, &names).await?;
        drop(snapshot);
        let changed = names.products.len();
        tracing::info!(changed, "the listing index goes on from its image");
        let feed = self.first(writer, heard, reflected, started).await;
        Ok(Some(Feed { kept, ..feed }))
    }

    /// Reads all products.
    async fn load_all(&self) -> Result<Feed, LoadError> {
        let started = Clock::now();
        let total = self.store.status().await?.products;
        let cursor = self.store.changes(None).await?.cursor;
        let mut snapshot = self.store.snapshot_fresh().await?;
        let reflected = snapshot.reflected().await?;
        let discounts = snapshot.discounts().await?;
        let mut writer = Writer::new(self.markets.clone());
        rounds::put_discounts(&mut writer, discounts);
        let writer = Arc::new(Mutex::new(writer));
        let mut estimate = Estimate::new(self.index.max_bytes, total);
        let loaded = |_: &Read, products| {
            self.index.loaded.store(products, Ordering::Relaxed);
            estimate.loading(&lock(&writer))
        };
        read_all(snapshot.as_mut(), &writer, loaded).await?;
        estimate.loaded(&lock(&writer))?;
        drop(snapshot);
        let heard = Heard { cursor, pending: Names::default() };
        Ok(self.first(writer, heard, reflected, started).await)
    }

    /// Publishes the first version that a writer holds.
    async fn first(
        &self,
        writer: Arc<Mutex<Writer>>,
        heard: Heard,
        reflected: Reflected,
        started: Clock,
    ) -> Feed {
        let (version, _) = publish(&writer, FIRST, reflected).await;
        self.index.publish(Arc::clone(&version));
        self.index.wake(version.number);
        let (products, seconds) = (version.index.len(), started.elapsed().as_secs_f64());
        let bytes: usize = version.index.bytes().iter().map(|(_, bytes)| bytes).sum();
        tracing::info!(products, seconds, bytes, "the listing index is loaded");
        self.measure(&version);
        let (next, measured) = (Clock::now(), Clock::now());
        let (retired, decided) = (Vec::new(), Instant::MIN);
        let versions = Versions { writer, last: version, retired, next, measured, decided };
        Feed { heard, versions, kept: Kept::default() }
    }
}

/// Why there is no version from an image.
#[derive(Debug, thiserror::Error)]
enum NotResumed {
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl From<StoreError> for NotResumed {
    fn from(error: StoreError) -> NotResumed {
        NotResumed::Load(error.into())
    }
}

/// All products in id order, into a writer.
pub(super) async fn read_all<E: From<StoreError>>(
    snapshot: &mut dyn Snapshot,
    writer: &Arc<Mutex<Writer>>,
    mut tell: impl FnMut(&Read, u64) -> Result<(), E>,
) -> Result<(), E> {
    let (mut products, mut told) = (0, Clock::now());
    let mut next = rounds::read_next(snapshot, "").await?;
    while let Some(read) = next {
        let after = read.last().unwrap_or_default().to_owned();
        products += read.ids().len() as u64;
        tell(&read, products)?;
        // The next ones are read while these are written.
        let (read, ()) = tokio::join!(rounds::read_next(snapshot, &after), apply(writer, read));
        next = read?;
        if told.elapsed() >= TELL_EVERY {
            told = Clock::now();
            tracing::info!(products, "products are being read into the listing index");
        }
    }
    Ok(())
}

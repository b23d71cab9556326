//! A read store that comes later: a service may start before its database.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;

use super::dead_letter::{DeadLetter, DeadLetterFilter};
use super::popular::PopularPage;
use super::{ReadStore, Result, Snapshot, StoreError, StoreStatus, Transaction};
use crate::log::position::Position;
use crate::store::feed::{ChangeCursor, ChangeHints, Changes};
use std::time::Duration;

/// Unavailable until it is given the store.
#[derive(Default)]
pub struct LateStore {
    store: OnceLock<Arc<dyn ReadStore>>,
    why: Mutex<String>,
}

impl LateStore {
    /// Here it is.
    pub fn arrive(&self, store: Arc<dyn ReadStore>) {
        // A second one would be of no use; the first stays.
        let _kept = self.store.set(store);
    }

    /// Why it is not here yet.
    pub fn delay(&self, why: String) {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    fn get(&self) -> Result<&Arc<dyn ReadStore>> {
        self.store.get().ok_or_else(|| {
            StoreError::Unavailable(self.why.lock().unwrap_or_else(PoisonError::into_inner).clone())
        })
    }
}

#[async_trait]
impl ReadStore for LateStore {
    fn generation(&self) -> i64 {
        self.store.get().map_or(0, |store| store.generation())
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        self.get()?.snapshot().await
    }

    async fn snapshot_fresh(&self) -> Result<Box<dyn Snapshot>> {
        self.get()?.snapshot_fresh().await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        self.get()?.begin().await
    }

    async fn begin_filling(&self) -> Result<()> {
        self.get()?.begin_filling().await
    }

    async fn begin_fill(&self) -> Result<Box<dyn Transaction>> {
        self.get()?.begin_fill().await
    }

    fn fills_at_once(&self) -> usize {
        self.get().map_or(1, |store| store.fills_at_once())
    }

    async fn end_filling(&self) -> Result<()> {
        self.get()?.end_filling().await
    }

    async fn status(&self) -> Result<StoreStatus> {
        self.get()?.status().await
    }

    async fn dead_letters(
        &self,
        filter: DeadLetterFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeadLetter>> {
        self.get()?.dead_letters(filter, after, limit).await
    }

    async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>> {
        self.get()?.dead_letter(id).await
    }

    async fn dead_letter_at(&self, position: &Position) -> Result<Option<DeadLetter>> {
        self.get()?.dead_letter_at(position).await
    }

    async fn unforwarded(&self, after: i64, limit: u32) -> Result<Vec<(i64, Position)>> {
        self.get()?.unforwarded(after, limit).await
    }

    async fn forwarded(&self, positions: &[Position]) -> Result<Vec<Position>> {
        self.get()?.forwarded(positions).await
    }

    async fn changes(&self, since: Option<&ChangeCursor>) -> Result<Changes> {
        self.get()?.changes(since).await
    }

    async fn note_image(&self, token: &str) -> Result<()> {
        self.get()?.note_image(token).await
    }

    async fn resume(&self, token: &str, cursor: &ChangeCursor) -> Result<Option<ChangeCursor>> {
        self.get()?.resume(token, cursor).await
    }

    async fn change_hints(&self) -> Result<Box<dyn ChangeHints>> {
        self.get()?.change_hints().await
    }

    async fn prune_changes(&self, keep: Duration) -> Result<u64> {
        self.get()?.prune_changes(keep).await
    }

    async fn popular_pages(&self, limit: u32) -> Result<Vec<PopularPage>> {
        self.get()?.popular_pages(limit).await
    }

    async fn save_popular_pages(&self, pages: &[PopularPage]) -> Result<()> {
        self.get()?.save_popular_pages(pages).await
    }

    async fn close(&self) {
        if let Some(store) = self.store.get() {
            store.close().await;
        }
    }
}

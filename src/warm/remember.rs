//! Popularity over time: counted, saved, and known again after a restart.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::popularity::Popularity;
use super::stored;
use crate::api::ApiState;
use crate::api::cached::Pages;
use crate::cache::PageKey;
use crate::cache::key::MAX_TENDED_BYTES;
use crate::clock;
use crate::store::Result;
use crate::store::popular::{MAX_POPULAR_PAGES, PopularPage};
use crate::tasks::Tasks;

/// How often it is looked how often pages were asked for.
const COUNT_EVERY: Duration = Duration::from_secs(10);
/// How often that is saved.
const SAVE_EVERY: Duration = Duration::from_secs(60);
/// How long the end of the process waits for the last save.
const LAST_SAVE_WITHIN: Duration = Duration::from_secs(2);
/// Pages that are counted at once: more than are kept, so that none is lost that will be.
const COUNTED_AT_ONCE: usize = 4 * MAX_POPULAR_PAGES;

/// What of the pages' popularity goes on in the background.
pub struct Remembering {
    popularity: Arc<Popularity>,
    pages: Arc<Pages>,
    state: web::Data<ApiState>,
    task: JoinHandle<()>,
}

/// Counts from now on, and saves now and then.
pub fn remember(
    popularity: Arc<Popularity>,
    state: &web::Data<ApiState>,
    pages: &Arc<Pages>,
    (tasks, stop): (&Tasks, CancellationToken),
) -> Remembering {
    let task = {
        let (popularity, pages, state) =
            (Arc::clone(&popularity), Arc::clone(pages), state.clone());
        let until = stop.clone();
        tasks.run("counting popular pages", &until, async move {
            let mut saved = Instant::now();
            loop {
                tokio::select! {
                    () = tokio::time::sleep(COUNT_EVERY) => {}
                    () = stop.cancelled() => return,
                }
                count(&popularity, &pages).await;
                if saved.elapsed() >= SAVE_EVERY {
                    saved = Instant::now();
                    save(&popularity, &state).await;
                }
            }
        })
    };
    Remembering { popularity, pages: Arc::clone(pages), state: state.clone(), task }
}

impl Remembering {
    /// Saves what was counted last, once nobody is answered any more. The store may be away.
    pub async fn stop(self) {
        let last = async {
            // What is being saved is.
            let _ = self.task.await;
            count(&self.popularity, &self.pages).await;
            save(&self.popularity, &self.state).await;
        };
        if tokio::time::timeout(LAST_SAVE_WITHIN, last).await.is_err() {
            tracing::warn!("popular pages were not saved within {LAST_SAVE_WITHIN:?}");
        }
    }
}

/// Takes the counts of all pages: off the threads that answer.
async fn count(popularity: &Arc<Popularity>, pages: &Arc<Pages>) {
    let (popularity, pages) = (Arc::clone(popularity), Arc::clone(pages));
    let counting = tokio::task::spawn_blocking(move || {
        let mut asked: Vec<(PageKey, u32)> = Vec::new();
        pages.cache.take_asked(|key, entry, count| {
            // What is not there is not worth a place, nor is what nobody else will ask for in these words.
            if entry.answer().status() == 200 && key.heap_bytes() <= MAX_TENDED_BYTES {
                asked.push((key.clone(), count));
            }
            if asked.len() >= COUNTED_AT_ONCE {
                popularity.count(&asked, clock::now());
                asked.clear();
            }
        });
        popularity.count(&asked, clock::now());
    });
    if let Err(error) = counting.await {
        tracing::warn!(%error, "pages are not counted");
    }
}

async fn save(popularity: &Popularity, state: &ApiState) {
    let unsaved = popularity.take_unsaved();
    if unsaved.is_empty() {
        return;
    }
    let stored = |(key, rank): &(PageKey, f64)| {
        let page = stored::encode(&key.as_ref(), &state.markets)?;
        Some(PopularPage { page, rank: *rank })
    };
    let pages: Vec<PopularPage> = unsaved.iter().filter_map(stored).collect();
    if let Err(error) = state.store.save_popular_pages(&pages).await {
        popularity.was_not_saved(&unsaved);
        tracing::warn!(%error, "popular pages cannot be saved");
    }
}

/// Reads what was saved; answers how many of the pages make no sense any more.
pub async fn recall(popularity: &Popularity, state: &ApiState) -> Result<usize> {
    let limit = u32::try_from(MAX_POPULAR_PAGES).unwrap_or(u32::MAX);
    let stored = state.store.popular_pages(limit).await?;
    let known: Vec<(PageKey, f64)> = stored
        .iter()
        .filter_map(|page| Some((stored::decode(&page.page, &state.markets)?, page.rank)))
        .collect();
    let gone = stored.len() - known.len();
    popularity.learn(known, clock::now());
    Ok(gone)
}

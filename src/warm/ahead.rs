//! Pages that change at a known instant, prepared before it: a flash sale opens without a burst of loads.

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use actix_web::web;
use futures_util::{StreamExt, stream};
use projections::instant::Instant;
use tokio_util::sync::CancellationToken;

use super::GIVE_WAY_AT_MOST;
use crate::api::ApiState;
use crate::api::cached::Pages;
use crate::api::stored::Page;
use crate::cache::PageKey;
use crate::cache::upcoming::HORIZON;
use crate::clock;

/// How often it is looked which boundaries are near, or have passed.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Pages that are prepared at the same time.
const LOADS_AT_ONCE: usize = 2;

/// Prepares pages until it is to stop.
pub async fn prepare(state: web::Data<ApiState>, pages: Arc<Pages>, stop: CancellationToken) {
    let mut looked_ahead = Clock::now();
    let mut prepared: Vec<(Instant, PageKey)> = Vec::new();
    while !stop.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => return,
        }
        if looked_ahead.elapsed() >= HORIZON / 2 {
            looked_ahead = Clock::now();
            let pages = Arc::clone(&pages);
            // A look at all that is cached: not on a thread that others wait for.
            let _ = tokio::task::spawn_blocking(move || pages.cache.look_ahead()).await;
        }
        let (state, pages) = (&state, &pages);
        let due = stream::iter(pages.cache.to_prepare());
        let prepare = |(boundary, key)| async move {
            let done = one(state, pages, &key, boundary).await;
            done.then_some((boundary, key))
        };
        let mut preparing = due.map(prepare).buffer_unordered(LOADS_AT_ONCE);
        loop {
            tokio::select! {
                done = preparing.next() => match done {
                    Some(done) => prepared.extend(done),
                    None => break,
                },
                () = tokio::time::sleep(LOOK_EVERY) => promote(pages, &mut prepared),
                () = stop.cancelled() => return,
            }
        }
        promote(pages, &mut prepared);
    }
}

/// Pages whose boundaries have passed make way for those after them.
fn promote(pages: &Pages, prepared: &mut Vec<(Instant, PageKey)>) {
    let now = clock::now();
    let passed: Vec<PageKey> =
        prepared.extract_if(.., |(boundary, _)| *boundary <= now).map(|(_, key)| key).collect();
    pages.cache.promote_all(&passed);
}

/// False where it is left to whoever asks for it.
async fn one(
    state: &web::Data<ApiState>,
    pages: &Arc<Pages>,
    key: &PageKey,
    boundary: Instant,
) -> bool {
    let is_over = || boundary <= clock::now();
    if is_over() {
        return false;
    }
    let Some(page) = Page::of(state, pages, &key.as_ref()) else { return false };
    state.demand.give_way(GIVE_WAY_AT_MOST).await;
    if is_over() {
        return false;
    }
    pages.cache.prepare(key, boundary, |_| page.load_at(boundary)).await
}

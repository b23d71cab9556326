//! Dead letters that somebody has discarded: the log does not know of it, so a rebuilt generation has them open.

use std::collections::HashMap;

use crate::store::dead_letter::DeadLetterFilter;
use crate::store::{ReadStore, StoreError};

/// Open dead letters of a new generation of which it is looked up whether somebody has discarded them.
const MAX_DISCARDED_AGAIN: usize = 100_000;
/// Dead letters that are read at once.
const LETTERS_AT_ONCE: u32 = 1_000;

/// What somebody has discarded of the live generation is discarded in the new one.
pub async fn again(live: &dyn ReadStore, new: &dyn ReadStore) -> Result<(), StoreError> {
    let mut open: HashMap<String, i64> = HashMap::new();
    let mut after = 0;
    while open.len() < MAX_DISCARDED_AGAIN {
        let letters = new.dead_letters(DeadLetterFilter::Open, after, LETTERS_AT_ONCE).await?;
        let Some(last) = letters.last() else { break };
        after = last.id;
        open.extend(letters.into_iter().map(|letter| (letter.position, letter.id)));
    }
    let mut after = 0;
    while !open.is_empty() {
        let letters = live.dead_letters(DeadLetterFilter::All, after, LETTERS_AT_ONCE).await?;
        let Some(last) = letters.last() else { break };
        after = last.id;
        let discarded = letters.iter().filter(|letter| letter.state == "discarded");
        let ids: Vec<i64> = discarded.filter_map(|letter| open.remove(&letter.position)).collect();
        if !ids.is_empty() {
            let mut tx = new.begin().await?;
            for id in ids {
                tx.close_dead_letter(id, "discarded").await?;
            }
            tx.commit().await?;
        }
    }
    Ok(())
}

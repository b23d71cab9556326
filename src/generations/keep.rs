//! How many generations are kept beside the live one: `rebuild.keep`.

use super::promote::{self, PromoteError};
use crate::catalogue::stores::Stores;
use crate::catalogue::{Announced, Generation, State};

/// Makes room for another generation: drops those that are beyond the bound once it is there, and answers which
/// are gone.
///
/// # Errors
/// Where the store fails.
pub async fn drop_oldest(stores: &Stores, keep: usize) -> Result<Vec<Generation>, PromoteError> {
    let catalogue = stores.catalogue();
    let known = catalogue.list().await?;
    let Announced { serving, promotion } = catalogue.announced().await?;
    let mut dropped = Vec::new();
    let in_use: Vec<i64> = serving.into_iter().chain(promotion.map(|(_, to)| to)).collect();
    for number in beyond(&known, &in_use, keep) {
        tracing::info!(
            generation = number,
            keep,
            "the generation is dropped for another one: no more are kept beside the live one"
        );
        match promote::drop(stores, number).await {
            Ok(generation) => dropped.push(generation),
            // It is out of the catalogue; the next rebuild tries again to delete what is left.
            Err(PromoteError::Refused(why)) => tracing::warn!("{why}"),
            Err(error) => return Err(error),
        }
    }
    Ok(dropped)
}

/// The generations that make room for another one where `keep` are kept beside the live one, in the order in which
/// they are dropped: first those that were never promoted, by number, then those that were promoted longest ago. Those of
/// another build are that build's to drop, and those that are answered from or being promoted stay.
pub fn beyond(known: &[Generation], in_use: &[i64], keep: usize) -> Vec<i64> {
    let is_old = |g: &&Generation| {
        g.is_ours() && !g.live && g.state == State::Following && !in_use.contains(&g.number)
    };
    let mut old: Vec<&Generation> = known.iter().filter(is_old).collect();
    old.sort_by_key(|g| (g.promoted_at, g.number));
    let too_many = (old.len() + 1).saturating_sub(keep.max(1));
    old.into_iter().take(too_many).map(|g| g.number).collect()
}

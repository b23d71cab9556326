//! How many generations are kept beside the live one: `rebuild.keep`.

use super::promote::{self, PromoteError};
use super::rebuild::directory;
use super::stores::Stores;
use super::{Announced, Generation, State};
use crate::config::Config;

/// Makes room for another generation: drops those that are beyond the bound once it is there.
///
/// # Errors
/// Where the store fails.
pub async fn drop_oldest(stores: &Stores, config: &Config) -> Result<(), PromoteError> {
    let catalogue = stores.catalogue();
    let known = catalogue.list().await?;
    let Announced { serving, promotion } = catalogue.announced().await?;
    let in_use: Vec<i64> = serving.into_iter().chain(promotion.map(|(_, to)| to)).collect();
    for number in beyond(&known, &in_use, config.rebuild.keep) {
        tracing::info!(
            generation = number,
            keep = config.rebuild.keep,
            "the generation is dropped: a rebuild begins another one, and no more are kept beside the live one"
        );
        match promote::drop(stores, number).await {
            // What a rebuild of it was to go on with.
            Ok(dropped) => {
                let _ = tokio::fs::remove_dir_all(directory(config, &dropped)).await;
            }
            // It is out of the catalogue; the next rebuild tries again to delete what is left.
            Err(PromoteError::Refused(why)) => tracing::warn!("{why}"),
            Err(error) => return Err(error),
        }
    }
    Ok(())
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

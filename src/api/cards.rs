//! Cards by id, for all answers that show them.

use std::collections::HashMap;

use projections::page::{self, Card, Reader};

use crate::store::query::{Keyset, StoredCard};
use crate::store::{Snapshot, StoreError};

/// Cards as they are stored, by product id.
pub struct Cards(HashMap<String, StoredCard>);

impl Cards {
    pub async fn read(snapshot: &mut dyn Snapshot, ids: &[String]) -> Result<Cards, StoreError> {
        let stored = if ids.is_empty() { Vec::new() } else { snapshot.cards(ids).await? };
        Ok(Cards(stored.into_iter().map(|card| (card.product_id.clone(), card)).collect()))
    }

    pub fn get(&self, id: &str) -> Option<&StoredCard> {
        self.0.get(id)
    }

    /// The card at the reader's instant; `None` where the product's page would be a 404.
    pub fn card<'a>(&'a self, id: &str, reader: &Reader<'a>) -> Option<Card<'a>> {
        let stored = self.get(id)?;
        page::card(&stored.product_id, &stored.view, stored.available, reader)
    }

    /// The cards of a listing's places, in order.
    pub fn of_places<'a>(&'a self, places: &[Keyset], reader: &Reader<'a>) -> Vec<Card<'a>> {
        let card = |place: &Keyset| {
            let card = self.card(&place.product_id, reader);
            if card.is_none() {
                // One snapshot has both or neither.
                tracing::debug!(product_id = place.product_id, "a listed product has no card");
            }
            card
        };
        places.iter().filter_map(card).collect()
    }
}

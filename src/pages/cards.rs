//! Cards by id, for all answers that show them.

use std::collections::HashMap;

use projections::horizon::Horizon;
use projections::instant::Instant;
use projections::market::Market;
use projections::page::{self, Card, Reader};
use projections::view::View;

use crate::clock;
use crate::store::query::{Keyset, StoredCard};
use crate::store::{REVISED_UNTIL, Result, Snapshot};

/// What cards are made of, by product id.
pub struct Cards {
    cards: HashMap<String, StoredCard>,
    evaluated: bool,
}

impl Cards {
    /// Reads those products that there are, for a market and an instant.
    pub async fn read(
        snapshot: &mut dyn Snapshot,
        ids: &[String],
        market: &Market,
        at: Instant,
    ) -> Result<Cards> {
        if ids.is_empty() {
            return Ok(Cards { cards: HashMap::new(), evaluated: false });
        }
        let stored = snapshot.cards(ids).await?;
        let mut cards: HashMap<String, StoredCard> =
            stored.into_iter().map(|card| (card.product_id.clone(), card)).collect();
        // Only what is over is ever revised.
        let revised = at < clock::now() && {
            let until = snapshot.meta(REVISED_UNTIL).await?.and_then(|text| text.parse().ok());
            until.is_some_and(|until: i64| at.millis() < until)
        };
        let uncovered: Vec<String> = cards
            .values()
            .filter(|card| revised || !card.view.covers.holds(at))
            .map(|card| card.product_id.clone())
            .collect();
        if !uncovered.is_empty() {
            let markets = std::slice::from_ref(market);
            for facts in snapshot.product_facts(&uncovered).await? {
                if let Some(card) = cards.get_mut(&facts.product_id) {
                    card.view = View::compute(&facts, markets, &Horizon::at(at));
                }
            }
        }
        Ok(Cards { cards, evaluated: !uncovered.is_empty() })
    }

    /// Some were evaluated from facts: what is stored does not answer for the instant.
    pub fn evaluated(&self) -> bool {
        self.evaluated
    }

    pub fn get(&self, id: &str) -> Option<&StoredCard> {
        self.cards.get(id)
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

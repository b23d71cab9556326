//! What was published of a known catalogue, and when it was known to be in the store: what answers
//! are held against.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::known::{Known, Listing, Shown, What};

/// How long a change of a price is looked for on the listings by price, from when it has to be there.
const RECENT: Duration = Duration::from_secs(2);

/// All products.
pub struct Truth {
    known: Known,
    /// An answer may be older than what was known so long before it was asked for.
    pub grace: Duration,
    products: Vec<[Values; 3]>,
    /// Changes of prices that have been known for a short while, the oldest first.
    recent: VecDeque<(Instant, usize)>,
}

/// What one product's price, stock or name was said to be, the oldest first.
struct Values(Vec<Said>);

struct Said {
    value: i64,
    /// When it was seen to be in the store, none while it is on its way: it was there before that.
    known: Option<Instant>,
}

/// A change that was published.
#[derive(Clone, Copy)]
pub struct Change {
    pub product: usize,
    pub what: What,
    /// Which of the values.
    number: usize,
}

/// What is wrong with an answer.
#[derive(Debug)]
pub struct Wrong {
    pub what: String,
    /// How old it is at least, where that is what is wrong.
    pub stale: Option<Duration>,
}

impl Wrong {
    fn of(what: String) -> Wrong {
        Wrong { what, stale: None }
    }
}

impl Truth {
    /// As the catalogue was published, and is in the store.
    pub fn new(known: Known, grace: Duration) -> Truth {
        let now = Some(Instant::now());
        let values = |product| {
            What::ALL
                .map(|what| Values(vec![Said { value: known.first(product, what), known: now }]))
        };
        let products = (0..known.products).map(values).collect();
        Truth { known, grace, products, recent: VecDeque::new() }
    }

    fn values(&self, product: usize, what: What) -> &[Said] {
        &self.products[product][what as usize].0
    }

    /// A new value is about to be published. None if the product has had it before: then it could not
    /// be told from the old one. The version is the change's own.
    pub fn publish(&mut self, product: usize, what: What, value: i64) -> Option<(Change, u64)> {
        let values = &mut self.products[product][what as usize].0;
        if values.iter().any(|said| said.value == value) {
            return None;
        }
        values.push(Said { value, known: None });
        Some((Change { product, what, number: values.len() - 1 }, values.len() as u64))
    }

    /// The newest value of a kind.
    pub fn newest(&self, product: usize, what: What) -> i64 {
        self.values(product, what).last().map_or(0, |said| said.value)
    }

    /// The store was seen to show these.
    pub fn is_known(&mut self, changes: &[Change], at: Instant) {
        for change in changes {
            self.products[change.product][change.what as usize].0[change.number].known = Some(at);
            if change.what == What::Price {
                self.recent.push_back((at, change.product));
            }
        }
        let old = RECENT + self.grace;
        while self.recent.front().is_some_and(|(known, _)| at.duration_since(*known) > old) {
            self.recent.pop_front();
        }
    }

    /// How old a card or page is at least that was asked for at this instant: zero if nothing was known
    /// that it does not show.
    pub fn staleness(&self, shown: &Shown, asked: Instant) -> Result<Duration, Wrong> {
        let mut most = Duration::ZERO;
        for what in What::ALL {
            let values = self.values(shown.product, what);
            let value = shown.value(what);
            let Some(at) = values.iter().rposition(|said| said.value == value) else {
                let id = Known::id(shown.product);
                return Err(Wrong::of(format!("{id}: {what:?} {value} was never published")));
            };
            // The first that it does not show is the one that has been missing longest.
            let missing = values[at + 1..].iter().find_map(|said| said.known);
            if let Some(known) = missing {
                most = most.max(asked.saturating_duration_since(known));
            }
        }
        Ok(most)
    }

    /// Whether these cards, of one answer, are what a listing by price shows; `sign` is 1 where it ascends
    /// and -1 where it descends.
    pub fn order(
        &self,
        listing: Listing,
        sign: i64,
        cards: &[Shown],
        whole: bool,
        asked: Instant,
    ) -> Result<(), Wrong> {
        let key = |card: &Shown| (sign * card.price, Known::id(card.product));
        for (one, next) in cards.iter().zip(cards.iter().skip(1)) {
            if key(one) >= key(next) {
                return Err(Wrong::of(format!("{one:?} stands before {next:?}")));
            }
        }
        let Some(last) = cards.last().filter(|_| whole) else { return Ok(()) };
        // What has moved in front of the last card has to be there.
        for (_, product) in &self.recent {
            let Some(Said { value, known: Some(known) }) =
                self.values(*product, What::Price).last()
            else {
                continue;
            };
            let stale = asked.saturating_duration_since(*known);
            let in_front = sign * value < sign * last.price;
            if stale > self.grace
                && in_front
                && self.known.listings_of(*product).contains(&listing)
                && cards.iter().all(|card| card.product != *product)
            {
                let what = format!("{} at {value} is missing", Known::id(*product));
                return Err(Wrong { what, stale: Some(stale) });
            }
        }
        Ok(())
    }
}

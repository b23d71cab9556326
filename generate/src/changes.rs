//! What happens after the first catalogue: mostly stock, and mostly to popular products.

use projections::instant::{Instant, Window};

use super::Options;
use super::catalogue::{Catalogue, DAY_MS, HOUR_MS, MAX_VERSION, MINUTE_MS};
use super::discounts::{self, Turn, after, whole_hour};
use super::events::{self, Moment};
use super::import::season_window;
use super::prng::{Domain, Rng};
use super::product::{Product, Reason};
use super::reviews::{self, Fate, Origin, Review};

/// How many new reviews are remembered, so that some of them change later.
const REMEMBERED_REVIEWS: usize = 256;

/// Draws changes. Apart from a fixed number of reviews it remembers nothing.
pub struct Changes {
    recent: Vec<Review>,
    next: usize,
    live: bool,
}

/// One change to come: the counter that stock levels run down with, and when.
#[derive(Clone, Copy)]
pub struct Beat {
    pub tick: u64,
    pub moment: Moment,
}

impl Changes {
    /// `live`: to be watched, so windows open within seconds and last for minutes.
    pub fn new(live: bool) -> Changes {
        Changes { recent: Vec::with_capacity(REMEMBERED_REVIEWS), next: 0, live }
    }

    /// Appends one change.
    pub fn write(&mut self, out: &mut Vec<u8>, catalogue: &Catalogue, beat: Beat) {
        let mut rng = catalogue.rng(Domain::Change, beat.moment.version);
        let product = catalogue.product(catalogue.popular(&mut rng));
        match rng.below(1000) {
            0..680 => stock(out, catalogue, beat, &product, &mut rng),
            680..830 => self.price(out, catalogue, beat.moment, &product, &mut rng),
            830..950 => self.review(out, catalogue, beat.moment, &product, &mut rng),
            950..990 => update(out, catalogue, beat.moment, product, &mut rng),
            _ => self.discount(out, catalogue, beat.moment, &mut rng),
        }
    }

    fn price(
        &self,
        out: &mut Vec<u8>,
        catalogue: &Catalogue,
        moment: Moment,
        product: &Product,
        rng: &mut Rng,
    ) {
        let i = rng.below(product.prices());
        let sale = rng.per_mille(120) && product.may_have_sales();
        let slot = if sale { product.sale_price(i) } else { product.price(i) };
        if passes(slot.reason) && rng.per_mille(70) {
            return events::price_removed(out, catalogue, moment, product, &slot);
        }
        let slice = if self.live { MINUTE_MS } else { DAY_MS };
        let level = catalogue.price_level(product, moment.time, slice);
        let window = match slot.reason {
            Reason::Sale(_) => self.sale_window(moment.time, rng),
            Reason::Season(_, season) => season_window(catalogue, season),
            _ => Window::ALWAYS,
        };
        // Sales differ more from each other than prices do.
        let level = if sale { level * 4 - 3_000 } else { level };
        events::price(out, catalogue, moment, product, &slot, (level, window));
    }

    fn sale_window(&self, now: Instant, rng: &mut Rng) -> Window {
        if self.live {
            let from = after(now, rng.between(2, 30) as i64 * 1_000);
            return Window { from, until: after(from, rng.between(1, 5) as i64 * MINUTE_MS) };
        }
        let from = whole_hour(after(now, rng.below(120) as i64 * HOUR_MS));
        let until = after(from, rng.between(1, 28) as i64 * DAY_MS / 4);
        Window { from, until }
    }

    fn review(
        &mut self,
        out: &mut Vec<u8>,
        catalogue: &Catalogue,
        moment: Moment,
        product: &Product,
        rng: &mut Rng,
    ) {
        let fate = match rng.below(100) {
            0..76 => None,
            76..86 => Some(Fate { votes: rng.between(1, 60), ..Fate::default() }),
            86..91 => Some(Fate { edited: true, ..Fate::default() }),
            _ => Some(Fate { hidden: true, ..Fate::default() }),
        };
        let Some(fate) = fate else {
            let review =
                Review { n: product.n, origin: Origin::Later(moment.version, moment.time) };
            self.remember(review);
            return reviews::review(out, catalogue, moment, product, review, Fate::default());
        };
        // Half of the changes are to reviews of the first catalogue, if the product had any.
        if product.reviews > 0 && rng.per_mille(500) {
            let i = rng.below(product.reviews);
            let review = Review { n: product.n, origin: Origin::First(i) };
            // Only every eighth is ever removed, so that none comes back.
            return if i % 8 == 7 {
                reviews::removed(out, catalogue, moment, review)
            } else {
                reviews::review(out, catalogue, moment, product, review, fate)
            };
        }
        let at = rng.below(self.recent.len() as u64) as usize;
        let Some(&review) = self.recent.get(at) else {
            return stock(out, catalogue, Beat { tick: 0, moment }, product, rng);
        };
        if rng.per_mille(250) {
            self.recent.swap_remove(at);
            return reviews::removed(out, catalogue, moment, review);
        }
        let product = catalogue.product(review.n);
        reviews::review(out, catalogue, moment, &product, review, fate);
    }

    fn remember(&mut self, review: Review) {
        if self.recent.len() < REMEMBERED_REVIEWS {
            self.recent.push(review);
            return;
        }
        self.next = (self.next + 1) % REMEMBERED_REVIEWS;
        if let Some(oldest) = self.recent.get_mut(self.next) {
            *oldest = review;
        }
    }

    fn discount(&self, out: &mut Vec<u8>, catalogue: &Catalogue, moment: Moment, rng: &mut Rng) {
        // The first is the members': it stays as it is.
        let (mut discount, draw) = (rng.between(1, catalogue.discounts - 1), rng.below(100));
        if discounts::is_for_all(discount) && rng.per_mille(900) {
            discount -= 1;
        }
        let flash = if self.live { 60 } else { 15 };
        if draw < flash {
            let turn = Turn::Flash { live: self.live };
            discounts::discount(out, catalogue, moment, discount, turn);
        } else if draw > 95 {
            discounts::removed(out, catalogue, moment, discount);
        } else {
            discounts::discount(out, catalogue, moment, discount, Turn::Changed);
        }
    }
}

/// Whether a price may end. Without its variant's own price, what is large would cost as much as
/// what is small.
fn passes(reason: Reason) -> bool {
    !matches!(reason, Reason::Usual | Reason::Variant(_))
}

/// A count of stock: it runs down with `tick` and is filled up again; few counts are 0.
pub fn stock(
    out: &mut Vec<u8>,
    catalogue: &Catalogue,
    beat: Beat,
    product: &Product,
    rng: &mut Rng,
) {
    let place = (rng.below(product.variants), rng.below(product.places));
    let full = catalogue.stock_level(product, place.0, place.1);
    let available = if full == 0 {
        if rng.per_mille(80) { rng.between(1, 40) } else { 0 }
    } else if rng.per_mille(18) {
        0
    } else {
        let period = (catalogue.events / 8).max(256);
        let phase = product.n.wrapping_mul(0x9E37_79B9) % period;
        let sold = u128::from(full) * u128::from((beat.tick + phase) % period);
        (full - (sold / u128::from(period)) as u64 + rng.below(3)).max(1)
    };
    events::stock(out, catalogue, beat.moment, product, place, available);
}

/// A product's new description, or its end. One that ended stays away: another is updated instead.
fn update(
    out: &mut Vec<u8>,
    catalogue: &Catalogue,
    moment: Moment,
    product: Product,
    rng: &mut Rng,
) {
    if rng.per_mille(40) {
        let other = catalogue.product(rng.below(catalogue.products));
        if other.leaving {
            return events::product_deleted(out, catalogue, moment, other.n);
        }
    }
    if product.leaving {
        return events::product_deleted(out, catalogue, moment, product.n);
    }
    events::product(out, catalogue, moment, &product, moment.version);
}

/// Changes without an end, for a catalogue that a [`super::Generator`] with the same options made.
pub struct LiveChanges {
    catalogue: Catalogue,
    changes: Changes,
    tick: u64,
    version: u64,
}

impl LiveChanges {
    /// The changes to the catalogue of these options.
    pub fn new(options: &Options) -> LiveChanges {
        let catalogue = Catalogue::new(options);
        let tick = catalogue.events;
        LiveChanges { tick, version: catalogue.events + 1, catalogue, changes: Changes::new(true) }
    }

    /// Appends one change that happens at `now`. Its version is `now` in microseconds, or one more
    /// than the last where that is not higher: it rises above the catalogue's, and also above
    /// those of an earlier run with a clock that went on.
    pub fn write_next(&mut self, now: Instant, out: &mut Vec<u8>) {
        self.tick += 1;
        let clock = u64::try_from(now.millis()).unwrap_or(0).saturating_mul(1_000);
        self.version = clock.max(self.version + 1).min(MAX_VERSION);
        let moment = Moment { version: self.version, time: now };
        self.changes.write(out, &self.catalogue, Beat { tick: self.tick, moment });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also where the last discount of the catalogue is one for everything.
    #[test]
    fn no_change_is_to_a_discount_that_the_catalogue_does_not_have() {
        let options = Options { products: 13_000, events: 10, seed: 1, start: Instant(0) };
        let catalogue = Catalogue::new(&options);
        assert!(discounts::is_for_all(catalogue.discounts - 1), "{}", catalogue.discounts);
        let (changes, mut out) = (Changes::new(true), Vec::new());
        for version in 0..5_000 {
            let moment = Moment { version, time: Instant(0) };
            changes.discount(
                &mut out,
                &catalogue,
                moment,
                &mut catalogue.rng(Domain::Change, version),
            );
        }
        let text = String::from_utf8(out).unwrap();
        for line in text.lines() {
            let id = line.split(r#""discount_id":"d-"#).nth(1).and_then(|t| t.split('"').next());
            let id: u64 = id.unwrap().parse().unwrap();
            assert!((1..catalogue.discounts).contains(&id), "{line}");
        }
    }

    #[test]
    fn prices_of_both_markets_move_alike() {
        let options = Options { products: 50, events: 10, seed: 1, start: Instant(0) };
        let catalogue = Catalogue::new(&options);
        let levels: Vec<u64> = (0..40)
            .map(|minute| {
                let at = |millis| Instant(minute * MINUTE_MS + millis);
                let level = |at| catalogue.price_level(&catalogue.product(7), at, MINUTE_MS);
                assert_eq!(level(at(0)), level(at(MINUTE_MS - 1)));
                level(at(0))
            })
            .collect();
        assert!(levels.iter().max().unwrap() - levels.iter().min().unwrap() > 30, "{levels:?}");
    }
}

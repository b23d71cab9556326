//! A reproducible, realistic catalogue as a stream of events: for demos, tests and measurements.
//!
//! The same [`Options`] give the same bytes, for ever and on every machine: all randomness is
//! hashed from the seed with integers, nothing reads a clock, and nothing iterates a hash map. What
//! a product is follows from the seed and its number, so memory does not grow with the stream.
//!
//! The stream is an import followed by changes. The import goes through the products in order, in
//! the mild disorder of several systems that export at once: prices, stock and reviews come near
//! their product, some of them before it. Where there are too few events for all of that, the
//! products and their prices come first. The changes favour popular products. Throughout, some
//! events are repeated, and some changes are overtaken by a newer one.
//!
//! A version is the number of its event in the stream, from 1, so it rises for every entity.

mod catalogue;
mod changes;
mod details;
mod discounts;
mod events;
mod import;
mod kinds;
mod ladder;
mod phrases;
mod prng;
mod product;
mod reviews;
pub mod shape;
mod tree;
pub mod vocabulary;
mod words;
mod write;

use projections::instant::{Instant, Window};

use catalogue::Catalogue;
pub use catalogue::MAX_VERSION;
pub use changes::LiveChanges;
use changes::{Beat, Changes};
use events::Moment;
use import::Import;
use prng::Domain;

/// When a stream starts if it is not told: 2026-01-01T00:00:00Z.
pub const DEFAULT_START: Instant = Instant(1_767_225_600_000);

/// Rises with each change to the bytes that the same options give, so that what was made earlier is
/// not changed as if it were what would be made now.
pub const VERSION: u32 = 2;

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many products, from 1 (0 is taken as 1) to 2^53 - 1.
    pub products: u64,
    /// How many events, in all; versions end at 2^53 - 1, and so does the stream.
    pub events: u64,
    /// Any number: another one gives another catalogue.
    pub seed: u64,
    /// The time of the first event; the last one is 30 days later.
    pub start: Instant,
}

/// How many of 1,000 events are the one before once more.
const REPEATED_PER_MILLE: u64 = 10;
/// How many of 1,000 changes come before an older one of the same entity.
const OVERTAKING_PER_MILLE: u64 = 4;

/// Writes the stream, one event after the other.
pub struct Generator {
    catalogue: Catalogue,
    import: Import,
    changes: Changes,
    written: u64,
    /// A change that the last event overtook.
    overtaken: Option<Moment>,
    /// The last line, kept only where it is to be repeated.
    repeat: Vec<u8>,
}

impl Generator {
    /// At the start of the stream.
    pub fn new(options: Options) -> Generator {
        let catalogue = Catalogue::new(&options);
        Generator {
            import: Import::new(&catalogue),
            catalogue,
            changes: Changes::new(false),
            written: 0,
            overtaken: None,
            repeat: Vec::new(),
        }
    }

    /// Appends the next event's line, with its `\n`, to `out`; false at the end.
    pub fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
        if self.written >= self.catalogue.events {
            return false;
        }
        self.written += 1;
        let sequence = self.written;
        if !self.repeat.is_empty() {
            out.extend_from_slice(&self.repeat);
            self.repeat.clear();
            return true;
        }
        let line = out.len();
        let moment = self.moment(sequence);
        if let Some(older) = self.overtaken.take() {
            self.overtakable(out, sequence - 1, older);
        } else if !self.import.write_next(out, &self.catalogue, moment) {
            self.change(out, moment);
        }
        if self.overtaken.is_none()
            && self.catalogue.rng(Domain::Repeat, sequence).per_mille(REPEATED_PER_MILLE)
        {
            self.repeat.extend_from_slice(out.get(line..).unwrap_or_default());
        }
        true
    }

    fn moment(&self, sequence: u64) -> Moment {
        Moment { version: sequence, time: self.catalogue.time_of(sequence) }
    }

    /// One change; or, of two changes to one entity, the newer one first.
    fn change(&mut self, out: &mut Vec<u8>, moment: Moment) {
        let sequence = moment.version;
        let overtaking = self.catalogue.rng(Domain::Swap, sequence).per_mille(OVERTAKING_PER_MILLE);
        if overtaking && sequence < self.catalogue.events {
            self.overtaken = Some(moment);
            self.overtakable(out, sequence, self.moment(sequence + 1));
        } else {
            self.changes.write(out, &self.catalogue, Beat { tick: sequence, moment });
        }
    }

    /// A change of a price or a stock level that is chosen by `pair` and filled in by `moment`.
    fn overtakable(&self, out: &mut Vec<u8>, pair: u64, moment: Moment) {
        let mut rng = self.catalogue.rng(Domain::Overtaken, pair);
        let product = self.catalogue.product(self.catalogue.popular(&mut rng));
        if rng.per_mille(300) {
            let slot = product.price(rng.below(product.usual_prices()));
            let (low, high) = catalogue::PRICE_LEVELS;
            let level = low + moment.version % (high - low + 1);
            let terms = (level, Window::ALWAYS);
            events::price(out, &self.catalogue, moment, &product, &slot, terms);
        } else {
            let beat = Beat { tick: moment.version, moment };
            changes::stock(out, &self.catalogue, beat, &product, &mut rng);
        }
    }
}

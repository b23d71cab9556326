//! Readers of known products' pages and of first pages, who check what they are answered.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::bail;

use super::http::{self, header};
use super::known::{Known, Listing, Shown};
use super::load::{Answer, Reader};
use super::random::{Random, Zipf};
use super::stats::percentile;
use super::truth::{Truth, Wrong};

/// Of 100 requests so many are for product pages, the others for first pages.
const PRODUCT_PAGES: usize = 70;
/// The customer groups of those who ask for others than themselves: more contexts than a cache has warm.
const GROUPS: usize = 50;
/// Violations that are shown.
const EXAMPLES: usize = 10;
/// Cards of a whole first page.
const LIMIT: usize = 24;

/// The first page of a listing in a sort.
#[derive(Clone, Copy)]
pub struct Target {
    pub listing: Listing,
    pub sort: &'static str,
}

impl Target {
    pub const SORTS: [&str; 6] =
        ["newest", "price_asc", "price_desc", "discount", "rating", "reviews"];

    fn path(&self) -> String {
        format!("{}?sort={}", self.listing.path(), self.sort)
    }

    /// 1 where prices ascend, -1 where they descend, none where they do neither.
    fn by_price(&self) -> Option<i64> {
        match self.sort {
            "price_asc" => Some(1),
            "price_desc" => Some(-1),
            _ => None,
        }
    }
}

/// What answers were.
#[derive(Clone, Default)]
pub struct Counts {
    pub hits: usize,
    /// A load of one's own, or one that another waited for.
    pub misses: usize,
    pub stale: usize,
    /// Misses of a page that nobody had asked for before: no cache could have it.
    pub first: usize,
    /// Misses of a page of which no other one was under way: so often it was loaded for those who asked.
    pub loaded: usize,
    /// 503.
    pub turned_away: usize,
    milliseconds: Vec<f64>,
}

impl Counts {
    pub fn answers(&self) -> usize {
        self.milliseconds.len()
    }

    pub fn part(&self, of: usize) -> f64 {
        of as f64 / self.answers().max(1) as f64
    }

    /// p50 and p99, in milliseconds.
    pub fn percentiles(&self) -> [f64; 2] {
        let mut samples = self.milliseconds.clone();
        [0.5, 0.99].map(|share| percentile(&mut samples, share))
    }

    pub fn add(&mut self, other: &Counts) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.stale += other.stale;
        self.first += other.first;
        self.loaded += other.loaded;
        self.turned_away += other.turned_away;
        self.milliseconds.extend(&other.milliseconds);
    }
}

/// What checking came to.
#[derive(Default)]
pub struct Checked {
    pub answers: usize,
    pub cards: usize,
    pub wrong: usize,
    pub stalest: Duration,
    pub examples: Vec<String>,
}

pub struct Reading<'a> {
    known: Known,
    truth: &'a Mutex<Truth>,
    targets: Vec<(Target, String)>,
    popular_products: Zipf,
    popular_listings: Zipf,
    random: Random,
    /// What each connection has asked for.
    asked: Vec<Asked>,
    /// Whether a product's page was answered before, and a first page.
    answered: [Vec<bool>; 2],
    /// When each first page was last loaded, as far as answers tell.
    loaded: Vec<Option<Instant>>,
    counted_from: Instant,
    /// Of 100 requests so many are for a customer group's page. No price here depends on one.
    pub of_groups: usize,
    pub products: Counts,
    pub listings: Counts,
    pub checked: Checked,
}

#[derive(Clone, Copy)]
enum Asked {
    Product(usize),
    /// Which of the targets.
    Listing(usize),
}

impl<'a> Reading<'a> {
    /// Answers count from an instant on, and are checked always.
    pub fn new(
        known: Known,
        truth: &'a Mutex<Truth>,
        targets: &[Target],
        zipf: f64,
        connections: usize,
        counted_from: Instant,
    ) -> Reading<'a> {
        let mut random = Random::default();
        Reading {
            known,
            truth,
            targets: targets.iter().map(|target| (*target, target.path())).collect(),
            popular_products: Zipf::new(known.products, zipf, &mut random),
            popular_listings: Zipf::new(targets.len(), zipf, &mut random),
            random,
            asked: vec![Asked::Product(0); connections],
            answered: [vec![false; known.products], vec![false; targets.len()]],
            loaded: vec![None; targets.len()],
            counted_from,
            of_groups: 0,
            products: Counts::default(),
            listings: Counts::default(),
            checked: Checked::default(),
        }
    }

    fn count(&mut self, asked: Asked, answer: &Answer<'_>) {
        let kept = header(answer.head, "vitrine-cache").unwrap_or_default();
        let mut loaded = kept == "miss";
        if let Asked::Listing(n) = asked
            && loaded
        {
            // Asked for before the load before was over: it may have waited for that one.
            loaded = self.loaded[n].is_none_or(|last| answer.sent > last);
            self.loaded[n] = Some(answer.received);
        }
        let [products, listings] = &mut self.answered;
        let answered = match asked {
            Asked::Product(n) => &mut products[n],
            Asked::Listing(n) => &mut listings[n],
        };
        let first = !std::mem::replace(answered, true);
        if answer.sent < self.counted_from {
            return;
        }
        let counts = match asked {
            Asked::Product(_) => &mut self.products,
            Asked::Listing(_) => &mut self.listings,
        };
        match kept {
            "hit" => counts.hits += 1,
            "stale" => counts.stale += 1,
            _ => counts.misses += 1,
        }
        counts.first += usize::from(first && kept == "miss");
        counts.loaded += usize::from(loaded);
        counts.milliseconds.push(answer.latency.as_secs_f64() * 1e3);
    }

    fn check(&mut self, asked: Asked, answer: &Answer<'_>) -> anyhow::Result<Result<(), Wrong>> {
        let cards = match asked {
            Asked::Product(_) => vec![self.known.on_page(answer.body)?],
            Asked::Listing(_) => self.known.on_listing(answer.body)?,
        };
        let truth = self.truth.lock().unwrap_or_else(PoisonError::into_inner);
        self.checked.answers += 1;
        self.checked.cards += cards.len();
        let mut oldest: Option<(Duration, &Shown)> = None;
        for card in &cards {
            let stale = match truth.staleness(card, answer.sent) {
                Ok(stale) => stale,
                Err(wrong) => return Ok(Err(wrong)),
            };
            if oldest.is_none_or(|(most, _)| stale > most) {
                oldest = Some((stale, card));
            }
        }
        if let Some((stale, card)) = oldest {
            self.checked.stalest = self.checked.stalest.max(stale);
            if stale > truth.grace {
                return Ok(Err(Wrong { what: old(card), stale: Some(stale) }));
            }
        }
        if let Asked::Listing(n) = asked
            && let target = self.targets[n].0
            && let Some(sign) = target.by_price()
        {
            let whole = cards.len() == LIMIT;
            return Ok(truth.order(target.listing, sign, &cards, whole, answer.sent));
        }
        Ok(Ok(()))
    }
}

fn old(card: &Shown) -> String {
    format!("{} as it was: {card:?}", Known::id(card.product))
}

impl Reader for Reading<'_> {
    fn ask(&mut self, connection: usize, request: &mut Vec<u8>) {
        let asked = match self.random.below(100) < PRODUCT_PAGES {
            true => Asked::Product(self.popular_products.draw(&mut self.random)),
            false => Asked::Listing(self.popular_listings.draw(&mut self.random)),
        };
        self.asked[connection] = asked;
        let mut path = match asked {
            Asked::Product(n) => format!("/api/v1/products/{}", Known::id(n)),
            Asked::Listing(n) => self.targets[n].1.clone(),
        };
        if self.random.below(100) < self.of_groups {
            let mark = if path.contains('?') { '&' } else { '?' };
            path.push_str(&format!("{mark}group=g-{}", self.random.below(GROUPS)));
        }
        request.extend_from_slice(&http::request(&path, ""));
    }

    fn answered(&mut self, connection: usize, answer: &Answer<'_>) -> anyhow::Result<()> {
        let asked = self.asked[connection];
        let path = match asked {
            Asked::Product(n) => format!("product {}", Known::id(n)),
            Asked::Listing(n) => self.targets[n].1.clone(),
        };
        match answer.status {
            200 => {}
            503 => {
                let counts = match asked {
                    Asked::Product(_) => &mut self.products,
                    Asked::Listing(_) => &mut self.listings,
                };
                counts.turned_away += 1;
                return Ok(());
            }
            status => bail!("{path}: {status} {}", String::from_utf8_lossy(answer.body)),
        }
        self.count(asked, answer);
        if let Err(wrong) = self.check(asked, answer)? {
            self.checked.wrong += 1;
            if self.checked.examples.len() < EXAMPLES {
                let kept = header(answer.head, "vitrine-cache").unwrap_or_default();
                let age =
                    wrong.stale.map_or(String::new(), |stale| format!(", {stale:.1?} too old"));
                self.checked.examples.push(format!("{path}, {kept}{age}: {}", wrong.what));
            }
        }
        Ok(())
    }
}

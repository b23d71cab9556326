//! A transaction's change, collected as it is made.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use projections::discount::Scope;
use projections::instant::{Instant, Window};
use projections::placement::Entry;
use projections::text::Text;
use projections::view::{ListingKey, OwnName, View};

use super::{Audience, Change, MAX_PLACES, MAX_PRODUCTS, Places, ProductPlaces, Row, RowsChange};
use crate::store::{Numbers, ViewWrite};

/// Collects what a transaction changes, until that is too much to be told.
#[derive(Debug)]
pub struct Collector {
    now: Instant,
    everything: bool,
    /// Products, and whether their cards may differ.
    products: BTreeMap<String, bool>,
    scopes: Vec<Scope>,
    scope_names: usize,
    listings: BTreeSet<ListingKey>,
    /// What listings are called by members with newer events.
    names: Vec<(ListingKey, Text)>,
    keys: Table<ListingKey>,
    audiences: Table<Audience>,
    places: BTreeMap<String, ProductPlaces>,
    place_count: usize,
    covered: BTreeSet<(i64, i64)>,
    covers: BTreeSet<(i64, i64)>,
}

/// Names that are told once, and then by index.
#[derive(Debug)]
struct Table<T> {
    names: Vec<T>,
    indices: HashMap<T, u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { names: Vec::new(), indices: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Table<T> {
    fn index(&mut self, name: &T) -> u32 {
        if let Some(index) = self.indices.get(name) {
            return *index;
        }
        let index = self.names.len() as u32;
        self.names.push(name.clone());
        self.indices.insert(name.clone(), index);
        index
    }
}

impl Collector {
    /// Of what changes at this instant.
    pub fn new(now: Instant) -> Collector {
        Collector {
            now,
            everything: false,
            products: BTreeMap::new(),
            scopes: Vec::new(),
            scope_names: 0,
            listings: BTreeSet::new(),
            names: Vec::new(),
            keys: Table::default(),
            audiences: Table::default(),
            places: BTreeMap::new(),
            place_count: 0,
            covered: BTreeSet::new(),
            covers: BTreeSet::new(),
        }
    }

    /// Any page may differ.
    pub fn everything(&mut self) {
        *self = Collector { everything: true, ..Collector::new(self.now) };
    }

    /// A product's page or reviews may differ.
    pub fn product(&mut self, id: &str) {
        self.enter(id, false);
    }

    /// A product's page and card may differ.
    pub fn card(&mut self, id: &str) {
        self.enter(id, true);
    }

    fn enter(&mut self, id: &str, card: bool) {
        if self.everything {
            return;
        }
        match self.products.get_mut(id) {
            Some(known) => *known |= card,
            None => {
                self.products.insert(id.to_owned(), card);
            }
        }
        self.bound();
    }

    /// The pages of all products in this scope may differ.
    pub fn scope(&mut self, scope: Scope) {
        if self.everything || self.scopes.contains(&scope) {
            return;
        }
        let Scope { products, skus, categories, brands, .. } = &scope;
        self.scope_names += 1 + products.len() + skus.len() + categories.len() + brands.len();
        self.scopes.push(scope);
        self.bound();
    }

    /// A view is written; `numbers` are those that its rows were made with.
    pub fn views(&mut self, writes: &[ViewWrite<'_>], numbers: &Numbers) {
        let names = Names::of(numbers);
        for write in writes {
            if self.everything {
                return;
            }
            self.members(write);
            self.coverage(write);
            self.place(write, &names);
            self.enter(write.product_id, true);
        }
    }

    fn bound(&mut self) {
        let names = self.products.len() + self.scope_names;
        if names > MAX_PRODUCTS || self.place_count > MAX_PLACES {
            self.everything();
        }
    }

    /// Which listings get or lose a member, or another name.
    fn members(&mut self, write: &ViewWrite<'_>) {
        fn of(view: Option<&View>) -> BTreeMap<&ListingKey, Option<OwnName<'_>>> {
            let Some(view) = view else { return BTreeMap::new() };
            view.listings.iter().map(|key| (key, view.own_name(key))).collect()
        }
        let (old, mut new) = (of(write.old), of(write.new));
        for (key, was) in old {
            match (was, new.remove(key)) {
                (was, Some(is)) if was == is => {}
                // The name counts for more now, and is the same.
                (Some(was), Some(Some(is)))
                    if was.name == is.name
                        && was.time < is.time
                        && was.released_at.max(is.released_at) <= self.now =>
                {
                    if !self.names.iter().any(|(named, text)| named == key && text == is.name) {
                        self.names.push((key.clone(), is.name.clone()));
                    }
                }
                _ => {
                    self.listings.insert(key.clone());
                }
            }
        }
        self.listings.extend(new.into_keys().cloned());
    }

    fn coverage(&mut self, write: &ViewWrite<'_>) {
        let of = |view: Option<&View>| {
            let covers = view.filter(|v| v.active).map(|v| v.covers);
            let covers = covers.filter(|window| *window != Window::ALWAYS);
            covers.map(|window| (window.from.millis(), window.until.millis()))
        };
        let (old, new) = (of(write.old), of(write.new));
        if old != new {
            self.covered.extend(old);
            self.covers.extend(new);
        }
    }

    fn place(&mut self, write: &ViewWrite<'_>, names: &Names<'_>) {
        let views = [write.old, write.new];
        let all = views.into_iter().flatten().flat_map(|v| &v.listings).chain([&ListingKey::All]);
        let mut listings: Vec<u32> = all.map(|key| self.keys.index(key)).collect();
        let mut offers: Vec<u32> = write
            .diff
            .gone_offers
            .iter()
            .chain(&write.diff.new_offers)
            .filter_map(|offer| names.audience(offer.audience))
            .map(|audience| self.audiences.index(&audience))
            .collect();
        for indices in [&mut listings, &mut offers] {
            indices.sort_unstable();
            indices.dedup();
        }
        let rows = self.rows(write, names);
        let told = rows.iter().map(|r| r.listings.len() + r.gone.len() + r.come.len());
        self.place_count += listings.len() + told.sum::<usize>();
        self.places.insert(
            write.product_id.to_owned(),
            ProductPlaces { product: 0, listings, offers, rows },
        );
    }

    /// A product has the same rows in most of its listings: each kind of change is told once.
    fn rows(&mut self, write: &ViewWrite<'_>, names: &Names<'_>) -> Vec<RowsChange> {
        let mut by_listing: BTreeMap<u32, (Vec<Row>, Vec<Row>)> = BTreeMap::new();
        let both = [(&write.diff.gone_entries, true), (&write.diff.new_entries, false)];
        for (entries, gone) in both {
            for entry in entries {
                let Some((listing, row)) = self.row(entry, names) else { continue };
                let rows = by_listing.entry(listing).or_default();
                if gone { rows.0.push(row) } else { rows.1.push(row) }
            }
        }
        let mut kinds: HashMap<(Vec<Row>, Vec<Row>), Vec<u32>> = HashMap::new();
        for (listing, rows) in by_listing {
            kinds.entry(rows).or_default().push(listing);
        }
        let mut changes: Vec<RowsChange> = kinds
            .into_iter()
            .map(|((gone, come), listings)| RowsChange { listings, gone, come })
            .collect();
        changes.sort_unstable_by(|a, b| a.listings.cmp(&b.listings));
        changes
    }

    fn row(&mut self, entry: &Entry, names: &Names<'_>) -> Option<(u32, Row)> {
        let listing = self.keys.index(names.listings.get(&entry.listing)?);
        let audience = self.audiences.index(&names.audience(entry.audience)?);
        let Entry { sort, key, from, until, .. } = *entry;
        Some((listing, Row { audience, sort, key, from, until }))
    }

    /// All of it.
    pub fn finish(self) -> Change {
        if self.everything {
            return Change::everything();
        }
        let (mut products, mut cards) = (Vec::with_capacity(self.products.len()), Vec::new());
        let mut places = self.places;
        let mut placed = Vec::with_capacity(places.len());
        for (index, (id, card)) in (0u32..).zip(self.products) {
            if card {
                cards.push(index);
            }
            placed.extend(places.remove(&id).map(|p| ProductPlaces { product: index, ..p }));
            products.push(id);
        }
        Change {
            everything: false,
            products,
            cards,
            scopes: self.scopes,
            listings: self.listings.into_iter().collect(),
            names: self.names,
            places: Places {
                listings: self.keys.names,
                audiences: self.audiences.names,
                products: placed,
                covered: self.covered.into_iter().collect(),
                covers: self.covers.into_iter().collect(),
            },
        }
    }
}

/// Numbers back to what they stand for.
struct Names<'a> {
    listings: HashMap<i64, &'a ListingKey>,
    audiences: HashMap<i64, &'a (String, Option<String>)>,
}

impl<'a> Names<'a> {
    fn of(numbers: &'a Numbers) -> Names<'a> {
        Names {
            listings: numbers.listings.iter().map(|(key, n)| (*n, key)).collect(),
            audiences: numbers.audiences.iter().map(|(key, n)| (*n, key)).collect(),
        }
    }

    fn audience(&self, number: i64) -> Option<Audience> {
        let (market, group) = self.audiences.get(&number)?;
        Some(Audience { market: market.clone(), group: group.clone() })
    }
}

//! All pages of a store at one instant, and the comparison of two with what is told of in between.

use super::*;

fn reader<'a>(market: &'a Market, group: Option<&'a str>, at: Instant) -> Reader<'a> {
    Reader { market, group, locale: None, at, low_stock_threshold: LOW_STOCK }
}

/// A page of a listing, with all that it was asked for with.
pub struct Listed {
    key: ListingKey,
    market: String,
    group: Option<&'static str>,
    sort: Sort,
    filters: Filters,
    name: Option<Text>,
    places: Vec<Keyset>,
    more: bool,
    total: Total,
    next_change_at: Option<Instant>,
    body: Value,
}

impl Listed {
    fn first_page(&self, at: Instant) -> FirstPage<'_> {
        FirstPage {
            query: ListingQuery {
                listing: &self.key,
                market: &self.market,
                group: self.group,
                sort: self.sort,
                filters: &self.filters,
                at,
            },
            name: self.name.as_ref(),
            places: &self.places,
            more: self.more,
            total: self.total,
            next_change_at: self.next_change_at,
        }
    }
}

/// A product's pages, and what its scopes are found by.
#[derive(Default)]
struct Product {
    skus: Vec<String>,
    listings: Vec<ListingKey>,
    pages: Vec<Value>,
    cards: Vec<Value>,
}

/// Whether a page that depends on these is dropped by what is told.
pub fn drops(change: &Change, page: &[Tag<'_>]) -> bool {
    tags(change).iter().any(|tag| *tag == Tag::All || page.contains(tag))
}

impl Product {
    /// Whether its page, which is made from facts, is dropped.
    fn is_told_of(&self, id: &str, change: &Change) -> bool {
        let mut page = vec![Tag::AnyProduct, Tag::Product(id)];
        page.extend(self.skus.iter().map(|sku| Tag::Sku(sku)));
        page.extend(self.listings.iter().filter_map(|key| match key {
            ListingKey::All => None,
            ListingKey::Category(id) => Some(Tag::Category(id)),
            ListingKey::Brand(id) => Some(Tag::Brand(id)),
        }));
        drops(change, &page)
    }
}

/// All pages at one instant.
pub struct Pages {
    at: Instant,
    products: BTreeMap<String, Product>,
    pub listed: Vec<Listed>,
}

pub const READERS: [Option<&str>; 2] = [None, Some(GROUPS[0])];
const KEYS: [(&str, &[&str]); 2] =
    [("category", &["c1", "c/2", "양말+%", "c4"]), ("brand", &["b1", "b/2%", "브랜드"])];

pub fn keys() -> Vec<ListingKey> {
    let of = |(kind, ids): (&str, &'static [&str])| {
        let category = kind == "category";
        ids.iter().map(move |id| match category {
            true => ListingKey::Category((*id).to_owned()),
            false => ListingKey::Brand((*id).to_owned()),
        })
    };
    KEYS.into_iter().flat_map(of).chain([ListingKey::All]).collect()
}

/// Every order without filters, and some with.
pub fn asked() -> Vec<(Sort, Filters)> {
    let in_stock = Filters { in_stock: true, ..Filters::default() };
    let dear = Filters { min_price: Some(1_000), on_sale: true, ..Filters::default() };
    let branded = Filters { brands: vec!["b1".to_owned()], ..Filters::default() };
    let good = Filters { min_rating_hundredths: Some(300), ..Filters::default() };
    let filtered = [
        (Sort::Newest, in_stock),
        (Sort::PriceAsc, dear),
        (Sort::PriceDesc, branded),
        (Sort::Rating, good),
    ];
    Sort::ALL.into_iter().map(|sort| (sort, Filters::default())).chain(filtered).collect()
}

/// Places on a first page: few, so that there are more.
const LIMIT: u32 = 3;

impl Pages {
    pub async fn read(store: &dyn ReadStore, ids: &BTreeSet<String>, at: Instant) -> Pages {
        let mut snapshot = store.snapshot().await.unwrap();
        let mut pages = Pages { at, products: BTreeMap::new(), listed: Vec::new() };
        let of_all: Vec<String> = ids.iter().cloned().collect();
        for id in ids {
            let product = read_product(&mut *snapshot, id, at).await;
            pages.products.insert(id.clone(), product);
        }
        for market in markets() {
            for group in READERS {
                let reader = reader(&market, group, at);
                let cards = Cards::read(&mut *snapshot, &of_all, &market, at).await.unwrap();
                for (id, product) in &mut pages.products {
                    product.cards.push(to_value(cards.card(id, &reader)).unwrap());
                }
                for key in keys() {
                    for (sort, filters) in asked() {
                        let ask = (key.clone(), sort, filters);
                        pages.listed.push(listed(&mut *snapshot, ask, &market, group, at).await);
                    }
                }
            }
        }
        pages
    }

    /// Every page that differs afterwards is told of. Answers how many pages of listings differ, and how
    /// many more were told of.
    #[track_caller]
    pub fn compare(&self, after: &Pages, change: &Change) -> (usize, usize) {
        let at = self.at;
        for (id, before) in &self.products {
            let after = &after.products[id];
            let told = before.is_told_of(id, change);
            assert!(
                told || before.pages == after.pages,
                "the page of {id} differs\n{:#?}\n{:#?}\n{change:#?}",
                before.pages,
                after.pages
            );
            let told = drops(change, &[Tag::Card(id)]);
            assert!(told || before.cards == after.cards, "the card of {id} differs\n{change:#?}");
        }
        let (mut differ, mut besides) = (0, 0);
        for (before, after) in self.listed.iter().zip(&after.listed) {
            let told = change.touches(&before.first_page(at));
            let differs = before.body != after.body;
            assert!(
                told || !differs,
                "{:?} {} {:?} {} {:?} differs\n{:#}\n{:#}\n{change:#?}",
                before.key,
                before.market,
                before.group,
                before.sort,
                before.filters,
                before.body,
                after.body
            );
            differ += usize::from(differs);
            besides += usize::from(told && !differs);
        }
        (differ, besides)
    }
}

async fn read_product(snapshot: &mut dyn Snapshot, id: &str, at: Instant) -> Product {
    let ids = [id.to_owned()];
    let mut product = Product::default();
    let facts = snapshot.product_facts(&ids).await.unwrap().pop();
    let (latest, _) = snapshot.latest_reviews(id).await.unwrap();
    for market in markets() {
        for group in READERS {
            let Some(facts) = &facts else { continue };
            let page = page::product_page(facts, &latest, &reader(&market, group, at));
            product.pages.push(to_value(page).unwrap());
        }
    }
    for sort in ReviewSort::ALL {
        let reviews = snapshot.reviews(id, sort, None, 3).await.unwrap();
        product.pages.push(json!(format!("{:?} {:?}", reviews.items, reviews.total)));
    }
    if let Some(facts) = facts {
        let horizon = projections::horizon::Horizon::at(at);
        let view = View::compute(&facts, &markets(), &horizon);
        (product.skus, product.listings) = (view.skus, view.listings);
    }
    product
}

async fn listed(
    snapshot: &mut dyn Snapshot,
    (key, sort, filters): (ListingKey, Sort, Filters),
    market: &Market,
    group: Option<&'static str>,
    at: Instant,
) -> Listed {
    let id = market.id.as_str();
    let query = ListingQuery { listing: &key, market: id, group, sort, filters: &filters, at };
    assert!(snapshot.coverage().await.unwrap().holds(at));
    let (slice, total) =
        pages::counted_listing(snapshot, &query, market, None, LIMIT).await.unwrap();
    let name = snapshot.listing_name(&key, at).await.unwrap().name;
    let ids: Vec<String> = slice.places.iter().map(|place| place.product_id.clone()).collect();
    let cards = Cards::read(snapshot, &ids, market, at).await.unwrap();
    let reader = reader(market, group, at);
    let body = json!({
        "name": format!("{name:?}"), "total": total.total, "capped": total.capped,
        "items": cards.of_places(&slice.places, &reader), "more": slice.more,
        "last": format!("{:?}", slice.places.last()), "next": slice.next_change_at,
    });
    Listed {
        market: market.id.clone(),
        group,
        sort,
        name,
        places: slice.places,
        more: slice.more,
        total,
        next_change_at: slice.next_change_at,
        body,
        key,
        filters,
    }
}

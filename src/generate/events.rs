//! The events about products, prices and stock, written out. Reviews and discounts have files of
//! their own.

use projections::instant::{Instant, Window};

use super::catalogue::{Catalogue, Category, Langs, MARKETS, PriceSlot, Product, Reason};
use super::phrases::SENTENCES;
use super::prng::{Domain, Rng};
use super::words::{
    BRAND_ENDS, BRAND_STARTS, COLLECTIONS, COLORS, EDITIONS, GROUPS, Lang, MATERIALS, SERIES,
    SIZES, TAGS, Word,
};
use super::write::{Json, Piece, Piece::N, Piece::S};

/// When an event happens, and the version it gives its entity.
#[derive(Clone, Copy)]
pub struct Moment {
    pub version: u64,
    pub time: Instant,
}

/// One CloudEvent on a line of its own; `data` writes the members after `version`.
pub fn event(
    out: &mut Vec<u8>,
    catalogue: &Catalogue,
    moment: Moment,
    kind: &str,
    data: impl FnOnce(&mut Json<'_>),
) {
    let mut json = Json::new(out);
    json.open();
    json.key("specversion").str("1.0");
    json.key("id").pieces(&[S("g"), N(catalogue.seed), S("-"), N(moment.version)]);
    json.key("source").str("/vitrine/generate");
    json.key("type").str(kind);
    json.key("time").instant(moment.time);
    json.key("datacontenttype").str("application/json");
    json.key("data").open();
    json.key("version").int(moment.version);
    data(&mut json);
    json.close();
    json.close();
    out.push(b'\n');
}

/// A text in the given languages.
pub fn text(json: &mut Json<'_>, langs: Langs, write: impl Fn(&mut Json<'_>, Lang)) {
    let one = |json: &mut Json<'_>, lang| {
        json.begin();
        write(json, lang);
        json.end();
    };
    match langs {
        Langs::Plain => one(json, Lang::En),
        Langs::Some(langs) => {
            json.open();
            for lang in langs {
                json.key(lang.tag());
                one(json, *lang);
            }
            json.close();
        }
    }
}

/// A product's SKU for its variant, from 0.
pub fn sku(json: &mut Json<'_>, product: &Product, variant: u64) {
    if product.plain {
        json.pieces(&[S("p-"), N(product.n)]);
    } else {
        json.pieces(&[S("p-"), N(product.n), S("-"), N(variant + 1)]);
    }
}

/// The member `product_id`.
pub fn product_id(json: &mut Json<'_>, n: u64) {
    json.key("product_id").pieces(&[S("p-"), N(n)]);
}

/// The two pieces of a brand's id.
pub fn brand_id(brand: u64) -> [Piece<'static>; 2] {
    let (start, end) = brand_words(brand);
    [S(start.1), S(end)]
}

fn brand_words(brand: u64) -> (&'static (&'static str, &'static str), &'static str) {
    let start = brand % 40;
    let end = (brand / 40 + start) % 50;
    (
        BRAND_STARTS.get(start as usize).unwrap_or(&BRAND_STARTS[0]),
        BRAND_ENDS.get(end as usize).copied().unwrap_or("berg"),
    )
}

/// What a product's name is made of.
struct Name {
    brand: Option<u64>,
    series: &'static str,
    edition: &'static str,
    noun: Option<&'static Word>,
    langs: Langs,
}

impl Name {
    fn of(catalogue: &Catalogue, product: &Product, category: Category) -> Name {
        let mut rng = catalogue.rng(Domain::Name, product.n);
        let edition = if rng.per_mille(400) { rng.pick(&EDITIONS) } else { None };
        Name {
            brand: product.brand,
            series: rng.pick(&SERIES).copied().unwrap_or_default(),
            edition: edition.copied().unwrap_or_default(),
            noun: category.family.map(|family| &family.noun),
            langs: Langs::draw(&mut rng),
        }
    }

    fn write(&self, json: &mut Json<'_>, lang: Lang) {
        if let Some(brand) = self.brand {
            let (start, end) = brand_words(brand);
            json.piece(S(start.0));
            json.piece(S(end));
            json.piece(S(" "));
        }
        json.piece(S(self.series));
        json.piece(S(" "));
        json.piece(S(self.noun.map_or("Item", |noun| noun.get(lang))));
        json.piece(S(self.edition));
    }
}

/// A product; `revision` is 0 in the first catalogue and the version in an update: it draws the
/// tags, the description and the images anew, and leaves the rest as it is.
pub fn product(
    out: &mut Vec<u8>,
    catalogue: &Catalogue,
    moment: Moment,
    product: &Product,
    revision: u64,
) {
    let category = catalogue.tree.category(product.leaf);
    let name = Name::of(catalogue, product, category);
    let mut looks = catalogue.rng(Domain::Looks, product.n);
    let mut copy = catalogue.rng(Domain::Copy, product.n.wrapping_mul(1 << 20) ^ revision);
    event(out, catalogue, moment, "product.upserted.v1", |json| {
        product_id(json, product.n);
        text(json.key("name"), name.langs, |json, lang| name.write(json, lang));
        slug(json, product, &name, category);
        description(json, &mut copy, name.langs);
        let toggled = revision != 0 && copy.per_mille(15);
        if product.hidden != toggled {
            json.key("status").str("hidden");
        } else if copy.per_mille(500) {
            json.key("status").str("active");
        }
        if let Some(id) = product.brand {
            brand(json, id);
        }
        categories(json, catalogue, &mut looks, category, name.langs);
        attributes(json, &mut looks);
        tags(json, &mut copy);
        images(json, &mut copy, product, &name);
        json.key("released_at").instant(product.released);
        variants(json, catalogue, &mut looks, product);
    });
}

fn slug(json: &mut Json<'_>, product: &Product, name: &Name, category: Category) {
    let noun = category.family.map_or("item", |family| family.id);
    json.key("slug");
    match name.brand {
        Some(id) => {
            let [start, end] = brand_id(id);
            json.pieces(&[start, end, S("-"), S(noun), S("-"), N(product.n)]);
        }
        None => json.pieces(&[S(noun), S("-"), N(product.n)]),
    }
}

fn description(json: &mut Json<'_>, rng: &mut Rng, langs: Langs) {
    let (count, first) = (rng.between(1, 4), rng.below(SENTENCES.len() as u64));
    // 7 has no factor in common with the length of the table: no sentence comes twice.
    let sentence = |i: u64| SENTENCES.get(((first + i * 7) % SENTENCES.len() as u64) as usize);
    text(json.key("description"), langs, |json, lang| {
        for i in 0..count {
            if i > 0 {
                json.piece(S(" "));
            }
            json.piece(S(sentence(i).map_or("", |words| words.get(lang))));
        }
    });
}

fn brand(json: &mut Json<'_>, id: u64) {
    let (start, end) = brand_words(id);
    json.key("brand").open();
    json.key("id").pieces(&brand_id(id));
    let langs =
        if id.is_multiple_of(16) { Langs::Some(&[Lang::En, Lang::De]) } else { Langs::Plain };
    text(json.key("name"), langs, |json, lang| {
        json.piece(S(start.0));
        json.piece(S(end));
        if lang == Lang::De {
            json.piece(S(" GmbH"));
        }
    });
    json.close();
}

/// The pieces of the id of a leaf (`depth` 3), its family (2) or its department (1).
pub fn category_id(category: Category, depth: usize) -> ([Piece<'static>; 5], usize) {
    let department = category.department.map_or("other", |it| it.id);
    let family = category.family.map_or("other", |it| it.id);
    let leaf = category.qualifier.map_or("other", |it| it.id);
    let pieces = [S(department), S("-"), S(family), S("-"), S(leaf)];
    (pieces, (depth * 2 - 1).min(pieces.len()))
}

fn categories(
    json: &mut Json<'_>,
    catalogue: &Catalogue,
    rng: &mut Rng,
    category: Category,
    langs: Langs,
) {
    json.key("categories").open_list();
    one_category(json, category, 3, langs);
    // Some shops list the ancestors too: it is how these get their names.
    if rng.per_mille(120) {
        one_category(json, category, 2, langs);
        one_category(json, category, 1, langs);
    }
    if rng.per_mille(150) {
        let other = catalogue.tree.category(catalogue.leaf(rng));
        let ids =
            |category: Category| category.qualifier.zip(category.family).map(|(q, f)| (q.id, f.id));
        if ids(other) != ids(category) {
            one_category(json, other, 3, langs);
        }
    }
    if rng.per_mille(60)
        && let Some(collection) = rng.pick(&COLLECTIONS)
    {
        json.open();
        json.key("id").str(collection.id);
        text(json.key("name"), langs, |json, lang| json.piece(S(collection.name.get(lang))));
        json.key("path").open_list();
        json.str(collection.id);
        json.close_list();
        json.close();
    }
    json.close_list();
}

fn one_category(json: &mut Json<'_>, category: Category, depth: usize, langs: Langs) {
    let id = |json: &mut Json<'_>, depth| {
        let (pieces, used) = category_id(category, depth);
        json.pieces(pieces.get(..used).unwrap_or_default());
    };
    json.open();
    id(json.key("id"), depth);
    text(json.key("name"), langs, |json, lang| {
        if depth == 1 {
            json.piece(S(category.department.map_or("Other", |it| it.name.get(lang))));
            return;
        }
        json.piece(S(category.family.map_or("Other", |it| it.name.get(lang))));
        if depth == 3 {
            json.piece(S(" · "));
            json.piece(S(category.qualifier.map_or("Other", |it| it.name.get(lang))));
        }
    });
    json.key("path").open_list();
    for depth in 1..=depth {
        id(json, depth);
    }
    json.close_list();
    json.close();
}

fn attributes(json: &mut Json<'_>, rng: &mut Rng) {
    json.key("attributes").open();
    if let Some(material) = rng.pick(&MATERIALS) {
        json.key("material").str(material);
    }
    if rng.per_mille(700) {
        json.key("weight_kg").decimal(5 + rng.steep(4_000));
    }
    if rng.per_mille(400) {
        json.key("warranty_years").int(rng.between(1, 10));
    }
    if rng.per_mille(500) {
        json.key("recyclable").bool(rng.per_mille(600));
    }
    json.close();
}

fn tags(json: &mut Json<'_>, rng: &mut Rng) {
    let (count, first) = (rng.below(4), rng.below(TAGS.len() as u64));
    json.key("tags").open_list();
    for i in 0..count {
        json.str(TAGS.get(((first + i * 5) % TAGS.len() as u64) as usize).unwrap_or(&"new"));
    }
    json.close_list();
}

fn images(json: &mut Json<'_>, rng: &mut Rng, product: &Product, name: &Name) {
    json.key("images").open_list();
    for image in 1..=rng.between(1, 3) {
        json.open();
        let url = [S("https://img.example/p-"), N(product.n), S("/"), N(image), S(".webp")];
        json.key("url").pieces(&url);
        if image == 1 {
            text(json.key("alt"), name.langs, |json, lang| name.write(json, lang));
        }
        json.close();
    }
    json.close_list();
}

fn variants(json: &mut Json<'_>, catalogue: &Catalogue, rng: &mut Rng, product: &Product) {
    if product.plain {
        return;
    }
    let sized = catalogue.tree.category(product.leaf).department.is_some_and(|it| it.sized);
    let first_color = rng.below(COLORS.len() as u64);
    let first_size = rng.below(3);
    json.key("variants").open_list();
    for variant in 0..product.variants {
        json.open();
        sku(json.key("sku"), product, variant);
        json.key("options").open();
        // Sized ones run through four sizes, then take the next colour.
        let step = if sized { variant / 4 } else { variant };
        let color = (first_color + step) as usize % COLORS.len();
        json.key("color").str(COLORS.get(color).unwrap_or(&"Black"));
        if sized {
            let size = (first_size + variant % 4) as usize % SIZES.len();
            json.key("size").str(SIZES.get(size).unwrap_or(&"M"));
        } else if step >= COLORS.len() as u64 {
            json.key("edition").str("second");
        }
        json.close();
        json.close();
    }
    json.close_list();
}

/// A product's end.
pub fn product_deleted(out: &mut Vec<u8>, catalogue: &Catalogue, moment: Moment, n: u64) {
    event(out, catalogue, moment, "product.deleted.v1", |json| product_id(json, n));
}

fn price_id(json: &mut Json<'_>, product: &Product, slot: &PriceSlot) {
    let suffix = MARKETS.get(slot.market).map_or("", |market| market.2);
    json.key("price_id").begin();
    json.piece(S("pr-"));
    json.piece(N(product.n));
    match slot.reason {
        Reason::Usual => {}
        Reason::Variant(variant) => {
            json.piece(S("-"));
            json.piece(N(variant + 1));
        }
        Reason::Sale => json.piece(S("-sale")),
        Reason::Group(group) => {
            json.piece(S("-"));
            json.piece(S(GROUPS.get(group).unwrap_or(&"vip")));
        }
    }
    json.piece(S(suffix));
    json.end();
}

/// A price of `per_mille` of what is usual for its slot, in force in `window`.
pub fn price(
    out: &mut Vec<u8>,
    catalogue: &Catalogue,
    moment: Moment,
    product: &Product,
    slot: &PriceSlot,
    terms: (u64, Window),
) {
    let (per_mille, window) = terms;
    event(out, catalogue, moment, "price.set.v1", |json| {
        price_id(json, product, slot);
        product_id(json, product.n);
        let (market, currency, _) = MARKETS.get(slot.market).unwrap_or(&MARKETS[0]);
        json.key("market").str(market);
        json.key("currency").str(currency);
        json.key("amount").int(product.amount(slot, per_mille));
        match slot.reason {
            Reason::Variant(variant) => sku(json.key("sku"), product, variant),
            Reason::Group(group) => json.key("group").str(GROUPS.get(group).unwrap_or(&"vip")),
            Reason::Usual | Reason::Sale => {}
        }
        bound(json.key("valid_from"), window.from);
        bound(json.key("valid_until"), window.until);
    });
}

/// An end of a window; `null` where it is open.
pub fn bound(json: &mut Json<'_>, at: Instant) {
    if at.is_finite() {
        json.instant(at);
    } else {
        json.null();
    }
}

/// A price's end.
pub fn price_removed(
    out: &mut Vec<u8>,
    catalogue: &Catalogue,
    moment: Moment,
    product: &Product,
    slot: &PriceSlot,
) {
    event(out, catalogue, moment, "price.removed.v1", |json| {
        price_id(json, product, slot);
        product_id(json, product.n);
    });
}

/// What is available of a variant at the `place`th place.
pub fn stock(
    out: &mut Vec<u8>,
    catalogue: &Catalogue,
    moment: Moment,
    product: &Product,
    (variant, place): (u64, u64),
    available: u64,
) {
    event(out, catalogue, moment, "stock.set.v1", |json| {
        sku(json.key("sku"), product, variant);
        product_id(json, product.n);
        json.key("available").int(available);
        let place = product.place(place);
        if place != "default" {
            json.key("location").str(place);
        }
    });
}

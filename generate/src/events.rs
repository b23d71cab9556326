//! The events about products, prices and stock, written out. Reviews and discounts have files of
//! their own.

use projections::instant::{Instant, Window};

use super::catalogue::Catalogue;
use super::details::{self, tint};
use super::kinds::{Kind, Style};
use super::phrases::SENTENCES;
use super::prng::{Domain, Rng};
use super::product::{MARKETS, PriceSlot, Product, Reason};
use super::tree::{DEPTH, Leaf};
use super::words::{
    BRAND_ENDS, BRAND_STARTS, EDITIONS, Lang, PRICE_GROUPS, SERIES, TAGS, TITLE_NOUNS, TITLES, Word,
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

/// A text in every language of the catalogue.
pub fn text(json: &mut Json<'_>, write: impl Fn(&mut Json<'_>, Lang)) {
    json.open();
    for lang in Lang::ALL {
        json.key(lang.tag()).begin();
        write(json, lang);
        json.end();
    }
    json.close();
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
    title: Option<(&'static Word, &'static Word)>,
    noun: &'static Word,
}

impl Name {
    fn of(catalogue: &Catalogue, product: &Product, kind: &'static Kind) -> Name {
        let mut rng = catalogue.rng(Domain::Name, product.n);
        let model = kind.style == Style::Model && rng.per_mille(400);
        let edition = if model { rng.pick(&EDITIONS) } else { None };
        let title = rng.pick(&TITLES).zip(rng.pick(&TITLE_NOUNS));
        Name {
            brand: product.brand,
            series: rng.pick(&SERIES).copied().unwrap_or_default(),
            edition: edition.copied().unwrap_or_default(),
            title: title.filter(|_| kind.style == Style::Title),
            noun: &kind.noun,
        }
    }

    fn write(&self, json: &mut Json<'_>, lang: Lang) {
        if let Some((first, second)) = self.title {
            for piece in [first.get(lang), " ", second.get(lang), " (", self.noun.get(lang), ")"] {
                json.piece(S(piece));
            }
            return;
        }
        if let Some(brand) = self.brand {
            let (start, end) = brand_words(brand);
            json.piece(S(start.0));
            json.piece(S(end));
            json.piece(S(" "));
        }
        for piece in [self.series, " ", self.noun.get(lang), self.edition] {
            json.piece(S(piece));
        }
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
    let leaf = catalogue.leaf(product);
    let name = Name::of(catalogue, product, leaf.kind);
    let mut copy = catalogue.rng(Domain::Copy, product.n.wrapping_mul(1 << 20) ^ revision);
    event(out, catalogue, moment, "product.upserted.v1", |json| {
        product_id(json, product.n);
        text(json.key("name"), |json, lang| name.write(json, lang));
        slug(json, product, leaf.kind);
        description(json, &mut copy, leaf);
        let toggled = revision != 0 && copy.per_mille(15) && !product.staple;
        if product.hidden != toggled {
            json.key("status").str("hidden");
        } else if copy.per_mille(500) {
            json.key("status").str("active");
        }
        if let Some(id) = product.brand {
            brand(json, id);
        }
        categories(json, catalogue, product);
        details::attributes(json, catalogue, product);
        tags(json, &mut copy);
        images(json, &mut copy, product, (&name, leaf.kind, tint(catalogue, product)));
        json.key("released_at").instant(product.released);
        details::variants(json, catalogue, product);
    });
}

fn slug(json: &mut Json<'_>, product: &Product, kind: &Kind) {
    json.key("slug");
    match product.brand {
        Some(id) => {
            let [start, end] = brand_id(id);
            json.pieces(&[start, end, S("-"), S(kind.id), S("-"), N(product.n)]);
        }
        None => json.pieces(&[S(kind.id), S("-"), N(product.n)]),
    }
}

/// One or two sentences about what is sold there, and up to two that fit anything; none twice.
fn description(json: &mut Json<'_>, rng: &mut Rng, leaf: &Leaf) {
    let own = leaf.department.copy;
    let count = own.len() as u64;
    let first = rng.below(count);
    let second = rng.per_mille(500).then(|| (first + 1 + rng.below(count - 1)) % count);
    let own = [Some(first), second].map(|at| at.and_then(|at| own.get(at as usize)));
    let mut general = SENTENCES.each_ref();
    let many = rng.below(3) as usize;
    for at in 0..many {
        let other = at + rng.below((SENTENCES.len() - at) as u64) as usize;
        general.swap(at, other);
    }
    text(json.key("description"), |json, lang| {
        let sentences = own.into_iter().flatten().chain(general.into_iter().take(many));
        for (at, words) in sentences.enumerate() {
            json.piece(S(if at > 0 { " " } else { "" }));
            json.piece(S(words.get(lang)));
        }
    });
}

/// A brand's name is the same in every language.
fn brand(json: &mut Json<'_>, id: u64) {
    let (start, end) = brand_words(id);
    json.key("brand").open();
    json.key("id").pieces(&brand_id(id));
    json.key("name").pieces(&[S(start.0), S(end)]);
    json.close();
}

fn categories(json: &mut Json<'_>, catalogue: &Catalogue, product: &Product) {
    let leaf = catalogue.leaf(product);
    let mut rng = catalogue.rng(Domain::Categories, product.n);
    json.key("categories").open_list();
    one_category(json, leaf, DEPTH);
    // Some shops list the ancestors too: it is how these get their names.
    if rng.per_mille(60) || product.staple {
        for depth in (1..DEPTH).rev() {
            one_category(json, leaf, depth);
        }
    }
    // What is worn by several audiences.
    if let Some(sibling) = leaf.sibling
        && rng.per_mille(120)
    {
        one_category(json, catalogue.tree.leaf(sibling), DEPTH);
    }
    json.close_list();
}

/// The category of a leaf's path that is `depth` steps from above.
fn one_category(json: &mut Json<'_>, leaf: &Leaf, depth: usize) {
    let path = leaf.ids.get(..depth).unwrap_or_default();
    json.open();
    json.key("id").str(path.last().map_or("", |id| id));
    text(json.key("name"), |json, lang| {
        let audience = leaf.section.audience.as_ref().filter(|_| depth > 2);
        json.piece(S(audience.map_or("", |audience| audience.prefix.get(lang))));
        let name = match depth {
            1 => &leaf.department.name,
            2 => &leaf.section.name,
            3 => &leaf.group.name,
            _ => &leaf.kind.plural,
        };
        json.piece(S(name.get(lang)));
    });
    json.key("path").open_list();
    path.iter().for_each(|id| json.str(id));
    json.close_list();
    json.close();
}

fn tags(json: &mut Json<'_>, rng: &mut Rng) {
    let (count, first) = (rng.below(4), rng.below(TAGS.len() as u64));
    json.key("tags").open_list();
    for i in 0..count {
        json.str(TAGS.get(((first + i * 3) % TAGS.len() as u64) as usize).unwrap_or(&"new"));
    }
    json.close_list();
}

/// A picture's address says what is on it, and in which colour.
fn images(
    json: &mut Json<'_>,
    rng: &mut Rng,
    product: &Product,
    (name, kind, color): (&Name, &Kind, &str),
) {
    json.key("images").open_list();
    for image in 1..=rng.between(1, 3) {
        json.open();
        json.key("url").begin();
        for piece in [S("https://img.example/"), S(kind.picture), S("/")] {
            json.piece(piece);
        }
        for (at, word) in color.split(' ').enumerate() {
            json.piece(S(if at > 0 { "-" } else { "" }));
            json.piece(S(word));
        }
        for piece in [S("/p-"), N(product.n), S("-"), N(image), S(".webp")] {
            json.piece(piece);
        }
        json.end();
        text(json.key("alt"), |json, lang| {
            name.write(json, lang);
            if image > 1 {
                [S(" ("), N(image), S(")")].into_iter().for_each(|piece| json.piece(piece));
            }
        });
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
    let group = |group: usize| S(PRICE_GROUPS.get(group).unwrap_or(&PRICE_GROUPS[0]));
    json.key("price_id").begin();
    json.piece(S("pr-"));
    json.piece(N(product.n));
    let reason: &[Piece<'_>] = match slot.reason {
        Reason::Usual => &[],
        Reason::Variant(variant) => &[S("-"), N(variant + 1)],
        Reason::Sale(0) => &[S("-sale")],
        Reason::Sale(sale) => &[S("-sale-"), N(sale + 1)],
        Reason::Group(of) => &[S("-"), group(of)],
        Reason::Season(variant, season) => &[S("-"), N(variant + 1), S("-season-"), N(season + 1)],
        Reason::VariantGroup(variant, of) => &[S("-"), N(variant + 1), S("-"), group(of)],
    };
    reason.iter().for_each(|piece| json.piece(*piece));
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
        let (variant, group) = match slot.reason {
            Reason::Usual | Reason::Sale(_) => (None, None),
            Reason::Variant(variant) | Reason::Season(variant, _) => (Some(variant), None),
            Reason::Group(group) => (None, Some(group)),
            Reason::VariantGroup(variant, group) => (Some(variant), Some(group)),
        };
        if let Some(variant) = variant {
            sku(json.key("sku"), product, variant);
        }
        if let Some(group) = group {
            json.key("group").str(PRICE_GROUPS.get(group).unwrap_or(&PRICE_GROUPS[0]));
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

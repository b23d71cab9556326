//! The rows that `tables` fills its tables with: what a listing shows of each product now.

use std::collections::HashMap;
use std::hash::Hash;

use anyhow::Context;
use projections::index::Index;
use projections::index::part::IndexPart;
use projections::index::prices::{Amounts, cheapest};
use projections::index::query::AudienceView;
use projections::market::Market;
use projections::page::Reader;
use projections::product::{Brand, Variant};
use sqlx::PgConnection;
use vitrine::config::Config;

use super::postgres::{Field, Rows};

/// Numbers in the order of their coming.
struct Numbers<K>(HashMap<K, i32>);

impl<K: Hash + Eq + Clone> Numbers<K> {
    fn of(&mut self, key: &K) -> i32 {
        let next = self.0.len() as i32;
        if let Some(known) = self.0.get(key) {
            return *known;
        }
        self.0.insert(key.clone(), next);
        next
    }
}

/// A category, as far as products tell.
#[derive(Default)]
struct Category {
    name: Option<String>,
    parent: Option<i32>,
}

/// A variant that has a price.
struct Priced<'a> {
    position: usize,
    variant: &'a Variant,
    amounts: Amounts,
    units: i64,
    values: Vec<i32>,
}

/// Makes rows of products.
pub struct Filling<'a> {
    index: &'a Index,
    view: AudienceView<'a>,
    reader: Reader<'a>,
    brands: Numbers<String>,
    categories: Numbers<String>,
    attributes: Numbers<String>,
    /// By the number of the attribute.
    values: Numbers<(i32, String)>,
    of_categories: HashMap<i32, Category>,
    /// How many were listed so far.
    pub products: i32,
    named: [Rows; 4],
    plain: [Rows; 5],
    prepared: [[Rows; 2]; 2],
}

impl<'a> Filling<'a> {
    pub fn new(index: &'a Index, market: &'a Market, config: &Config) -> Filling<'a> {
        let at = index.evaluated_at();
        let low_stock_threshold = i64::try_from(config.low_stock_threshold).unwrap_or(i64::MAX);
        Filling {
            index,
            view: AudienceView::new(index, 0, None, at),
            reader: Reader { market, group: None, locale: None, at, low_stock_threshold },
            brands: Numbers(HashMap::new()),
            categories: Numbers(HashMap::new()),
            attributes: Numbers(HashMap::new()),
            values: Numbers(HashMap::new()),
            of_categories: HashMap::new(),
            products: 0,
            named: ["brand", "category", "attribute", "value"].map(Rows::new),
            plain: ["product", "product_category", "variant", "product_value", "variant_value"]
                .map(Rows::new),
            prepared: [
                ["listed", "listed_category"],
                ["listed_in_stock", "listed_category_in_stock"],
            ]
            .map(|tables| tables.map(Rows::new)),
        }
    }

    /// Makes the rows of a product, if it is listed.
    pub fn take(&mut self, part: &IndexPart) -> anyhow::Result<()> {
        if !part.active || part.released_at > self.view.at {
            return Ok(());
        }
        let number = self.index.number_of(&part.product_id).context("a product is not there")?;
        let priced = self.priced(part, number);
        if priced.is_empty() {
            return Ok(());
        }
        // Products come in the order of their ids: what a number orders by is the id.
        let product = self.products;
        self.products += 1;
        let brand = part.brand.as_ref().map(|brand| self.brand(brand));
        let categories = self.categories_of(part);
        self.plain_rows(part, number, (product, brand), &categories, &priced)?;
        let mut all = priced;
        for scope in 0..2 {
            if scope == 1 {
                all.retain(|priced| priced.units > 0);
            }
            if !all.is_empty() {
                self.prepared_rows(scope, part, number, (product, brand), &categories, &all)?;
            }
        }
        Ok(())
    }

    fn brand(&mut self, brand: &Brand) -> i32 {
        let known = self.brands.0.len();
        let number = self.brands.of(&brand.id);
        if number as usize == known {
            let name = brand.name.localized(None, &self.reader.market.locale);
            let number = Field::Number(number.into());
            self.named[0].push(&[number, Field::Text(&brand.id), Field::Text(name)]);
        }
        number
    }

    fn value(&mut self, name: &String, value: &str) -> i32 {
        let attribute = self.attributes.of(name);
        self.values.of(&(attribute, value.to_owned()))
    }

    /// Each category anywhere in a path, once.
    fn categories_of(&mut self, part: &IndexPart) -> Vec<i32> {
        let mut all = Vec::new();
        for category in &part.categories {
            let mut parent = None;
            for id in &category.path {
                let number = self.categories.of(id);
                self.of_categories.entry(number).or_default().parent = parent;
                parent = Some(number);
                all.push(number);
            }
            if let Some(of) = parent.and_then(|number| self.of_categories.get_mut(&number)) {
                let name = category.name.localized(None, &self.reader.market.locale);
                of.name = Some(name.to_owned());
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    fn priced<'p>(&mut self, part: &'p IndexPart, number: u32) -> Vec<Priced<'p>> {
        let mut scratch = Vec::new();
        let amounts = self.view.amounts(number, &mut scratch).0.to_vec();
        let with_amounts = part.variants.iter().zip(amounts).enumerate();
        let mut priced = Vec::new();
        for (position, (variant, amounts)) in with_amounts.filter(|(_, of)| of.1.is_some()) {
            let levels = part.stock.iter().filter(|level| level.sku == variant.sku);
            let units = levels.map(|level| level.available).sum();
            let mut values = Vec::new();
            for (name, value) in &variant.options {
                values.push(self.value(name, value));
            }
            for (name, value) in &part.attributes {
                if !variant.options.contains_key(name) {
                    values.push(self.value(name, value));
                }
            }
            priced.push(Priced { position, variant, amounts, units, values });
        }
        priced
    }

    /// The card that a listing shows, by the variant that is its cheapest.
    fn card(&self, number: u32, variant: Option<usize>) -> anyhow::Result<String> {
        let facts = self.index.card_facts(&self.view, number, variant).context("no card")?;
        Ok(serde_json::to_string(&facts.body(&self.reader))?)
    }

    fn plain_rows(
        &mut self,
        part: &IndexPart,
        number: u32,
        (product, brand): (i32, Option<i32>),
        categories: &[i32],
        priced: &[Priced<'_>],
    ) -> anyhow::Result<()> {
        let card = self.card(number, None)?;
        let [products, in_categories, variants, shared, own] = &mut self.plain;
        let key = || Field::Number(product.into());
        let [time, rating, reviews] = time_and_reviews(part).map(Field::Number);
        let (id, card) = (Field::Text(&part.product_id), Field::Text(&card));
        products.push(&[key(), id, card, Field::maybe(brand), time, rating, reviews]);
        for category in categories {
            in_categories.push(&[Field::Number((*category).into()), key()]);
        }
        for of in priced {
            let position = || Field::Number(of.position as i64);
            let Amounts { final_amount, regular, .. } = of.amounts;
            let [final_amount, regular, units] =
                [final_amount, regular, of.units].map(Field::Number);
            let sku = Field::Text(&of.variant.sku);
            variants.push(&[key(), position(), sku, final_amount, regular, units]);
            for value in of.values.iter().filter(|value| !is_shared(priced, **value)) {
                own.push(&[key(), position(), Field::Number((*value).into())]);
            }
        }
        let all = priced.first().map_or(&[][..], |first| &first.values);
        for value in all.iter().filter(|value| is_shared(priced, **value)) {
            shared.push(&[key(), Field::Number((*value).into())]);
        }
        Ok(())
    }

    fn prepared_rows(
        &mut self,
        scope: usize,
        part: &IndexPart,
        number: u32,
        (product, brand): (i32, Option<i32>),
        categories: &[i32],
        priced: &[Priced<'_>],
    ) -> anyhow::Result<()> {
        let amounts: Vec<Amounts> = priced.iter().map(|of| of.amounts).collect();
        let best = cheapest(&amounts).and_then(|at| priced.get(at)).context("no price")?;
        let card = self.card(number, Some(best.position))?;
        let mut values: Vec<i32> = priced.iter().flat_map(|of| of.values.iter().copied()).collect();
        values.sort_unstable();
        values.dedup();
        let flag = |is: fn(&Priced<'_>) -> bool| Field::Flag(priced.iter().any(is));
        let in_stock = || flag(|of| of.units > 0);
        let on_sale = || flag(|of| of.amounts.is_on_sale());
        let [time, rating, reviews] = time_and_reviews(part);
        let highest = amounts.iter().map(|of| of.final_amount).max().unwrap_or_default();
        let numbers = [best.amounts.final_amount, best.amounts.regular, highest, product.into()];
        let [final_amount, regular, highest, key] = numbers;
        let [listed, in_categories] = &mut self.prepared[scope];
        listed.push(&[
            Field::Number(key),
            Field::Numbers(categories),
            Field::Numbers(&values),
            Field::Number(final_amount),
            Field::Number(regular),
            in_stock(),
            on_sale(),
            Field::Number(rating),
            Field::Number(reviews),
            Field::Number(time),
            Field::maybe(brand),
            Field::Text(&card),
        ]);
        for category in categories {
            in_categories.push(&[
                Field::Number((*category).into()),
                Field::Number(final_amount),
                Field::Number(key),
                Field::maybe(brand),
                Field::Number(highest),
                in_stock(),
                on_sale(),
                Field::Number(rating),
                Field::Numbers(&values),
            ]);
        }
        Ok(())
    }

    /// The rows of what was numbered.
    pub fn names(&mut self) {
        let [_, categories, attributes, values] = &mut self.named;
        for (id, number) in &self.categories.0 {
            let of = self.of_categories.get(number);
            let name = of.and_then(|of| of.name.as_deref()).map_or(Field::Null, Field::Text);
            let parent = Field::maybe(of.and_then(|of| of.parent));
            categories.push(&[Field::Number((*number).into()), Field::Text(id), name, parent]);
        }
        for (name, number) in &self.attributes.0 {
            attributes.push(&[Field::Number((*number).into()), Field::Text(name)]);
        }
        for ((attribute, value), number) in &self.values.0 {
            let [number, attribute] = [*number, *attribute].map(|of| Field::Number(of.into()));
            values.push(&[number, attribute, Field::Text(value)]);
        }
    }

    /// Writes what was made since the last time.
    pub async fn copy(&mut self, connection: &mut PgConnection) -> anyhow::Result<()> {
        let prepared = self.prepared.iter_mut().flatten();
        for rows in self.named.iter_mut().chain(&mut self.plain).chain(prepared) {
            rows.copy(connection).await?;
        }
        Ok(())
    }
}

/// Whether all variants have a value.
fn is_shared(priced: &[Priced<'_>], value: i32) -> bool {
    priced.iter().all(|of| of.values.contains(&value))
}

/// When a product was released, its average rating in hundredths (0: none), and its reviews.
fn time_and_reviews(part: &IndexPart) -> [i64; 3] {
    let average = part.reviews.average_hundredths().unwrap_or_default();
    [part.released_at.millis(), average as i64, part.reviews.count() as i64]
}

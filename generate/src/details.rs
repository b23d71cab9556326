//! A product's attributes, and the options of its variants.

use super::catalogue::Catalogue;
use super::events::sku;
use super::kinds::{Axis, Kind, Values};
use super::prng::{Domain, Rng};
use super::product::Product;
use super::words::COUNTRIES;
use super::write::{Json, Piece, Piece::N, Piece::S};

/// How many values of its second option a product goes through before it takes the next of its
/// first: four sizes in black, then four in white.
const RUN: u64 = 4;

/// How many variants the options of a kind tell apart, if not made to measure.
pub fn most_variants(kind: &Kind) -> u64 {
    let count = |axis: &Axis| axis.values.count(kind.palette);
    match kind.axes {
        [first, second] => count(first) * count(second).min(RUN),
        [only] => count(only),
        _ => 1,
    }
    .max(1)
}

/// What an attribute or an option is for one product.
#[derive(Clone, Copy)]
enum Value {
    Word(&'static str),
    /// A number between two texts.
    Run(&'static str, u64, &'static str),
    Hundredths(u64),
    Flag(bool),
}

impl Value {
    fn write(self, json: &mut Json<'_>) {
        match self {
            Value::Word(word) => json.str(word),
            Value::Run(before, number, after) => json.pieces(&[S(before), N(number), S(after)]),
            Value::Hundredths(number) => json.decimal(number),
            Value::Flag(flag) => json.bool(flag),
        }
    }
}

/// How one product looks: drawn from its number, the same in all of its events.
struct Look<'a> {
    product: &'a Product,
    kind: &'static Kind,
    audience: Option<&'static str>,
    /// Where among the values of each option it begins.
    first: [u64; 2],
    rng: Rng,
}

impl<'a> Look<'a> {
    fn of(catalogue: &Catalogue, product: &'a Product) -> Look<'a> {
        let leaf = catalogue.leaf(product);
        let kind = leaf.kind;
        let mut rng = catalogue.rng(Domain::Looks, product.n);
        let mut first = [0; 2];
        let needed = match kind.axes {
            [_, second] => {
                let run = second.values.count(kind.palette).min(RUN);
                [product.variants.div_ceil(run), run]
            }
            _ => [product.variants, 0],
        };
        for ((first, needed), axis) in first.iter_mut().zip(needed).zip(kind.axes) {
            let free = axis.values.count(kind.palette).saturating_sub(needed);
            *first = match axis.values {
                Values::Palette => product.tint,
                _ if product.measured => 0,
                _ => rng.below(free + 1),
            };
        }
        let audience = leaf.section.audience.as_ref().map(|audience| audience.value);
        Look { product, kind, audience, first, rng }
    }

    /// The value of the option at `place` for a variant.
    fn option(&self, place: usize, variant: u64) -> Option<Value> {
        let axis = self.kind.axes.get(place)?;
        let count = axis.values.count(self.kind.palette).max(1);
        let step = match self.kind.axes {
            [_, second] => {
                let all = second.values.count(self.kind.palette).max(1);
                let run = if self.product.measured { all } else { all.min(RUN) };
                if place == 0 { variant / run } else { variant % run }
            }
            _ => variant,
        };
        let at = (self.first.get(place)? + step) % count;
        match axis.values {
            Values::Palette => self.kind.palette.get(at as usize).map(|word| Value::Word(word)),
            Values::Words(words) => words.get(at as usize).map(|word| Value::Word(word)),
            Values::Run { before, numbers: (from, step, _), after } => {
                Some(Value::Run(before, from + at * step, after))
            }
            Values::Number(..) | Values::OneOf(_) | Values::Flag(_) => None,
        }
    }

    fn draw(&mut self, values: Values) -> Option<Value> {
        let rng = &mut self.rng;
        match values {
            Values::Palette => {
                self.kind.palette.get(self.product.tint as usize).map(|word| Value::Word(word))
            }
            Values::Words(words) => {
                words.get(rng.skewed(words.len() as u64) as usize).map(|word| Value::Word(word))
            }
            Values::Number(from, to, step) => {
                Some(Value::Hundredths(from + rng.below((to - from) / step + 1) * step))
            }
            Values::OneOf(numbers) => {
                rng.pick(numbers).map(|number| Value::Hundredths(number * 100))
            }
            Values::Flag(share) => Some(Value::Flag(rng.per_mille(share))),
            Values::Run { before, numbers: (from, step, count), after } => {
                Some(Value::Run(before, from + rng.below(count) * step, after))
            }
        }
    }

    /// Every attribute. Where the product has no variants, its options are attributes too.
    fn each(mut self, mut give: impl FnMut(&'static str, Value)) {
        let country = COUNTRIES.get(self.rng.skewed(COUNTRIES.len() as u64) as usize);
        give("made_in", Value::Word(country.unwrap_or(&COUNTRIES[0])));
        if let Some(audience) = self.audience {
            give("audience", Value::Word(audience));
        }
        for fact in self.kind.facts.iter().flat_map(|bundle| bundle.iter()) {
            let has = fact.share == 1_000 || self.rng.per_mille(fact.share);
            if let Some(value) = self.draw(fact.values)
                && has
            {
                give(fact.name, value);
            }
        }
        if self.product.plain {
            for (place, axis) in self.kind.axes.iter().enumerate() {
                if let Some(value) = self.option(place, 0) {
                    give(axis.name, value);
                }
            }
        }
    }
}

/// The member `attributes`.
pub fn attributes(json: &mut Json<'_>, catalogue: &Catalogue, product: &Product) {
    json.key("attributes").open();
    gtin(json.key("gtin"), catalogue.seed, product.n);
    Look::of(catalogue, product).each(|name, value| value.write(json.key(name)));
    json.close();
}

/// How many attributes and options a product has.
pub fn count(catalogue: &Catalogue, product: &Product) -> u64 {
    let mut count = 1;
    let look = Look::of(catalogue, product);
    let options = if product.plain { 0 } else { look.kind.axes.len() as u64 };
    look.each(|_, _| count += 1);
    count + options
}

/// The member `variants`.
pub fn variants(json: &mut Json<'_>, catalogue: &Catalogue, product: &Product) {
    if product.plain {
        return;
    }
    let look = Look::of(catalogue, product);
    json.key("variants").open_list();
    for variant in 0..product.variants {
        json.open();
        sku(json.key("sku"), product, variant);
        json.key("options").open();
        for (place, axis) in look.kind.axes.iter().enumerate() {
            if let Some(value) = look.option(place, variant) {
                value.write(json.key(axis.name));
            }
        }
        json.close();
        json.close();
    }
    json.close_list();
}

/// The product's colour, as its picture's address has it.
pub fn tint(catalogue: &Catalogue, product: &Product) -> &'static str {
    catalogue.leaf(product).kind.palette.get(product.tint as usize).copied().unwrap_or("grey")
}

/// Digits of a number within a shop, after its prefix `2` and before the check digit.
const GTIN_BODY: u64 = 100_000_000_000;

/// A global trade item number of 13 digits, from the range for use within a shop. Products have
/// different ones, up to as many as there are numbers.
fn gtin(json: &mut Json<'_>, seed: u64, n: u64) {
    // Coprime to a power of ten, so that no number comes twice.
    const STEP: u64 = 61_803_398_873;
    let body = u128::from(n) * u128::from(STEP) + u128::from(seed % GTIN_BODY);
    let digits = 2 * GTIN_BODY + (body % u128::from(GTIN_BODY)) as u64;
    json.begin();
    json.piece(Piece::N(digits));
    json.piece(Piece::N(check_digit(digits)));
    json.end();
}

/// The digits' weighted sum and the check digit make a multiple of ten; the last digit counts
/// three times, the one before it once, and so on.
fn check_digit(digits: u64) -> u64 {
    let (mut rest, mut sum, mut weight) = (digits, 0, 3);
    while rest > 0 {
        sum += rest % 10 * weight;
        rest /= 10;
        weight = 4 - weight;
    }
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_real_numbers() {
        // Examples of GS1 and of ISBN.
        assert_eq!(check_digit(629_104_150_021), 3);
        assert_eq!(check_digit(978_014_300_723), 4);
        assert_eq!(check_digit(400_638_133_393), 1);
    }
}

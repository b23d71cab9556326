//! Randomness that gives the same bytes for ever: integers only, no floating point, no state that
//! outlives an event.

/// The 64-bit golden ratio: the step of SplitMix64 and of [`Scatter`].
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): a bijection that mixes all bits.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// `a * b / 2^64`: maps a draw `a` of 64 bits to `0..b` without a division.
fn high(a: u64, b: u64) -> u64 {
    ((u128::from(a) * u128::from(b)) >> 64) as u64
}

/// What a stream of random numbers is for: streams of different domains are independent.
#[derive(Clone, Copy)]
pub enum Domain {
    Shape = 1,
    Product,
    Name,
    Looks,
    Copy,
    Order,
    Price,
    Stock,
    Review,
    LaterReview,
    Discount,
    DiscountChange,
    Change,
    Repeat,
    Swap,
    Overtaken,
    Categories,
    PriceLevel,
}

/// SplitMix64. A new one is as cheap as a draw, so every fact has a stream of its own.
pub struct Rng(u64);

impl Rng {
    /// The stream of `index` in `domain`: the same three numbers give the same stream.
    pub fn of(seed: u64, domain: Domain, index: u64) -> Rng {
        let domain = (domain as u64).wrapping_mul(GOLDEN);
        Rng(mix(mix(seed.wrapping_add(domain)) ^ mix(index.wrapping_add(domain))))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number in `0..end`, evenly (0 where `end` is 0).
    pub fn below(&mut self, end: u64) -> u64 {
        high(self.bits(), end)
    }

    /// A number in `from..=to`, evenly.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from) + 1)
    }

    /// True `share` times in a thousand.
    pub fn per_mille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    /// A number in `0..end` whose density falls with the square root: the first hundredth of the
    /// range gets a tenth of the draws.
    pub fn skewed(&mut self, end: u64) -> u64 {
        let draw = self.bits();
        high(high(draw, draw), end)
    }

    /// A number in `0..end` with a power law close to Zipf's, exponent 2/3: the first hundredth of
    /// the range gets 21.5 % of the draws. It is the inverse of the cumulative distribution, `u^3`.
    pub fn steep(&mut self, end: u64) -> u64 {
        let draw = self.bits();
        high(high(high(draw, draw), draw), end)
    }

    /// One of a table's entries, evenly.
    pub fn pick<'a, T>(&mut self, table: &'a [T]) -> Option<&'a T> {
        table.get(self.below(table.len() as u64) as usize)
    }
}

/// A bijection between ranks of popularity and products, both `0..count`, that spreads
/// neighbouring ranks over the whole range.
pub struct Scatter {
    count: u64,
    step: u64,
    back: u64,
    shift: u64,
}

impl Scatter {
    /// Over `0..count`; `shift` moves the first rank.
    pub fn new(count: u64, shift: u64) -> Scatter {
        let count = count.max(1);
        let mut step = high(GOLDEN, count).max(1);
        while gcd(step, count) != 1 {
            step += 1;
        }
        Scatter { count, step, back: inverse(step, count), shift: shift % count }
    }

    /// The product of this rank.
    pub fn item(&self, rank: u64) -> u64 {
        add_mod(multiply_mod(rank % self.count, self.step, self.count), self.shift, self.count)
    }

    /// The rank of this product; 0 is the most popular.
    pub fn rank(&self, item: u64) -> u64 {
        let unshifted = add_mod(item % self.count, self.count - self.shift, self.count);
        multiply_mod(unshifted, self.back, self.count)
    }
}

fn add_mod(a: u64, b: u64, modulus: u64) -> u64 {
    ((u128::from(a) + u128::from(b)) % u128::from(modulus)) as u64
}

fn multiply_mod(a: u64, b: u64, modulus: u64) -> u64 {
    if modulus <= u64::from(u32::MAX) {
        a * b % modulus
    } else {
        (u128::from(a) * u128::from(b) % u128::from(modulus)) as u64
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The number that undoes a multiplication by `value`, by Euclid's extended algorithm.
fn inverse(value: u64, modulus: u64) -> u64 {
    let (mut old, mut new) = (i128::from(modulus), i128::from(value));
    let (mut old_factor, mut new_factor) = (0i128, 1i128);
    while new != 0 {
        let quotient = old / new;
        (old, new) = (new, old - quotient * new);
        (old_factor, new_factor) = (new_factor, old_factor - quotient * new_factor);
    }
    old_factor.rem_euclid(i128::from(modulus)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_its_published_numbers() {
        // The reference implementation's first outputs from state 1234567.
        let mut rng = Rng(1_234_567);
        assert_eq!(rng.bits(), 6_457_827_717_110_365_317);
        assert_eq!(rng.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn scatter_is_a_bijection_and_rank_undoes_it() {
        for count in [1, 2, 3, 10, 97, 100, 2_000, 65_536] {
            let scatter = Scatter::new(count, 12_345);
            let mut seen = vec![false; count as usize];
            for rank in 0..count {
                let item = scatter.item(rank);
                assert!(!std::mem::replace(&mut seen[item as usize], true), "{item} of {count}");
                assert_eq!(scatter.rank(item), rank, "of {count}");
            }
        }
        let huge = Scatter::new(1 << 50, u64::MAX);
        assert_eq!(huge.rank(huge.item((1 << 49) + 7)), (1 << 49) + 7);
    }

    #[test]
    fn draws_stay_below_their_end() {
        let mut rng = Rng::of(1, Domain::Change, 1);
        for end in [1, 2, 7, 1_000_000] {
            for _ in 0..1_000 {
                assert!(rng.below(end) < end && rng.skewed(end) < end && rng.steep(end) < end);
            }
        }
        assert_eq!(rng.below(0), 0);
    }
}

//! What a product's variants cost beside each other: the larger, the dearer.

use super::details::most_variants;
use super::kinds::Kind;

/// Options whose values are no larger or smaller than each other.
static UNORDERED: [&str; 5] = ["color", "format", "language", "layout", "tone"];
/// Options that count what is in the package: much dearer from one value to the next.
static CONTENTS: [&str; 4] = ["volume", "pack", "pieces", "weight"];

/// How prices rise over the variants of a product. The first variant has the product's own price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ladder {
    /// All variants cost the same.
    Level,
    /// Each value of an option costs so many per mille more than the one before. `inner`: the
    /// option changes with each variant, and starts anew after `run` of them; otherwise it changes
    /// after each `run`.
    Steps { inner: bool, run: u64, rise: u64 },
    /// Made to measure, by width and drop: ten drops for each width.
    Sheet,
    /// Mixed to a tone: in each ten tones there are pale, medium and full ones.
    Tones,
}

impl Ladder {
    /// For a kind's products, made to measure or not.
    pub fn of(kind: &Kind, measured: bool) -> Ladder {
        let rise = |name| {
            let ordered = !UNORDERED.contains(&name);
            ordered.then_some(if CONTENTS.contains(&name) { 350 } else { 70 })
        };
        match kind.axes {
            [_, _] if measured => Ladder::Sheet,
            [_] if measured => Ladder::Tones,
            [first, second] => {
                let run = most_variants(kind) / first.values.count(kind.palette).max(1);
                let steps = |inner| move |rise| Ladder::Steps { inner, run, rise };
                let inner = rise(second.name).map(steps(true));
                inner.or_else(|| rise(first.name).map(steps(false))).unwrap_or(Ladder::Level)
            }
            [only] => rise(only.name).map_or(Ladder::Level, |rise| Ladder::Steps {
                inner: false,
                run: 1,
                rise,
            }),
            _ => Ladder::Level,
        }
    }

    /// How many steps above the lowest a variant is.
    pub fn place(self, variant: u64) -> u64 {
        match self {
            Ladder::Steps { inner: true, run, .. } => variant % run.max(1),
            Ladder::Steps { inner: false, run, .. } => variant / run.max(1),
            Ladder::Level | Ladder::Sheet | Ladder::Tones => 0,
        }
    }

    /// A variant's price in 1,000 of the product's.
    pub fn share(self, variant: u64) -> u64 {
        match self {
            Ladder::Level => 1_000,
            Ladder::Steps { rise, .. } => {
                (0..self.place(variant)).fold(1_000, |share, _| share * (1_000 + rise) / 1_000)
            }
            Ladder::Sheet => 1_000 + variant / 10 * 60 + variant % 10 * 40,
            Ladder::Tones => match variant % 10 {
                0..6 => 1_000,
                6..9 => 1_060,
                _ => 1_120,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_variant_costs_more_in_each_colour() {
        let sizes = Ladder::Steps { inner: true, run: 4, rise: 70 };
        let shares: Vec<u64> = (0..8).map(|variant| sizes.share(variant)).collect();
        assert_eq!(shares, [1_000, 1_070, 1_144, 1_224, 1_000, 1_070, 1_144, 1_224]);
        let volumes = Ladder::Steps { inner: false, run: 1, rise: 350 };
        assert_eq!([0, 1, 2].map(|variant| volumes.share(variant)), [1_000, 1_350, 1_822]);
    }

    #[test]
    fn curtains_cost_by_their_size_and_paint_by_its_class() {
        for variant in 0..200 {
            let sheet = Ladder::Sheet.share(variant);
            assert!(variant % 10 == 9 || Ladder::Sheet.share(variant + 1) > sheet);
            assert!(Ladder::Sheet.share(variant + 10) > sheet);
            assert!((1_000..=1_120).contains(&Ladder::Tones.share(variant)));
        }
        assert_eq!(Ladder::Tones.share(0), Ladder::Tones.share(191));
    }
}

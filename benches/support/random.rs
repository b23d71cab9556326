//! A small generator of pseudo-random numbers (xorshift): runs compare, and nothing is at stake.

pub struct Random(u64);

impl Default for Random {
    fn default() -> Random {
        Random(0x9e37_79b9_7f4a_7c15)
    }
}

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 to below this.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// From 0 to below 1.
    pub fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// Draws items of which the n-th most popular one comes as often as 1 / n (to the power of `s`).
pub struct Zipf {
    /// Up to and with each item, what they weigh together.
    weights: Vec<f64>,
    /// Which item has which popularity.
    items: Vec<usize>,
}

impl Zipf {
    pub fn new(items: usize, s: f64, random: &mut Random) -> Zipf {
        let mut all = 0.0;
        let weigh = |n: usize| {
            all += (n as f64).powf(-s);
            all
        };
        let weights = (1..=items).map(weigh).collect();
        let mut items: Vec<usize> = (0..items).collect();
        random.shuffle(&mut items);
        Zipf { weights, items }
    }

    pub fn draw(&self, random: &mut Random) -> usize {
        let at = random.part() * self.weights.last().copied().unwrap_or_default();
        let rank = self.weights.partition_point(|weight| *weight <= at);
        self.items[rank.min(self.items.len() - 1)]
    }
}

//! Medians, percentiles and how numbers are written.

/// The value below which this share of the samples lies; 0 where there are none.
pub fn percentile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    let rank = (samples.len() as f64 * share).ceil() as usize;
    samples.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// The middle of the runs, with the lowest and the highest of them.
#[derive(Clone, Copy, serde::Serialize)]
pub struct Spread {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Spread {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Spread {
        let mut values: Vec<f64> = values.into_iter().collect();
        let median = percentile(&mut values, 0.5);
        let end = |value: Option<&f64>| value.copied().unwrap_or_default();
        Spread { median, low: end(values.first()), high: end(values.last()) }
    }
}

/// In thousands where there are many.
pub fn count(n: f64) -> String {
    match n {
        n if n >= 1e6 => format!("{:.2}M", n / 1e6),
        n if n >= 1e4 => format!("{:.0}k", n / 1e3),
        n => format!("{n:.0}"),
    }
}

pub fn mebibytes(bytes: f64) -> String {
    format!("{:.0} MiB", bytes / (1024.0 * 1024.0))
}

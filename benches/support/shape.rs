//! What was measured: the shape of the sample catalogue, in one line.

use vitrine::generate::Options;
use vitrine::generate::shape::Means;

/// Says which catalogue a benchmark measures, counted from what the generator makes. On standard
/// error, so that what machines read stays as it is.
pub fn announce(options: &Options) {
    eprintln!("{}", Means::of(options));
}

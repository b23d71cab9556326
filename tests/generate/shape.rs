//! The figures of a stream.

use projections::event::Event;
use vitrine::decode::{Decoded, structured};
use vitrine::generate::shape::{Means, Shape};

use super::support::options;

fn decode(line: &[u8]) -> Option<Event> {
    match structured(line) {
        Ok(Decoded::Event { event, .. }) => Some(event),
        _ => None,
    }
}

/// What is told before a measurement is what the stream has.
#[test]
fn the_means_are_those_of_the_stream() {
    let options = options(2_000, 22_000, 1);
    let (means, shape) = (Means::of(&options), Shape::of(options, decode));
    let near = |a: f64, b: f64| (a - b).abs() < 0.15;
    assert!(near(means.variants, shape.variants.mean), "{} {shape}", means.variants);
    assert!(near(means.attributes, shape.attributes_and_options.mean), "{}", means.attributes);
    assert!((means.prices - shape.live_prices.mean).abs() < 0.3, "{} {shape}", means.prices);
    assert_eq!((shape.undecoded, shape.events_total), (0, 22_000));
}

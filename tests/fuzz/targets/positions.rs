//! Positions, as `Vitrine-Min-Position` has them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vitrine::log::position::{join_positions, parse_positions};

fuzz_target!(|input: &str| {
    let Ok(positions) = parse_positions(input) else { return };
    assert!(!positions.is_empty());
    for position in &positions {
        assert!(!position.topic.is_empty() && !position.topic.contains([':', ',']));
        assert!(position.partition >= 0 && position.offset >= 0);
    }
    assert_eq!(parse_positions(&join_positions(&positions)), Ok(positions));
});

//! What the tests of the rules share: facts by hand, and facts at random.

// Each test binary uses a part of it.
#![allow(dead_code)]

pub mod fixture;
pub mod generate;
pub mod model;
pub mod wire;

use proptest::prelude::ProptestConfig;

/// So many cases, unless `PROPTEST_CASES` says otherwise.
pub fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig { cases: if asked { default.cases } else { cases }, ..default }
}

//! Vitrine: a CQRS read service for storefronts.

pub mod generate;

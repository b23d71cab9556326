//! A transaction's change, collected as it is made.

use std::collections::BTreeSet;

use projections::discount::Scope;

use crate::store::feed::{Change, MAX_NAMES};

/// Collects what a transaction changes, until that is too much to be told.
#[derive(Debug, Default)]
pub struct Collector {
    everything: bool,
    products: BTreeSet<String>,
    scopes: Vec<Scope>,
    scope_names: usize,
}

impl Collector {
    /// Any page may differ.
    pub fn everything(&mut self) {
        *self = Collector { everything: true, ..Collector::default() };
    }

    /// A product has other facts.
    pub fn product(&mut self, id: &str) {
        if !self.everything && !self.products.contains(id) {
            self.products.insert(id.to_owned());
            self.bound();
        }
    }

    /// A discount is another one that reaches all products in this scope.
    pub fn scope(&mut self, scope: Scope) {
        if self.everything || self.scopes.contains(&scope) {
            return;
        }
        let Scope { products, skus, categories, brands, .. } = &scope;
        self.scope_names += 1 + products.len() + skus.len() + categories.len() + brands.len();
        self.scopes.push(scope);
        self.bound();
    }

    fn bound(&mut self) {
        if self.products.len() + self.scope_names > MAX_NAMES {
            self.everything();
        }
    }

    /// All of it.
    pub fn finish(self) -> Change {
        let Collector { everything, products, scopes, .. } = self;
        Change { everything, products: products.into_iter().collect(), scopes }
    }
}

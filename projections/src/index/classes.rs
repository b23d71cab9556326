//! Discount classes: products that the same discounts reach.

use std::collections::HashMap;
use std::sync::Arc;

use super::discounts::{Discounts, Effective, Rank};
use crate::instant::{Instant, Window};
use crate::pricing::Audience;

/// The classes of one set of discounts.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    /// By the number of a family: products of one brand in the same categories.
    of_family: Vec<u32>,
    ranks: Vec<Arc<[Rank]>>,
    known: HashMap<Arc<[Rank]>, u32>,
}

impl Classes {
    /// Says which discounts reach a family.
    pub fn set(&mut self, family: u32, ranks: Vec<Rank>) {
        let ranks: Arc<[Rank]> = ranks.into();
        let next = self.ranks.len() as u32;
        let class = *self.known.entry(Arc::clone(&ranks)).or_insert(next);
        if class == next {
            self.ranks.push(ranks);
        }
        if self.of_family.len() <= family as usize {
            self.of_family.resize(family as usize + 1, 0);
        }
        self.of_family[family as usize] = class;
    }

    pub fn of(&self, family: u32) -> u32 {
        self.of_family.get(family as usize).copied().unwrap_or(u32::MAX)
    }

    pub fn ranks(&self, class: u32) -> &[Rank] {
        self.ranks.get(class as usize).map_or(&[], |ranks| ranks)
    }

    pub fn len(&self) -> usize {
        self.ranks.len()
    }
}

/// What holds of each class for one audience at one instant.
#[derive(Clone, Debug)]
pub struct EffectiveByClass {
    by_class: Vec<Effective>,
    /// While all of them stay as they are.
    pub window: Window,
}

impl EffectiveByClass {
    pub fn new(
        discounts: &Discounts,
        classes: &Classes,
        audience: Audience<'_>,
        at: Instant,
    ) -> EffectiveByClass {
        let mut window = Window::ALWAYS;
        let mut of_class = |ranks: &Arc<[Rank]>| {
            let effective = discounts.effective(ranks, audience, at);
            window = window.and(effective.window);
            effective
        };
        let by_class = classes.ranks.iter().map(&mut of_class).collect();
        EffectiveByClass { by_class, window }
    }

    /// For nobody.
    pub fn none() -> EffectiveByClass {
        EffectiveByClass { by_class: Vec::new(), window: Window::ALWAYS }
    }

    pub fn of(&self, class: u32) -> Option<&Effective> {
        self.by_class.get(class as usize)
    }
}

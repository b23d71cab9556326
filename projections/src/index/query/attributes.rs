//! Facets of attributes: values by name.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::super::numbers::NumberMap;
use super::super::products::NOTHING;
use super::super::values::Values;
use super::counts::Counts;
use super::facets::{NameCount, TopEntries, ValueCount};
use super::filters::Filters;
use super::top::TopK;

/// The most names, and the most values of one of them.
const MAX_NAMES: usize = 20;
const MAX_VALUES: usize = 100;

/// A value that was counted.
#[derive(Clone, Copy)]
struct ValueTally<'a> {
    values: &'a Values,
    number: u32,
    /// Its first bytes: only values that have the same are compared whole.
    prefix: u64,
    count: u64,
}

impl<'a> ValueTally<'a> {
    fn value(&self) -> &'a str {
        self.values.value(self.number)
    }

    /// Whether it comes after the other one by their counts and first bytes alone.
    fn is_behind(&self, other: &ValueTally<'_>) -> bool {
        (other.count, self.prefix) > (self.count, other.prefix)
    }

    fn order(a: &ValueTally<'_>, b: &ValueTally<'_>) -> Ordering {
        let by_count = b.count.cmp(&a.count).then(a.prefix.cmp(&b.prefix));
        by_count.then_with(|| a.value().cmp(b.value()))
    }
}

type Order<'a> = fn(&ValueTally<'a>, &ValueTally<'a>) -> Ordering;

/// What was counted of a name.
struct NameTally<'a> {
    /// Products by value; one with several values counts as often.
    total: u64,
    best: TopK<ValueTally<'a>, Order<'a>>,
}

/// The facets of attributes. `several`: by name, values of products beyond the first one.
pub(super) fn facets(
    values: &Values,
    filters: &Filters,
    counts: Counts,
    several: Counts,
) -> Vec<NameCount> {
    let requested = requested(values, filters);
    let mut of_requested: NumberMap<u64> = NumberMap::default();
    let none = || TopK::new(MAX_VALUES, ValueTally::order as Order<'_>);
    let mut tallies: Vec<NameTally<'_>> = Vec::new();
    let mut places: NumberMap<usize> = NumberMap::default();
    // Values of which each product has another one follow on one another.
    let (mut last_name, mut place) = (NOTHING, 0);
    counts.each(|number, count| {
        let head = values.head(number);
        if head.name != last_name {
            last_name = head.name;
            place = *places.entry(head.name).or_insert(tallies.len());
        }
        if place == tallies.len() {
            tallies.push(NameTally { total: 0, best: none() });
        }
        let of_name = &mut tallies[place];
        of_name.total += count;
        let value = ValueTally { values, number, prefix: head.prefix, count };
        // Most are behind by what is at hand.
        if of_name.best.last().is_none_or(|last| !value.is_behind(last)) {
            of_name.best.push(value);
        }
        if !requested.is_empty() && requested.contains(&number) {
            of_requested.insert(number, count);
        }
    });
    several.each(|name, more| {
        if let Some(place) = places.get(&name) {
            tallies[*place].total -= more;
        }
    });
    let mut names = TopEntries::new(MAX_NAMES, filters.attributes.keys());
    for (name, place) in &places {
        names.count(values.name(*name), tallies[*place].total);
    }
    let facet = |(name, _): (&str, u64)| {
        let number = values.name_number(name);
        let place = number.and_then(|number| places.get(&number));
        let best = place.map(|place| std::mem::replace(&mut tallies[*place].best, none()));
        let mut listed: Vec<ValueCount> =
            best.map(TopK::into_sorted).unwrap_or_default().iter().map(ValueCount::of).collect();
        let requested = filters.attributes.get(name);
        let missing: BTreeSet<&String> = requested
            .into_iter()
            .flatten()
            .filter(|value| !listed.iter().any(|listed| listed.value == **value))
            .collect();
        listed.extend(missing.into_iter().map(|value| {
            let number = number.and_then(|name| values.number_of(name, value));
            let count = number.and_then(|number| of_requested.get(&number));
            ValueCount { value: value.clone(), count: count.copied().unwrap_or(0) }
        }));
        NameCount { name: name.to_owned(), values: listed }
    };
    names.into_sorted().into_iter().map(facet).collect()
}

impl ValueCount {
    fn of(counted: &ValueTally<'_>) -> ValueCount {
        ValueCount { value: counted.value().to_owned(), count: counted.count }
    }
}

/// The numbers of all values that the request filters by.
fn requested(values: &Values, filters: &Filters) -> BTreeSet<u32> {
    let of_name = |(name, wanted): (&String, &BTreeSet<String>)| {
        let number = values.name_number(name);
        let numbers = wanted.iter().map(move |value| values.number_of(number?, value));
        numbers.flatten().collect::<Vec<u32>>()
    };
    filters.attributes.iter().flat_map(of_name).collect()
}

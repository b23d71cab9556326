//! The fold does not depend on the order of events, on repetitions or on batches.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use vitrine_projections::event::{Change, Event};
use vitrine_projections::index::query::Query;
use vitrine_projections::index::query::filters::Filters;
use vitrine_projections::listing::{ListingKey, Sort};

use crate::index::{cards, index_of};
use crate::support::cases;
use crate::support::generate::{PRODUCTS, history, markets};
use crate::support::model::Model;
use crate::{Who, events_of, reader, readers};

/// How the same events come again.
#[derive(Clone, Debug)]
struct Shuffle {
    keys: Vec<u32>,
    repeated: Vec<(Index, Index)>,
    cuts: Vec<Index>,
}

fn shuffle() -> impl Strategy<Value = Shuffle> {
    (
        prop::collection::vec(any::<u32>(), 100),
        prop::collection::vec(any::<(Index, Index)>(), 0..12),
        prop::collection::vec(any::<Index>(), 0..8),
    )
        .prop_map(|(keys, repeated, cuts)| Shuffle { keys, repeated, cuts })
}

/// Events of one entity with one version must keep their order: the first of them wins.
fn place(event: &Event) -> String {
    let location = match &event.change {
        Change::Stock { location, .. } => location.as_str(),
        _ => "",
    };
    format!("{:?} {} {location} {}", event.kind(), event.entity_key(), event.version)
}

impl Shuffle {
    fn order(&self, events: &[Event]) -> Vec<Event> {
        let mut keys: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (event, key) in events.iter().zip(&self.keys) {
            keys.entry(place(event)).or_default().push(*key);
        }
        for keys in keys.values_mut() {
            keys.sort_unstable_by(|a, b| b.cmp(a));
        }
        let mut keyed: Vec<(u32, usize)> = events
            .iter()
            .enumerate()
            .map(|(i, event)| (keys.get_mut(&place(event)).unwrap().pop().unwrap(), i))
            .collect();
        keyed.sort_unstable();
        let mut shuffled: Vec<Event> = keyed.into_iter().map(|(_, i)| events[i].clone()).collect();
        for (which, to) in &self.repeated {
            // Anywhere after the first time.
            let which = which.index(shuffled.len());
            let to = which + 1 + to.index(shuffled.len() - which);
            shuffled.insert(to, shuffled[which].clone());
        }
        shuffled
    }

    fn apply(&self, events: &[Event]) -> Model {
        let shuffled = self.order(events);
        let mut cuts: Vec<usize> = self.cuts.iter().map(|c| c.index(shuffled.len())).collect();
        cuts.extend([0, shuffled.len()]);
        cuts.sort_unstable();
        let mut model = Model::default();
        for cut in cuts.windows(2) {
            model.apply(&shuffled[cut[0]..cut[1]]);
        }
        model
    }
}

/// All that is served.
fn answers(model: &Model, readers: &[Who]) -> Vec<String> {
    let markets = markets();
    let (index, filters, mut answers) = (index_of(model, 0), Filters::default(), Vec::new());
    for who in readers {
        let reader = reader(&markets, *who);
        for id in PRODUCTS {
            answers.push(format!("page {:?}", model.page(id, &reader).map(|p| p.to_string())));
        }
        for sort in Sort::ALL {
            let query = Query {
                listing: &ListingKey::All,
                market: who.0,
                group: reader.group,
                locale: reader.locale,
                at: reader.at,
                sort,
                filters: &filters,
                after: None,
                limit: 100,
                facets: true,
            };
            let answer = index.query(&query);
            let cards = cards(&index, &answer, &reader, who.0);
            answers.push(format!("{sort} {cards:?} {:?}", answer.facets));
        }
    }
    answers
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn any_order_gives_the_same_pages(
        history in history(),
        shuffle in shuffle(),
        readers in readers(4),
    ) {
        let events = events_of(&history);
        let in_order = answers(&Model::of(&events), &readers);
        prop_assert_eq!(answers(&shuffle.apply(&events), &readers), in_order);
    }
}

/// The property above is only worth something if histories are full of old versions, of two
/// contents of one version, and of products that change their place in a listing.
#[test]
fn histories_are_full_of_collisions() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    use vitrine_projections::fold::{Outcome, fold};

    let mut runner = TestRunner::deterministic();
    let mut counts = BTreeMap::new();
    for _ in 0..50 {
        let history = history().new_tree(&mut runner).unwrap().current();
        let mut heads = BTreeMap::new();
        for event in events_of(&history) {
            let entity = place(&Event { version: 0, ..event.clone() });
            let outcome = fold(heads.get(&entity).copied(), event.head());
            if outcome == Outcome::Applied {
                heads.insert(entity, event.head());
            }
            *counts.entry(format!("{outcome:?}")).or_insert(0) += 1;
        }
    }
    for outcome in ["Applied", "Conflict", "Stale"] {
        assert!(counts.get(outcome).is_some_and(|n| *n >= 200), "{outcome}: {counts:?}");
    }
}

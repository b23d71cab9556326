//! What holds for all facts, all instants and all orders of events.

// The lints know tests, but not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod catalogue;
mod changes;
mod documents;
mod index;
mod many;
mod order;
mod runs;
#[path = "../support/mod.rs"]
mod support;
mod timelines;

use oracle::Oracle;
use vitrine_projections::event::Event;
use vitrine_projections::instant::Instant;
use vitrine_projections::market::Market;
use vitrine_projections::page::Reader;

use support::generate::{LOW_STOCK, Message, markets};
use support::model::Model;

/// For whom and when: indices into the generator's markets, groups and locales.
type Who = (usize, usize, usize, Instant);

fn reader<'a>(markets: &'a [Market], (market, group, locale, at): Who) -> Reader<'a> {
    Reader {
        market: &markets[market],
        group: support::generate::GROUPS[group],
        locale: support::generate::LOCALES[locale],
        at,
        low_stock_threshold: LOW_STOCK,
    }
}

fn asked<'a>(reader: &Reader<'a>) -> oracle::Asked<'a> {
    oracle::Asked {
        market: &reader.market.id,
        group: reader.group,
        locale: reader.locale,
        at: reader.at,
    }
}

fn oracle_of(history: &[Message]) -> Oracle {
    let mut oracle = Oracle::new(markets(), LOW_STOCK);
    for message in history {
        oracle.apply(&message.json());
    }
    assert_eq!(oracle.count(oracle::Verdict::Refused), 0, "generated events are good");
    oracle
}

fn events_of(history: &[Message]) -> Vec<Event> {
    history.iter().map(Message::event).collect()
}

fn model_of(history: &[Message]) -> Model {
    Model::of(&events_of(history))
}

/// Some readers at random instants, the edges of windows among them.
fn readers(count: usize) -> impl proptest::strategy::Strategy<Value = Vec<Who>> {
    let groups = support::generate::GROUPS.len();
    let locales = support::generate::LOCALES.len();
    let who = (0..2usize, 0..groups, 0..locales, support::generate::any_instant());
    proptest::collection::vec(who, count)
}

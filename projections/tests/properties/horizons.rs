//! Views that cover a part of time answer right in it, and say where it ends.

use proptest::prelude::*;
use vitrine_projections::horizon::{Coverage, Horizon, MAX_STEPS, clip};
use vitrine_projections::instant::{Instant, Window};
use vitrine_projections::listing::{Filters, Sort};
use vitrine_projections::page::{card, card_changes_at};
use vitrine_projections::timeline::Step;
use vitrine_projections::view::{ListingKey, available};

use crate::support::cases;
use crate::support::generate::{EDGES, edge, history, markets};
use crate::support::table::{Asking, Table};
use crate::{asked, model_of, oracle_of, reader, readers};

fn horizon() -> impl Strategy<Value = Horizon> {
    (-1..EDGES, 1..4i64).prop_map(|(from, length)| Horizon {
        from: edge(from),
        until: edge(from + length),
        refresh_at: edge(from + length - 1),
        moves_at: Instant::MIN,
    })
}

/// `next` is after `at`, and no later than the first change.
fn is_in_time(next: Option<Instant>, at: Instant, change: Option<Instant>) -> bool {
    next.is_none_or(|next| next > at)
        && change.is_none_or(|change| next.is_some_and(|next| next <= change))
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn cards_are_right_where_they_are_covered(
        history in history(),
        horizon in horizon(),
        readers in readers(6),
    ) {
        let (model, oracle, markets) = (model_of(&history), oracle_of(&history), markets());
        for (id, view) in model.views_within(&horizon) {
            let covers = view.covers;
            prop_assert!(covers.from <= horizon.from && horizon.until <= covers.until);
            prop_assert_eq!(view.refresh_at.is_some(), covers.until != Instant::MAX);
            let facts = model.facts(&id).unwrap();
            for who in readers.iter().filter(|(.., at)| covers.holds(*at)) {
                let reader = reader(&markets, *who);
                let found = card(&id, &view, available(&facts), &reader)
                    .map(|card| serde_json::to_value(card).unwrap());
                prop_assert_eq!(found, oracle.card(&id, asked(&reader)));
                let next = card_changes_at(&view, &reader);
                let change = oracle.card_changes_at(&id, asked(&reader));
                prop_assert!(
                    is_in_time(next, reader.at, change),
                    "{} changes at {:?}, and says {:?}, {:?}", id, change, next, reader
                );
            }
        }
    }

    #[test]
    fn rows_are_right_where_all_are_covered(
        history in history(),
        horizon in horizon(),
        readers in readers(4),
    ) {
        let (model, oracle, markets) = (model_of(&history), oracle_of(&history), markets());
        let views = model.views_within(&horizon);
        let covers =
            views.values().map(|v| Coverage { window: v.covers, refresh_at: None }).fold(
                Coverage::WHOLE,
                Coverage::and,
            );
        let table = Table::of(&views);
        for who in readers.into_iter().filter(|(.., at)| covers.window.holds(*at)) {
            let reader = reader(&markets, who);
            let (market, group) = (reader.market.id.as_str(), reader.group);
            let asking = Asking { listing: &ListingKey::All, market, group, at: reader.at };
            for sort in [Sort::Newest, Sort::PriceAsc, Sort::Discount] {
                let none = Filters::default();
                let expected = oracle.listing("all", "", asked(&reader), sort, &none);
                let ids: Vec<&str> = expected.iter().map(|c| c["id"].as_str().unwrap()).collect();
                prop_assert_eq!(table.listing(asking, sort, &none), ids);
                let end = Some(covers.window.until).filter(|until| until.is_finite());
                let next = table.changes_at(asking).into_iter().chain(end).min();
                let change = oracle.listing_changes_at("all", "", asked(&reader), sort, &none);
                prop_assert!(is_in_time(next, reader.at, change), "{:?}, {:?}", change, next);
            }
        }
    }
}

/// A timeline of steps a second long, the first from ever and the last for ever.
fn steps(count: usize) -> Vec<Step<usize>> {
    let at = |i: usize| Instant(i as i64 * 1_000);
    (0..count)
        .map(|i| Step {
            from: if i == 0 { Instant::MIN } else { at(i) },
            until: if i + 1 == count { Instant::MAX } else { at(i + 1) },
            value: i,
        })
        .collect()
}

fn horizon_of(from: i64, until: i64) -> Horizon {
    let refresh_at = Instant(until - 1);
    Horizon { from: Instant(from), until: Instant(until), refresh_at, moves_at: Instant::MIN }
}

#[test]
fn steps_that_touch_the_horizon_are_kept_with_their_real_ends() {
    let values = |steps: &[Step<usize>]| steps.iter().map(|s| s.value).collect::<Vec<_>>();
    let (kept, coverage) = clip(steps(10), &horizon_of(3_000, 6_001));
    assert_eq!(values(&kept), [3, 4, 5, 6]);
    let window = Window { from: Instant(3_000), until: Instant(7_000) };
    assert_eq!(coverage, Coverage { window, refresh_at: Some(Instant(6_000)) });
    let (kept, coverage) = clip(steps(10), &horizon_of(2_999, 6_000));
    assert_eq!(values(&kept), [2, 3, 4, 5]);
    assert_eq!(coverage.window, Window { from: Instant(2_000), until: Instant(6_000) });
    let (kept, coverage) = clip(steps(10), &horizon_of(8_000, 20_000));
    assert_eq!(values(&kept), [8, 9]);
    assert_eq!((coverage.window.until, coverage.refresh_at), (Instant::MAX, None));
    let (kept, coverage) = clip(steps(10), &Horizon::everything());
    assert_eq!((kept.len(), coverage), (10, Coverage::WHOLE));
    let (kept, coverage) = clip(steps(10), &Horizon::at(Instant(4_500)));
    assert_eq!((values(&kept), coverage.window.holds(Instant(4_500))), (vec![4], true));
}

/// "Bounded": more steps than that are computed later, while there are still some ahead.
#[test]
fn a_long_timeline_is_cut_and_computed_again_in_time() {
    let (kept, coverage) = clip(steps(MAX_STEPS + 1), &Horizon::everything());
    assert_eq!(kept.len(), MAX_STEPS);
    let end = Instant(MAX_STEPS as i64 * 1_000);
    assert_eq!(coverage.window, Window { from: Instant::MIN, until: end });
    assert!(coverage.refresh_at.is_some_and(|at| at < end), "before it ends");
    let (kept, coverage) = clip(steps(MAX_STEPS), &Horizon::everything());
    assert_eq!((kept.len(), coverage), (MAX_STEPS, Coverage::WHOLE));
}

/// A view that is due is computed again: were it due at once again, that would never end.
#[test]
fn what_was_computed_is_not_due_again_before_the_horizon_moves() {
    const HOUR: i64 = 3_600_000;
    for (hour, ahead_days) in (0..24).flat_map(|hour| [0, 1, 2, 30].map(|days| (hour, days))) {
        let now = Instant(1_000 * 24 * HOUR + hour * HOUR);
        let horizon = Horizon::around(now, 24 * HOUR, ahead_days * 24 * HOUR);
        let next_day = Instant(1_001 * 24 * HOUR);
        assert!(horizon.refresh_at >= next_day, "{ahead_days} days at {hour}: {horizon:?}");
        assert!(horizon.refresh_at <= horizon.until);
        // More steps than are stored, all of them of yesterday.
        let yesterday = Instant(999 * 24 * HOUR);
        let step = |n: usize| {
            let at = |n: usize| Instant(yesterday.millis() + n as i64 * 1_000);
            Step { from: at(n), until: at(n + 1), value: n }
        };
        let (kept, coverage) = clip((0..MAX_STEPS * 2).map(step).collect(), &horizon);
        assert_eq!(kept.len(), MAX_STEPS);
        assert!(coverage.refresh_at.is_some_and(|at| at >= next_day), "{coverage:?}");
    }
}
